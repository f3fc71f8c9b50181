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

#endif
