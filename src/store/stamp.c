/* SPDX-License-Identifier: MIT */
#include "store/stamp.h"

#include <string.h>

#include "store/store_int.h"

enum err store_gallery_stamp(struct store *s, struct gallery_stamp *out, struct error *why)
{
	struct query q;
	*out = (struct gallery_stamp){0};
	query_start(&q, s,
		"SELECT count(*), coalesce(max(id), ''),"
		" (SELECT count(*) FROM rejection WHERE org_id = ?1),"
		" (SELECT detector || '|' || embedding || '|' || embedding_coming FROM org"
		"  WHERE id = ?1)"
		" FROM template WHERE org_id = ?1",
		why);
	if (query_row(&q)) {
		out->templates = column_int(&q, 0);
		column_text(&q, 1, out->last_template, sizeof(out->last_template));
		out->rejections = column_int(&q, 2);
		column_text(&q, 3, out->models, sizeof(out->models));
	}
	return query_end(&q);
}

bool gallery_stamp_same(const struct gallery_stamp *a, const struct gallery_stamp *b)
{
	return a->templates == b->templates && a->rejections == b->rejections &&
		strcmp(a->last_template, b->last_template) == 0 &&
		strcmp(a->models, b->models) == 0;
}
