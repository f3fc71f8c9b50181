/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/reviews.h"
#include "store/store_int.h"

static const char *const outcome_words[] = {
	[REVIEW_CONFIRM] = "confirm", [REVIEW_REJECT] = "reject", [REVIEW_DISMISS] = "dismiss"};
static const char *const state_words[] = {
	[CONTEST_OPEN] = "open", [CONTEST_ACCEPTED] = "accepted", [CONTEST_REFUSED] = "refused"};

enum { OUTCOMES = 3, STATES = 3 };

void sighting_list_finish(struct sighting_list *list)
{
	free(list->item);
	*list = (struct sighting_list){0};
}

void contest_list_finish(struct contest_list *list)
{
	free(list->item);
	*list = (struct contest_list){0};
}

const char *review_outcome_word(enum review_outcome outcome)
{
	return (unsigned)outcome < OUTCOMES ? outcome_words[outcome] : "unknown";
}

enum err review_outcome_parse(const char *word, enum review_outcome *out, struct error *why)
{
	for (int i = 0; i < OUTCOMES; i++) {
		if (strcmp(word, outcome_words[i]) == 0) {
			*out = (enum review_outcome)i;
			return OK;
		}
	}
	return err_set(
		why, ERR_ARG, "'%s' settles no review: give confirm, reject or dismiss", word);
}

const char *contest_state_word(enum contest_state state)
{
	return (unsigned)state < STATES ? state_words[state] : "unknown";
}

/* --- sightings --- */

static enum err check_open(struct store *s, const char *sighting_id, struct error *why)
{
	struct sighting sighting;
	struct rejection rejection;
	enum err err = store_sighting(s, sighting_id, &sighting, why);
	if (err == OK && strcmp(sighting.decision, "review") != 0)
		err = err_set(why, ERR_ARG, "the sighting is not in review");
	if (err != OK)
		return err;
	err = store_rejection(s, sighting_id, &rejection, why);
	if (err == OK)
		return err_set(why, ERR_EXISTS, "the sighting was rejected already");
	return err == ERR_NOT_FOUND ? OK : err;
}

static enum err insert_review(
	struct store *s, const struct review *review, int64_t now_ms, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO review (org_id, sighting_id, outcome, person_id, actor, created_ms)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (sighting_id, org_id) DO NOTHING",
		why);
	query_text(&q, review->sighting_id);
	query_text(&q, review_outcome_word(review->outcome));
	query_text_or_null(&q, review->person_id);
	query_text(&q, review->actor);
	query_int(&q, now_ms);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such person");
	return err == OK && rows == 0 ? err_set(why, ERR_EXISTS, "the sighting was settled already")
				      : err;
}

enum err store_review_add(
	struct store *s, const struct review *review, int64_t now_ms, struct error *why)
{
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	err = check_open(s, review->sighting_id, why);
	if (err == OK)
		err = insert_review(s, review, now_ms, why);
	return change_end(s, err, why);
}

enum err store_review(
	struct store *s, const char *sighting_id, struct review *out, struct error *why)
{
	char word[16] = "";
	*out = (struct review){0};
	struct query q;
	query_start(&q, s,
		"SELECT sighting_id, outcome, coalesce(person_id, ''), actor, created_ms"
		" FROM review WHERE org_id = ?1 AND sighting_id = ?2",
		why);
	query_text(&q, sighting_id);
	bool found = query_row(&q);
	if (found) {
		column_text(&q, 0, out->sighting_id, sizeof(out->sighting_id));
		column_text(&q, 1, word, sizeof(word));
		column_text(&q, 2, out->person_id, sizeof(out->person_id));
		column_text(&q, 3, out->actor, sizeof(out->actor));
		out->at_ms = column_int(&q, 4);
		if (q.err == OK)
			query_fail(&q, review_outcome_parse(word, &out->outcome, why));
	}
	enum err err = query_end(&q);
	return err == OK && !found ? err_set(why, ERR_NOT_FOUND, "nobody has settled this sighting")
				   : err;
}

