/* SPDX-License-Identifier: MIT */
/*
 * Settings from a file, the environment and the command line, in rising order, by tables of
 * keys. The file:
 *
 *	# a comment; so is a line that begins with a semicolon
 *	threads = 2
 *	[server]
 *	port = 5000
 *	tls-cert = "/etc/ssl/my certificate.pem"
 *
 * A value may stand in double quotes; inside them \" and \\ stand for " and \. Whatever is
 * unknown or out of range is an error that names the place and the nearest known word.
 * One thread at a time.
 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	CONFIG_BYTES_MAX = 64 * 1024, /* of a file */
	CONFIG_VALUE_MAX = 4096,      /* bytes of a value */
	CONFIG_ITEMS_MAX = 256,       /* of a list */
};

enum config_kind {
	CONFIG_BOOL,     /* bool: on, off, yes, no, true, false, 1, 0 */
	CONFIG_INT,      /* int */
	CONFIG_TEXT,     /* const char *; NULL when there is none */
	CONFIG_PATH,     /* the same; in a file, relative to its folder */
	CONFIG_CHOICE,   /* int: index into `choices` ("a|b|c") */
	CONFIG_DURATION, /* int64_t, milliseconds: "500 ms", "20 s", "15 min", "12 h", "30 days" */
	CONFIG_SIZE,     /* int64_t, bytes: "512 kB", "20 MB", "1 GB" (powers of 1024) */
	CONFIG_RATE,     /* struct config_rate: "10/min", "5/s burst 20", "off" */
	CONFIG_LIST,     /* struct config_list: "a, b c" */
};

/* burst 0: no limit. */
struct config_rate {
	double per_minute, burst;
};

struct config_list {
	const char *const *item;
	size_t count;
};

enum config_flags {
	CONFIG_SECRET = 1 << 0, /* is never shown */
	CONFIG_RELOAD = 1 << 1, /* takes effect on SIGHUP; others when the program starts */
};

/* One setting. Every pointer is static. */
struct config_key {
	const char *section; /* "" for the lines before the first [section] */
	const char *name;
	enum config_kind kind;
	size_t offset;        /* where the value goes in the struct of config_fill */
	const char *fallback; /* the default as one would write it; NULL = none, all zero */
	double min, max;      /* CONFIG_INT, _DURATION (ms), _SIZE (bytes) */
	const char *choices;  /* CONFIG_CHOICE */
	/* CONFIG_DURATION: the unit of a bare number ("s"), which is an error without. */
	const char *unit;
	const char *environment; /* variables, the first that is set counts: "A|B"; or NULL */
	const char *flag;        /* the option's long name, or NULL */
	unsigned flags;          /* enum config_flags */
	/* What else must hold of a text, a path or each item; ERR_ARG with "... is no X". */
	enum err (*check)(const char *text, struct error *why);
	const char *help; /* one sentence, without full stop */
};

/* Where a value comes from; a later one wins. */
enum config_source {
	CONFIG_DEFAULT,
	CONFIG_OTHER_FILE, /* a file of another system */
	CONFIG_FILE,
	CONFIG_ENV_FILE, /* a file of variables, ".env" */
	CONFIG_ENVIRONMENT,
	CONFIG_FLAG,
};

struct config;

/*
 * A configuration of these tables (each ends with a zeroed key, the array with NULL;
 * borrowed) with every default. ERR_INTERNAL when a default is none; ERR_NOMEM.
 */
enum err config_new(
	struct config **out, const struct config_key *const *table, struct error *why) MUST_USE;
void config_free(struct config *c);

/* Reads a file. ERR_ARG with "FILE:LINE: ..." for what is wrong; file_read's errors. */
enum err config_read_file(struct config *c, const char *path, struct error *why) MUST_USE;

/* The same from memory; `path` is for the errors and for relative paths. */
enum err config_read_text(struct config *c, const char *text, size_t len, const char *path,
	struct error *why) MUST_USE;

/*
 * Takes from variables ("NAME=value", the array ends with NULL) what the keys of `table` (NULL =
 * all) name. Empty ones count as not set. ERR_ARG, naming the variable; also for one that
 * begins with ROLLCALL_ and is nearly, but not, a known one (NULL table only).
 */
enum err config_read_environment(struct config *c, const struct config_key *table,
	const char *const *variables, struct error *why) MUST_USE;

/* The same from a file of lines "NAME=value" as python-dotenv reads them; others are ignored. */
enum err config_read_env_file(struct config *c, const char *path, struct error *why) MUST_USE;

/*
 * Sets one key from text, unless a higher source has set it. `where` ("--port") is for people
 * and for errors. ERR_ARG; ERR_NOMEM.
 */
enum err config_set(struct config *c, const struct config_key *key, const char *text,
	enum config_source source, const char *where, struct error *why) MUST_USE;

/* The key of a section and name, or of a flag; NULL if there is none. */
const struct config_key *config_find(const struct config *c, const char *section, const char *name);
const struct config_key *config_find_flag(const struct config *c, const char *flag);

/* Key number `i` in the order of the tables; NULL past the end. */
const struct config_key *config_key_at(const struct config *c, size_t i);

/* Its value as text (NULL = none), where from, and where exactly ("FILE:12", "PORT"). Borrowed. */
const char *config_text(const struct config *c, const struct config_key *key);
enum config_source config_source(const struct config *c, const struct config_key *key);
const char *config_where(const struct config *c, const struct config_key *key);

/*
 * Writes the values of one table's keys into their struct. Texts and lists are borrowed from
 * `c`. ERR_NOMEM.
 */
enum err config_fill(
	struct config *c, const struct config_key *table, void *values, struct error *why) MUST_USE;

/*
 * The first key without CONFIG_RELOAD, from `*i` on, whose value differs; NULL if there is
 * none. *i is set behind it. Both of the same tables.
 */
const struct config_key *config_difference(
	const struct config *before, const struct config *now, size_t *i);

#endif
