/* SPDX-License-Identifier: MIT */
/* HTTP/2 on a connection, by nghttp2: a stream is an exchange. */
#include <nghttp2/nghttp2.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/condition.h"
#include "net/http1.h"
#include "net/server_int.h"

enum {
	H2_WINDOW = 1024 * 1024, /* bytes of bodies under way on a connection */
	H2_RESETS_MAX = 1000,    /* streams a client may cancel (CVE-2023-44487) */
	H2_FIELDS_MAX = RESPONSE_HEADERS_MAX + 4,
};

struct h2 {
	nghttp2_session *session;
	const uint8_t *out; /* nghttp2's, until its next call */
	size_t out_len;
	unsigned resets;
	bool goodbye;
};

static struct exchange *stream_exchange(nghttp2_session *session, int32_t stream)
{
	return nghttp2_session_get_stream_user_data(session, stream);
}

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *space, size_t room,
	uint32_t *flags, nghttp2_data_source *source, void *user)
{
	struct exchange *ex = source->ptr;
	long n = exchange_read(ex, space, room);
	if (n < 0)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	if (ex->sent >= ex->res.len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return n;
}

/* Fields of an answer for nghttp2, whose names must be in lower case. */
struct fields {
	nghttp2_nv nv[H2_FIELDS_MAX];
	size_t count;
	char *name[RESPONSE_HEADERS_MAX];
	size_t names;
};

static void add_field(struct fields *f, const char *name, const char *value)
{
	/* nghttp2 copies both; its struct is not const because of other uses. */
	f->nv[f->count++] = (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
		.value = (uint8_t *)(uintptr_t)value,
		.namelen = strlen(name),
		.valuelen = strlen(value)};
}

static bool add_response_fields(struct fields *f, const struct response *res)
{
	for (size_t i = 0; i < res->fields; i++) {
		const struct response_field *field = &res->field[i];
		if (field->value == NULL || strcasecmp(field->name, "connection") == 0)
			continue;
		char *name = mem_strdup(field->name);
		if (name == NULL)
			return false;
		for (char *c = name; *c != '\0'; c++)
			*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
		f->name[f->names++] = name;
		add_field(f, name, field->value);
	}
	return true;
}

static bool submit(struct conn *c, struct exchange *ex)
{
	struct h2 *h = c->proto;
	struct fields f = {.count = 0};
	char status[16], length[24], date[HTTP_DATE_TEXT];
	snprintf(status, sizeof(status), "%d", ex->res.status);
	snprintf(length, sizeof(length), "%llu", (unsigned long long)ex->res.len);
	http_date(c->server->options.now_ms() / 1000, date);
	add_field(&f, ":status", status);
	bool fine = add_response_fields(&f, &ex->res);
	add_field(&f, "date", date);
	if (exchange_has_length(ex))
		add_field(&f, "content-length", length);
	if (ex->req.method == METHOD_HEAD)
		ex->sent = ex->res.len;
	nghttp2_data_provider body = {.source.ptr = ex, .read_callback = read_body};
	bool empty = ex->sent >= ex->res.len;
	if (fine)
		fine = nghttp2_submit_response(
			       h->session, ex->stream, f.nv, f.count, empty ? NULL : &body) == 0;
	for (size_t i = 0; i < f.names; i++)
		free(f.name[i]);
	return fine;
}

static void reset_stream(struct conn *c, const struct exchange *ex, uint32_t code)
{
	struct h2 *h = c->proto;
	if (nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, ex->stream, code) != 0)
		log_at(LOG_WARN, "request %s: its stream could not be ended", ex->req.id);
	conn_kick(c);
}

static void h2_answer(struct conn *c, struct exchange *ex)
{
	exchange_phase(ex, PHASE_ANSWER);
	if (!submit(c, ex))
		reset_stream(c, ex, NGHTTP2_INTERNAL_ERROR);
	conn_kick(c);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct conn *c = user;
	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	struct exchange *ex = exchange_new(c, frame->hd.stream_id);
	if (ex == NULL)
		return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
	ex->req.protocol = "HTTP/2";
	ex->body_open = true;
	nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, ex);
	return 0;
}

