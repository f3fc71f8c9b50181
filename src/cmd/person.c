/* SPDX-License-Identifier: MIT */
#include "cmd/person.h"

#include "base/buf.h"
#include "base/mem.h"

enum { GROUPS_TEXT_MAX = 1 << 16 };

enum err person_groups_text(struct cmd *c, const char *person_id, char **out, struct error *why)
{
	*out = NULL;
	struct group_list groups = {0};
	struct buf text;
	buf_init(&text, GROUPS_TEXT_MAX);
	enum err err = store_person_groups(c->store, person_id, &groups, why);
	for (size_t i = 0; err == OK && i < groups.count; i++) {
		err = buf_printf(&text, "%s%s", i > 0 ? ", " : "", groups.item[i].name);
		if (err != OK)
			err_set(why, err, "cannot list a person's groups: %s", err_str(err));
	}
	if (err == OK && (*out = mem_strdup(buf_str(&text))) == NULL)
		err = err_set(why, ERR_NOMEM, "cannot list a person's groups: out of memory");
	buf_finish(&text);
	group_list_finish(&groups);
	return err;
}

enum err person_json(struct cmd *c, const struct person *person, json_t **out, struct error *why)
{
	*out = NULL;
	struct group_list groups = {0};
	enum err err = store_person_groups(c->store, person->id, &groups, why);
	if (err != OK)
		goto out;
	json_t *names = json_array();
	for (size_t i = 0; i < groups.count; i++)
		json_array_append_new(names, json_string(groups.item[i].name));
	char created[STAMP_TEXT];
	zone_stamp(c->zone, person->created_ms, created);
	*out = json_pack("{s:s,s:s,s:o,s:o,s:o,s:I,s:s}", "id", person->id, "name", person->name,
		"number", cmd_json_text(person->number), "face_id",
		person->face_id != 0 ? json_integer(person->face_id) : json_null(), "groups", names,
		"templates", (json_int_t)person->templates, "created", created);
	if (*out == NULL)
		err = err_set(why, ERR_NOMEM, "cannot describe a person: out of memory");
out:
	group_list_finish(&groups);
	return err;
}

void day_next(char day[static DAY_TEXT])
{
	struct tm when = {.tm_hour = 12};
	int year, month, date;
	if (sscanf(day, "%4d-%2d-%2d", &year, &month, &date) != 3)
		return;
	when.tm_year = year - 1900;
	when.tm_mon = month - 1;
	when.tm_mday = date + 1;
	timegm(&when); /* turns the 32nd of a month into the 1st of the next */
	strftime(day, DAY_TEXT, "%Y-%m-%d", &when);
}

static enum err add_sighting(void *ctx, const struct sighting *sighting, struct error *why)
{
	struct history *h = ctx;
	if (strcmp(sighting->person_id, h->person_id) != 0)
		return OK;
	if (!mem_grow((void **)&h->sighting, h->sightings, &h->sightings_capacity,
		    sizeof(*h->sighting)))
		return err_set(why, ERR_NOMEM, "cannot read the sightings: out of memory");
	h->sighting[h->sightings++] = *sighting;
	return OK;
}

/* Adds the person's mark in one register, if there is one. */
static enum err add_mark(
	struct cmd *c, const struct session_row *session, struct history *h, struct error *why)
{
	struct person_mark found = {0};
	enum err err = store_mark(c->store, session->id, h->person_id, &found.mark, why);
	if (err == ERR_NOT_FOUND)
		return OK;
	if (err != OK)
		return err;
	snprintf(found.day, sizeof(found.day), "%s", session->day);
	if (session->group_id[0] != '\0') {
		struct group group;
		err = store_group(c->store, session->group_id, &group, why);
		if (err != OK && err != ERR_NOT_FOUND)
			return err;
		if (err == OK)
			snprintf(found.group, sizeof(found.group), "%s", group.name);
	}
	if (!mem_grow((void **)&h->mark, h->marks, &h->marks_capacity, sizeof(*h->mark)))
		return err_set(why, ERR_NOMEM, "cannot read the marks: out of memory");
	h->mark[h->marks++] = found;
	return OK;
}

enum err history_read(struct cmd *c, const char *person_id, struct history *out, struct error *why)
{
	struct session_list sessions = {0};
	out->person_id = person_id;
	enum err err = store_sightings(c->store, INT64_MIN, INT64_MAX, add_sighting, out, why);
	if (err == OK)
		err = store_sessions_marked(c->store, person_id, &sessions, why);
	for (size_t i = 0; err == OK && i < sessions.count; i++)
		err = add_mark(c, &sessions.item[i], out, why);
	session_list_finish(&sessions);
	return err;
}

void history_finish(struct history *history)
{
	free(history->mark);
	free(history->sighting);
	*history = (struct history){0};
}
