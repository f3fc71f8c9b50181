/* SPDX-License-Identifier: MIT */
#include "api/server_config.h"
#include "base/mem.h"
#include "cmd/configure.h"

struct options {
	bool example;
};

enum { TITLE_BYTES = 128, EXAMPLE_BYTES_MAX = 256 * 1024, COLUMNS = 88 };

static const char *const sources[] = {
	[CONFIG_DEFAULT] = "default",
	[CONFIG_OTHER_FILE] = "other-file",
	[CONFIG_FILE] = "file",
	[CONFIG_ENV_FILE] = "env-file",
	[CONFIG_ENVIRONMENT] = "environment",
	[CONFIG_FLAG] = "flag",
};

static bool is_secret(const struct config_key *key)
{
	return (key->flags & CONFIG_SECRET) != 0;
}

/* --- what holds --- */

static int print_json(struct cmd *c)
{
	json_t *settings = json_array();
	const struct config_key *key;
	for (size_t i = 0; (key = config_key_at(c->config, i)) != NULL; i++) {
		const char *text = config_text(c->config, key);
		json_array_append_new(settings,
			json_pack("{s:s,s:s,s:o,s:b,s:b,s:s,s:o,s:b}", "section", key->section,
				"name", key->name, "value",
				is_secret(key) ? json_null() : cmd_json_text(text), "set",
				text != NULL, "secret", is_secret(key), "source",
				sources[config_source(c->config, key)], "where",
				cmd_json_text(config_where(c->config, key)), "reload",
				(key->flags & CONFIG_RELOAD) != 0));
	}
	return cmd_print_json(json_pack(
		"{s:o,s:o}", "file", cmd_json_text(configure_file(c)), "settings", settings));
}

static enum err add_row(struct table *t, const struct config *config, const struct config_key *key,
	struct error *why)
{
	char title[TITLE_BYTES];
	const char *text = config_text(config, key);
	snprintf(title, sizeof(title), "%s%s%s", key->section, key->section[0] != '\0' ? "." : "",
		key->name);
	const char *row[] = {title, text != NULL && is_secret(key) ? "(hidden)" : text,
		config_where(config, key)};
	return table_add(t, row, why);
}

static int print_table(struct cmd *c)
{
	static const struct table_column columns[] = {{"Setting"}, {"Value"}, {"From"}};
	struct table *t;
	struct error why = {0};
	const struct config_key *key;
	enum err err = table_new(&t, columns, 3, &why);
	for (size_t i = 0; err == OK && (key = config_key_at(c->config, i)) != NULL; i++)
		err = add_row(t, c->config, key, &why);
	if (err == OK)
		err = cmd_print_table(t, &why);
	table_free(t);
	if (err != OK)
		return cmd_fail(&why);
	if (configure_file(c) == NULL)
		printf("There is no configuration file.\n");
	return EXIT_OK;
}

/* --- the example --- */

/* A comment filled to lines. */
static enum err add_comment(struct buf *out, const char *text)
{
	enum err err = buf_add_str(out, "#");
	size_t at = 1;
	while (err == OK && *text != '\0') {
		size_t word = strcspn(text, " ");
		if (at + 1 + word > COLUMNS) {
			err = buf_add_str(out, "\n#");
			at = 1;
		}
		if (err == OK)
			err = buf_printf(out, " %.*s", (int)word, text);
		at += 1 + word;
		text += word + strspn(text + word, " ");
	}
	return err == OK ? buf_add_str(out, "\n") : err;
}

static void kind_text(const struct config_key *key, char *out, size_t size)
{
	if (key->kind == CONFIG_CHOICE)
		snprintf(out, size, " (%s)", key->choices);
	else if (key->kind == CONFIG_INT)
		snprintf(out, size, " (%.0f to %.0f)", key->min, key->max);
	else
		out[0] = '\0';
}

