/* SPDX-License-Identifier: MIT */
/* Man pages: the same tables as the help, as roff(7) with the man macros. */
#include "cmd/help.h"
#include "cmd/options.h"
#include "cmd/program.h"

/* Of a source line, before escaping. */
enum { LINE_BYTES = 64 };

/* A page under way: the first failure stays in `err`. */
struct man {
	struct buf *out;
	enum err err;
};

static void raw(struct man *m, const char *text)
{
	if (m->err == OK)
		m->err = buf_add_str(m->out, text);
}

/* What roff takes for something else: backslashes, hyphens of options, characters outside ASCII. */
static const struct {
	const char *plain, *roff;
} escapes[] = {{"\\", "\\e"}, {"-", "\\-"}, {"'", "\\(aq"}, {"…", "\\&..."}, {"“", "\\(lq"},
	{"”", "\\(rq"}, {"’", "\\(cq"}, {"–", "\\(en"}, {"×", "\\(mu"}, {"~", "\\(ti"},
	{"^", "\\(ha"}};

/* One line of text, escaped. */
static void text(struct man *m, const char *words, size_t len)
{
	if (len > 0 && words[0] == '.')
		raw(m, "\\&");
	for (size_t i = 0; i < len && m->err == OK;) {
		size_t taken = 1;
		const char *as = NULL;
		for (size_t k = 0; k < sizeof(escapes) / sizeof(escapes[0]); k++) {
			size_t span = strlen(escapes[k].plain);
			if (span <= len - i && memcmp(words + i, escapes[k].plain, span) == 0) {
				as = escapes[k].roff;
				taken = span;
				break;
			}
		}
		m->err = as != NULL ? buf_add_str(m->out, as) : buf_add(m->out, words + i, 1);
		i += taken;
	}
}

static void line(struct man *m, const char *words)
{
	text(m, words, strlen(words));
	raw(m, "\n");
}

/* Words filled into source lines that are not too long to read. */
static void filled(struct man *m, const char *words, size_t len)
{
	for (size_t i = 0, begin = 0, blank = 0; i <= len; i++) {
		if (i < len && words[i] != ' ' && words[i] != '\n')
			continue;
		if (i - begin > LINE_BYTES && blank > begin) {
			text(m, words + begin, blank - begin);
			raw(m, "\n");
			begin = blank + 1;
		}
		blank = i;
		if (i == len) {
			text(m, words + begin, len - begin);
			raw(m, "\n");
		}
	}
}

static void section(struct man *m, const char *title)
{
	raw(m, ".SH ");
	raw(m, title);
	raw(m, "\n");
}

/* Lines as they are, each escaped. */
static void kept(struct man *m, const char *words, size_t len)
{
	raw(m, ".nf\n");
	for (size_t i = 0; i < len;) {
		size_t span = strcspn(words + i, "\n");
		text(m, words + i, span);
		raw(m, "\n");
		i += span + 1;
	}
	raw(m, ".fi\n");
}

static void paragraphs(struct man *m, const char *words, bool after_heading)
{
	while (*words != '\0') {
		const char *end = strstr(words, "\n\n");
		size_t len = end != NULL ? (size_t)(end - words) : strlen(words);
		if (!after_heading)
			raw(m, ".PP\n");
		after_heading = false;
		if (words[0] == ' ' || words[0] == '$') {
			kept(m, words, len);
		} else {
			filled(m, words, len);
		}
		if (end == NULL)
			break;
		words = end + strspn(end, "\n");
	}
}

static void terms(struct man *m, const char *title, const struct help_term *term)
{
	section(m, title);
	for (; term->term != NULL; term++) {
		raw(m, ".TP\n.B ");
		line(m, term->term);
		filled(m, term->text, strlen(term->text));
	}
}

static void option_list(struct man *m, const char *title, const struct option_spec *table)
{
	if (table == NULL || table->name == NULL)
		return;
	section(m, title);
	for (const struct option_spec *spec = table; spec->name != NULL; spec++) {
		char option[256];
		help_option_title(spec, option, sizeof(option));
		raw(m, ".TP\n.B ");
		line(m, option);
		filled(m, spec->help, strlen(spec->help));
	}
}

