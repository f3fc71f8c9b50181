/* SPDX-License-Identifier: MIT */
/* /api/v1/audit: who did what to what */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/body.h"
#include "api/context.h"
#include "api/page.h"
#include "api/resources.h"
#include "report/json.h"
#include "store/audit.h"

struct rows {
	const struct context *c;
	json_t *items;
	int64_t last;
};

static json_t *row_json(const struct context *c, const struct audit_row *row)
{
	json_t *detail =
		row->detail != NULL ? json_loads(row->detail, JSON_DECODE_ANY, NULL) : NULL;
	return json_pack("{s:I,s:s,s:o,s:s,s:s,s:o,s:o,s:b}", "seq", (json_int_t)row->seq, "id",
		row->id, "at", json_time(c->zone, row->at_ms), "actor", row->actor, "action",
		row->action, "subject", json_text(row->subject), "detail",
		detail != NULL ? detail : json_null(), "erased", row->erased);
}

static enum err add_row(void *ctx, const struct audit_row *row, struct error *why)
{
	struct rows *rows = ctx;
	json_append(&rows->items, row_json(rows->c, row));
	rows->last = row->seq;
	return OK;
}

/* A moment of the query; *out stays when it is not there. */
static enum err query_time(const struct request *req, struct response *res, const struct context *c,
	const char *name, int64_t *out)
{
	const char *text = request_query(req, name);
	if (text == NULL || zone_parse(c->zone, text, request_now_ms(req), out, NULL) == OK)
		return OK;
	return body_invalid(res, name, "takes a time such as 2026-11-21T08:55:00+01:00");
}

/* The cursor of this list is the number of the last entry that was read. */
static enum err read_cursor(struct response *res, const struct page *page, int64_t *before)
{
	char *end;
	if (page->cursor[0] == '\0')
		return OK;
	*before = strtoll(page->cursor, &end, 10);
	if (*end != '\0' || *before < 1)
		return body_invalid(res, "cursor", "is not one of this list: begin without it");
	return OK;
}

static enum err list(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct rows rows = {.c = c, .items = json_array()};
	struct page page;
	struct audit_filter filter = {
		.actor = request_query(req, "actor"),
		.action = request_query(req, "action"),
		.subject = request_query(req, "subject"),
	};
	enum err err = page_read(req, res, &page);
	if (err == OK)
		err = read_cursor(res, &page, &filter.before_seq);
	if (err == OK)
		err = query_time(req, res, c, "from", &filter.from_ms);
	if (err == OK)
		err = query_time(req, res, c, "to", &filter.to_ms);
	filter.limit = (int64_t)page.limit;
	if (err == OK)
		err = store_audit_read(c->store, &filter, add_row, &rows, response_why(res));
	page.cursor[0] = '\0';
	if (err == OK && json_array_size(rows.items) == page.limit && rows.last > 1)
		snprintf(page.cursor, sizeof(page.cursor), "%lld", (long long)rows.last);
	return page_answer(res, err, &page, rows.items);
}

/* Goes through the whole chain, as `rollcall audit verify`. */
static enum err verify(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct audit_report report;
	struct audit_head noted;
	char head[AUDIT_HEAD_TEXT];
	const char *text = request_query(req, "noted");
	if (text != NULL && audit_head_parse(text, &noted, NULL) != OK)
		return body_invalid(res, "noted", "takes the 'head' of an earlier answer");
	enum err err = store_audit_verify(
		c->store, text != NULL ? &noted : NULL, &report, response_why(res));
	if (err != OK)
		return err;
	audit_head_text(&report.head, head);
	return response_json(res, 200,
		json_pack("{s:b,s:I,s:I,s:I,s:o,s:o,s:s}", "whole", report.problem[0] == '\0',
			"entries", (json_int_t)report.entries, "details",
			(json_int_t)report.details, "erased", (json_int_t)report.erased, "bad_seq",
			report.bad_seq != 0 ? json_integer((json_int_t)report.bad_seq)
					    : json_null(),
			"problem", json_text(report.problem), "head", head));
}

static const struct route routes[] = {
	{METHOD_GET, "/api/v1/audit", .access = RIGHT_AUDIT, .rate = RATE_API, .handler = list},
	{METHOD_GET, "/api/v1/audit/verify", .access = RIGHT_AUDIT, .rate = RATE_API,
		.handler = verify},
};

const struct resource resource_audit = RESOURCE(routes);
