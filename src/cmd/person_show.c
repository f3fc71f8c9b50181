/* SPDX-License-Identifier: MIT */
#include "cmd/person_show.h"

#include "cmd/person.h"

enum { MARKS_SHOWN = 10, CLOCK_TEXT = 32 };

/* "2026-03-01 08:12" in the organisation's zone. */
static void moment(const struct cmd *c, int64_t at_ms, char out[static CLOCK_TEXT])
{
	struct civil at = zone_civil(c->zone, at_ms);
	snprintf(out, CLOCK_TEXT, "%04d-%02d-%02d %02d:%02d", at.year, at.month, at.day, at.hour,
		at.minute);
}

static json_t *stamp_json(const struct cmd *c, int64_t at_ms)
{
	char stamp[STAMP_TEXT];
	zone_stamp(c->zone, at_ms, stamp);
	return at_ms != 0 ? json_string(stamp) : json_null();
}

static json_t *mark_json(const struct cmd *c, const struct person_mark *m)
{
	const char *by = m->mark.actor[0] != '\0' ? m->mark.actor : "automatic";
	return json_pack("{s:s,s:o,s:s,s:o,s:s,s:o,s:o,s:o}", "date", m->day, "group",
		cmd_json_text(m->group), "status", mark_status_word(m->mark.status), "at",
		stamp_json(c, m->mark.at_ms), "by", by, "reason", cmd_json_text(m->mark.reason),
		"distance", cmd_json_number(m->mark.distance), "sighting",
		cmd_json_text(m->mark.sighting_id));
}

static json_t *sighting_json(const struct cmd *c, const struct sighting *s)
{
	return json_pack("{s:s,s:o,s:s,s:s,s:o,s:o,s:o,s:o}", "id", s->id, "at",
		stamp_json(c, s->at_ms), "source", s->source, "decision", s->decision, "distance",
		cmd_json_number(s->distance), "margin", cmd_json_number(s->margin), "quality",
		cmd_json_number(s->quality), "score", cmd_json_number(s->score));
}

static int show_json(struct cmd *c, const struct person *person, const struct history *h)
{
	struct error why = {0};
	json_t *described;
	if (person_json(c, person, &described, &why) != OK)
		return cmd_fail(&why);
	json_t *marks = json_array(), *sightings = json_array();
	for (size_t i = 0; i < h->marks; i++)
		json_array_append_new(marks, mark_json(c, &h->mark[i]));
	for (size_t i = 0; i < h->sightings; i++)
		json_array_append_new(sightings, sighting_json(c, &h->sighting[i]));
	return cmd_print_json(json_pack(
		"{s:o,s:o,s:o}", "person", described, "marks", marks, "sightings", sightings));
}

static enum err add_mark(
	const struct cmd *c, struct table *t, const struct person_mark *m, struct error *why)
{
	char at[CLOCK_TEXT] = "", status[32];
	if (m->mark.at_ms != 0)
		moment(c, m->mark.at_ms, at);
	/* The date only where it is another than the register's. */
	const char *when = strncmp(at, m->day, DAY_TEXT - 1) == 0 ? at + DAY_TEXT : at;
	snprintf(status, sizeof(status), "%s", mark_status_word(m->mark.status));
	for (char *underscore; (underscore = strchr(status, '_')) != NULL;)
		*underscore = ' ';
	const char *by = m->mark.actor[0] != '\0' ? m->mark.actor : "automatic";
	const char *cells[] = {m->day, m->group, status, when, by, m->mark.reason};
	return table_add(t, cells, why);
}

static int show_marks(struct cmd *c, const struct history *h)
{
	static const struct table_column columns[] = {
		{"Date"}, {"Group"}, {"Status"}, {"Time"}, {"By"}, {"Reason"}};
	struct error why = {0};
	struct table *t = NULL;
	enum err err = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), &why);
	size_t shown = h->marks < MARKS_SHOWN ? h->marks : MARKS_SHOWN;
	for (size_t i = 0; err == OK && i < shown; i++)
		err = add_mark(c, t, &h->mark[h->marks - 1 - i], &why);
	if (shown < h->marks)
		printf("\nThe latest %zu of %zu marks ('--json' has all):\n", shown, h->marks);
	else
		printf("\nMarks:\n");
	if (err == OK)
		err = cmd_print_table(t, &why);
	table_free(t);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

static void line(const char *what, const char *value)
{
	printf("  %-9s %s\n", what, value[0] != '\0' ? value : "none");
}

/* A look that went to review may have been somebody else: it does not count as seen. */
static void show_seen(const struct cmd *c, const struct history *h)
{
	char when[CLOCK_TEXT], text[CLOCK_TEXT + 64];
	size_t seen = 0, review = 0, last = 0;
	for (size_t i = 0; i < h->sightings; i++) {
		if (strcmp(h->sighting[i].decision, "review") == 0) {
			review++;
			continue;
		}
		seen++;
		last = i;
	}
	if (seen > 0) {
		moment(c, h->sighting[last].at_ms, when);
		snprintf(text, sizeof(text), "%zu %s, last %s", seen, seen == 1 ? "time" : "times",
			when);
	}
	line("Seen", seen > 0 ? text : "never");
	if (review > 0) {
		snprintf(text, sizeof(text), "%zu %s that somebody must look at", review,
			review == 1 ? "sighting" : "sightings");
		line("Review", text);
	}
}

static int show_text(struct cmd *c, const struct person *person, const struct history *h)
{
	struct error why = {0};
	char *groups, number[32], when[CLOCK_TEXT];
	if (person_groups_text(c, person->id, &groups, &why) != OK)
		return cmd_fail(&why);
	printf("%s\n", person->name);
	line("Number", person->number);
	line("Group", groups);
	free(groups);
	snprintf(number, sizeof(number), "%zu", person->templates);
	line("Photos", person->templates > 0 ? number : "");
	if (person->face_id != 0) {
		snprintf(number, sizeof(number), "%d", person->face_id);
		line("Face ID", number);
	}
	moment(c, person->created_ms, when);
	line("Since", when);
	line("Id", person->id);
	show_seen(c, h);
	if (h->marks > 0)
		return show_marks(c, h);
	line("Marks", "");
	return EXIT_OK;
}

int person_show(struct cmd *c, const struct person *person)
{
	struct error why = {0};
	struct history history = {0};
	int status;
	if (history_read(c, person->id, &history, &why) != OK)
		status = cmd_fail(&why);
	else
		status = c->json ? show_json(c, person, &history) : show_text(c, person, &history);
	history_finish(&history);
	return status;
}
