/* SPDX-License-Identifier: MIT */
/* WebSocket on a connection: frames by wslay, messages to and from a channel. */
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "net/server_int.h"

enum { REASON_TEXT = 124 };

/* `in` and `space` are windows into the loop's buffers while input() or produce() runs. */
struct ws {
	wslay_event_context_ptr frames;
	struct channel *channel;
	const uint8_t *in;
	size_t in_len;
	uint8_t *space;
	size_t room, out_len;
	struct buf left;    /* came while the channel's mail was full */
	struct buf message; /* what came of the present message */
	bool in_message;    /* the present frame is one of a message's, not a control frame */
	bool pinged, closing, broken;
	int64_t heard_ms;
};

static size_t message_max(const struct ws *ws)
{
	size_t max = channel_get_ops(ws->channel)->message_max;
	return max > 0 ? max : CHANNEL_MESSAGE_MAX;
}

static ssize_t give_bytes(
	wslay_event_context_ptr ctx, uint8_t *space, size_t room, int flags, void *user)
{
	struct conn *c = user;
	struct ws *ws = c->proto;
	size_t len = ws->in_len < room ? ws->in_len : room;
	if (len == 0 || c->paused) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(space, ws->in, len);
	ws->in += len;
	ws->in_len -= len;
	return (ssize_t)len;
}

