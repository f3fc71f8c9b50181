/* SPDX-License-Identifier: MIT */
/*
 * How the server is built; for src/net only. Everything is the loop's thread's, except what
 * stands under a lock or is said to be a worker's.
 *
 *	server.c     opens, closes, getters             exchange.c  a request and its answer
 *	loop.c       epoll, accept, timers, stop        work.c      what workers do
 *	conn.c       a socket: bytes in, bytes out      channel.c   WebSocket handles and queues
 *	conn_h1.c, conn_h2.c, conn_ws.c                 the three protocols on a conn
 *
 * Life of an exchange: made by a protocol when a request begins; belongs to the loop, then (while
 * `queued`) to the pool, then comes back through server.done. Its conn may be closed meanwhile:
 * then ex->conn is NULL and the answer is thrown away.
 */
#ifndef NET_SERVER_INT_H
#define NET_SERVER_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/pool.h"
#include "net/channel.h"
#include "net/limit.h"
#include "net/request_int.h"
#include "net/response_int.h"
#include "net/router.h"
#include "net/server.h"
#include "net/tls.h"

enum {
	IO_ROOM = 64 * 1024,   /* bytes read or produced at a time */
	SWEEP_MS = 250,        /* how often deadlines are looked at */
	LINGER_MS = 2000,      /* what a refused client still sends is read over for so long */
	CERT_LOOK_MS = 5000,   /* how often certificate files are looked at */
	H2_STREAMS_MAX = 64,   /* of one connection at a time */
	CHANNEL_MAIL_MAX = 16, /* messages that wait; then the client waits (CHANNEL_WAIT) */
	CHANNEL_MAIL_BYTES = 256 * 1024, /* or as many bytes of them */
	CLOSE_MS = 3000,                 /* for the other side to answer a close frame */
	RETRY_BUSY_S = 1,
};

struct conn;
struct exchange;

/* What runs on a worker: begins struct exchange and struct channel. */
enum job_kind { JOB_EXCHANGE, JOB_CHANNEL };

struct worker {
	struct server *server;
	void *state;
};

enum exchange_phase {
	PHASE_HEAD,   /* being read */
	PHASE_BODY,   /* being read */
	PHASE_WORK,   /* queued or being worked on */
	PHASE_ANSWER, /* being sent */
};

struct exchange {
	enum job_kind kind; /* JOB_EXCHANGE */
	struct server *server;
	struct conn *conn;            /* NULL: gone */
	struct exchange *prev, *next; /* of the conn's exchanges */
	struct exchange *next_done;   /* of server.done */
	int32_t stream;               /* h2 */
	char *target;                 /* h2, until the head is complete */
	enum err head_err;            /* h2: what was wrong with the head */
	struct error head_why;
	enum exchange_phase phase;
	struct request req;
	struct response res;
	struct route_match match;
	struct channel *channel; /* made for a WebSocket route */
	bool queued;
	bool accepted;  /* a worker said that the channel is open */
	bool body_open; /* h2: the client has not said that it is at the end */
	bool completed; /* response_complete was done */
	bool counted;   /* in the statistics already */
	int64_t begin_us, queued_us, work_us, done_us; /* monotonic */
	int64_t phase_ms, moved_ms; /* when the phase began, when bytes last moved */
	uint64_t moved;             /* bytes in this phase */
	uint64_t sent;              /* of the body */
	uint64_t bytes_in, bytes_out;
};

/* What a protocol does for its connection. */
struct conn_ops {
	/* All bytes are taken (kept, if need be). false: the connection is to be closed now. */
	bool (*input)(struct conn *c, const uint8_t *bytes, size_t len);
	/* Up to `room` bytes to send; 0: nothing at present. */
	size_t (*produce)(struct conn *c, uint8_t *space, size_t room);
	/* The client sends nothing more. false: close now. */
	bool (*eof)(struct conn *c);
	/* A worker has done with `ex`. */
	void (*answer)(struct conn *c, struct exchange *ex);
	/* An exchange took too long; it may be answered or the connection closed (false). */
	bool (*too_slow)(struct conn *c, struct exchange *ex);
	/* Every SWEEP_MS. false: close now. */
	bool (*tick)(struct conn *c);
	/* The server stops. */
	void (*stop)(struct conn *c);
	void (*finish)(struct conn *c);
};

