/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/program.h"

struct help_options {
	bool man;
};

static const struct option_spec options[] = {
	{.name = "man",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct help_options, man),
		.help = "print the man page, for man -l or to install it"},
	{0},
};

static int run(struct cmd *c)
{
	const struct help_options *o = c->options;
	const struct command *command = NULL;
	if (c->args > 0) {
		struct error why = {0};
		command = command_find(c->arg[0]);
		if (command == NULL) {
			command_unknown(c->arg[0], &why);
			return cmd_fail(&why);
		}
	}
	if (o->man)
		return help_print_man(command);
	return command != NULL ? help_print_command(command) : help_print_overview();
}

const struct command cmd_help = {
	.name = "help",
	.summary = "explain the program or one of its commands",
	.usage = "[COMMAND] [--man]",
	.about = "Without a command: all of them, by task. With one: what it does, its options, "
		 "examples. 'rollcall COMMAND --help' is the same.",
	.examples = "$ rollcall help mark\n"
		    "$ rollcall help mark --man | man -l -",
	.complete = "command -",
	.options = options,
	.options_size = sizeof(struct help_options),
	.args_max = 1,
	.run = run,
};
