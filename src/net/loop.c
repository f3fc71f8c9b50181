/* SPDX-License-Identifier: MIT */
/* The loop: waits for sockets, workers and time; the only thread that touches a socket. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "net/notify.h"
#include "net/peers.h"
#include "net/server_int.h"

enum { EVENTS = 256, ACCEPTS_MAX = 64, ACCEPT_PAUSE_MS = 100, ACCEPT_NOTHING = -1 };

int64_t mono_us(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t mono_ms(void)
{
	return mono_us() / 1000;
}

void server_wake(struct server *s)
{
	int saved = errno; /* signal handlers call this */
	uint64_t one = 1;
	while (write(s->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		continue;
	errno = saved;
}

static bool is_exempt(const struct server *s, const struct address *a)
{
	if (address_is_loopback(a))
		return true;
	for (size_t i = 0; i < s->trusted_count; i++) {
		if (network_has(&s->trusted[i], a))
			return true;
	}
	return false;
}

static void take_connection(
	struct server *s, const struct listener *l, int fd, const struct sockaddr *sa)
{
	struct address peer = address_of(sa);
	bool exempt = is_exempt(s, &peer);
	size_t most = s->options.address_max;
	if (s->conn_count >= s->conn_max ||
		(!exempt && most > 0 && peers_count(s->peers, &peer) >= most)) {
		COUNT(s->refused, 1);
		close(fd);
		return;
	}
	int yes = 1;
	/* Without it a small answer may wait 40 ms for the client's acknowledgement. */
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) != 0)
		log_at(LOG_DEBUG, "TCP_NODELAY is not possible here");
	COUNT(s->accepted, 1);
	conn_open(s, fd, l->tls, &peer, exempt);
}

static void watch_listeners(struct server *s, bool on)
{
	for (size_t i = 0; i < s->listeners; i++) {
		struct epoll_event event = {
			.events = on ? EPOLLIN : 0, .data.ptr = &s->listener[i]};
		if (s->listener[i].fd >= 0 &&
			epoll_ctl(s->epoll, EPOLL_CTL_MOD, s->listener[i].fd, &event) != 0)
			log_at(LOG_ERROR, "cannot watch a listening socket");
	}
}

static void accept_all(struct server *s, const struct listener *l)
{
	for (int i = 0; i < ACCEPTS_MAX && l->fd >= 0; i++) {
		struct sockaddr_storage sa = {0};
		socklen_t len = sizeof(sa);
		int fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			take_connection(s, l, fd, (const struct sockaddr *)&sa);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			/* The rest waits in the kernel until somebody leaves. */
			log_at(LOG_WARN, "no more connections are possible: %s", strerror(errno));
			s->accept_again_ms = s->now_ms + ACCEPT_PAUSE_MS;
			watch_listeners(s, false);
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

static void take_answers(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	struct exchange *list = s->done;
	s->done = NULL;
	pthread_mutex_unlock(&s->lock);
	struct exchange *inorder = NULL; /* the list has the last first */
	while (list != NULL) {
		struct exchange *next = list->next_done;
		list->next_done = inorder;
		inorder = list;
		list = next;
	}
	while (inorder != NULL) {
		struct exchange *ex = inorder;
		inorder = ex->next_done;
		ex->queued = false;
		s->in_hand--;
		if (ex->conn != NULL)
			ex->conn->ops->answer(ex->conn, ex);
		else
			exchange_forget(ex);
	}
}

static void look_at_certificate(struct server *s, bool force)
{
	struct error why = {0};
	bool changed = false;
	if (s->tls == NULL)
		return;
	if (tls_reload(s->tls, force, &changed, &why) != OK)
		log_at(LOG_ERROR, "the old certificate stays: %s", why.text);
	else if (changed)
		log_at(LOG_INFO, "a new certificate is in use");
}

static void begin_stop(struct server *s)
{
	s->stopping = true;
	s->stop_by_ms = s->now_ms + s->options.stop_timeout_s * 1000L;
	notify_send("STOPPING=1");
	for (size_t i = 0; i < s->listeners; i++) {
		close(s->listener[i].fd);
		s->listener[i].fd = -1;
	}
	struct conn *next;
	for (struct conn *c = s->conns; c != NULL; c = next) {
		next = c->next;
		if (c->handshaking)
			conn_close(c);
		else
			c->ops->stop(c);
	}
}

static void reload(struct server *s)
{
	char text[64];
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)mono_us());
	notify_send(text);
	look_at_certificate(s, true);
	if (s->options.reloaded != NULL)
		s->options.reloaded(s->options.user);
	notify_send("READY=1");
}