static ssize_t take_bytes(
	wslay_event_context_ptr ctx, const uint8_t *bytes, size_t len, int flags, void *user)
{
	struct conn *c = user;
	struct ws *ws = c->proto;
	size_t part = len < ws->room - ws->out_len ? len : ws->room - ws->out_len;
	if (part == 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	memcpy(ws->space + ws->out_len, bytes, part);
	ws->out_len += part;
	return (ssize_t)part;
}

static void begin_close(struct conn *c, int code, const char *reason)
{
	struct ws *ws = c->proto;
	if (ws->closing)
		return;
	ws->closing = true;
	c->deadline_ms = c->server->now_ms + CLOSE_MS;
	if (wslay_event_queue_close(
		    ws->frames, (uint16_t)code, (const uint8_t *)reason, strlen(reason)) != 0)
		ws->broken = true;
}

static void frame_begins(wslay_event_context_ptr ctx,
	const struct wslay_event_on_frame_recv_start_arg *frame, void *user)
{
	struct conn *c = user;
	struct ws *ws = c->proto;
	ws->in_message = !wslay_is_ctrl_frame(frame->opcode);
	size_t max = message_max(ws);
	if (!ws->in_message ||
		(frame->payload_length <= max &&
			ws->message.len <= max - (size_t)frame->payload_length))
		return;
	wslay_event_shutdown_read(ctx);
	begin_close(c, 1009, "message too large");
}

static void frame_data(wslay_event_context_ptr ctx,
	const struct wslay_event_on_frame_recv_chunk_arg *chunk, void *user)
{
	struct conn *c = user;
	struct ws *ws = c->proto;
	if (!ws->in_message || ws->closing)
		return;
	if (buf_add(&ws->message, chunk->data, chunk->data_length) != OK)
		ws->broken = true;
}

static void message_is_there(
	wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *message, void *user)
{
	struct conn *c = user;
	struct ws *ws = c->proto;
	if (wslay_is_ctrl_frame(message->opcode) || ws->closing)
		return;
	/* A zero follows the bytes also when there are none. */
	uint8_t *bytes = ws->message.data != NULL ? ws->message.data : calloc(1, 1);
	size_t len = ws->message.len;
	ws->message.data = NULL;
	buf_init(&ws->message, message_max(ws));
	if (bytes == NULL ||
		!channel_deliver(ws->channel, bytes, len, message->opcode == WSLAY_BINARY_FRAME))
		ws->broken = true;
	if (channel_mail_full(ws->channel))
		conn_pause(c, true);
}

enum err conn_ws_start(struct conn *c, struct channel *ch)
{
	static const struct wslay_event_callbacks callbacks = {.recv_callback = give_bytes,
		.send_callback = take_bytes,
		.on_frame_recv_start_callback = frame_begins,
		.on_frame_recv_chunk_callback = frame_data,
		.on_msg_recv_callback = message_is_there};
	struct ws *ws = calloc(1, sizeof(*ws));
	if (ws == NULL || wslay_event_context_server_init(&ws->frames, &callbacks, c) != 0) {
		free(ws);
		channel_detach(ch, 1006);
		return ERR_NOMEM;
	}
	ws->channel = ch;
	buf_init(&ws->left, 2 * IO_ROOM + REQUEST_HEAD_BYTES_MAX);
	buf_init(&ws->message, message_max(ws));
	wslay_event_config_set_no_buffering(ws->frames, 1);
	ws->heard_ms = c->server->now_ms;
	c->deadline_ms = 0;
	channel_attach(ch, c);
	conn_switch(c, &conn_ws_ops, ws);
	COUNT(c->server->channels, 1);
	return OK;
}

static void ws_finish(struct conn *c)
{
	struct ws *ws = c->proto;
	int code = 1006;
	if (wslay_event_get_close_received(ws->frames))
		code = wslay_event_get_status_code_received(ws->frames);
	wslay_event_context_free(ws->frames);
	buf_finish(&ws->left);
	buf_finish(&ws->message);
	channel_detach(ws->channel, code);
	UNCOUNT(c->server->channels, 1);
	free(ws);
	c->proto = NULL;
}

static bool ws_input(struct conn *c, const uint8_t *bytes, size_t len)
{
	struct ws *ws = c->proto;
	ws->heard_ms = c->server->now_ms;
	ws->pinged = false;
	ws->in = bytes;
	ws->in_len = len;
	int error = wslay_event_recv(ws->frames);
	size_t left = ws->in_len;
	ws->in_len = 0;
	conn_kick(c);
	if (ws->broken || error == WSLAY_ERR_NOMEM)
		return false;
	if (error != 0) {
		/* wslay has queued a close frame: the client broke the protocol. */
		ws->closing = true;
		c->deadline_ms = c->server->now_ms + CLOSE_MS;
		wslay_event_shutdown_read(ws->frames);
	}
	/* What wslay does not want any more, after a close, is thrown away. */
	if (left > 0 && wslay_event_want_read(ws->frames))
		return buf_add(&ws->left, ws->in, left) == OK;
	return true;
}

/* The channel has dealt with its mail: on with what came meanwhile. */
static bool resume(struct conn *c)
{
	struct ws *ws = c->proto;
	if (!c->paused || channel_mail_full(ws->channel))
		return true;
	conn_pause(c, false);
	struct buf left = ws->left;
	buf_init(&ws->left, left.max);
	/* Also without bytes of ours: wslay has some of its own. */
	bool fine = ws_input(c, left.data, left.len);
	buf_finish(&left);
	return fine;
}

/* Gives wslay something to send. false: there is nothing. */
static bool feed(struct conn *c)
{
	struct ws *ws = c->proto;
	int code;
	char reason[REASON_TEXT];
	struct payload *payload = ws->closing ? NULL : channel_next(ws->channel);
	if (payload != NULL) {
		size_t len;
		bool binary;
		const uint8_t *bytes = payload_bytes(payload, &len, &binary);
		struct wslay_event_msg message = {
			.opcode = binary ? WSLAY_BINARY_FRAME : WSLAY_TEXT_FRAME,
			.msg = bytes,
			.msg_length = len};
		ws->broken = wslay_event_queue_msg(ws->frames, &message) != 0 || ws->broken;
		payload_release(payload);
		COUNT(c->server->messages_out, 1);
		return !ws->broken;
	}
	if (ws->closing || !channel_close_wanted(ws->channel, &code, reason))
		return false;
	begin_close(c, code, reason);
	return !ws->broken;
}

static size_t ws_produce(struct conn *c, uint8_t *space, size_t room)
{
	struct ws *ws = c->proto;
	bool fine = resume(c);
	ws->space = space;
	ws->room = room;
	ws->out_len = 0;
	while (fine && !ws->broken && ws->out_len < room) {
		if (wslay_event_want_write(ws->frames))
			fine = wslay_event_send(ws->frames) == 0;
		else if (!feed(c))
			break;
	}
	size_t len = ws->out_len;
	if (!fine || ws->broken) {
		conn_close(c);
		return 0;
	}
	if (!wslay_event_want_write(ws->frames) && wslay_event_get_close_sent(ws->frames) &&
		(wslay_event_get_close_received(ws->frames) ||
			!wslay_event_get_read_enabled(ws->frames)))
		conn_finish_up(c);
	return len;
}

static bool ws_eof(struct conn *c)
{
	return false;
}

static void ws_answer(struct conn *c, struct exchange *ex)
{
}

static bool ws_too_slow(struct conn *c, struct exchange *ex)
{
	return false;
}

static bool ws_tick(struct conn *c)
{
	struct ws *ws = c->proto;
	int64_t now = c->server->now_ms;
	int idle_s = channel_get_ops(ws->channel)->idle_s;
	int64_t idle_ms = (idle_s > 0 ? idle_s : CHANNEL_IDLE_S) * 1000L;
	if (c->deadline_ms != 0)
		return now < c->deadline_ms;
	int code;
	char reason[REASON_TEXT];
	/* A client that takes nothing cannot be told that it is closed. */
	if (channel_close_wanted(ws->channel, &code, reason)) {
		c->deadline_ms = now + CLOSE_MS;
		return true;
	}
	if (c->paused)
		return true;
	if (now >= ws->heard_ms + idle_ms) {
		COUNT(c->server->timeouts, 1);
		return false;
	}
	if (!ws->pinged && now >= ws->heard_ms + idle_ms / 2) {
		struct wslay_event_msg ping = {.opcode = WSLAY_PING};
		ws->pinged = true;
		conn_kick(c);
		return wslay_event_queue_msg(ws->frames, &ping) == 0;
	}
	return true;
}

static void ws_stop(struct conn *c)
{
	struct ws *ws = c->proto;
	channel_close(ws->channel, 1001, "the server stops");
	conn_kick(c);
}

const struct conn_ops conn_ws_ops = {.input = ws_input,
	.produce = ws_produce,
	.eof = ws_eof,
	.answer = ws_answer,
	.too_slow = ws_too_slow,
	.tick = ws_tick,
	.stop = ws_stop,
	.finish = ws_finish};
