/* SPDX-License-Identifier: MIT */
#include "report/roll_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gallery/decide.h"

enum { NUMBER_CELL = 24, TIME_CELL = STAMP_TEXT, SURE_CELL = ACTOR_BYTES + REASON_BYTES + 8 };

static const char *const format_words[] = {
	[ROLL_TABLE] = "table",
	[ROLL_JSON] = "json",
	[ROLL_CSV] = "csv",
	[ROLL_XLSX] = "xlsx",
};

enum err roll_format_parse(const char *word, enum roll_format *out, struct error *why)
{
	for (size_t i = 0; i < sizeof(format_words) / sizeof(format_words[0]); i++) {
		if (strcmp(word, format_words[i]) == 0) {
			*out = (enum roll_format)i;
			return OK;
		}
	}
	return err_set(why, ERR_ARG, "'%s' is no format: give table, json, csv or xlsx", word);
}

static enum err no_memory(struct error *why)
{
	return err_set(why, ERR_NOMEM, "cannot write the register: out of memory");
}

/* --- cells --- */

/* Whether there is a mark; without one people are absent or expected. */
static bool is_marked(const struct roll_line *line)
{
	return line->at_ms != 0;
}

static const char *status_word(const struct roll_line *line)
{
	return line->expected ? "expected" : mark_status_word(line->status);
}

/* NULL without a mark. */
static const char *by_word(const struct roll_line *line)
{
	if (!is_marked(line))
		return NULL;
	return line->actor[0] != '\0' ? line->actor : "automatic";
}

/* Empty for NAN and infinity. */
static void number_cell(double value, char out[static NUMBER_CELL])
{
	out[0] = '\0';
	if (isfinite(value))
		snprintf(out, NUMBER_CELL, "%.4f", value);
}

/* Whether the mark was made on the day of the register, as all automatic ones are. */
static bool on_its_day(const struct roll_line *line, const char *day, const struct zone *zone)
{
	char made[DAY_TEXT];
	zone_day(zone, line->at_ms, made);
	return strcmp(made, day) == 0;
}

/* "08:55:12", or the whole stamp of another day. */
static void time_cell(const struct roll_line *line, const char *day, const struct zone *zone,
	char out[static TIME_CELL])
{
	out[0] = '\0';
	if (!is_marked(line))
		return;
	if (!on_its_day(line, day, zone)) {
		zone_stamp(zone, line->at_ms, out);
		return;
	}
	struct civil at = zone_civil(zone, line->at_ms);
	snprintf(out, TIME_CELL, "%02d:%02d:%02d", at.hour, at.minute, at.second);
}

/* --- rows for spreadsheets --- */

enum err roll_table_new(struct table **out, struct error *why)
{
	static const struct table_column columns[] = {{"Date", ALIGN_LEFT}, {"Group", ALIGN_LEFT},
		{"Number", ALIGN_LEFT}, {"Name", ALIGN_LEFT}, {"Status", ALIGN_LEFT},
		{"Time", ALIGN_LEFT}, {"Distance", ALIGN_RIGHT}, {"Margin", ALIGN_RIGHT},
		{"By", ALIGN_LEFT}, {"Reason", ALIGN_LEFT}};
	return table_new(out, columns, sizeof(columns) / sizeof(columns[0]), why);
}

enum err roll_table_add(
	struct table *t, const struct roll *roll, const struct zone *zone, struct error *why)
{
	enum err err = OK;
	for (size_t i = 0; i < roll->count && err == OK; i++) {
		const struct roll_line *line = &roll->line[i];
		char time[TIME_CELL], distance[NUMBER_CELL], margin[NUMBER_CELL];
		time_cell(line, roll->day, zone, time);
		number_cell(line->distance, distance);
		number_cell(line->margin, margin);
		const char *const cell[] = {roll->day, line->group, line->number, line->name,
			status_word(line), time, distance, margin, by_word(line), line->reason};
		err = table_add(t, cell, why);
	}
	return err;
}

static enum err as_sheet(const struct roll *roll, const struct zone *zone, enum roll_format format,
	struct buf *out, struct error *why)
{
	struct table *t;
	enum err err = roll_table_new(&t, why);
	if (err != OK)
		return err;
	err = roll_table_add(t, roll, zone, why);
	if (err == OK && format == ROLL_CSV)
		err = table_csv(t, out, why);
	else if (err == OK)
		err = table_xlsx(t, roll->day, out, why);
	table_free(t);
	return err;
}

/* --- JSON --- */

