/* SPDX-License-Identifier: MIT */
/* Versions, answers that are given again, events, pages, reviews, contested marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <cmocka.h>

#include "store/events.h"
#include "store/idempotency.h"
#include "store/pages.h"
#include "store/store_int.h"
#include "tests/support/home.h"

enum { PEOPLE = 7 };

struct fixture {
	struct home home;
	struct store *s;
	char person[PEOPLE][UUID_TEXT], group[UUID_TEXT], session[UUID_TEXT], teacher[UUID_TEXT];
	struct error why;
};

#define ok(f, call)                                               \
	do {                                                      \
		(f)->why = (struct error){0};                     \
		if ((call) != OK)                                 \
			fail_msg("%s: %s", #call, (f)->why.text); \
	} while (0)

/* Seven people; the first three are in a group, which has a register and a teacher. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	if (f == NULL || !home_begin(&f->home, &f->s))
		return -1;
	ok(f, home_group(f->s, "3a", f->group, &f->why));
	for (int i = 0; i < PEOPLE; i++) {
		char name[32];
		snprintf(name, sizeof(name), "Person %c", 'G' - i);
		ok(f, home_person(f->s, name, NULL, f->person[i], &f->why));
		if (i < 3)
			ok(f, store_member_add(f->s, f->group, f->person[i], HOME_NOW, &f->why));
	}
	struct session_row day = {.day = "2026-11-20"};
	memcpy(day.group_id, f->group, UUID_TEXT);
	ok(f, store_session_day(f->s, &day, HOME_NOW, &f->why));
	memcpy(f->session, day.id, UUID_TEXT);
	struct user user = {.role = ROLE_TEACHER, .email = "t@school.example", .name = "T"};
	struct user_group right = {.may_take = true};
	memcpy(right.group_id, f->group, UUID_TEXT);
	ok(f, store_user_add(f->s, &user, HOME_NOW, &f->why));
	ok(f, store_user_groups_set(f->s, user.id, &right, 1, &f->why));
	memcpy(f->teacher, user.id, UUID_TEXT);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	home_end(&f->home, f->s);
	free(f);
	return 0;
}

static struct sighting seen(struct fixture *f, int person, const char *decision, int64_t at_ms)
{
	struct sighting sighting = {.at_ms = at_ms, .source = "camera"};
	snprintf(sighting.decision, sizeof(sighting.decision), "%s", decision);
	memcpy(sighting.person_id, f->person[person], UUID_TEXT);
	ok(f, store_sighting_add(f->s, &sighting, HOME_NOW, &f->why));
	return sighting;
}

static void marked(struct fixture *f, int person, int64_t at_ms)
{
	struct mark mark = {.at_ms = at_ms};
	memcpy(mark.session_id, f->session, UUID_TEXT);
	memcpy(mark.person_id, f->person[person], UUID_TEXT);
	ok(f, store_mark_add(f->s, &mark, HOME_NOW, &f->why));
}

/* --- versions --- */

static void people_and_groups_are_changed_by_who_knows_their_version(void **state)
{
	struct fixture *f = *state;
	struct person mine, theirs;
	struct group my_group, their_group;
	struct session_row session;
	ok(f, store_person(f->s, f->person[0], &mine, &f->why));
	assert_int_equal(mine.version, 1);
	theirs = mine;
	snprintf(theirs.name, sizeof(theirs.name), "New name");
	ok(f, store_person_update(f->s, &theirs, &f->why));
	assert_int_equal(theirs.version, 2);
	assert_int_equal(store_person_update(f->s, &mine, &f->why), ERR_CONFLICT);
	ok(f, store_person(f->s, mine.id, &mine, &f->why));
	assert_string_equal(mine.name, "New name");
	mine.version = 0;
	ok(f, store_person_update(f->s, &mine, &f->why));
	assert_int_equal(mine.version, 3);
	ok(f, store_group(f->s, f->group, &my_group, &f->why));
	their_group = my_group;
	their_group.start_minute = 480;
	ok(f, store_group_update(f->s, &their_group, &f->why));
	assert_int_equal(store_group_update(f->s, &my_group, &f->why), ERR_CONFLICT);
	ok(f, store_session(f->s, f->session, &session, &f->why));
	assert_int_equal(session.version, 1);
	ok(f, store_session_close(f->s, f->session, HOME_NOW, &f->why));
	ok(f, store_session(f->s, f->session, &session, &f->why));
	assert_int_equal(session.version, 2);
}

