/* SPDX-License-Identifier: MIT */
#include "cmd/completion.h"
#include "cmd/options.h"
#include "cmd/program.h"

static const char head[] =
	"#compdef rollcall\n"
	"# zsh completion for rollcall; made by 'rollcall completion zsh'\n"
	"\n"
	"_rollcall_names() {\n"
	"\tlocal -a names\n"
	"\tnames=(${(f)\"$(_call_program names rollcall ${(q)home} $1 --names 2>/dev/null)\"})\n"
	"\tcompadd -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}' -a names\n"
	"}\n"
	"_rollcall_groups() { _rollcall_names groups }\n"
	"_rollcall_people() { _rollcall_names people }\n"
	"_rollcall_models() { _rollcall_names models }\n"
	"\n";

/* A description inside [] of an _arguments specification, which is inside single quotes. */
static void described(struct script *s, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			script_add(s, "'\\''");
		else if (strchr("[]:\\", *text) != NULL)
			script_add(s, "\\%c", *text);
		else
			script_add(s, "%c", *text);
	}
}

/* The action of _arguments for a kind of thing. */
static void action(struct script *s, const char *kind)
{
	static const struct {
		const char *kind, *action;
	} actions[] = {{"file", "_files"}, {"folder", "_files -/"}, {"group", "_rollcall_groups"},
		{"person", "_rollcall_people"}, {"model", "_rollcall_models"},
		{"command", "_rollcall_commands"}, {"-", " "}};
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(kind, actions[i].kind) == 0) {
			script_add(s, "%s", actions[i].action);
			return;
		}
	}
	const char *word;
	size_t len;
	for (size_t i = 0; choice_at(kind, i, &word, &len); i++)
		script_add(s, "%s%.*s", i > 0 ? " " : "(", (int)len, word);
	script_add(s, ")");
}

static void option_specs(struct script *s, const struct option_spec *table)
{
	for (const struct option_spec *spec = table; spec != NULL && spec->name != NULL; spec++) {
		const char *equals = spec->kind == OPTION_FLAG ? "" : "=";
		script_add(s, " \\\n\t\t\t");
		if (spec->letter != 0)
			script_add(s, "{-%c%s,--%s%s}", spec->letter,
				spec->kind == OPTION_FLAG ? "" : "+", spec->name, equals);
		else
			script_add(s, "--%s%s", spec->name, equals);
		script_add(s, "'[");
		described(s, spec->help);
		script_add(s, "]");
		if (spec->kind != OPTION_FLAG) {
			script_add(s, ":%s:", spec->value != NULL ? spec->value : spec->name);
			action(s,
				spec->kind == OPTION_CHOICE      ? spec->choices
					: spec->complete != NULL ? spec->complete
								 : "-");
		}
		script_add(s, "'");
	}
}

static void argument_specs(struct script *s, const char *complete)
{
	size_t words = complete_words(complete);
	for (size_t i = 0; i < words; i++) {
		char word[COMPLETE_WORD_BYTES];
		complete_word(complete, i, word, sizeof(word));
		if (i + 1 < words)
			script_add(s, " \\\n\t\t\t'%zu:argument:", i + 1);
		else
			script_add(s, " \\\n\t\t\t'*:argument:");
		action(s, word);
		script_add(s, "'");
	}
}

/* A function that offers the arguments after a verb. */
static void verb_function(struct script *s, const struct command *command)
{
	script_add(s, "_rollcall_after_%s() {\n\tcase $words[2] in\n", command->name);
	for (const struct verb *verb = command->verbs; verb->name != NULL; verb++) {
		char word[COMPLETE_WORD_BYTES];
		complete_word(verb->complete, 0, word, sizeof(word));
		if (strcmp(word, "group") == 0)
			script_add(s, "\t%s) _rollcall_groups ;;\n", verb->name);
		else if (strcmp(word, "person") == 0)
			script_add(s, "\t%s) _rollcall_people ;;\n", verb->name);
		else if (strcmp(word, "model") == 0)
			script_add(s, "\t%s) _rollcall_models ;;\n", verb->name);
		else if (strchr(word, '|') != NULL) {
			script_add(s, "\t%s) compadd --", verb->name);
			const char *choice;
			size_t len;
			for (size_t i = 0; choice_at(word, i, &choice, &len); i++)
				script_add(s, " %.*s", (int)len, choice);
			script_add(s, " ;;\n");
		}
	}
	script_add(s, "\tesac\n}\n\n");
}

static void command_case(struct script *s, const struct command *command)
{
	script_add(s, "\t%s)\n\t\t_arguments -s -S", command->name);
	option_specs(s, program_options);
	option_specs(s, command->options);
	if (command->verbs == NULL) {
		argument_specs(s, command->complete);
		script_add(s, "\n\t\t;;\n");
		return;
	}
	script_add(s, " \\\n\t\t\t'1:verb:((");
	for (const struct verb *verb = command->verbs; verb->name != NULL; verb++) {
		script_add(s, "%s%s\\:\"", verb > command->verbs ? " " : "", verb->name);
		described(s, verb->summary);
		script_add(s, "\"");
	}
	script_add(s, "))' \\\n\t\t\t'*:argument:_rollcall_after_%s'\n\t\t;;\n", command->name);
}

enum err completion_zsh(struct buf *out)
{
	struct script s = {.out = out, .err = buf_add_str(out, head)};
	script_add(&s, "_rollcall_commands() {\n\tlocal -a list\n\tlist=(\n");
	for (size_t i = 0; commands[i] != NULL; i++) {
		script_add(&s, "\t\t'%s:", commands[i]->name);
		described(&s, commands[i]->summary);
		script_add(&s, "'\n");
	}
	script_add(&s, "\t)\n\t_describe command list\n}\n\n");
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (commands[i]->verbs != NULL)
			verb_function(&s, commands[i]);
	}
	script_add(&s,
		"_rollcall() {\n"
		"\tlocal context state line curcontext=\"$curcontext\"\n"
		"\ttypeset -A opt_args\n"
		"\tlocal -a home\n"
		"\tlocal at=${words[(i)--home]}\n"
		"\t(( at < $#words )) && home=(--home ${(e)words[at+1]})\n"
		"\t_arguments -C -s -S");
	option_specs(&s, program_options);
	script_add(&s,
		" \\\n\t\t\t'1:command:_rollcall_commands' \\\n\t\t\t'*::argument:->rest'\n"
		"\t[[ $state == rest ]] || return\n"
		"\tcase $words[1] in\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		command_case(&s, commands[i]);
	script_add(&s,
		"\tesac\n}\n\n"
		"# Both as a file of $fpath and with eval.\n"
		"if [[ $funcstack[1] == _rollcall ]]; then\n\t_rollcall \"$@\"\n"
		"else\n\tcompdef _rollcall rollcall\nfi\n");
	return s.err;
}
