/* SPDX-License-Identifier: MIT */
/* Request targets, queries, forms, ranges, dates, tags, addresses: texts of one line. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"
#include "net/condition.h"
#include "net/form.h"
#include "net/header.h"
#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void path(const char *text, size_t len)
{
	struct url_path p;
	if (url_path_parse(&p, text, len) != OK) {
		if (p.text != NULL)
			abort();
		return;
	}
	for (size_t i = 0; i < p.count; i++) {
		const char *s = p.segment[i];
		if (strchr(s, '/') != NULL || strcmp(s, "..") == 0 || strcmp(s, ".") == 0 ||
			(s[0] == '\0' && i + 1 < p.count))
			abort();
	}
	url_path_finish(&p);
}

static void line(const char *text)
{
	struct byte_range r;
	struct address a;
	char out[64];
	int64_t seconds;
	if (range_parse(text, 1000, &r) == OK && (r.count == 0 || r.first + r.count > 1000))
		abort();
	if (http_date_parse(text, &seconds))
		http_date(seconds, out);
	if (etag_in_list(text, "\"x\"", false) && !etag_in_list(text, "\"x\"", true))
		abort();
	header_media_type(text, out, sizeof(out));
	if (header_parameter(text, "name", out, sizeof(out)) == OK && strlen(out) >= sizeof(out))
		abort();
	(void)header_list_has(text, "br");
	if (address_parse(&a, text, strlen(text))) {
		struct address again;
		address_text(&a, out);
		if (!address_parse(&again, out, strlen(out)) || memcmp(&a, &again, sizeof(a)) != 0)
			abort();
	}
	struct network net = {.bits = 0};
	a = address_behind(&net.address, text, &net, 1);
	address_text(&a, out);
	(void)forwarded_https(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct params params = {0};
	struct error why = {0};
	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	path(text, size);
	line(text);
	if (url_query_parse(&params, text, size, 32) == OK && params.count > 32)
		abort();
	params_finish(&params);
	if (form_parse(&params, data, size, &why) != OK && why.text[0] == '\0')
		abort();
	params_finish(&params);
	free(text);
	return 0;
}