/* --- idempotency --- */

static enum idempotency begin(struct fixture *f, struct idempotency_key *key, int64_t now_ms,
	struct idempotency_record *out)
{
	ok(f, store_idempotency_begin(f->s, key, now_ms, out, &f->why));
	return out->outcome;
}

static void the_same_request_gets_the_same_answer(void **state)
{
	struct fixture *f = *state;
	struct idempotency_key key = {"user:a", "k1", {1}}, other = {"user:a", "k1", {2}};
	struct idempotency_key somebody = {"user:b", "k1", {2}};
	const struct idempotency_answer answer = {201, "application/json", "{\"id\":1}", 8};
	struct idempotency_record record, again;
	assert_int_equal(begin(f, &key, HOME_NOW, &record), IDEMPOTENCY_NEW);
	assert_int_equal(begin(f, &key, HOME_NOW, &again), IDEMPOTENCY_RUNNING);
	assert_int_equal(begin(f, &other, HOME_NOW, &again), IDEMPOTENCY_OTHER);
	assert_int_equal(begin(f, &somebody, HOME_NOW, &again), IDEMPOTENCY_NEW);
	ok(f, store_idempotency_end(f->s, &key, record.lease, &answer, &f->why));
	assert_int_equal(begin(f, &key, HOME_NOW + 1000, &again), IDEMPOTENCY_REPLAY);
	assert_int_equal(again.status, 201);
	assert_string_equal(again.type, "application/json");
	assert_string_equal(buf_str(&again.body), "{\"id\":1}");
	buf_finish(&again.body);
	assert_int_equal(begin(f, &other, HOME_NOW, &again), IDEMPOTENCY_OTHER);
	const int64_t day = (int64_t)IDEMPOTENCY_HOURS * 3600 * 1000;
	ok(f, store_idempotency_purge(f->s, HOME_NOW + day - 1, &f->why));
	assert_int_equal(begin(f, &other, HOME_NOW + day - 1, &again), IDEMPOTENCY_OTHER);
	assert_int_equal(begin(f, &other, HOME_NOW + day, &again), IDEMPOTENCY_NEW);
}

static void a_key_of_a_worker_that_died_is_free_after_a_while(void **state)
{
	struct fixture *f = *state;
	struct idempotency_key key = {"user:a", "k1", {1}};
	const struct idempotency_answer answer = {201, "text/plain", "x", 1};
	const int64_t later = HOME_NOW + IDEMPOTENCY_LEASE_S * 1000;
	struct idempotency_record dead, next, none;
	assert_int_equal(begin(f, &key, HOME_NOW, &dead), IDEMPOTENCY_NEW);
	assert_int_equal(begin(f, &key, later - 1, &none), IDEMPOTENCY_RUNNING);
	assert_int_equal(begin(f, &key, later, &next), IDEMPOTENCY_NEW);
	/* It was not dead after all: what it did must be rolled back. */
	assert_int_equal(
		store_idempotency_end(f->s, &key, dead.lease, &answer, &f->why), ERR_CONFLICT);
	ok(f, store_idempotency_drop(f->s, &key, dead.lease, &f->why));
	assert_int_equal(begin(f, &key, later, &none), IDEMPOTENCY_RUNNING);
	ok(f, store_idempotency_drop(f->s, &key, next.lease, &f->why));
	assert_int_equal(begin(f, &key, later, &none), IDEMPOTENCY_NEW);
	key.key = "";
	assert_int_equal(store_idempotency_begin(f->s, &key, HOME_NOW, &none, &f->why), ERR_ARG);
}

enum { WORKERS = 3 };

struct worker {
	pthread_t thread;
	const struct fixture *f;
	struct idempotency_record record;
	struct error why;
};

