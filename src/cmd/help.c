/* SPDX-License-Identifier: MIT */
#include "cmd/help.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "cmd/options.h"
#include "cmd/program.h"

enum {
	WIDTH_DEFAULT = 80,
	WIDTH_MIN = 40,
	INDENT = 2,
	TERM_COLUMN_MAX = 28, /* a longer term has its text on the next line */
	TITLE_BYTES = 128,
};

const struct help_task help_tasks[] = {
	{"Get to know people", "import|enroll|people|groups"},
	{"Take attendance", "mark|watch|serve|roll|export|explain|reject"},
	{"Look at photos", "detect|identify"},
	{"Set up and check", "settings|config|models|calibrate|doctor|users|audit|bench|eval"},
	{"Find your way", "help|completion"},
	{0},
};

const char help_about[] =
	"Rollcall takes attendance by face: photos or a camera go in, who was present, late or "
	"absent comes out, with the evidence for it. Everything stays on this machine.\n"
	"\n"
	"A wrong name is worse than a missing one: a face that is not surely somebody's is put "
	"aside for a person to look at and never marked.";

const struct help_term help_exit_statuses[] = {
	{"0", "done"},
	{"1", "it failed; standard error has one line that says what and why"},
	{"2", "wrong usage, also when no command was given"},
	{"3", "nobody was recognised"},
	{0},
};

const struct help_term help_variables[] = {
	{"ROLLCALL_HOME", "the folder with the database, unless --home is given"},
	{"ROLLCALL_MODELS", "the folder with the face models, unless --models is given"},
	{"ROLLCALL_CONFIG", "the configuration file, unless --config is given"},
	{"ROLLCALL_LOG", "how much is logged to standard error: error, warn, info, debug"},
	{"ROLLCALL_LOG_FORMAT", "how: text or json, unless --log-format is given"},
	{"NO_COLOR", "if set, no colours"},
	{0},
};

const struct help_term help_files[] = {
	{"~/.local/share/rollcall/rollcall.db", "the database, unless another home is given"},
	{"~/.local/share/rollcall/rollcall.conf",
		"settings, if it is there; see 'rollcall help config'"},
	{"~/.local/share/rollcall/key",
		"the key of the face templates in it; without this file they are lost, so keep a "
		"copy in a safe place"},
	{0},
};

/* --- text --- */

/* A page under way: the first failure stays in `err`. */
struct page {
	struct buf *out;
	const struct help_style *style;
	enum err err;
};

static const struct {
	const char *unicode, *ascii;
} plain[] = {{"…", "..."}, {"“", "\""}, {"”", "\""}, {"’", "'"}, {"–", "-"}, {"×", "x"}};

static void add(struct page *p, const char *text, size_t len)
{
	if (p->err == OK)
		p->err = buf_add(p->out, text, len);
}

/* Appends text, in ASCII if the style wants it. */
static void say(struct page *p, const char *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t taken = 1;
		const char *as = text + i;
		size_t as_len = 1;
		for (size_t k = 0; !p->style->unicode && k < sizeof(plain) / sizeof(plain[0]);
			k++) {
			size_t span = strlen(plain[k].unicode);
			if (span <= len - i && memcmp(text + i, plain[k].unicode, span) == 0) {
				taken = span;
				as = plain[k].ascii;
				as_len = strlen(as);
			}
		}
		add(p, as, as_len);
		i += taken;
	}
}

static void say_text(struct page *p, const char *text)
{
	say(p, text, strlen(text));
}

static void blanks(struct page *p, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(p, " ", 1);
}

static void bold(struct page *p, const char *text)
{
	if (p->style->bold)
		add(p, "\033[1m", 4);
	say_text(p, text);
	if (p->style->bold)
		add(p, "\033[0m", 4);
}

static void heading(struct page *p, const char *title)
{
	add(p, "\n", 1);
	bold(p, title);
	add(p, "\n", 1);
}

/* Columns of `len` bytes of UTF-8 without wide characters, which our own texts do not have. */
static size_t columns(const char *text, size_t len)
{
	size_t count = 0;
	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xC0) != 0x80;
	return count;
}

