/* SPDX-License-Identifier: MIT */
/* Lists in pages: ?limit=50&cursor=... in, {"items": [...], "next": "..."} out. Any thread. */
#ifndef API_PAGE_H
#define API_PAGE_H

#include <jansson.h>

#include "net/request.h"
#include "net/response.h"

enum { PAGE_LIMIT = 50, PAGE_LIMIT_MAX = 500, CURSOR_BYTES = 512 };

/* What page is asked for. `after`: the key of the last item of the page before; "" = the first. */
struct page_wanted {
	int limit;
	char after[CURSOR_BYTES];
};

/* Reads limit and cursor of the query; otherwise the response is a 400 problem. */
enum err page_read(
	const struct request *req, struct response *res, struct page_wanted *out) MUST_USE;

/*
 * Answers with a page; takes `items` over. `next`: the key of its last item when there are more,
 * else NULL.
 */
enum err page_answer(struct response *res, json_t *items, const char *next) MUST_USE;

#endif
