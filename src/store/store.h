/* SPDX-License-Identifier: MIT */
/*
 * What lasts. One interface, SQLite behind it. A handle belongs to one thread at a time;
 * open one per thread. Every call is in one organisation: the first of the database until
 * store_use_org says otherwise.
 *
 * Durability: once a call that writes has returned OK outside a transaction, or
 * store_commit has, the change survives kill -9 and a power cut.
 * All strings given are copied; ids are UUIDv7 text; times are UTC milliseconds.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/name.h"
#include "base/uuid.h"

enum {
	NUMBER_BYTES = 65, /* a person's number: up to 64 bytes */
	STORE_MODEL_BYTES = 129,
	MODEL_NAME_BYTES = 65,
	STORE_PHOTO_MAX = 1 << 20, /* bytes of a photo that is kept */
	STORE_DIM_MAX = 1024,
	STORE_BUSY_TIMEOUT_MS = 5000,
	PHOTO_HASH_BYTES = 32,
	ACTOR_BYTES = 129,
	REASON_BYTES = 501,
};

struct store;

/* How a home is opened. */
enum store_flags {
	STORE_CREATE = 1 << 0,   /* make home, key and database if they are not there */
	STORE_READ_ONLY = 1 << 1 /* change nothing, not even by a migration */
};

/*
 * Opens the database of a home folder: HOME/rollcall.db and HOME/key (32 bytes, mode 0600).
 * Migrates an older database after copying it to HOME/rollcall.db.v<old>.
 * ERR_NOT_FOUND: there is none and STORE_CREATE was not given. ERR_KEY: the key is missing,
 * readable by others, or another database's. ERR_VERSION: made by a newer program.
 * ERR_DENIED: home is read-only. ERR_FORMAT: not a database of ours, or damaged.
 */
enum err store_open(
	struct store **out, const char *home, unsigned flags, struct error *why) MUST_USE;
void store_close(struct store *s);

/* Schema version of this program and of an open store (equal unless read-only). */
int store_version_known(void);
int store_version(const struct store *s);

/*
 * Groups several calls into one all-or-nothing change. Not nested. rollback accepts no
 * transaction.
 */
enum err store_begin(struct store *s, struct error *why) MUST_USE;
enum err store_commit(struct store *s, struct error *why) MUST_USE;
void store_rollback(struct store *s);

/*
 * Checks the whole file (SQLite's integrity and foreign keys); ERR_FORMAT names the first
 * defect.
 */
enum err store_check(struct store *s, struct error *why) MUST_USE;

/* --- organisation --- */

struct org {
	char id[UUID_TEXT];
	char name[NAME_BYTES];
	char zone[ZONE_NAME_MAX];
	int start_minute;    /* local, 0..1439; default 540 = 09:00 */
	int grace_minutes;   /* default 15 */
	int cooldown_s;      /* default 60 */
	double budget;       /* how often a stranger may be taken for somebody; default 0.001 */
	int keep_faces_days; /* of sightings, for corrections; 0 = never; default 30 */
	/* Names of the models in use; "" = the default one. */
	char detector[MODEL_NAME_BYTES], embedding[MODEL_NAME_BYTES];
	/* The embedding that is to follow when everybody has templates of it; "" = none. */
	char coming[MODEL_NAME_BYTES];
	bool keep_photos; /* enrolment photos, for another model; default false */
};

/* Reads and changes the organisation; from store_use_org on, calls are in that one. */
enum err store_org(struct store *s, struct org *out, struct error *why) MUST_USE;
enum err store_org_update(struct store *s, const struct org *org, struct error *why) MUST_USE;
enum err store_use_org(struct store *s, const char *org_id, struct error *why) MUST_USE;

/* --- people --- */

struct person {
	char id[UUID_TEXT];
	char name[NAME_BYTES];     /* as name_clean gives it */
	char number[NUMBER_BYTES]; /* "" = none */
	int face_id;               /* of a smart camera, 1..65535; 0 = none */
	int64_t created_ms;
	size_t templates; /* filled when read */
	int64_t version;  /* of the row; for store_person_update: 0 = whatever it is now */
};

