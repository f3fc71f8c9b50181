/* SPDX-License-Identifier: MIT */
/*
 * Enrolled templates in memory and exact search among them by Euclidean distance.
 * Adding is by one thread; a gallery that nobody changes may be searched by many.
 */
#ifndef GALLERY_GALLERY_H
#define GALLERY_GALLERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/uuid.h"

enum { GALLERY_DIM_MAX = 1024, GALLERY_TEMPLATES_MAX = 1 << 24 };

struct gallery;

/* An empty gallery for templates of `dim` floats, 1..GALLERY_DIM_MAX. */
enum err gallery_new(struct gallery **out, size_t dim, struct error *why) MUST_USE;
void gallery_free(struct gallery *g);

/* Adds a template (dim floats, copied) of the person with that id; several a person are fine. */
enum err gallery_add(struct gallery *g, const char *person_id, const float *template,
	struct error *why) MUST_USE;

/* Forgets a person; false if there was none. */
bool gallery_remove(struct gallery *g, const char *person_id);

/* How many people and templates are in it, and the length of a template. */
size_t gallery_people(const struct gallery *g);
size_t gallery_templates(const struct gallery *g);
size_t gallery_dim(const struct gallery *g);

/* The nearest person, and the nearest of all other people. */
struct hit {
	const char *person_id;  /* NULL: the gallery (or its allowed part) is empty; borrowed */
	double distance;        /* Euclidean, to that person's nearest template */
	const char *second_id;  /* NULL: there is nobody else */
	double second_distance; /* INFINITY if nobody */
};

/*
 * Exact: the same people and, to 1e-6, the same distances as a double-precision loop
 * over all templates; of equally near people the one added first. `probe`: dim floats.
 */
struct hit gallery_search(const struct gallery *g, const float *probe);

/*
 * Some of a gallery's people: those who may be named. Zero-initialise, release with
 * gallery_mask_finish. It means nothing any more once somebody was removed from the
 * gallery; who is added later is not in it.
 */
struct gallery_mask {
	uint8_t *in;   /* (people) by index */
	size_t people; /* of the gallery when it was made */
	size_t count;  /* of them that are in */
};
enum err gallery_mask_init(
	struct gallery_mask *m, const struct gallery *g, struct error *why) MUST_USE;
void gallery_mask_finish(struct gallery_mask *m);
/* Takes a person in; somebody without a template changes nothing. */
void gallery_mask_add(struct gallery_mask *m, const struct gallery *g, const char *person_id);

/*
 * Two searches in one pass: `in` among the people of the mask, `out` among all others. Each
 * is what gallery_search would find in a gallery of those people alone.
 */
void gallery_search_split(const struct gallery *g, const struct gallery_mask *m, const float *probe,
	struct hit *in, struct hit *out);

/*
 * The same for `count` probes, in less time than one after the other: in[i] and out[i] are
 * those of probe[i]. Without a mask (NULL) everybody counts as `out`, and `in` may be NULL.
 */
void gallery_search_many(const struct gallery *g, const struct gallery_mask *m,
	const float *const *probe, size_t count, struct hit *in, struct hit *out);

/* How many bytes a search goes through at least: what its speed is measured in. */
size_t gallery_search_bytes(const struct gallery *g);

/* Between a person's nearest template and a probe; INFINITY without such a person. */
double gallery_distance(const struct gallery *g, const char *person_id, const float *probe);
/* Between the two nearest templates of two people; INFINITY when one is not there. */
double gallery_between(const struct gallery *g, const char *a, const char *b);

/*
 * Template `row` of gallery_templates, on a 64-byte boundary, zeros after gallery_dim up to a
 * multiple of SCAN_LANES; `person` gets the index of whose it is. Borrowed until a change.
 */
const float *gallery_row(const struct gallery *g, size_t row, size_t *person);
/* The id of person `index` of gallery_people; borrowed until a change. */
const char *gallery_person(const struct gallery *g, size_t index);

#endif
