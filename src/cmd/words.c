/* SPDX-License-Identifier: MIT */
#include "cmd/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/name.h"
#include "cmd/cmd.h"
#include "vision/quality.h"

void box_words(const struct box *box, char out[static BOX_WORDS])
{
	snprintf(out, BOX_WORDS, "%.0fx%.0f at %.0f,%.0f", (double)box->w, (double)box->h,
		(double)box->x, (double)box->y);
}

void number_words(double value, char out[static NUMBER_WORDS])
{
	out[0] = '\0';
	if (isfinite(value))
		snprintf(out, NUMBER_WORDS, "%.2f", value);
}

void issue_words(uint32_t issues, char out[static ISSUE_WORDS])
{
	size_t len = 0;
	out[0] = '\0';
	for (int i = 0; i < QUALITY_ISSUES && len < ISSUE_WORDS; i++) {
		uint32_t bit = UINT32_C(1) << i;
		if (issues & bit)
			len += (size_t)snprintf(out + len, ISSUE_WORDS - len, "%s%s",
				len > 0 ? ", " : "", quality_word((enum quality_issue)bit));
	}
}

void time_words(const struct zone *zone, int64_t at_ms, char out[static TIME_WORDS])
{
	struct civil t = zone_civil(zone, at_ms);
	snprintf(out, TIME_WORDS, "%02d:%02d:%02d", t.hour % 100, t.minute % 100, t.second % 100);
}

double monotonic_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

enum err table_add_path(struct table *t, const char *path, const char **cell, struct error *why)
{
	char *shown = utf8_printable(path);
	if (!shown)
		return err_set(why, ERR_NOMEM, "out of memory");
	cell[0] = shown;
	enum err rc = table_add(t, cell, why);
	free(shown);
	return rc;
}

enum err print_text(struct error *why, const char *fmt, ...)
{
	char *text = NULL;
	va_list args;
	va_start(args, fmt);
	int len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err rc = cmd_output(NULL, text, (size_t)len, why);
	free(text);
	return rc;
}
