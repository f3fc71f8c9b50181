/* SPDX-License-Identifier: MIT */
/*
 * What happened, in order, for whoever follows it live. Rows are written by triggers of the
 * database in the transaction of the change itself: an event is there exactly when the change
 * is. As a store: one thread at a time.
 */
#ifndef STORE_EVENTS_H
#define STORE_EVENTS_H

#include "store/store.h"

enum {
	EVENT_KIND_BYTES = 24,
	EVENTS_KEEP_DAYS = 7,
	EVENTS_KEEP_MAX = 100000, /* of an organisation */
};

/*
 * kind             subject     besides
 * sighting         sighting    person
 * mark             register    person, group   (set or changed)
 * mark.removed     register    person, group
 * register         register    group           (opened, closed, opened again)
 * review           sighting    person          (settled)
 * contest          contest     person          (made or settled)
 * device           device      group           (new, changed, back, revoked)
 */
struct event {
	int64_t seq;   /* rises by one in each organisation */
	int64_t at_ms; /* when the row was written; of a mark that was removed: the mark */
	char kind[EVENT_KIND_BYTES];
	char subject[UUID_TEXT];
	char person_id[UUID_TEXT], group_id[UUID_TEXT]; /* "" = none, or erased */
};

struct event_list {
	struct event *item;
	size_t count, capacity;
};
void event_list_finish(struct event_list *list);

struct event_filter {
	int64_t after_seq;
	size_t limit;
	const char *user_id;   /* only of this teacher's groups and people in them; NULL = all */
	const char *person_id; /* only of this person; NULL = all */
};
/*
 * The events after a number, oldest first. Appends. `head` gets the number of the newest
 * there is: go on from there when fewer than `limit` came. *gap: some after after_seq have
 * been pruned, so that the follower must read everything anew.
 */
enum err store_events(struct store *s, const struct event_filter *filter, struct event_list *out,
	int64_t *head, bool *gap, struct error *why) MUST_USE;
/* The number of the newest; 0 = none yet. One row is read: cheap enough to poll. */
enum err store_event_head(struct store *s, int64_t *out, struct error *why) MUST_USE;
/* Deletes those of before a moment, and all but the newest `keep`. */
enum err store_events_prune(
	struct store *s, int64_t before_ms, int64_t keep, struct error *why) MUST_USE;

#endif
