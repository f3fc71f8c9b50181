/* SPDX-License-Identifier: MIT */
/*
 * The log goes to stderr, one line an event; ids and never names. The level is error, warn
 * (default), info or debug, the format text for people or a JSON object a line:
 *
 *	info request method=GET route=/api/v1/people status=200 ms=1.52
 *	{"time":"2026-11-21T08:00:00.123Z","level":"info","event":"request","method":"GET",...}
 *
 * The program sets both from its configuration. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_AS_TEXT, LOG_AS_JSON };

enum {
	LOG_LINE_MAX = 4096, /* bytes of a line; texts are cut for it */
	LOG_TEXT_MAX = 1024, /* bytes of one text */
};

/* Sets both. */
void log_set(enum log_level level, enum log_format format);

/* Sets the level from a word; an unknown word leaves it and returns ERR_ARG. */
enum err log_set_level(const char *word) MUST_USE;

/* Whether an event of that level is written at all. */
int log_wants(enum log_level level);

/* Writes one line to stderr if `level` is at most the log's; called by log_at. */
void log_write(enum log_level level, const char *file, int line, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

#define log_at(level, ...) log_write((level), __FILE__, __LINE__, __VA_ARGS__)

/* One fact of an event, made by the functions below; strings are borrowed for the call. */
struct log_field {
	const char *name; /* lower case, like an identifier */
	enum { LOG_TEXT, LOG_INT, LOG_REAL } kind;
	const char *text; /* LOG_TEXT; NULL leaves the field out */
	int64_t number;
	double real;
};

/* A text; NULL leaves the field out. */
struct log_field log_text(const char *name, const char *text);
/* A whole number. */
struct log_field log_int(const char *name, int64_t number);
/* Three digits behind the point; what is no number is left out. */
struct log_field log_real(const char *name, double real);

/*
 * Writes an event with its facts:
 *	log_event(LOG_INFO, "request", log_text("route", r), log_int("status", 200));
 */
void log_fields(
	enum log_level level, const char *event, const struct log_field *field, size_t count);

#define log_event(level, event, ...)                                          \
	log_fields((level), (event), (const struct log_field[]){__VA_ARGS__}, \
		sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

struct log_entry {
	int64_t now_ms; /* UTC */
	enum log_level level;
	const char *event;
	const struct log_field *field;
	size_t count;
};

/* What log_fields writes, without the line's end. Gives the length. */
size_t log_line(
	char out[static LOG_LINE_MAX], enum log_format format, const struct log_entry *entry);

#endif
