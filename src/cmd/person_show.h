/* SPDX-License-Identifier: MIT */
/* Everything that is stored about a person, for `people show`. One thread. */
#ifndef CMD_PERSON_SHOW_H
#define CMD_PERSON_SHOW_H

#include "cmd/cmd.h"

/* Prints it as text or JSON; gives the exit status. */
int person_show(struct cmd *c, const struct person *person);

#endif
