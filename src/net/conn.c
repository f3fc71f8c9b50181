/* SPDX-License-Identifier: MIT */
/* A socket, with or without TLS: moves bytes between it and its protocol. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "net/peers.h"
#include "net/server_int.h"

enum { ROUNDS_MAX = 4 }; /* pieces of IO_ROOM for one connection before the others have a turn */

enum io { IO_DONE, IO_BLOCKED, IO_EOF, IO_FAILED };

static enum io of_tls(struct conn *c, enum tls_io result)
{
	switch (result) {
	case TLS_DONE:
		return IO_DONE;
	case TLS_WANT_READ:
		c->want_tls_read = true;
		return IO_BLOCKED;
	case TLS_WANT_WRITE:
		c->want_tls_write = true;
		return IO_BLOCKED;
	case TLS_EOF:
		return IO_EOF;
	default:
		return IO_FAILED;
	}
}

static enum io of_errno(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? IO_BLOCKED : IO_FAILED;
}

static enum io read_some(struct conn *c, uint8_t *space, size_t room, size_t *n)
{
	if (c->tls != NULL)
		return of_tls(c, tls_read(c->tls, space, room, n));
	ssize_t got = recv(c->fd, space, room, 0);
	if (got < 0)
		return of_errno();
	*n = (size_t)got;
	return got == 0 ? IO_EOF : IO_DONE;
}

static enum io write_some(struct conn *c, const uint8_t *bytes, size_t len, size_t *n)
{
	if (c->tls != NULL)
		return of_tls(c, tls_write(c->tls, bytes, len, n));
	ssize_t put = send(c->fd, bytes, len, MSG_NOSIGNAL);
	if (put < 0)
		return of_errno();
	*n = (size_t)put;
	return IO_DONE;
}

void conn_open(struct server *s, int fd, bool tls, const struct address *peer, bool exempt)
{
	struct conn *c = calloc(1, sizeof(*c));
	if (c == NULL) {
		close(fd);
		return;
	}
	*c = (struct conn){.server = s, .fd = fd, .peer = *peer, .exempt = exempt};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
	c->events = EPOLLIN;
	c->handshaking = tls;
	c->deadline_ms = s->now_ms + s->options.head_timeout_s * 1000L;
	bool fine = (!tls || tls_session_open(&c->tls, s->tls, fd) == OK) &&
		conn_h1_start(c) == OK && (exempt || peers_add(s->peers, peer) == OK) &&
		epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
	c->next = s->conns;
	if (s->conns != NULL)
		s->conns->prev = c;
	s->conns = c;
	s->conn_count++;
	COUNT(s->connections, 1);
	if (!fine)
		conn_close(c);
}

void conn_close(struct conn *c)
{
	struct server *s = c->server;
	if (c->dead)
		return;
	c->dead = true;
	while (c->exchanges != NULL)
		exchange_end(c->exchanges);
	if (c->ops != NULL)
		c->ops->finish(c);
	c->ops = NULL;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->prev = NULL;
	c->next = s->dead;
	s->dead = c;
	s->conn_count--;
	UNCOUNT(s->connections, 1);
	if (!c->exempt)
		peers_remove(s->peers, &c->peer);
	tls_session_close(c->tls);
	c->tls = NULL;
	close(c->fd); /* epoll forgets it */
	c->fd = -1;
}

void conn_free(struct conn *c)
{
	free(c->pending);
	free(c);
}

void conn_switch(struct conn *c, const struct conn_ops *ops, void *proto)
{
	c->ops = ops;
	c->proto = proto;
}

void conn_kick(struct conn *c)
{
	if (c->kicked || c->dead)
		return;
	c->kicked = true;
	c->next_kicked = c->server->kicked;
	c->server->kicked = c;
}

void conn_pause(struct conn *c, bool paused)
{
	if (c->paused && !paused)
		conn_kick(c); /* TLS may hold bytes that epoll does not know of */
	c->paused = paused;
}

void conn_finish_up(struct conn *c)
{
	c->closing = true;
}

/* The rest waits for the socket. false: out of memory. */
static bool keep_pending(struct conn *c, const uint8_t *bytes, size_t len)
{
	c->pending = malloc(len);
	if (c->pending == NULL)
		return false;
	memcpy(c->pending, bytes, len);
	c->pending_len = len;
	c->pending_at = 0;
	return true;
}

static void written(struct conn *c, size_t n)
{
	COUNT(c->server->bytes_out, n);
	c->stalled_ms = 0;
}

/* false: the connection is broken. */
static bool flush_pending(struct conn *c, bool *blocked)
{
	while (c->pending != NULL) {
		size_t n = 0;
		enum io io = write_some(
			c, c->pending + c->pending_at, c->pending_len - c->pending_at, &n);
		if (io == IO_BLOCKED) {
			*blocked = true;
			return true;
		}
		if (io != IO_DONE)
			return false;
		written(c, n);
		c->pending_at += n;
		if (c->pending_at == c->pending_len) {
			free(c->pending);
			c->pending = NULL;
		}
	}
	return true;
}

