/* SPDX-License-Identifier: MIT */
/* Browser sessions, and what slows down who guesses passwords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>

#include <cmocka.h>

#include "store/store_int.h"
#include "store/throttle.h"
#include "store/web.h"
#include "tests/support/home.h"

#define MINUTE_MS ((int64_t)60 * 1000)
#define DAY_MS (24 * 60 * MINUTE_MS)

struct fixture {
	struct home home;
	struct store *s;
	struct user user;
	struct error why;
};

#define ok(f, call)                                               \
	do {                                                      \
		(f)->why = (struct error){0};                     \
		if ((call) != OK)                                 \
			fail_msg("%s: %s", #call, (f)->why.text); \
	} while (0)

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	if (f == NULL || !home_begin(&f->home, &f->s))
		return -1;
	const struct password_cost cost = password_cost_cheap();
	char token[TOKEN_TEXT];
	f->user = (struct user){.role = ROLE_TEACHER, .email = "ada@school.example", .name = "Ada"};
	const struct link_answer answer = {.token = token, .password = "correct horse"};
	ok(f, store_user_add(f->s, &f->user, HOME_NOW, &f->why));
	ok(f, store_link_make(f->s, f->user.id, LINK_INVITATION, HOME_NOW, token, &f->why));
	ok(f, store_link_use(f->s, &answer, &cost, HOME_NOW, &f->user, &f->why));
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	home_end(&f->home, f->s);
	free(f);
	return 0;
}

static const struct web_origin from = {"192.0.2.7", "Mozilla/5.0 \x01 (X11)", NULL, NULL};

static void sign_in(struct fixture *f, const char *before, int64_t now_ms, char *token)
{
	const struct web_limits limits = {30 * MINUTE_MS, DAY_MS};
	struct web_origin here = from;
	here.limits = &limits;
	here.before = before;
	ok(f, store_web_open(f->s, f->user.id, &here, now_ms, token, &f->why));
}

static enum err find(struct fixture *f, const char *token, int64_t now_ms)
{
	return store_web_find(f->s, token, now_ms, NULL, NULL, &f->why);
}

static void a_cookie_leads_to_its_user(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];
	struct web_session session;
	struct user user;
	sign_in(f, NULL, HOME_NOW, token);
	ok(f, store_web_find(f->s, token, HOME_NOW, &session, &user, &f->why));
	assert_string_equal(user.id, f->user.id);
	assert_string_equal(session.address, "192.0.2.7");
	assert_string_equal(session.agent, "Mozilla/5.0 ? (X11)");
	token[5] = token[5] == 'A' ? 'B' : 'A';
	assert_int_equal(find(f, token, HOME_NOW), ERR_DENIED);
	assert_int_equal(find(f, "", HOME_NOW), ERR_DENIED);
}

static void the_database_does_not_hold_the_cookie(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];
	sign_in(f, NULL, HOME_NOW, token);
	struct query q;
	query_start_global(&q, f->s,
		"SELECT count(*) FROM web_session WHERE instr(hex(token_hash) || id || user_id,"
		" hex(?1)) > 0 OR token_hash = ?1",
		&f->why);
	query_text(&q, token);
	assert_true(query_row(&q));
	assert_int_equal(column_int(&q, 0), 0);
	assert_int_equal(query_end(&q), OK);
}

static void a_session_ends_without_use_and_at_last(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];
	int64_t at = HOME_NOW;
	sign_in(f, NULL, at, token);
	assert_int_equal(find(f, token, at + 30 * MINUTE_MS), ERR_DENIED);
	for (; at < HOME_NOW + DAY_MS - 20 * MINUTE_MS; at += 20 * MINUTE_MS)
		ok(f, find(f, token, at));
	assert_int_equal(find(f, token, HOME_NOW + DAY_MS), ERR_DENIED);
	ok(f, store_web_purge(f->s, HOME_NOW + DAY_MS, &f->why));
	assert_int_equal(find(f, token, HOME_NOW), ERR_DENIED);
}

static void use_is_written_once_a_minute(void **state)
{
	struct fixture *f = *state;
	char token[TOKEN_TEXT];
	struct web_session session;
	sign_in(f, NULL, HOME_NOW, token);
	ok(f, find(f, token, HOME_NOW + MINUTE_MS - 1));
	ok(f, store_web_find(f->s, token, HOME_NOW + MINUTE_MS, &session, NULL, &f->why));
	assert_int_equal(session.seen_ms, HOME_NOW);
	ok(f, store_web_find(f->s, token, HOME_NOW + MINUTE_MS, &session, NULL, &f->why));
	assert_int_equal(session.seen_ms, HOME_NOW + MINUTE_MS);
}

static void signing_in_again_ends_the_session_of_before(void **state)
{
	struct fixture *f = *state;
	char planted[TOKEN_TEXT], token[TOKEN_TEXT];
	sign_in(f, NULL, HOME_NOW, planted);
	sign_in(f, planted, HOME_NOW, token);
	assert_string_not_equal(planted, token);
	assert_int_equal(find(f, planted, HOME_NOW), ERR_DENIED);
	ok(f, find(f, token, HOME_NOW));
	ok(f, store_web_close(f->s, token, &f->why));
	assert_int_equal(find(f, token, HOME_NOW), ERR_DENIED);
	ok(f, store_web_close(f->s, token, &f->why));
}

static void sessions_are_listed_and_revoked(void **state)
{
	struct fixture *f = *state;
	char token[3][TOKEN_TEXT];
	struct web_session_list list = {0};
	for (int i = 0; i < 3; i++)
		sign_in(f, NULL, HOME_NOW + i, token[i]);
	ok(f, store_web_sessions(f->s, f->user.id, HOME_NOW + 5, &list, &f->why));
	assert_int_equal(list.count, 3);
	assert_int_equal(list.item[0].seen_ms, HOME_NOW + 2);
	ok(f, store_web_revoke(f->s, f->user.id, list.item[0].id, &f->why));
	assert_int_equal(
		store_web_revoke(f->s, f->user.id, list.item[0].id, &f->why), ERR_NOT_FOUND);
	assert_int_equal(
		store_web_revoke(f->s, "somebody", list.item[1].id, &f->why), ERR_NOT_FOUND);
	assert_int_equal(find(f, token[2], HOME_NOW + 5), ERR_DENIED);
	ok(f, store_web_revoke_all(f->s, f->user.id, list.item[1].id, &f->why));
	ok(f, find(f, token[1], HOME_NOW + 5));
	assert_int_equal(find(f, token[0], HOME_NOW + 5), ERR_DENIED);
	web_session_list_finish(&list);
}

static void a_user_has_so_many_sessions_and_no_more(void **state)
{
	struct fixture *f = *state;
	char first[TOKEN_TEXT], token[TOKEN_TEXT];
	sign_in(f, NULL, HOME_NOW, first);
	for (int i = 1; i < WEB_SESSIONS_MAX; i++)
		sign_in(f, NULL, HOME_NOW + i, token);
	ok(f, find(f, first, HOME_NOW));
	sign_in(f, NULL, HOME_NOW + WEB_SESSIONS_MAX, token);
	assert_int_equal(find(f, first, HOME_NOW), ERR_DENIED);
	ok(f, find(f, token, HOME_NOW));
}

static void a_csrf_token_is_of_one_session(void **state)
{
	struct fixture *f = *state;
	char one[TOKEN_TEXT], two[TOKEN_TEXT], csrf[TOKEN_TEXT];
	sign_in(f, NULL, HOME_NOW, one);
	sign_in(f, NULL, HOME_NOW, two);
	web_csrf(f->s, one, csrf);
	assert_string_not_equal(csrf, one);
	assert_true(web_csrf_matches(f->s, one, csrf));
	assert_false(web_csrf_matches(f->s, two, csrf));
	assert_false(web_csrf_matches(f->s, one, one));
	assert_false(web_csrf_matches(f->s, one, ""));
	csrf[0] = csrf[0] == 'A' ? 'B' : 'A';
	assert_false(web_csrf_matches(f->s, one, csrf));
}

/* --- the rule of the throttle --- */