struct person_list {
	struct person *item;
	size_t count, capacity;
};
void person_list_finish(struct person_list *list);

/*
 * Adds a person: name is cleaned, id and created_ms are filled in. ERR_EXISTS when the name
 * (compared by key) is taken, unless both have numbers and they differ; when the number or
 * face_id is taken.
 */
enum err store_person_add(
	struct store *s, struct person *person, int64_t now_ms, struct error *why) MUST_USE;
enum err store_person(
	struct store *s, const char *id, struct person *out, struct error *why) MUST_USE;
/*
 * By id, number, or name. ERR_NOT_FOUND (naming the nearest name); ERR_ARG when two have
 * that name.
 */
enum err store_person_find(
	struct store *s, const char *who, struct person *out, struct error *why) MUST_USE;
/*
 * Changes name, number, face_id, under the rules of adding. ERR_CONFLICT: the row is not of
 * person->version any more; then nothing is changed.
 */
enum err store_person_update(struct store *s, struct person *person, struct error *why) MUST_USE;
/* Erases the person: templates, memberships and marks go, sightings lose who it was. */
enum err store_person_remove(struct store *s, const char *id, struct error *why) MUST_USE;
/* All people, or those of a group (NULL = all), by name. Appends to `out`. */
enum err store_people(
	struct store *s, const char *group_id, struct person_list *out, struct error *why) MUST_USE;
/*
 * Who was in a group at a moment, also a group that has been removed since; NULL: who was there
 * and in no group. By name; appends to `out`. INT64_MAX asks for now.
 */
enum err store_people_at(struct store *s, const char *group_id, int64_t at_ms,
	struct person_list *out, struct error *why) MUST_USE;

/* --- groups and membership --- */

struct group {
	char id[UUID_TEXT];
	char name[NAME_BYTES];
	int start_minute;  /* -1 = the organisation's */
	int grace_minutes; /* -1 = the organisation's */
	size_t members;    /* filled when read */
	int64_t version;   /* of the row; for store_group_update: 0 = whatever it is now */
};

struct group_list {
	struct group *item;
	size_t count, capacity;
};
void group_list_finish(struct group_list *list);

/* Adds a group; fills its id. ERR_EXISTS when the name (compared by key) is taken. */
enum err store_group_add(
	struct store *s, struct group *group, int64_t now_ms, struct error *why) MUST_USE;
enum err store_group(
	struct store *s, const char *id, struct group *out, struct error *why) MUST_USE;
enum err store_group_find(
	struct store *s, const char *name_or_id, struct group *out, struct error *why) MUST_USE;
/* ERR_CONFLICT: the row is not of group->version any more; then nothing is changed. */
enum err store_group_update(struct store *s, struct group *group, struct error *why) MUST_USE;
/* ERR_ARG while it has members: "Cannot delete 'X' because N user(s) are still assigned to it." */
enum err store_group_remove(struct store *s, const char *id, struct error *why) MUST_USE;
enum err store_groups(struct store *s, struct group_list *out, struct error *why) MUST_USE;
enum err store_person_groups(
	struct store *s, const char *person_id, struct group_list *out, struct error *why) MUST_USE;
/* Both are fine when it is so already. Who was in a group, and when, is kept. */
enum err store_member_add(struct store *s, const char *group_id, const char *person_id,
	int64_t now_ms, struct error *why) MUST_USE;
enum err store_member_remove(struct store *s, const char *group_id, const char *person_id,
	int64_t now_ms, struct error *why) MUST_USE;

/* --- templates: encrypted at rest, bound to their row --- */

struct template_new {
	const char *person_id;
	const char *model;   /* templates of different models are never mixed */
	const float *vector; /* dim floats */
	size_t dim;
	float quality;                        /* 0..1 */
	uint8_t photo_hash[PHOTO_HASH_BYTES]; /* store_photo_hash of the file */
};

/* A keyed BLAKE2b of a photo's bytes: tells the same file again, tells nobody else anything. */
void store_photo_hash(
	const struct store *s, const void *bytes, size_t len, uint8_t out[static PHOTO_HASH_BYTES]);

