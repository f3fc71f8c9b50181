/* SPDX-License-Identifier: MIT */
#include "cmd/out_format.h"

#include <strings.h>
#include <unistd.h>

#include "cmd/options.h"

enum { FORMAT_WORD = 16 };

static const struct {
	const char *ending;
	enum roll_format format;
} endings[] = {{".json", ROLL_JSON}, {".csv", ROLL_CSV}, {".xlsx", ROLL_XLSX}};

static bool ends_with(const char *path, const char *ending)
{
	size_t len = strlen(path), ending_len = strlen(ending);
	return len > ending_len && strcasecmp(path + len - ending_len, ending) == 0;
}

static bool to_stdout(const struct out_choice *choice)
{
	return choice->path == NULL || strcmp(choice->path, "-") == 0;
}

/* What --format said. */
static enum err asked(const struct cmd *c, const struct out_choice *choice, enum roll_format *out,
	struct error *why)
{
	const struct option_spec *spec = option_find(c->command->options, "format");
	const char *word = "";
	size_t len = 0;
	char text[FORMAT_WORD];
	(void)choice_at(spec->choices, (size_t)choice->format, &word, &len);
	snprintf(text, sizeof(text), "%.*s", (int)len, word);
	return roll_format_parse(text, out, why);
}

enum err out_format(const struct cmd *c, const struct out_choice *choice, enum roll_format standard,
	enum roll_format *out, struct error *why)
{
	enum roll_format format = standard;
	enum err err = OK;
	for (size_t i = 0; !to_stdout(choice) && i < sizeof(endings) / sizeof(endings[0]); i++) {
		if (ends_with(choice->path, endings[i].ending))
			format = endings[i].format;
	}
	if (c->json)
		format = ROLL_JSON;
	if (cmd_given(c, "format"))
		err = asked(c, choice, &format, why);
	if (err != OK)
		return err;
	if (c->json && format != ROLL_JSON)
		return err_set(why, ERR_ARG, "--json and --format say different things");
	if (format == ROLL_XLSX && to_stdout(choice) && isatty(STDOUT_FILENO))
		return err_set(why, ERR_ARG,
			"a spreadsheet is not for a terminal: write it to a file with -o "
			"FILE.xlsx");
	*out = format;
	return OK;
}
