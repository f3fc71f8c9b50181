/* SPDX-License-Identifier: MIT */
/*
 * Long lists, a page at a time, in an order that does not change under the reader: what is
 * added or removed between two pages makes nothing come twice or be left out. As a store: one
 * thread at a time.
 */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include "store/devices.h"
#include "store/keys.h"
#include "store/reviews.h"
#include "store/users.h"

enum {
	PAGE_LIMIT_MAX = 500,
	PAGE_CURSOR_BYTES = 2200, /* a name's key and two ids, in base64url */
};

/*
 * Where the reader is. cursor "" begins; each call puts the cursor of the next page there, ""
 * when there is none. A cursor that is not one of ours is ERR_ARG. limit 0 = PAGE_LIMIT_MAX.
 */
struct page {
	char cursor[PAGE_CURSOR_BYTES];
	size_t limit;
};

/*
 * Which of them. Each list looks at the fields that it names; NULL and 0 mean all. user_id
 * narrows to what belongs to a teacher's groups.
 */
struct page_filter {
	const char *group_id, *person_id, *session_id, *user_id;
	const char *search;            /* part of a name, or a whole number */
	const char *word;              /* a decision, a state */
	const char *from_day, *to_day; /* both included */
	int64_t from_ms, to_ms;        /* [from, to) */
};

/* All append to `out`. */

/* By name. group_id, user_id, search. */
enum err store_people_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct person_list *out, struct error *why) MUST_USE;
/* By name. user_id, search. */
enum err store_groups_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct group_list *out, struct error *why) MUST_USE;
/* The newest day first. group_id, user_id, from_day, to_day. */
enum err store_sessions_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct session_list *out, struct error *why) MUST_USE;
/* Newest first. person_id, user_id, word (decision), from_ms, to_ms. */
enum err store_sightings_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct sighting_list *out, struct error *why) MUST_USE;
/* Newest first. session_id, person_id, group_id, user_id, from_ms, to_ms. */
enum err store_marks_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct mark_list *out, struct error *why) MUST_USE;
/* Oldest first. word (state). */
enum err store_users_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct user_list *out, struct error *why) MUST_USE;
/* Oldest first. */
enum err store_keys_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct api_key_list *out, struct error *why) MUST_USE;
/* By name. group_id, user_id. */
enum err store_devices_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct device_list *out, struct error *why) MUST_USE;
/*
 * What is in review and settled by nobody, newest first. person_id, user_id, from_ms, to_ms.
 */
enum err store_reviews_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct sighting_list *out, struct error *why) MUST_USE;
/* Oldest first. word (state), person_id, user_id. */
enum err store_contests_page(struct store *s, const struct page_filter *filter, struct page *page,
	struct contest_list *out, struct error *why) MUST_USE;

#endif