static json_t *text_or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *real_or_null(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *line_json(const struct roll_line *line, const struct zone *zone)
{
	char at[STAMP_TEXT] = "";
	if (is_marked(line))
		zone_stamp(zone, line->at_ms, at);
	return json_pack("{s:{s:s, s:s, s:o}, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"person", "id", line->person_id, "name", line->name, "number",
		text_or_null(line->number), "group", text_or_null(line->group), "status",
		status_word(line), "at", text_or_null(at), "distance", real_or_null(line->distance),
		"margin", real_or_null(line->margin), "by", text_or_null(by_word(line)), "reason",
		text_or_null(line->reason), "session", text_or_null(line->session_id), "sighting",
		text_or_null(line->sighting_id));
}

json_t *roll_json(const struct roll *roll, const struct zone *zone)
{
	json_t *people = json_array();
	for (size_t i = 0; i < roll->count && people != NULL; i++) {
		if (json_array_append_new(people, line_json(&roll->line[i], zone)) == 0)
			continue;
		json_decref(people);
		people = NULL;
	}
	if (people == NULL)
		return NULL;
	return json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "date", roll->day,
		"zone", zone_name(zone), "closed", (int)roll->closed, "present",
		(json_int_t)roll->present, "late", (json_int_t)roll->late, "absent",
		(json_int_t)roll->absent, "excused", (json_int_t)roll->excused, "left_early",
		(json_int_t)roll->left_early, "expected", (json_int_t)roll->expected, "people",
		people);
}

static enum err as_json(
	const struct roll *roll, const struct zone *zone, struct buf *out, struct error *why)
{
	json_t *document = roll_json(roll, zone);
	char *text = NULL;
	if (document != NULL)
		text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(6));
	json_decref(document);
	if (text == NULL)
		return no_memory(why);
	enum err err = buf_add_str(out, text);
	if (err == OK)
		err = buf_add_str(out, "\n");
	free(text);
	return err == OK ? OK : err_set(why, err, "cannot write the register: %s", err_str(err));
}

/* --- for a teacher --- */

/* How near it was and by how much nearer than anybody else, as shares of the threshold. */
static const struct {
	double distance, margin;
	const char *words;
} degrees[] = {
	{0.7, 0.2, "very sure"},
	{0.9, 0.1, "sure"},
	{INFINITY, 0.0, "fairly sure"},
};

static const char *degree(const struct roll_line *line)
{
	/* What counts is the threshold of that moment. */
	double distance = line->distance, margin = line->margin, threshold = line->threshold;
	size_t last = sizeof(degrees) / sizeof(degrees[0]) - 1;
	for (size_t i = 0; i < last && threshold > 0; i++) {
		/* No margin is known where there is nobody else. */
		bool apart = isnan(margin) || margin >= degrees[i].margin * threshold;
		if (distance <= degrees[i].distance * threshold && apart)
			return degrees[i].words;
	}
	return degrees[last].words;
}

static void sure_cell(const struct roll_line *line, char out[static SURE_CELL])
{
	out[0] = '\0';
	if (!is_marked(line))
		return;
	if (line->actor[0] != '\0')
		snprintf(out, SURE_CELL, "by %s: %s", line->actor, line->reason);
	else if (isfinite(line->distance))
		snprintf(out, SURE_CELL, "%s (%.2f)", degree(line), line->distance);
}

/* What the table's columns are. */
struct layout {
	bool numbers, groups, measured;
};

static struct layout layout_of(const struct roll *roll)
{
	struct layout layout = {0};
	for (size_t i = 0; i < roll->count; i++) {
		const struct roll_line *line = &roll->line[i];
		layout.numbers |= line->number[0] != '\0';
		layout.groups |= strcmp(line->group, roll->line[0].group) != 0;
		layout.measured |= line->actor[0] == '\0' && isfinite(line->distance);
	}
	return layout;
}

