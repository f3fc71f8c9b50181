/* SPDX-License-Identifier: MIT */
/* What recognition has done since the start, counted for /metrics. Any thread. */
#ifndef API_METERS_H
#define API_METERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "attend/engine.h"

enum meter_stage {
	METER_WAIT, /* for one of the recognisers, and its gallery to be up to date */
	METER_DECODE,
	METER_DETECT,
	METER_LANDMARKS,
	METER_EMBED,
	METER_SEARCH,
	METER_STAGES,
};

enum { METER_BUCKETS = 12, METER_DECISIONS = 3 };

/* Bounds of the buckets in milliseconds; the last bucket is everything above. */
extern const double meter_bound_ms[METER_BUCKETS - 1];
extern const char *const meter_stage_words[METER_STAGES];

struct meter {
	atomic_uint_fast64_t bucket[METER_BUCKETS]; /* each counted once */
	atomic_uint_fast64_t total_us;
};

/* Zero it. */
struct meters {
	struct meter stage[METER_STAGES];
	atomic_uint_fast64_t decision[METER_DECISIONS]; /* by enum decision */
};

/* Counts one stage that took so long. */
void meters_add(struct meters *m, enum meter_stage stage, double ms);

/* The stages of one photo and what was decided on each face. */
void meters_identified(struct meters *m, const struct identified *id);

/* Milliseconds of a steady clock, to measure by. */
double meters_now_ms(void);

#endif
