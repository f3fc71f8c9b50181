/* SPDX-License-Identifier: MIT */
/* HTTP/1.1 on a connection: one request at a time, the next is read when its answer is out. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/condition.h"
#include "net/http1.h"
#include "net/server_int.h"
#include "net/ws_accept.h"

static const char h2_preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
static const char continue_line[] = "HTTP/1.1 100 Continue\r\n\r\n";

enum {
	IN_MAX = REQUEST_HEAD_BYTES_MAX + 2 * IO_ROOM,
	HEAD_OUT_MAX = RESPONSE_HEADERS_MAX * (RESPONSE_HEADER_BYTES_MAX + 256),
	PREFACE_LEN = sizeof(h2_preface) - 1,
};

enum h1_state { H1_HEAD, H1_BODY, H1_WAIT, H1_SEND };

/* Invariant: `ex` is NULL only in H1_HEAD, before the first byte of a request. */
struct h1 {
	enum h1_state state;
	bool keep; /* the connection after this answer */
	bool say_continue;
	bool first;    /* nothing was served on this connection yet */
	struct buf in; /* came, but was not looked at */
	size_t looked; /* bytes of `in` known to hold no end of a head */
	struct exchange *ex;
	struct http1_framing framing;
	struct chunked chunked;
	uint64_t body_left;
	struct buf out; /* head of the answer */
	size_t out_at;
};

enum err conn_h1_start(struct conn *c)
{
	struct h1 *h = calloc(1, sizeof(*h));
	if (h == NULL)
		return ERR_NOMEM;
	buf_init(&h->in, IN_MAX);
	buf_init(&h->out, HEAD_OUT_MAX);
	h->first = true;
	conn_switch(c, &conn_h1_ops, h);
	return OK;
}

static void h1_finish(struct conn *c)
{
	struct h1 *h = c->proto;
	buf_finish(&h->in);
	buf_finish(&h->out);
	free(h);
	c->proto = NULL;
}

static void consume(struct h1 *h, size_t n)
{
	if (n == 0)
		return;
	memmove(h->in.data, h->in.data + n, h->in.len - n);
	h->in.len -= n;
	h->looked = 0;
	if (h->in.len == 0)
		buf_finish(&h->in);
}

static enum err add_field(struct h1 *h, const char *name, const char *value)
{
	return value != NULL ? buf_printf(&h->out, "%s: %s\r\n", name, value) : OK;
}

static enum err write_head(struct h1 *h, const struct exchange *ex)
{
	const struct response *res = &ex->res;
	char date[HTTP_DATE_TEXT];
	http_date(ex->server->options.now_ms() / 1000, date);
	enum err err = buf_printf(&h->out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", res->status,
		status_text(res->status), date);
	for (size_t i = 0; err == OK && i < res->fields; i++)
		err = add_field(h, res->field[i].name, res->field[i].value);
	if (err == OK && exchange_has_length(ex))
		err = buf_printf(&h->out, "Content-Length: %llu\r\n", (unsigned long long)res->len);
	if (err == OK && !h->keep)
		err = add_field(h, "Connection", "close");
	else if (err == OK && strcmp(ex->req.protocol, "HTTP/1.0") == 0)
		err = add_field(h, "Connection", "keep-alive");
	return err == OK ? buf_add_str(&h->out, "\r\n") : err;
}

/* From now on produce() sends. */
static void begin_answer(struct conn *c)
{
	struct h1 *h = c->proto;
	struct exchange *ex = h->ex;
	h->say_continue = false;
	h->keep = h->keep && !c->server->stopping && !c->eof;
	buf_reset(&h->out);
	h->out_at = 0;
	if (write_head(h, ex) != OK) {
		log_at(LOG_ERROR, "request %s: no memory for its answer", ex->req.id);
		h->keep = false;
		ex->res.len = 0;
		buf_reset(&h->out);
	}
	if (ex->req.method == METHOD_HEAD)
		ex->sent = ex->res.len;
	exchange_phase(ex, PHASE_ANSWER);
	h->state = H1_SEND;
	conn_pause(c, true);
	conn_kick(c);
}

/* The answer is there before the request was read: nothing after it can be made sense of. */
static void answer_early(struct conn *c)
{
	struct h1 *h = c->proto;
	h->keep = h->keep && h->state == H1_BODY && !h->framing.chunked && h->body_left == 0;
	begin_answer(c);
}

static enum err write_switch(struct h1 *h, const struct exchange *ex)
{
	char key[WS_ACCEPT_TEXT];
	enum err err = ws_accept_key(request_header(&ex->req, "sec-websocket-key"), key);
	if (err == OK)
		err = buf_printf(&h->out,
			"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
			key);
	const char *protocol = ws_choose_protocol(channel_get_ops(ex->channel)->protocols,
		request_header(&ex->req, "sec-websocket-protocol"));
	if (err == OK && protocol != NULL)
		err = add_field(h, "Sec-WebSocket-Protocol", protocol);
	if (err == OK)
		err = add_field(h, "X-Request-Id", ex->req.id);
	return err == OK ? buf_add_str(&h->out, "\r\n") : err;
}