/* Asks the protocol for bytes and writes them. */
static bool send_out(struct conn *c, bool *blocked, bool *more)
{
	for (int round = 0; !c->lingering; round++) {
		if (!flush_pending(c, blocked) || c->dead)
			return false;
		if (*blocked)
			return true;
		if (round == ROUNDS_MAX) {
			*more = true;
			return true;
		}
		size_t len = c->ops->produce(c, c->server->out_space, IO_ROOM);
		if (c->dead)
			return false;
		if (len == 0)
			return true;
		size_t n = 0;
		enum io io = write_some(c, c->server->out_space, len, &n);
		if (io != IO_DONE && io != IO_BLOCKED)
			return false;
		if (io == IO_DONE)
			written(c, n);
		if (n < len && !keep_pending(c, c->server->out_space + n, len - n))
			return false;
	}
	return true;
}

/* A refused client's last words are thrown away, so that it can read ours (RFC 9112, 9.6). */
static bool take_in(struct conn *c, size_t n)
{
	COUNT(c->server->bytes_in, n);
	if (c->closing)
		return true;
	return c->ops->input(c, c->server->in_space, n) && !c->dead;
}

static bool read_in(struct conn *c, bool *more)
{
	for (int round = 0; !c->paused && !c->eof; round++) {
		if (round == ROUNDS_MAX) {
			*more = true;
			return true;
		}
		size_t n = 0;
		enum io io = read_some(c, c->server->in_space, IO_ROOM, &n);
		if (io == IO_BLOCKED)
			return true;
		if (io == IO_FAILED)
			return false;
		if (io == IO_EOF) {
			c->eof = true;
			return !c->closing && c->ops->eof(c) && !c->dead;
		}
		if (!take_in(c, n))
			return false;
		/* A plain socket that gave less than there was room for is empty. */
		if (c->tls == NULL && n < IO_ROOM)
			return true;
	}
	return true;
}

static bool handshake(struct conn *c)
{
	enum tls_io result = tls_handshake(c->tls);
	if (result == TLS_DONE) {
		c->handshaking = false;
		if (!tls_speaks_h2(c->tls))
			return true;
		c->ops->finish(c);
		c->ops = NULL;
		return conn_h2_start(c) == OK;
	}
	if (of_tls(c, result) == IO_BLOCKED)
		return true;
	COUNT(c->server->handshake_failures, 1);
	return false;
}

static void tell_epoll(struct conn *c, bool blocked)
{
	bool reading = !c->eof && (!c->paused || c->closing);
	uint32_t events = (reading || c->want_tls_read ? EPOLLIN : 0) |
		(blocked || c->want_tls_write ? EPOLLOUT : 0);
	if (c->handshaking)
		events = c->want_tls_write ? EPOLLOUT : EPOLLIN;
	if (events == c->events)
		return;
	struct epoll_event event = {.events = events, .data.ptr = c};
	if (epoll_ctl(c->server->epoll, EPOLL_CTL_MOD, c->fd, &event) == 0)
		c->events = events;
}

/* After the last answer: no more is sent, and what comes is read over for a moment. */
static bool linger(struct conn *c)
{
	if (c->lingering)
		return true;
	if (c->eof)
		return false;
	c->lingering = true;
	c->deadline_ms = c->server->now_ms + LINGER_MS;
	c->paused = false;
	if (c->tls != NULL)
		tls_session_close(c->tls);
	c->tls = NULL; /* what comes from here on is thrown away undeciphered */
	shutdown(c->fd, SHUT_WR);
	return true;
}

void conn_serve(struct conn *c)
{
	bool blocked = false, more = false;
	if (c->dead)
		return;
	c->want_tls_read = c->want_tls_write = false;
	bool alive = !c->handshaking || handshake(c);
	if (alive && !c->handshaking)
		alive = send_out(c, &blocked, &more) && read_in(c, &more) &&
			send_out(c, &blocked, &more);
	if (alive && c->closing && !blocked && !more && c->pending == NULL)
		alive = linger(c);
	if (!alive) {
		conn_close(c);
		return;
	}
	if (blocked && c->stalled_ms == 0)
		c->stalled_ms = c->server->now_ms;
	tell_epoll(c, blocked);
	if (more)
		conn_kick(c);
}

void conn_event(struct conn *c, uint32_t events)
{
	if (c->dead)
		return;
	if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) {
		conn_close(c);
		return;
	}
	conn_serve(c);
}

static bool exchanges_in_time(struct conn *c)
{
	struct exchange *next;
	for (struct exchange *ex = c->exchanges; ex != NULL; ex = next) {
		next = ex->next;
		if (!exchange_is_late(ex))
			continue;
		COUNT(c->server->timeouts, 1);
		if (!c->ops->too_slow(c, ex))
			return false;
	}
	return true;
}

void conn_sweep(struct conn *c)
{
	struct server *s = c->server;
	if (c->dead)
		return;
	bool expired = c->deadline_ms != 0 && s->now_ms >= c->deadline_ms;
	bool stalled = c->stalled_ms != 0 &&
		s->now_ms >= c->stalled_ms + s->options.write_timeout_s * 1000L;
	if (stalled || (expired && (c->closing || c->handshaking))) {
		COUNT(s->timeouts, stalled);
		conn_close(c);
	} else if (!c->handshaking && !c->closing && (!exchanges_in_time(c) || !c->ops->tick(c))) {
		conn_close(c);
	}
}
