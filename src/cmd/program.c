/* SPDX-License-Identifier: MIT */
#include "cmd/program.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/configure.h"
#include "cmd/help.h"
#include "base/nearest.h"
#include "cmd/options.h"
#include "cmd/verbs.h"
#include "infer/session.h"
#include "media/sandbox.h"

#define AT(field) offsetof(struct program_values, field)

const struct option_spec program_options[] = {
	{.name = "home",
		.kind = OPTION_TEXT,
		.value = "DIR",
		.offset = AT(home),
		.help = "folder with the database and its key; else $ROLLCALL_HOME, else "
			"~/.local/share/rollcall",
		.complete = "folder"},
	{.name = "config",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.offset = AT(config),
		.help = "file with settings, as 'rollcall config --example' explains them; else "
			"$ROLLCALL_CONFIG, else rollcall.conf in the home folder",
		.complete = "file"},
	{.name = "models",
		.kind = OPTION_TEXT,
		.value = "DIR",
		.offset = AT(models),
		.help = "folder with the face models; else $ROLLCALL_MODELS, else beside the "
			"program",
		.complete = "folder"},
	{.name = "threads",
		.kind = OPTION_INT,
		.value = "N",
		.offset = AT(threads),
		.max = SESSION_THREADS_MAX,
		.help = "how many processor cores to use (default 1); more is faster only where "
			"nothing else runs"},
	{.name = "log-format",
		.kind = OPTION_TEXT,
		.value = "FORMAT",
		.offset = AT(log_format),
		.help = "how the log on standard error looks: text for people, or json, an object "
			"a line"},
	{.name = "json",
		.kind = OPTION_FLAG,
		.offset = AT(json),
		.help = "print one JSON document and nothing else"},
	{.name = "help",
		.letter = 'h',
		.kind = OPTION_FLAG,
		.offset = AT(help),
		.help = "explain the program, or the command, and stop"},
	{.name = "version",
		.letter = 'V',
		.kind = OPTION_FLAG,
		.offset = AT(version),
		.help = "print the version and stop"},
	{0},
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

void command_unknown(const char *name, struct error *why)
{
	struct nearest near = nearest_to(name);
	for (size_t i = 0; commands[i] != NULL; i++)
		nearest_offer(&near, commands[i]->name, strlen(commands[i]->name));
	if (near.best != NULL)
		err_set(why, ERR_ARG, "unknown command '%s': did you mean '%s'?", name, near.best);
	else
		err_set(why, ERR_ARG, "unknown command '%s'; 'rollcall help' lists them", name);
}

/* A closed standard stream must not become the number of a database. */
static void hold_standard_streams(void)
{
	/* Reading from the output's place fails, as it should, when something is printed. */
	static const int flags[] = {O_RDONLY, O_RDONLY, O_RDWR};
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", flags[fd]);
	}
}

static void prepare(void)
{
	hold_standard_streams();
	/* A reader that went away and a full quota are errors with a text, not the end. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* Only the character set: numbers keep their points. */
	setlocale(LC_CTYPE, "");
}

static int print_version(bool json)
{
	if (json)
		return cmd_print_json(
			json_pack("{s:s,s:s}", "name", "rollcall", "version", ROLLCALL_VERSION));
	printf("rollcall %s\n", ROLLCALL_VERSION);
	return EXIT_OK;
}

/* Reads what follows the command's name, and runs it. */
static int run_command(
	struct cmd *c, struct option_reader *r, struct program_values *values, struct error *why)
{
	const struct command *command = c->command;
	const char **arg = calloc((size_t)r->argc + 1, sizeof(*arg));
	void *options = calloc(1, command->options_size + 1);
	int status = EXIT_FAILED;
	if (arg == NULL || options == NULL) {
		err_set(why, ERR_NOMEM, "out of memory");
		status = cmd_fail(why);
		goto out;
	}
	if (command->defaults != NULL)
		memcpy(options, command->defaults, command->options_size);
	struct option_set sets[] = {
		{.spec = command->options, .values = options},
		{.spec = program_options, .values = values},
	};
	r->set = sets;
	r->sets = 2;
	r->stop_at_argument = false;
	if (options_read(r, arg, &c->args, why) != OK) {
		status = cmd_usage(c, "%s", why->text);
		goto out;
	}
	c->options = options;
	c->arg = arg;
	c->given = sets[0].given;
	c->json = values->json;
	if (values->version)
		status = print_version(values->json);
	else if (values->help)
		status = help_print_command(command);
	else if (configure(c, values, why) != OK)
		status = cmd_fail(why);
	else if (command->verbs != NULL)
		status = verb_run(c);
	else if (c->args < command->args_min)
		status = cmd_usage(
			c, "something is missing: rollcall %s %s", command->name, command->usage);
	else if (c->args > command->args_max)
		status = cmd_usage(
			c, "there is one argument too many: '%s'", arg[command->args_max]);
	else
		status = command->run(c);
out:
	free(options);
	free(arg);
	return status;
}

static int dispatch(struct cmd *c, int argc, char **argv, struct program_values *values)
{
	struct error why = {0};
	struct option_set set = {.spec = program_options, .values = values};
	struct option_reader reader = {
		.argv = (const char *const *)argv,
		.argc = argc,
		.next = argc > 0 ? 1 : 0,
		.set = &set,
		.sets = 1,
		.stop_at_argument = true,
	};
	if (options_read(&reader, NULL, NULL, &why) != OK)
		return cmd_usage(c, "%s", why.text);
	if (reader.next < argc) {
		const char *name = argv[reader.next++];
		c->command = command_find(name);
		if (c->command == NULL) {
			command_unknown(name, &why);
			return cmd_fail(&why);
		}
		return run_command(c, &reader, values, &why);
	}
	if (values->version)
		return print_version(values->json);
	if (!values->help && values->json)
		return cmd_usage(c, "no command");
	int status = help_print_overview();
	/* Without a command it is wrong usage all the same: `rollcall $NOTHING` in a script. */
	return status != EXIT_OK || values->help ? status : EXIT_USAGE;
}

int program_run(int argc, char **argv)
{
	if (sandbox_child_wanted(argc, argv))
		return sandbox_child();
	prepare();
	struct cmd c = {0};
	struct program_values values = {0};
	int status = dispatch(&c, argc, argv, &values);
	engine_close(c.engine);
	zone_close(c.zone);
	store_close(c.store);
	free(c.home);
	config_free(c.config);
	free(c.config_file);
	errno = 0;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		struct error why = {0};
		err_errno(&why, errno != 0 ? errno : EIO, "cannot write to the output");
		(void)cmd_fail(&why);
		status = EXIT_FAILED;
	}
	return status;
}
