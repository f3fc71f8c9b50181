/* SPDX-License-Identifier: MIT */
#include "attend/register.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void roll_finish(struct roll *roll)
{
	free(roll->line);
	*roll = (struct roll){0};
}

/* What the lines of a roll are made from. */
struct work {
	const struct registrar *r;
	struct roll *roll;
	struct session_list sessions; /* of the day */
	bool day_over;
	int64_t day_begin_ms, day_end_ms;
	bool closed;  /* every section so far is */
	bool by_hand; /* somebody closed one */
};

/* The register of one group, being added to the roll. */
struct section {
	const char *group_id, *group;      /* "" = of people without a group */
	const struct session_row *session; /* NULL: was never opened */
	bool held;                         /* somebody was seen in it, or somebody closed it */
	bool closed;                       /* who has no mark is absent */
	struct mark_list marks;            /* by person_id */
	struct person_list people;
};

static int by_person(const void *a, const void *b)
{
	const struct mark *left = a, *right = b;
	return strcmp(left->person_id, right->person_id);
}

static int by_name(const void *a, const void *b)
{
	const struct roll_line *left = a, *right = b;
	char left_key[NAME_KEY_BYTES], right_key[NAME_KEY_BYTES];
	if (name_key(left->name, left_key, NULL) != OK ||
		name_key(right->name, right_key, NULL) != OK)
		return strcmp(left->name, right->name);
	int order = strcmp(left_key, right_key);
	return order != 0 ? order : strcmp(left->number, right->number);
}

static enum err no_memory(struct error *why)
{
	return err_set(why, ERR_NOMEM, "cannot make the register: out of memory");
}

static const struct mark *mark_of(const struct section *section, const char *person_id)
{
	struct mark key;
	memcpy(key.person_id, person_id, sizeof(key.person_id));
	return section->marks.count > 0
		? bsearch(&key, section->marks.item, section->marks.count, sizeof(key), by_person)
		: NULL;
}

static void copy_mark(struct roll_line *line, const struct mark *mark)
{
	line->status = mark->status;
	line->at_ms = mark->at_ms;
	line->distance = mark->distance;
	line->margin = mark->margin;
	line->threshold = mark->threshold;
	memcpy(line->actor, mark->actor, sizeof(line->actor));
	memcpy(line->reason, mark->reason, sizeof(line->reason));
	memcpy(line->sighting_id, mark->sighting_id, sizeof(line->sighting_id));
}

static enum err add_line(struct work *w, const struct section *section, const struct person *person,
	const struct mark *mark, struct error *why)
{
	struct roll *roll = w->roll;
	void *lines = roll->line;
	if (!mem_grow(&lines, roll->count, &roll->capacity, sizeof(*roll->line)))
		return no_memory(why);
	roll->line = lines;
	struct roll_line *line = &roll->line[roll->count++];
	*line = (struct roll_line){
		.expected = mark == NULL && !section->closed,
		.status = MARK_ABSENT,
		.distance = NAN,
		.margin = NAN,
		.threshold = NAN,
	};
	memcpy(line->person_id, person->id, sizeof(line->person_id));
	memcpy(line->name, person->name, sizeof(line->name));
	memcpy(line->number, person->number, sizeof(line->number));
	snprintf(line->group, sizeof(line->group), "%s", section->group);
	if (section->session != NULL)
		memcpy(line->session_id, section->session->id, sizeof(line->session_id));
	if (mark != NULL)
		copy_mark(line, mark);
	size_t *count[] = {
		[MARK_PRESENT] = &roll->present,
		[MARK_LATE] = &roll->late,
		[MARK_ABSENT] = &roll->absent,
		[MARK_EXCUSED] = &roll->excused,
		[MARK_LEFT_EARLY] = &roll->left_early,
	};
	++*(line->expected ? &roll->expected : count[line->status]);
	return OK;
}

/*
 * Whether somebody was seen on the day. Absent and excused say so only when they correct what a
 * look had marked; else they may be notes made in advance, for a day without school.
 */
static enum err was_held(struct work *w, struct section *section, struct error *why)
{
	section->held = section->session->closed_ms != 0;
	for (size_t i = 0; i < section->marks.count && !section->held; i++) {
		enum mark_status status = section->marks.item[i].status;
		section->held = status != MARK_ABSENT && status != MARK_EXCUSED;
	}
	for (size_t i = 0; i < section->marks.count && !section->held; i++) {
		int64_t at_ms;
		enum err err = store_sighting_last(w->r->store, section->marks.item[i].person_id,
			w->day_begin_ms, w->day_end_ms - 1, &at_ms, why);
		if (err != OK && err != ERR_NOT_FOUND)
			return err;
		section->held = err == OK;
	}
	return OK;
}

/*
 * The moment whose people a register is about: when it was closed by hand, or the end of its
 * day. Registers of days gone by are about those who were there when they were opened.
 */
static int64_t moment_of(const struct work *w, const struct section *section)
{
	const struct session_row *session = section->session;
	if (session == NULL)
		return INT64_MAX;
	int64_t at_ms = w->day_end_ms - 1;
	if (at_ms < session->opened_ms)
		at_ms = session->opened_ms;
	bool sooner = session->closed_ms != 0 && session->closed_ms < at_ms;
	return sooner ? session->closed_ms : at_ms;
}

