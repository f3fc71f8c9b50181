/* SPDX-License-Identifier: MIT */
/*
 * The loop of every command that goes through photos: progress, Ctrl-C, and a photo that
 * fails is reported and does not stop the others. One thread.
 */
#ifndef CMD_PHOTO_RUN_H
#define CMD_PHOTO_RUN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/photo_list.h"

struct photo_run {
	struct photo_list list;
	json_t *photos; /* one entry a photo, in their order; a failed one as {"file", "error"} */
	size_t done, failed;
	struct progress *bar; /* while photo_run_all runs */
	size_t common;        /* bytes of the folder that all paths begin with */
	bool stopped;         /* by Ctrl-C, or because `fatal` was set */
	bool fatal;           /* set by the callback: going on makes no sense (the disk is full) */
};

/*
 * What a command does with one photo: a new reference to its JSON entry, or an error,
 * which is printed as "rollcall: file: why".
 */
typedef enum err photo_run_fn(void *ctx, const char *path, json_t **entry, struct error *why);

/* Takes the photos from the command's arguments from `first` on. Release with photo_run_finish. */
enum err photo_run_init(
	struct photo_run *run, const struct cmd *c, size_t first, struct error *why) MUST_USE;
void photo_run_finish(struct photo_run *run);

/* Goes through them. An error of its own only when out of memory. */
enum err photo_run_all(struct photo_run *run, photo_run_fn *fn, void *ctx, const char *what,
	struct error *why) MUST_USE;

/* The exit status: failed if a photo failed or was left out, else nothing unless `recognised`. */
int photo_run_status(const struct photo_run *run, bool recognised);

/* "no face in 3 photos", if any could be looked at. */
enum err photo_run_no_face(const struct photo_run *run, struct error *why) MUST_USE;

/*
 * Prints a table of faces, or that there is none, or with --json {"photos"}; gives the exit
 * status.
 */
int photo_run_print(const struct photo_run *run, const struct cmd *c, const struct table *faces,
	bool recognised);

/* The path as tables show it: without the folder that all photos are in. Borrowed from `path`. */
const char *photo_short(const struct photo_run *run, const char *path);

/* "rollcall: file: why" on stderr, the file's name only once. */
void photo_warn(const char *path, const char *why);

#endif