static void *take_key(void *arg)
{
	struct worker *w = arg;
	const struct idempotency_key key = {"user:a", "same", {1}};
	struct store *s;
	if (store_open(&s, w->f->home.path, 0, &w->why) == OK)
		(void)!store_idempotency_begin(s, &key, HOME_NOW, &w->record, &w->why);
	store_close(s);
	return NULL;
}

static void one_of_several_workers_gets_the_key(void **state)
{
	struct fixture *f = *state;
	struct worker worker[WORKERS];
	int taken = 0;
	for (int i = 0; i < WORKERS; i++) {
		worker[i] = (struct worker){.f = f};
		assert_int_equal(pthread_create(&worker[i].thread, NULL, take_key, &worker[i]), 0);
	}
	for (int i = 0; i < WORKERS; i++) {
		assert_int_equal(pthread_join(worker[i].thread, NULL), 0);
		assert_string_equal(worker[i].why.text, "");
		taken += worker[i].record.outcome == IDEMPOTENCY_NEW;
		assert_true(worker[i].record.outcome == IDEMPOTENCY_NEW ||
			worker[i].record.outcome == IDEMPOTENCY_RUNNING);
	}
	assert_int_equal(taken, 1);
}

/* --- events --- */

static struct event_list events(
	struct fixture *f, struct event_filter filter, int64_t *head, bool *gap)
{
	struct event_list list = {0};
	if (filter.limit == 0)
		filter.limit = 1000;
	ok(f, store_events(f->s, &filter, &list, head, gap, &f->why));
	return list;
}

static void changes_are_events_in_their_order(void **state)
{
	struct fixture *f = *state;
	int64_t before, head;
	bool gap;
	ok(f, store_event_head(f->s, &before, &f->why));
	seen(f, 0, "match", HOME_NOW);
	marked(f, 0, HOME_NOW);
	ok(f, store_mark_remove(f->s, f->session, f->person[0], &f->why));
	ok(f, store_session_close(f->s, f->session, HOME_NOW, &f->why));
	struct device device = {.kind = "kiosk", .name = "Door"};
	ok(f, store_device_add(f->s, &device, HOME_NOW, NULL, &f->why));
	struct event_list list = events(f, (struct event_filter){.after_seq = before}, &head, &gap);
	static const char *const wanted[] = {
		"sighting", "mark", "mark.removed", "register", "device"};
	assert_false(gap);
	assert_int_equal(list.count, 5);
	assert_int_equal(head, before + 5);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(list.item[i].seq, before + 1 + i);
		assert_string_equal(list.item[i].kind, wanted[i]);
	}
	assert_string_equal(list.item[1].group_id, f->group);
	assert_string_equal(list.item[1].person_id, f->person[0]);
	event_list_finish(&list);
	list = events(f, (struct event_filter){.after_seq = before, .limit = 2}, &head, &gap);
	assert_int_equal(list.count, 2);
	event_list_finish(&list);
	/* What is rolled back never happened. */
	ok(f, store_begin(f->s, &f->why));
	seen(f, 0, "match", HOME_NOW);
	store_rollback(f->s);
	ok(f, store_event_head(f->s, &head, &f->why));
	assert_int_equal(head, before + 5);
}

static void being_seen_all_the_time_is_no_event_of_a_device(void **state)
{
	struct fixture *f = *state;
	struct device device = {.kind = "kiosk", .name = "Door"};
	int64_t head, before;
	const int64_t now = 1000000000;
	ok(f, store_device_add(f->s, &device, now, NULL, &f->why));
	ok(f, store_device_seen(f->s, device.id, "ready", now, &f->why));
	ok(f, store_event_head(f->s, &before, &f->why));
	for (int i = 1; i <= 5; i++)
		ok(f, store_device_seen(f->s, device.id, "ready", now + i * 40000, &f->why));
	ok(f, store_event_head(f->s, &head, &f->why));
	assert_int_equal(head, before);
	ok(f,
		store_device_seen(
			f->s, device.id, NULL, now + 200000 + DEVICE_ONLINE_S * 1000, &f->why));
	ok(f, store_event_head(f->s, &head, &f->why));
	assert_int_equal(head, before + 1);
}

