/* SPDX-License-Identifier: MIT */
#include "gallery/labelled.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gallery/decide.h"

void labelled_finish(struct labelled *set)
{
	free(set->photo);
	*set = (struct labelled){0};
}

/* --- looking at the photos --- */

static int by_photo(const void *a, const void *b)
{
	return pair_photo_compare(a, b);
}

/* All photos of the pairs, each once, sorted. */
static enum err list_photos(
	const struct pair_list *pairs, struct pair_photo **out, size_t *count, struct error *why)
{
	size_t all = pairs->count * 2;
	*count = 0;
	*out = mem_array(all, sizeof(**out));
	if (*out == NULL)
		return err_set(why, ERR_NOMEM, "no memory for %zu photos", all);
	for (size_t i = 0; i < all; i++)
		(*out)[i] = pairs->item[i / 2].photo[i % 2];
	qsort(*out, all, sizeof(**out), by_photo);
	for (size_t i = 0; i < all; i++) {
		if (*count == 0 || by_photo(&(*out)[*count - 1], &(*out)[i]) != 0)
			(*out)[(*count)++] = (*out)[i];
	}
	return OK;
}

static enum err look(struct pipeline *p, const struct image *photo, struct face_list *faces,
	struct labelled_photo *out, bool *found, struct error *why)
{
	static const enum pipeline_depth depth[] = {PIPELINE_EMBED, PIPELINE_TEMPLATE};
	float *vector[] = {out->probe, out->template};
	for (int i = 0; i < 2; i++) {
		enum err err = pipeline_run(p, photo, depth[i], faces, NULL, why);
		if (err != OK)
			return err;
		const struct face *face = face_nearest_centre(faces, photo);
		*found = face != NULL;
		if (face == NULL)
			return OK;
		memcpy(vector[i], face->embedding, sizeof(out->probe));
		out->quality = (double)face->quality.score;
	}
	return OK;
}

static enum err look_at_file(struct pipeline *p, const struct evaluate_options *options,
	const struct pair_photo *id, struct face_list *faces, struct labelled *set,
	struct error *why)
{
	struct image photo = {0};
	bool found = false;
	char *path = pair_photo_path(options->images, id);
	if (path == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a path");
	enum err err = evaluate_photo(path, options->scale, &photo, why);
	if (err == OK)
		err = look(p, &photo, faces, &set->photo[set->count], &found, why);
	if (err == OK && found)
		set->photo[set->count++].person = set->people - 1;
	set->failed += err == OK && !found;
	image_finish(&photo);
	free(path);
	return err;
}

enum err labelled_load(struct pipeline *p, const struct evaluate_options *options,
	struct labelled *out, struct error *why)
{
	struct face_list faces = {0};
	struct pair_photo *id;
	size_t count;
	*out = (struct labelled){.dim = pipeline_dim(p)};
	enum err err = list_photos(options->pairs, &id, &count, why);
	if (err == OK) {
		out->photo = mem_array(count, sizeof(*out->photo));
		if (out->photo == NULL)
			err = err_set(why, ERR_NOMEM, "no memory for %zu photos", count);
	}
	for (size_t i = 0; err == OK && i < count; i++) {
		out->people += i == 0 || strcmp(id[i - 1].name, id[i].name) != 0;
		err = look_at_file(p, options, &id[i], &faces, out, why);
		if (err == OK && options->progress != NULL)
			err = options->progress(options->ctx, i + 1, count);
	}
	face_list_finish(&faces);
	free(id);
	if (err != OK)
		labelled_finish(out);
	return err;
}

/* --- identification --- */

/* Steele, Lea and Flood's SplitMix64: the same draws everywhere. */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9E3779B97F4A7C15u;
	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
	z = (z ^ z >> 27) * 0x94D049BB133111EBu;
	return z ^ z >> 31;
}

static void shuffle(size_t *item, size_t count, uint64_t *state)
{
	for (size_t i = count; i > 1; i--) {
		size_t k = (size_t)(random_next(state) % i), kept = item[i - 1];
		item[i - 1] = item[k];
		item[k] = kept;
	}
}

enum { NOT_ENROLLED = -1 };

/* One draw. */
struct draw {
	const struct labelled *set;
	bool *measured;                 /* (people) those whom the draw's own table is made with */
	size_t *order, *first, *photos; /* (people) order of drawing; first photo; how many */
	ptrdiff_t *enrolled;            /* (people) photo that is the template, or NOT_ENROLLED */
	double stranger, false_name, false_review, known, wrong, right, review, unknown;
};

static void count_photos(struct draw *d)
{
	for (size_t i = d->set->count; i-- > 0;) {
		size_t person = d->set->photo[i].person;
		d->first[person] = i;
		d->photos[person]++;
	}
}

/* Those with several photos come first, each kind in random order. */
static void draw_people(struct draw *d, size_t people, uint64_t *state)
{
	size_t all = d->set->people, several = 0;
	for (size_t i = 0; i < all; i++)
		d->order[i] = i;
	shuffle(d->order, all, state);
	for (size_t i = 0; i < all; i++) {
		if (d->photos[d->order[i]] < 2)
			continue;
		size_t kept = d->order[several];
		d->order[several++] = d->order[i];
		d->order[i] = kept;
	}
	for (size_t i = 0; i < all; i++)
		d->enrolled[i] = NOT_ENROLLED;
	for (size_t i = 0, taken = 0; i < all && taken < people; i++) {
		size_t person = d->order[i];
		if (d->photos[person] == 0 || d->measured[person])
			continue;
		d->enrolled[person] =
			(ptrdiff_t)(d->first[person] + random_next(state) % d->photos[person]);
		taken++;
	}
}

