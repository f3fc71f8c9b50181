/* SPDX-License-Identifier: MIT */
/* The register of a day as a table or as JSON. One thread at a time. */
#ifndef REPORT_ROLL_REPORT_H
#define REPORT_ROLL_REPORT_H

#include <jansson.h>

#include "attend/register.h"
#include "report/table.h"

enum roll_format { ROLL_TABLE, ROLL_JSON, ROLL_CSV, ROLL_XLSX };

/* "table", "json", "csv", "xlsx". */
enum err roll_format_parse(const char *word, enum roll_format *out, struct error *why) MUST_USE;

/*
 * Appends the register in a format. Times are local in `zone`; `style` is for ROLL_TABLE only
 * and may be NULL otherwise.
 * Table: for a teacher. A title with group and day; Name, Number (if anybody has one), Group
 * (if there are several), Status, Time, "How sure"; a line of sums. "How sure" says in words
 * how much nearer than needed the face was, with its distance to the nearest enrolled photo:
 * "very sure" at most 0.7 of the distance that still is a match and twice the margin to the
 * next person, "sure" at most 0.9 of it, else "fairly sure"; or who decided it by hand.
 * JSON: {"date","zone","closed","present":n,"late":n,"absent":n,"excused":n,"left_early":n,
 *  "expected":n,"people":[{"person":{"id","name","number"},"group":g|null,"status",
 *  "at":iso|null,"distance":d|null,"margin":m|null,"by":"automatic"|who|null,
 *  "reason":r|null,"session":id|null,"sighting":id|null}]}
 *  with "number" null for none, "status" "expected" for who has no mark in an open register,
 *  "margin" null where there is nobody else, "by" null without a mark.
 * CSV and XLSX columns: Date, Group, Number, Name, Status, Time, Distance, Margin, By, Reason.
 * Time is the time of day, with the date where a hand decided on another day.
 */
enum err roll_report(const struct roll *roll, const struct zone *zone, enum roll_format format,
	const struct table_style *style, struct buf *out, struct error *why) MUST_USE;

/*
 * The same as a JSON value (a new reference), to embed in other documents; NULL when out of
 * memory.
 */
json_t *roll_json(const struct roll *roll, const struct zone *zone);

/*
 * The columns of CSV and XLSX as a table, and the lines of a register as rows of it, for
 * exports of many days. Free with table_free.
 */
enum err roll_table_new(struct table **out, struct error *why) MUST_USE;
enum err roll_table_add(struct table *t, const struct roll *roll, const struct zone *zone,
	struct error *why) MUST_USE;

#endif
