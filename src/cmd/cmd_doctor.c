/* SPDX-License-Identifier: MIT */
#include <stdarg.h>

#include "cmd/doctor.h"

enum { TEXT_BYTES = 1024, WORD_COLUMNS = 10 };

static const struct {
	const char *word, *colour;
} levels[] = {
	[DOCTOR_OK] = {"ok", "\033[32m"},
	[DOCTOR_WARN] = {"warn", "\033[33m"},
	[DOCTOR_FAIL] = {"fail", "\033[31m"},
};

void doctor_say(struct doctor *d, enum doctor_level level, const char *what, const char *advice,
	const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	d->warnings += level == DOCTOR_WARN;
	d->failures += level == DOCTOR_FAIL;
	if (d->findings != NULL) {
		json_array_append_new(d->findings,
			json_pack("{s:s,s:s,s:o,s:o}", "check", what, "level", levels[level].word,
				"text", cmd_json_text(text), "advice", cmd_json_text(advice)));
		return;
	}
	bool colour = cmd_table_style().colour;
	char *printable = utf8_printable(text);
	printf("%s%-4s%s  %-*s %s\n", colour ? levels[level].colour : "", levels[level].word,
		colour ? "\033[0m" : "", WORD_COLUMNS, what, printable != NULL ? printable : text);
	free(printable);
	if (advice != NULL)
		printf("      %-*s %s %s\n", WORD_COLUMNS, "", cmd_unicode() ? "→" : "->", advice);
	fflush(stdout);
}

static int run(struct cmd *c)
{
	struct doctor d = {.c = c, .findings = c->json ? json_array() : NULL};
	for (size_t i = 0; doctor_looks[i] != NULL; i++)
		doctor_looks[i](&d);
	int status = d.failures > 0 ? EXIT_FAILED : EXIT_OK;
	if (c->json) {
		int printed = cmd_print_json(json_pack("{s:s,s:b,s:I,s:I,s:o}", "version",
			ROLLCALL_VERSION, "ok", d.failures == 0, "warnings", (json_int_t)d.warnings,
			"failures", (json_int_t)d.failures, "findings", d.findings));
		return printed != EXIT_OK ? printed : status;
	}
	if (d.warnings + d.failures == 0)
		printf("\nEverything is in order.\n");
	else
		printf("\n%zu failed, %zu to look at.\n", d.failures, d.warnings);
	return status;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "check what is installed and configured, and say what to do",
	.usage = "",
	.about = "Looks at the home folder, the key, the database, the face models, the processor, "
		 "cameras, fonts, time zone, clock and terminal. Nothing is changed. Each line "
		 "begins with ok, warn or fail; where something is not right, the next line says "
		 "what to do. The exit status is 1 if anything failed.",
	.examples = "$ rollcall doctor\n"
		    "$ rollcall doctor --json",
	.complete = "-",
	.run = run,
};
