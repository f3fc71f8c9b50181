/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/legacy/blink.h"
#include "base/mem.h"
#include "net/mail.h"
#include "report/table.h"
#include "store/pages.h"

/* --- records: who came on which day, and when ------------------------------------------- */

struct record {
	char person_id[UUID_TEXT];
	char day[DAY_TEXT];
	int64_t at_ms; /* the first time that day */
	bool late;     /* in all registers of that day */
};

struct records {
	struct record *item;
	size_t count, capacity;
};

/* Only what the caller may see: a student the own marks, a teacher those of the own groups. */
static void narrow(const struct request *req, struct page_filter *filter)
{
	const struct caller *caller = caller_of(req);
	if (caller->kind != CALLER_USER)
		return;
	if (caller->user.role == ROLE_STUDENT)
		filter->person_id = caller->user.person_id;
	else if (caller->user.role == ROLE_TEACHER)
		filter->user_id = caller->user.id;
}

static enum err add_record(
	struct records *all, const struct zone *zone, const struct mark *mark, struct error *why)
{
	void *items = all->item;
	if (mark->status == MARK_ABSENT || mark->status == MARK_EXCUSED)
		return OK;
	if (!mem_grow(&items, all->count, &all->capacity, sizeof(*all->item)))
		return err_set(why, ERR_NOMEM, "no memory for the statistics");
	all->item = items;
	struct record *r = &all->item[all->count++];
	*r = (struct record){.at_ms = mark->at_ms, .late = mark->status == MARK_LATE};
	memcpy(r->person_id, mark->person_id, sizeof(r->person_id));
	zone_day(zone, mark->at_ms, r->day);
	return OK;
}

static int by_person_and_day(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	int order = strcmp(x->person_id, y->person_id);
	return order != 0 ? order : strcmp(x->day, y->day);
}

/* One a person and day. */
static void unite(struct records *all)
{
	size_t kept = 0;
	if (all->count > 1)
		qsort(all->item, all->count, sizeof(*all->item), by_person_and_day);
	for (size_t i = 0; i < all->count; i++) {
		struct record *last = kept > 0 ? &all->item[kept - 1] : NULL;
		if (last == NULL || by_person_and_day(last, &all->item[i]) != 0) {
			all->item[kept++] = all->item[i];
			continue;
		}
		last->late = last->late && all->item[i].late;
		if (all->item[i].at_ms < last->at_ms)
			last->at_ms = all->item[i].at_ms;
	}
	all->count = kept;
}

/* All records of [from_ms, to_ms), 0 and 0: of all times. */
static enum err read_records(const struct request *req, struct context *c, int64_t from_ms,
	int64_t to_ms, struct records *out, struct error *why)
{
	struct page_filter filter = {.from_ms = from_ms, .to_ms = to_ms};
	struct page page = {.cursor = ""};
	enum err err;
	*out = (struct records){0};
	narrow(req, &filter);
	do {
		struct mark_list marks = {0};
		err = store_marks_page(c->store, &filter, &page, &marks, why);
		for (size_t i = 0; err == OK && i < marks.count; i++)
			err = add_record(out, c->zone, &marks.item[i], why);
		mark_list_finish(&marks);
	} while (err == OK && page.cursor[0] != '\0');
	unite(out);
	return err;
}

/* --- statistics ------------------------------------------------------------------------- */

struct line {
	const struct person *person;
	size_t present, late;
};

struct statistics {
	struct person_list people;
	struct line *line; /* people.count of them, by name */
	size_t days;       /* on which anybody came */
};

static void statistics_finish(struct statistics *s)
{
	person_list_finish(&s->people);
	free(s->line);
}

static int by_day(const void *a, const void *b)
{
	return strcmp(((const struct record *)a)->day, ((const struct record *)b)->day);
}

static size_t count_days(struct records *all)
{
	size_t days = 0;
	if (all->count > 1)
		qsort(all->item, all->count, sizeof(*all->item), by_day);
	for (size_t i = 0; i < all->count; i++)
		days += i == 0 || strcmp(all->item[i].day, all->item[i - 1].day) != 0;
	return days;
}