/* --- contests --- */

static enum err check_words(const char *words, size_t room, struct error *why)
{
	size_t len = strnlen(words, room);
	if (len == room || words[strspn(words, " \t\n")] == '\0')
		return err_set(why, ERR_ARG, "say in 1 to %zu bytes what is not right", room - 1);
	if (!utf8_valid(words, len))
		return err_set(why, ERR_ARG, "the text is not UTF-8");
	for (const char *c = words; *c != '\0'; c++) {
		if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7F)
			return err_set(why, ERR_ARG, "the text holds control characters");
	}
	return OK;
}

enum err store_contest_add(
	struct store *s, struct contest *contest, int64_t now_ms, struct error *why)
{
	char id[UUID_TEXT];
	enum err err = check_words(contest->words, sizeof(contest->words), why);
	if (err != OK)
		return err;
	uuid_make(now_ms, id);
	struct query q;
	query_start(&q, s,
		"INSERT INTO contest (org_id, id, session_id, person_id, words, actor, state,"
		" created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7)",
		why);
	query_text(&q, id);
	query_text(&q, contest->session_id);
	query_text(&q, contest->person_id);
	query_text(&q, contest->words);
	query_text(&q, contest->actor);
	query_int(&q, now_ms);
	err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such register or person");
	if (err == ERR_EXISTS)
		err_set(why, err, "this mark is contested already: wait for the answer");
	return err == OK ? store_contest(s, id, contest, why) : err;
}

static void read_contest(struct query *q, void *row)
{
	struct contest *out = row;
	char word[16] = "";
	*out = (struct contest){0};
	column_text(q, 0, out->id, sizeof(out->id));
	column_text(q, 1, out->session_id, sizeof(out->session_id));
	column_text(q, 2, out->person_id, sizeof(out->person_id));
	column_text(q, 3, out->words, sizeof(out->words));
	column_text(q, 4, out->actor, sizeof(out->actor));
	column_text(q, 5, word, sizeof(word));
	column_text(q, 6, out->answer, sizeof(out->answer));
	column_text(q, 7, out->settled_by, sizeof(out->settled_by));
	out->created_ms = column_int(q, 8);
	out->settled_ms = column_int(q, 9);
	for (int i = 0; i < STATES; i++) {
		if (strcmp(word, state_words[i]) == 0)
			out->state = (enum contest_state)i;
	}
}

enum err store_contest(struct store *s, const char *id, struct contest *out, struct error *why)
{
	static const struct row_kind kind = {
		read_contest, sizeof(struct contest), "contested mark", "contested marks"};
	struct contest found = {0};
	struct query q;
	query_start(&q, s,
		"SELECT id, session_id, person_id, words, actor, state, answer, settled_by,"
		" created_ms, coalesce(settled_ms, 0) FROM contest WHERE org_id = ?1 AND id = ?2",
		why);
	query_text(&q, id);
	enum err err = query_one(&q, &kind, &found);
	*out = found;
	return err;
}

enum err store_contest_settle(
	struct store *s, const struct contest *settled, int64_t now_ms, struct error *why)
{
	struct contest before;
	if (settled->state == CONTEST_OPEN)
		return err_set(why, ERR_ARG, "a contested mark is accepted or refused");
	enum err err = store_contest(s, settled->id, &before, why);
	if (err != OK)
		return err;
	struct query q;
	query_start(&q, s,
		"UPDATE contest SET state = ?3, answer = ?4, settled_by = ?5, settled_ms = ?6"
		" WHERE org_id = ?1 AND id = ?2 AND state = 'open'",
		why);
	query_text(&q, settled->id);
	query_text(&q, contest_state_word(settled->state));
	query_text(&q, settled->answer);
	query_text(&q, settled->settled_by);
	query_int(&q, now_ms);
	int64_t rows = 0;
	err = query_run(&q, &rows);
	return err == OK && rows == 0
		? err_set(why, ERR_EXISTS, "the contested mark was settled already")
		: err;
}
