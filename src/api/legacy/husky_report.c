/* SPDX-License-Identifier: MIT */
/* husky's attendance list, its analytics, and its export. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/legacy/husky.h"
#include "base/mem.h"
#include "report/table.h"
#include "store/pages.h"

enum { FILE_NAME_BYTES = 64 + NAME_BYTES };

/* --- records ---------------------------------------------------------------------------- */

struct walk {
	struct context *c;
	struct group_list groups;
	char today[DAY_TEXT];
	husky_record_fn *fn;
	void *ctx;
};

static bool same_name(const char *a, const char *b)
{
	char x[NAME_KEY_BYTES], y[NAME_KEY_BYTES];
	return name_key(a, x, NULL) == OK && name_key(b, y, NULL) == OK && strcmp(x, y) == 0;
}

/* The name of the group that a mark's register is of. */
static enum err class_of_mark(
	const struct walk *w, const struct mark *mark, const char **name, struct error *why)
{
	struct session_row session;
	enum err err = store_session(w->c->store, mark->session_id, &session, why);
	*name = "";
	for (size_t i = 0; err == OK && i < w->groups.count; i++) {
		if (strcmp(w->groups.item[i].id, session.group_id) == 0)
			*name = w->groups.item[i].name;
	}
	return err;
}

static enum err tell(const struct walk *w, const struct mark *mark, struct error *why)
{
	struct person person;
	struct husky_record record = {.person = &person};
	char day[DAY_TEXT];
	if (mark->status == MARK_ABSENT || mark->status == MARK_EXCUSED)
		return OK;
	enum err err = store_person(w->c->store, mark->person_id, &person, why);
	if (err == OK)
		err = class_of_mark(w, mark, &record.class_name, why);
	if (err != OK)
		return err;
	zone_day(w->c->zone, mark->at_ms, day);
	record.today = strcmp(day, w->today) == 0;
	legacy_time(w->c->zone, mark->at_ms, record.time);
	return w->fn(w->ctx, &record, why);
}

static enum err walk(const struct walk *w, const char *group_id, struct error *why)
{
	const struct page_filter filter = {.group_id = group_id};
	struct page page = {.cursor = ""};
	enum err err;
	do {
		struct mark_list marks = {0};
		err = store_marks_page(w->c->store, &filter, &page, &marks, why);
		for (size_t i = 0; err == OK && i < marks.count; i++)
			err = tell(w, &marks.item[i], why);
		mark_list_finish(&marks);
	} while (err == OK && page.cursor[0] != '\0');
	return err;
}

enum err husky_records(struct context *c, const char *class_name, int64_t now_ms,
	husky_record_fn *fn, void *ctx, struct error *why)
{
	struct walk w = {.c = c, .fn = fn, .ctx = ctx};
	const char *group_id = NULL;
	zone_day(c->zone, now_ms, w.today);
	enum err err = store_groups(c->store, &w.groups, why);
	for (size_t i = 0; err == OK && class_name != NULL && i < w.groups.count; i++) {
		if (same_name(w.groups.item[i].name, class_name))
			group_id = w.groups.item[i].id;
	}
	if (err == OK && (class_name == NULL || group_id != NULL))
		err = walk(&w, group_id, why);
	group_list_finish(&w.groups);
	return err;
}

/* The class that the query names; NULL for none. */
static const char *asked_class(const struct request *req)
{
	const char *name = request_query(req, "class");
	return name != NULL && name[0] != '\0' ? name : NULL;
}

/* --- the export ------------------------------------------------------------------------- */

static enum err add_row(void *ctx, const struct husky_record *r, struct error *why)
{
	char id[16] = "";
	if (r->person->face_id != 0)
		snprintf(id, sizeof(id), "%d", r->person->face_id);
	return table_add(ctx, (const char *[]){id, r->person->name, r->class_name, r->time}, why);
}

/* attachment; filename="attendance_Class_A.csv": nothing in it that would need quoting. */
static void disposition(const char *class_name, char out[static FILE_NAME_BYTES])
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	size_t len = (size_t)snprintf(out, FILE_NAME_BYTES, "attachment; filename=attendance%s",
		class_name != NULL ? "_" : "");
	for (const char *c = class_name; c != NULL && *c != '\0' && len + 5 < FILE_NAME_BYTES; c++)
		out[len++] = strchr(safe, *c) != NULL ? *c : '_';
	snprintf(out + len, FILE_NAME_BYTES - len, ".csv");
}

enum err husky_export(const struct request *req, struct response *res, struct worker *w)
{
	static const struct table_column columns[] = {{"ID", ALIGN_RIGHT}, {"Name", ALIGN_LEFT},
		{"Class", ALIGN_LEFT}, {"Timestamp", ALIGN_LEFT}};
	struct context *c = context_of(w);
	struct error *why = response_why(res);
	struct table *table = NULL;
	struct buf csv;
	char name[FILE_NAME_BYTES];
	if (!husky_may(req, c, RIGHT_REGISTERS_READ))
		return husky_refuse(req, res);
	buf_init(&csv, REPORT_BYTES_MAX);
	enum err err = table_new(&table, columns, sizeof(columns) / sizeof(columns[0]), why);
	if (err == OK)
		err = husky_records(c, asked_class(req), request_now_ms(req), add_row, table, why);
	if (err == OK)
		err = table_csv(table, &csv, why);
	disposition(asked_class(req), name);
	if (err == OK)
		err = response_header(res, "Content-Disposition", name);
	if (err == OK)
		err = response_body(res, "text/csv; charset=utf-8", csv.data, csv.len);
	table_free(table);
	buf_finish(&csv);
	return err;
}