/* A connection. `proto` is the protocol's own. */
struct conn {
	bool is_listener; /* false; begins struct listener too */
	struct server *server;
	struct conn *prev, *next;
	int fd;
	struct tls_session *tls;
	const struct conn_ops *ops;
	void *proto;
	struct exchange *exchanges;
	struct address peer;
	bool exempt; /* not counted by address */
	bool handshaking, paused, want_tls_write, want_tls_read;
	bool eof, closing, lingering, dead;
	bool kicked; /* in the list of those to be served though no event came */
	struct conn *next_kicked;
	uint32_t events;  /* what epoll was told */
	uint8_t *pending; /* produced, but not taken by the socket */
	size_t pending_len, pending_at;
	int64_t stalled_ms;  /* since when the socket takes nothing; 0: it does */
	int64_t deadline_ms; /* 0: none */
};

struct listener {
	bool is_listener; /* true */
	int fd;
	bool tls;
	int port;
};

/* How many connections an address has; a small table, chained by hash. */
struct peers;

struct server {
	struct server_options options;
	struct router *router;
	struct network *trusted;
	size_t trusted_count;
	struct pool *pool;
	struct limit *limit;
	struct tls *tls;
	struct route_stats *route_stats;
	struct listener listener[SERVER_LISTEN_MAX];
	size_t listeners;
	struct peers *peers;
	int epoll, wake;
	int64_t now_ms; /* monotonic, of this turn */
	int64_t next_sweep_ms, next_cert_ms, next_watchdog_ms, watchdog_ms, stop_by_ms;
	struct conn *conns;
	struct conn *kicked;
	struct conn *dead; /* to be freed at the turn's end */
	size_t conn_count, conn_max;
	size_t in_hand; /* exchanges that a worker has or will have */
	uint8_t *in_space, *out_space;
	bool stopping;
	int64_t accept_again_ms;

	atomic_bool stop_wanted, reload_wanted;
	pthread_mutex_t lock; /* over the two lists */
	struct exchange *done;
	struct channel *dirty;

	/* Counters of struct server_stats; see its comments. */
	atomic_uint_fast64_t accepted, refused, connections, channels, requests, queue_full;
	atomic_uint_fast64_t rate_limited, timeouts, bytes_in, bytes_out, body_bytes;
	atomic_uint_fast64_t messages_in, messages_out, messages_dropped, handshake_failures;
	atomic_uint_fast64_t next_channel;
};

/* Adds to a counter. */
#define COUNT(counter, n) atomic_fetch_add_explicit(&(counter), (n), memory_order_relaxed)
#define UNCOUNT(counter, n) atomic_fetch_sub_explicit(&(counter), (n), memory_order_relaxed)

/* Monotonic clock. */
int64_t mono_us(void);
int64_t mono_ms(void);

/* loop.c: wakes the loop from any thread. Async-signal-safe. */
void server_wake(struct server *s);

/* conn.c */
/* Takes a socket over; closes it when there is no memory. */
void conn_open(struct server *s, int fd, bool tls, const struct address *peer, bool exempt);
/* Marks for closing at the turn's end; exchanges in hand are cut off. */
void conn_close(struct conn *c);
/* Frees what was marked. */
void conn_free(struct conn *c);
/* After epoll's event. */
void conn_event(struct conn *c, uint32_t events);
/* Sends what there is, reads what waits, tells epoll what is wanted. */
void conn_serve(struct conn *c);
/* Has conn_serve called later in this turn. */
void conn_kick(struct conn *c);
/* Stops or resumes reading. */
void conn_pause(struct conn *c, bool paused);
/* Deadlines. */
void conn_sweep(struct conn *c);
/* Sends what was produced, then closes; reads over what still comes. */
void conn_finish_up(struct conn *c);
/* From the first protocol to another on the same socket. */
void conn_switch(struct conn *c, const struct conn_ops *ops, void *proto);