static void count_one(struct draw *d, size_t person, bool same, enum decision decision)
{
	bool match = decision == DECISION_MATCH, review = decision == DECISION_REVIEW;
	if (d->enrolled[person] == NOT_ENROLLED) {
		d->stranger++;
		d->false_name += match;
		d->false_review += review;
		return;
	}
	d->known++;
	d->right += match && same;
	d->wrong += match && !same;
	d->review += review;
	d->unknown += decision == DECISION_UNKNOWN;
}

static enum err identify_all(
	struct draw *d, const struct gallery *g, const struct decision_rule *rule)
{
	for (size_t i = 0; i < d->set->count; i++) {
		const struct labelled_photo *p = &d->set->photo[i];
		if (d->enrolled[p->person] == (ptrdiff_t)i || d->measured[p->person])
			continue;
		struct question q = {
			.hit = gallery_search(g, p->template),
			.guest = {.distance = INFINITY, .second_distance = INFINITY},
			.counter = INFINITY,
			.pair = INFINITY,
			.quality = p->quality,
		};
		if (q.hit.second_id != NULL)
			q.pair = gallery_between(g, q.hit.person_id, q.hit.second_id);
		struct verdict v = decide(rule, &q);
		char id[UUID_TEXT];
		snprintf(id, sizeof(id), "%zu", p->person);
		count_one(d, p->person, strcmp(id, q.hit.person_id) == 0, v.decision);
	}
	return OK;
}

static enum err run_draw(struct draw *d, const struct decision_rule *rule, struct error *why)
{
	struct gallery *g;
	enum err err = gallery_new(&g, d->set->dim, why);
	for (size_t i = 0; err == OK && i < d->set->people; i++) {
		char id[UUID_TEXT];
		snprintf(id, sizeof(id), "%zu", i);
		if (d->enrolled[i] != NOT_ENROLLED)
			err = gallery_add(g, id, d->set->photo[d->enrolled[i]].template, why);
	}
	if (err == OK)
		err = identify_all(d, g, rule);
	gallery_free(g);
	return err;
}

static void conclude(
	const struct draw *d, const struct identification_options *o, struct identification *out)
{
	out->false_name = rate_exact(d->false_name, d->stranger, RATE_LEVEL);
	out->false_review = rate_exact(d->false_review, d->stranger, RATE_LEVEL);
	out->wrong = rate_exact(d->wrong, d->known, RATE_LEVEL);
	out->right = rate_exact(d->right, d->known, RATE_LEVEL);
	out->review = rate_exact(d->review, d->known, RATE_LEVEL);
	out->unknown = rate_exact(d->unknown, d->known, RATE_LEVEL);
	out->any_false = rate_exact(d->false_name + d->wrong, d->stranger + d->known, RATE_LEVEL);
	out->match_distance /= (double)o->draws;
	out->review_distance /= (double)o->draws;
	out->expected = o->budget * d->stranger;
	rate_expected(o->budget, d->stranger, RATE_LEVEL, &out->least, &out->most);
}

/* Measures with one half of the people; `fmr` is what it fills. */
static enum err measure_half(
	struct draw *d, uint64_t *state, struct labelled_fmr *fmr, struct error *why)
{
	size_t all = d->set->people;
	for (size_t i = 0; i < all; i++)
		d->order[i] = i;
	shuffle(d->order, all, state);
	for (size_t i = 0; i < all; i++)
		d->measured[d->order[i]] = i < all / 2;
	return labelled_table(d->set, d->measured, fmr, why);
}

static enum err one_draw(struct draw *d, const struct identification_options *o, uint64_t *state,
	struct identification *out, struct error *why)
{
	enum err err = OK;
	const struct manifest_fmr *table = o->table;
	struct labelled_fmr *own = NULL;
	if (table == NULL) {
		own = calloc(1, sizeof(*own));
		if (own == NULL)
			return err_set(why, ERR_NOMEM, "no memory for a table");
		err = measure_half(d, state, own, why);
		table = &own->fmr;
	}
	if (err == OK) {
		const struct fmr_curve curve = fmr_curve_plain(table, 1);
		const struct decision_rule rule =
			decision_rule_for(&curve, o->budget, o->people, 0);
		out->match_distance += rule.match_distance;
		out->review_distance += rule.review_distance;
		draw_people(d, o->people, state);
		err = run_draw(d, &rule, why);
	}
	free(own);
	return err;
}

static void draw_finish(struct draw *d)
{
	free(d->measured);
	free(d->order);
	free(d->first);
	free(d->photos);
	free(d->enrolled);
}

enum err labelled_identify(const struct labelled *set, const struct identification_options *options,
	struct identification *out, struct error *why)
{
	uint64_t state = options->seed;
	size_t usable = options->table != NULL ? set->people : set->people - set->people / 2;
	struct draw d = {
		.set = set,
		.measured = mem_array(set->people, sizeof(*d.measured)),
		.order = mem_array(set->people, sizeof(*d.order)),
		.first = mem_array(set->people, sizeof(*d.first)),
		.photos = mem_array(set->people, sizeof(*d.photos)),
		.enrolled = mem_array(set->people, sizeof(*d.enrolled)),
	};
	*out = (struct identification){.people = options->people, .draws = options->draws};
	enum err err = OK;
	if (d.measured == NULL || d.order == NULL || d.first == NULL || d.photos == NULL ||
		d.enrolled == NULL)
		err = err_set(why, ERR_NOMEM, "no memory for %zu people", set->people);
	else if (options->people == 0 || options->people >= usable)
		err = err_set(why, ERR_ARG, "cannot enrol %zu of %zu people and have strangers",
			options->people, usable);
	else
		count_photos(&d);
	for (size_t i = 0; err == OK && i < options->draws; i++)
		err = one_draw(&d, options, &state, out, why);
	conclude(&d, options, out);
	draw_finish(&d);
	return err;
}