static void everybody_sees_what_is_theirs(void **state)
{
	struct fixture *f = *state;
	int64_t before, head;
	bool gap;
	ok(f, store_event_head(f->s, &before, &f->why));
	seen(f, 0, "match", HOME_NOW);
	marked(f, 0, HOME_NOW);
	seen(f, 5, "match", HOME_NOW); /* in no group */
	struct event_filter filter = {.after_seq = before, .user_id = f->teacher};
	struct event_list list = events(f, filter, &head, &gap);
	assert_int_equal(list.count, 2);
	event_list_finish(&list);
	filter = (struct event_filter){.after_seq = before, .person_id = f->person[5]};
	list = events(f, filter, &head, &gap);
	assert_int_equal(list.count, 1);
	event_list_finish(&list);
	filter = (struct event_filter){.after_seq = before, .user_id = "nobody"};
	list = events(f, filter, &head, &gap);
	assert_int_equal(list.count, 0);
	event_list_finish(&list);
	/* An erased person is in no event any more. */
	ok(f, store_person_remove(f->s, f->person[0], &f->why));
	list = events(f, (struct event_filter){.after_seq = 0}, &head, &gap);
	for (size_t i = 0; i < list.count; i++)
		assert_string_not_equal(list.item[i].person_id, f->person[0]);
	event_list_finish(&list);
	ok(f, store_check(f->s, &f->why));
}

static void who_comes_back_too_late_is_told(void **state)
{
	struct fixture *f = *state;
	int64_t head, newest;
	bool gap;
	for (int i = 0; i < 10; i++)
		seen(f, 0, "match", HOME_NOW + i);
	ok(f, store_event_head(f->s, &newest, &f->why));
	ok(f, store_events_prune(f->s, 0, 4, &f->why));
	struct event_list list = events(f, (struct event_filter){.after_seq = 1}, &head, &gap);
	assert_true(gap);
	assert_int_equal(list.count, 4);
	event_list_finish(&list);
	list = events(f, (struct event_filter){.after_seq = newest - 4}, &head, &gap);
	assert_false(gap);
	event_list_finish(&list);
	ok(f, store_events_prune(f->s, HOME_NOW + 1, 1000, &f->why)); /* by time: all */
	list = events(f, (struct event_filter){.after_seq = newest}, &head, &gap);
	assert_int_equal(head, newest); /* the numbers go on all the same */
	assert_false(gap);
	event_list_finish(&list);
	/* A number from another database's time. */
	list = events(f, (struct event_filter){.after_seq = newest + 100}, &head, &gap);
	assert_true(gap);
	event_list_finish(&list);
}

/* --- pages --- */

static void people_come_by_name_page_by_page(void **state)
{
	struct fixture *f = *state;
	struct page page = {.limit = 3};
	struct person_list list = {0};
	const struct page_filter filter = {0};
	int pages = 0;
	do {
		ok(f, store_people_page(f->s, &filter, &page, &list, &f->why));
		if (++pages == 1) {
			/* Added behind and before the reader: the first is seen, the second not. */
			char id[UUID_TEXT];
			ok(f, home_person(f->s, "Zoe", NULL, id, &f->why));
			ok(f, home_person(f->s, "Abe", NULL, id, &f->why));
			ok(f, store_person_remove(f->s, list.item[0].id, &f->why));
		}
	} while (page.cursor[0] != '\0');
	assert_int_equal(pages, 3);
	assert_int_equal(list.count, PEOPLE + 1);
	assert_string_equal(list.item[0].name, "Person A");
	assert_string_equal(list.item[6].name, "Person G");
	assert_string_equal(list.item[7].name, "Zoe");
	person_list_finish(&list);
}

static size_t people_of(struct fixture *f, const struct page_filter *filter)
{
	struct page page = {.limit = 100};
	struct person_list list = {0};
	ok(f, store_people_page(f->s, filter, &page, &list, &f->why));
	assert_string_equal(page.cursor, "");
	size_t count = list.count;
	person_list_finish(&list);
	return count;
}

