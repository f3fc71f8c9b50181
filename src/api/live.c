/* SPDX-License-Identifier: MIT */
#include "api/live.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api/body.h"
#include "api/context.h"
#include "api/resources.h"
#include "report/json.h"
#include "store/events.h"

enum {
	LOOK_EVERY_MS = 300, /* other processes write too, and tell nobody */
	EVENTS_A_MESSAGE = 200,
	/* Who may see what is decided when following begins: so it begins anew now and then. */
	FOLLOW_MS = 15 * 60 * 1000,
	CLOSE_AGAIN = 1012, /* RFC 6455: the client comes back, with since=SEQ */
};

/* Whose events somebody gets; "" = not narrowed. */
struct hearing {
	char org_id[UUID_TEXT];
	char user_id[UUID_TEXT];   /* a teacher's groups */
	char person_id[UUID_TEXT]; /* a student */
	char group_id[UUID_TEXT];  /* a device's group */
};

struct follower {
	struct channel *ch;
	struct hearing hearing;
	int64_t seq; /* up to here it was told */
	int64_t until_ms;
	struct follower *next;
	struct follower **link; /* what points here */
};

struct live {
	char *home;
	int64_t (*now_ms)(void);
	pthread_t thread;
	bool running, stop, woken;
	pthread_mutex_t lock; /* of all below and of the flags above */
	pthread_cond_t wake;
	struct follower *followers;
	/* The thread's own. */
	struct store *store;
	struct zone *zone;
	char org_id[UUID_TEXT];
	int64_t head;
};

/* --- one message ------------------------------------------------------------------------ */

static json_t *event_json(const struct live *l, const struct event *e)
{
	return json_pack("{s:I,s:o,s:s,s:s,s:o,s:o}", "seq", (json_int_t)e->seq, "at",
		json_time(l->zone, e->at_ms), "kind", e->kind, "subject", e->subject, "person_id",
		json_text(e->person_id), "group_id", json_text(e->group_id));
}

/* A device of one group hears of that group only. */
static bool for_hearing(const struct hearing *hearing, const struct event *e)
{
	return hearing->group_id[0] == '\0' || strcmp(hearing->group_id, e->group_id) == 0;
}

static struct payload *message(json_t *doc)
{
	char *text = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;
	struct payload *p = text != NULL ? payload_new(text, strlen(text), false) : NULL;
	json_decref(doc);
	free(text);
	return p;
}

/* What a follower at `seq` gets next, and where it is then. *out NULL: nothing for it. */
static enum err compose(struct live *l, const struct hearing *hearing, int64_t seq,
	struct payload **out, int64_t *then, struct error *why)
{
	const struct event_filter filter = {
		.after_seq = seq,
		.limit = EVENTS_A_MESSAGE,
		.user_id = hearing->user_id[0] != '\0' ? hearing->user_id : NULL,
		.person_id = hearing->person_id[0] != '\0' ? hearing->person_id : NULL,
	};
	struct event_list events = {0};
	bool gap = false;
	int64_t head = seq;
	*out = NULL;
	enum err err = store_events(l->store, &filter, &events, &head, &gap, why);
	json_t *list = json_array();
	for (size_t i = 0; err == OK && !gap && i < events.count; i++)
		if (for_hearing(hearing, &events.item[i]))
			json_append(&list, event_json(l, &events.item[i]));
	bool more = !gap && events.count == EVENTS_A_MESSAGE;
	*then = more ? events.item[events.count - 1].seq : head;
	if (err == OK && gap)
		*out = message(json_pack("{s:s,s:I}", "type", "gap", "seq", (json_int_t)head));
	else if (err == OK && json_array_size(list) > 0)
		*out = message(json_pack("{s:s,s:I,s:O}", "type", "events", "seq",
			(json_int_t)*then, "events", list));
	json_decref(list);
	event_list_finish(&events);
	return err;
}

/* --- the thread ------------------------------------------------------------------------- */

static enum err use_org(struct live *l, const char *org_id, struct error *why)
{
	struct org org;
	if (strcmp(l->org_id, org_id) == 0)
		return OK;
	l->org_id[0] = '\0';
	enum err err = store_use_org(l->store, org_id, why);
	if (err == OK)
		err = store_org(l->store, &org, why);
	if (err != OK)
		return err;
	zone_close(l->zone);
	l->zone = NULL;
	err = zone_open(&l->zone, org.zone, why);
	if (err == OK)
		err = store_event_head(l->store, &l->head, why);
	if (err == OK)
		snprintf(l->org_id, sizeof(l->org_id), "%s", org_id);
	return err;
}

/* Tells everybody what is new; followers with the same hearing and place share a message. */
static void tell_all(struct live *l)
{
	struct error why = {0};
	struct hearing last = {0};
	struct payload *payload = NULL;
	int64_t from = -1, then = 0, now_ms = l->now_ms();
	l->org_id[0] = '\0';
	for (struct follower *f = l->followers; f != NULL; f = f->next) {
		if (now_ms > f->until_ms)
			channel_close(f->ch, CLOSE_AGAIN, "connect again with since=SEQ");
		if (use_org(l, f->hearing.org_id, &why) != OK)
			continue;
		if (f->seq == l->head)
			continue;
		if (f->seq != from || memcmp(&f->hearing, &last, sizeof(last)) != 0) {
			payload_release(payload);
			from = -1;
			if (compose(l, &f->hearing, f->seq, &payload, &then, &why) != OK)
				continue;
			from = f->seq;
			last = f->hearing;
		}
		if (payload == NULL || channel_send_payload(f->ch, payload) == OK)
			f->seq = then;
	}
	payload_release(payload);
}

