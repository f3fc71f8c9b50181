/* SPDX-License-Identifier: MIT */
#include "net/limit.h"

#include <math.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { WAYS = 8, RETRY_S_MAX = 3600 };

/* A zero hash is an empty place. The hash is keyed: nobody can aim at another's bucket. */
struct bucket {
	uint64_t hash;
	int64_t at_ms; /* when `tokens` was right */
	double tokens;
};

/* A set-associative table: a key lives in one of the WAYS places of its set. */
struct limit {
	pthread_mutex_t lock;
	uint8_t key[crypto_shorthash_KEYBYTES];
	size_t sets;
	struct bucket *bucket;
};

enum err limit_open(struct limit **out, size_t keys, struct error *why)
{
	*out = NULL;
	struct limit *l = calloc(1, sizeof(*l));
	if (l == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	pthread_mutex_init(&l->lock, NULL);
	l->sets = keys / WAYS + 1;
	size_t places;
	l->bucket = size_mul(l->sets, WAYS, &places) ? mem_array(places, sizeof(*l->bucket)) : NULL;
	if (l->bucket == NULL || sodium_init() < 0) {
		limit_close(l);
		return err_set(why, ERR_NOMEM, "out of memory");
	}
	randombytes_buf(l->key, sizeof(l->key));
	*out = l;
	return OK;
}

void limit_close(struct limit *l)
{
	if (l == NULL)
		return;
	pthread_mutex_destroy(&l->lock);
	free(l->bucket);
	free(l);
}

static uint64_t hash_of(const struct limit *l, int scope, const char *key)
{
	char text[128];
	memcpy(text, &scope, sizeof(scope));
	size_t len = strnlen(key, sizeof(text) - sizeof(scope));
	memcpy(text + sizeof(scope), key, len);
	uint64_t hash;
	crypto_shorthash((uint8_t *)&hash, (const uint8_t *)text, len + sizeof(scope), l->key);
	return hash != 0 ? hash : 1;
}

/* The key's place, or the one that gives way to it. */
static struct bucket *place(struct limit *l, uint64_t hash)
{
	struct bucket *set = &l->bucket[hash % l->sets * WAYS];
	struct bucket *oldest = set;
	for (int i = 0; i < WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
		if (set[i].hash == 0 || (oldest->hash != 0 && set[i].at_ms < oldest->at_ms))
			oldest = &set[i];
	}
	return oldest;
}

bool limit_take(struct limit *l, int scope, const char *key, struct limit_rate rate, int64_t now_ms,
	int *retry_s)
{
	if (rate.burst <= 0)
		return true;
	uint64_t hash = hash_of(l, scope, key);
	pthread_mutex_lock(&l->lock);
	struct bucket *b = place(l, hash);
	if (b->hash != hash)
		*b = (struct bucket){.hash = hash, .at_ms = now_ms, .tokens = rate.burst};
	if (now_ms > b->at_ms) {
		b->tokens += (double)(now_ms - b->at_ms) * rate.per_minute / 60000;
		b->tokens = fmin(b->tokens, rate.burst);
		b->at_ms = now_ms;
	}
	bool taken = b->tokens >= 1;
	b->tokens -= taken ? 1 : 0;
	double wait_s = rate.per_minute > 0 ? (1 - b->tokens) * 60 / rate.per_minute : RETRY_S_MAX;
	pthread_mutex_unlock(&l->lock);
	if (!taken && retry_s != NULL)
		*retry_s = (int)fmax(1, fmin(ceil(wait_s), RETRY_S_MAX));
	return taken;
}
