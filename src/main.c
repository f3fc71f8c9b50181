/* SPDX-License-Identifier: MIT */
/* The table of commands, in the order of the help; all else is in src/cmd/. */
#include "cmd/program.h"

const struct command *const commands[] = {
	&cmd_import,
	&cmd_enroll,
	&cmd_people,
	&cmd_groups,
	&cmd_mark,
	&cmd_watch,
	&cmd_serve,
	&cmd_roll,
	&cmd_export,
	&cmd_explain,
	&cmd_reject,
	&cmd_detect,
	&cmd_identify,
	&cmd_settings,
	&cmd_users,
	&cmd_audit,
	&cmd_config,
	&cmd_models,
	&cmd_doctor,
	&cmd_calibrate,
	&cmd_bench,
	&cmd_eval,
	&cmd_help,
	&cmd_completion,
	NULL,
};

int main(int argc, char **argv)
{
	return program_run(argc, argv);
}
