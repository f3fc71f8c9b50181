/* SPDX-License-Identifier: MIT */
#include "infer/packs.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "infer/pages.h"

enum { SAMPLES_MAX = 4096 /* values of a filter that are looked at to know it again */ };

struct pack {
	struct pages pages; /* empty: nobody needed it yet */
	uint64_t mark;      /* of the weights it was made of */
};

struct packs {
	atomic_size_t users;
	size_t count;
	struct pack pack[]; /* (count) by operation */
};

static uint64_t mix(uint64_t mark, const float *value, size_t count, size_t step)
{
	for (size_t i = 0; value != NULL && i < count; i += step) {
		uint32_t bits;
		memcpy(&bits, &value[i], sizeof(bits));
		mark = (mark ^ bits) * 1099511628211u; /* FNV-1a, a word at a time */
	}
	return mark;
}

/* Tells a convolution's weights from those of another one. */
static uint64_t mark_of(const struct op *op)
{
	const struct conv *c = &op->conv;
	const size_t count = op_filter_count(op), step = 1 + count / SAMPLES_MAX;
	uint64_t mark = 14695981039346656037u ^ (uint64_t)op->kind;
	mark = (mark ^ count) * 1099511628211u;
	mark = (mark ^ c->out) * 1099511628211u;
	mark = (mark ^ c->filter_w) * 1099511628211u;
	mark = mix(mark, c->filter, count, step);
	mark = mix(mark, c->bias, c->out, 1);
	mark = mix(mark, c->scale, c->out, 1);
	return mix(mark, c->offset, c->out, 1);
}

static bool fits(const struct packs *p, const struct graph *g)
{
	if (p->count != graph_ops(g))
		return false;
	for (size_t i = 0; i < p->count; i++) {
		const struct op *op = graph_op(g, i);
		if (p->pack[i].pages.data == NULL)
			continue;
		if (op_filter_count(op) == 0 || mark_of(op) != p->pack[i].mark)
			return false;
	}
	return true;
}

enum err packs_for(struct packs **out, const struct graph *g, struct packs *like, struct error *why)
{
	size_t bytes;
	*out = NULL;
	if (like != NULL && fits(like, g)) {
		atomic_fetch_add(&like->users, 1);
		*out = like;
		return OK;
	}
	if (!size_mul(graph_ops(g), sizeof(struct pack), &bytes) ||
		!size_add(bytes, sizeof(struct packs), &bytes) ||
		(*out = mem_array(1, bytes)) == NULL)
		return err_set(why, ERR_NOMEM, "cannot build the network: out of memory");
	(*out)->count = graph_ops(g);
	atomic_init(&(*out)->users, 1);
	return OK;
}

void packs_release(struct packs *p)
{
	if (p == NULL || atomic_fetch_sub(&p->users, 1) > 1)
		return;
	for (size_t i = 0; i < p->count; i++)
		pages_finish(&p->pack[i].pages);
	free(p);
}

float *packs_at(struct packs *p, const struct graph *g, size_t op, size_t floats, bool *fresh)
{
	size_t bytes;
	assert(op < p->count);
	struct pack *pack = &p->pack[op];
	*fresh = pack->pages.data == NULL;
	if (*fresh) {
		if (!size_mul(floats, sizeof(float), &bytes) || !pages_init(&pack->pages, bytes))
			return NULL;
		pack->mark = mark_of(graph_op(g, op));
	}
	assert(pack->pages.bytes == floats * sizeof(float));
	return pack->pages.data;
}
