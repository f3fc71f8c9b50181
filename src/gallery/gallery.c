/* SPDX-License-Identifier: MIT */
#include "gallery/gallery.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gallery/scan.h"
#include "gallery/sketch.h"
#include "infer/pages.h"

/*
 * Templates lie in blocks that never move: adding copies nothing. A search streams through
 * their sketches, which many blocks therefore have in one piece: in pieces of one block's
 * it is a fifth slower. Pages of a piece that nothing was written to take no memory.
 */
enum {
	BLOCK_ROWS = 1024,
	PIECE_BLOCKS = 16,
	SCREEN_ROWS =
		128, /* screened at a time: what is found there shortens the reach of the next */
	PROBES = 8,  /* searched at a time, block by block: a block stays in the cache */
	SLOTS_FIRST = 64,
	NOBODY = -1,
};
_Static_assert((int)GALLERY_DIM_MAX <= (int)SKETCH_STRIDE_MAX, "a template has a sketch");

struct block {
	float *row;           /* (BLOCK_ROWS, stride), zeros after dim; on a 64-byte boundary */
	int32_t *owner;       /* (BLOCK_ROWS) index of the person */
	struct sketch sketch; /* of (BLOCK_ROWS) rows */
};

struct entry {
	char id[UUID_TEXT];
};

/*
 * Invariants: row r of the gallery is row r % BLOCK_ROWS of block r / BLOCK_ROWS; there are
 * just as many blocks as rows need. person[] is in the order in which people were first
 * added. slot[] is an open hash table of indices into it, at most half full.
 */
struct gallery {
	size_t dim, stride;
	sketch_screen_fn *screen;
	struct block *block;
	size_t blocks, block_capacity;
	struct pages *piece; /* (pieces) the sketches of PIECE_BLOCKS blocks; zeros if not used */
	size_t pieces, piece_capacity;
	size_t rows;
	struct entry *person;
	size_t people, person_capacity;
	int32_t *slot; /* (slots) index of a person, or NOBODY */
	size_t slots;  /* a power of two, or 0 */
};

enum err gallery_new(struct gallery **out, size_t dim, struct error *why)
{
	*out = NULL;
	if (dim == 0 || dim > GALLERY_DIM_MAX)
		return err_set(why, ERR_ARG, "a template has 1 to %d components, not %zu",
			GALLERY_DIM_MAX, dim);
	struct gallery *g = calloc(1, sizeof(*g));
	if (g == NULL)
		return err_set(why, ERR_NOMEM, "no memory for the gallery");
	g->dim = dim;
	g->stride = (dim + SCAN_LANES - 1) / SCAN_LANES * SCAN_LANES;
	g->screen = sketch_screen_here();
	*out = g;
	return OK;
}

static void block_finish(const struct gallery *g, struct block *b)
{
	/* A template is about a person: it does not stay behind in freed memory. */
	if (b->row != NULL)
		explicit_bzero(b->row, BLOCK_ROWS * g->stride * sizeof(float));
	free(b->row);
	free(b->owner);
	if (b->sketch.group != NULL)
		explicit_bzero(b->sketch.group, sketch_bytes(BLOCK_ROWS, g->stride));
	*b = (struct block){0};
}

void gallery_free(struct gallery *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->blocks; i++)
		block_finish(g, &g->block[i]);
	for (size_t i = 0; i < g->pieces; i++)
		pages_finish(&g->piece[i]);
	free(g->block);
	free(g->piece);
	free(g->person);
	free(g->slot);
	free(g);
}

static float *row_at(const struct gallery *g, size_t row)
{
	return g->block[row / BLOCK_ROWS].row + row % BLOCK_ROWS * g->stride;
}

static int32_t *owner_at(const struct gallery *g, size_t row)
{
	return &g->block[row / BLOCK_ROWS].owner[row % BLOCK_ROWS];
}

/* FNV-1a. */
static size_t id_hash(const char *id)
{
	uint64_t hash = 14695981039346656037u;
	for (; *id != '\0'; id++)
		hash = (hash ^ (uint8_t)*id) * 1099511628211u;
	return (size_t)(hash ^ hash >> 32);
}

/* The slot that holds the person with that id, or the empty one where they belong. */
static size_t slot_of(const struct gallery *g, const char *id)
{
	size_t at = id_hash(id) & (g->slots - 1);
	while (g->slot[at] != NOBODY && strcmp(g->person[g->slot[at]].id, id) != 0)
		at = (at + 1) & (g->slots - 1);
	return at;
}

static int32_t person_find(const struct gallery *g, const char *id)
{
	return g->slots > 0 ? g->slot[slot_of(g, id)] : NOBODY;
}

