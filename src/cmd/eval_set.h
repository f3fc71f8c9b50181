/* SPDX-License-Identifier: MIT */
/* 'rollcall eval' beyond pairs: the table of distance to FMR, and identification. One thread. */
#ifndef CMD_EVAL_SET_H
#define CMD_EVAL_SET_H

#include "cmd/cmd.h"
#include "gallery/evaluate.h"
#include "gallery/labelled.h"

struct eval_set_options {
	bool table;
	int identification; /* people to enrol; 0 = do not */
	int looks;          /* put together, at most; 0 = do not */
	int draws;
	double budget;
	bool held_out;    /* each draw measures its table with half of the people */
	const char *name; /* of the set, for people */
};

/* Looks at all photos and prints what is asked for; gives the exit status. */
int eval_set(struct cmd *c, struct pipeline *p, const struct evaluate_options *photos,
	const struct eval_set_options *options);

/* What 1 to `most` looks together are worth; the exit status. */
int eval_looks(
	const struct cmd *c, const struct pipeline *p, const struct labelled *set, size_t most);

#endif
