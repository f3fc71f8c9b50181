/* SPDX-License-Identifier: MIT */
/*
 * A WebSocket connection as the upper layer sees it: callbacks on workers, and a counted handle
 * through which any thread may send.
 *
 * The callbacks of one channel never run at the same time and run in order: open, then message
 * any number of times, then close exactly once if open returned OK; each perhaps on another
 * worker. Between open's return and close's the server holds the handle; whoever keeps it
 * longer calls channel_hold.
 */
#ifndef NET_CHANNEL_H
#define NET_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct channel;
struct request;
struct response;
struct worker;

/* What waits for a client that reads too slowly, when it is more than out_max. */
enum channel_slow {
	CHANNEL_DROP_OLDEST, /* the oldest whole messages go: for what is replaced anyway */
	CHANNEL_CLOSE,       /* the connection goes, with 1013: the client comes back and resumes */
};

/* What comes in faster than it is dealt with. */
enum channel_busy {
	CHANNEL_WAIT,   /* nothing more is read from the client: no message is lost */
	CHANNEL_NEWEST, /* one message waits; a newer one takes its place (live frames) */
};

enum {
	CHANNEL_MESSAGE_MAX = 64 * 1024, /* bytes of a message in, where ops say 0 */
	CHANNEL_OUT_MAX = 256 * 1024,    /* bytes that wait to go out, where ops say 0 */
	CHANNEL_IDLE_S = 90, /* pinged at half of it; closed when silent for all of it */
};

/* Constant for the server's life. Numbers of 0 stand for the defaults above. */
struct channel_ops {
	/*
	 * Before the connection is a WebSocket, after authorise. OK: it becomes one; what was sent
	 * in here follows the handshake, and channel_close in here ends it after that. Otherwise
	 * the response is answered instead, or the error as in response_why. May be NULL.
	 */
	enum err (*open)(const struct request *req, struct response *res, struct channel *ch,
		struct worker *w);
	/* A whole message, borrowed. A zero byte follows it; text is valid UTF-8. May be NULL. */
	void (*message)(
		struct channel *ch, const uint8_t *data, size_t len, bool binary, struct worker *w);
	/* The last call; `code` as in RFC 6455, 7.4 (1006: it just vanished). May be NULL. */
	void (*close)(struct channel *ch, int code, struct worker *w);
	size_t message_max, out_max;
	int idle_s;
	enum channel_slow slow;
	enum channel_busy busy;
	const char *const *protocols; /* subprotocols we speak, ended by NULL; NULL: none */
};

/* Another holder, and one less. Any thread. */
struct channel *channel_hold(struct channel *ch);
void channel_release(struct channel *ch);

/* A number of this channel, never used twice by a server. */
uint64_t channel_id(const struct channel *ch);

/* What the callbacks keep with it; set it in open, free it in close. */
void channel_set_data(struct channel *ch, void *data);
void *channel_data(const struct channel *ch);

/*
 * Queues a copy of a message. ERR_STOPPED when the connection is closing or gone, ERR_LIMIT when
 * it is larger than out_max or the client was dropped for slowness just now, ERR_NOMEM. Any thread.
 */
enum err channel_send(struct channel *ch, const void *data, size_t len, bool binary) MUST_USE;

/* A message that many channels share without copies; counted. NULL when out of memory. */
struct payload;
struct payload *payload_new(const void *data, size_t len, bool binary);
/* Any thread; the caller keeps its own count. */
enum err channel_send_payload(struct channel *ch, struct payload *payload) MUST_USE;
void payload_release(struct payload *payload);

/*
 * Ends the connection after what was queued before: `code` 1000..4999, `reason` up to 123 bytes
 * or NULL. Calling it again does nothing. Any thread.
 */
void channel_close(struct channel *ch, int code, const char *reason);

#endif
