/* SPDX-License-Identifier: MIT */
/* What is written where: --format, --json, -o FILE and its ending together. Pure but for isatty. */
#ifndef CMD_OUT_FORMAT_H
#define CMD_OUT_FORMAT_H

#include "cmd/cmd.h"
#include "report/roll_report.h"

#define OUT_FORMATS "table|json|csv|xlsx" /* in the order of enum roll_format */

struct out_choice {
	bool given;                /* whether --format was */
	enum roll_format want;     /* what it said */
	enum roll_format standard; /* when nothing says anything */
	const char *path;          /* -o, or NULL */
};

/*
 * The format to write: --format, else --json, else what the file's ending says, else the
 * standard. ERR_ARG: --json and another --format, or a spreadsheet onto a terminal.
 */
enum err out_format(const struct cmd *c, const struct out_choice *choice, enum roll_format *out,
	struct error *why) MUST_USE;

#endif
