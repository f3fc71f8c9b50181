/* SPDX-License-Identifier: MIT */
/*
 * HTML written on the server, for pages that must work without scripts. What is not part of the
 * page itself goes through html_text, which leaves nothing that a browser takes for more than
 * text. The first error is kept: look at `err` at the end. One thread.
 */
#ifndef API_LEGACY_HTML_H
#define API_LEGACY_HTML_H

#include "base/buf.h"

enum { HTML_BYTES_MAX = 64 * 1024 * 1024 };

struct html {
	struct buf out;
	enum err err;
};

/* An empty page; release it with html_finish. */
void html_start(struct html *h);
void html_finish(struct html *h);
/* As it is: only for constants. */
void html_raw(struct html *h, const char *markup);
/* Escaped, for text and for attributes in quotes. */
void html_text(struct html *h, const char *text);
/* Escaped for a part of an address (percent), which is plain in HTML too. */
void html_url(struct html *h, const char *text);
void html_number(struct html *h, long long number);
/* <td>text</td> */
void html_cell(struct html *h, const char *text);
/* <p class="error">text</p>; nothing for NULL. */
void html_message(struct html *h, const char *text);

#endif
