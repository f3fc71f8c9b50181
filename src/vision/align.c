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
