/* SPDX-License-Identifier: MIT */
/* Why a decision was what it was, in sentences. One thread. */
#ifndef REPORT_EXPLAIN_H
#define REPORT_EXPLAIN_H

#include "base/buf.h"
#include "store/store.h"

enum { EXPLAIN_BYTES_MAX = 1 << 16 };

/* What is known of one sighting. Pointers are borrowed; NULL where something is not known. */
struct explanation {
	const struct sighting *sighting;
	const struct zone *zone;
	const char *person, *second, *group; /* names */
	const struct evidence *evidence;
	const struct rejection *rejection;
};

/* Appends the sentences, each on a line of its own. */
enum err explain(const struct explanation *what, struct buf *out, struct error *why) MUST_USE;

#endif
