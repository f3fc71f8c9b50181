/* SPDX-License-Identifier: MIT */
/*
 * The server: HTTP/1.1, HTTP/2 and WebSocket, with or without TLS. One thread (the one that calls
 * server_run) owns every socket; handlers run on workers and may block.
 *
 * How an upper layer uses it:
 *
 *	static enum err person_get(const struct request *req, struct response *res, struct worker
 *	*w)
 *	{
 *		struct my_worker *my = worker_state(w);      (its own database connection)
 *		struct person person;
 *		enum err err = store_person_get(my->store, request_param(req, "id"), &person,
 *			response_why(res));
 *		if (err != OK)
 *			return err;                          (the server makes a problem document of
 *			it)
 *		return response_json(res, 200, person_json(&person));
 *	}
 *
 *	static const struct route routes[] = {
 *		{METHOD_GET, "/api/v1/people/{id}", .access = MAY_READ, .rate = RATE_API,
 *			.handler = person_get},
 *		{METHOD_POST, "/api/v1/people", .access = MAY_WRITE, .body_max = 64 << 10,
 *			.rate = RATE_API, .handler = person_add},
 *		{METHOD_GET, "/api/v1/live", .access = MAY_READ, .channel = &live_ops},
 *	};
 *
 *	struct server_options o;
 *	server_options_default(&o);
 *	o.route = routes, o.routes = ROUTES;                 (checked when the server opens)
 *	o.authorise = authorise;                             (who may: see below)
 *	o.worker_start = my_start, o.worker_stop = my_stop;  (makes and closes a struct my_worker)
 *	server_open(&server, &o, why), then server_run(server, why) until server_stop(server).
 *
 * The way of a request: head read (limits, timeouts), route found (404, 405, OPTIONS), rate by
 * address taken (429), body collected up to body_max (413), queued (503 when the queue is full);
 * on a worker: authorise, rate by account taken (429), handler; back on the loop: conditions,
 * ranges, default headers, out.
 *
 * server_stop, server_reload, server_stats_get, server_route_stats: any thread, the first two in
 * signal handlers too. The rest: one thread.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/channel.h"
#include "net/request.h"
#include "net/response.h"

struct server;
struct worker;

enum {
	SERVER_ROUTES_MAX = 512,
	SERVER_LISTEN_MAX = 8,
	SERVER_CONNECTIONS = 12000,         /* default of connections_max */
	SERVER_BODY_MAX = 32 * 1024 * 1024, /* the largest body_max a route may have is 1 GB */
};

/* OK or an error, as response_why() says. Runs on a worker; may block. */
typedef enum err handler_fn(const struct request *req, struct response *res, struct worker *w);

enum route_flags {
	ROUTE_ANY_ORIGIN =
		1 << 0,       /* CORS for every origin, without credentials: public data only */
	ROUTE_QUIET = 1 << 1, /* not told to the log callback: health checks */
	ROUTE_NOW = 1 << 2,   /* on the loop's thread, without authorise, never queued: it must
	                              not block; worker_state is NULL there. For /healthz, assets */
};

/*
 * One line of the table. Path: segments, of which "{name}" stands for one that is not empty,
 * and "{name...}" as the last for everything that follows, slashes included, perhaps nothing.
 * A plain segment is preferred to "{name}". HEAD comes with GET, OPTIONS by itself.
 */
struct route {
	enum method method;
	const char *path;
	int access;      /* the upper layer's own; looked at by authorise only */
	size_t body_max; /* bytes; 0: no body is taken */
	int rate;        /* index into server_options.rate; 0: not limited */
	unsigned flags;
	handler_fn *handler;
	const struct channel_ops *channel; /* a WebSocket instead of a handler; method GET */
	const void *data;                  /* the handler's own: request_route(req)->data */
};

/*
 * A class of requests and how many of them: buckets that hold `burst` and fill with `per_minute`,
 * one for each client address (IPv6: each /64) and one for each account. burst 0: not limited.
 */
struct rate_class {
	const char *name;
	double address_per_minute, address_burst;
	double account_per_minute, account_burst;
};

/* One line of an access log; ids, never names. Strings borrowed for the call. */
struct access_entry {
	const struct request *request;
	const char *protocol; /* "HTTP/1.1", "HTTP/2" */
	int status;
	double wait_ms, work_ms, total_ms; /* in the queue, on the worker, from head to last byte */
	uint64_t bytes_in, bytes_out;
};

struct listen_address {
	const char *host; /* "127.0.0.1", "::", a name; NULL: every address */
	int port;         /* 0: any free one, see server_port */
	bool tls;
};

struct server_options {
	struct listen_address listen[SERVER_LISTEN_MAX];
	size_t listens;
	const char *tls_cert, *tls_key; /* PEM files; looked at again when they change */
	const struct route *route;      /* borrowed for the server's life */
	size_t routes;
	const struct rate_class *rate; /* borrowed; [0] is not used */
	size_t rates;
	const char *const *trust_proxy; /* "10.0.0.0/8", ...; whose X-Forwarded-For holds */
	size_t trust_proxies;
	const char *const *cors_origin; /* "https://school.example", ... */
	size_t cors_origins;
	const char *csp; /* Content-Security-Policy; NULL: a strict one */
	long hsts_s;     /* Strict-Transport-Security under TLS; 0: none */