/* ":method", ":path", ...; nghttp2 has seen to it that they are there once and come first. */
static enum err take_pseudo(struct exchange *ex, const char *name, const char *value, size_t len)
{
	struct error *why = &ex->head_why;
	if (strcmp(name, ":method") == 0) {
		if (!method_parse(value, len, &ex->req.method))
			return err_set(why, ERR_UNSUPPORTED, "the method is not known");
	} else if (strcmp(name, ":path") == 0) {
		ex->target = strndup(value, len);
		if (ex->target == NULL)
			return err_set(why, ERR_NOMEM, "out of memory");
	} else if (strcmp(name, ":authority") == 0) {
		return request_add_header(&ex->req, "host", 4, value, len, why);
	}
	return OK;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
	size_t name_len, const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
	struct exchange *ex = stream_exchange(session, frame->hd.stream_id);
	if (ex == NULL || frame->hd.type != NGHTTP2_HEADERS || ex->phase != PHASE_HEAD)
		return 0; /* trailers are read over */
	const char *n = (const char *)name;
	const char *v = (const char *)value;
	ex->bytes_in += name_len + value_len;
	if (ex->head_err != OK)
		return 0;
	if (ex->bytes_in > REQUEST_HEAD_BYTES_MAX)
		ex->head_err = err_set(&ex->head_why, ERR_LIMIT, "the headers are too large");
	else if (n[0] == ':')
		ex->head_err = take_pseudo(ex, n, v, value_len);
	else if (strcmp(n, "host") != 0 || request_header(&ex->req, "host") == NULL)
		ex->head_err =
			request_add_header(&ex->req, n, name_len, v, value_len, &ex->head_why);
	return 0;
}

static void whole(struct conn *c, struct exchange *ex)
{
	ex->body_open = false;
	if (ex->phase != PHASE_BODY)
		return; /* refused already */
	if (!exchange_dispatch(ex))
		h2_answer(c, ex);
}

static void head_is_there(struct conn *c, struct exchange *ex)
{
	enum err err = ex->head_err;
	if (err == OK)
		err = request_set_target(&ex->req, ex->target != NULL ? ex->target : "",
			ex->target != NULL ? strlen(ex->target) : 0, &ex->head_why);
	uint64_t length = 0;
	const char *text = request_header(&ex->req, "content-length");
	if (err == OK && text != NULL && http_length_parse(text, &length) != OK)
		err = err_set(&ex->head_why, ERR_FORMAT, "the Content-Length is no number");
	if (err != OK) {
		exchange_unreadable(ex, err, &ex->head_why);
		h2_answer(c, ex);
		return;
	}
	if (!exchange_head(ex, text != NULL, length)) {
		h2_answer(c, ex);
	} else if (ex->match.route->channel != NULL) {
		exchange_refuse(
			ex, 426, "websocket_only", "this address speaks WebSocket over HTTP/1.1");
		h2_answer(c, ex);
	}
}

static int on_frame_recv(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct conn *c = user;
	struct exchange *ex = stream_exchange(session, frame->hd.stream_id);
	if (ex == NULL || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
		return 0;
	if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
		head_is_there(c, ex);
	if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
		whole(c, ex);
	return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
	size_t len, void *user)
{
	struct exchange *ex = stream_exchange(session, stream);
	if (ex != NULL && ex->phase == PHASE_BODY && !exchange_body(ex, bytes, len))
		h2_answer(user, ex);
	return 0;
}

/* The answer is out though the client still sends: it need not (RFC 9113, section 8.1). */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
	struct exchange *ex = stream_exchange(session, frame->hd.stream_id);
	bool last = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
		(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
	if (ex != NULL && last && ex->body_open)
		reset_stream(user, ex, NGHTTP2_NO_ERROR);
	return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t code, void *user)
{
	struct conn *c = user;
	struct h2 *h = c->proto;
	struct exchange *ex = stream_exchange(session, stream);
	if (ex == NULL)
		return 0;
	nghttp2_session_set_stream_user_data(session, stream, NULL);
	if (code != NGHTTP2_NO_ERROR)
		h->resets++;
	exchange_end(ex);
	return 0;
}

static bool make_session(struct conn *c, struct h2 *h)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_option *option = NULL;
	bool fine =
		nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0;
	if (fine) {
		nghttp2_session_callbacks_set_on_begin_headers_callback(
			callbacks, on_begin_headers);
		nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
		nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame_recv);
		nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
		nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
		nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
		nghttp2_option_set_no_closed_streams(option, 1);
		nghttp2_option_set_max_send_header_block_length(
			option, RESPONSE_HEADERS_MAX * RESPONSE_HEADER_BYTES_MAX);
		fine = nghttp2_session_server_new2(&h->session, callbacks, c, option) == 0;
	}
	nghttp2_option_del(option);
	nghttp2_session_callbacks_del(callbacks);
	return fine;
}

