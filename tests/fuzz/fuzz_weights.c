/* SPDX-License-Identifier: MIT */
/*
 * Weights from any bytes: first the number of shards, then a 16-bit length of the
 * manifest, the manifest, and the rest shared out evenly among the shards.
 */
#include <stddef.h>
#include <stdint.h>

#include "infer/faceapi.h"
#include "infer/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SHARDS_MAX = 4, HEADER = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shard shard[SHARDS_MAX];
	struct weights *w;
	struct graph *g;
	struct error why = {0};
	if (size < HEADER)
		return 0;
	const size_t shards = 1 + data[0] % SHARDS_MAX;
	size_t manifest = data[1] | (size_t)data[2] << 8;
	data += HEADER;
	size -= HEADER;
	if (manifest > size)
		manifest = size;
	const size_t part = (size - manifest) / shards;
	for (size_t i = 0; i < shards; i++) {
		shard[i].data = data + manifest + i * part;
		shard[i].len = i + 1 < shards ? part : size - manifest - i * part;
	}
	if (weights_parse(&w, (const char *)data, manifest, shard, shards, &why) == OK) {
		double sum = 0;
		for (size_t i = 0; i < weights_count(w); i++) {
			const struct tensor *t = weights_at(w, i);
			sum += (double)t->data[0] + (double)t->data[t->count - 1];
			if (weights_find(w, t->name) != t || sum != sum)
				__builtin_trap();
		}
		if (faceapi_tiny(&g, w, 32, &why) == OK)
			graph_free(g);
		weights_free(w);
	}
	return 0;
}
