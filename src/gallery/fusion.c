/* SPDX-License-Identifier: MIT */
#include "gallery/fusion.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "gallery/scan.h"

const double fusion_rate[FUSION_RATES] = {1e-3, 1e-4};

/* Photos first..first+count of a set are one person's. */
struct run {
	size_t first, count;
};

struct fuser {
	const struct labelled *set;
	size_t dim;
	bool weighted;
	struct run *run; /* of the people who have photos enough */
	size_t runs;
	double *same, *different;
	size_t sames, differents;
};

static struct run run_at(const struct labelled *set, size_t first)
{
	struct run run = {first, 0};
	while (first + run.count < set->count &&
		set->photo[first + run.count].person == set->photo[first].person)
		run.count++;
	return run;
}

static enum err find_runs(struct fuser *f, size_t most, struct error *why)
{
	size_t photos = 0;
	f->run = mem_array(f->set->count, sizeof(*f->run));
	if (f->run == NULL)
		return err_set(why, ERR_NOMEM, "no memory for %zu photos", f->set->count);
	for (size_t i = 0; i < f->set->count;) {
		struct run run = run_at(f->set, i);
		i += run.count;
		if (run.count <= most)
			continue;
		f->run[f->runs++] = run;
		photos += run.count;
	}
	if (photos == 0)
		return err_set(why, ERR_ARG, "nobody in the set has more than %zu photos", most);
	f->same = mem_array(photos, sizeof(double));
	f->different = mem_array(photos * f->set->count, sizeof(double));
	if (f->same == NULL || f->different == NULL)
		return err_set(
			why, ERR_NOMEM, "no memory for %zu comparisons", photos * f->set->count);
	return OK;
}

/* The looks after photo `at` of a run, together, against all templates but its other photos. */
static void compare(struct fuser *f, const struct run *run, size_t at, size_t looks)
{
	const float *look[TRACK_LOOKS_MAX];
	float weight[TRACK_LOOKS_MAX], fused[FACE_DIM_MAX];
	size_t count = 0;
	for (size_t k = 1; k <= looks; k++) {
		const struct labelled_photo *p = &f->set->photo[run->first + (at + k) % run->count];
		if (f->weighted && p->quality < (double)TRACK_QUALITY_FLOOR)
			continue;
		look[count] = p->probe;
		weight[count++] = f->weighted ? (float)p->quality : 1;
	}
	if (count == 0)
		return;
	looks_fuse(look, weight, count, f->dim, fused);
	for (size_t i = 0; i < f->set->count; i++) {
		double d = sqrt(scan_exact(fused, f->set->photo[i].template, f->dim));
		if (i == run->first + at)
			f->same[f->sames++] = d;
		else if (i < run->first || i >= run->first + run->count)
			f->different[f->differents++] = d;
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* Of sorted distances, the share below or at a limit. */
static double share(const double *distance, size_t count, double limit)
{
	size_t below = 0;
	while (below < count && distance[below] <= limit)
		below++;
	return count > 0 ? (double)below / (double)count : NAN;
}

static void conclude(struct fuser *f, size_t looks, double *one, struct fusion *out)
{
	qsort(f->same, f->sames, sizeof(double), by_size);
	qsort(f->different, f->differents, sizeof(double), by_size);
	*out = (struct fusion){looks, f->runs, f->sames, f->differents, {0}, {0}};
	for (int i = 0; i < FUSION_RATES; i++) {
		size_t accepted = (size_t)((double)f->differents * fusion_rate[i]);
		/* Nearer than the first that is not accepted. */
		double limit = f->differents > 0 ? nextafter(f->different[accepted], 0) : 0;
		if (looks == 1)
			one[i] = limit;
		out->tar[i] = share(f->same, f->sames, limit);
		out->at_one[i] = share(f->different, f->differents, one[i]);
	}
}

enum err fusion_measure(const struct labelled *set, size_t dim, size_t most, bool weighted,
	struct fusion *out, struct error *why)
{
	struct fuser f = {.set = set, .dim = dim, .weighted = weighted};
	double one[FUSION_RATES] = {0};
	if (most < 2 || most > TRACK_LOOKS_MAX || dim > FACE_DIM_MAX)
		return err_set(why, ERR_ARG, "%zu looks: expected 2 to %d", most, TRACK_LOOKS_MAX);
	enum err err = find_runs(&f, most, why);
	for (size_t looks = 1; err == OK && looks <= most; looks++) {
		f.sames = f.differents = 0;
		for (size_t i = 0; i < f.runs; i++) {
			for (size_t at = 0; at < f.run[i].count; at++)
				compare(&f, &f.run[i], at, looks);
		}
		conclude(&f, looks, one, &out[looks - 1]);
	}
	free(f.run);
	free(f.same);
	free(f.different);
	return err;
}
