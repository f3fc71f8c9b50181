/* SPDX-License-Identifier: MIT */
/* The options that all commands which look for faces have in common. */
#ifndef CMD_RECOGNISE_H
#define CMD_RECOGNISE_H

#include <stddef.h>

#include "cmd/cmd.h"
#include "vision/pipeline.h"

/* Four rows of an option table; `type` has a `struct engine_choice choice`. */
#define RECOGNISE_OPTIONS(type)                                                             \
	{.name = "detector",                                                                \
		.kind = OPTION_TEXT,                                                        \
		.value = "NAME",                                                            \
		.help = "model that finds the faces: ssd (default), tiny (quicker) or one " \
			"of 'rollcall models'",                                             \
		.offset = offsetof(type, choice.detector),                                  \
		.complete = "ssd|tiny|yunet"},                                              \
		{.name = "embedding",                                                       \
			.kind = OPTION_TEXT,                                                \
			.value = "NAME",                                                    \
			.help = "model that tells faces apart (face_recognition)",          \
			.offset = offsetof(type, choice.embedding),                         \
			.complete = "face_recognition|mobilefacenet"},                      \
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

/* The installed models' folder, HOME/models, for free(3). */
enum err recognise_home(struct cmd *c, char **out, struct error *why) MUST_USE;

/* Opens a pipeline for a command that needs no database. Close with pipeline_close. */
enum err recognise_pipeline(struct pipeline **out, struct cmd *c,
	const struct engine_choice *choice, struct error *why) MUST_USE;

#endif
