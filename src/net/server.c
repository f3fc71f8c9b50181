/* SPDX-License-Identifier: MIT */
#include "net/server.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/peers.h"
#include "net/server_int.h"

enum { BACKLOG = 1024, SPARE_FILES = 64 };

void server_options_default(struct server_options *o)
{
	*o = (struct server_options){.hsts_s = 365L * 24 * 3600,
		.queue_max = 256,
		.connections_max = SERVER_CONNECTIONS,
		.address_max = 512,
		.bodies_max = 256UL * 1024 * 1024,
		.head_timeout_s = 10,
		.body_timeout_s = 20,
		.body_rate_min = 4096,
		.write_timeout_s = 20,
		.idle_timeout_s = 75,
		.stop_timeout_s = 4};
}

static enum err check_options(const struct server_options *o, struct error *why)
{
	if (o->now_ms == NULL)
		return err_set(why, ERR_ARG, "the server needs a clock");
	if (o->listens == 0 || o->listens > SERVER_LISTEN_MAX)
		return err_set(why, ERR_ARG, "1 to %d addresses to listen on are possible",
			SERVER_LISTEN_MAX);
	bool tls = false;
	for (size_t i = 0; i < o->listens; i++) {
		tls = tls || o->listen[i].tls;
		if (o->listen[i].port < 0 || o->listen[i].port > 65535)
			return err_set(why, ERR_ARG, "%d is no port", o->listen[i].port);
	}
	if (tls && (o->tls_cert == NULL || o->tls_key == NULL))
		return err_set(why, ERR_ARG, "TLS needs a certificate and its key");
	if (o->queue_max < 1 || o->connections_max < 1 || o->body_rate_min < 1 ||
		o->head_timeout_s < 1 || o->body_timeout_s < 1 || o->write_timeout_s < 1 ||
		o->idle_timeout_s < 1 || o->stop_timeout_s < 0)
		return err_set(why, ERR_ARG, "a limit or timeout of the server is less than 1");
	return OK;
}

static enum err read_trusted(struct server *s, struct error *why)
{
	s->trusted_count = s->options.trust_proxies;
	s->trusted = mem_array(s->trusted_count, sizeof(*s->trusted));
	if (s->trusted == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < s->trusted_count; i++) {
		enum err err = network_parse(&s->trusted[i], s->options.trust_proxy[i], why);
		if (err != OK)
			return err;
	}
	return OK;
}

/* As many files as connections need; fewer connections where the system does not give them. */
static void raise_files(struct server *s)
{
	struct rlimit limit;
	rlim_t wanted = s->options.connections_max + SPARE_FILES;
	s->conn_max = s->options.connections_max;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			log_at(LOG_WARN, "the limit of open files cannot be raised");
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
		s->conn_max = limit.rlim_cur > SPARE_FILES * 2 ? limit.rlim_cur - SPARE_FILES
							       : SPARE_FILES;
		log_at(LOG_WARN, "only %zu connections: the system allows %llu open files",
			s->conn_max, (unsigned long long)limit.rlim_cur);
	}
}

static int bound_port(int fd)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return 0;
	if (sa.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&sa)->sin6_port);
	return ntohs(((struct sockaddr_in *)&sa)->sin_port);
}

static int bind_one(const struct addrinfo *ai)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	int yes = 1, no = 0;
	bool fine = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0;
	/* "::" answers IPv4 too, whatever the system's setting. */
	if (fine && ai->ai_family == AF_INET6)
		fine = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)) == 0;
	if (fine && bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static enum err listen_on(struct server *s, const struct listen_address *a, struct error *why)
{
	char port[8];
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct addrinfo *list = NULL;
	snprintf(port, sizeof(port), "%d", a->port);
	const char *host = a->host != NULL && a->host[0] != '\0' ? a->host : "::";
	int error = getaddrinfo(host, port, &hints, &list);
	if (error != 0)
		return err_set(why, ERR_IO, "cannot listen on '%s': %s", host, gai_strerror(error));
	int fd = -1;
	for (const struct addrinfo *ai = list; ai != NULL && fd < 0; ai = ai->ai_next)
		fd = bind_one(ai);
	int saved = errno;
	freeaddrinfo(list);
	/* A machine without IPv6 has no "::". */
	if (fd < 0 && saved == EAFNOSUPPORT && strcmp(host, "::") == 0) {
		struct listen_address v4 = {.host = "0.0.0.0", .port = a->port, .tls = a->tls};
		return listen_on(s, &v4, why);
	}
	if (fd < 0)
		return err_errno(why, saved, "cannot listen on %s, port %d", host, a->port);
	struct listener *l = &s->listener[s->listeners++];
	*l = (struct listener){
		.is_listener = true, .fd = fd, .tls = a->tls, .port = bound_port(fd)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = l};
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
		return err_errno(why, errno, "cannot watch a socket");
	return OK;
}

static enum err make_loop(struct server *s, struct error *why)
{
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
	if (s->epoll < 0 || s->wake < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->wake, &event) != 0)
		return err_errno(why, errno, "cannot make the event loop");
	s->in_space = malloc(IO_ROOM);
	s->out_space = malloc(IO_ROOM);
	s->route_stats = mem_array(s->options.routes + 1, sizeof(*s->route_stats));
	if (s->in_space == NULL || s->out_space == NULL || s->route_stats == NULL ||
		peers_open(&s->peers, s->conn_max) != OK)
		return err_set(why, ERR_NOMEM, "out of memory");
	return OK;
}

