/* SPDX-License-Identifier: MIT */
#include <stdarg.h>

#include "cmd/completion.h"
#include "cmd/options.h"

enum { SCRIPT_BYTES_MAX = 1 << 20, LINE_BYTES = 4096 };

void script_add(struct script *s, const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;
	va_start(args, fmt);
	int len = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (s->err == OK && (len < 0 || len >= LINE_BYTES))
		s->err = ERR_LIMIT;
	if (s->err == OK)
		s->err = buf_add(s->out, line, (size_t)len);
}

void script_quoted(struct script *s, const char *text, const char *quote)
{
	script_add(s, "'");
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			script_add(s, "%s", quote);
		else
			script_add(s, "%c", *text);
	}
	script_add(s, "'");
}

size_t complete_words(const char *complete)
{
	size_t count = 1;
	for (; complete != NULL && *complete != '\0'; complete++)
		count += *complete == ' ';
	return count;
}

void complete_word(const char *complete, size_t i, char *out, size_t size)
{
	if (complete == NULL || complete[0] == '\0')
		complete = "-";
	for (const char *space; i > 0 && (space = strchr(complete, ' ')) != NULL; i--)
		complete = space + 1;
	snprintf(out, size, "%.*s", (int)strcspn(complete, " "), complete);
}

static const struct {
	const char *shell;
	enum err (*write)(struct buf *out);
} shells[] = {{"bash", completion_bash}, {"zsh", completion_zsh}, {"fish", completion_fish}};

#define SHELLS "bash|zsh|fish"

static int run(struct cmd *c)
{
	struct error why = {0};
	int shell = choice_index(SHELLS, c->arg[0]);
	if (shell < 0)
		return cmd_usage(c, "no completion for '%s': it is one of " SHELLS, c->arg[0]);
	struct buf script;
	buf_init(&script, SCRIPT_BYTES_MAX);
	enum err err = shells[shell].write(&script);
	if (err != OK)
		err_set(&why, err, "cannot make the script: %s", err_str(err));
	else
		err = cmd_output(NULL, script.data, script.len, &why);
	buf_finish(&script);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

const struct command cmd_completion = {
	.name = "completion",
	.summary = "print a script with which the shell completes commands and names",
	.usage = SHELLS,
	.about = "The Tab key then completes commands, options, groups and people.\n"
		 "\n"
		 "  bash  add to ~/.bashrc: eval \"$(rollcall completion bash)\"\n"
		 "  zsh   rollcall completion zsh > a folder of $fpath, as _rollcall\n"
		 "  fish  rollcall completion fish > ~/.config/fish/completions/rollcall.fish",
	.examples = "$ eval \"$(rollcall completion bash)\"",
	.complete = SHELLS " -",
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
