/* SPDX-License-Identifier: MIT */
/*
 * The log goes to stderr, one line an event; ids and never names. The level is
 * error, warn (default), info or debug; main sets it from $ROLLCALL_LOG. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Sets the level from a word; an unknown word leaves it and returns ERR_ARG. */
enum err log_set_level(const char *word) MUST_USE;

/* Writes one line to stderr if `level` is at most the log's; called by log_at. */
void log_write(enum log_level level, const char *file, int line, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

#define log_at(level, ...) log_write((level), __FILE__, __LINE__, __VA_ARGS__)

#endif
