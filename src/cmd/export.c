/* SPDX-License-Identifier: MIT */
#include "cmd/export.h"

#include <math.h>

#include "cmd/person.h"
#include "report/roll_report.h"

enum { NUMBER_CELL = 32 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int by_id(const void *a, const void *b)
{
	return strcmp(((const struct person *)a)->id, ((const struct person *)b)->id);
}

enum err export_begin(struct export *e, struct error *why)
{
	return store_people(e->c->store, e->group_id, &e->people, why);
}

void export_end(struct export *e)
{
	person_list_finish(&e->people);
	table_free(e->table);
	e->table = NULL;
}

/* "" where there is no number. */
static void number_cell(double value, const char *format, char out[static NUMBER_CELL])
{
	out[0] = '\0';
	if (isfinite(value))
		snprintf(out, NUMBER_CELL, strcmp(format, "%.4f") == 0 ? "%.4f" : "%.0f", value);
}

/* --- marks --- */

typedef enum err day_fn(struct export *e, struct roll *roll, void *ctx, struct error *why);

/* Calls fn with the register of every day in the range that has one. */
static enum err each_day(struct export *e, day_fn *fn, void *ctx, struct error *why)
{
	const struct registrar registrar = cmd_registrar(e->c);
	char day[DAY_TEXT];
	memcpy(day, e->from, sizeof(day));
	enum err err = OK;
	for (; err == OK && strcmp(day, e->to) <= 0; day_next(day)) {
		struct session_list sessions = {0};
		struct roll roll = {0};
		err = store_sessions(e->c->store, day, &sessions, why);
		if (err == OK && sessions.count > 0) {
			err = register_roll(&registrar, e->group_id, day, &roll, why);
			if (err == OK && roll.count > 0)
				err = fn(e, &roll, ctx, why);
		}
		session_list_finish(&sessions);
		roll_finish(&roll);
	}
	return err;
}

/* The day's lines but those of people who have no mark: still expected, or no register. */
static enum err mark_rows(struct export *e, struct roll *roll, void *ctx, struct error *why)
{
	size_t kept = 0;
	for (size_t i = 0; i < roll->count; i++) {
		if (!roll->line[i].expected && roll->line[i].session_id[0] != '\0')
			roll->line[kept++] = roll->line[i];
	}
	roll->count = kept;
	return roll_table_add(e->table, roll, e->c->zone, why);
}

enum err export_marks_table(struct export *e, struct error *why)
{
	enum err err = roll_table_new(&e->table, why);
	return err == OK ? each_day(e, mark_rows, NULL, why) : err;
}

static enum err mark_day_json(struct export *e, struct roll *roll, void *ctx, struct error *why)
{
	if (json_array_append_new(ctx, roll_json(roll, e->c->zone)) != 0)
		return err_set(why, ERR_NOMEM, "cannot export: out of memory");
	return OK;
}

enum err export_marks_json(struct export *e, json_t *document, struct error *why)
{
	json_t *days = json_array();
	if (json_object_set_new(document, "days", days) != 0)
		return err_set(why, ERR_NOMEM, "cannot export: out of memory");
	return each_day(e, mark_day_json, days, why);
}

/* --- sightings --- */

/* The person of a sighting; NULL: nobody known, or nobody of the group. */
static const struct person *person_of(const struct export *e, const struct sighting *s)
{
	struct person key;
	memcpy(key.id, s->person_id, sizeof(key.id));
	return e->people.count == 0
		? NULL
		: bsearch(&key, e->people.item, e->people.count, sizeof(*e->people.item), by_id);
}

static enum err sighting_row(void *ctx, const struct sighting *s, struct error *why)
{
	struct export *e = ctx;
	const struct person *who = person_of(e, s);
	if (who == NULL && e->group_id != NULL)
		return OK;
	char at[STAMP_TEXT], number[9][NUMBER_CELL];
	zone_stamp(e->c->zone, s->at_ms, at);
	const double values[] = {s->distance, s->margin, s->threshold, s->quality, s->score};
	for (size_t i = 0; i < COUNT(values); i++)
		number_cell(values[i], "%.4f", number[i]);
	for (size_t i = 0; i < COUNT(s->box); i++)
		number_cell((double)s->box[i], "%.0f", number[COUNT(values) + i]);
	const char *cells[] = {at, s->source, s->decision, who != NULL ? who->name : "",
		who != NULL ? who->number : "", number[0], number[1], number[2], number[3],
		number[4], number[5], number[6], number[7], number[8], s->id};
	return table_add(e->table, cells, why);
}

static void sort_people(struct export *e)
{
	if (e->people.count > 0)
		qsort(e->people.item, e->people.count, sizeof(*e->people.item), by_id);
}

enum err export_sightings_table(struct export *e, struct error *why)
{
	static const struct table_column columns[] = {{"Time"}, {"Source"}, {"Decision"}, {"Name"},
		{"Number"}, {"Distance", ALIGN_RIGHT}, {"Margin", ALIGN_RIGHT},
		{"Threshold", ALIGN_RIGHT}, {"Quality", ALIGN_RIGHT}, {"Score", ALIGN_RIGHT},
		{"X", ALIGN_RIGHT}, {"Y", ALIGN_RIGHT}, {"Width", ALIGN_RIGHT},
		{"Height", ALIGN_RIGHT}, {"Id"}};
	sort_people(e);
	enum err err = table_new(&e->table, columns, COUNT(columns), why);
	if (err == OK)
		err = store_sightings(e->c->store, e->from_ms, e->to_ms, sighting_row, e, why);
	return err;
}

struct json_export {
	struct export *e;
	json_t *array;
};

static enum err sighting_value(void *ctx, const struct sighting *s, struct error *why)
{
	struct json_export *x = ctx;
	const struct person *who = person_of(x->e, s);
	if (who == NULL && x->e->group_id != NULL)
		return OK;
	char at[STAMP_TEXT];
	zone_stamp(x->e->c->zone, s->at_ms, at);
	json_t *person = who != NULL ? json_pack("{s:s,s:s,s:o}", "id", who->id, "name", who->name,
					       "number", cmd_json_text(who->number))
				     : json_null();
	json_t *value = json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:[f,f,f,f]}", "id",
		s->id, "at", at, "source", s->source, "decision", s->decision, "person", person,
		"distance", cmd_json_number(s->distance), "margin", cmd_json_number(s->margin),
		"threshold", cmd_json_number(s->threshold), "quality", cmd_json_number(s->quality),
		"score", cmd_json_number(s->score), "box", (double)s->box[0], (double)s->box[1],
		(double)s->box[2], (double)s->box[3]);
	if (value == NULL || json_array_append_new(x->array, value) != 0)
		return err_set(why, ERR_NOMEM, "cannot export: out of memory");
	return OK;
}

