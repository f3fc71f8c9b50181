/* SPDX-License-Identifier: MIT */
/*
 * Photos with a box and a name at every face, for people to look at. One thread.
 */
#ifndef CMD_ANNOTATE_H
#define CMD_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>

#include "attend/engine.h"
#include "base/err.h"
#include "cmd/photo_list.h"
#include "media/image.h"

/* What the command line says of annotated photos. */
struct annotate_choice {
	const char *out; /* a file or a folder; NULL = nowhere */
	bool blur;       /* make the faces unrecognisable */
};

/* Two rows of an option table; `type` has a `struct annotate_choice annotate`. */
#define ANNOTATE_OPTIONS(type, with)                                            \
	{.name = "annotate",                                                    \
		.kind = OPTION_TEXT,                                            \
		.value = "OUT",                                                 \
		.help = "write the photo with " with                            \
			": a .jpg or .png, or a folder for several photos",     \
		.offset = offsetof(type, annotate.out),                         \
		.complete = "file"},                                            \
	{                                                                       \
		.name = "blur", .kind = OPTION_FLAG,                            \
		.help = "make the faces in the annotated photo unrecognisable", \
		.offset = offsetof(type, annotate.blur)                         \
	}

/* Where annotated photos go. Zero-initialise; release with annotate_finish. */
struct annotate {
	struct annotate_choice to; /* without `out` every call does nothing */
	bool folder;
	struct photo_list written; /* so that photos of the same name do not replace each other */
};

/* One photo's faces. verdict and person may be NULL: then boxes carry the detector's score. */
struct annotation {
	const struct face_list *faces;
	const struct verdict *verdict;
	const struct person *person;
};

/*
 * Checks, before any work is done, that `out` can be what it must be: a folder (made if it is
 * missing) for several photos, else a file or a folder. ERR_ARG, ERR_UNSUPPORTED (the ending
 * is no picture's), or why the folder cannot be made.
 */
enum err annotate_init(struct annotate *a, const struct annotate_choice *choice, size_t photos,
	struct error *why) MUST_USE;
void annotate_finish(struct annotate *a);

/*
 * Draws on `photo`, which came from `path`, and writes it. In a folder the picture gets the
 * photo's own name with the ending .jpg. ERR_EXISTS when it would replace the photo itself.
 */
enum err annotate_write(struct annotate *a, const char *path, struct image *photo,
	const struct annotation *what, struct error *why) MUST_USE;

/*
 * The drawing alone: green with name and distance for a match, yellow with "name?" for
 * review, grey for unknown. Lines and letters are as large as photo and faces ask for.
 */
enum err annotate_draw(
	struct image *photo, const struct annotation *what, bool blur, struct error *why) MUST_USE;

#endif
