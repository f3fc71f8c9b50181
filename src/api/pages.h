/* SPDX-License-Identifier: MIT */
/* The pages that are built in (web/): enough to sign in the first time. */
#ifndef API_PAGES_H
#define API_PAGES_H

#include "api/embedded.h"
#include "base/err.h"
#include "net/response.h"

/* web/ *.html, *.css, *.js */
extern const struct embedded web_files[];

struct pages;

/* Makes assets of the files. ERR_NOMEM; ERR_INTERNAL for a file of an unknown kind. */
enum err pages_open(struct pages **out, struct error *why) MUST_USE;
void pages_close(struct pages *p);

/* The asset of that file, or NULL; lives as long as the pages. */
const struct asset *pages_find(const struct pages *p, const char *name);

#endif
