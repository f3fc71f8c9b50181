/* SPDX-License-Identifier: MIT */
#include "api/page.h"

#include <stdio.h>
#include <string.h>

#include "api/body.h"
#include "report/json.h"

enum err page_read(const struct request *req, struct response *res, struct page *out)
{
	const char *cursor = request_query(req, "cursor");
	int limit = PAGE_LIMIT;
	*out = (struct page){.limit = PAGE_LIMIT};
	enum err err = query_number(req, res, "limit", 1, PAGE_LIMIT_MAX, &limit);
	out->limit = (size_t)limit;
	if (err != OK || cursor == NULL)
		return err;
	if (strlen(cursor) >= sizeof(out->cursor))
		return body_invalid(res, "cursor", "is not one of this list: begin without it");
	snprintf(out->cursor, sizeof(out->cursor), "%s", cursor);
	return OK;
}

enum err page_answer(struct response *res, enum err err, const struct page *page, json_t *items)
{
	if (err != OK) {
		json_decref(items);
		return err;
	}
	return response_json(
		res, 200, json_pack("{s:o,s:o}", "items", items, "next", json_text(page->cursor)));
}
