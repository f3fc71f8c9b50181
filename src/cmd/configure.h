/* SPDX-License-Identifier: MIT */
/* The program's configuration: its own keys and the server's, one file for both. One thread. */
#ifndef CMD_CONFIGURE_H
#define CMD_CONFIGURE_H

#include "base/config.h"
#include "cmd/program.h"

/* The settings of every command. */
struct program_config {
	const char *home, *models, *env_file;
	int threads;
	int log_level, log_format;
};

extern const struct config_key program_keys[];

/*
 * Makes c->config: command line, the environment as far as every command needs it, and the
 * file: --config, else $ROLLCALL_CONFIG, else rollcall.conf in the home folder if there is
 * one. Then home, models, threads and the log are as it says.
 */
enum err configure(struct cmd *c, const struct program_values *values, struct error *why) MUST_USE;

/*
 * For commands with settings of their own (serve, config): also takes the rest of the
 * environment, the file of variables, a device's config.json, and those options of the command
 * that are keys' flags.
 */
enum err configure_all(struct cmd *c, struct error *why) MUST_USE;

/*
 * Reads everything of both anew, for a program that runs on: into *out, for config_free, of which
 * the texts in *program are borrowed. Nothing of `c` changes.
 */
enum err configure_again(const struct cmd *c, struct config **out, struct program_config *program,
	struct error *why) MUST_USE;

/* The file that was read, or NULL. */
const char *configure_file(const struct cmd *c);

#endif
