/* SPDX-License-Identifier: MIT */
#include "net/peers.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct peer {
	uint8_t key[8]; /* an IPv4-mapped address's last eight bytes, else the /64 */
	bool used, v4;
	size_t count;
};

/* Open addressing, at most half full; what is removed is filled up from behind. */
struct peers {
	uint8_t seed[crypto_shorthash_KEYBYTES];
	size_t places, used;
	struct peer *peer;
};

enum err peers_open(struct peers **out, size_t max)
{
	struct peers *p = calloc(1, sizeof(*p));
	*out = p;
	if (p == NULL)
		return ERR_NOMEM;
	randombytes_buf(p->seed, sizeof(p->seed));
	p->places = max * 2 + 2;
	p->peer = mem_array(p->places, sizeof(*p->peer));
	if (p->peer != NULL)
		return OK;
	free(p);
	*out = NULL;
	return ERR_NOMEM;
}

void peers_close(struct peers *p)
{
	if (p == NULL)
		return;
	free(p->peer);
	free(p);
}

static struct peer key_of(const struct address *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct peer key = {.used = true};
	key.v4 = memcmp(a->byte, mapped, sizeof(mapped)) == 0;
	memcpy(key.key, a->byte + (key.v4 ? 8 : 0), 8);
	return key;
}

static size_t home_of(const struct peers *p, const struct peer *key)
{
	uint64_t hash;
	crypto_shorthash((uint8_t *)&hash, key->key, sizeof(key->key), p->seed);
	return (size_t)(hash % p->places);
}

/* Its place, or the free one where it would be. */
static size_t find(const struct peers *p, const struct peer *key)
{
	size_t at = home_of(p, key);
	while (p->peer[at].used &&
		(p->peer[at].v4 != key->v4 || memcmp(p->peer[at].key, key->key, 8) != 0))
		at = (at + 1) % p->places;
	return at;
}

enum err peers_add(struct peers *p, const struct address *a)
{
	struct peer key = key_of(a);
	size_t at = find(p, &key);
	if (!p->peer[at].used) {
		if (p->used * 2 >= p->places)
			return ERR_LIMIT;
		p->used++;
		p->peer[at] = key;
	}
	p->peer[at].count++;
	return OK;
}

void peers_remove(struct peers *p, const struct address *a)
{
	struct peer key = key_of(a);
	size_t hole = find(p, &key);
	if (!p->peer[hole].used || --p->peer[hole].count > 0)
		return;
	p->peer[hole].used = false;
	p->used--;
	/* Those behind that stand away from home because of the hole move up. */
	for (size_t at = (hole + 1) % p->places; p->peer[at].used; at = (at + 1) % p->places) {
		size_t home = home_of(p, &p->peer[at]);
		size_t away = (at + p->places - home) % p->places;
		size_t gap = (at + p->places - hole) % p->places;
		if (away < gap)
			continue;
		p->peer[hole] = p->peer[at];
		p->peer[at].used = false;
		hole = at;
	}
}

size_t peers_count(const struct peers *p, const struct address *a)
{
	struct peer key = key_of(a);
	size_t at = find(p, &key);
	return p->peer[at].used ? p->peer[at].count : 0;
}
