/* SPDX-License-Identifier: MIT */
/* From argv to the exit status: the program's own options, the command, its run. */
#ifndef CMD_PROGRAM_H
#define CMD_PROGRAM_H

#include "cmd/cmd.h"

/* The options of the program itself, valid before and after the command. */
extern const struct option_spec program_options[];

struct program_values {
	const char *home, *config, *models, *log_format;
	bool json, help, version;
	int threads;
};

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);

/* Fills `why` with "unknown command", naming the nearest. */
void command_unknown(const char *name, struct error *why);

/* Runs the program; gives its exit status. */
int program_run(int argc, char **argv);

#endif