static enum err add_example(struct buf *out, const struct config_key *key)
{
	char text[1024], kind[TITLE_BYTES], names[TITLE_BYTES * 2] = "";
	kind_text(key, kind, sizeof(kind));
	if (key->environment != NULL) {
		const char *bar = strchr(key->environment, '|');
		int first =
			bar != NULL ? (int)(bar - key->environment) : (int)strlen(key->environment);
		snprintf(names, sizeof(names), " Environment: %.*s%s%s.", first, key->environment,
			bar != NULL ? ", " : "", bar != NULL ? bar + 1 : "");
	}
	snprintf(text, sizeof(text), "%c%s%s.%s%s", key->help[0] & ~0x20, key->help + 1, kind,
		names, (key->flags & CONFIG_RELOAD) != 0 ? " Read again on SIGHUP." : "");
	if (key->help[0] < 'a' || key->help[0] > 'z')
		text[0] = key->help[0];
	enum err err = buf_add_str(out, "\n");
	if (err == OK)
		err = add_comment(out, text);
	if (err == OK)
		err = buf_printf(out, "#%s =%s%s\n", key->name, key->fallback != NULL ? " " : "",
			key->fallback != NULL ? key->fallback : "");
	return err;
}

static enum err write_example(const struct config *config, struct buf *out)
{
	enum err err = buf_add_str(out,
		"# Settings of rollcall. This file shows every one with its default: take the '#' "
		"off\n"
		"# and change it. It is read from --config FILE, $ROLLCALL_CONFIG, or "
		"rollcall.conf in\n"
		"# the home folder. The environment comes before the file, options before both;\n"
		"# 'rollcall config' shows what holds and where it comes from. What an "
		"organisation\n"
		"# decides (time zone, when late begins, ...) is in the database: 'rollcall "
		"settings'.\n");
	const char *section = "";
	const struct config_key *key;
	for (size_t i = 0; err == OK && (key = config_key_at(config, i)) != NULL; i++) {
		if (strcmp(key->section, section) != 0)
			err = buf_printf(out, "\n[%s]\n", key->section);
		section = key->section;
		if (err == OK)
			err = add_example(out, key);
	}
	return err;
}

static int print_example(const struct cmd *c)
{
	struct buf out;
	struct error why = {0};
	buf_init(&out, EXAMPLE_BYTES_MAX);
	enum err err = write_example(c->config, &out);
	if (err != OK)
		err_set(&why, err, "cannot write the example: %s", err_str(err));
	else
		err = cmd_output(NULL, out.data, out.len, &why);
	buf_finish(&out);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

static int run(struct cmd *c)
{
	const struct options *o = c->options;
	struct error why = {0};
	struct server_config server;
	if (o->example && c->json)
		return cmd_usage(c, "--example is no JSON");
	if (o->example)
		return print_example(c);
	enum err err = configure_all(c, &why);
	if (err == OK)
		err = config_fill(c->config, server_keys, &server, &why);
	if (err != OK)
		return cmd_fail(&why);
	int status = c->json ? print_json(c) : print_table(c);
	/* Shown all the same: what is wrong is easier to see in the table. */
	if (status == EXIT_OK && server_config_check(&server, &why) != OK)
		cmd_warn("the server would not start: %s", why.text);
	return status;
}

static const struct option_spec options[] = {
	{.name = "example",
		.kind = OPTION_FLAG,
		.offset = offsetof(struct options, example),
		.help = "print a configuration file in which everything is explained"},
	{0},
};

const struct command cmd_config = {
	.name = "config",
	.summary = "show the configuration, and where each value comes from",
	.usage = "[--example]",
	.about =
		"Shows every setting of the program and its server, its value, and where it comes "
		"from: "
		"the default, the configuration file with its line, a variable of the environment, "
		"an "
		"option. Passwords and keys are not shown.\n"
		"\n"
		"Rising order: defaults, a device's config.json ([streak] config), the "
		"configuration "
		"file, a file of variables (env-file), the environment, options. The file is the "
		"one "
		"of --config, else $ROLLCALL_CONFIG, else rollcall.conf in the home folder. It has "
		"lines 'name = value' in [sections]; lines that begin with # are comments. An "
		"unknown "
		"name or a value out of range is an error that names the line.\n"
		"\n"
		"The variables of the systems that Rollcall takes the place of are understood: "
		"HOST, "
		"PORT, SERIAL_PORT, BAUDRATE, COOLDOWN, ATTENDANCE_DB, LOGO_URL, API_SECRET_KEY, "
		"SENDER_EMAIL, SENDER_PASSWORD, TEACHER_EMAIL.\n"
		"\n"
		"'rollcall settings' is for what an organisation decides and the database keeps.",
	.examples = "$ rollcall config\n"
		    "$ rollcall config --json\n"
		    "$ rollcall config --example > rollcall.conf",
	.complete = "-",
	.options = options,
	.options_size = sizeof(struct options),
	.run = run,
};
