/* SPDX-License-Identifier: MIT */
/* Where settings are read from: the file, variables, files of variables. */
#include "base/config_int.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/nearest.h"

enum { SECTION_MAX = 64, WHERE_BYTES = 4096 + 32, VARIABLE_MAX = 64, SHORT_NAME = 5 };

#define PREFIX "ROLLCALL_"

/* A file under way. */
struct reading {
	struct config *config;
	const char *path;
	int line;
	char section[SECTION_MAX];
	/* The line at which each key of the configuration was set, by number. */
	int *seen;
};

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

/* Takes the quotes off a value, in place; false when the closing one is not its end. */
static bool unquote(char *text)
{
	if (text[0] != '"')
		return true;
	char *to = text;
	const char *from = text + 1;
	for (; *from != '"'; from++) {
		if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		if (*from == '\0')
			return false;
		*to++ = *from;
	}
	*to = '\0';
	return from[1] == '\0';
}

static enum err unknown_section(const struct config *c, const char *name, struct error *why)
{
	struct nearest near = nearest_to(name);
	const struct config_key *key;
	for (size_t i = 0; (key = config_key_at(c, i)) != NULL; i++)
		nearest_offer(&near, key->section, strlen(key->section));
	if (near.best != NULL && near.best[0] != '\0')
		return err_set(
			why, ERR_ARG, "unknown section [%s]: did you mean [%s]?", name, near.best);
	return err_set(
		why, ERR_ARG, "unknown section [%s]; 'rollcall config' lists what there is", name);
}

/* The nearest in the section, else the same name in another section, else the nearest there. */
static enum err unknown_key(
	const struct config *c, const char *section, const char *name, struct error *why)
{
	struct nearest here = nearest_to(name);
	const struct config_key *key, *elsewhere = NULL;
	for (size_t i = 0; (key = config_key_at(c, i)) != NULL; i++) {
		if (strcmp(key->section, section) == 0)
			nearest_offer(&here, key->name, strlen(key->name));
		else if (strcmp(key->name, name) == 0)
			elsewhere = key;
	}
	if (elsewhere != NULL && elsewhere->section[0] == '\0')
		return err_set(why, ERR_ARG,
			"unknown setting '%s' in [%s]: it belongs before the first section", name,
			section);
	if (elsewhere != NULL)
		return err_set(why, ERR_ARG, "unknown setting '%s': it belongs into [%s]", name,
			elsewhere->section);
	if (here.best != NULL)
		return err_set(
			why, ERR_ARG, "unknown setting '%s': did you mean '%s'?", name, here.best);
	return err_set(
		why, ERR_ARG, "unknown setting '%s'; 'rollcall config' lists what there is", name);
}

static enum err read_section(struct reading *r, char *line, struct error *why)
{
	char *end = strchr(line, ']');
	if (end == NULL || end[1] != '\0')
		return err_set(why, ERR_ARG, "'%s' is not of the form \"[section]\"", line);
	*end = '\0';
	const char *name = trim(line + 1);
	const struct config_key *key;
	for (size_t i = 0; (key = config_key_at(r->config, i)) != NULL; i++) {
		if (name[0] != '\0' && strcmp(key->section, name) == 0) {
			snprintf(r->section, sizeof(r->section), "%s", name);
			return OK;
		}
	}
	return unknown_section(r->config, name, why);
}

/* A relative path is relative to the folder of the file; free with free(3). */
static char *resolve(const char *file, const char *value)
{
	if (value[0] == '/' || value[0] == '~' || value[0] == '\0')
		return mem_strdup(value);
	char *folder = strdup(file);
	if (folder == NULL)
		return NULL;
	char *slash = strrchr(folder, '/');
	char *path = NULL;
	if (slash == NULL) {
		path = mem_strdup(value);
	} else {
		slash[slash == folder ? 1 : 0] = '\0';
		path = path_join(folder, value);
	}
	free(folder);
	return path;
}

static enum err set_key(
	struct reading *r, const struct config_key *key, const char *value, struct error *why)
{
	char where[WHERE_BYTES];
	snprintf(where, sizeof(where), "%s:%d", r->path, r->line);
	if (key->kind != CONFIG_PATH)
		return config_set(r->config, key, value, CONFIG_FILE, where, why);
	char *path = resolve(r->path, value);
	if (path == NULL)
		return err_set(why, ERR_NOMEM, "out of memory for the configuration");
	enum err err = config_set(r->config, key, path, CONFIG_FILE, where, why);
	free(path);
	return err;
}

