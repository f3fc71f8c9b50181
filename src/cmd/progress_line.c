/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/name.h"
#include "cmd/progress.h"

enum { BAR_MIN = 10, PART_BYTES = 160 };

/* "0:09", "12:30", "1:02:03" */
static void duration_text(double seconds, char *out, size_t size)
{
	if (seconds > 99 * 3600.0)
		seconds = 99 * 3600.0;
	unsigned whole = (unsigned)(seconds + 0.5);
	if (whole >= 3600)
		snprintf(out, size, "%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
	else
		snprintf(out, size, "%u:%02u", whole / 60, whole % 60);
}

static void counts_text(const struct progress_view *v, char *out, size_t size)
{
	if (v->total > 0)
		snprintf(out, size, " %zu/%zu  %.0f %%", v->done, v->total,
			100.0 * (double)v->done / (double)v->total);
	else
		snprintf(out, size, " %zu", v->done);
}

static void speed_text(const struct progress_view *v, char *out, size_t size)
{
	out[0] = '\0';
	if (v->done == 0 || v->seconds <= 0)
		return;
	double rate = (double)v->done / v->seconds;
	int used = snprintf(out, size, rate < 10 ? "  %.1f/s" : "  %.0f/s", rate);
	if (v->total <= v->done || used < 0)
		return;
	char left[16];
	duration_text((double)(v->total - v->done) / rate, left, sizeof(left));
	snprintf(out + used, size - (size_t)used, "  %s left", left);
}

static void bar_text(const struct progress_view *v, size_t width, char *out, size_t size)
{
	size_t full = v->done >= v->total ? width : width * v->done / v->total;
	size_t used = 0;
	for (size_t i = 0; i < width && used + 4 < size; i++) {
		const char *cell = v->unicode ? (i < full ? "█" : "░") : (i < full ? "#" : "-");
		used += (size_t)snprintf(out + used, size - used, "%s", cell);
	}
}

void progress_line(const struct progress_view *v, char out[static PROGRESS_LINE_BYTES])
{
	char counts[PART_BYTES], speed[PART_BYTES], bar[PART_BYTES] = "";
	counts_text(v, counts, sizeof(counts));
	speed_text(v, speed, sizeof(speed));
	/* One column stays free: a character in the last one makes some terminals wrap. */
	size_t room = v->columns > 1 ? (size_t)v->columns - 1 : 0;
	size_t what = utf8_columns(v->what);
	if (what + strlen(counts) + strlen(speed) > room)
		speed[0] = '\0';
	size_t used = what + strlen(counts) + strlen(speed);
	if (used > room) {
		snprintf(out, PROGRESS_LINE_BYTES, "%.*s", (int)room, counts + 1);
		return;
	}
	if (v->total > 0 && used + 1 + BAR_MIN <= room) {
		size_t width = room - used - 1;
		bar[0] = ' ';
		bar_text(v, width < PROGRESS_BAR_MAX ? width : PROGRESS_BAR_MAX, bar + 1,
			sizeof(bar) - 1);
	}
	snprintf(out, PROGRESS_LINE_BYTES, "%.512s%s%s%s", v->what, bar, counts, speed);
}