static void h1_answer(struct conn *c, struct exchange *ex)
{
	struct h1 *h = c->proto;
	if (!ex->accepted) {
		begin_answer(c);
		return;
	}
	buf_reset(&h->out);
	h->out_at = 0;
	if (write_switch(h, ex) != OK) {
		conn_close(c);
		return;
	}
	response_empty(&ex->res, 204);
	ex->res.status = 101;
	ex->completed = true;
	exchange_phase(ex, PHASE_ANSWER);
	h->state = H1_SEND;
	conn_kick(c);
}

/* What the route wants of a WebSocket's handshake. */
static bool handshake_fine(struct exchange *ex, const struct http1_framing *f)
{
	const char *version = request_header(&ex->req, "sec-websocket-version");
	char key[WS_ACCEPT_TEXT];
	if (ex->match.route->channel == NULL)
		return true;
	if (!f->upgrade_websocket || version == NULL || strcmp(version, "13") != 0) {
		response_reset(&ex->res);
		if (response_problem(&ex->res, 426, "websocket_only", NULL,
			    "this address speaks WebSocket (RFC 6455), version 13") != OK ||
			response_header(&ex->res, "Upgrade", "websocket") != OK ||
			response_header(&ex->res, "Sec-WebSocket-Version", "13") != OK)
			response_empty(&ex->res, 426);
		exchange_complete(ex);
		return false;
	}
	if (ws_accept_key(request_header(&ex->req, "sec-websocket-key"), key) == OK)
		return true;
	exchange_refuse(ex, 400, "bad_request", "the Sec-WebSocket-Key is damaged");
	return false;
}

static void dispatch(struct conn *c)
{
	struct h1 *h = c->proto;
	h->state = H1_WAIT;
	conn_pause(c, true);
	if (!exchange_dispatch(h->ex))
		begin_answer(c);
}

static void head_is_there(struct conn *c, size_t len)
{
	struct h1 *h = c->proto;
	struct exchange *ex = h->ex;
	struct error why = {0};
	enum err err = http1_head_parse(&ex->req, &h->framing, (const char *)h->in.data, len, &why);
	consume(h, len);
	h->keep = err == OK && h->framing.keep_alive;
	h->state = H1_BODY;
	h->chunked = (struct chunked){0};
	h->body_left = h->framing.content_length;
	ex->bytes_in += len;
	if (err != OK) {
		h->keep = false;
		exchange_unreadable(ex, err, &why);
		begin_answer(c);
		return;
	}
	bool sized = !h->framing.chunked;
	if (!exchange_head(ex, sized, h->body_left) || !handshake_fine(ex, &h->framing)) {
		answer_early(c);
		return;
	}
	if (sized && h->body_left == 0)
		dispatch(c);
	else
		h->say_continue = h->framing.expect_continue && h->in.len == 0;
}

/* The bytes of the body in [bytes, len); how many were used. */
static size_t feed_body(struct conn *c, const uint8_t *bytes, size_t len)
{
	struct h1 *h = c->proto;
	const uint8_t *data = bytes;
	size_t used, data_len;
	h->say_continue = false;
	if (h->framing.chunked) {
		if (chunked_feed(&h->chunked, bytes, len, &used, &data, &data_len) != OK) {
			h->keep = false;
			exchange_refuse(
				h->ex, 400, "bad_request", "a chunk of the body is damaged");
			begin_answer(c);
			return len;
		}
	} else {
		used = data_len = h->body_left < len ? (size_t)h->body_left : len;
		h->body_left -= used;
	}
	if (!exchange_body(h->ex, data, data_len))
		answer_early(c);
	else if (h->framing.chunked ? h->chunked.done : h->body_left == 0)
		dispatch(c);
	return used;
}

/* A request begins: perhaps in HTTP/2, without TLS, by those who know (RFC 9113, 3.3). */
static bool is_h2(const struct h1 *h)
{
	size_t len = h->in.len < PREFACE_LEN ? h->in.len : PREFACE_LEN;
	return h->first && len > 3 && memcmp(h->in.data, h2_preface, len) == 0;
}

static bool become_h2(struct conn *c)
{
	struct h1 *h = c->proto;
	struct buf in = h->in;
	buf_init(&h->in, IN_MAX);
	h1_finish(c);
	c->ops = NULL;
	bool fine = conn_h2_start(c) == OK && c->ops->input(c, in.data, in.len);
	buf_finish(&in);
	return fine;
}

