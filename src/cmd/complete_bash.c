/* SPDX-License-Identifier: MIT */
#include "cmd/completion.h"
#include "cmd/program.h"

/* The part that is the same whatever the tables say. */
static const char head[] =
	"# bash completion for rollcall; made by 'rollcall completion bash'\n"
	"\n"
	"# Lines of 'rollcall $1 --names' that begin with the current word, quoted as it is.\n"
	"_rollcall_names() {\n"
	"\tlocal line quoted='' typed=$cur\n"
	"\tcase $typed in\n"
	"\t\\'* | \\\"*) typed=${typed:1} ;;\n"
	"\t*) quoted=1 typed=${typed//\\\\/} ;;\n"
	"\tesac\n"
	"\twhile IFS= read -r line; do\n"
	"\t\t[[ ${line,,} == \"${typed,,}\"* ]] || continue\n"
	"\t\t[[ $quoted ]] && printf -v line %q \"$line\"\n"
	"\t\tCOMPREPLY+=(\"$line\")\n"
	"\tdone < <(\"${COMP_WORDS[0]}\" \"${home[@]}\" \"$1\" --names 2>/dev/null)\n"
	"}\n"
	"\n"
	"# What may stand for the current word: a kind of thing, or the words themselves.\n"
	"_rollcall_offer() {\n"
	"\tcase $1 in\n"
	"\tfile)\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\") ;;\n"
	"\tfolder)\n"
	"\t\tcompopt -o filenames 2>/dev/null\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -d -- \"$cur\") ;;\n"
	"\tgroup) _rollcall_names groups ;;\n"
	"\tperson) _rollcall_names people ;;\n"
	"\tmodel) _rollcall_names models ;;\n"
	"\t-) ;;\n"
	"\t*) mapfile -t COMPREPLY < <(compgen -W \"${1//|/ }\" -- \"$cur\") ;;\n"
	"\tesac\n"
	"}\n"
	"\n";

static const char body[] =
	"_rollcall() {\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} command='' verb='' value='' only='' i word\n"
	"\tlocal -a home=()\n"
	"\tlocal -i args=0\n"
	"\tCOMPREPLY=()\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tword=${COMP_WORDS[i]}\n"
	"\t\tif [[ $value ]]; then\n"
	"\t\t\t[[ $word == = ]] && continue\n"
	"\t\t\t[[ ${COMP_WORDS[i-1]} == --home || ${COMP_WORDS[i-2]} == --home ]] &&\n"
	"\t\t\t\thome=(--home \"${word/#\\~/$HOME}\")\n"
	"\t\t\tvalue=\n"
	"\t\telif [[ $word == -- ]]; then\n"
	"\t\t\tonly=1\n"
	"\t\telif [[ ! $only && $word == -?* ]]; then\n"
	"\t\t\tvalue=$(_rollcall_value \"$command\" \"$word\")\n"
	"\t\telif [[ ! $command ]]; then\n"
	"\t\t\tcommand=$word\n"
	"\t\telif [[ ! $verb ]] && _rollcall_has_verb \"$command\" \"$word\"; then\n"
	"\t\t\tverb=$word\n"
	"\t\telse\n"
	"\t\t\targs+=1\n"
	"\t\tfi\n"
	"\tdone\n"
	"\t[[ $cur == = ]] && cur=\n"
	"\tif [[ $value ]]; then\n"
	"\t\t_rollcall_offer \"$value\"\n"
	"\telif [[ ! $only && $cur == -* ]]; then\n"
	"\t\t_rollcall_offer \"$(_rollcall_options \"$command\")\"\n"
	"\telse\n"
	"\t\t_rollcall_offer \"$(_rollcall_argument \"$command\" \"$verb\" $args)\"\n"
	"\tfi\n"
	"}\n"
	"\n"
	"complete -F _rollcall rollcall\n";

/* What completion offers for an option's value. */
static const char *value_of(const struct option_spec *spec)
{
	if (spec->kind == OPTION_CHOICE)
		return spec->choices;
	return spec->complete != NULL ? spec->complete : "-";
}