static void count_lines(struct statistics *s, const struct records *all)
{
	for (size_t i = 0; i < s->people.count; i++) {
		struct line *line = &s->line[i];
		line->person = &s->people.item[i];
		struct record key = {0};
		memcpy(key.person_id, line->person->id, sizeof(key.person_id));
		/* Where the person's records begin in those sorted by person. */
		size_t low = 0, high = all->count;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			if (by_person_and_day(&all->item[middle], &key) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < all->count && strcmp(all->item[low].person_id, key.person_id) == 0;
			low++) {
			line->present++;
			line->late += all->item[low].late;
		}
	}
}

static enum err make_statistics(
	const struct request *req, struct context *c, struct statistics *s, struct error *why)
{
	struct records all;
	*s = (struct statistics){0};
	enum err err = read_records(req, c, 0, 0, &all, why);
	if (err == OK)
		err = store_people(c->store, NULL, &s->people, why);
	if (err == OK) {
		s->line = mem_array(s->people.count, sizeof(*s->line));
		if (s->line == NULL && s->people.count > 0)
			err = err_set(why, ERR_NOMEM, "no memory for the statistics");
	}
	if (err == OK) {
		count_lines(s, &all);
		s->days = count_days(&all);
	}
	free(all.item);
	return err;
}

/* In hundred, to two places. */
static double percentage(size_t part, size_t whole)
{
	return whole > 0 ? round((double)part / (double)whole * 1e4) / 100 : 0;
}

enum err blink_statistics_json(
	const struct request *req, struct context *c, json_t **out, struct error *why)
{
	struct statistics s;
	enum err err = make_statistics(req, c, &s, why);
	*out = json_array();
	for (size_t i = 0; err == OK && i < s.people.count; i++) {
		const struct line *l = &s.line[i];
		if (l->present == 0)
			continue;
		json_array_append_new(*out,
			json_pack("{s:s,s:I,s:I,s:I,s:f,s:f}", "Student Name", l->person->name,
				"Total Days Present", (json_int_t)l->present, "Days On Time",
				(json_int_t)(l->present - l->late), "Days Late",
				(json_int_t)l->late, "Attendance Percentage",
				percentage(l->present, s.days), "Late Percentage",
				percentage(l->late, l->present)));
	}
	statistics_finish(&s);
	if (err != OK) {
		json_decref(*out);
		*out = NULL;
	}
	return err;
}

/* As Python writes a number: 100.0, 66.67, 33.3. */
static void number_text(double value, char out[static 16])
{
	snprintf(out, 16, "%.2f", value);
	size_t len = strlen(out);
	if (len > 1 && out[len - 1] == '0')
		out[len - 1] = '\0';
}

enum err blink_statistics_csv(
	const struct request *req, struct context *c, struct buf *out, struct error *why)
{
	static const struct table_column columns[] = {{"Student Name", ALIGN_LEFT},
		{"Total Days Present", ALIGN_RIGHT}, {"Days On Time", ALIGN_RIGHT},
		{"Days Late", ALIGN_RIGHT}, {"Attendance Percentage", ALIGN_RIGHT},
		{"Late Percentage", ALIGN_RIGHT}};
	struct statistics s;
	struct table *table = NULL;
	enum err err = make_statistics(req, c, &s, why);
	if (err == OK)
		err = table_new(&table, columns, sizeof(columns) / sizeof(columns[0]), why);
	for (size_t i = 0; err == OK && i < s.people.count; i++) {
		const struct line *l = &s.line[i];
		char present[24], on_time[24], late[24], attendance[16], late_share[16];
		if (l->present == 0)
			continue;
		snprintf(present, sizeof(present), "%zu", l->present);
		snprintf(on_time, sizeof(on_time), "%zu", l->present - l->late);
		snprintf(late, sizeof(late), "%zu", l->late);
		number_text(percentage(l->present, s.days), attendance);
		number_text(percentage(l->late, l->present), late_share);
		err = table_add(table,
			(const char *[]){
				l->person->name, present, on_time, late, attendance, late_share},
			why);
	}
	if (err == OK)
		err = table_csv(table, out, why);
	table_free(table);
	statistics_finish(&s);
	return err;
}

