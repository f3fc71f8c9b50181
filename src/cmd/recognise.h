/* SPDX-License-Identifier: MIT */
/* The options that all commands which look for faces have in common. */
#ifndef CMD_RECOGNISE_H
#define CMD_RECOGNISE_H

#include <stddef.h>

#include "cmd/cmd.h"
#include "vision/pipeline.h"

/* Three rows of an option table; `type` has a `struct engine_choice choice`. */
#define RECOGNISE_OPTIONS(type)                                                             \
	{.name = "detector",                                                                \
		.kind = OPTION_CHOICE,                                                      \
		.value = "NAME",                                                            \
		.help = "network that finds the faces: ssd (default; finds more) or tiny "  \
			"(quicker)",                                                        \
		.offset = offsetof(type, choice.detector),                                  \
		.choices = "ssd|tiny"},                                                     \
		{.name = "min-score",                                                       \
			.kind = OPTION_NUMBER,                                              \
			.value = "S",                                                       \
			.help = "how sure the detector must be of a face, 0.05 to 1 (0.5)", \
			.offset = offsetof(type, choice.min_score),                         \
			.min = 0.05,                                                        \
			.max = 1},                                                          \
	{                                                                                   \
		.name = "min-face", .kind = OPTION_NUMBER, .value = "PIXELS",               \
		.help = "side of the smallest face to look for, 8 to 1000 (24): smaller "   \
			"ones take longer",                                                 \
		.offset = offsetof(type, choice.min_face), .min = MIN_FACE_LEAST,           \
		.max = MIN_FACE_MOST                                                        \
	}

/* Opens a pipeline for a command that needs no database. Close with pipeline_close. */
enum err recognise_pipeline(struct pipeline **out, const struct cmd *c,
	const struct engine_choice *choice, struct error *why) MUST_USE;

#endif