extern const struct conn_ops conn_h1_ops, conn_h2_ops, conn_ws_ops;
/* Make the protocol's part; ERR_NOMEM. */
enum err conn_h1_start(struct conn *c) MUST_USE;
enum err conn_h2_start(struct conn *c) MUST_USE;
/* Takes over the socket from h1 after the 101, with what the client sent behind its head. */
enum err conn_ws_start(struct conn *c, struct channel *ch) MUST_USE;

/* exchange.c */
/* NULL when out of memory. Joins the conn's list. */
struct exchange *exchange_new(struct conn *c, int32_t stream);
/* Ends it: out of the list, counted, told to the log; freed now or when the worker is done. */
void exchange_end(struct exchange *ex);
void exchange_free(struct exchange *ex);
/* A worker has given it back and its conn is gone: counted as such and freed. */
void exchange_forget(struct exchange *ex);
/* The header block of the answer, line by line, for h1 and h2: every field, then the length. */
bool exchange_has_length(const struct exchange *ex);
void exchange_phase(struct exchange *ex, enum exchange_phase phase);
/* `n` more bytes of this phase. */
void exchange_moved(struct exchange *ex, uint64_t n);
/* Whether the client is too slow in this phase. */
bool exchange_is_late(const struct exchange *ex);
/*
 * After the head: route, rate, length. true: the body is wanted (exchange_body, then
 * exchange_dispatch). false: there is an answer already.
 */
bool exchange_head(struct exchange *ex, bool has_length, uint64_t length);
/* A piece of the body. false: it was too much and there is an answer. */
bool exchange_body(struct exchange *ex, const uint8_t *bytes, size_t len);
/* The request is whole: queues it. true: ops->answer will be called. false: answered now. */
bool exchange_dispatch(struct exchange *ex);
/* Answers with a problem instead of everything so far; completes it. */
void exchange_refuse(struct exchange *ex, int status, const char *code, const char *text);
/* For a request that could not be read; the status for the error of a parser. */
void exchange_unreadable(struct exchange *ex, enum err err, const struct error *why);
/* Makes the answer ready to be sent. */
void exchange_complete(struct exchange *ex);
/* Copies up to `room` bytes of the answer's body from ex->sent on. -1: the file is damaged. */
long exchange_read(struct exchange *ex, uint8_t *space, size_t room);

/* work.c: the pool's run function. */
void work_run(void *job, void *state);

/* channel.c */
struct channel *channel_new(struct server *s, const struct channel_ops *ops);
/* The loop's: a connection is there or is gone for ever. */
void channel_attach(struct channel *ch, struct conn *c);
void channel_detach(struct channel *ch, int code);
/* A message came; takes `bytes` over (malloc, a zero behind it). ERR_NOMEM. true: pause. */
bool channel_deliver(struct channel *ch, uint8_t *bytes, size_t len, bool binary);
bool channel_mail_full(struct channel *ch);
/* The next message to send, or NULL; the caller releases it. */
struct payload *channel_next(struct channel *ch);
/* Whether a close is wanted; its code and reason (124 bytes). */
bool channel_close_wanted(struct channel *ch, int *code, char *reason);
bool channel_has_output(struct channel *ch);
/* A worker's: one turn. */
void channel_work(struct channel *ch, struct worker *w);
/* Loop: the channels that were sent to since the last call, each to be served. */
void channel_serve_dirty(struct server *s);
struct conn *channel_conn(const struct channel *ch);
const struct channel_ops *channel_get_ops(const struct channel *ch);
const uint8_t *payload_bytes(const struct payload *p, size_t *len, bool *binary);

#endif
