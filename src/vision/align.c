/* SPDX-License-Identifier: MIT */
#include "vision/align.h"

#include <math.h>

const int align_point[ALIGN_POINTS] = {45, 42, 36, 39, 33};

/* dlib's, in parts of the face's square. */
static const double template_point[ALIGN_POINTS][2] = {
	{0.8595674595992, 0.2134981538014},
	{0.6460604764104, 0.2289674387677},
	{0.1205750620789, 0.2137274526848},
	{0.3340850613712, 0.2290642403242},
	{0.4901123135679, 0.6277975316475},
};

void align_template(int size, double padding, struct point out[static ALIGN_POINTS])
{
	for (int i = 0; i < ALIGN_POINTS; i++) {
		double scale = size / (2 * padding + 1);
		out[i].x = (float)((padding + template_point[i][0]) * scale);
		out[i].y = (float)((padding + template_point[i][1]) * scale);
	}
}

bool similarity_fit(
	const struct point *from, const struct point *to, size_t count, struct affine *out)
{
	double fx = 0, fy = 0, tx = 0, ty = 0;
	for (size_t i = 0; i < count; i++) {
		fx += from[i].x;
		fy += from[i].y;
		tx += to[i].x;
		ty += to[i].y;
	}
	double n = (double)count;
	fx /= n;
	fy /= n;
	tx /= n;
	ty /= n;
	/* As complex numbers: the factor is sum(conj(f) t) / sum(|f|^2) about the centres. */
	double real = 0, imaginary = 0, spread = 0;
	for (size_t i = 0; i < count; i++) {
		double ax = from[i].x - fx, ay = from[i].y - fy;
		double bx = to[i].x - tx, by = to[i].y - ty;
		real += ax * bx + ay * by;
		imaginary += ax * by - ay * bx;
		spread += ax * ax + ay * ay;
	}
	if (!(spread > 0) || !isfinite(real) || !isfinite(imaginary) || !isfinite(spread))
		return false;
	double a = real / spread, b = imaginary / spread;
	*out = (struct affine){
		.a = a,
		.b = -b,
		.c = tx - a * fx + b * fy,
		.d = b,
		.e = a,
		.f = ty - b * fx - a * fy,
	};
	return true;
}

bool align_map(const struct point landmark[static FACE_POINTS], int size, double padding,
	struct affine *to_photo)
{
	struct point chip[ALIGN_POINTS], photo[ALIGN_POINTS];
	align_template(size, padding, chip);
	for (int i = 0; i < ALIGN_POINTS; i++)
		photo[i] = landmark[align_point[i]];
	return similarity_fit(chip, photo, ALIGN_POINTS, to_photo) &&
		hypot(to_photo->a, to_photo->d) > 0;
}

float align_misfit(const struct point landmark[static FACE_POINTS])
{
	enum { NONE = 9 };
	struct point chip[ALIGN_POINTS], photo[ALIGN_POINTS];
	struct affine m;
	double sum = 0;
	align_template(1, 0, chip);
	for (int i = 0; i < ALIGN_POINTS; i++)
		photo[i] = landmark[align_point[i]];
	if (!similarity_fit(photo, chip, ALIGN_POINTS, &m))
		return NONE;
	for (int i = 0; i < ALIGN_POINTS; i++) {
		double px = photo[i].x, py = photo[i].y;
		double x = m.a * px + m.b * py + m.c - chip[i].x;
		double y = m.d * px + m.e * py + m.f - chip[i].y;
		sum += x * x + y * y;
	}
	return (float)sqrt(sum / ALIGN_POINTS);
}

bool align_map_five(const struct point chip[static FACE_FIVE],
	const struct point five[static FACE_FIVE], struct affine *to_photo)
{
	return similarity_fit(chip, five, FACE_FIVE, to_photo) &&
		hypot(to_photo->a, to_photo->d) > 0;
}

/* dlib's mean face: which of the 68 points, and where in parts of the face's square. */
static const struct {
	int point;
	double x, y;
} mean_face[] = {
	{27, 0.490127, 0.203352},
	{28, 0.490127, 0.307009},
	{29, 0.490127, 0.409805},
	{30, 0.490127, 0.515625},
	{31, 0.36688, 0.587326},
	{32, 0.426036, 0.609345},
	{33, 0.490127, 0.628106},
	{34, 0.554217, 0.609345},
	{35, 0.613373, 0.587326},
	{36, 0.121737, 0.216423},
	{37, 0.187122, 0.178758},
	{38, 0.265825, 0.179852},
	{39, 0.334606, 0.231733},
	{40, 0.260918, 0.245099},
	{41, 0.182743, 0.244077},
	{42, 0.645647, 0.231733},
	{43, 0.714428, 0.179852},
	{44, 0.793132, 0.178758},
	{45, 0.858516, 0.216423},
	{46, 0.79751, 0.244077},
	{47, 0.719335, 0.245099},
	{48, 0.254149, 0.780233},
	{49, 0.340985, 0.745405},
	{50, 0.428858, 0.727388},
	{51, 0.490127, 0.742578},
	{52, 0.551395, 0.727388},
	{53, 0.639268, 0.745405},
	{54, 0.726104, 0.780233},
	{60, 0.290379, 0.784792},
	{61, 0.428096, 0.778746},
	{62, 0.490127, 0.785343},
	{63, 0.552157, 0.778746},
	{64, 0.689874, 0.784792},
	{65, 0.553364, 0.824182},
	{66, 0.490127, 0.831803},
	{67, 0.42689, 0.824182},
};

bool align_map_all(const struct point landmark[static FACE_POINTS], int size, double padding,
	struct affine *to_photo)
{
	enum { COUNT = sizeof(mean_face) / sizeof(mean_face[0]) };
	struct point chip[COUNT], photo[COUNT];
	double scale = size / (2 * padding + 1);
	for (int i = 0; i < COUNT; i++) {
		chip[i].x = (float)((padding + mean_face[i].x) * scale);
		chip[i].y = (float)((padding + mean_face[i].y) * scale);
		photo[i] = landmark[mean_face[i].point];
	}
	return similarity_fit(chip, photo, COUNT, to_photo) && hypot(to_photo->a, to_photo->d) > 0;
}