static void wait_a_while(struct live *l)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)LOOK_EVERY_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (!l->stop && !l->woken)
		if (pthread_cond_timedwait(&l->wake, &l->lock, &until) != 0)
			break;
	l->woken = false;
}

static void *run(void *arg)
{
	struct live *l = arg;
	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		tell_all(l);
		wait_a_while(l);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* With the lock held. */
static enum err start(struct live *l, struct error *why)
{
	enum err err = OK;
	if (l->running)
		return OK;
	if (l->store == NULL)
		err = store_open(&l->store, l->home, STORE_READ_ONLY, why);
	if (err != OK)
		return err;
	int failed = pthread_create(&l->thread, NULL, run, l);
	if (failed != 0)
		return err_errno(why, failed, "cannot start the thread of what happens live");
	l->running = true;
	return OK;
}

enum err live_open(struct live **out, const char *home, int64_t (*now_ms)(void), struct error *why)
{
	*out = NULL;
	struct live *l = calloc(1, sizeof(*l));
	if (l != NULL)
		l->home = strdup(home);
	if (l == NULL || l->home == NULL) {
		free(l);
		return err_set(why, ERR_NOMEM, "no memory for what happens live");
	}
	l->now_ms = now_ms;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	*out = l;
	return OK;
}

void live_close(struct live *l)
{
	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	bool running = l->running;
	l->stop = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
	if (running)
		pthread_join(l->thread, NULL);
	zone_close(l->zone);
	store_close(l->store);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	free(l->home);
	free(l);
}

void live_wake(struct live *l)
{
	pthread_mutex_lock(&l->lock);
	l->woken = true;
	pthread_cond_signal(&l->wake);
	pthread_mutex_unlock(&l->lock);
}

/* --- followers -------------------------------------------------------------------------- */

static struct hearing hearing_of(const struct caller *caller)
{
	struct hearing hearing;
	memset(&hearing, 0, sizeof(hearing));
	snprintf(hearing.org_id, sizeof(hearing.org_id), "%s", caller->org_id);
	if (caller->kind == CALLER_DEVICE)
		snprintf(hearing.group_id, sizeof(hearing.group_id), "%s", caller->device.group_id);
	if (caller->kind != CALLER_USER)
		return hearing;
	if (caller->user.role == ROLE_TEACHER)
		snprintf(hearing.user_id, sizeof(hearing.user_id), "%s", caller->user.id);
	/* A student whose account has no person yet hears of nobody. */
	if (caller->user.role == ROLE_STUDENT)
		snprintf(hearing.person_id, sizeof(hearing.person_id), "%s",
			caller->user.person_id[0] != '\0' ? caller->user.person_id : "-");
	return hearing;
}

static enum err read_since(const struct request *req, struct response *res, int64_t *seq)
{
	const char *text = request_query(req, "since");
	char *end;
	if (text == NULL)
		return OK;
	long long n = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || n < 0)
		return body_invalid(res, "since", "takes the 'seq' of the last message");
	*seq = n;
	return OK;
}

static void follow(struct live *l, struct follower *f)
{
	f->next = l->followers;
	f->link = &l->followers;
	if (f->next != NULL)
		f->next->link = &f->next;
	l->followers = f;
	l->woken = true;
	pthread_cond_signal(&l->wake);
}

static enum err opened(
	const struct request *req, struct response *res, struct channel *ch, struct worker *w)
{
	struct context *c = context_of(w);
	struct live *l = api_live(c->api);
	struct error *why = response_why(res);
	char hello[64];
	struct follower *f = calloc(1, sizeof(*f));
	if (f == NULL)
		return err_set(why, ERR_NOMEM, "no memory for a follower");
	f->ch = ch;
	f->hearing = hearing_of(caller_of(req));
	f->until_ms = l->now_ms() + FOLLOW_MS;
	enum err err = store_event_head(c->store, &f->seq, why);
	if (err == OK)
		err = read_since(req, res, &f->seq);
	snprintf(hello, sizeof(hello), "{\"type\":\"hello\",\"seq\":%lld}", (long long)f->seq);
	if (err == OK)
		err = channel_send(ch, hello, strlen(hello), false);
	if (err == OK) {
		pthread_mutex_lock(&l->lock);
		err = start(l, why);
		if (err == OK)
			follow(l, f);
		pthread_mutex_unlock(&l->lock);
	}
	if (err != OK) {
		free(f);
		return err;
	}
	channel_set_data(ch, f);
	return OK;
}

static void closed(struct channel *ch, int code, struct worker *w)
{
	struct live *l = api_live(context_of(w)->api);
	struct follower *f = channel_data(ch);
	pthread_mutex_lock(&l->lock);
	*f->link = f->next;
	if (f->next != NULL)
		f->next->link = f->link;
	pthread_mutex_unlock(&l->lock);
	free(f);
}

static const struct channel_ops ops = {
	.open = opened,
	.close = closed,
	.message_max = 1024,
	.slow = CHANNEL_CLOSE,
};

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/live", .access = RIGHT_LIVE, .rate = RATE_API, .channel = &ops},
};

const struct resource resource_live = RESOURCE(routes);
