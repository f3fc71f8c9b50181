/* SPDX-License-Identifier: MIT */
/*
 * Names with values in the order they came: query, form fields, headers, cookies. Both are
 * strings in UTF-8 or bytes without a zero. One thread at a time; shared freely once filled.
 */
#ifndef NET_PARAMS_H
#define NET_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct param {
	const char *name, *value;
};

/* Invariant: all strings lie in blocks that the list owns. A zeroed struct is empty. */
struct params {
	struct param *item;
	size_t count, capacity;
};

/* Adds copies. ERR_NOMEM. */
enum err params_add(struct params *p, const char *name, size_t name_len, const char *value,
	size_t value_len) MUST_USE;

/* Appends `glue` and `value_len` bytes of `value` to the value of item `index`. ERR_NOMEM. */
enum err params_join(struct params *p, size_t index, const char *glue, const char *value,
	size_t value_len) MUST_USE;

/* Releases everything; the struct is empty again. */
void params_finish(struct params *p);

/* The first value of that name, else NULL; borrowed for the list's life. */
const char *params_get(const struct params *p, const char *name);

/* The same, names compared without regard to ASCII case. */
const char *params_get_nocase(const struct params *p, const char *name);

/* How many values have that name (ASCII case ignored when `nocase`). */
size_t params_count(const struct params *p, const char *name, bool nocase);

#endif