static void pages_are_filtered(void **state)
{
	struct fixture *f = *state;
	struct page page = {.limit = 100};
	struct person_list people = {0};
	struct page_filter filter = {.group_id = f->group};
	ok(f, store_people_page(f->s, &filter, &page, &people, &f->why));
	assert_int_equal(people.count, 3);
	filter = (struct page_filter){.user_id = f->teacher};
	ok(f, store_people_page(f->s, &filter, &page, &people, &f->why));
	assert_int_equal(people.count, 6);
	filter = (struct page_filter){.search = "SON b"};
	ok(f, store_people_page(f->s, &filter, &page, &people, &f->why));
	assert_int_equal(people.count, 7);
	assert_string_equal(people.item[6].name, "Person B");
	person_list_finish(&people);
	filter = (struct page_filter){.search = "nobody"};
	assert_int_equal(people_of(f, &filter), 0);
	struct group_list groups = {0};
	filter = (struct page_filter){.user_id = f->teacher};
	ok(f, store_groups_page(f->s, &filter, &page, &groups, &f->why));
	assert_int_equal(groups.count, 1);
	filter = (struct page_filter){.user_id = "nobody"};
	ok(f, store_groups_page(f->s, &filter, &page, &groups, &f->why));
	assert_int_equal(groups.count, 1);
	group_list_finish(&groups);
	struct session_list sessions = {0};
	filter = (struct page_filter){.from_day = "2026-11-20", .to_day = "2026-11-20"};
	ok(f, store_sessions_page(f->s, &filter, &page, &sessions, &f->why));
	assert_int_equal(sessions.count, 1);
	filter.from_day = "2026-11-21";
	ok(f, store_sessions_page(f->s, &filter, &page, &sessions, &f->why));
	assert_int_equal(sessions.count, 1);
	session_list_finish(&sessions);
}

static void marks_and_sightings_come_newest_first(void **state)
{
	struct fixture *f = *state;
	struct page page = {.limit = 2};
	struct mark_list marks = {0};
	struct sighting_list sightings = {0};
	struct page_filter filter = {0};
	for (int i = 0; i < 5; i++) {
		marked(f, i, HOME_NOW + i / 2); /* some at the same time */
		seen(f, i, i % 2 == 0 ? "match" : "review", HOME_NOW + i / 2);
	}
	do {
		ok(f, store_marks_page(f->s, &filter, &page, &marks, &f->why));
	} while (page.cursor[0] != '\0');
	assert_int_equal(marks.count, 5);
	do {
		ok(f, store_sightings_page(f->s, &filter, &page, &sightings, &f->why));
	} while (page.cursor[0] != '\0');
	assert_int_equal(sightings.count, 5);
	for (size_t i = 1; i < 5; i++) {
		assert_true(marks.item[i - 1].at_ms >= marks.item[i].at_ms);
		assert_true(sightings.item[i - 1].at_ms >= sightings.item[i].at_ms);
		assert_string_not_equal(sightings.item[i - 1].id, sightings.item[i].id);
	}
	mark_list_finish(&marks);
	sighting_list_finish(&sightings);
	page.limit = 100;
	const struct page_filter filters[] = {{.person_id = f->person[0]},
		{.session_id = f->session}, {.group_id = f->group}, {.user_id = f->teacher},
		{.user_id = "nobody"}, {.from_ms = HOME_NOW + 1, .to_ms = HOME_NOW + 2}};
	static const size_t wanted_marks[] = {1, 5, 5, 5, 0, 2}, wanted_seen[] = {1, 5, 5, 3, 0, 2};
	for (int i = 0; i < 6; i++) {
		ok(f, store_marks_page(f->s, &filters[i], &page, &marks, &f->why));
		ok(f, store_sightings_page(f->s, &filters[i], &page, &sightings, &f->why));
		assert_int_equal(marks.count, wanted_marks[i]);
		assert_int_equal(sightings.count, wanted_seen[i]);
		mark_list_finish(&marks);
		sighting_list_finish(&sightings);
	}
	filter.word = "review";
	ok(f, store_sightings_page(f->s, &filter, &page, &sightings, &f->why));
	assert_int_equal(sightings.count, 2);
	sighting_list_finish(&sightings);
}