static size_t number_of(const struct config *c, const struct config_key *key)
{
	size_t i = 0;
	while (config_key_at(c, i) != key)
		i++;
	return i;
}

/* *placed: whether the error says already where it is. */
static enum err read_line(struct reading *r, char *line, bool *placed, struct error *why)
{
	line = trim(line);
	if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
		return OK;
	if (line[0] == '[')
		return read_section(r, line, why);
	char *equals = strchr(line, '=');
	if (equals == NULL)
		return err_set(why, ERR_ARG, "'%s' is not of the form \"name = value\"", line);
	*equals = '\0';
	const char *name = trim(line);
	char *value = trim(equals + 1);
	const struct config_key *key = config_find(r->config, r->section, name);
	if (key == NULL)
		return unknown_key(r->config, r->section, name, why);
	int *seen = &r->seen[number_of(r->config, key)];
	if (*seen != 0)
		return err_set(why, ERR_ARG, "'%s' is set a second time; the first is line %d",
			name, *seen);
	*seen = r->line;
	if (!unquote(value))
		return err_set(
			why, ERR_ARG, "the value of '%s' has a quote too many or too few", name);
	*placed = true;
	return set_key(r, key, value, why);
}

enum err config_read_text(
	struct config *c, const char *text, size_t len, const char *path, struct error *why)
{
	if (memchr(text, '\0', len) != NULL)
		return err_set(why, ERR_FORMAT, "'%s' is no text file", path);
	if (len > CONFIG_BYTES_MAX)
		return err_set(
			why, ERR_LIMIT, "'%s' has more than %d kB", path, CONFIG_BYTES_MAX >> 10);
	size_t keys = 0;
	while (config_key_at(c, keys) != NULL)
		keys++;
	struct reading r = {.config = c, .path = path};
	char *copy = strndup(text, len);
	r.seen = mem_array(keys, sizeof(*r.seen));
	enum err err = OK;
	if (copy == NULL || r.seen == NULL)
		err = err_set(why, ERR_NOMEM, "out of memory for the configuration");
	char *rest = copy;
	/* Editors on Windows begin UTF-8 with a mark. */
	if (rest != NULL && strncmp(rest, "\xEF\xBB\xBF", 3) == 0)
		rest += 3;
	while (err == OK && rest != NULL) {
		bool placed = false;
		r.line++;
		err = read_line(&r, strsep(&rest, "\n"), &placed, why);
		if (err != OK && err != ERR_NOMEM && !placed)
			err_prefix(why, err, "%s:%d", path, r.line);
	}
	free(r.seen);
	free(copy);
	return err;
}

enum err config_read_file(struct config *c, const char *path, struct error *why)
{
	struct buf text;
	buf_init(&text, CONFIG_BYTES_MAX);
	enum err err = file_read(path, &text, why);
	if (err == OK)
		err = config_read_text(c, buf_str(&text), text.len, path, why);
	buf_finish(&text);
	return err;
}

/* --- variables --- */

/* Position of a name in "A|B|C"; -1 when it is not there. */
static int variable_rank(const char *names, const char *name, size_t len)
{
	for (int rank = 0; names != NULL; rank++) {
		size_t span = strcspn(names, "|");
		if (span == len && memcmp(names, name, len) == 0)
			return rank;
		names = names[span] == '|' ? names + span + 1 : NULL;
	}
	return -1;
}

/* The variable of that name with something in it, or NULL; the last one of a file counts. */
static const char *find_variable(const char *const *variables, const char *name, size_t len)
{
	const char *found = NULL;
	for (; *variables != NULL; variables++) {
		if (strncmp(*variables, name, len) == 0 && (*variables)[len] == '=' &&
			(*variables)[len + 1] != '\0')
			found = *variables + len + 1;
	}
	return found;
}

static bool is_in(const struct config_key *table, const struct config_key *key)
{
	for (; table->name != NULL; table++) {
		if (table == key)
			return true;
	}
	return false;
}

