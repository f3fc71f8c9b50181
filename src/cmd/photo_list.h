/* SPDX-License-Identifier: MIT */
/*
 * The photos that a command's arguments mean: files, and folders for all photos in them. One
 * thread.
 */
#ifndef CMD_PHOTO_LIST_H
#define CMD_PHOTO_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* One photo, or an argument that gave none: then `error` says why. */
struct photo_item {
	char *path;  /* owned; bytes as the system has them, not always UTF-8 */
	char *error; /* owned; NULL when there is a photo to read */
};

/* Growing; zero-initialise, release with photo_list_finish. */
struct photo_list {
	struct photo_item *item;
	size_t count, capacity;
};

enum { PHOTO_LIST_MAX = 1000000 }; /* photos and folders of one command */

void photo_list_finish(struct photo_list *list);

/* Whether a file's name ends as a photo's does: .jpg .jpeg .png .webp in either case. */
bool photo_ending(const char *name);

/*
 * Appends an argument: a file as it is (whether it can be read shows when it is), of a folder
 * all photos in it, by name. A folder that cannot be read or has no photo becomes one item
 * with `error`. Fails only out of memory or over PHOTO_LIST_MAX.
 */
enum err photo_list_add(struct photo_list *list, const char *path, struct error *why) MUST_USE;

/* Appends the photos in a folder, by name. ERR_NOT_FOUND: there is none; else as open(2). */
enum err photo_list_add_folder(
	struct photo_list *list, const char *folder, struct error *why) MUST_USE;

/* Appends the sub-folders of a folder, by name; those with a leading dot are left out. */
enum err photo_list_add_subfolders(
	struct photo_list *list, const char *folder, struct error *why) MUST_USE;

#endif
