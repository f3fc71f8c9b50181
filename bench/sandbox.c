/* SPDX-License-Identifier: MIT */
/*
 * What decoding in a process of its own costs:
 *	sandbox PHOTO [IMAGES]
 * scales the photo to 1 and 12 megapixels, saves each as JPEG, PNG, and decodes them here and in
 * the sandbox, turn and turn about. Medians, and the ratio.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <time.h>

#include "media/sample.h"
#include "media/sandbox.h"

enum { IMAGES = 31, IMAGES_LIMIT = 10000, QUALITY = 90 };

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *ms, size_t count)
{
	qsort(ms, count, sizeof(*ms), by_size);
	return ms[count / 2];
}

static enum err measure(struct sandbox *s, const struct buf *file, const char *name, size_t count,
	struct error *why)
{
	double here[IMAGES_LIMIT], there[IMAGES_LIMIT];
	struct image image;
	for (size_t i = 0; i < count + 2; i++) {
		double begin = now_ms();
		enum err err = image_decode(file->data, file->len, NULL, &image, NULL, why);
		if (err != OK)
			return err;
		image_finish(&image);
		double between = now_ms();
		err = sandbox_decode(s, file->data, file->len, NULL, &image, why);
		if (err != OK)
			return err;
		image_finish(&image);
		/* The first two warm up. */
		here[i < 2 ? 0 : i - 2] = between - begin;
		there[i < 2 ? 0 : i - 2] = now_ms() - between;
	}
	double a = median(here, count), b = median(there, count);
	printf("%-12s %8.1f kB  here %7.2f ms  sandbox %7.2f ms  +%5.2f ms  x %.2f\n", name,
		(double)file->len / 1e3, a, b, b - a, b / a);
	return OK;
}

static enum err measure_size(struct sandbox *s, const struct image *photo, double megapixels,
	size_t count, struct error *why)
{
	struct image scaled;
	struct buf file;
	char name[32];
	double factor = sqrt(megapixels * 1e6 / ((double)photo->width * photo->height));
	enum err err = sample_resize(photo, (int)lround(photo->width * factor),
		(int)lround(photo->height * factor), &scaled, why);
	buf_init(&file, IMAGE_FILE_MAX);
	for (int png = 0; err == OK && png < 2; png++) {
		buf_reset(&file);
		err = png ? image_encode_png(&scaled, &file, why)
			  : image_encode_jpeg(&scaled, QUALITY, &file, why);
		snprintf(name, sizeof(name), "%s %g MP", png ? "PNG" : "JPEG", megapixels);
		if (err == OK)
			err = measure(s, &file, name, count, why);
	}
	buf_finish(&file);
	image_finish(&scaled);
	return err;
}

static enum err measure_start(size_t count, struct error *why)
{
	double ms[IMAGES_LIMIT];
	for (size_t i = 0; i < count; i++) {
		struct sandbox *s;
		double begin = now_ms();
		enum err err = sandbox_open(&s, NULL, why);
		if (err != OK)
			return err;
		ms[i] = now_ms() - begin;
		sandbox_close(s);
	}
	printf("a new process  %.2f ms\n", median(ms, count));
	return OK;
}

int main(int argc, char **argv)
{
	if (sandbox_child_wanted(argc, argv))
		return sandbox_child();
	long count = argc == 3 ? strtol(argv[2], NULL, 10) : IMAGES;
	if (argc < 2 || argc > 3 || count < 1 || count > IMAGES_LIMIT) {
		fprintf(stderr, "usage: sandbox PHOTO [IMAGES]\n");
		return 2;
	}
	struct error why = {0};
	struct sandbox *s = NULL;
	struct image photo = {0};
	enum err err = image_load(argv[1], NULL, &photo, NULL, NULL, &why);
	if (err == OK)
		err = sandbox_open(&s, NULL, &why);
	if (err == OK)
		err = measure_size(s, &photo, 1, (size_t)count, &why);
	if (err == OK)
		err = measure_size(s, &photo, 12, (size_t)count, &why);
	if (err == OK)
		err = measure_start((size_t)count, &why);
	sandbox_close(s);
	image_finish(&photo);
	if (err != OK)
		fprintf(stderr, "sandbox: %s\n", why.text);
	return err == OK ? 0 : 1;
}
