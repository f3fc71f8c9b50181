/* SPDX-License-Identifier: MIT */
#include <ctype.h>

#include "base/file.h"
#include "cmd/nearest.h"
#include "cmd/options.h"
#include "cmd/program.h"

enum { CONFIG_BYTES_MAX = 64 * 1024 };

/* What a config file may set, and the environment variable that comes before it. */
static const struct {
	const char *name, *variable;
} settings[] = {
	{"home", "ROLLCALL_HOME"},
	{"models", "ROLLCALL_MODELS"},
	{"threads", NULL},
};

enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static bool set_before(size_t i, const struct program_values *values)
{
	const char *variable = settings[i].variable != NULL ? getenv(settings[i].variable) : NULL;
	if (variable != NULL && variable[0] != '\0')
		return true;
	static const struct program_values nothing = {0};
	const struct option_spec *spec = option_find(program_options, settings[i].name);
	size_t size = spec->kind == OPTION_INT ? sizeof(int) : sizeof(char *);
	return memcmp((const char *)values + spec->offset, (const char *)&nothing + spec->offset,
		       size) != 0;
}

static enum err unknown_setting(const char *name, struct error *why)
{
	struct nearest near = nearest_to(name);
	for (size_t i = 0; i < SETTINGS; i++)
		nearest_offer(&near, settings[i].name, strlen(settings[i].name));
	if (near.best != NULL)
		return err_set(
			why, ERR_ARG, "unknown setting '%s': did you mean '%s'?", name, near.best);
	return err_set(
		why, ERR_ARG, "unknown setting '%s': there are home, models and threads", name);
}

static enum err read_line(char *line, struct program_values *values, struct error *why)
{
	char *name = trim(line);
	if (name[0] == '\0' || name[0] == '#')
		return OK;
	char *equals = strchr(name, '=');
	if (equals == NULL)
		return err_set(why, ERR_ARG, "'%s' is not of the form \"name = value\"", name);
	*equals = '\0';
	char *value = trim(equals + 1);
	name = trim(name);
	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(settings[i].name, name) != 0)
			continue;
		if (value[0] == '\0' || value[0] == '~')
			return err_set(
				why, ERR_ARG, "%s is '%s': write the value in full", name, value);
		if (set_before(i, values))
			return OK;
		return option_store(option_find(program_options, name), value, values, why);
	}
	return unknown_setting(name, why);
}

enum err config_read(const char *path, struct program_values *values, struct error *why)
{
	struct buf text;
	buf_init(&text, CONFIG_BYTES_MAX);
	enum err err = file_read(path, &text, why);
	if (err == OK && text.data != NULL && memchr(text.data, '\0', text.len) != NULL)
		err = err_set(why, ERR_FORMAT, "'%s' is no text file", path);
	/* Values point into the text, which stays until the program ends. */
	values->config_text = (char *)text.data;
	char *rest = values->config_text;
	for (int number = 1; err == OK && rest != NULL; number++) {
		char *line = strsep(&rest, "\n");
		err = read_line(line, values, why);
		if (err != OK)
			err_prefix(why, err, "%s line %d", path, number);
	}
	return err;
}