enum err conn_h2_start(struct conn *c)
{
	const nghttp2_settings_entry settings[] = {
		{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS_MAX},
		{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, REQUEST_HEAD_BYTES_MAX},
		{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW / 4},
	};
	struct h2 *h = calloc(1, sizeof(*h));
	if (h == NULL)
		return ERR_NOMEM;
	if (!make_session(c, h) ||
		nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings,
			sizeof(settings) / sizeof(settings[0])) != 0 ||
		nghttp2_session_set_local_window_size(
			h->session, NGHTTP2_FLAG_NONE, 0, H2_WINDOW) != 0) {
		nghttp2_session_del(h->session);
		free(h);
		return ERR_NOMEM;
	}
	conn_switch(c, &conn_h2_ops, h);
	return OK;
}

static void h2_finish(struct conn *c)
{
	struct h2 *h = c->proto;
	nghttp2_session_del(h->session);
	free(h);
	c->proto = NULL;
}

static bool h2_input(struct conn *c, const uint8_t *bytes, size_t len)
{
	struct h2 *h = c->proto;
	ssize_t used = nghttp2_session_mem_recv(h->session, bytes, len);
	conn_kick(c);
	if (h->resets > H2_RESETS_MAX) {
		COUNT(c->server->refused, 1);
		return false;
	}
	return used == (ssize_t)len;
}

static size_t h2_produce(struct conn *c, uint8_t *space, size_t room)
{
	struct h2 *h = c->proto;
	size_t len = 0;
	while (len < room) {
		if (h->out_len == 0) {
			ssize_t n = nghttp2_session_mem_send(h->session, &h->out);
			if (n < 0) {
				conn_close(c);
				return 0;
			}
			if (n == 0)
				break;
			h->out_len = (size_t)n;
		}
		size_t part = h->out_len < room - len ? h->out_len : room - len;
		memcpy(space + len, h->out, part);
		h->out += part;
		h->out_len -= part;
		len += part;
	}
	bool over =
		!nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session);
	if (h->out_len == 0 && (over || (h->goodbye && c->exchanges == NULL)))
		conn_finish_up(c);
	return len;
}

static bool h2_eof(struct conn *c)
{
	return false;
}

static bool h2_too_slow(struct conn *c, struct exchange *ex)
{
	reset_stream(c, ex, NGHTTP2_CANCEL);
	return true;
}

static bool h2_tick(struct conn *c)
{
	struct server *s = c->server;
	if (c->exchanges != NULL)
		c->deadline_ms = 0;
	else if (c->deadline_ms == 0)
		c->deadline_ms = s->now_ms + s->options.idle_timeout_s * 1000L;
	return c->deadline_ms == 0 || s->now_ms < c->deadline_ms;
}

static void h2_stop(struct conn *c)
{
	struct h2 *h = c->proto;
	h->goodbye = nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE,
			     nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR,
			     NULL, 0) == 0;
	conn_kick(c);
}

const struct conn_ops conn_h2_ops = {.input = h2_input,
	.produce = h2_produce,
	.eof = h2_eof,
	.answer = h2_answer,
	.too_slow = h2_too_slow,
	.tick = h2_tick,
	.stop = h2_stop,
	.finish = h2_finish};