static void woken(struct server *s)
{
	uint64_t count;
	if (read(s->wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
		log_at(LOG_ERROR, "cannot read the wake-up counter");
	take_answers(s);
	channel_serve_dirty(s);
	if (atomic_exchange(&s->reload_wanted, false) && !s->stopping)
		reload(s);
	if (atomic_load(&s->stop_wanted) && !s->stopping)
		begin_stop(s);
}

static void sweep(struct server *s)
{
	s->next_sweep_ms = s->now_ms + SWEEP_MS;
	struct conn *next;
	for (struct conn *c = s->conns; c != NULL; c = next) {
		next = c->next;
		conn_sweep(c);
	}
	if (s->accept_again_ms != 0 && s->now_ms >= s->accept_again_ms) {
		s->accept_again_ms = 0;
		watch_listeners(s, true);
	}
	if (s->now_ms >= s->next_cert_ms) {
		s->next_cert_ms = s->now_ms + CERT_LOOK_MS;
		look_at_certificate(s, false);
	}
	if (s->watchdog_ms > 0 && s->now_ms >= s->next_watchdog_ms) {
		s->next_watchdog_ms = s->now_ms + s->watchdog_ms / 2;
		notify_send("WATCHDOG=1");
	}
}

/* Those to be served in this turn; who is kicked meanwhile is served in the next. */
static void serve_kicked(struct server *s)
{
	struct conn *list = s->kicked;
	s->kicked = NULL;
	for (struct conn *c = list; c != NULL;) {
		struct conn *next = c->next_kicked;
		c->kicked = false;
		conn_serve(c);
		c = next;
	}
}

/* A dead connection may still stand among the kicked: then it waits a turn. */
static void bury(struct server *s)
{
	struct conn **at = &s->dead;
	while (*at != NULL) {
		struct conn *c = *at;
		if (c->kicked) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		conn_free(c);
	}
}

static bool finished(const struct server *s)
{
	if (!s->stopping)
		return false;
	return (s->conn_count == 0 && s->in_hand == 0) || s->now_ms >= s->stop_by_ms;
}

static int timeout_ms(const struct server *s)
{
	if (s->kicked != NULL)
		return 0;
	int64_t left = s->next_sweep_ms - s->now_ms;
	return left > 0 ? (int)left : 0;
}

static enum err turn(struct server *s, struct error *why)
{
	struct epoll_event event[EVENTS];
	int n = epoll_wait(s->epoll, event, EVENTS, timeout_ms(s));
	if (n < 0 && errno != EINTR)
		return err_errno(why, errno, "the event loop cannot go on");
	s->now_ms = mono_ms();
	for (int i = 0; i < n; i++) {
		void *source = event[i].data.ptr;
		if (source == s)
			woken(s);
		else if (*(bool *)source)
			accept_all(s, source);
		else
			conn_event(source, event[i].events);
	}
	if (s->now_ms >= s->next_sweep_ms)
		sweep(s);
	serve_kicked(s);
	bury(s);
	return OK;
}

enum err server_run(struct server *s, struct error *why)
{
	s->now_ms = mono_ms();
	s->watchdog_ms = notify_watchdog_ms();
	notify_send("READY=1");
	enum err err = OK;
	while (err == OK && !finished(s))
		err = turn(s, why);
	while (s->conns != NULL)
		conn_close(s->conns);
	return err;
}
