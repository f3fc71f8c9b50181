/* SPDX-License-Identifier: MIT */
/* Completion scripts, made from the tables of commands and options. One thread. */
#ifndef CMD_COMPLETION_H
#define CMD_COMPLETION_H

#include "base/buf.h"
#include "cmd/cmd.h"

/* Appends the script for a shell. ERR_NOMEM, ERR_LIMIT. */
enum err completion_bash(struct buf *out) MUST_USE;
enum err completion_zsh(struct buf *out) MUST_USE;
enum err completion_fish(struct buf *out) MUST_USE;

/* A script under way: the first failure stays in `err`. */
struct script {
	struct buf *out;
	enum err err;
};
void script_add(struct script *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* In single quotes; what is a quote itself is written as `quote` ("'\\''"). */
void script_quoted(struct script *s, const char *text, const char *quote);

/* The i-th word of what a command or verb takes ("person -"; the last repeats). "-" if none. */
void complete_word(const char *complete, size_t i, char *out, size_t size);
/* How many words there are; at least 1. */
size_t complete_words(const char *complete);

enum { COMPLETE_WORD_BYTES = 256 };

#endif
