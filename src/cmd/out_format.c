/* SPDX-License-Identifier: MIT */
#include "cmd/out_format.h"

#include <strings.h>
#include <unistd.h>

static const struct {
	const char *ending;
	enum roll_format format;
} endings[] = {{".json", ROLL_JSON}, {".csv", ROLL_CSV}, {".xlsx", ROLL_XLSX}};

static bool ends_with(const char *path, const char *ending)
{
	size_t len = strlen(path), ending_len = strlen(ending);
	return len > ending_len && strcasecmp(path + len - ending_len, ending) == 0;
}

enum err out_format(const struct cmd *c, const struct out_choice *choice, enum roll_format *out,
	struct error *why)
{
	bool to_stdout = choice->path == NULL || strcmp(choice->path, "-") == 0;
	enum roll_format format = choice->standard;
	for (size_t i = 0; !to_stdout && i < sizeof(endings) / sizeof(endings[0]); i++) {
		if (ends_with(choice->path, endings[i].ending))
			format = endings[i].format;
	}
	if (c->json)
		format = ROLL_JSON;
	if (choice->given)
		format = choice->want;
	if (c->json && format != ROLL_JSON)
		return err_set(why, ERR_ARG, "--json and --format say different things");
	if (format == ROLL_XLSX && to_stdout && isatty(STDOUT_FILENO))
		return err_set(why, ERR_ARG,
			"a spreadsheet is not for a terminal: write it to a file with -o "
			"FILE.xlsx");
	*out = format;
	return OK;
}