/* ERR_EXISTS when any person has a template of this model from the same photo (names whose). */
enum err store_template_add(
	struct store *s, const struct template_new *t, int64_t now_ms, struct error *why) MUST_USE;

/* ERR_EXISTS, saying whose it is, when a photo gave a template of this model already. */
enum err store_photo_check(struct store *s, const char *model,
	const uint8_t photo_hash[static PHOTO_HASH_BYTES], struct error *why) MUST_USE;

typedef enum err store_template_fn(
	void *ctx, const char *person_id, const float *vector, size_t dim, struct error *why);
/*
 * Calls fn with every template of a model, by person; stops at the first error of fn, which
 * it returns.
 */
enum err store_templates(struct store *s, const char *model, store_template_fn *fn, void *ctx,
	struct error *why) MUST_USE;
/* How many templates a model has in the store. */
enum err store_template_count(
	struct store *s, const char *model, size_t *out, struct error *why) MUST_USE;

/* What is known of a template beside its vector. */
struct template_info {
	char person_id[UUID_TEXT];
	double quality; /* NAN = not known */
	int64_t created_ms;
};
typedef enum err store_template_info_fn(
	void *ctx, const struct template_info *info, struct error *why);
/* The same for what is known beside the vectors. */
enum err store_template_infos(struct store *s, const char *model, store_template_info_fn *fn,
	void *ctx, struct error *why) MUST_USE;

/* People with templates, but with none of this model; by name. Appends to `out`. */
enum err store_people_without(
	struct store *s, const char *model, struct person_list *out, struct error *why) MUST_USE;
/* Whose a template of this model from that photo is; "" = nobody's. */
enum err store_photo_owner(struct store *s, const char *model,
	const uint8_t photo_hash[static PHOTO_HASH_BYTES], char person_id[static UUID_TEXT],
	struct error *why) MUST_USE;
/* Deletes the templates of a model; `count` (may be NULL) gets how many. */
enum err store_templates_remove(
	struct store *s, const char *model, size_t *count, struct error *why) MUST_USE;
/* Deletes the templates of all other models of those people who have one of this. */
enum err store_templates_replace(
	struct store *s, const char *model, size_t *count, struct error *why) MUST_USE;

/* --- kept photos: encrypted at rest, bound to their row --- */

struct kept_photo {
	char person_id[UUID_TEXT];
	uint8_t photo_hash[PHOTO_HASH_BYTES]; /* of the file that it was cut from */
};
struct kept_photo_list {
	struct kept_photo *item;
	size_t count, capacity;
};
void kept_photo_list_finish(struct kept_photo_list *list);

/* An encoded image. Nothing happens when it is there already. ERR_LIMIT over STORE_PHOTO_MAX. */
enum err store_photo_keep(struct store *s, const struct kept_photo *photo, const struct buf *bytes,
	int64_t now_ms, struct error *why) MUST_USE;
/* Whether it is kept, for whomever. */
enum err store_photo_kept(struct store *s, const uint8_t photo_hash[static PHOTO_HASH_BYTES],
	bool *out, struct error *why) MUST_USE;
/* Those that have given no template of a model, by person. Appends to `out`. */
enum err store_photos_without(struct store *s, const char *model, struct kept_photo_list *out,
	struct error *why) MUST_USE;
/* Appends the encoded image. ERR_NOT_FOUND: it is there no longer. */
enum err store_photo_bytes(struct store *s, const struct kept_photo *photo, struct buf *out,
	struct error *why) MUST_USE;
enum err store_photos_count(struct store *s, size_t *out, struct error *why) MUST_USE;
enum err store_photos_remove(struct store *s, size_t *count, struct error *why) MUST_USE;

/* --- sessions --- */

struct session_row {
	char id[UUID_TEXT];
	char group_id[UUID_TEXT]; /* "" = of people without a group */
	char day[DAY_TEXT];       /* local */
	int64_t start_ms;         /* when it begins */
	int64_t late_ms;          /* a first sighting after this moment is late */
	int64_t closed_ms;        /* 0 = open */
	int64_t opened_ms;        /* when it was made; filled by the store */
	int64_t version;          /* of the row; filled by the store */
};

