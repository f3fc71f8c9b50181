/* SPDX-License-Identifier: MIT */
/*
 * Photos of one person into the database, for import and enroll: photos are looked at one by
 * one, then all that were usable are written in one transaction. One thread.
 */
#ifndef CMD_ENROL_H
#define CMD_ENROL_H

#include <jansson.h>
#include <stdbool.h>

#include "attend/engine.h"
#include "cmd/cmd.h"

/* What is the same for all people of one command. */
struct enrol {
	struct cmd *cmd;
	struct enrol_options options;
	const char *group_name; /* as typed; NULL = none */
	struct group group;     /* made with the first person if there was none */
	bool group_known, group_made;
	/* A known person joins the group also when all photos are enrolled already. */
	bool join_duplicates;
	const char
		*force; /* why bad and foreign-looking photos are taken too; NULL = they are not */
	char actor[ACTOR_BYTES];
};

/* Who the photos are of. Pointers are borrowed. */
struct enrol_person {
	const char *name;   /* cleaned by name_clean */
	const char *number; /* NULL = none given */
	int face_id;        /* 0 = none given */
};

/* One photo: a template, or why there is none. */
struct enrol_item {
	const char *path; /* borrowed */
	struct enrol_photo photo;
	bool usable;
	enum err code; /* of the refusal */
	char refusal[ERROR_TEXT_MAX];
	char looks_like[NAME_BYTES]; /* somebody else who is enrolled already; "" = nobody */
	bool forced; /* was taken although it looks more like them than like the person */
};

/* The photos of one person. Zero-initialise; release with enrol_batch_finish. */
struct enrol_batch {
	struct enrol_item *item;
	size_t count, capacity;
};
void enrol_batch_finish(struct enrol_batch *batch);

/*
 * Checks the group's name and reads the group if there is one. ERR_ARG for a bad name. The
 * store and the engine must be open.
 */
enum err enrol_init(struct enrol *e, struct cmd *c, const char *group_name, bool largest,
	struct error *why) MUST_USE;

/*
 * Looks at one photo and adds it to the batch, usable or with its refusal. Fails only when
 * out of memory.
 */
enum err enrol_look(struct enrol *e, struct enrol_batch *batch, const char *path,
	const struct enrol_person *who, struct error *why) MUST_USE;

/* What writing a batch did. */
struct enrolled {
	struct person person; /* id "" when nothing was written */
	bool added;           /* the person is new */
	size_t photos;        /* templates written */
	bool joined;          /* is in the group now */
};

/*
 * Finds or adds the person, adds the templates, puts the person into the group: all or
 * nothing. A photo that is enrolled already, or looks like somebody else and less like the
 * person's other photos, becomes a refused one. Without any usable photo
 * nothing at all is written, and that is no error.
 */
enum err enrol_write(struct enrol *e, const struct enrol_person *who, struct enrol_batch *batch,
	struct enrolled *out, struct error *why) MUST_USE;

/*
 * Checks --force before anything is done: a reason of some letters, that fits the audit.
 * ERR_ARG.
 */
enum err enrol_force(struct enrol *e, const char *reason, struct error *why) MUST_USE;

/* Whether a refusal is a judgement (no face, blurred, duplicate), not a failure to read. */
bool enrol_refusal_is_judgement(enum err code);

/*
 * {"file", "reason"} of each refused photo is added to `list` and told on stderr, and so is
 * an enrolled one that looks like somebody else.
 */
enum err enrol_report(const struct enrol_person *who, const struct enrol_batch *batch, json_t *list,
	size_t *refused, struct error *why) MUST_USE;

/*
 * After all people: completes a change of the model when everybody has templates of the one to
 * follow, and says so.
 */
enum err enrol_done(const struct enrol *e, struct error *why) MUST_USE;

#endif
