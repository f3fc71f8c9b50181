/* SPDX-License-Identifier: MIT */
/*
 * Recognition and register together: a photo in, decided faces out; a photo in,
 * an enrolled person out. Holds a pipeline, a gallery and a borrowed store; one thread at a time.
 */
#ifndef ATTEND_ENGINE_H
#define ATTEND_ENGINE_H

#include "attend/register.h"
#include "gallery/calibrate.h"
#include "gallery/gallery.h"
#include "media/image.h"
#include "store/store.h"
#include "vision/pipeline.h"

struct engine;

/*
 * Opens the pipeline and loads the gallery from the store (borrowed for the engine's life). Where
 * the options name no detector or no embedding, those are the organisation's; engine_reload
 * follows when it uses others.
 */
enum err engine_open(struct engine **out, struct store *store,
	const struct pipeline_options *options, struct error *why) MUST_USE;
void engine_close(struct engine *e);
/*
 * Reads everything from the store again: after other handles have changed it, or after
 * store_use_org. After an error the engine can only be reloaded or closed.
 */
enum err engine_reload(struct engine *e, struct error *why) MUST_USE;
struct pipeline *engine_pipeline(struct engine *e);              /* borrowed */
const struct gallery *engine_gallery(const struct engine *e);    /* borrowed */
const struct decision_rule *engine_rule(const struct engine *e); /* borrowed */
const struct fmr_curve *engine_curve(const struct engine *e);    /* borrowed */

/*
 * From now on only the people of a group ("" = those without a group) may be named; everybody
 * else is a guest, who can lead to review. NULL: everybody may be named, as after opening. The
 * list is read now, and again when somebody is enrolled or found to be erased. The rule's
 * threshold follows from how many they are.
 */
enum err engine_search_group(struct engine *e, const char *group_id, struct error *why) MUST_USE;

/* What was found in one photo. Zero-initialise; release with identified_finish. */
struct identified {
	int width, height;
	int truncated;
	uint8_t photo_hash[PHOTO_HASH_BYTES];
	struct face_list faces;
	struct verdict *verdict; /* faces.count of them */
	struct person *person;   /* faces.count; id "" where nobody is near enough (unknown) */
	double ms_decode, ms_search;
	struct pipeline_times ms;
	struct image photo; /* the pixels, kept for annotation */
};
void identified_finish(struct identified *id);

/*
 * Decodes a file, finds and names its faces, each looked at as for enrolment (with its mirror
 * image: some milliseconds a face). No two faces of one photo are the same person: the nearer
 * keeps the name, the other goes to review.
 */
enum err engine_identify_file(
	struct engine *e, const char *path, struct identified *out, struct error *why) MUST_USE;
/*
 * The same for a frame that is already decoded (photo is copied by nobody; out->photo stays
 * empty). Each face is looked at once: there are more frames.
 */
enum err engine_identify_image(struct engine *e, const struct image *photo, struct identified *out,
	struct error *why) MUST_USE;

/*
 * The same with the care that a single photo gets (engine_identify_file), for one that is decoded
 * already; out->photo stays empty, out->photo_hash as the caller set it.
 */
enum err engine_identify_photo(struct engine *e, const struct image *photo, struct identified *out,
	struct error *why) MUST_USE;

/*
 * Who one face is, by its embedding and its quality; `person` with id "" where nobody is near
 * enough.
 */
enum err engine_name(struct engine *e, const struct face *face, struct verdict *verdict,
	struct person *person, struct error *why) MUST_USE;

/* The same where the embedding is the middle of several looks: nearer than one look must be. */
enum err engine_name_fused(struct engine *e, const struct face *face, struct verdict *verdict,
	struct person *person, struct error *why) MUST_USE;

/* One face of a photo as the register wants it; the pointers of `look` are into it. */
struct seen {
	struct look look;
	struct evidence evidence;
	struct face_vector face;
};

/*
 * Fills it from face `i` of `id`, which it borrows, all but where it goes to and when (group_id,
 * session_id, at_ms, source).
 */
void engine_seen(const struct engine *e, const struct identified *id, size_t i, struct seen *out);
/* The same from a face that was named by engine_name; all are borrowed. */
void engine_seen_face(const struct engine *e, const struct face *face,
	const struct verdict *verdict, const struct person *person, struct seen *out);

struct enrol_options {
	bool largest; /* of several faces take the largest instead of refusing */
	bool force;   /* take a bad picture too */
};

/* What an enrolment photo gives: exactly one usable face, or the reason why not. */
struct enrol_photo {
	float vector[FACE_DIM_MAX]; /* pipeline_dim of it, then zeros */
	float quality;
	uint8_t photo_hash[PHOTO_HASH_BYTES];
	/* What else is made of it: see attend/coming.h. */
	bool has_coming;
	float coming[FACE_DIM_MAX]; /* of the model that is to follow */
	struct buf kept;            /* a JPEG to be kept; empty where photos are not */
	/* It is enrolled already; only what is missing is added, to the same person. */
	bool again;
};
/* Releases what it holds; accepts a zeroed one. */
void enrol_photo_finish(struct enrol_photo *photo);

/*
 * Takes the template from a photo. ERR_NOT_FOUND: no face in it; ERR_ARG: several faces
 * (with the count) or too bad a picture (with what to do); ERR_EXISTS, before anything is looked
 * at: the photo is enrolled already (`out` has its hash) and nothing would be added. While another
 * model is to follow, and where photos are kept, the photo gives that too. Release `out` with
 * enrol_photo_finish.
 */
enum err engine_enrol_photo(struct engine *e, const char *path, const struct enrol_options *options,
	struct enrol_photo *out, struct error *why) MUST_USE;

/* The same for a photo that is decoded already; out->photo_hash stays as the caller set it. */
enum err engine_enrol_image(struct engine *e, const struct image *photo,
	const struct enrol_options *options, struct enrol_photo *out, struct error *why) MUST_USE;

/* Who else a photo of somebody looks like. */
struct resemblance {
	char other_id[UUID_TEXT]; /* the nearest other person; "" = nobody */
	double other;             /* distance to them; INFINITY = nobody */
	double own;               /* to the person's own templates; INFINITY = none */
};
/* Compares a photo with a person's templates (person_id "" = new) and everybody else's. */
enum err engine_resemblance(const struct engine *e, const char *person_id,
	const struct enrol_photo *photo, struct resemblance *out, struct error *why) MUST_USE;

/* Writes a template for a person into store and gallery. ERR_EXISTS: the same photo again. */
enum err engine_enrol(struct engine *e, const char *person_id, const struct enrol_photo *photo,
	int64_t now_ms, struct error *why) MUST_USE;

#endif
