/* SPDX-License-Identifier: MIT */
/* Files that the build puts into the program (tools/embed.c). */
#ifndef API_EMBEDDED_H
#define API_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

struct embedded {
	const char *name; /* without its folder; NULL ends a table */
	const uint8_t *bytes;
	size_t len; /* a zero follows, which is not counted */
};

/* src/api/openapi/ *.json, base.json among them. */
extern const struct embedded openapi_parts[];

#endif