static void slots_fill(struct gallery *g)
{
	for (size_t i = 0; i < g->slots; i++)
		g->slot[i] = NOBODY;
	for (size_t i = 0; i < g->people; i++)
		g->slot[slot_of(g, g->person[i].id)] = (int32_t)i;
}

static bool slots_reserve(struct gallery *g)
{
	if ((g->people + 1) * 2 <= g->slots)
		return true;
	size_t wanted = g->slots > 0 ? g->slots * 2 : SLOTS_FIRST;
	int32_t *slot = mem_array(wanted, sizeof(*slot));
	if (slot == NULL)
		return false;
	free(g->slot);
	g->slot = slot;
	g->slots = wanted;
	slots_fill(g);
	return true;
}

static bool person_reserve(struct gallery *g)
{
	return slots_reserve(g) &&
		mem_grow((void **)&g->person, g->people, &g->person_capacity, sizeof(*g->person));
}

/* Memory for the sketches of the next block. */
static bool piece_reserve(struct gallery *g)
{
	if (g->blocks < g->pieces * PIECE_BLOCKS)
		return true;
	const size_t bytes = PIECE_BLOCKS * sketch_bytes(BLOCK_ROWS, g->stride);
	if (!mem_grow((void **)&g->piece, g->pieces, &g->piece_capacity, sizeof(*g->piece)) ||
		!pages_init(&g->piece[g->pieces], bytes))
		return false;
	g->pieces++;
	return true;
}

static struct sketch next_sketch(const struct gallery *g)
{
	uint8_t *piece = g->piece[g->blocks / PIECE_BLOCKS].data;
	return (struct sketch){
		piece + g->blocks % PIECE_BLOCKS * sketch_bytes(BLOCK_ROWS, g->stride)};
}

static bool row_reserve(struct gallery *g)
{
	if (g->rows < g->blocks * BLOCK_ROWS)
		return true;
	if (!piece_reserve(g) ||
		!mem_grow((void **)&g->block, g->blocks, &g->block_capacity, sizeof(*g->block)))
		return false;
	struct block b = {
		.row = mem_aligned(BLOCK_ROWS * g->stride * sizeof(float)),
		.owner = mem_array(BLOCK_ROWS, sizeof(*b.owner)),
		.sketch = next_sketch(g),
	};
	if (b.row == NULL || b.owner == NULL) {
		block_finish(g, &b);
		return false;
	}
	g->block[g->blocks++] = b;
	return true;
}

/* Writes a row's sketch anew after a change of it. */
static void row_sketch(struct gallery *g, size_t row)
{
	sketch_put(&g->block[row / BLOCK_ROWS].sketch, row % BLOCK_ROWS, row_at(g, row), g->stride);
}

static bool all_finite(const float *value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!isfinite(value[i]))
			return false;
	return true;
}

enum err gallery_add(
	struct gallery *g, const char *person_id, const float *template, struct error *why)
{
	size_t len = strlen(person_id);
	if (len == 0 || len >= UUID_TEXT)
		return err_set(why, ERR_ARG, "a person's id has 1 to %d characters, not %zu",
			UUID_TEXT - 1, len);
	if (!all_finite(template, g->dim))
		return err_set(why, ERR_ARG, "template of person '%s' is not finite", person_id);
	if (g->rows >= GALLERY_TEMPLATES_MAX)
		return err_set(why, ERR_LIMIT, "more than %d templates", GALLERY_TEMPLATES_MAX);
	int32_t person = person_find(g, person_id);
	if (!row_reserve(g) || (person == NOBODY && !person_reserve(g)))
		return err_set(why, ERR_NOMEM, "no memory for %zu templates", g->rows + 1);
	if (person == NOBODY) {
		person = (int32_t)g->people;
		g->slot[slot_of(g, person_id)] = person;
		memcpy(g->person[g->people++].id, person_id, len + 1);
	}
	memcpy(row_at(g, g->rows), template, g->dim * sizeof(*template));
	*owner_at(g, g->rows) = person;
	row_sketch(g, g->rows);
	g->rows++;
	return OK;
}

/* Moves the last row over this one. */
static void row_remove(struct gallery *g, size_t row)
{
	size_t last = --g->rows;
	memcpy(row_at(g, row), row_at(g, last), g->stride * sizeof(float));
	*owner_at(g, row) = *owner_at(g, last);
	explicit_bzero(row_at(g, last), g->stride * sizeof(float));
	row_sketch(g, row);
	row_sketch(g, last);
	if (last % BLOCK_ROWS == 0)
		block_finish(g, &g->block[--g->blocks]);
}