/* --- one day ---------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	return x->at_ms < y->at_ms ? -1 : x->at_ms > y->at_ms;
}

enum err blink_day_csv(const struct request *req, struct context *c, const char *day,
	struct buf *out, struct error *why)
{
	static const struct table_column columns[] = {
		{"Name", ALIGN_LEFT}, {"Time", ALIGN_LEFT}, {"Status", ALIGN_LEFT}};
	struct records all = {0};
	struct table *table = NULL;
	struct person person;
	int64_t from_ms = 0, to_ms = 0;
	enum err err = zone_day_bounds(c->zone, day, &from_ms, &to_ms, why);
	if (err == OK)
		err = read_records(req, c, from_ms, to_ms, &all, why);
	if (err == OK)
		err = table_new(&table, columns, sizeof(columns) / sizeof(columns[0]), why);
	if (err == OK && all.count > 1)
		qsort(all.item, all.count, sizeof(*all.item), by_time);
	for (size_t i = 0; err == OK && i < all.count; i++) {
		char when[LEGACY_TIME_TEXT];
		legacy_time(c->zone, all.item[i].at_ms, when);
		err = store_person(c->store, all.item[i].person_id, &person, why);
		if (err == OK)
			err = table_add(table,
				(const char *[]){person.name, when + DAY_TEXT,
					all.item[i].late ? "Late" : "Present"},
				why);
	}
	if (err == OK)
		err = table_csv(table, out, why);
	table_free(table);
	free(all.item);
	return err;
}

/* --- the e-mail ------------------------------------------------------------------------- */

static enum err send_mail(struct context *c, int64_t now_ms, const char *day,
	const struct mail_part part[static 2], struct error *why)
{
	static const enum mail_way ways[] = {[MAIL_STARTTLS] = MAIL_WAY_STARTTLS,
		[MAIL_TLS] = MAIL_WAY_TLS,
		[MAIL_PLAIN] = MAIL_WAY_PLAIN};
	const struct server_config *config = api_config(c->api);
	char subject[64], html[512];
	if (config->smtp_host == NULL || config->mail_from == NULL)
		return err_set(why, ERR_ARG, "there is no mail server: set [mail] host and from");
	const struct mail_server server = {.host = config->smtp_host,
		.port = config->smtp_port,
		.way = ways[config->smtp_security],
		.user = config->smtp_user,
		.password = config->smtp_password};
	snprintf(subject, sizeof(subject), "Attendance Report - %s", day);
	snprintf(html, sizeof(html),
		"<html><body><h2>Attendance Report</h2><p>The attendance of <b>%s</b> and the "
		"statistics of all days are attached as <i>%s</i> and <i>%s</i>.</p>"
		"</body></html>",
		day, part[0].name, part[1].name);
	const struct mail mail = {.from = config->mail_from,
		.to = config->mail_to.item,
		.tos = config->mail_to.count,
		.subject = subject,
		.html = html,
		.part = part,
		.parts = 2,
		.now_ms = now_ms};
	return mail_send(&server, &mail, why);
}

enum err blink_mail(const struct request *req, struct context *c, json_t **files, struct error *why)
{
	static const char statistics_name[] = "student_statistics.csv";
	char day[DAY_TEXT], name[BLINK_FILE_BYTES], path[2][BLINK_FILE_BYTES];
	struct buf csv[2];
	buf_init(&csv[0], REPORT_BYTES_MAX);
	buf_init(&csv[1], REPORT_BYTES_MAX);
	*files = NULL;
	zone_day(c->zone, request_now_ms(req), day);
	snprintf(name, sizeof(name), "attendance_%s.csv", day);
	enum err err = blink_day_csv(req, c, day, &csv[0], why);
	if (err == OK)
		err = blink_statistics_csv(req, c, &csv[1], why);
	const struct mail_part part[2] = {{name, "text/csv", csv[0].data, csv[0].len},
		{statistics_name, "text/csv", csv[1].data, csv[1].len}};
	if (err == OK)
		err = send_mail(c, request_now_ms(req), day, part, why);
	buf_finish(&csv[0]);
	buf_finish(&csv[1]);
	snprintf(path[0], sizeof(path[0]), "logs/attendance_%s.csv", day);
	snprintf(path[1], sizeof(path[1]), "logs/%s", statistics_name);
	if (err == OK)
		*files = json_pack("[s,s]", path[0], path[1]);
	return err;
}
