/* SPDX-License-Identifier: MIT */
/* Heads of requests, chunked bodies in pieces of any size, and JSON bodies. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void head(const uint8_t *data, size_t size)
{
	struct request r;
	struct http1_framing f;
	struct error why = {0};
	size_t len = http1_head_end((const char *)data, size, 0);
	request_init(&r, 0);
	if (len > 0 && http1_head_parse(&r, &f, (const char *)data, len, &why) == OK &&
		request_head_done(&r, NULL, 0, &why) == OK) {
		if (f.chunked && request_header(&r, "content-length") != NULL)
			abort(); /* the body's length would be said in two ways */
		(void)request_same_origin(&r);
		json_t *doc;
		buf_init(&r.body, size);
		if (buf_add(&r.body, data + len, size - len) == OK &&
			request_json(&r, &doc, &why) == OK)
			json_decref(doc);
	} else if (len > 0 && why.text[0] == '\0') {
		abort();
	}
	request_finish(&r);
}

static size_t unchunk(const uint8_t *data, size_t size, size_t step, uint8_t *out, bool *fine)
{
	struct chunked c = {0};
	size_t at = 0, got = 0;
	*fine = true;
	while (*fine && at < size && !c.done) {
		size_t part = step < size - at ? step : size - at, used, len;
		const uint8_t *bytes;
		*fine = chunked_feed(&c, data + at, part, &used, &bytes, &len) == OK;
		if (!*fine)
			break;
		if (used > part || len > used)
			abort();
		memcpy(out + got, bytes, len);
		got += len;
		at += used;
	}
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *whole = malloc(size + 1), *pieces = malloc(size + 1);
	bool fine, same;
	if (size > 0 && whole != NULL && pieces != NULL) {
		size_t a = unchunk(data, size, size, whole, &fine);
		size_t b = unchunk(data, size, 1 + data[0] % 7, pieces, &same);
		if (fine != same || a != b || memcmp(whole, pieces, a) != 0)
			abort();
		head(data, size);
	}
	free(whole);
	free(pieces);
	return 0;
}