static void title(struct man *m, const char *name, const char *summary)
{
	char upper[128];
	size_t len = 0;
	for (; name[len] != '\0' && len + 1 < sizeof(upper); len++)
		upper[len] =
			name[len] >= 'a' && name[len] <= 'z' ? (char)(name[len] - 32) : name[len];
	upper[len] = '\0';
	raw(m, ".\\\" Made by rollcall help --man; the texts are in src/cmd/.\n.TH ");
	text(m, upper, len);
	/* The release's date and not today's: the same sources give the same page. */
	raw(m, " 1 " ROLLCALL_DATE " \"Rollcall " ROLLCALL_VERSION "\"\n");
	section(m, "NAME");
	text(m, name, strlen(name));
	raw(m, " \\- ");
	filled(m, summary, strlen(summary));
	section(m, "SYNOPSIS");
}

/* References to the pages of the commands but `without`, as .BR lines. */
static void see_also(struct man *m, const struct command *without)
{
	section(m, "SEE ALSO");
	if (without != NULL)
		raw(m, ".BR rollcall (1)");
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (commands[i] == without)
			continue;
		raw(m, without == NULL && i == 0 ? "" : ",\n");
		raw(m, ".BR rollcall\\-");
		raw(m, commands[i]->name);
		raw(m, " (1)");
	}
	raw(m, "\n");
}

static void verb_list(struct man *m, const struct command *command)
{
	section(m, "VERBS");
	raw(m, "Without a verb the first is meant.\n");
	for (const struct verb *verb = command->verbs; verb->name != NULL; verb++) {
		raw(m, ".TP\n.B ");
		text(m, verb->name, strlen(verb->name));
		raw(m, verb->usage[0] != '\0' ? " " : "");
		line(m, verb->usage);
		filled(m, verb->summary, strlen(verb->summary));
	}
}

static void command_page(struct man *m, const struct command *command)
{
	char name[128];
	snprintf(name, sizeof(name), "rollcall-%s", command->name);
	title(m, name, command->summary);
	raw(m, ".B rollcall ");
	line(m, command->name);
	if (command->usage[0] != '\0')
		filled(m, command->usage, strlen(command->usage));
	section(m, "DESCRIPTION");
	paragraphs(m, command->about != NULL ? command->about : command->summary, true);
	if (command->verbs != NULL)
		verb_list(m, command);
	option_list(m, "OPTIONS", command->options);
	option_list(m, "OPTIONS OF EVERY COMMAND", program_options);
	terms(m, "EXIT STATUS", help_exit_statuses);
	if (command->examples != NULL) {
		section(m, "EXAMPLES");
		paragraphs(m, command->examples, true);
	}
	see_also(m, command);
}

static void program_page(struct man *m)
{
	title(m, "rollcall", "attendance by face");
	raw(m, ".B rollcall\n");
	line(m,
		"[--home DIR] [--config FILE] [--models DIR] [--threads N] [--log-format FORMAT] "
		"[--json]");
	line(m, "COMMAND …");
	section(m, "DESCRIPTION");
	paragraphs(m, help_about, true);
	section(m, "COMMANDS");
	for (size_t i = 0; commands[i] != NULL; i++) {
		raw(m, ".TP\n.B ");
		line(m, commands[i]->name);
		line(m, commands[i]->summary);
	}
	option_list(m, "OPTIONS", program_options);
	terms(m, "EXIT STATUS", help_exit_statuses);
	terms(m, "ENVIRONMENT", help_variables);
	terms(m, "FILES", help_files);
	see_also(m, NULL);
}

enum err help_man(struct buf *out, const struct command *command)
{
	struct man m = {.out = out};
	if (command != NULL)
		command_page(&m, command);
	else
		program_page(&m);
	return m.err;
}
