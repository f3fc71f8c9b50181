/* SPDX-License-Identifier: MIT */
/* A temporary home for tests of the store, and short ways to fill it. Any thread. */
#ifndef TESTS_SUPPORT_HOME_H
#define TESTS_SUPPORT_HOME_H

#include "store/store.h"

enum { HOME_PATH = 256, HOME_NOW = 1000 };

/* A folder below $TMPDIR (or /tmp) with the path of a home that is not there yet. */
struct home {
	char folder[HOME_PATH];
	char path[HOME_PATH]; /* folder/home */
};

/* False when the folder cannot be made. */
bool home_make(struct home *home);
/* The same in memory (/dev/shm) where that is possible: quick, for tests that sync much. */
bool home_make_quick(struct home *home);
/* Removes it and everything in it. */
void home_remove(const struct home *home);
/* home/name in `out`. */
void home_file(const struct home *home, const char *name, char out[static HOME_PATH]);

/* Opens it, making it if need be; NULL, having printed why, on failure. */
struct store *home_open(const struct home *home);

/* Both at once, quickly; what was made is for home_end also when it gives false. */
bool home_begin(struct home *home, struct store **s);
/* Closes the store, which may be NULL, and removes everything. */
void home_end(const struct home *home, struct store *s);

/* Adds a person or a group; fills `id`. */
enum err home_person(struct store *s, const char *name, const char *number,
	char id[static UUID_TEXT], struct error *why) MUST_USE;
enum err home_group(
	struct store *s, const char *name, char id[static UUID_TEXT], struct error *why) MUST_USE;

#endif