/* Fills lines with the words of one paragraph; `at` columns of the first are taken. */
static void fill(struct page *p, const char *text, size_t len, size_t indent, size_t at)
{
	bool first = true;
	for (size_t i = 0; i < len;) {
		size_t skip = strspn(text + i, " \n");
		i += skip;
		size_t word = i < len ? strcspn(text + i, " \n") : 0;
		if (word > len - i)
			word = len - i;
		if (word == 0)
			break;
		size_t wide = columns(text + i, word);
		if (first) {
			blanks(p, indent > at ? indent - at : 0);
			at = indent > at ? indent : at;
		} else if (at + 1 + wide > (size_t)p->style->width) {
			add(p, "\n", 1);
			blanks(p, indent);
			at = indent;
		} else {
			add(p, " ", 1);
			at++;
		}
		first = false;
		say(p, text + i, word);
		at += wide;
		i += word;
	}
	add(p, "\n", 1);
}

/* Paragraphs: filled, but lines that begin with a blank stay as they are. */
static void paragraphs(struct page *p, const char *text, size_t indent)
{
	while (*text != '\0') {
		const char *end = strstr(text, "\n\n");
		size_t len = end != NULL ? (size_t)(end - text) : strlen(text);
		if (text[0] == ' ' || text[0] == '$') {
			for (size_t i = 0; i < len;) {
				size_t line = strcspn(text + i, "\n");
				blanks(p, indent);
				say(p, text + i, line);
				add(p, "\n", 1);
				i += line + 1;
			}
		} else {
			fill(p, text, len, indent, 0);
		}
		if (end == NULL)
			break;
		add(p, "\n", 1);
		text = end + strspn(end, "\n");
	}
}

/* A term and what it is, in two columns of which the second begins at `column`. */
static void term(struct page *p, const char *name, const char *text, size_t column)
{
	size_t wide = columns(name, strlen(name));
	blanks(p, INDENT);
	bold(p, name);
	size_t at = INDENT + wide;
	if (at + 2 > column) {
		add(p, "\n", 1);
		at = 0;
	}
	fill(p, text, strlen(text), column, at);
}

static size_t term_column(size_t widest)
{
	size_t column = INDENT + widest + 2;
	return column > TERM_COLUMN_MAX ? TERM_COLUMN_MAX : column;
}

/* --- pages --- */

enum err help_overview(struct buf *out, const struct help_style *style)
{
	struct page p = {.out = out, .style = style};
	bold(&p, "Usage:");
	say_text(&p, " rollcall [--home DIR] [--json] COMMAND …\n\n");
	paragraphs(&p, help_about, 0);
	size_t widest = 0;
	for (size_t i = 0; commands[i] != NULL; i++) {
		size_t wide = strlen(commands[i]->name);
		widest = wide > widest ? wide : widest;
	}
	for (const struct help_task *task = help_tasks; task->title != NULL; task++) {
		heading(&p, task->title);
		const char *word;
		size_t len;
		for (size_t i = 0; choice_at(task->commands, i, &word, &len); i++) {
			char name[TITLE_BYTES];
			snprintf(name, sizeof(name), "%.*s", (int)len, word);
			const struct command *command = command_find(name);
			if (command != NULL)
				term(&p, name, command->summary, term_column(widest));
		}
	}
	add(&p, "\n", 1);
	paragraphs(&p,
		"'rollcall help COMMAND' explains one of them, with examples. To begin: "
		"'rollcall import photos' with a folder photos/NAME/*.jpg, then "
		"'rollcall mark class.jpg', then 'rollcall roll'.",
		0);
	return p.err;
}

void help_option_title(const struct option_spec *spec, char *out, size_t size)
{
	char letter[8] = "";
	if (spec->letter != 0)
		snprintf(letter, sizeof(letter), "-%c, ", spec->letter);
	const char *value = spec->kind == OPTION_FLAG                ? ""
		: spec->kind == OPTION_CHOICE && spec->value == NULL ? spec->choices
		: spec->value != NULL                                ? spec->value
								     : "VALUE";
	snprintf(out, size, "%s--%s%s%s", letter, spec->name, value[0] != '\0' ? " " : "", value);
}

