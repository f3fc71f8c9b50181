/* SPDX-License-Identifier: MIT */
#include "cmd/configure.h"

#include <unistd.h>

#include "api/server_config.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/options.h"
#include "infer/session.h"

#define AT(field) offsetof(struct program_config, field)

enum { JSON_BYTES_MAX = 64 * 1024, NUMBER_TEXT = 32, WHERE_BYTES = 4096 + 64 };

const struct config_key program_keys[] = {
	{"", "home", CONFIG_PATH, AT(home), .environment = "ROLLCALL_HOME", .flag = "home",
		.help = "the folder with the database and its key; else ~/.local/share/rollcall"},
	{"", "models", CONFIG_PATH, AT(models), .environment = "ROLLCALL_MODELS", .flag = "models",
		.help = "the folder with the face models; else beside the program"},
	{"", "threads", CONFIG_INT, AT(threads), "0", 0, SESSION_THREADS_MAX,
		.environment = "ROLLCALL_THREADS", .flag = "threads",
		.help = "how many processor cores recognition uses; 0 is one"},
	{"", "log-level", CONFIG_CHOICE, AT(log_level), "warn", .choices = "error|warn|info|debug",
		.environment = "ROLLCALL_LOG", .flags = CONFIG_RELOAD,
		.help = "how much is logged to standard error"},
	{"", "log-format", CONFIG_CHOICE, AT(log_format), "text", .choices = "text|json",
		.environment = "ROLLCALL_LOG_FORMAT", .flag = "log-format", .flags = CONFIG_RELOAD,
		.help = "lines for people, or a JSON object a line"},
	{"", "env-file", CONFIG_PATH, AT(env_file), .environment = "ROLLCALL_ENV_FILE",
		.help = "a file of variables (.env) of an older system"},
	{0},
};

static const struct config_key *const tables[] = {program_keys, server_keys, NULL};

/* config.json of a StreakTrack device, and the keys it stands for. */
static const struct {
	const char *member, *name;
} streak_members[] = {
	{"website_url", "website-url"},
	{"deviceId", "device-id"},
	{"organizationId", "organization-id"},
};

/* The given option as one would write it in the file; NULL when there is nothing to write. */
static const char *option_text(
	const struct option_spec *spec, const void *values, char number[static NUMBER_TEXT])
{
	const char *at = (const char *)values + spec->offset;
	switch (spec->kind) {
	case OPTION_FLAG:
		return *(const bool *)at ? "on" : NULL;
	case OPTION_TEXT: {
		const char *text;
		memcpy(&text, at, sizeof(text));
		return text != NULL && text[0] != '\0' ? text : NULL;
	}
	case OPTION_INT:
		snprintf(number, NUMBER_TEXT, "%d", *(const int *)at);
		return number;
	case OPTION_NUMBER:
		snprintf(number, NUMBER_TEXT, "%.9g", *(const double *)at);
		return number;
	case OPTION_CHOICE: {
		const char *word;
		size_t len;
		if (!choice_at(spec->choices, (size_t) * (const int *)at, &word, &len))
			return NULL;
		snprintf(number, NUMBER_TEXT, "%.*s", (int)len, word);
		return number;
	}
	}
	return NULL;
}

/* Sets what the options that were given say about keys. */
static enum err take_flags(struct config *config, const struct option_spec *spec,
	const void *values, uint64_t given, struct error *why)
{
	enum err err = OK;
	for (size_t i = 0; err == OK && spec != NULL && spec[i].name != NULL; i++) {
		const struct config_key *key = config_find_flag(config, spec[i].name);
		char number[NUMBER_TEXT], where[NUMBER_TEXT + sizeof("--")];
		if (key == NULL || (given >> i & 1) == 0)
			continue;
		const char *text = option_text(&spec[i], values, number);
		snprintf(where, sizeof(where), "--%.*s", NUMBER_TEXT, spec[i].name);
		if (text != NULL)
			err = config_set(config, key, text, CONFIG_FLAG, where, why);
	}
	return err;
}

/*
 * The file to read, for free(3): the given one, else that of the home folder if it is there;
 * NULL for none.
 */
static enum err find_file(
	struct cmd *c, const struct program_values *values, char **out, struct error *why)
{
	const char *given = values->config != NULL ? values->config : getenv("ROLLCALL_CONFIG");
	*out = NULL;
	if (given == NULL || given[0] == '\0') {
		const struct config_key *home = config_find(c->config, "", "home");
		const char *folder = config_text(c->config, home);
		char *usual = folder == NULL ? home_usual() : mem_strdup(folder);
		*out = usual != NULL ? path_join(usual, "rollcall.conf") : NULL;
		free(usual);
		c->config_usual = true;
		if (*out != NULL && access(*out, F_OK) != 0) {
			free(*out);
			*out = NULL;
		}
		return OK;
	}
	*out = mem_strdup(given);
	return *out != NULL ? OK : err_set(why, ERR_NOMEM, "out of memory");
}

