/* SPDX-License-Identifier: MIT */
/*
 * Files of labelled pairs in the format of Labeled Faces in the Wild. Any thread.
 *
 * First line: "N" (N same pairs, then N different ones) or "F<tab>N" (F folds of that).
 * Then one pair a line: "Name i j" (photos i and j of one person) or "Name1 i Name2 j"
 * (of two). Photo i of Name is the file Name/Name_000i.jpg.
 */
#ifndef GALLERY_PAIRS_H
#define GALLERY_PAIRS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
	PAIRS_FILE_MAX = 16 << 20, /* bytes of the file */
	PAIRS_MAX = 200000,
	PAIRS_FOLDS_MAX = 1000,
	PAIRS_FOLDS = 10,       /* that a file with a single one is cut into */
	PAIR_NAME_BYTES = 128,  /* of a person's folder, with the final zero */
	PAIR_NUMBER_MAX = 9999, /* four digits in the file's name */
};

/* One photo of somebody. */
struct pair_photo {
	char name[PAIR_NAME_BYTES];
	int number; /* 1..PAIR_NUMBER_MAX */
};

struct pair {
	struct pair_photo photo[2];
	bool same;
	int fold; /* 0.. */
};

struct pair_list {
	struct pair *item;
	size_t count, capacity;
	int folds;
};

void pair_list_finish(struct pair_list *list);

/*
 * Parses a whole file into `out` (zero-initialised). A file of a single fold is cut into
 * PAIRS_FOLDS, the n-th tenth of the same pairs with the n-th tenth of the different ones.
 * Names that would leave the folder of images are refused. ERR_FORMAT with the number of
 * the line; ERR_LIMIT; ERR_NOMEM. On error `out` is empty.
 */
enum err pairs_parse(
	struct pair_list *out, const char *text, size_t len, struct error *why) MUST_USE;

/* Reads and parses a file. */
enum err pairs_load(struct pair_list *out, const char *path, struct error *why) MUST_USE;

/* "FOLDER/Name/Name_0001.jpg"; a new string for free(3), NULL when out of memory. */
char *pair_photo_path(const char *folder, const struct pair_photo *photo);

/* Order by name, then number: 0 if both are the same photo. */
int pair_photo_compare(const struct pair_photo *a, const struct pair_photo *b);

#endif
