/* SPDX-License-Identifier: MIT */
/* Commands with verbs: `rollcall people add`. One thread. */
#ifndef CMD_VERBS_H
#define CMD_VERBS_H

#include "cmd/cmd.h"

/* Runs the verb that the first argument names, the table's first without arguments. */
int verb_run(struct cmd *c);

#endif
