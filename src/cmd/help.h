/* SPDX-License-Identifier: MIT */
/* Help and man pages, made from the tables of commands and options. One thread. */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include "base/buf.h"
#include "cmd/cmd.h"

enum { HELP_BYTES_MAX = 1 << 20 };

/* What a page looks like. */
struct help_style {
	int width;    /* columns to fill */
	bool bold;    /* terminal bold for headings and names */
	bool unicode; /* else "…" and quotes become ASCII */
};

/* Appends all commands by task, or one command's page. */
enum err help_overview(struct buf *out, const struct help_style *style) MUST_USE;
enum err help_command(
	struct buf *out, const struct help_style *style, const struct command *command) MUST_USE;

/* Appends the man page of a command, or (NULL) of the program, as roff(7) with the man macros. */
enum err help_man(struct buf *out, const struct command *command) MUST_USE;

/* One line of a kind for an option: "-g, --group GROUP". */
void help_option_title(const struct option_spec *spec, char *out, size_t size);

/* A task that people have, and the commands for it. */
struct help_task {
	const char *title;
	const char *commands; /* "import|enroll" */
};
extern const struct help_task help_tasks[]; /* ends with a zeroed one; every command is in one */

/* Texts that help and man page share: lines of two columns, end with a zeroed one. */
struct help_term {
	const char *term, *text;
};
extern const struct help_term help_exit_statuses[], help_variables[], help_files[];
extern const char help_about[]; /* of the program */

/* Print to stdout in its style; give the exit status. */
int help_print_overview(void);
int help_print_command(const struct command *command);
int help_print_man(const struct command *command);

#endif