static enum err add_title(
	const struct roll *roll, const struct layout *layout, bool colour, struct buf *out)
{
	static const char *const weekdays[] = {
		"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
	static const char *const months[] = {"January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December"};
	struct zone *utc;
	int64_t noon_ms = 0;
	enum err err = zone_open(&utc, "UTC", NULL);
	if (err != OK)
		return err;
	err = zone_day_minute(utc, roll->day, DAY_MINUTES / 2, &noon_ms, NULL);
	struct civil day = zone_civil(utc, noon_ms);
	zone_close(utc);
	bool named = roll->count > 0 && !layout->groups && roll->line[0].group[0] != '\0';
	if (err == OK)
		err = buf_printf(out, "%s%s%s%s %d %s %d%s (%s)\n", colour ? "\x1b[1m" : "",
			named ? roll->line[0].group : "", named ? ", " : "", weekdays[day.weekday],
			day.day, months[day.month - 1], day.year, colour ? "\x1b[0m" : "",
			roll->closed ? "closed" : "open");
	return err;
}

static enum err add_sums(const struct roll *roll, struct buf *out)
{
	const struct {
		size_t count;
		const char *words;
		bool always;
	} sums[] = {
		{roll->present, "present", true},
		{roll->late, "late", true},
		{roll->absent, "absent", roll->closed},
		{roll->excused, "excused", false},
		{roll->left_early, "left early", false},
		{roll->expected, "not seen yet", false},
	};
	enum err err = OK;
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]) && err == OK; i++) {
		if (sums[i].always || sums[i].count > 0)
			err = buf_printf(
				out, "%s%zu %s", i > 0 ? ", " : "", sums[i].count, sums[i].words);
	}
	return err == OK ? buf_add_str(out, "\n") : err;
}

static enum err add_teacher_row(struct table *t, const struct roll_line *line,
	const struct layout *layout, const char *day, const struct zone *zone, struct error *why)
{
	char time[TIME_CELL] = "", sure[SURE_CELL];
	/* The time of a decision by hand says nothing of when somebody came. */
	if (is_marked(line) && line->actor[0] == '\0') {
		struct civil at = zone_civil(zone, line->at_ms);
		if (on_its_day(line, day, zone))
			minute_text(at.hour * 60 + at.minute, time);
	}
	sure_cell(line, sure);
	const char *status = status_word(line);
	if (!line->expected && line->status == MARK_LEFT_EARLY)
		status = "left early";
	const char *cell[TABLE_COLUMNS_MAX];
	size_t cells = 0;
	cell[cells++] = line->name;
	if (layout->numbers)
		cell[cells++] = line->number;
	if (layout->groups)
		cell[cells++] = line->group;
	cell[cells++] = status;
	cell[cells++] = time;
	cell[cells++] = sure;
	return table_add(t, cell, why);
}

static enum err draw(const struct roll *roll, const struct layout *layout, const struct zone *zone,
	const struct table_style *style, struct buf *out, struct error *why)
{
	struct table_column column[TABLE_COLUMNS_MAX] = {{"Name", ALIGN_LEFT}};
	size_t columns = 1;
	if (layout->numbers)
		column[columns++].title = "Number";
	if (layout->groups)
		column[columns++].title = "Group";
	column[columns++].title = "Status";
	column[columns++].title = "Time";
	column[columns++].title = "How sure";
	struct table *t;
	enum err err = table_new(&t, column, columns, why);
	if (err != OK)
		return err;
	for (size_t i = 0; i < roll->count && err == OK; i++)
		err = add_teacher_row(t, &roll->line[i], layout, roll->day, zone, why);
	if (err == OK)
		err = table_text(t, style, out, why);
	table_free(t);
	return err;
}

static enum err as_table(const struct roll *roll, const struct zone *zone,
	const struct table_style *style, struct buf *out, struct error *why)
{
	const struct layout layout = layout_of(roll);
	enum err err = add_title(roll, &layout, style->colour, out);
	if (err == OK && roll->count == 0)
		err = buf_add_str(out,
			roll->closed ? "No register was opened on this day.\n"
				     : "Nobody is on this register.\n");
	if (err == OK && roll->count > 0) {
		err = draw(roll, &layout, zone, style, out, why);
		if (err != OK)
			return err;
		err = add_sums(roll, out);
	}
	if (err == OK && layout.measured)
		err = buf_add_str(out,
			"How sure: distance to the nearest enrolled photo; see 'rollcall "
			"explain'.\n");
	return err == OK ? OK : err_set(why, err, "cannot write the register: %s", err_str(err));
}

enum err roll_report(const struct roll *roll, const struct zone *zone, enum roll_format format,
	const struct table_style *style, struct buf *out, struct error *why)
{
	static const struct table_style plain = {.unicode = true};
	switch (format) {
	case ROLL_TABLE:
		return as_table(roll, zone, style != NULL ? style : &plain, out, why);
	case ROLL_JSON:
		return as_json(roll, zone, out, why);
	case ROLL_CSV:
	case ROLL_XLSX:
		return as_sheet(roll, zone, format, out, why);
	}
	return err_set(why, ERR_ARG, "there is no such format");
}