bool gallery_remove(struct gallery *g, const char *person_id)
{
	int32_t person = person_find(g, person_id);
	if (person == NOBODY)
		return false;
	for (size_t row = g->rows; row-- > 0;) {
		if (*owner_at(g, row) == person)
			row_remove(g, row);
	}
	for (size_t row = 0; row < g->rows; row++)
		*owner_at(g, row) -= *owner_at(g, row) > person;
	g->people--;
	memmove(&g->person[person], &g->person[person + 1],
		(g->people - (size_t)person) * sizeof(*g->person));
	slots_fill(g);
	return true;
}

size_t gallery_people(const struct gallery *g)
{
	return g->people;
}

size_t gallery_templates(const struct gallery *g)
{
	return g->rows;
}

size_t gallery_dim(const struct gallery *g)
{
	return g->dim;
}

/* A person and the squared distance to their nearest template so far. */
struct near {
	double squared;
	int32_t person;
};

static bool nearer(struct near a, struct near b)
{
	return a.squared < b.squared || (a.squared == b.squared && a.person < b.person);
}

/* The nearest two people so far. */
struct best {
	struct near first, second;
};

static void best_offer(struct best *best, struct near offer)
{
	if (offer.person == best->first.person) {
		if (nearer(offer, best->first))
			best->first = offer;
	} else if (nearer(offer, best->first)) {
		best->second = best->first;
		best->first = offer;
	} else if (nearer(offer, best->second)) {
		best->second = offer;
	}
}

/* --- searching --- */

/* Those outside of the mask and those in it; without a mask all are outside. */
enum lane { LANE_OUT, LANE_IN, LANES };

/* A probe on its way through the blocks. */
struct search {
	const struct gallery *g;
	const struct gallery_mask *mask; /* NULL: no one is in */
	struct best best[LANES];
	_Alignas(SCAN_LANES * sizeof(float)) float probe[GALLERY_DIM_MAX];
	struct sketch_probe sketch;
};

static bool masked(const struct gallery_mask *m, int32_t person)
{
	return (size_t)person < m->people && m->in[person];
}

/*
 * A row that single precision shows to be farther than the second person so far is passed
 * over; others are measured again in double precision.
 */
static void row_search(struct search *s, const struct block *b, size_t row, enum lane lane)
{
	const float *value = b->row + row * s->g->stride;
	struct best *best = &s->best[lane];
	float squared;
	scan_squared(value, s->probe, s->g->stride, 1, &squared);
	if (scan_lower_bound(squared, s->g->stride) > best->second.squared)
		return;
	best_offer(best, (struct near){scan_exact(value, s->probe, s->g->dim), b->owner[row]});
}

static void group_search(
	struct search *s, const struct block *b, size_t row, unsigned near, enum lane lane)
{
	for (; near != 0; near &= near - 1)
		row_search(s, b, row + (size_t)__builtin_ctz(near), lane);
}

/* Which of a group's rows are of people of the mask. */
static unsigned group_in(const struct search *s, const struct block *b, size_t row)
{
	unsigned in = 0;
	for (size_t i = 0; i < SKETCH_GROUP; i++)
		in |= (unsigned)masked(s->mask, b->owner[row + i]) << i;
	return in;
}

/* Rows that their sketches show to be farther than the second person so far are not read. */
static void block_search(struct search *s, const struct block *b, size_t rows)
{
	uint16_t near[LANES * SCREEN_ROWS / SKETCH_GROUP];
	struct sketch_screen screen = {
		.sketch = &b->sketch, .probe = &s->sketch, .lanes = s->mask != NULL ? LANES : 1};
	for (size_t at = 0; at < rows; at += SCREEN_ROWS) {
		const size_t left = rows - at < SCREEN_ROWS ? rows - at : SCREEN_ROWS;
		screen.from = at / SKETCH_GROUP;
		screen.groups = (left + SKETCH_GROUP - 1) / SKETCH_GROUP;
		for (size_t i = 0; i < screen.lanes; i++)
			screen.reach[i] = sketch_reach(&s->sketch, s->best[i].second.squared);
		s->g->screen(&screen, near);
		for (size_t k = 0; k < screen.groups; k++) {
			const size_t row = at + k * SKETCH_GROUP;
			const unsigned there =
				rows - row < SKETCH_GROUP ? (1U << (rows - row)) - 1 : UINT16_MAX;
			const unsigned in = s->mask != NULL ? group_in(s, b, row) : 0;
			group_search(s, b, row, near[k] & there & ~in, LANE_OUT);
			if ((in & there) != 0)
				group_search(
					s, b, row, near[screen.groups + k] & there & in, LANE_IN);
		}
	}
}