static enum err start_workers(struct server *s, struct error *why)
{
	const struct server_options *o = &s->options;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int threads = o->workers > 0 ? o->workers : processors > 0 ? (int)processors : 1;
	struct pool_options pool = {.name = "http",
		.threads = threads < POOL_THREADS_MAX ? threads : POOL_THREADS_MAX,
		.queue_max = o->queue_max,
		.run = work_run,
		.start = o->worker_start,
		.stop = o->worker_stop,
		.user = o->user};
	return pool_open(&s->pool, &pool, why);
}

static enum err build(struct server *s, struct error *why)
{
	const struct server_options *o = &s->options;
	enum err err = check_options(o, why);
	if (err == OK)
		err = router_open(&s->router, o->route, o->routes, o->rates, why);
	if (err == OK)
		err = read_trusted(s, why);
	if (err == OK)
		err = limit_open(&s->limit, LIMIT_KEYS, why);
	if (err == OK && o->tls_cert != NULL && o->tls_key != NULL)
		err = tls_open(&s->tls, o->tls_cert, o->tls_key, why);
	if (err == OK) {
		raise_files(s);
		err = make_loop(s, why);
	}
	for (size_t i = 0; i < o->listens && err == OK; i++)
		err = listen_on(s, &o->listen[i], why);
	return err == OK ? start_workers(s, why) : err;
}

enum err server_open(struct server **out, const struct server_options *o, struct error *why)
{
	*out = NULL;
	struct server *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	s->options = *o;
	s->epoll = s->wake = -1;
	pthread_mutex_init(&s->lock, NULL);
	/* OpenSSL writes with write(2), which has no MSG_NOSIGNAL. */
	struct sigaction pipe_action;
	if (sigaction(SIGPIPE, NULL, &pipe_action) == 0 && pipe_action.sa_handler == SIG_DFL)
		signal(SIGPIPE, SIG_IGN);
	enum err err = build(s, why);
	if (err != OK) {
		server_close(s);
		return err;
	}
	*out = s;
	return OK;
}

/* What workers gave back after the loop had ended. */
static void forget_answers(struct server *s)
{
	while (s->done != NULL) {
		struct exchange *ex = s->done;
		s->done = ex->next_done;
		exchange_forget(ex);
	}
}

void server_close(struct server *s)
{
	if (s == NULL)
		return;
	while (s->conns != NULL)
		conn_close(s->conns);
	for (size_t i = 0; i < s->listeners; i++) {
		if (s->listener[i].fd >= 0)
			close(s->listener[i].fd);
	}
	pool_close(s->pool); /* does what is queued: channels hear of their end */
	s->pool = NULL;
	forget_answers(s);
	channel_serve_dirty(s);
	while (s->dead != NULL) {
		struct conn *c = s->dead;
		s->dead = c->next;
		conn_free(c);
	}
	if (s->epoll >= 0)
		close(s->epoll);
	if (s->wake >= 0)
		close(s->wake);
	tls_close(s->tls);
	limit_close(s->limit);
	router_close(s->router);
	peers_close(s->peers);
	free(s->trusted);
	free(s->route_stats);
	free(s->in_space);
	free(s->out_space);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int server_port(const struct server *s, size_t index)
{
	return index < s->listeners ? s->listener[index].port : 0;
}

void server_stop(struct server *s)
{
	atomic_store(&s->stop_wanted, true);
	server_wake(s);
}

void server_reload(struct server *s)
{
	atomic_store(&s->reload_wanted, true);
	server_wake(s);
}

bool server_rate_take(struct server *s, int rate, const char *key, int *retry_s)
{
	if (rate <= 0 || (size_t)rate >= s->options.rates)
		return true;
	const struct rate_class *class = &s->options.rate[rate];
	struct limit_rate limit = {class->account_per_minute, class->account_burst};
	return limit_take(s->limit, -rate, key, limit, mono_ms(), retry_s);
}

void server_stats_get(const struct server *s, struct server_stats *out)
{
	*out = (struct server_stats){.accepted = s->accepted,
		.refused = s->refused,
		.connections = s->connections,
		.channels = s->channels,
		.requests = s->requests,
		.queue_waiting = pool_waiting(s->pool),
		.queue_running = pool_running(s->pool),
		.queue_full = s->queue_full,
		.rate_limited = s->rate_limited,
		.timeouts = s->timeouts,
		.bytes_in = s->bytes_in,
		.bytes_out = s->bytes_out,
		.body_bytes = s->body_bytes,
		.messages_in = s->messages_in,
		.messages_out = s->messages_out,
		.messages_dropped = s->messages_dropped,
		.handshake_failures = s->handshake_failures};
}

const struct route_stats *server_route_stats(const struct server *s, size_t *count)
{
	*count = s->options.routes + 1;
	return s->route_stats;
}
