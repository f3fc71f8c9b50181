/* SPDX-License-Identifier: MIT */
#include "api/meters.h"

#include <time.h>

const double meter_bound_ms[METER_BUCKETS - 1] = {1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500};

const char *const meter_stage_words[METER_STAGES] = {
	[METER_WAIT] = "wait",
	[METER_DECODE] = "decode",
	[METER_DETECT] = "detect",
	[METER_LANDMARKS] = "landmarks",
	[METER_EMBED] = "embed",
	[METER_SEARCH] = "search",
};

double meters_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

void meters_add(struct meters *m, enum meter_stage stage, double ms)
{
	size_t i = 0;
	while (i < METER_BUCKETS - 1 && ms > meter_bound_ms[i])
		i++;
	atomic_fetch_add_explicit(&m->stage[stage].bucket[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(
		&m->stage[stage].total_us, (uint64_t)(ms * 1e3), memory_order_relaxed);
}

void meters_identified(struct meters *m, const struct identified *id)
{
	meters_add(m, METER_DETECT, id->ms.detect);
	meters_add(m, METER_LANDMARKS, id->ms.landmarks);
	meters_add(m, METER_EMBED, id->ms.embed);
	meters_add(m, METER_SEARCH, id->ms_search);
	for (size_t i = 0; i < id->faces.count; i++)
		atomic_fetch_add_explicit(
			&m->decision[id->verdict[i].decision], 1, memory_order_relaxed);
}
