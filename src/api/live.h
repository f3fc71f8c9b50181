/* SPDX-License-Identifier: MIT */
/*
 * What happens now, to whoever follows it at /api/v1/live. One thread of its own reads the events
 * of the store and sends them on; it runs from the first follower on. live_wake: any thread.
 */
#ifndef API_LIVE_H
#define API_LIVE_H

#include <stdint.h>

#include "base/err.h"

struct live;

/* `home` is copied; now_ms is the server's clock. */
enum err live_open(
	struct live **out, const char *home, int64_t (*now_ms)(void), struct error *why) MUST_USE;
/* After the server has gone; accepts NULL. */
void live_close(struct live *live);

/* Something was committed: look now. */
void live_wake(struct live *live);

#endif