/* Reads what there is of the group: its register of the day, the marks, the people. */
static enum err read_section(struct work *w, struct section *section, struct error *why)
{
	const char *group_id = section->group_id;
	for (size_t i = 0; i < w->sessions.count; i++) {
		if (strcmp(w->sessions.item[i].group_id, group_id) == 0)
			section->session = &w->sessions.item[i];
	}
	enum err err = store_people_at(w->r->store, group_id[0] != '\0' ? group_id : NULL,
		moment_of(w, section), &section->people, why);
	if (section->session == NULL || err != OK)
		return err;
	err = store_marks(w->r->store, section->session->id, &section->marks, why);
	struct mark_list *marks = &section->marks;
	if (err == OK && marks->count > 1)
		qsort(marks->item, marks->count, sizeof(*marks->item), by_person);
	if (err == OK)
		err = was_held(w, section, why);
	section->closed = rules_closed(section->session, w->day_end_ms, w->r->now_ms);
	return err;
}

/* Those whose mark has no line yet: they have left the group since. */
static enum err add_leavers(
	struct work *w, struct section *section, size_t first, struct error *why)
{
	const struct roll *roll = w->roll;
	bool *shown = mem_array(section->marks.count, sizeof(*shown));
	if (shown == NULL)
		return no_memory(why);
	for (size_t i = first; i < roll->count; i++) {
		const struct mark *mark = mark_of(section, roll->line[i].person_id);
		if (mark != NULL)
			shown[mark - section->marks.item] = true;
	}
	enum err err = OK;
	size_t before = roll->count;
	for (size_t i = 0; i < section->marks.count && err == OK; i++) {
		struct person person;
		const struct mark *mark = &section->marks.item[i];
		if (shown[i])
			continue;
		err = store_person(w->r->store, mark->person_id, &person, why);
		if (err == OK)
			err = add_line(w, section, &person, mark, why);
	}
	if (err == OK && roll->count > before)
		qsort(roll->line + first, roll->count - first, sizeof(*roll->line), by_name);
	free(shown);
	return err;
}

static enum err add_lines(struct work *w, struct section *section, struct error *why)
{
	size_t first = w->roll->count;
	enum err err = read_section(w, section, why);
	for (size_t i = 0; i < section->people.count && err == OK; i++) {
		const struct person *person = &section->people.item[i];
		const struct mark *mark = mark_of(section, person->id);
		/* Of a day without school only what somebody wrote by hand is shown. */
		if (mark != NULL || section->held || !w->day_over)
			err = add_line(w, section, person, mark, why);
	}
	if (err == OK && section->marks.count > 0)
		err = add_leavers(w, section, first, why);
	if (w->roll->count > first && !section->closed && !w->day_over)
		w->closed = false;
	w->by_hand |= section->session != NULL && section->session->closed_ms != 0;
	return err;
}

/* The register of one group, "" for that of people without one. */
static enum err add_section(
	struct work *w, const char *group_id, const char *name, struct error *why)
{
	struct section section = {.group_id = group_id, .group = name};
	enum err err = add_lines(w, &section, why);
	mark_list_finish(&section.marks);
	person_list_finish(&section.people);
	return err;
}

static bool listed(const struct group_list *groups, const char *id)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (strcmp(groups->item[i].id, id) == 0)
			return true;
	}
	return false;
}

/* The registers of groups that have been removed since. */
static enum err add_removed(struct work *w, const struct group_list *groups, struct error *why)
{
	enum err err = OK;
	for (size_t i = 0; i < w->sessions.count && err == OK; i++) {
		struct group group;
		const char *id = w->sessions.item[i].group_id;
		if (id[0] == '\0' || listed(groups, id))
			continue;
		err = store_group(w->r->store, id, &group, why);
		if (err == OK)
			err = add_section(w, group.id, group.name, why);
	}
	return err;
}

static enum err add_all(struct work *w, struct error *why)
{
	struct group_list groups = {0};
	enum err err = store_groups(w->r->store, &groups, why);
	for (size_t i = 0; i < groups.count && err == OK; i++)
		err = add_section(w, groups.item[i].id, groups.item[i].name, why);
	if (err == OK)
		err = add_removed(w, &groups, why);
	if (err == OK)
		err = add_section(w, "", "", why);
	group_list_finish(&groups);
	return err;
}

enum err register_roll(const struct registrar *r, const char *group_id, const char *day,
	struct roll *out, struct error *why)
{
	*out = (struct roll){0};
	struct work w = {.r = r, .roll = out, .closed = true};
	enum err err = zone_day_bounds(r->zone, day, &w.day_begin_ms, &w.day_end_ms, why);
	if (err != OK)
		return err;
	memcpy(out->day, day, sizeof(out->day)); /* its length has just been checked */
	w.day_over = r->now_ms >= w.day_end_ms;
	struct group group;
	if (group_id != NULL)
		err = store_group(r->store, group_id, &group, why);
	if (err == OK)
		err = store_sessions(r->store, day, &w.sessions, why);
	if (err == OK)
		err = group_id != NULL ? add_section(&w, group.id, group.name, why)
				       : add_all(&w, why);
	out->closed = w.closed && (out->count > 0 || w.day_over || w.by_hand);
	session_list_finish(&w.sessions);
	return err;
}