static void value_cases(struct script *s, const char *command, const struct option_spec *table)
{
	for (const struct option_spec *spec = table; spec != NULL && spec->name != NULL; spec++) {
		if (spec->kind == OPTION_FLAG)
			continue;
		script_add(s, "\t'%s --%s'", command, spec->name);
		if (spec->letter != 0)
			script_add(s, " | '%s -%c'", command, spec->letter);
		script_add(s, ") echo '%s' ;;\n", value_of(spec));
	}
}

/* The program's own options are everywhere: whatever the command. */
static void program_value_cases(struct script *s)
{
	for (const struct option_spec *spec = program_options; spec->name != NULL; spec++) {
		if (spec->kind != OPTION_FLAG)
			script_add(s, "\t*' --%s') echo '%s' ;;\n", spec->name, value_of(spec));
	}
}

static void option_words(struct script *s, const struct option_spec *table, const char *before)
{
	for (const struct option_spec *spec = table; spec != NULL && spec->name != NULL; spec++) {
		script_add(s, "%s--%s", before, spec->name);
		before = "|";
	}
}

static void command_words(struct script *s)
{
	for (size_t i = 0; commands[i] != NULL; i++)
		script_add(s, "%s%s", i > 0 ? "|" : "", commands[i]->name);
}

/* One line a position: "roll:verb:0) echo person". */
static void argument_cases(
	struct script *s, const char *command, const char *verb, const char *complete)
{
	size_t words = complete_words(complete);
	for (size_t i = 0; i < words; i++) {
		char word[COMPLETE_WORD_BYTES];
		complete_word(complete, i, word, sizeof(word));
		if (i + 1 < words)
			script_add(s, "\t%s:%s:%zu) echo '", command, verb, i);
		else
			script_add(s, "\t%s:%s:*) echo '", command, verb);
		if (strcmp(word, "command") == 0)
			command_words(s);
		else
			script_add(s, "%s", word);
		script_add(s, "' ;;\n");
	}
}

static void verb_words(struct script *s, const struct command *command)
{
	script_add(s, "\t%s::0) echo '", command->name);
	for (const struct verb *verb = command->verbs; verb->name != NULL; verb++)
		script_add(s, "%s%s", verb > command->verbs ? "|" : "", verb->name);
	script_add(s, "' ;;\n");
	for (const struct verb *verb = command->verbs; verb->name != NULL; verb++)
		argument_cases(s, command->name, verb->name, verb->complete);
}

enum err completion_bash(struct buf *out)
{
	struct script s = {.out = out, .err = buf_add_str(out, head)};
	script_add(&s,
		"# What the option $2 of the command $1 takes; nothing if no value.\n"
		"_rollcall_value() {\n\tcase \"$1 $2\" in\n");
	for (size_t i = 0; commands[i] != NULL; i++)
		value_cases(&s, commands[i]->name, commands[i]->options);
	program_value_cases(&s);
	script_add(&s, "\tesac\n}\n\n_rollcall_options() {\n\tcase $1 in\n");
	for (size_t i = 0; commands[i] != NULL; i++) {
		script_add(&s, "\t%s) echo '", commands[i]->name);
		option_words(&s, program_options, "");
		option_words(&s, commands[i]->options, "|");
		script_add(&s, "' ;;\n");
	}
	script_add(&s, "\t*) echo '");
	option_words(&s, program_options, "");
	script_add(&s, "' ;;\n\tesac\n}\n\n_rollcall_has_verb() {\n\tcase $1 in\n\t-");
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (commands[i]->verbs != NULL)
			script_add(&s, " | %s", commands[i]->name);
	}
	script_add(&s,
		") true ;;\n\t*) false ;;\n\tesac\n}\n\n"
		"# What the argument number $3 (from 0) of a command and verb is.\n"
		"_rollcall_argument() {\n\tcase \"$1:$2:$3\" in\n\t::*) echo '");
	command_words(&s);
	script_add(&s, "' ;;\n");
	for (size_t i = 0; commands[i] != NULL; i++) {
		if (commands[i]->verbs != NULL)
			verb_words(&s, commands[i]);
		else
			argument_cases(&s, commands[i]->name, "", commands[i]->complete);
	}
	script_add(&s, "\t*) echo - ;;\n\tesac\n}\n\n");
	if (s.err == OK)
		s.err = buf_add_str(out, body);
	return s.err;
}
