/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <langinfo.h>
#include <math.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/recognise.h"
#include "cmd/options.h"
#include "report/json.h"

enum {
	PASSWD_BYTES = 16384,
	MODE_BITS = 0777,
	AHEAD_MAX_MS = 24 * 3600 * 1000, /* a typed time: a wrong clock, yes; a wrong year, no */
	JSON_DIGITS = 9, /* of a real number; 17 would print 0.4 as 0.40000000000000002 */
};

/* --- words for people --- */

static void print_line(const char *text)
{
	char *printable = utf8_printable(text);
	fprintf(stderr, "rollcall: %s\n", printable != NULL ? printable : text);
	free(printable);
}

int cmd_fail(const struct error *why)
{
	print_line(why->text[0] != '\0' ? why->text : err_str(why->code));
	return why->code == ERR_ARG ? EXIT_USAGE : EXIT_FAILED;
}

int cmd_usage(const struct cmd *c, const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	struct error why = {0};
	if (c->command != NULL)
		err_set(&why, ERR_ARG, "%s: %s; see 'rollcall help %s'", c->command->name, text,
			c->command->name);
	else
		err_set(&why, ERR_ARG, "%s; see 'rollcall help'", text);
	print_line(why.text);
	return EXIT_USAGE;
}

void cmd_warn(const char *fmt, ...)
{
	char text[ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	struct error why = {0};
	err_set(&why, OK, "%s", text); /* makes it one line */
	print_line(why.text);
}

bool cmd_given(const struct cmd *c, const char *option)
{
	const struct option_spec *spec = option_find(c->command->options, option);
	return spec != NULL && (c->given >> (spec - c->command->options) & 1) != 0;
}

/* --- home, store, engine --- */

char *home_usual(void)
{
	const char *user_home = getenv("HOME");
	if (user_home == NULL || user_home[0] == '\0') {
		const struct passwd *entry = getpwuid(getuid());
		user_home = entry != NULL ? entry->pw_dir : NULL;
	}
	return user_home != NULL ? path_join(user_home, ".local/share/rollcall") : NULL;
}

enum err cmd_home(struct cmd *c, struct error *why)
{
	if (c->home != NULL)
		return OK;
	if (c->home_given != NULL && c->home_given[0] == '\0')
		return err_set(why, ERR_ARG, "--home is empty: it takes a folder");
	c->home = c->home_given != NULL ? mem_strdup(c->home_given) : home_usual();
	if (c->home == NULL)
		return err_set(why, ERR_NOT_FOUND,
			"no home folder: $HOME is not set; give one with --home DIR");
	return OK;
}

enum err cmd_store(struct cmd *c, unsigned flags, struct error *why)
{
	if (c->store != NULL)
		return OK;
	enum err err = cmd_home(c, why);
	if (err != OK)
		return err;
	err = store_open(&c->store, c->home, flags, why);
	if (err == ERR_NOT_FOUND && (flags & STORE_CREATE) == 0)
		return err_set(why, err,
			"nothing here yet: there is no database in '%s'; 'rollcall import DIR' "
			"makes one from photos, 'rollcall people add NAME' without",
			c->home);
	if (err == OK)
		err = store_org(c->store, &c->org, why);
	if (err == OK)
		err = zone_open(&c->zone, c->org.zone, why);
	if (err != OK) {
		store_close(c->store);
		c->store = NULL;
	}
	return err;
}

enum err cmd_store_read(struct cmd *c, struct error *why)
{
	enum err err = cmd_store(c, 0, why);
	if (err == ERR_DENIED)
		err = cmd_store(c, STORE_READ_ONLY, why);
	return err;
}

/* Everybody has templates, but of another model: without a word that would look like strangers. */
static void warn_unknown(const struct cmd *c)
{
	struct person_list people = {0};
	struct error none;
	if (gallery_people(engine_gallery(c->engine)) > 0)
		return;
	if (store_people_without(
		    c->store, pipeline_model(engine_pipeline(c->engine)), &people, &none) == OK &&
		people.count > 0)
		cmd_warn("%zu people have templates, but none of the model in use, and cannot be "
			 "recognised: enrol them again, also from the same photos ('rollcall "
			 "import')",
			people.count);
	person_list_finish(&people);
}

enum err cmd_engine(
	struct cmd *c, unsigned flags, const struct engine_choice *choice, struct error *why)
{
	if (c->engine != NULL)
		return OK;
	char *models = NULL, *home = NULL;
	/* The models come first: without them no home is made. */
	enum err err = models_folder(c->models_given, &models, why);
	if (err == OK)
		err = cmd_store(c, flags, why);
	if (err == OK)
		err = recognise_home(c, &home, why);
	if (err == OK) {
		const struct pipeline_options options = {
			.models = models,
			.home_models = home,
			.detector = choice->detector,
			.embedding = choice->embedding,
			.min_score = (float)choice->min_score,
			.min_face = (float)choice->min_face,
			.threads = c->threads,
		};
		err = engine_open(&c->engine, c->store, &options, why);
	}
	if (err == OK)
		warn_unknown(c);
	free(models);
	free(home);
	return err;
}

enum err cmd_group(
	struct cmd *c, const char *name, struct group *out, const char **id, struct error *why)
{
	*id = NULL;
	if (name == NULL)
		return OK;
	enum err err = store_group_find(c->store, name, out, why);
	if (err == OK)
		*id = out->id;
	return err;
}

enum err cmd_time(struct cmd *c, const char *text, int64_t *at_ms, struct error *why)
{
	int64_t now_ms = clock_now_ms();
	enum err err = zone_parse(c->zone, text != NULL ? text : "now", now_ms, at_ms, why);
	if (err != OK || *at_ms - now_ms <= AHEAD_MAX_MS)
		return err;
	char now[STAMP_TEXT], then[STAMP_TEXT];
	zone_stamp(c->zone, now_ms / 1000 * 1000, now);
	zone_stamp(c->zone, *at_ms / 1000 * 1000, then);
	return err_set(why, ERR_ARG,
		"%s is more than a day ahead, the clock here says %s: is the date right?", then,
		now);
}

enum err cmd_day(struct cmd *c, const char *text, char out[static DAY_TEXT], struct error *why)
{
	return zone_parse_day(c->zone, text != NULL ? text : "today", clock_now_ms(), out, why);
}

struct registrar cmd_registrar(const struct cmd *c)
{
	return (struct registrar){.store = c->store, .zone = c->zone, .now_ms = clock_now_ms()};
}

void cmd_actor(char out[static ACTOR_BYTES])
{
	char room[PASSWD_BYTES];
	struct passwd entry, *found = NULL;
	if (getpwuid_r(getuid(), &entry, room, sizeof(room), &found) == 0 && found != NULL)
		snprintf(out, ACTOR_BYTES, "%s", found->pw_name);
	else
		snprintf(out, ACTOR_BYTES, "uid %u", (unsigned)getuid());
}

enum err cmd_commit(
	struct cmd *c, enum err err, const char *action, const char *subject, struct error *why)
{
	char actor[ACTOR_BYTES];
	cmd_actor(actor);
	const struct audit_entry entry = {actor, action, subject, NULL};
	if (err == OK)
		err = store_audit(c->store, clock_now_ms(), &entry, why);
	if (err == OK)
		err = store_commit(c->store, why);
	if (err != OK)
		store_rollback(c->store);
	return err;
}

enum err cmd_number(const char *text, char out[static NUMBER_BYTES], struct error *why)
{
	char clean[NAME_BYTES];
	out[0] = '\0';
	if (text[0] == '\0')
		return OK;
	enum err err = name_clean(text, "number", clean, why);
	if (err == OK && strlen(clean) >= NUMBER_BYTES)
		err = err_set(why, ERR_ARG, "the number has %zu bytes, the limit is %d",
			strlen(clean), NUMBER_BYTES - 1);
	if (err == OK)
		snprintf(out, NUMBER_BYTES, "%.*s", NUMBER_BYTES - 1, clean);
	return err;
}

enum err cmd_minutes(const char *text, const char *what, int max, int *out, struct error *why)
{
	long value;
	if (!whole_number(text, 0, max, &value))
		return err_set(why, ERR_ARG, "%s takes a whole number from 0 to %d, not '%s'", what,
			max, text);
	*out = (int)value;
	return OK;
}

/* --- output --- */

bool cmd_unicode(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

struct table_style cmd_table_style(void)
{
	struct table_style style = {.unicode = cmd_unicode()};
	if (!isatty(STDOUT_FILENO))
		return style;
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	style.colour = (no_colour == NULL || no_colour[0] == '\0') && term != NULL &&
		strcmp(term, "dumb") != 0;
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		style.width = size.ws_col;
	return style;
}

enum err cmd_print_table(const struct table *t, struct error *why)
{
	const struct table_style style = cmd_table_style();
	struct buf text;
	buf_init(&text, REPORT_BYTES_MAX);
	enum err err = table_text(t, &style, &text, why);
	if (err == OK)
		err = cmd_output(NULL, text.data, text.len, why);
	buf_finish(&text);
	return err;
}

json_t *cmd_json_number(double value)
{
	return json_number(value);
}

json_t *cmd_json_text(const char *text)
{
	return json_text(text);
}

int cmd_print_json(json_t *document)
{
	struct error why = {0};
	char *text = document != NULL
		? json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(JSON_DIGITS))
		: NULL;
	json_decref(document);
	enum err err;
	if (text == NULL)
		err = err_set(&why, ERR_NOMEM, "cannot print the result: out of memory");
	else
		err = cmd_output(NULL, text, strlen(text), &why);
	if (err == OK)
		err = cmd_output(NULL, "\n", 1, &why);
	free(text);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

static enum err write_stream(
	FILE *stream, const char *what, const void *bytes, size_t len, struct error *why)
{
	if (fwrite(bytes, 1, len, stream) != len || fflush(stream) != 0)
		return err_errno(why, errno, "cannot write to %s", what);
	return OK;
}

/* A device or a fifo is written to, never replaced by a file. */
static enum err write_special(const char *path, const void *bytes, size_t len, struct error *why)
{
	FILE *stream = fopen(path, "we");
	if (stream == NULL)
		return err_errno(why, errno, "cannot write '%s'", path);
	enum err err = write_stream(stream, path, bytes, len, why);
	if (fclose(stream) != 0 && err == OK)
		err = err_errno(why, errno, "cannot write '%s'", path);
	return err;
}

enum err cmd_output(const char *path, const void *bytes, size_t len, struct error *why)
{
	if (path == NULL || strcmp(path, "-") == 0) {
		enum err err = write_stream(stdout, "the output", bytes, len, why);
		if (err != OK) {
			/* The caller tells; the end of the program need not tell it again. */
			__fpurge(stdout);
			clearerr(stdout);
		}
		return err;
	}
	struct stat st;
	if (stat(path, &st) != 0) {
		mode_t mask = umask(0);
		umask(mask);
		return file_write(path, bytes, len, 0666 & ~mask, why);
	}
	if (S_ISDIR(st.st_mode))
		return err_set(why, ERR_ARG, "cannot write '%s': it is a folder", path);
	if (!S_ISREG(st.st_mode))
		return write_special(path, bytes, len, why);
	char *real = realpath(path, NULL); /* a link keeps pointing to the file */
	enum err err =
		file_write(real != NULL ? real : path, bytes, len, st.st_mode & MODE_BITS, why);
	free(real);
	return err;
}

bool cmd_confirm(const char *question)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	fprintf(stderr, "%s [y/N] ", question);
	fflush(stderr);
	char answer[16];
	if (fgets(answer, sizeof(answer), stdin) == NULL) {
		fputc('\n', stderr);
		return false;
	}
	return answer[0] == 'y' || answer[0] == 'Y';
}