/* Sets each key from the first of its variables that is set; `file` is NULL for the process's. */
static enum err take_variables(struct config *c, const struct config_key *table,
	const char *const *variables, const char *file, struct error *why)
{
	const struct config_key *key;
	for (size_t i = 0; (key = config_key_at(c, i)) != NULL; i++) {
		const char *names = key->environment;
		if (table != NULL && !is_in(table, key))
			continue;
		while (names != NULL) {
			size_t span = strcspn(names, "|");
			const char *value = find_variable(variables, names, span);
			if (value != NULL) {
				char where[WHERE_BYTES];
				snprintf(where, sizeof(where), "%s%s%.*s",
					file != NULL ? file : "$", file != NULL ? ": " : "",
					(int)span, names);
				enum err err = config_set(c, key, value,
					file != NULL ? CONFIG_ENV_FILE : CONFIG_ENVIRONMENT, where,
					why);
				if (err != OK)
					return err;
				break;
			}
			names = names[span] == '|' ? names + span + 1 : NULL;
		}
	}
	return OK;
}

/* A variable that is nearly one of ours is a typing mistake. */
static enum err check_names(const struct config *c, const char *const *variables, struct error *why)
{
	for (; *variables != NULL; variables++) {
		size_t len = strcspn(*variables, "=");
		if (strncmp(*variables, PREFIX, strlen(PREFIX)) != 0 || len > VARIABLE_MAX)
			continue;
		char name[VARIABLE_MAX + 1];
		snprintf(name, sizeof(name), "%.*s", (int)len, *variables);
		/* Without the prefix, which alone would make all of them near. */
		struct nearest near = nearest_to(name + strlen(PREFIX));
		bool known = false;
		const struct config_key *key;
		for (size_t i = 0; !known && (key = config_key_at(c, i)) != NULL; i++) {
			const char *names = key->environment;
			if (names == NULL || strncmp(names, PREFIX, strlen(PREFIX)) != 0)
				continue;
			known = variable_rank(names, name, len) >= 0;
			nearest_offer(&near, names + strlen(PREFIX),
				strcspn(names, "|") - strlen(PREFIX));
		}
		size_t far = len > strlen(PREFIX) + SHORT_NAME ? 2 : 1;
		if (!known && near.best != NULL && near.distance <= far)
			return err_set(why, ERR_ARG,
				"$%s is not known: did you mean $" PREFIX "%.*s?", name,
				(int)near.best_len, near.best);
	}
	return OK;
}

enum err config_read_environment(struct config *c, const struct config_key *table,
	const char *const *variables, struct error *why)
{
	enum err err = take_variables(c, table, variables, NULL, why);
	if (err == OK && table == NULL)
		err = check_names(c, variables, why);
	return err;
}

/* One line of a file of variables as NAME=value, in place; NULL when it is none. */
static char *variable_line(char *line)
{
	line = trim(line);
	if (strncmp(line, "export ", 7) == 0)
		line = trim(line + 7);
	char *equals = strchr(line, '=');
	if (line[0] == '#' || equals == NULL)
		return NULL;
	*equals = '\0';
	const char *name = trim(line);
	char *value = trim(equals + 1);
	size_t len = strlen(value);
	if (len >= 2 && value[0] == '\'' && value[len - 1] == '\'') {
		value[len - 1] = '\0';
		value++;
	} else if (value[0] == '"') {
		(void)unquote(value);
	} else {
		/* Without quotes a comment may follow. */
		char *comment = strstr(value, " #");
		if (comment != NULL)
			*comment = '\0';
		value = trim(value);
	}
	/* Together again; what is between them is no longer than what was there. */
	size_t name_len = strlen(name);
	memmove(line, name, name_len);
	line[name_len] = '=';
	memmove(line + name_len + 1, value, strlen(value) + 1);
	return line;
}

enum err config_read_env_file(struct config *c, const char *path, struct error *why)
{
	struct buf text;
	buf_init(&text, CONFIG_BYTES_MAX);
	enum err err = file_read(path, &text, why);
	char **variables = NULL;
	if (err == OK && text.data != NULL && memchr(text.data, '\0', text.len) != NULL)
		err = err_set(why, ERR_FORMAT, "'%s' is no text file", path);
	size_t lines = 2, count = 0;
	for (size_t i = 0; i < text.len; i++)
		lines += text.data[i] == '\n';
	if (err == OK) {
		variables = mem_array(lines, sizeof(*variables));
		if (variables == NULL)
			err = err_set(why, ERR_NOMEM, "out of memory for the configuration");
	}
	char *rest = (char *)text.data;
	while (err == OK && rest != NULL) {
		variables[count] = variable_line(strsep(&rest, "\n"));
		count += variables[count] != NULL;
	}
	if (err == OK)
		err = take_variables(c, NULL, (const char *const *)variables, path, why);
	free(variables);
	buf_finish(&text);
	return err;
}
