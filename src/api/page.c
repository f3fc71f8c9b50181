/* SPDX-License-Identifier: MIT */
#include "api/page.h"

#include <string.h>

#include <sodium.h>

#include "api/body.h"

enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

enum err page_read(const struct request *req, struct response *res, struct page_wanted *out)
{
	const char *cursor = request_query(req, "cursor");
	size_t len = 0;
	*out = (struct page_wanted){.limit = PAGE_LIMIT};
	enum err err = query_number(req, res, "limit", 1, PAGE_LIMIT_MAX, &out->limit);
	if (err != OK || cursor == NULL)
		return err;
	if (sodium_base642bin((unsigned char *)out->after, sizeof(out->after) - 1, cursor,
		    strlen(cursor), NULL, &len, NULL, VARIANT) != 0 ||
		memchr(out->after, '\0', len) != NULL)
		return body_invalid(res, "cursor", "is not one of this list: begin without it");
	out->after[len] = '\0';
	return OK;
}

enum err page_answer(struct response *res, json_t *items, const char *next)
{
	char cursor[sodium_base64_ENCODED_LEN(CURSOR_BYTES, VARIANT)];
	json_t *after = json_null();
	if (next != NULL && strlen(next) < CURSOR_BYTES) {
		sodium_bin2base64(
			cursor, sizeof(cursor), (const unsigned char *)next, strlen(next), VARIANT);
		after = json_string(cursor);
	}
	return response_json(res, 200, json_pack("{s:o,s:o}", "items", items, "next", after));
}
