/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/name.h"

static const char *const level_words[] = {"error", "warn", "info", "debug"};

/* The log's level and format: listed exceptions to "no mutable globals". */
static atomic_int current_level = LOG_WARN;
static atomic_int current_format = LOG_AS_TEXT;

void log_set(enum log_level level, enum log_format format)
{
	atomic_store(&current_level, (int)level);
	atomic_store(&current_format, (int)format);
}

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

int log_wants(enum log_level level)
{
	return (int)level <= atomic_load(&current_level);
}

struct log_field log_text(const char *name, const char *text)
{
	return (struct log_field){.name = name, .kind = LOG_TEXT, .text = text};
}

struct log_field log_int(const char *name, int64_t number)
{
	return (struct log_field){.name = name, .kind = LOG_INT, .number = number};
}

struct log_field log_real(const char *name, double real)
{
	return (struct log_field){.name = name, .kind = LOG_REAL, .real = real};
}

/* --- one line --- */

/* A line under way: what does not fit is left out. */
struct line {
	char *out;
	size_t len, max;
};

static void put(struct line *l, const char *bytes, size_t len)
{
	if (len > l->max - l->len)
		return;
	memcpy(l->out + l->len, bytes, len);
	l->len += len;
	l->out[l->len] = '\0';
}

static void put_text(struct line *l, const char *text)
{
	put(l, text, strlen(text));
}

/* As much of a text as may be in a line, ending between characters. */
static size_t text_span(const char *text)
{
	size_t len = strnlen(text, LOG_TEXT_MAX);
	if (len == LOG_TEXT_MAX) {
		while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
			len--;
	}
	return len;
}

/* In quotes, by RFC 8259; what is no UTF-8 loses all bytes beyond ASCII. */
static void put_quoted(struct line *l, const char *text)
{
	size_t len = text_span(text);
	bool utf8 = utf8_valid(text, len);
	put(l, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		char escaped[8];
		if (c == '"' || c == '\\')
			snprintf(escaped, sizeof(escaped), "\\%c", c);
		else if (c < 0x20 || c == 0x7F)
			snprintf(escaped, sizeof(escaped), "\\u%04x", c);
		else
			snprintf(escaped, sizeof(escaped), "%c", c >= 0x80 && !utf8 ? '?' : c);
		put_text(l, escaped);
	}
	put(l, "\"", 1);
}

/* As it is if it is a plain word, else in quotes: a line can be taken apart again. */
static void put_word(struct line *l, const char *text)
{
	size_t len = text_span(text);
	bool plain = len > 0 && text[len] == '\0';
	for (size_t i = 0; plain && i < len; i++)
		plain = text[i] > ' ' && text[i] < 0x7F && text[i] != '"' && text[i] != '\\';
	if (plain)
		put(l, text, len);
	else
		put_quoted(l, text);
}

static void put_time(struct line *l, int64_t now_ms)
{
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm t;
	char text[80];
	if (gmtime_r(&seconds, &t) == NULL)
		return;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", t.tm_year + 1900,
		t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (int)(now_ms % 1000));
	put_text(l, text);
}

static void put_field(struct line *l, enum log_format format, const struct log_field *f)
{
	bool json = format == LOG_AS_JSON;
	char number[64];
	if ((f->kind == LOG_TEXT && f->text == NULL) || (f->kind == LOG_REAL && !isfinite(f->real)))
		return;
	put_text(l, json ? ",\"" : " ");
	put_text(l, f->name);
	put_text(l, json ? "\":" : "=");
	if (f->kind == LOG_TEXT && json) {
		put_quoted(l, f->text);
	} else if (f->kind == LOG_TEXT) {
		put_word(l, f->text);
	} else {
		if (f->kind == LOG_INT)
			snprintf(number, sizeof(number), "%lld", (long long)f->number);
		else
			snprintf(number, sizeof(number), "%.3f", f->real);
		put_text(l, number);
	}
}

size_t log_line(
	char out[static LOG_LINE_MAX], enum log_format format, const struct log_entry *entry)
{
	/* Room for the end is kept: an object is closed however long its texts are. */
	struct line l = {.out = out, .max = LOG_LINE_MAX - 2};
	bool json = format == LOG_AS_JSON;
	if (json) {
		put_text(&l, "{\"time\":\"");
		put_time(&l, entry->now_ms);
		put_text(&l, "\",\"level\":\"");
	}
	put_text(&l, level_words[entry->level]);
	put_text(&l, json ? "\",\"event\":" : " ");
	if (json)
		put_quoted(&l, entry->event);
	else
		put_word(&l, entry->event);
	for (size_t i = 0; i < entry->count; i++) {
		size_t before = l.len;
		char field_text[LOG_LINE_MAX];
		struct line one = {.out = field_text, .max = sizeof(field_text) - 1};
		put_field(&one, format, &entry->field[i]);
		put(&l, field_text, one.len);
		if (l.len == before && one.len > 0)
			break;
	}
	l.max++;
	if (json)
		put(&l, "}", 1);
	return l.len;
}

void log_fields(
	enum log_level level, const char *event, const struct log_field *field, size_t count)
{
	if (!log_wants(level))
		return;
	char line[LOG_LINE_MAX];
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	const struct log_entry entry = {
		.now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
		.level = level,
		.event = event,
		.field = field,
		.count = count};
	(void)log_line(line, (enum log_format)atomic_load(&current_format), &entry);
	fprintf(stderr, "%s\n", line);
}

void log_write(enum log_level level, const char *file, int line, const char *fmt, ...)
{
	if (!log_wants(level))
		return;
	char text[LOG_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (atomic_load(&current_format) == LOG_AS_JSON) {
		log_event(level, "message", log_text("text", text),
			log_text("file", path_base(file)), log_int("line", line));
		return;
	}
	for (char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20)
			*c = '?';
	}
	fprintf(stderr, "%s %s:%d %s\n", level_words[level], path_base(file), line, text);
}
