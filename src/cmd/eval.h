/* SPDX-License-Identifier: MIT */
/* The parts of `rollcall eval`. */
#ifndef CMD_EVAL_H
#define CMD_EVAL_H

#include "cmd/cmd.h"
#include "cmd/words.h"

/* How far it is; the bar is begun by the first photo, and ended by the caller. */
struct eval_advance {
	struct progress *bar;
	size_t done, total;
};

/* For `progress` of evaluate_run and labels_run; `ctx` is a struct eval_advance. */
enum err eval_on_photo(void *ctx, size_t done, size_t total);

/* `rollcall eval --boxes`: the exit status. `side`: of the smallest label that counts. */
int eval_boxes(struct cmd *c, const struct engine_choice *choice, const char *file,
	const char *images, double side);

#endif
