/* SPDX-License-Identifier: MIT */
/* What is written where: --format, --json, -o FILE and its ending together. Pure but for isatty. */
#ifndef CMD_OUT_FORMAT_H
#define CMD_OUT_FORMAT_H

#include "cmd/cmd.h"
#include "report/roll_report.h"

struct out_choice {
	int format;       /* which of the option's words */
	const char *path; /* NULL = stdout */
};

/* Two rows of an option table; `type` has a `struct out_choice out`. */
#define OUT_OPTIONS(type, formats, in_words)                                           \
	{.name = "format",                                                             \
		.letter = 'f',                                                         \
		.kind = OPTION_CHOICE,                                                 \
		.choices = formats,                                                    \
		.value = "FORMAT",                                                     \
		.offset = offsetof(type, out.format),                                  \
		.help = in_words},                                                     \
	{                                                                              \
		.name = "output", .letter = 'o', .kind = OPTION_TEXT, .value = "FILE", \
		.offset = offsetof(type, out.path), .complete = "file",                \
		.help = "write to this file instead of the terminal"                   \
	}

/*
 * The format to write: --format, else --json, else what the file's ending says, else the
 * standard. ERR_ARG: --json and another --format, or a spreadsheet onto a terminal.
 */
enum err out_format(const struct cmd *c, const struct out_choice *choice, enum roll_format standard,
	enum roll_format *out, struct error *why) MUST_USE;

#endif
