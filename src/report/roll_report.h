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
 * Appends the register in a format. Times are local in `zone`. JSON:
 * {"date","zone","closed","present":n,"late":n,"absent":n,"excused":n,"left_early":n,"expected":n,
 *  "people":[{"person":{"id","name","number"},"group":g|null,"status","at":iso|null,
 *  "distance":d|null,"margin":m|null,"by":"automatic"|who|null,"reason":r|null,"session":id|null,"sighting":id|null}]}
 * CSV and XLSX columns: Date, Group, Number, Name, Status, Time, Distance, Margin, By, Reason.
 */
enum err roll_report(const struct roll *roll, const struct zone *zone, enum roll_format format,
	const struct table_style *style, struct buf *out, struct error *why) MUST_USE;

/* The same as a JSON value (a new reference), to embed in other documents; NULL when out of memory. */
json_t *roll_json(const struct roll *roll, const struct zone *zone);

#endif
