/* SPDX-License-Identifier: MIT */
/*
 * WebSocket handles. Everything that two threads touch is under the channel's lock; `conn` is the
 * loop's alone. A channel is in the pool's queue at most once (`queued`): that is what keeps its
 * callbacks apart and in order.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/server_int.h"

enum { REASON_TEXT = 124 };

struct payload {
	atomic_int holders;
	bool binary;
	size_t len;
	uint8_t bytes[];
};

struct outgoing {
	struct outgoing *next;
	struct payload *payload;
};

struct incoming {
	struct incoming *next;
	uint8_t *bytes;
	size_t len;
	bool binary;
};

struct channel {
	enum job_kind kind; /* JOB_CHANNEL */
	struct server *server;
	const struct channel_ops *ops;
	uint64_t id;
	atomic_int holders;
	_Atomic(void *) data;
	struct conn *conn; /* loop */

	pthread_mutex_t lock;
	struct outgoing *out, **out_end;
	size_t out_bytes;
	struct incoming *in, **in_end;
	size_t in_count, in_bytes;
	bool queued;   /* in the pool, or with a worker */
	bool attached; /* was a WebSocket: close is owed */
	bool gone;     /* the connection is */
	bool closed;   /* close was called */
	bool waiting;  /* the loop stopped reading because of our mail */
	int gone_code;
	int close_code; /* wanted by us; 0: not */
	char close_reason[REASON_TEXT];
	bool dirty; /* in server.dirty, which holds it */
	struct channel *next_dirty;
};

struct payload *payload_new(const void *data, size_t len, bool binary)
{
	struct payload *p = len < SIZE_MAX - sizeof(*p) ? malloc(sizeof(*p) + len) : NULL;
	if (p == NULL)
		return NULL;
	atomic_init(&p->holders, 1);
	p->binary = binary;
	p->len = len;
	if (len > 0)
		memcpy(p->bytes, data, len);
	return p;
}

void payload_release(struct payload *payload)
{
	if (payload != NULL && atomic_fetch_sub(&payload->holders, 1) == 1)
		free(payload);
}

const uint8_t *payload_bytes(const struct payload *p, size_t *len, bool *binary)
{
	*len = p->len;
	*binary = p->binary;
	return p->bytes;
}

struct channel *channel_new(struct server *s, const struct channel_ops *ops)
{
	struct channel *ch = calloc(1, sizeof(*ch));
	if (ch == NULL)
		return NULL;
	ch->kind = JOB_CHANNEL;
	ch->server = s;
	ch->ops = ops;
	ch->id = COUNT(s->next_channel, 1) + 1;
	atomic_init(&ch->holders, 1);
	atomic_init(&ch->data, NULL);
	pthread_mutex_init(&ch->lock, NULL);
	ch->out_end = &ch->out;
	ch->in_end = &ch->in;
	return ch;
}

struct channel *channel_hold(struct channel *ch)
{
	atomic_fetch_add(&ch->holders, 1);
	return ch;
}

/* Under the lock, or by the last holder. */
static struct payload *pop_out(struct channel *ch)
{
	struct outgoing *first = ch->out;
	if (first == NULL)
		return NULL;
	struct payload *payload = first->payload;
	ch->out = first->next;
	if (ch->out == NULL)
		ch->out_end = &ch->out;
	ch->out_bytes -= payload->len;
	free(first);
	return payload;
}

static struct incoming *pop_in(struct channel *ch)
{
	struct incoming *first = ch->in;
	if (first == NULL)
		return NULL;
	ch->in = first->next;
	if (ch->in == NULL)
		ch->in_end = &ch->in;
	ch->in_count--;
	ch->in_bytes -= first->len;
	return first;
}

static void incoming_free(struct incoming *m)
{
	if (m == NULL)
		return;
	free(m->bytes);
	free(m);
}

void channel_release(struct channel *ch)
{
	if (ch == NULL || atomic_fetch_sub(&ch->holders, 1) != 1)
		return;
	while (ch->out != NULL)
		payload_release(pop_out(ch));
	while (ch->in != NULL)
		incoming_free(pop_in(ch));
	pthread_mutex_destroy(&ch->lock);
	free(ch);
}

uint64_t channel_id(const struct channel *ch)
{
	return ch->id;
}

void channel_set_data(struct channel *ch, void *data)
{
	atomic_store(&ch->data, data);
}