enum err export_sightings_json(struct export *e, json_t *document, struct error *why)
{
	struct json_export x = {.e = e, .array = json_array()};
	if (json_object_set_new(document, "sightings", x.array) != 0)
		return err_set(why, ERR_NOMEM, "cannot export: out of memory");
	sort_people(e);
	return store_sightings(e->c->store, e->from_ms, e->to_ms, sighting_value, &x, why);
}

/* --- people --- */

static enum err person_row(struct export *e, const struct person *p, struct error *why)
{
	char *groups, face[24] = "", photos[24], created[STAMP_TEXT];
	enum err err = person_groups_text(e->c, p->id, &groups, why);
	if (err != OK)
		return err;
	if (p->face_id != 0)
		snprintf(face, sizeof(face), "%d", p->face_id);
	snprintf(photos, sizeof(photos), "%zu", p->templates);
	zone_stamp(e->c->zone, p->created_ms, created);
	const char *cells[] = {p->name, p->number, face, groups, photos, created, p->id};
	err = table_add(e->table, cells, why);
	free(groups);
	return err;
}

enum err export_people_table(struct export *e, struct error *why)
{
	static const struct table_column columns[] = {{"Name"}, {"Number"}, {"Face ID"}, {"Groups"},
		{"Photos", ALIGN_RIGHT}, {"Created"}, {"Id"}};
	enum err err = table_new(&e->table, columns, COUNT(columns), why);
	for (size_t i = 0; err == OK && i < e->people.count; i++)
		err = person_row(e, &e->people.item[i], why);
	return err;
}

enum err export_people_json(struct export *e, json_t *document, struct error *why)
{
	json_t *array = json_array();
	if (json_object_set_new(document, "people", array) != 0)
		return err_set(why, ERR_NOMEM, "cannot export: out of memory");
	enum err err = OK;
	for (size_t i = 0; err == OK && i < e->people.count; i++) {
		json_t *person;
		err = person_json(e->c, &e->people.item[i], &person, why);
		if (err == OK && json_array_append_new(array, person) != 0)
			err = err_set(why, ERR_NOMEM, "cannot export: out of memory");
	}
	return err;
}