struct session_list {
	struct session_row *item;
	size_t count, capacity;
};
void session_list_finish(struct session_list *list);

/*
 * The register of a group ("" = none) for a day: makes it from `row` if it is not there,
 * then fills `row`.
 */
enum err store_session_day(
	struct store *s, struct session_row *row, int64_t now_ms, struct error *why) MUST_USE;
enum err store_session(
	struct store *s, const char *id, struct session_row *out, struct error *why) MUST_USE;
enum err store_sessions(
	struct store *s, const char *day, struct session_list *out, struct error *why) MUST_USE;
/* The registers of all days in which a person has a mark, by day. Appends to `out`. */
enum err store_sessions_marked(struct store *s, const char *person_id, struct session_list *out,
	struct error *why) MUST_USE;
enum err store_session_close(
	struct store *s, const char *id, int64_t closed_ms, struct error *why) MUST_USE;

/* --- sightings: append-only --- */

struct sighting {
	char id[UUID_TEXT];
	int64_t at_ms;
	char source[ACTOR_BYTES];           /* "photo", "camera", a device's name */
	char person_id[UUID_TEXT];          /* "" for unknown; the nearest person for review */
	char decision[16];                  /* match, review, unknown, manual */
	double distance, margin, threshold; /* NAN = none */
	double quality, score;
	float box[4];
	uint8_t photo_hash[PHOTO_HASH_BYTES];
};

/* Appends; fills id. Never changed afterwards: the schema refuses it. */
enum err store_sighting_add(
	struct store *s, struct sighting *sighting, int64_t now_ms, struct error *why) MUST_USE;
enum err store_sighting(
	struct store *s, const char *id, struct sighting *out, struct error *why) MUST_USE;
/*
 * Time of the person's latest matched or manual sighting in [from_ms, to_ms] that nobody has
 * rejected; ERR_NOT_FOUND if none.
 */
enum err store_sighting_last(struct store *s, const char *person_id, int64_t from_ms, int64_t to_ms,
	int64_t *at_ms, struct error *why) MUST_USE;
/* Sightings in [from_ms, to_ms), oldest first; fn as for templates. */
typedef enum err store_sighting_fn(void *ctx, const struct sighting *sighting, struct error *why);
enum err store_sightings(struct store *s, int64_t from_ms, int64_t to_ms, store_sighting_fn *fn,
	void *ctx, struct error *why) MUST_USE;

/*
 * The person's earliest matched sighting in [from_ms, to_ms) that nobody has rejected, and that
 * was not looked for only among another group than `group_id`; ERR_NOT_FOUND if none.
 */
struct sighting_search {
	const char *person_id, *group_id; /* "" = of people without a group */
	int64_t from_ms, to_ms;
};
enum err store_sighting_first(struct store *s, const struct sighting_search *what,
	struct sighting *out, struct error *why) MUST_USE;

/* --- evidence: what a sighting was decided from; append-only --- */

struct evidence {
	char group_id[UUID_TEXT];   /* whose people could be named; "" = everybody */
	char reason[128];           /* why it was no match; "" if it was */
	bool guest;                 /* the person is not of that group */
	int64_t candidates, guests; /* people who could be named, and others; with templates */
	double budget, review, margin_needed, quality_needed; /* of the rule */
	char second_id[UUID_TEXT];                            /* the second person; "" = none */
	double second_distance;                               /* NAN = none */
	double counter;  /* to the nearest rejected face of the person; NAN = none */
	int64_t looks;   /* at the face, put together; 0 = one, at a photo */
	int64_t span_ms; /* from the first look to the last */
};
enum err store_evidence_add(struct store *s, const char *sighting_id,
	const struct evidence *evidence, struct error *why) MUST_USE;
/* ERR_NOT_FOUND: the sighting is from before there was evidence. */
enum err store_evidence(
	struct store *s, const char *sighting_id, struct evidence *out, struct error *why) MUST_USE;

/* --- faces of sightings: encrypted at rest, bound to their row, kept for some days --- */

struct face_vector {
	char model[STORE_MODEL_BYTES];
	size_t dim;
	float vector[STORE_DIM_MAX];
};
/* ERR_NOT_FOUND: no such sighting. */
enum err store_face_add(struct store *s, const char *sighting_id, const struct face_vector *face,
	int64_t now_ms, struct error *why) MUST_USE;
