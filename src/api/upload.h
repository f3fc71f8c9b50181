/* SPDX-License-Identifier: MIT */
/*
 * Images that come with a request, in whichever of three ways: as parts of multipart/form-data, as
 * the raw body (image/...), or as data URLs (or plain base64) in a JSON object. What a request
 * says besides comes as fields of the same form or object, or in the query. Any thread.
 */
#ifndef API_UPLOAD_H
#define API_UPLOAD_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "api/recogniser.h"
#include "net/dataurl.h"
#include "net/form.h"
#include "net/request.h"
#include "net/response.h"

enum { UPLOAD_IMAGES_MAX = 4 };

/* What a handler takes. Lists end with NULL and outlive the upload. */
struct upload_wanted {
	/* Names of the images; NULL: one, called "image", "photo" or "file". */
	const char *const *images;
	size_t needed;            /* so many of them must be there; 0: all */
	const char *const *texts; /* fields that may come along; NULL: none */
};

struct upload_image {
	const uint8_t *bytes; /* NULL: it did not come */
	size_t len;
};

/* Everything is borrowed from the request and from itself; release with upload_finish. */
struct upload {
	struct upload_image image[UPLOAD_IMAGES_MAX]; /* in the order of their names */
	const struct request *req;
	struct form form;
	json_t *doc;
	struct dataurl url[UPLOAD_IMAGES_MAX];
};

/*
 * Reads them. Otherwise the response is a problem: 400 no_image, 400 bad_image (no base64), 400
 * invalid_field, 415 unsupported (another content type, or a data URL of something else), 413. Call
 * upload_finish in any case.
 */
enum err upload_read(struct upload *out, const struct request *req, struct response *res,
	const struct upload_wanted *wanted) MUST_USE;
void upload_finish(struct upload *u);

/* A text that came along, in the query or the body; NULL when it did not, or is empty. */
const char *upload_text(const struct upload *u, const char *name);

/*
 * Decodes one into one->photo, in the sandbox. Otherwise the response is a problem: 400 bad_image,
 * 415 unsupported, 413 too_large.
 */
enum err upload_decode(
	const struct upload_image *image, struct recogniser *one, struct response *res) MUST_USE;

#endif
