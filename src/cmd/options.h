/* SPDX-License-Identifier: MIT */
/* Reads a command line by tables of options, GNU style. Pure but for memory; any thread. */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/cmd.h"

enum { OPTIONS_MAX = 64 /* of one table: one bit each in `given` */ };

/* One table and where its values go. */
struct option_set {
	const struct option_spec *spec; /* ends with a zeroed one; NULL = none */
	void *values;                   /* the struct that the offsets are of */
	uint64_t given;                 /* out: bit i when spec[i] was on the command line */
};

/* A command line and how far it has been read. */
struct option_reader {
	const char *const *argv; /* `argc` words; values and arguments are borrowed from it */
	int argc;
	int next; /* first word that has not been read */
	struct option_set *set;
	size_t sets;           /* an option is looked for in set[0] first */
	bool stop_at_argument; /* stop before the first word that is no option */
};

/*
 * Reads "--name VALUE", "--name=VALUE", "-n VALUE", "-nVALUE", bundled flags "-abc" and
 * "--", after which everything is an argument; options may follow arguments. Words that
 * are no options go to `arg` (room for argc), their number to `*args`; both may be NULL
 * with stop_at_argument. ERR_ARG with the reason: unknown (naming the nearest), value
 * missing, malformed or out of range.
 */
enum err options_read(
	struct option_reader *r, const char **arg, size_t *args, struct error *why) MUST_USE;

/* Checks `text` and stores it as the value of one option that takes one. ERR_ARG. */
enum err option_store(
	const struct option_spec *spec, const char *text, void *values, struct error *why) MUST_USE;

/* The option of that name in a table that may be NULL; NULL if there is none. */
const struct option_spec *option_find(const struct option_spec *table, const char *name);

/* The i-th word of "a|b|c" and its length; false when there are fewer. */
bool choice_at(const char *choices, size_t i, const char **word, size_t *len);

/* Position of `text` in "a|b|c", or -1. */
int choice_index(const char *choices, const char *text);

/* A strict whole number: optional minus, digits, nothing else, in range. */
bool whole_number(const char *text, long min, long max, long *out);

#endif