void *channel_data(const struct channel *ch)
{
	return atomic_load(&ch->data);
}

struct conn *channel_conn(const struct channel *ch)
{
	return ch->conn;
}

const struct channel_ops *channel_get_ops(const struct channel *ch)
{
	return ch->ops;
}

/* Has the loop look at it. Not under the channel's lock: `first` says whether it must. */
static void mark_dirty(struct channel *ch, bool first)
{
	struct server *s = ch->server;
	if (!first)
		return;
	channel_hold(ch);
	pthread_mutex_lock(&s->lock);
	ch->next_dirty = s->dirty;
	s->dirty = ch;
	pthread_mutex_unlock(&s->lock);
	server_wake(s);
}

static bool set_dirty(struct channel *ch)
{
	bool first = !ch->dirty;
	ch->dirty = true;
	return first;
}

/* Under the lock: makes room for `len` bytes as the route has it. */
static enum err make_room(struct channel *ch, size_t len)
{
	size_t max = ch->ops->out_max > 0 ? ch->ops->out_max : CHANNEL_OUT_MAX;
	if (len > max)
		return ERR_LIMIT;
	if (ch->ops->slow == CHANNEL_CLOSE && ch->out_bytes + len > max) {
		ch->close_code = 1013;
		snprintf(ch->close_reason, sizeof(ch->close_reason), "too slow");
		while (ch->out != NULL) {
			payload_release(pop_out(ch));
			COUNT(ch->server->messages_dropped, 1);
		}
		return ERR_LIMIT;
	}
	while (ch->out_bytes + len > max) {
		payload_release(pop_out(ch));
		COUNT(ch->server->messages_dropped, 1);
	}
	return OK;
}

enum err channel_send_payload(struct channel *ch, struct payload *payload)
{
	struct outgoing *m = malloc(sizeof(*m));
	if (m == NULL)
		return ERR_NOMEM;
	*m = (struct outgoing){.payload = payload};
	pthread_mutex_lock(&ch->lock);
	enum err err = ch->gone || ch->close_code != 0 ? ERR_STOPPED : make_room(ch, payload->len);
	if (err == OK) {
		atomic_fetch_add(&payload->holders, 1);
		*ch->out_end = m;
		ch->out_end = &m->next;
		ch->out_bytes += payload->len;
	}
	bool tell = err == OK || err == ERR_LIMIT;
	bool first = tell && set_dirty(ch);
	pthread_mutex_unlock(&ch->lock);
	if (err != OK)
		free(m);
	mark_dirty(ch, first);
	return err;
}

enum err channel_send(struct channel *ch, const void *data, size_t len, bool binary)
{
	struct payload *payload = payload_new(data, len, binary);
	if (payload == NULL)
		return ERR_NOMEM;
	enum err err = channel_send_payload(ch, payload);
	payload_release(payload);
	return err;
}

void channel_close(struct channel *ch, int code, const char *reason)
{
	pthread_mutex_lock(&ch->lock);
	bool first = false;
	if (ch->close_code == 0 && !ch->gone) {
		ch->close_code = code >= 1000 && code <= 4999 ? code : 1011;
		snprintf(ch->close_reason, sizeof(ch->close_reason), "%s",
			reason != NULL ? reason : "");
		first = set_dirty(ch);
	}
	pthread_mutex_unlock(&ch->lock);
	mark_dirty(ch, first);
}

struct payload *channel_next(struct channel *ch)
{
	pthread_mutex_lock(&ch->lock);
	struct payload *payload = pop_out(ch);
	pthread_mutex_unlock(&ch->lock);
	return payload;
}

bool channel_has_output(struct channel *ch)
{
	pthread_mutex_lock(&ch->lock);
	bool has = ch->out != NULL || ch->close_code != 0;
	pthread_mutex_unlock(&ch->lock);
	return has;
}

bool channel_close_wanted(struct channel *ch, int *code, char *reason)
{
	pthread_mutex_lock(&ch->lock);
	bool wanted = ch->close_code != 0 && ch->out == NULL;
	*code = ch->close_code;
	memcpy(reason, ch->close_reason, REASON_TEXT);
	pthread_mutex_unlock(&ch->lock);
	return wanted;
}

/* Under the lock. The pool takes it even when its queue is full: it is there at most once. */
static bool set_queued(struct channel *ch)
{
	bool first = !ch->queued;
	ch->queued = true;
	return first;
}

