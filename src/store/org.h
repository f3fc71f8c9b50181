/* SPDX-License-Identifier: MIT */
/* The organisation that a handle works in. Shared inside src/store only; as a store. */
#ifndef STORE_ORG_H
#define STORE_ORG_H

#include "store/store.h"

/* Adds "My organisation" in the zone of the machine if there is none. */
enum err org_make_first(struct store *s, int64_t now_ms, struct error *why) MUST_USE;
/* Works in the oldest organisation from now on; s->org_id stays "" when there is none. */
enum err org_use_first(struct store *s, struct error *why) MUST_USE;

#endif
