/* SPDX-License-Identifier: MIT */
/* The chain of the audit: what is done to it behind the program's back is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store/audit.h"
#include "store/users.h"
#include "tests/support/home.h"

enum { ENTRIES = 6 };

struct fixture {
	struct home home;
	struct store *s;
	char person[UUID_TEXT];
	struct error why;
};

#define ok(f, call)                                               \
	do {                                                      \
		(f)->why = (struct error){0};                     \
		if ((call) != OK)                                 \
			fail_msg("%s: %s", #call, (f)->why.text); \
	} while (0)

static void add(struct fixture *f, int64_t at_ms, const char *actor, const char *detail)
{
	const struct audit_entry entry = {actor, "mark.override", f->person, detail};
	ok(f, store_audit(f->s, at_ms, &entry, &f->why));
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	if (f == NULL || !home_begin(&f->home, &f->s))
		return -1;
	ok(f, home_person(f->s, "Ada", NULL, f->person, &f->why));
	for (int i = 0; i < ENTRIES; i++)
		add(f, HOME_NOW + i, i % 2 == 0 ? "user:x" : "ms.smith",
			i % 3 == 0 ? NULL : "{\"reason\":\"ill\"}");
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	home_end(&f->home, f->s);
	free(f);
	return 0;
}

static struct audit_report verify(struct fixture *f, const struct audit_head *noted)
{
	struct audit_report report;
	ok(f, store_audit_verify(f->s, noted, &report, &f->why));
	return report;
}

/* What somebody with an SQL shell does, who also takes the triggers away. */
static void meddle(struct fixture *f, const char *sql)
{
	static const char open_up[] =
		"PRAGMA foreign_keys = OFF; DROP TRIGGER IF EXISTS audit_stays;"
		"DROP TRIGGER IF EXISTS audit_unchanged;"
		"DROP TRIGGER IF EXISTS audit_detail_unchanged;";
	char path[HOME_PATH], *text = NULL;
	sqlite3 *db;
	home_file(&f->home, "rollcall.db", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 1000);
	assert_int_equal(sqlite3_exec(db, open_up, NULL, NULL, NULL), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
	assert_true(sqlite3_changes(db) > 0);
	sqlite3_close(db);
}

static void found(struct fixture *f, const char *sql, int64_t seq, const char *words)
{
	meddle(f, sql);
	struct audit_report report = verify(f, NULL);
	if (strstr(report.problem, words) == NULL)
		fail_msg("'%s' does not say '%s'", report.problem, words);
	assert_int_equal(report.bad_seq, seq);
}

static void a_chain_that_nobody_touched_is_whole(void **state)
{
	struct fixture *f = *state;
	struct audit_report report = verify(f, NULL);
	assert_string_equal(report.problem, "");
	assert_int_equal(report.entries, ENTRIES);
	assert_int_equal(report.details, 4);
	assert_int_equal(report.erased, 0);
	struct audit_head head, again;
	char text[AUDIT_HEAD_TEXT];
	ok(f, store_audit_head(f->s, &head, &f->why));
	assert_int_equal(head.seq, ENTRIES);
	assert_memory_equal(head.hash, report.head.hash, AUDIT_HASH_BYTES);
	audit_head_text(&head, text);
	ok(f, audit_head_parse(text, &again, &f->why));
	assert_memory_equal(&head, &again, sizeof(head));
	static const char *const bad[] = {"", "6", "6:", ":00", "6:00", "x:00"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(audit_head_parse(bad[i], &again, &f->why), ERR_ARG);
}

static void an_empty_chain_is_whole(void **state)
{
	struct fixture *f = *state;
	struct home home;
	struct store *s;
	struct audit_report report;
	assert_true(home_begin(&home, &s));
	ok(f, store_audit_verify(s, NULL, &report, &f->why));
	assert_string_equal(report.problem, "");
	assert_int_equal(report.entries, 0);
	home_end(&home, s);
}

static void a_changed_entry_is_found(void **state)
{
	found(*state, "UPDATE audit SET actor = 'user:y' WHERE seq = 3", 3, "was changed");
}

static void a_changed_time_is_found(void **state)
{
	found(*state, "UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 1", 1, "was changed");
}

static void a_missing_entry_is_found(void **state)
{
	found(*state, "DELETE FROM audit_detail WHERE seq = 2; DELETE FROM audit WHERE seq = 2", 2,
		"is missing");
}

static void a_missing_entry_is_found_also_when_the_rest_moved_up(void **state)
{
	found(*state,
		"DELETE FROM audit_detail WHERE seq >= 2; DELETE FROM audit WHERE seq = 2;"
		"UPDATE audit SET seq = seq - 1 WHERE seq = 3; UPDATE audit SET seq = seq - 1"
		" WHERE seq = 4; UPDATE audit SET seq = seq - 1 WHERE seq = 5;"
		"UPDATE audit SET seq = seq - 1 WHERE seq = 6",
		2, "was changed, moved");
}

static void entries_in_another_order_are_found(void **state)
{
	found(*state,
		"UPDATE audit SET seq = 100 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5;"
		"UPDATE audit SET seq = 5 WHERE seq = 100",
		4, "was changed, moved");
}

static void an_entry_that_was_put_in_is_found(void **state)
{
	found(*state,
		"INSERT INTO audit SELECT org_id, 7, 'id', at_ms, actor, action, subject, NULL,"
		" randomblob(32) FROM audit WHERE seq = 6",
		7, "was changed");
}

static void a_changed_detail_is_found(void **state)
{
	found(*state, "UPDATE audit_detail SET detail = '{\"reason\":\"late\"}' WHERE seq = 3", 3,
		"its detail was changed");
}

static void a_detail_that_was_put_in_is_found(void **state)
{
	found(*state,
		"INSERT INTO audit_detail SELECT org_id, 1, randomblob(32), 'x' FROM audit"
		" WHERE seq = 1",
		1, "was not written with it");
}

static void an_end_that_was_cut_off_is_found(void **state)
{
	found(*state, "DELETE FROM audit_detail WHERE seq > 4; DELETE FROM audit WHERE seq > 4", 5,
		"the end was cut off");
}

static void a_chain_without_entries_is_found(void **state)
{
	found(*state, "DELETE FROM audit_detail; DELETE FROM audit", 1, "the end was cut off");
}

static void a_head_that_was_taken_away_is_found(void **state)
{
	found(*state, "DELETE FROM audit_head", 6, "the head of the chain was taken away");
}

static void an_end_that_was_cut_off_with_its_head_is_found_by_a_note(void **state)
{
	struct fixture *f = *state;
	struct audit_head noted;
	ok(f, store_audit_head(f->s, &noted, &f->why));
	add(f, HOME_NOW, "user:x", NULL);
	assert_string_equal(verify(f, &noted).problem, "");
	meddle(f,
		"DELETE FROM audit_detail WHERE seq > 4; DELETE FROM audit WHERE seq > 4;"
		"UPDATE audit_head SET seq = 4, hash = (SELECT hash FROM audit WHERE seq = 4)");
	assert_string_equal(verify(f, NULL).problem, ""); /* this is what the note is for */
	struct audit_report report = verify(f, &noted);
	assert_int_equal(report.bad_seq, 5);
	assert_non_null(strstr(report.problem, "when the head was noted"));
	/* Entries that are written anew in their place do not help. */
	add(f, HOME_NOW, "user:x", NULL);
	add(f, HOME_NOW, "user:x", NULL);
	report = verify(f, &noted);
	assert_int_equal(report.bad_seq, 6);
	assert_non_null(strstr(report.problem, "another one"));
}

/* --- erasing --- */

static void erasing_a_person_takes_the_words_and_leaves_the_chain(void **state)
{
	struct fixture *f = *state;
	char detail[200], other[UUID_TEXT];
	ok(f, home_person(f->s, "Bo", NULL, other, &f->why));
	struct audit_entry entry = {"user:x", "mark.override", "session", detail};
	snprintf(detail, sizeof(detail), "{\"person\":\"%s\",\"reason\":\"doctor\"}", f->person);
	ok(f, store_audit(f->s, HOME_NOW, &entry, &f->why));
	snprintf(detail, sizeof(detail), "{\"person\":\"%s\",\"reason\":\"doctor\"}", other);
	ok(f, store_audit(f->s, HOME_NOW, &entry, &f->why));
	ok(f, store_person_remove(f->s, f->person, &f->why));
	struct audit_report report = verify(f, NULL);
	assert_string_equal(report.problem, "");
	assert_int_equal(report.entries, ENTRIES + 2);
	assert_int_equal(report.erased, 5);
	assert_int_equal(report.details, 1); /* the other's */
	add(f, HOME_NOW, "user:x", NULL);
	assert_string_equal(verify(f, NULL).problem, "");
}

/* --- reading --- */

struct reading {
	int64_t seq[ENTRIES + 1];
	char actor[ENTRIES + 1][AUDIT_ACTOR_BYTES];
	size_t count, details;
};

static enum err note(void *ctx, const struct audit_row *row, struct error *why)
{
	struct reading *r = ctx;
	(void)why;
	assert_true(r->count <= ENTRIES);
	r->seq[r->count] = row->seq;
	memcpy(r->actor[r->count++], row->actor, AUDIT_ACTOR_BYTES);
	r->details += row->detail != NULL && strcmp(row->detail, "{\"reason\":\"ill\"}") == 0;
	return OK;
}

static void entries_are_read_newest_first_and_page_by_page(void **state)
{
	struct fixture *f = *state;
	struct reading r = {0};
	ok(f, store_audit_read(f->s, &(struct audit_filter){.limit = 2}, note, &r, &f->why));
	assert_int_equal(r.count, 2);
	assert_int_equal(r.seq[0], ENTRIES);
	ok(f,
		store_audit_read(
			f->s, &(struct audit_filter){.before_seq = r.seq[1]}, note, &r, &f->why));
	assert_int_equal(r.count, ENTRIES);
	assert_int_equal(r.seq[ENTRIES - 1], 1);
	assert_int_equal(r.details, 4);
	assert_string_equal(r.actor[0], "cli:ms.smith");
	assert_string_equal(r.actor[1], "user:x");
	r = (struct reading){0};
	ok(f, store_audit_read(f->s, &(struct audit_filter){.actor = "user:x"}, note, &r, &f->why));
	assert_int_equal(r.count, ENTRIES / 2);
	ok(f, store_audit_read(f->s, &(struct audit_filter){.action = "none"}, note, &r, &f->why));
	ok(f, store_audit_read(f->s, &(struct audit_filter){.subject = "none"}, note, &r, &f->why));
	assert_int_equal(r.count, ENTRIES / 2);
	ok(f,
		store_audit_read(f->s,
			&(struct audit_filter){.from_ms = HOME_NOW + 1, .to_ms = HOME_NOW + 2},
			note, &r, &f->why));
	assert_int_equal(r.count, ENTRIES / 2 + 1);
}

static void an_entry_without_who_or_what_is_refused(void **state)
{
	struct fixture *f = *state;
	char longest[ACTOR_BYTES + 1];
	memset(longest, 'x', sizeof(longest));
	longest[ACTOR_BYTES] = '\0';
	struct audit_entry entry = {"", "a", "s", NULL};
	assert_int_equal(store_audit(f->s, 1, &entry, &f->why), ERR_ARG);
	entry.actor = longest;
	assert_int_equal(store_audit(f->s, 1, &entry, &f->why), ERR_ARG);
	longest[ACTOR_BYTES - 1] = '\0';
	ok(f, store_audit(f->s, 1, &entry, &f->why));
	entry.action = "";
	assert_int_equal(store_audit(f->s, 1, &entry, &f->why), ERR_ARG);
	assert_string_equal(verify(f, NULL).problem, "");
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(a_chain_that_nobody_touched_is_whole),
		case_of(an_empty_chain_is_whole),
		case_of(a_changed_entry_is_found),
		case_of(a_changed_time_is_found),
		case_of(a_missing_entry_is_found),
		case_of(a_missing_entry_is_found_also_when_the_rest_moved_up),
		case_of(entries_in_another_order_are_found),
		case_of(an_entry_that_was_put_in_is_found),
		case_of(a_changed_detail_is_found),
		case_of(a_detail_that_was_put_in_is_found),
		case_of(an_end_that_was_cut_off_is_found),
		case_of(a_chain_without_entries_is_found),
		case_of(a_head_that_was_taken_away_is_found),
		case_of(an_end_that_was_cut_off_with_its_head_is_found_by_a_note),
		case_of(erasing_a_person_takes_the_words_and_leaves_the_chain),
		case_of(entries_are_read_newest_first_and_page_by_page),
		case_of(an_entry_without_who_or_what_is_refused),
	};
	return cmocka_run_group_tests_name("store_audit", tests, NULL, NULL);
}