/* false: the connection cannot go on. *again: something was done and more may be. */
static bool read_head(struct conn *c, bool *again)
{
	struct h1 *h = c->proto;
	size_t blank = 0;
	while (h->ex == NULL && blank + 2 <= h->in.len &&
		memcmp(h->in.data + blank, "\r\n", 2) == 0)
		blank += 2;
	consume(h, blank); /* RFC 9112, section 2.2 */
	*again = false;
	if (h->in.len == 0)
		return true;
	if (is_h2(h))
		return h->in.len < PREFACE_LEN || become_h2(c);
	if (h->ex == NULL) {
		h->ex = exchange_new(c, 0);
		c->deadline_ms = 0;
		h->first = false;
	}
	if (h->ex == NULL)
		return false;
	size_t end = http1_head_end((const char *)h->in.data, h->in.len, h->looked);
	h->looked = h->in.len;
	if (end > REQUEST_HEAD_BYTES_MAX || (end == 0 && h->in.len > REQUEST_HEAD_BYTES_MAX)) {
		h->keep = false;
		exchange_refuse(h->ex, 431, "head_too_large", "the headers are too large");
		begin_answer(c);
	} else if (end > 0) {
		head_is_there(c, end);
		*again = true;
	}
	return true;
}

static bool process(struct conn *c)
{
	bool again = true;
	while (again && c->ops == &conn_h1_ops) {
		struct h1 *h = c->proto;
		again = false;
		if (h->state == H1_HEAD) {
			if (!read_head(c, &again))
				return false;
		} else if (h->state == H1_BODY && h->in.len > 0) {
			consume(h, feed_body(c, h->in.data, h->in.len));
			again = true;
		}
	}
	return true;
}

static bool h1_input(struct conn *c, const uint8_t *bytes, size_t len)
{
	struct h1 *h = c->proto;
	while (h->state == H1_BODY && h->in.len == 0 && len > 0) {
		size_t used = feed_body(c, bytes, len);
		bytes += used;
		len -= used;
	}
	return buf_add(&h->in, bytes, len) == OK && process(c);
}

/* false: the socket is another protocol's or gone. */
static bool answer_is_out(struct conn *c)
{
	struct h1 *h = c->proto;
	struct channel *ch = h->ex->accepted ? h->ex->channel : NULL;
	if (ch != NULL) {
		h->ex->channel = NULL;
		struct buf in = h->in;
		buf_init(&h->in, IN_MAX);
		exchange_end(h->ex);
		h1_finish(c);
		c->ops = NULL;
		bool fine = conn_ws_start(c, ch) == OK;
		channel_release(ch);
		conn_pause(c, false);
		fine = fine && (in.len == 0 || c->ops->input(c, in.data, in.len));
		buf_finish(&in);
		if (fine)
			conn_kick(c);
		else
			conn_close(c);
		return false;
	}
	exchange_end(h->ex);
	h->ex = NULL;
	buf_finish(&h->out);
	if (!h->keep) {
		conn_finish_up(c);
		return false;
	}
	h->state = H1_HEAD;
	c->deadline_ms = c->server->now_ms + c->server->options.idle_timeout_s * 1000L;
	conn_pause(c, false);
	if (!process(c))
		conn_close(c);
	return !c->dead && c->ops == &conn_h1_ops;
}

static size_t h1_produce(struct conn *c, uint8_t *space, size_t room)
{
	struct h1 *h = c->proto;
	size_t len = 0;
	if (h->say_continue) {
		h->say_continue = false;
		len = sizeof(continue_line) - 1;
		memcpy(space, continue_line, len);
	}
	while (h->state == H1_SEND && !c->closing && len < room) {
		struct exchange *ex = h->ex;
		size_t head = h->out.len - h->out_at;
		head = head < room - len ? head : room - len;
		if (head > 0)
			memcpy(space + len, h->out.data + h->out_at, head);
		h->out_at += head;
		ex->bytes_out += head;
		exchange_moved(ex, head);
		len += head;
		long body = exchange_read(ex, space + len, room - len);
		if (body < 0) {
			conn_close(c);
			return 0;
		}
		len += (size_t)body;
		if (h->out_at < h->out.len || ex->sent < ex->res.len)
			break;
		if (!answer_is_out(c))
			break;
	}
	return len;
}

static bool h1_eof(struct conn *c)
{
	struct h1 *h = c->proto;
	h->keep = false;
	return h->state == H1_WAIT || h->state == H1_SEND;
}

static bool h1_too_slow(struct conn *c, struct exchange *ex)
{
	struct h1 *h = c->proto;
	if (h->state == H1_SEND)
		return false;
	h->keep = false;
	exchange_refuse(ex, 408, "timeout", "the request came too slowly");
	begin_answer(c);
	return true;
}

static bool h1_tick(struct conn *c)
{
	return c->exchanges != NULL || c->server->now_ms < c->deadline_ms;
}

static void h1_stop(struct conn *c)
{
	struct h1 *h = c->proto;
	if (h->ex == NULL)
		conn_finish_up(c);
	conn_kick(c);
}

const struct conn_ops conn_h1_ops = {.input = h1_input,
	.produce = h1_produce,
	.eof = h1_eof,
	.answer = h1_answer,
	.too_slow = h1_too_slow,
	.tick = h1_tick,
	.stop = h1_stop,
	.finish = h1_finish};
