/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

static const char *const level_words[] = {"error", "warn", "info", "debug"};

/* The log's level: one of the listed exceptions to "no mutable globals". */
static atomic_int current_level = LOG_WARN;

enum err log_set_level(const char *word)
{
	for (size_t i = 0; i < sizeof(level_words) / sizeof(level_words[0]); i++) {
		if (strcmp(word, level_words[i]) == 0) {
			atomic_store(&current_level, (int)i);
			return OK;
		}
	}
	return ERR_ARG;
}

void log_write(enum log_level level, const char *file, int line, const char *fmt, ...)
{
	if ((int)level > atomic_load(&current_level))
		return;
	char text[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20)
			*c = '?';
	}
	fprintf(stderr, "%s %s:%d %s\n", level_words[level], path_base(file), line, text);
}