/* A home folder's own file cannot say that it is another. */
static enum err check_home(const struct cmd *c, struct error *why)
{
	const struct config_key *home = config_find(c->config, "", "home");
	if (c->config_file == NULL || !c->config_usual ||
		config_source(c->config, home) != CONFIG_FILE)
		return OK;
	return err_set(why, ERR_ARG,
		"%s: home is the folder that this file is in: take the line out",
		config_where(c->config, home));
}

/* Makes c->config of all that every command needs, and fills the program's own settings. */
static enum err read_common(struct cmd *c, const struct program_values *values,
	struct program_config *filled, struct error *why)
{
	/* Every option whose value is not that of one that was not given. */
	uint64_t given = ~UINT64_C(0);
	const struct option_spec *threads = option_find(program_options, "threads");
	if (values->threads == 0)
		given &= ~(UINT64_C(1) << (threads - program_options));
	enum err err = config_new(&c->config, tables, why);
	if (err == OK)
		err = take_flags(c->config, program_options, values, given, why);
	if (err == OK)
		err = config_read_environment(
			c->config, program_keys, (const char *const *)environ, why);
	if (err == OK)
		err = find_file(c, values, &c->config_file, why);
	if (err == OK && c->config_file != NULL)
		err = config_read_file(c->config, c->config_file, why);
	if (err == OK)
		err = check_home(c, why);
	if (err == OK)
		err = config_fill(c->config, program_keys, filled, why);
	return err;
}

enum err configure(struct cmd *c, const struct program_values *values, struct error *why)
{
	struct program_config filled;
	enum err err = read_common(c, values, &filled, why);
	if (err != OK)
		return err;
	c->values = values;
	/* An empty --home or --models is for cmd_home and the models to refuse. */
	c->home_given = values->home != NULL ? values->home : filled.home;
	/* The models look at their variable themselves, to name it when nothing is there. */
	c->models_given = values->models;
	if (c->models_given == NULL &&
		config_source(c->config, config_find(c->config, "", "models")) == CONFIG_FILE)
		c->models_given = filled.models;
	c->threads = filled.threads;
	log_set((enum log_level)filled.log_level, (enum log_format)filled.log_format);
	return OK;
}

/* --- what only some commands need --- */

static enum err read_streak(struct config *config, const char *path, struct error *why)
{
	struct buf text;
	json_error_t wrong;
	buf_init(&text, JSON_BYTES_MAX);
	enum err err = file_read(path, &text, why);
	json_t *document = NULL;
	if (err == OK) {
		document = json_loadb(buf_str(&text), text.len, 0, &wrong);
		if (!json_is_object(document))
			err = err_set(why, ERR_FORMAT, "'%s' is no JSON object: %s", path,
				document == NULL ? wrong.text : "another value");
	}
	for (size_t i = 0; err == OK && i < sizeof(streak_members) / sizeof(streak_members[0]);
		i++) {
		const char *value =
			json_string_value(json_object_get(document, streak_members[i].member));
		const struct config_key *key =
			config_find(config, "streak", streak_members[i].name);
		char where[WHERE_BYTES];
		snprintf(where, sizeof(where), "%s: %s", path, streak_members[i].member);
		if (value != NULL && key != NULL)
			err = config_set(config, key, value, CONFIG_OTHER_FILE, where, why);
	}
	json_decref(document);
	buf_finish(&text);
	return err;
}

enum err configure_all(struct cmd *c, struct error *why)
{
	struct config *config = c->config;
	enum err err = take_flags(config, c->command->options, c->options, c->given, why);
	if (err == OK)
		err = config_read_environment(config, NULL, (const char *const *)environ, why);
	const char *env_file = config_text(config, config_find(config, "", "env-file"));
	if (err == OK && env_file != NULL)
		err = config_read_env_file(config, env_file, why);
	const char *streak = config_text(config, config_find(config, "streak", "config"));
	if (err == OK && streak != NULL)
		err = read_streak(config, streak, why);
	return err;
}

enum err configure_again(
	const struct cmd *c, struct config **out, struct program_config *program, struct error *why)
{
	struct cmd again = *c;
	again.config = NULL;
	again.config_file = NULL;
	enum err err = read_common(&again, c->values, program, why);
	if (err == OK)
		err = configure_all(&again, why);
	if (err == OK)
		err = config_fill(again.config, program_keys, program, why);
	free(again.config_file);
	if (err != OK) {
		config_free(again.config);
		again.config = NULL;
	}
	*out = again.config;
	return err;
}

const char *configure_file(const struct cmd *c)
{
	return c->config_file;
}