/* False for a probe that is like nobody. */
static bool search_init(
	struct search *s, const struct gallery *g, const struct gallery_mask *m, const float *probe)
{
	s->g = g;
	s->mask = m;
	for (size_t i = 0; i < LANES; i++)
		s->best[i] = (struct best){{INFINITY, INT32_MAX}, {INFINITY, INT32_MAX}};
	if (!all_finite(probe, g->dim))
		return false;
	memcpy(s->probe, probe, g->dim * sizeof(*probe));
	memset(s->probe + g->dim, 0, (g->stride - g->dim) * sizeof(*probe));
	sketch_probe(&s->sketch, s->probe, g->stride);
	return true;
}

static struct hit hit_of(const struct gallery *g, const struct best *best)
{
	struct hit hit = {.distance = INFINITY, .second_distance = INFINITY};
	if (best->first.person != INT32_MAX) {
		hit.person_id = g->person[best->first.person].id;
		hit.distance = sqrt(best->first.squared);
	}
	if (best->second.person != INT32_MAX) {
		hit.second_id = g->person[best->second.person].id;
		hit.second_distance = sqrt(best->second.squared);
	}
	return hit;
}

struct hit gallery_search(const struct gallery *g, const float *probe)
{
	struct hit hit;
	gallery_search_many(g, NULL, &probe, 1, NULL, &hit);
	return hit;
}

void gallery_search_split(const struct gallery *g, const struct gallery_mask *m, const float *probe,
	struct hit *in, struct hit *out)
{
	gallery_search_many(g, m, &probe, 1, in, out);
}

void gallery_search_many(const struct gallery *g, const struct gallery_mask *m,
	const float *const *probe, size_t count, struct hit *in, struct hit *out)
{
	struct search search[PROBES];
	for (size_t at = 0; at < count; at += PROBES) {
		const size_t together = count - at < PROBES ? count - at : PROBES;
		bool usable[PROBES];
		for (size_t k = 0; k < together; k++)
			usable[k] = search_init(&search[k], g, m, probe[at + k]);
		for (size_t i = 0; i < g->blocks; i++) {
			const size_t rows = g->rows - i * BLOCK_ROWS;
			for (size_t k = 0; k < together; k++) {
				if (usable[k])
					block_search(&search[k], &g->block[i],
						rows < BLOCK_ROWS ? rows : BLOCK_ROWS);
			}
		}
		for (size_t k = 0; k < together; k++) {
			out[at + k] = hit_of(g, &search[k].best[LANE_OUT]);
			if (in != NULL)
				in[at + k] = hit_of(g, &search[k].best[LANE_IN]);
		}
	}
}

size_t gallery_search_bytes(const struct gallery *g)
{
	return g->rows * (g->stride + SKETCH_ROW_BYTES);
}

/* --- some people and the others --- */

enum err gallery_mask_init(struct gallery_mask *m, const struct gallery *g, struct error *why)
{
	*m = (struct gallery_mask){.in = mem_array(g->people, 1), .people = g->people};
	return m->in != NULL ? OK : err_set(why, ERR_NOMEM, "no memory for %zu people", g->people);
}

void gallery_mask_finish(struct gallery_mask *m)
{
	free(m->in);
	*m = (struct gallery_mask){0};
}

void gallery_mask_add(struct gallery_mask *m, const struct gallery *g, const char *person_id)
{
	int32_t person = person_find(g, person_id);
	if (person == NOBODY || (size_t)person >= m->people || m->in[person])
		return;
	m->in[person] = 1;
	m->count++;
}

/* --- single people --- */

static double distance_to(const struct gallery *g, int32_t person, const float *probe)
{
	double least = INFINITY;
	for (size_t row = 0; row < g->rows; row++) {
		if (*owner_at(g, row) == person)
			least = fmin(least, scan_exact(row_at(g, row), probe, g->dim));
	}
	return sqrt(least);
}

double gallery_distance(const struct gallery *g, const char *person_id, const float *probe)
{
	int32_t person = person_find(g, person_id);
	return person != NOBODY ? distance_to(g, person, probe) : INFINITY;
}

double gallery_between(const struct gallery *g, const char *a, const char *b)
{
	int32_t first = person_find(g, a), second = person_find(g, b);
	double least = INFINITY;
	if (first == NOBODY || second == NOBODY)
		return least;
	for (size_t row = 0; row < g->rows; row++) {
		if (*owner_at(g, row) == first)
			least = fmin(least, distance_to(g, second, row_at(g, row)));
	}
	return least;
}

const float *gallery_row(const struct gallery *g, size_t row, size_t *person)
{
	*person = (size_t)*owner_at(g, row);
	return row_at(g, row);
}

const char *gallery_person(const struct gallery *g, size_t index)
{
	return g->person[index].id;
}
