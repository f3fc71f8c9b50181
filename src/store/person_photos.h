/* SPDX-License-Identifier: MIT */
/* The photos that somebody is recognised by, one by one. As a store: one thread at a time. */
#ifndef STORE_PERSON_PHOTOS_H
#define STORE_PERSON_PHOTOS_H

#include "store/store.h"

/* One template, and the photo that it was taken from. */
struct person_photo {
	char id[UUID_TEXT]; /* of the template */
	char model[STORE_MODEL_BYTES];
	double quality; /* NAN = not known */
	int64_t created_ms;
	uint8_t photo_hash[PHOTO_HASH_BYTES]; /* zeros = not known */
	bool kept;                            /* the face is there as an image */
};

struct person_photo_list {
	struct person_photo *item;
	size_t count, capacity;
};
void person_photo_list_finish(struct person_photo_list *list);

/* All of a person, oldest first. Appends to `out`. */
enum err store_person_photos(struct store *s, const char *person_id, struct person_photo_list *out,
	struct error *why) MUST_USE;
enum err store_person_photo(struct store *s, const char *person_id, const char *id,
	struct person_photo *out, struct error *why) MUST_USE;
/*
 * Erases a template, those of other models from the same photo, and what is kept of the photo.
 * ERR_NOT_FOUND.
 */
enum err store_person_photo_remove(
	struct store *s, const char *person_id, const char *id, struct error *why) MUST_USE;

#endif
