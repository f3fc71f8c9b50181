/* SPDX-License-Identifier: MIT */
#include "cmd/completion.h"
#include "cmd/options.h"
#include "cmd/program.h"

static const char head[] =
	"# fish completion for rollcall; made by 'rollcall completion fish'\n"
	"\n"
	"function __rollcall_names\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l home\n"
	"\tif set -l at (contains -i -- --home $words); and test $at -lt (count $words)\n"
	"\t\tset home --home $words[(math $at + 1)]\n"
	"\tend\n"
	"\tcommand $words[1] $home $argv[1] --names 2>/dev/null\n"
	"end\n"
	"\n"
	"complete -c rollcall -f\n";

/* What follows -a, or a flag, for a kind of thing; -x takes a value that is not a file. */
static void offer(struct script *s, const char *kind)
{
	static const struct {
		const char *kind, *words;
	} offers[] = {{"file", " -r -F"}, {"folder", " -x -a '(__fish_complete_directories)'"},
		{"group", " -x -a '(__rollcall_names groups)'"},
		{"person", " -x -a '(__rollcall_names people)'"},
		{"model", " -x -a '(__rollcall_names models)'"}, {"-", " -x"}};
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		if (strcmp(kind, offers[i].kind) == 0) {
			script_add(s, "%s", offers[i].words);
			return;
		}
	}
	script_add(s, " -x -a '");
	const char *word;
	size_t len;
	for (size_t i = 0; choice_at(kind, i, &word, &len); i++)
		script_add(s, "%s%.*s", i > 0 ? " " : "", (int)len, word);
	script_add(s, "'");
}

static void description(struct script *s, const char *text)
{
	script_add(s, " -d ");
	script_quoted(s, text, "\\'");
	script_add(s, "\n");
}

static void option_lines(struct script *s, const char *condition, const struct option_spec *table)
{
	for (const struct option_spec *spec = table; spec != NULL && spec->name != NULL; spec++) {
		script_add(s, "complete -c rollcall%s -l %s", condition, spec->name);
		if (spec->letter != 0)
			script_add(s, " -s %c", spec->letter);
		if (spec->kind != OPTION_FLAG)
			offer(s,
				spec->kind == OPTION_CHOICE      ? spec->choices
					: spec->complete != NULL ? spec->complete
								 : "-");
		description(s, spec->help);
	}
}

/* What stands where no option does. */
static void argument_line(struct script *s, const char *condition, const char *kind)
{
	if (strcmp(kind, "-") == 0)
		return;
	script_add(s, "complete -c rollcall%s", condition);
	if (strcmp(kind, "file") == 0)
		script_add(s, " -F");
	else if (strcmp(kind, "command") != 0)
		offer(s, kind);
	else {
		script_add(s, " -x -a '");
		for (size_t i = 0; commands[i] != NULL; i++)
			script_add(s, "%s%s", i > 0 ? " " : "", commands[i]->name);
		script_add(s, "'");
	}
	script_add(s, "\n");
}

static void verb_lines(struct script *s, const struct command *command)
{
	char condition[COMPLETE_WORD_BYTES * 2], names[COMPLETE_WORD_BYTES] = "";
	for (const struct verb *verb = command->verbs; verb->name != NULL; verb++) {
		size_t used = strlen(names);
		snprintf(names + used, sizeof(names) - used, " %s", verb->name);
	}
	for (const struct verb *verb = command->verbs; verb->name != NULL; verb++) {
		script_add(s,
			"complete -c rollcall -n '__fish_seen_subcommand_from %s; and not "
			"__fish_seen_subcommand_from%s' -a %s",
			command->name, names, verb->name);
		description(s, verb->summary);
		char word[COMPLETE_WORD_BYTES];
		complete_word(verb->complete, 0, word, sizeof(word));
		snprintf(condition, sizeof(condition),
			" -n '__fish_seen_subcommand_from %s; and __fish_seen_subcommand_from %s'",
			command->name, verb->name);
		argument_line(s, condition, word);
	}
}

enum err completion_fish(struct buf *out)
{
	struct script s = {.out = out, .err = buf_add_str(out, head)};
	option_lines(&s, "", program_options);
	for (size_t i = 0; commands[i] != NULL; i++) {
		script_add(&s, "complete -c rollcall -n __fish_use_subcommand -a %s",
			commands[i]->name);
		description(&s, commands[i]->summary);
	}
	for (size_t i = 0; commands[i] != NULL; i++) {
		char condition[COMPLETE_WORD_BYTES], word[COMPLETE_WORD_BYTES];
		snprintf(condition, sizeof(condition), " -n '__fish_seen_subcommand_from %s'",
			commands[i]->name);
		option_lines(&s, condition, commands[i]->options);
		if (commands[i]->verbs != NULL) {
			verb_lines(&s, commands[i]);
			continue;
		}
		for (size_t k = 0; k < complete_words(commands[i]->complete); k++) {
			complete_word(commands[i]->complete, k, word, sizeof(word));
			argument_line(&s, condition, word);
		}
	}
	return s.err;
}