	int workers;            /* 0: one a processor */
	size_t queue_max;       /* requests that wait for a worker */
	size_t connections_max; /* in all; the limit of open files is raised for it */
	size_t address_max;     /* connections of one address; 0: no limit. Not for loopback and
	                           trusted proxies */
	size_t bodies_max;      /* bytes of all request bodies in memory at a time */
	int head_timeout_s;  /* from the first byte of a head to its end, and for the handshake */
	int body_timeout_s;  /* a body may take this long and as long as body_rate_min allows */
	int body_rate_min;   /* bytes a second, both ways */
	int write_timeout_s; /* the client takes nothing for so long */
	int idle_timeout_s;  /* between requests of a connection */
	int stop_timeout_s;  /* for requests in hand after server_stop */

	/* UTC milliseconds; needed. */
	int64_t (*now_ms)(void);

	/* The state of each worker, made and taken away on its own thread. May be NULL. */
	enum err (*worker_start)(void *user, int index, void **state, struct error *why);
	void (*worker_stop)(void *user, void *state);

	/*
	 * Whether this caller may: on the worker, before the handler, for every route without
	 * ROUTE_NOW; request_route(req)->access says what is wanted. OK: goes on. Otherwise the
	 * answer is what it put into `res` (a 401 or 403 problem), or the error as response_why
	 * says. Sets request_set_caller and request_set_account. NULL: everybody may everything.
	 */
	enum err (*authorise)(struct request *req, struct response *res, struct worker *w);

	/* Called on the loop's thread when an answer is out; must not block. May be NULL. */
	void (*access_log)(void *user, const struct access_entry *entry);

	/* Called on the loop's thread after server_reload. May be NULL. */
	void (*reloaded)(void *user);
	void *user;
};

/* Sensible values everywhere; no listen address, no routes. */
void server_options_default(struct server_options *o);

/*
 * Checks the routes, binds the addresses, reads the certificate, starts the workers. The options
 * are copied; what they point to stays borrowed. ERR_ARG for bad routes or options, ERR_IO when an
 * address cannot be had, ERR_FORMAT or ERR_KEY for the certificate, worker_start's error. SIGPIPE
 * is ignored from here on, unless the program has a handler for it.
 */
enum err server_open(
	struct server **out, const struct server_options *o, struct error *why) MUST_USE;

/* The port that listen address `index` has. */
int server_port(const struct server *s, size_t index);

/*
 * Serves until server_stop. Tells systemd (sd_notify: READY, RELOADING, STOPPING, the watchdog)
 * when it is asked to. Then no connection is accepted, requests in hand are finished, at most for
 * stop_timeout_s. OK after a stop; ERR_IO when the loop itself cannot go on.
 */
enum err server_run(struct server *s, struct error *why) MUST_USE;

/*
 * After server_run, or after server_open when it never ran. Waits for handlers that still run (to
 * them request_gone is true) and has every channel's close called. Accepts NULL.
 */
void server_close(struct server *s);

/* Ends server_run soon. Any thread, and signal handlers. */
void server_stop(struct server *s);

/* Reads the certificate again and calls `reloaded`. Any thread, and signal handlers. */
void server_reload(struct server *s);

/* What worker_start made for the worker that calls; NULL within ROUTE_NOW. */
void *worker_state(struct worker *w);
struct server *worker_server(struct worker *w);

/*
 * Takes one from the bucket of `key` (failed sign-ins by e-mail, say), which holds and fills as a
 * class says for accounts. false when it is empty; then *retry_s (may be NULL) is when there is one
 * again. Any thread.
 */
bool server_rate_take(struct server *s, int rate, const char *key, int *retry_s);

/* Bounds of the histogram's buckets in milliseconds; the last bucket is everything above. */
enum { STATS_BUCKETS = 12 };
extern const double stats_bound_ms[STATS_BUCKETS - 1];

/* Counters of one route since the start; those of requests without a route are the last. */
struct route_stats {
	atomic_uint_fast64_t status[6]; /* by hundreds: [2] is 2xx; [0] those that went away */
	atomic_uint_fast64_t bucket[STATS_BUCKETS]; /* of total time, each counted once */
	atomic_uint_fast64_t total_us;
};

/* Gauges at this moment and counters since the start. */
struct server_stats {
	uint64_t accepted, refused;     /* connections; refused: over a limit */
	uint64_t connections, channels; /* open now; channels are connections too */
	uint64_t requests;
	uint64_t queue_waiting, queue_running, queue_full; /* now, now, times it was */
	uint64_t rate_limited;                             /* answers 429 */
	uint64_t timeouts; /* connections ended because of slowness */
	uint64_t bytes_in, bytes_out;
	uint64_t body_bytes;                                  /* of bodies in memory now */
	uint64_t messages_in, messages_out, messages_dropped; /* of channels */
	uint64_t handshake_failures;                          /* TLS */
};

/* Fills a copy. */
void server_stats_get(const struct server *s, struct server_stats *out);

/* One for each line of the table in its order, then one for no route; *count = routes + 1. */
const struct route_stats *server_route_stats(const struct server *s, size_t *count);

#endif