static void users_keys_and_devices_come_in_pages(void **state)
{
	struct fixture *f = *state;
	struct page page = {.limit = 1};
	struct page_filter filter = {0};
	struct user_list users = {0};
	struct api_key_list keys = {0};
	struct device_list devices = {0};
	char text[KEY_TEXT];
	for (int i = 0; i < 3; i++) {
		struct api_key key = {.name = "k", .scopes = SCOPE_LIVE, .made_by = "cli:x"};
		struct device device = {.kind = "other"};
		snprintf(device.name, sizeof(device.name), "D%d", i);
		ok(f, store_key_add(f->s, &key, HOME_NOW, text, &f->why));
		ok(f, store_device_add(f->s, &device, HOME_NOW, NULL, &f->why));
	}
	do {
		ok(f, store_keys_page(f->s, &filter, &page, &keys, &f->why));
	} while (page.cursor[0] != '\0');
	do {
		ok(f, store_devices_page(f->s, &filter, &page, &devices, &f->why));
	} while (page.cursor[0] != '\0');
	do {
		ok(f, store_users_page(f->s, &filter, &page, &users, &f->why));
	} while (page.cursor[0] != '\0');
	assert_int_equal(keys.count, 3);
	assert_int_equal(devices.count, 3);
	assert_string_equal(devices.item[2].name, "D2");
	assert_int_equal(users.count, 1);
	filter.word = "active";
	ok(f, store_users_page(f->s, &filter, &page, &users, &f->why));
	assert_int_equal(users.count, 1); /* the teacher is invited only */
	user_list_finish(&users);
	api_key_list_finish(&keys);
	device_list_finish(&devices);
}

static void a_made_up_cursor_is_refused(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"!", "AAAA", "x", "MTIz", "MR8fHw_", "Hx8f"};
	struct person_list list = {0};
	const struct page_filter filter = {0};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct page page = {.limit = 1};
		snprintf(page.cursor, sizeof(page.cursor), "%s", bad[i]);
		assert_int_equal(store_people_page(f->s, &filter, &page, &list, &f->why), ERR_ARG);
	}
	struct page page = {.limit = 1};
	memset(page.cursor, 'A', sizeof(page.cursor)); /* no end */
	assert_int_equal(store_people_page(f->s, &filter, &page, &list, &f->why), ERR_ARG);
	assert_int_equal(list.count, 0);
}

/* --- reviews --- */

static size_t in_review(struct fixture *f, const char *teacher)
{
	struct page page = {.limit = 100};
	struct sighting_list list = {0};
	const struct page_filter filter = {.user_id = teacher};
	ok(f, store_reviews_page(f->s, &filter, &page, &list, &f->why));
	size_t count = list.count;
	sighting_list_finish(&list);
	return count;
}

static void what_is_settled_leaves_the_queue(void **state)
{
	struct fixture *f = *state;
	struct sighting one = seen(f, 0, "review", HOME_NOW), two = seen(f, 5, "review", HOME_NOW);
	struct sighting sure = seen(f, 1, "match", HOME_NOW);
	struct review review = {.outcome = REVIEW_CONFIRM, .actor = "user:x"}, read;
	assert_int_equal(in_review(f, NULL), 2);
	assert_int_equal(in_review(f, f->teacher), 1);
	memcpy(review.sighting_id, one.id, UUID_TEXT);
	memcpy(review.person_id, f->person[3], UUID_TEXT);
	ok(f, store_review_add(f->s, &review, HOME_NOW, &f->why));
	assert_int_equal(store_review_add(f->s, &review, HOME_NOW, &f->why), ERR_EXISTS);
	ok(f, store_review(f->s, one.id, &read, &f->why));
	assert_string_equal(read.person_id, f->person[3]);
	assert_int_equal(in_review(f, NULL), 1);
	/* Rejecting settles too. */
	struct rejection rejection = {.actor = "user:x", .reason = "no"};
	memcpy(rejection.sighting_id, two.id, UUID_TEXT);
	memcpy(rejection.person_id, f->person[5], UUID_TEXT);
	ok(f, store_rejection_add(f->s, &rejection, NULL, HOME_NOW, &f->why));
	assert_int_equal(in_review(f, NULL), 0);
	memcpy(review.sighting_id, two.id, UUID_TEXT);
	assert_int_equal(store_review_add(f->s, &review, HOME_NOW, &f->why), ERR_EXISTS);
	memcpy(review.sighting_id, sure.id, UUID_TEXT);
	assert_int_equal(store_review_add(f->s, &review, HOME_NOW, &f->why), ERR_ARG);
	review.sighting_id[0] = 'x';
	assert_int_equal(store_review_add(f->s, &review, HOME_NOW, &f->why), ERR_NOT_FOUND);
	ok(f, store_person_remove(f->s, f->person[3], &f->why));
	ok(f, store_review(f->s, one.id, &read, &f->why));
	assert_string_equal(read.person_id, "");
}

