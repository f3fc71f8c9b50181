/* SPDX-License-Identifier: MIT */
#include "api/legacy/html.h"

#include <string.h>

void html_start(struct html *h)
{
	*h = (struct html){.err = OK};
	buf_init(&h->out, HTML_BYTES_MAX);
}

void html_finish(struct html *h)
{
	buf_finish(&h->out);
}

static void add(struct html *h, const char *bytes, size_t len)
{
	if (h->err == OK)
		h->err = buf_add(&h->out, bytes, len);
}

void html_raw(struct html *h, const char *markup)
{
	add(h, markup, strlen(markup));
}

static const char *escape_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

void html_text(struct html *h, const char *text)
{
	for (const char *c = text; *c != '\0'; c++) {
		const char *escape = escape_of(*c);
		if (escape != NULL)
			html_raw(h, escape);
		else
			add(h, c, 1);
	}
}

void html_url(struct html *h, const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
	for (const char *c = text; *c != '\0'; c++) {
		if (strchr(plain, *c) != NULL)
			add(h, c, 1);
		else if (h->err == OK)
			h->err = buf_printf(&h->out, "%%%02X", (unsigned)(unsigned char)*c);
	}
}

void html_number(struct html *h, long long number)
{
	if (h->err == OK)
		h->err = buf_printf(&h->out, "%lld", number);
}

void html_cell(struct html *h, const char *text)
{
	html_raw(h, "<td>");
	html_text(h, text);
	html_raw(h, "</td>");
}

void html_message(struct html *h, const char *text)
{
	if (text == NULL)
		return;
	html_raw(h, "<p class=\"error\" role=\"alert\">");
	html_text(h, text);
	html_raw(h, "</p>\n");
}
