/* SPDX-License-Identifier: MIT */
/* Small pieces of text output that the commands on faces have in common. One thread. */
#ifndef CMD_WORDS_H
#define CMD_WORDS_H

#include <stdint.h>

#include "base/clock.h"
#include "report/table.h"
#include "vision/face.h"

enum {
	BOX_WORDS = 64,
	NUMBER_WORDS = 32,
	ISSUE_WORDS = 160,
	TIME_WORDS = 16,
};

/* "120x140 at 300,200"; "0.42", and "" for what is not finite; "too small, blurred". */
void box_words(const struct box *box, char out[static BOX_WORDS]);
void number_words(double value, char out[static NUMBER_WORDS]);
void issue_words(uint32_t issues, char out[static ISSUE_WORDS]);

/* "08:55:03" on the wall clock of a zone. */
void time_words(const struct zone *zone, int64_t at_ms, char out[static TIME_WORDS]);

/* Milliseconds of a clock that nobody sets; only differences mean anything. */
double monotonic_ms(void);

/* Adds a row whose first cell is the file of a path, shown so that it can be printed. */
enum err table_add_path(
	struct table *t, const char *path, const char **cell, struct error *why) MUST_USE;

/* printf to stdout that notices a full disk. */
enum err print_text(struct error *why, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_USE;

#endif
