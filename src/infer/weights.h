/* SPDX-License-Identifier: MIT */
/*
 * Named tensors of a trained network, read from face-api's format: a JSON
 * manifest (a list of groups: "paths" of shards and "weights" with name, shape,
 * dtype, optional quantization {dtype, scale, min}) and its binary shards, whose
 * concatenation holds the values one after another. Immutable once loaded: any thread.
 */
#ifndef INFER_WEIGHTS_H
#define INFER_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	WEIGHTS_RANK_MAX = 4,
	WEIGHTS_MANIFEST_MAX = 1 << 20, /* bytes of a manifest */
	WEIGHTS_SHARD_MAX = 256 << 20,  /* bytes of one shard */
	WEIGHTS_TENSORS_MAX = 4096,
	WEIGHTS_SHARDS_MAX = 64,
};

struct weights;

/* One tensor, borrowed from its weights. */
struct tensor {
	const char *name;
	int rank; /* 0..4 */
	size_t dims
		[WEIGHTS_RANK_MAX]; /* outermost first; convolutions HWIO, as TensorFlow has them */
	size_t count;               /* product of dims; 1 for rank 0 */
	const float *data;
};

/*
 * Loads a manifest and the shards beside it. Errors name the file and the tensor:
 * ERR_FORMAT for what is malformed, too short, left over, or named twice.
 */
enum err weights_load(struct weights **out, const char *manifest_path, struct error *why) MUST_USE;

/* The content of one shard. */
struct shard {
	const uint8_t *data; /* may be NULL when len is 0 */
	size_t len;
};

/*
 * The same from memory, the shards in the order in which the manifest's paths name
 * them. Nothing is kept of the arguments. For tests and the fuzzer.
 */
enum err weights_parse(struct weights **out, const char *manifest, size_t manifest_len,
	const struct shard *shard, size_t shards, struct error *why) MUST_USE;

/* Accepts NULL; the tensors go with it. */
void weights_free(struct weights *w);

/* The tensor of that name, or NULL. */
const struct tensor *weights_find(const struct weights *w, const char *name);

/* The number of tensors, and the i-th of them in the manifest's order. */
size_t weights_count(const struct weights *w);
const struct tensor *weights_at(const struct weights *w, size_t i);

#endif
