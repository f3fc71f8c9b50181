/* SPDX-License-Identifier: MIT */
/* Lists in pages: ?limit=50&cursor=... in, {"items": [...], "next": "..."} out. Any thread. */
#ifndef API_PAGE_H
#define API_PAGE_H

#include <jansson.h>

#include "net/request.h"
#include "net/response.h"
#include "store/pages.h"

enum { PAGE_LIMIT = 50 };

/* Reads limit and cursor of the query; otherwise the response is a 400 problem. */
enum err page_read(const struct request *req, struct response *res, struct page *out) MUST_USE;

/*
 * Answers with a page, after the store has put the next cursor into `page`; takes `items` over.
 * When `err` is not OK, that is what it returns.
 */
enum err page_answer(
	struct response *res, enum err err, const struct page *page, json_t *items) MUST_USE;

#endif
