/* SPDX-License-Identifier: MIT */
/* What the progress bar looks like, apart from when it is drawn. Pure. */
#ifndef CMD_PROGRESS_H
#define CMD_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

struct progress_view {
	const char *what;   /* "photos" */
	size_t done, total; /* total 0: nobody knows */
	double seconds;     /* since the start */
	int columns;        /* of the terminal */
	bool unicode;
};

enum { PROGRESS_LINE_BYTES = 1024, PROGRESS_BAR_MAX = 40 };

/*
 * "photos ███████░░░░░ 42/120  35 %  8.4/s  0:09 left" in fewer than `columns` columns:
 * what does not fit is left out, the bar first. No line break.
 */
void progress_line(const struct progress_view *view, char out[static PROGRESS_LINE_BYTES]);

#endif