static void who_fails_waits_longer_and_longer(void **state)
{
	(void)state;
	struct throttle_state t = {0};
	assert_int_equal(throttle_wait_ms(&t, 1000), 0);
	t.pair = (struct throttle_count){THROTTLE_PAIR_FREE - 1, 1000};
	assert_int_equal(throttle_wait_ms(&t, 1000), 0);
	static const int64_t wanted[] = {1000, 2000, 4000, 8000, 16000};
	for (int i = 0; i < 5; i++) {
		t.pair.failures = THROTTLE_PAIR_FREE + i;
		assert_int_equal(throttle_wait_ms(&t, 1000), wanted[i]);
		assert_int_equal(throttle_wait_ms(&t, 1000 + wanted[i] - 1), 1);
		assert_int_equal(throttle_wait_ms(&t, 1000 + wanted[i]), 0);
	}
	t.pair.failures = INT64_MAX / 2;
	assert_int_equal(throttle_wait_ms(&t, 1000), THROTTLE_PAIR_MAX_MS);
	/* A clock that was set back. */
	assert_int_equal(throttle_wait_ms(&t, -DAY_MS), THROTTLE_PAIR_MAX_MS);
}

static void others_failures_never_make_anybody_wait(void **state)
{
	(void)state;
	struct throttle_state t = {.account = {1000000, 1000}};
	assert_int_equal(throttle_wait_ms(&t, 1000), 0);
	/* But under attack each address has one free attempt only. */
	t.pair = (struct throttle_count){1, 1000};
	assert_int_equal(throttle_wait_ms(&t, 1000), 1000);
	t.account.failures = 0;
	assert_int_equal(throttle_wait_ms(&t, 1000), 0);
}