/* The title, shifted so that long names stand under each other if any has a letter. */
static void aligned_title(const struct option_spec *spec, bool letters, char *out, size_t size)
{
	size_t shift = letters && spec->letter == 0 ? strlen("-x, ") : 0;
	snprintf(out, size, "%*s", (int)shift, "");
	help_option_title(spec, out + shift, size - shift);
}

static void option_terms(struct page *p, const struct option_spec *table)
{
	char title[TITLE_BYTES];
	size_t widest = 0;
	bool letters = false;
	for (const struct option_spec *spec = table; spec->name != NULL; spec++)
		letters = letters || spec->letter != 0;
	for (const struct option_spec *spec = table; spec->name != NULL; spec++) {
		aligned_title(spec, letters, title, sizeof(title));
		size_t wide = columns(title, strlen(title));
		widest = wide > widest ? wide : widest;
	}
	for (const struct option_spec *spec = table; spec->name != NULL; spec++) {
		aligned_title(spec, letters, title, sizeof(title));
		term(p, title, spec->help, term_column(widest));
	}
}

static void verb_terms(struct page *p, const struct command *command)
{
	char title[TITLE_BYTES];
	for (const struct verb *verb = command->verbs; verb->name != NULL; verb++) {
		snprintf(title, sizeof(title), "%s %s%s%s", command->name, verb->name,
			verb->usage[0] != '\0' ? " " : "", verb->usage);
		term(p, title, verb->summary, INDENT * 4);
	}
	fill(p, "Without a verb the first is meant.", strlen("Without a verb the first is meant."),
		INDENT, 0);
}

enum err help_command(
	struct buf *out, const struct help_style *style, const struct command *command)
{
	struct page p = {.out = out, .style = style};
	char usage[1024];
	snprintf(usage, sizeof(usage), " rollcall %s%s%s", command->name,
		command->usage[0] != '\0' ? " " : "", command->usage);
	bold(&p, "Usage:");
	fill(&p, usage, strlen(usage), strlen("Usage: "), strlen("Usage:"));
	add(&p, "\n", 1);
	paragraphs(&p, command->about != NULL ? command->about : command->summary, 0);
	if (command->verbs != NULL) {
		heading(&p, "Verbs");
		verb_terms(&p, command);
	}
	if (command->options != NULL && command->options->name != NULL) {
		heading(&p, "Options");
		option_terms(&p, command->options);
	}
	if (command->examples != NULL) {
		heading(&p, "Examples");
		paragraphs(&p, command->examples, INDENT);
	}
	heading(&p, "Options of every command");
	option_terms(&p, program_options);
	return p.err;
}

/* --- to stdout --- */

static struct help_style stdout_style(void)
{
	const struct table_style table = cmd_table_style();
	struct help_style style = {
		.width = WIDTH_DEFAULT, .bold = table.colour, .unicode = table.unicode};
	if (table.width > 0 && table.width < WIDTH_DEFAULT)
		style.width = table.width < WIDTH_MIN ? WIDTH_MIN : table.width;
	return style;
}

static int print(struct buf *page, enum err err)
{
	struct error why = {0};
	if (err != OK)
		err_set(&why, err, "cannot make the page: %s", err_str(err));
	else
		err = cmd_output(NULL, page->data, page->len, &why);
	buf_finish(page);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

int help_print_overview(void)
{
	struct buf page;
	buf_init(&page, HELP_BYTES_MAX);
	const struct help_style style = stdout_style();
	return print(&page, help_overview(&page, &style));
}

int help_print_command(const struct command *command)
{
	struct buf page;
	buf_init(&page, HELP_BYTES_MAX);
	const struct help_style style = stdout_style();
	return print(&page, help_command(&page, &style, command));
}

int help_print_man(const struct command *command)
{
	struct buf page;
	buf_init(&page, HELP_BYTES_MAX);
	return print(&page, help_man(&page, command));
}