/* ERR_NOT_FOUND: it was not kept, or no longer. */
enum err store_face(struct store *s, const char *sighting_id, struct face_vector *out,
	struct error *why) MUST_USE;
/* Deletes those written before a moment; `count` (may be NULL) gets how many. */
enum err store_faces_purge(
	struct store *s, int64_t before_ms, int64_t *count, struct error *why) MUST_USE;

/* --- rejections: a sighting that is not this person, and its face as a counter-example --- */

struct rejection {
	char sighting_id[UUID_TEXT], person_id[UUID_TEXT];
	char actor[ACTOR_BYTES], reason[REASON_BYTES];
	int64_t at_ms; /* filled when read */
	bool has_face; /* filled when read */
};
/* `face` may be NULL. ERR_EXISTS: that was said already. */
enum err store_rejection_add(struct store *s, const struct rejection *rejection,
	const struct face_vector *face, int64_t now_ms, struct error *why) MUST_USE;
/* The first of a sighting; ERR_NOT_FOUND if nobody rejected it. */
enum err store_rejection(struct store *s, const char *sighting_id, struct rejection *out,
	struct error *why) MUST_USE;
/* Calls fn with the rejected faces of a model, as store_templates does. */
enum err store_counter_examples(struct store *s, const char *model, store_template_fn *fn,
	void *ctx, struct error *why) MUST_USE;

/* --- marks --- */

enum mark_status { MARK_PRESENT, MARK_LATE, MARK_ABSENT, MARK_EXCUSED, MARK_LEFT_EARLY };
const char *mark_status_word(enum mark_status status); /* "present", ..., "left_early"; static */
enum err mark_status_parse(const char *word, enum mark_status *out, struct error *why) MUST_USE;

struct mark {
	char session_id[UUID_TEXT];
	char person_id[UUID_TEXT];
	enum mark_status status;
	int64_t at_ms;               /* when first seen, or when decided by hand */
	char sighting_id[UUID_TEXT]; /* evidence; "" when set by hand */
	char actor[ACTOR_BYTES];     /* "" = automatic, else who decided */
	char reason[REASON_BYTES];
	/* Of the evidence, filled when read; NAN = none. */
	double distance, margin, threshold;
};

struct mark_list {
	struct mark *item;
	size_t count, capacity;
};
void mark_list_finish(struct mark_list *list);

/* Adds a mark; ERR_EXISTS if the person has one in this session (it is unchanged). */
enum err store_mark_add(
	struct store *s, const struct mark *mark, int64_t now_ms, struct error *why) MUST_USE;
/* Adds it or replaces what was there. */
enum err store_mark_set(
	struct store *s, const struct mark *mark, int64_t now_ms, struct error *why) MUST_USE;
enum err store_mark(struct store *s, const char *session_id, const char *person_id,
	struct mark *out, struct error *why) MUST_USE;
enum err store_marks(
	struct store *s, const char *session_id, struct mark_list *out, struct error *why) MUST_USE;

/* Those that a sighting is the evidence of. */
enum err store_marks_by(struct store *s, const char *sighting_id, struct mark_list *out,
	struct error *why) MUST_USE;
/* Takes a mark back; ERR_NOT_FOUND if there is none. The audit is the caller's business. */
enum err store_mark_remove(
	struct store *s, const char *session_id, const char *person_id, struct error *why) MUST_USE;

/* --- audit --- */

/*
 * Who did what to what. Reading and verifying is in store/audit.h.
 * actor: "user:<id>", "key:<id>", "device:<id>"; what has no colon is the login name of whoever
 * ran the program and becomes "cli:<name>".
 */
struct audit_entry {
	const char *actor;
	const char *action;  /* "person.add" */
	const char *subject; /* an id */
	const char *detail;  /* JSON text or NULL; ids, not names, in it */
};
/* Writes an entry at the end of the organisation's chain. */
enum err store_audit(struct store *s, int64_t now_ms, const struct audit_entry *entry,
	struct error *why) MUST_USE;

#endif