static void one_address_cannot_try_everybody(void **state)
{
	(void)state;
	struct throttle_state t = {.address = {THROTTLE_ADDRESS_FREE - 1, 1000}};
	assert_int_equal(throttle_wait_ms(&t, 1000), 0);
	t.address.failures = THROTTLE_ADDRESS_FREE + 20;
	assert_int_equal(throttle_wait_ms(&t, 1000), THROTTLE_ADDRESS_MAX_MS);
}

/* --- its counters --- */

static int64_t waits(struct fixture *f, const struct throttle_who *who, int64_t now_ms)
{
	struct throttle_state t;
	ok(f, store_throttle_read(f->s, who, now_ms, &t, &f->why));
	return throttle_wait_ms(&t, now_ms);
}

static void fail_often(struct fixture *f, const struct throttle_who *who, int times)
{
	for (int i = 0; i < times; i++)
		ok(f, store_throttle_failed(f->s, who, HOME_NOW, &f->why));
}

static void guessing_locks_out_the_guesser_only(void **state)
{
	struct fixture *f = *state;
	const struct throttle_who guesser = {"ADA@school.example", "203.0.113.9", NULL};
	const struct throttle_who owner = {"ada@school.example", "192.0.2.7", NULL};
	fail_often(f, &guesser, THROTTLE_ACCOUNT_FREE + 10);
	assert_int_equal(waits(f, &guesser, HOME_NOW), THROTTLE_PAIR_MAX_MS);
	assert_int_equal(waits(f, &owner, HOME_NOW), 0);
	assert_int_equal(waits(f, &guesser, HOME_NOW + DAY_MS), 0); /* forgotten */
	ok(f, store_web_purge(f->s, HOME_NOW + DAY_MS, &f->why));
	assert_int_equal(waits(f, &guesser, HOME_NOW), 0);
}

static void a_known_browser_is_not_held_up_by_its_neighbours(void **state)
{
	struct fixture *f = *state;
	char browser[TOKEN_TEXT], next[TOKEN_TEXT];
	struct throttle_who owner = {"ada@school.example", "192.0.2.7", NULL};
	const struct throttle_who neighbour = {"ada@school.example", "192.0.2.7", "made up"};
	ok(f, store_throttle_passed(f->s, &owner, f->user.id, HOME_NOW, browser, &f->why));
	fail_often(f, &neighbour, 100);
	assert_true(waits(f, &neighbour, HOME_NOW) > 0);
	assert_true(waits(f, &owner, HOME_NOW) > 0);
	owner.browser = browser;
	assert_int_equal(waits(f, &owner, HOME_NOW), 0);
	/* It is slowed down for its own mistakes. */
	fail_often(f, &owner, THROTTLE_PAIR_FREE);
	assert_int_equal(waits(f, &owner, HOME_NOW), 1000);
	/* The cookie changes hands at each sign-in, and is worth nothing for another account. */
	ok(f, store_throttle_passed(f->s, &owner, f->user.id, HOME_NOW, next, &f->why));
	assert_true(waits(f, &owner, HOME_NOW) > 0);
	owner.browser = next;
	assert_int_equal(waits(f, &owner, HOME_NOW), 0);
	owner.email = "bo@school.example";
	assert_int_equal(waits(f, &owner, HOME_NOW), THROTTLE_ADDRESS_MAX_MS);
}

