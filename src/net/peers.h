/* SPDX-License-Identifier: MIT */
/* How many connections each address has (IPv6: each /64). Loop thread only. */
#ifndef NET_PEERS_H
#define NET_PEERS_H

#include "base/err.h"
#include "net/address.h"

struct peers;

/* Room for `max` addresses at a time. ERR_NOMEM. */
enum err peers_open(struct peers **out, size_t max) MUST_USE;
void peers_close(struct peers *p);

/* One connection more. ERR_LIMIT when there is no room. */
enum err peers_add(struct peers *p, const struct address *a) MUST_USE;
/* One less; it must have been added. */
void peers_remove(struct peers *p, const struct address *a);
size_t peers_count(const struct peers *p, const struct address *a);

#endif
