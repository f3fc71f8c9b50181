/* SPDX-License-Identifier: MIT */
/*
 * Exact search against FAISS's flat index, in turns in one process, one thread:
 *	search [TEMPLATES [ROUNDS]]		(1000000, 20)
 * One probe, and PROBES at once, among made-up templates of 128 floats, one a person. Medians,
 * the ratio, and how many bytes a second a search goes through beside a plain read of as many.
 * Both must find the same people. Without FAISS (libfaiss-dev) only our side is measured.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "gallery/gallery.h"
#include "infer/peak.h"
#ifdef HAVE_FAISS
#include "search_faiss.h"
#endif

enum {
	DIM = 128,
	PROBES = 30, /* a class photo */
	ROUNDS_MAX = 1000,
	TEMPLATES_DEFAULT = 1000000,
	ROUNDS_DEFAULT = 20,
};

/* Length of the embedding network's output, about; measured on the sample photos. */
#define TEMPLATE_LENGTH 1.4

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* A random direction: sums of twelve uniform numbers are normal enough. */
static void random_template(uint64_t *state, float out[static DIM])
{
	double square = 0;
	for (size_t i = 0; i < DIM; i++) {
		double sum = -6;
		for (int k = 0; k < 12; k++) {
			*state = *state * 6364136223846793005u + 1442695040888963407u;
			sum += (double)(*state >> 40) / (1 << 24);
		}
		out[i] = (float)sum;
		square += sum * sum;
	}
	for (size_t i = 0; i < DIM; i++)
		out[i] = (float)(out[i] * TEMPLATE_LENGTH / sqrt(square));
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *ms, size_t count)
{
	qsort(ms, count, sizeof(*ms), by_value);
	return ms[count / 2];
}

struct bench {
	struct gallery *gallery;
	struct flat *flat; /* NULL: without FAISS */
	size_t templates, rounds;
	void *block; /* as many bytes as a search reads */
	float probe[PROBES][DIM];
	struct hit hit[PROBES];
	double we[ROUNDS_MAX], they[ROUNDS_MAX], read[ROUNDS_MAX]; /* milliseconds */
};

static enum err fill(struct bench *b, uint64_t *state, struct error *why)
{
	float *row = mem_array(b->templates, DIM * sizeof(*row));
	enum err err = row != NULL ? gallery_new(&b->gallery, DIM, why)
				   : err_set(why, ERR_NOMEM, "no memory for the templates");
	for (size_t i = 0; i < b->templates && err == OK; i++) {
		char id[UUID_TEXT];
		snprintf(id, sizeof(id), "%zu", i);
		random_template(state, row + i * DIM);
		err = gallery_add(b->gallery, id, row + i * DIM, why);
	}
#ifdef HAVE_FAISS
	b->flat = err == OK ? flat_new(row, b->templates, DIM) : NULL;
	if (err == OK && b->flat == NULL)
		err = err_set(why, ERR_NOMEM, "no memory for the index");
#endif
	free(row);
	return err;
}

static double ours(struct bench *b, size_t probes)
{
	const float *probe[PROBES];
	for (size_t i = 0; i < probes; i++)
		probe[i] = b->probe[i];
	const double begin = now_ms();
	gallery_search_many(b->gallery, NULL, probe, probes, NULL, b->hit);
	return now_ms() - begin;
}

/* Exits where the two do not agree. */
static double theirs(struct bench *b, size_t probes)
{
	double ms = NAN;
#ifdef HAVE_FAISS
	int64_t row[PROBES][2];
	float squared[PROBES][2];
	const double begin = now_ms();
	flat_search(b->flat, b->probe[0], probes, 2, row[0], squared[0]);
	ms = now_ms() - begin;
	for (size_t i = 0; i < probes; i++) {
		if (row[i][0] != strtoll(b->hit[i].person_id, NULL, 10) ||
			fabs(sqrt((double)squared[i][0]) - b->hit[i].distance) > 1e-3) {
			fprintf(stderr, "search: FAISS found row %lld at %f, we %s at %f\n",
				(long long)row[i][0], sqrt((double)squared[i][0]),
				b->hit[i].person_id, b->hit[i].distance);
			exit(1);
		}
	}
#endif
	return ms;
}

/* A plain read of as many bytes as a search goes through. */
static double plain_read(const struct bench *b)
{
	const double begin = now_ms();
	peak_read(b->block, gallery_search_bytes(b->gallery));
	return now_ms() - begin;
}

static void compare(struct bench *b, size_t probes, uint64_t *state)
{
	for (size_t r = 0; r < b->rounds + 1; r++) {
		for (size_t i = 0; i < probes; i++)
			random_template(state, b->probe[i]);
		const double a = ours(b, probes), plain = plain_read(b), c = theirs(b, probes);
		if (r == 0)
			continue; /* fills caches */
		b->we[r - 1] = a;
		b->they[r - 1] = c;
		b->read[r - 1] = plain;
	}
	const double a = median(b->we, b->rounds);
	printf("%2zu %s  %8.3f ms", probes, probes == 1 ? "probe " : "probes", a);
	if (b->flat != NULL) {
		const double c = median(b->they, b->rounds);
		printf("  %8.3f ms  %5.2f", c, c / a);
	}
	if (probes == 1) {
		const double bytes = (double)gallery_search_bytes(b->gallery);
		printf("  %.1f GB/s, a plain read %.1f GB/s", bytes / a * 1e-6,
			bytes / median(b->read, b->rounds) * 1e-6);
	}
	printf("\n");
}

static bool read_arguments(struct bench *b, int argc, char **argv)
{
	b->templates = argc > 1 ? strtoull(argv[1], NULL, 10) : TEMPLATES_DEFAULT;
	b->rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : ROUNDS_DEFAULT;
	return argc <= 3 && b->templates >= 2 && b->templates <= GALLERY_TEMPLATES_MAX &&
		b->rounds >= 1 && b->rounds <= ROUNDS_MAX;
}

static enum err run(struct bench *b, struct error *why)
{
	uint64_t state = 1;
	enum err err = fill(b, &state, why);
	if (err != OK)
		return err;
	b->block = mem_aligned(gallery_search_bytes(b->gallery));
	if (b->block == NULL)
		return err_set(why, ERR_NOMEM, "no memory to read");
	memset(b->block, 1, gallery_search_bytes(b->gallery));
	printf("%zu templates of %d floats, %zu rounds, one thread, medians\n", b->templates, DIM,
		b->rounds);
	printf("               Rollcall%s\n", b->flat != NULL ? "        FAISS  ratio" : "");
	compare(b, 1, &state);
	compare(b, PROBES, &state);
	return OK;
}

int main(int argc, char **argv)
{
	struct error why = {0};
	struct bench *b = mem_array(1, sizeof(*b));
	if (b == NULL || !read_arguments(b, argc, argv)) {
		fprintf(stderr, "usage: search [TEMPLATES [ROUNDS]]\n");
		free(b);
		return 2;
	}
	const enum err err = run(b, &why);
	if (err != OK)
		fprintf(stderr, "search: %s\n", why.text);
#ifdef HAVE_FAISS
	flat_free(b->flat);
#endif
	gallery_free(b->gallery);
	free(b->block);
	free(b);
	return err == OK ? 0 : 1;
}