/* --- the list --------------------------------------------------------------------------- */

static enum err list_row(void *ctx, const struct husky_record *r, struct error *why)
{
	struct html *h = ctx;
	html_raw(h, "<tr><td>");
	if (r->person->face_id != 0)
		html_number(h, r->person->face_id);
	html_raw(h, "</td>");
	html_cell(h, r->person->name);
	html_cell(h, r->class_name);
	html_cell(h, r->time);
	html_raw(h, "</tr>\n");
	return h->err == OK ? OK : err_set(why, h->err, "the list is too long for a page");
}

static void export_link(struct html *h, const char *class_name)
{
	html_raw(h, "<a href=\"/export_csv");
	if (class_name != NULL) {
		html_raw(h, "?class=");
		html_url(h, class_name);
	}
	html_raw(h, "\">Export CSV</a>");
}

enum err husky_attendance(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	const char *class_name = asked_class(req);
	struct html h;
	if (!husky_may(req, c, RIGHT_REGISTERS_READ))
		return husky_refuse(req, res);
	husky_page(&h, c, "Attendance");
	html_raw(&h, "<form action=\"/attendance\"><label>Class <input name=\"class\" value=\"");
	html_text(&h, class_name != NULL ? class_name : "");
	html_raw(&h, "\"></label> <button>Show</button></form>\n<p>");
	export_link(&h, class_name);
	html_raw(&h,
		"</p>\n<table><tr><th>ID</th><th>Name</th><th>Class</th><th>Timestamp</th>"
		"</tr>\n");
	enum err err =
		husky_records(c, class_name, request_now_ms(req), list_row, &h, response_why(res));
	html_raw(&h, "</table>\n");
	if (err == OK)
		return husky_send(&h, res, 200);
	html_finish(&h);
	return err;
}

/* --- analytics -------------------------------------------------------------------------- */

struct count {
	long long today, total;
};

/* Counts records of one class, and who was there today. */
struct tally {
	struct count count;
	const struct person_list *people;
	bool *checked; /* people->count of them */
};

static enum err count_record(void *ctx, const struct husky_record *r, struct error *why)
{
	struct tally *t = ctx;
	t->count.total++;
	t->count.today += r->today;
	for (size_t i = 0; r->today && i < t->people->count; i++) {
		if (strcmp(t->people->item[i].id, r->person->id) == 0)
			t->checked[i] = true;
	}
	return OK;
}

static void class_section(struct html *h, const struct group *group, const struct tally *t)
{
	html_raw(h, "<section><h2>");
	html_text(h, group->name);
	html_raw(h, "</h2>\n<p>Registered: ");
	html_number(h, (long long)t->people->count);
	html_raw(h, " Today: ");
	html_number(h, t->count.today);
	html_raw(h, " Total: ");
	html_number(h, t->count.total);
	html_raw(h, " ");
	export_link(h, group->name);
	html_raw(h, "</p>\n<table><tr><th>Student</th><th>Today</th></tr>\n");
	for (size_t i = 0; i < t->people->count; i++) {
		html_raw(h, "<tr>");
		html_cell(h, t->people->item[i].name);
		html_cell(h, t->checked[i] ? "Checked" : "Not yet");
		html_raw(h, "</tr>\n");
	}
	html_raw(h, "</table></section>\n");
}

static enum err analyse(struct context *c, struct html *h, const struct group *group,
	int64_t now_ms, struct error *why)
{
	struct person_list people = {0};
	struct tally tally = {.people = &people};
	enum err err = store_people(c->store, group->id, &people, why);
	if (err == OK) {
		tally.checked = mem_array(people.count + 1, sizeof(*tally.checked));
		if (tally.checked == NULL)
			err = err_set(why, ERR_NOMEM, "no memory for the analytics");
	}
	if (err == OK)
		err = husky_records(c, group->name, now_ms, count_record, &tally, why);
	if (err == OK)
		class_section(h, group, &tally);
	free(tally.checked);
	person_list_finish(&people);
	return err;
}

enum err husky_analytics(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct group_list groups = {0};
	struct html h;
	if (!husky_may(req, c, RIGHT_REGISTERS_READ))
		return husky_refuse(req, res);
	husky_page(&h, c, "Analytics");
	enum err err = store_groups(c->store, &groups, response_why(res));
	for (size_t i = 0; err == OK && i < groups.count; i++)
		err = analyse(c, &h, &groups.item[i], request_now_ms(req), response_why(res));
	group_list_finish(&groups);
	if (err == OK)
		return husky_send(&h, res, 200);
	html_finish(&h);
	return err;
}
