/* SPDX-License-Identifier: MIT */
/* Whether galleries in memory are still what the database has. As a store. */
#ifndef STORE_STAMP_H
#define STORE_STAMP_H

#include <stdbool.h>

#include "store/store.h"

/* Differs whenever templates or counter-examples of the organisation were added or removed. */
struct gallery_stamp {
	int64_t templates, rejections;
	char last_template[UUID_TEXT];         /* ids grow with time */
	char models[3 * MODEL_NAME_BYTES + 3]; /* in use, and to follow */
};

/* Counts what there is now. */
enum err store_gallery_stamp(
	struct store *s, struct gallery_stamp *out, struct error *why) MUST_USE;
/* Whether nothing has changed between two. Pure. */
bool gallery_stamp_same(const struct gallery_stamp *a, const struct gallery_stamp *b);

#endif