static void a_mark_is_contested_once_and_settled_once(void **state)
{
	struct fixture *f = *state;
	struct contest contest = {.words = "I was there\nin the back", .actor = "user:s"}, again;
	memcpy(contest.session_id, f->session, UUID_TEXT);
	memcpy(contest.person_id, f->person[0], UUID_TEXT);
	again = contest;
	ok(f, store_contest_add(f->s, &contest, HOME_NOW, &f->why));
	assert_int_equal(store_contest_add(f->s, &again, HOME_NOW, &f->why), ERR_EXISTS);
	struct page page = {.limit = 10};
	struct contest_list list = {0};
	struct page_filter filter = {.word = "open", .user_id = f->teacher};
	ok(f, store_contests_page(f->s, &filter, &page, &list, &f->why));
	assert_int_equal(list.count, 1);
	assert_string_equal(list.item[0].words, contest.words);
	contest_list_finish(&list);
	snprintf(contest.settled_by, sizeof(contest.settled_by), "user:t");
	assert_int_equal(store_contest_settle(f->s, &contest, HOME_NOW, &f->why), ERR_ARG);
	contest.state = CONTEST_REFUSED;
	ok(f, store_contest_settle(f->s, &contest, HOME_NOW, &f->why));
	assert_int_equal(store_contest_settle(f->s, &contest, HOME_NOW, &f->why), ERR_EXISTS);
	ok(f, store_contests_page(f->s, &filter, &page, &list, &f->why));
	assert_int_equal(list.count, 0);
	contest_list_finish(&list);
	ok(f, store_contest_add(f->s, &again, HOME_NOW, &f->why)); /* anew */
	static const char *const bad[] = {"", " \n", "bell \x07", "\xFF"};
	for (int i = 0; i < 4; i++) {
		snprintf(again.words, sizeof(again.words), "%s", bad[i]);
		assert_int_equal(store_contest_add(f->s, &again, HOME_NOW, &f->why), ERR_ARG);
	}
	ok(f, store_person_remove(f->s, f->person[0], &f->why));
	assert_int_equal(store_contest(f->s, contest.id, &again, &f->why), ERR_NOT_FOUND);
	ok(f, store_check(f->s, &f->why));
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(people_and_groups_are_changed_by_who_knows_their_version),
		case_of(the_same_request_gets_the_same_answer),
		case_of(a_key_of_a_worker_that_died_is_free_after_a_while),
		case_of(one_of_several_workers_gets_the_key),
		case_of(changes_are_events_in_their_order),
		case_of(being_seen_all_the_time_is_no_event_of_a_device),
		case_of(everybody_sees_what_is_theirs),
		case_of(who_comes_back_too_late_is_told),
		case_of(people_come_by_name_page_by_page),
		case_of(pages_are_filtered),
		case_of(marks_and_sightings_come_newest_first),
		case_of(users_keys_and_devices_come_in_pages),
		case_of(a_made_up_cursor_is_refused),
		case_of(what_is_settled_leaves_the_queue),
		case_of(a_mark_is_contested_once_and_settled_once),
	};
	return cmocka_run_group_tests_name("store_server", tests, NULL, NULL);
}
