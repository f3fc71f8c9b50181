/* SPDX-License-Identifier: MIT */
/* From argv to the exit status: the program's own options, the command, its run. */
#ifndef CMD_PROGRAM_H
#define CMD_PROGRAM_H

#include "cmd/cmd.h"

/* The options of the program itself, valid before and after the command. */
extern const struct option_spec program_options[];

struct program_values {
	const char *home, *config, *models;
	bool json, help, version;
	int threads;
	char *config_text; /* what config_read left; free(3) at the end */
};

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);

/* Fills `why` with "unknown command", naming the nearest. */
void command_unknown(const char *name, struct error *why);

/* Runs the program; gives its exit status. */
int program_run(int argc, char **argv);

/* Fills what neither command line nor environment said from a config file: lines "name = value". */
enum err config_read(const char *path, struct program_values *values, struct error *why) MUST_USE;

#endif