static void queue(struct channel *ch, bool first)
{
	if (!first)
		return;
	channel_hold(ch);
	if (pool_add_always(ch->server->pool, ch) == OK)
		return;
	/* The queue cannot grow: tried again with the next message or at the end. */
	log_at(LOG_ERROR, "channel %llu: out of memory", (unsigned long long)ch->id);
	pthread_mutex_lock(&ch->lock);
	ch->queued = false;
	pthread_mutex_unlock(&ch->lock);
	channel_release(ch);
}

void channel_attach(struct channel *ch, struct conn *c)
{
	channel_hold(ch);
	ch->conn = c;
	pthread_mutex_lock(&ch->lock);
	ch->attached = true;
	pthread_mutex_unlock(&ch->lock);
}

void channel_detach(struct channel *ch, int code)
{
	bool held = ch->conn != NULL;
	ch->conn = NULL;
	pthread_mutex_lock(&ch->lock);
	bool first = false;
	if (!ch->gone) {
		ch->gone = true;
		ch->attached = true;
		ch->gone_code = code;
		first = set_queued(ch);
	}
	pthread_mutex_unlock(&ch->lock);
	queue(ch, first);
	if (held)
		channel_release(ch);
}

bool channel_mail_full(struct channel *ch)
{
	pthread_mutex_lock(&ch->lock);
	bool full = ch->ops->busy == CHANNEL_WAIT &&
		(ch->in_count >= CHANNEL_MAIL_MAX || ch->in_bytes >= CHANNEL_MAIL_BYTES);
	ch->waiting = full;
	pthread_mutex_unlock(&ch->lock);
	return full;
}

bool channel_deliver(struct channel *ch, uint8_t *bytes, size_t len, bool binary)
{
	struct incoming *m = malloc(sizeof(*m));
	if (m == NULL) {
		free(bytes);
		return false;
	}
	*m = (struct incoming){.bytes = bytes, .len = len, .binary = binary};
	struct incoming *replaced = NULL;
	COUNT(ch->server->messages_in, 1);
	pthread_mutex_lock(&ch->lock);
	if (ch->ops->busy == CHANNEL_NEWEST)
		replaced = pop_in(ch);
	*ch->in_end = m;
	ch->in_end = &m->next;
	ch->in_count++;
	ch->in_bytes += len;
	bool first = set_queued(ch);
	pthread_mutex_unlock(&ch->lock);
	if (replaced != NULL)
		COUNT(ch->server->messages_dropped, 1);
	incoming_free(replaced);
	queue(ch, first);
	return true;
}

/* One message, or the end; then to the back of the queue if there is more. */
void channel_work(struct channel *ch, struct worker *w)
{
	w->server = ch->server;
	pthread_mutex_lock(&ch->lock);
	struct incoming *m = pop_in(ch);
	bool end = m == NULL && ch->gone && !ch->closed;
	ch->closed = ch->closed || end;
	int code = ch->gone_code;
	pthread_mutex_unlock(&ch->lock);
	if (m != NULL && ch->ops->message != NULL)
		ch->ops->message(ch, m->bytes, m->len, m->binary, w);
	if (end && ch->ops->close != NULL)
		ch->ops->close(ch, code, w);
	incoming_free(m);
	pthread_mutex_lock(&ch->lock);
	ch->queued = ch->in != NULL || (ch->gone && !ch->closed);
	bool again = ch->queued;
	bool low = ch->in_count < CHANNEL_MAIL_MAX / 2 && ch->in_bytes < CHANNEL_MAIL_BYTES;
	bool first = ch->waiting && low && set_dirty(ch);
	pthread_mutex_unlock(&ch->lock);
	mark_dirty(ch, first);
	if (again)
		queue(ch, true);
	channel_release(ch);
}

void channel_serve_dirty(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	struct channel *list = s->dirty;
	s->dirty = NULL;
	pthread_mutex_unlock(&s->lock);
	while (list != NULL) {
		struct channel *ch = list;
		list = ch->next_dirty;
		pthread_mutex_lock(&ch->lock);
		ch->dirty = false;
		pthread_mutex_unlock(&ch->lock);
		if (ch->conn != NULL)
			conn_kick(ch->conn);
		channel_release(ch);
	}
}