static void the_right_password_forgets_the_pair(void **state)
{
	struct fixture *f = *state;
	char browser[TOKEN_TEXT];
	const struct throttle_who who = {"ada@school.example", "192.0.2.7", NULL};
	fail_often(f, &who, THROTTLE_PAIR_FREE);
	assert_int_equal(waits(f, &who, HOME_NOW), 1000);
	ok(f, store_throttle_passed(f->s, &who, f->user.id, HOME_NOW, browser, &f->why));
	assert_int_equal(waits(f, &who, HOME_NOW), 0);
}

static void a_user_has_so_many_known_browsers(void **state)
{
	struct fixture *f = *state;
	char first[TOKEN_TEXT], browser[TOKEN_TEXT];
	struct throttle_who who = {"ada@school.example", "192.0.2.7", NULL};
	ok(f, store_throttle_passed(f->s, &who, f->user.id, HOME_NOW, first, &f->why));
	for (int i = 1; i <= KNOWN_BROWSERS_MAX; i++)
		ok(f,
			store_throttle_passed(
				f->s, &who, f->user.id, HOME_NOW + i, browser, &f->why));
	fail_often(f, &who, 100);
	who.browser = first;
	assert_true(waits(f, &who, HOME_NOW) > 0);
	who.browser = browser;
	assert_int_equal(waits(f, &who, HOME_NOW), 0);
}

/* --- workers --- */

enum { WORKERS = 2, ROUNDS = 20 /* fewer sessions than a user may have */ };

struct worker {
	pthread_t thread;
	const struct fixture *f;
	struct error why;
	int done;
};

/* A worker of the server: its own handle on the same file. */
static void *work(void *arg)
{
	struct worker *w = arg;
	const struct throttle_who who = {"ada@school.example", "192.0.2.7", NULL};
	struct store *s;
	if (store_open(&s, w->f->home.path, 0, &w->why) != OK)
		return NULL;
	enum err err = OK;
	for (; err == OK && w->done < ROUNDS; w->done++) {
		char token[TOKEN_TEXT];
		err = store_web_open(s, w->f->user.id, &from, HOME_NOW, token, &w->why);
		if (err == OK)
			err = store_web_find(s, token, HOME_NOW + MINUTE_MS, NULL, NULL, &w->why);
		if (err == OK)
			err = store_throttle_failed(s, &who, HOME_NOW, &w->why);
	}
	store_close(s);
	return NULL;
}

static void two_workers_write_to_the_same_file(void **state)
{
	struct fixture *f = *state;
	struct worker worker[WORKERS];
	for (int i = 0; i < WORKERS; i++) {
		worker[i] = (struct worker){.f = f};
		assert_int_equal(pthread_create(&worker[i].thread, NULL, work, &worker[i]), 0);
	}
	for (int i = 0; i < WORKERS; i++) {
		assert_int_equal(pthread_join(worker[i].thread, NULL), 0);
		assert_string_equal(worker[i].why.text, "");
		assert_int_equal(worker[i].done, ROUNDS);
	}
	struct throttle_state t;
	const struct throttle_who who = {"ada@school.example", "192.0.2.7", NULL};
	ok(f, store_throttle_read(f->s, &who, HOME_NOW, &t, &f->why));
	assert_int_equal(t.pair.failures, WORKERS * ROUNDS); /* no count was lost */
	ok(f, store_check(f->s, &f->why));
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(a_cookie_leads_to_its_user),
		case_of(the_database_does_not_hold_the_cookie),
		case_of(a_session_ends_without_use_and_at_last),
		case_of(use_is_written_once_a_minute),
		case_of(signing_in_again_ends_the_session_of_before),
		case_of(sessions_are_listed_and_revoked),
		case_of(a_user_has_so_many_sessions_and_no_more),
		case_of(a_csrf_token_is_of_one_session),
		cmocka_unit_test(who_fails_waits_longer_and_longer),
		cmocka_unit_test(others_failures_never_make_anybody_wait),
		cmocka_unit_test(one_address_cannot_try_everybody),
		case_of(guessing_locks_out_the_guesser_only),
		case_of(a_known_browser_is_not_held_up_by_its_neighbours),
		case_of(the_right_password_forgets_the_pair),
		case_of(a_user_has_so_many_known_browsers),
		case_of(two_workers_write_to_the_same_file),
	};
	return cmocka_run_group_tests_name("store_web", tests, NULL, NULL);
}
