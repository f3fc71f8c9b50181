/* SPDX-License-Identifier: MIT */
/*
 * What the interfaces of older systems have in common: who may call them, how they refuse, and
 * recognising a photo. A handler's worker only; docs/legacy.md says how each is taken over.
 */
#ifndef API_LEGACY_LEGACY_H
#define API_LEGACY_LEGACY_H

#include "api/context.h"

/* Bytes of a photo as a data URL in JSON: a third more than the photo. */
enum { BODY_DATAURL = 32 * 1024 * 1024 };

/*
 * Whether the caller may: by its right, or, being nobody and having sent no key, by calling from
 * a loopback or private address where the operator opened that ('[legacy] open = lan').
 */
bool legacy_may(const struct request *req, const struct context *c, enum right right);

/* Whether the caller may do that in a group; whom only the open network lets in, may in all. */
enum err legacy_in_group(const struct request *req, struct store *store, const char *group_id,
	enum group_right right, struct error *why) MUST_USE;

/* Who it was, for the audit: "address:192.168.1.20" for whom only the open network lets in. */
void legacy_actor(const struct request *req, char out[static ACTOR_BYTES]);

/* {"error": text}; OK, as the answer is given. */
enum err legacy_error(struct response *res, int status, const char *text) MUST_USE;

/* The same for a caller who may not: 401 for nobody, 403 for one who lacks the right. */
enum err legacy_refuse(const struct request *req, struct response *res) MUST_USE;

/* A photo that was looked at; release with legacy_photo_finish, also after a failure. */
struct legacy_photo {
	struct recogniser *one;
	struct identified id;
};
enum err legacy_photo_look(struct context *c, const void *bytes, size_t len,
	struct legacy_photo *out, struct error *why) MUST_USE;
void legacy_photo_finish(struct context *c, struct legacy_photo *photo);

/* Whether a photo could not be looked at because of what it is, not because of us. */
bool legacy_photo_is_bad(enum err err);

/* The name of face i when it was recognised, else NULL. */
const char *legacy_photo_name(const struct legacy_photo *photo, size_t i);

/* "YYYY-MM-DD HH:MM:SS", local. */
enum { LEGACY_TIME_TEXT = 32 };
void legacy_time(const struct zone *zone, int64_t at_ms, char out[static LEGACY_TIME_TEXT]);

/*
 * Ends a transaction of the context's store, begun before, with an entry in the audit; takes
 * everything back when `err` is an error, which it returns.
 */
enum err legacy_commit(const struct request *req, struct context *c, enum err err,
	const struct audit_entry *entry, struct error *why) MUST_USE;

/*
 * Adds the templates of a photo to the person of that name, who is added if there is none, with
 * the audit, in the store of `one`, which holds the photo.
 * ERR_NOT_FOUND: no face in it; ERR_ARG:
 * too bad a photo, or a name that is none; ERR_EXISTS: it looks like somebody else, or is theirs.
 */
enum err legacy_enrol(const struct request *req, struct recogniser *one, const char *name,
	struct error *why) MUST_USE;

#endif
