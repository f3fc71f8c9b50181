/* SPDX-License-Identifier: MIT */
/*
 * Users: who may sign in, as what, and how they come to their passwords. As a store: one
 * thread at a time. Changes are not audited here: do it in the same transaction.
 */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include "store/password.h"
#include "store/secret.h"
#include "store/store.h"

enum {
	EMAIL_BYTES = 255, /* RFC 5321, section 4.5.3.1: 254 characters */
	LINK_DAYS_INVITATION = 7,
	LINK_HOURS_RESET = 24,
	REGISTRATION_PHOTOS_MAX = 3,
	REGISTRATIONS_WAITING_MAX = 2000, /* of an organisation */
	KNOWN_BROWSERS_MAX = 20,          /* of a user */
	KNOWN_BROWSER_DAYS = 180,
};

enum user_role { ROLE_ADMINISTRATOR, ROLE_TEACHER, ROLE_STUDENT, ROLE_VIEWER };
enum user_state {
	USER_INVITED,  /* has a link to come in by */
	USER_WAITING,  /* has registered: somebody must approve */
	USER_ACTIVE,   /* may sign in */
	USER_DISABLED, /* may not */
};
/* "administrator", ... and "invited", ...; static. */
const char *user_role_word(enum user_role role);
const char *user_state_word(enum user_state state);
enum err user_role_parse(const char *word, enum user_role *out, struct error *why) MUST_USE;
enum err user_state_parse(const char *word, enum user_state *out, struct error *why) MUST_USE;

struct user {
	char id[UUID_TEXT];
	char org_id[UUID_TEXT];  /* filled when read */
	char email[EMAIL_BYTES]; /* "" while invited without one */
	char name[NAME_BYTES];
	enum user_role role;
	enum user_state state;
	char person_id[UUID_TEXT]; /* a student's own; "" = none */
	bool has_password;         /* filled when read, like the rest */
	int64_t created_ms, signed_in_ms;
	int64_t version; /* of the row; for store_user_update: 0 = whatever it is now */
};

struct user_list {
	struct user *item;
	size_t count, capacity;
};
void user_list_finish(struct user_list *list);

/*
 * An e-mail address as it is kept, trimmed; ERR_ARG when it is none or has other letters
 * than ASCII (write the domain as xn--...). `key` (EMAIL_BYTES, or NULL) gets it in lower case.
 */
enum err email_clean(
	const char *text, char out[static EMAIL_BYTES], char *key, struct error *why) MUST_USE;

/*
 * Adds a user without a password in state invited; fills id, state, created_ms, version.
 * ERR_EXISTS: the address is somebody's already, perhaps in another organisation. ERR_ARG: a
 * person with another role than student.
 */
enum err store_user_add(
	struct store *s, struct user *user, int64_t now_ms, struct error *why) MUST_USE;
enum err store_user(struct store *s, const char *id, struct user *out, struct error *why) MUST_USE;
/* By id or e-mail address. */
enum err store_user_find(
	struct store *s, const char *who, struct user *out, struct error *why) MUST_USE;
/*
 * Changes email, name, role, person and state (active or disabled only; a user without a
 * password becomes active by a link). Whoever is disabled is signed out. ERR_CONFLICT: the
 * row is not of user->version any more. ERR_ARG: nobody would be left to administrate.
 */
enum err store_user_update(struct store *s, struct user *user, struct error *why) MUST_USE;
/* Removes a user and all that hangs on it; the person, if any, stays. ERR_ARG as above. */
enum err store_user_remove(struct store *s, const char *id, struct error *why) MUST_USE;
/* By e-mail address. Appends. */
enum err store_users(struct store *s, struct user_list *out, struct error *why) MUST_USE;
/* How many there are of a role in a state. */
enum err store_user_count(struct store *s, enum user_role role, enum user_state state, size_t *out,
	struct error *why) MUST_USE;

/* --- a teacher's groups --- */

struct user_group {
	char group_id[UUID_TEXT];
	bool may_take;   /* take attendance, open a register */
	bool may_change; /* correct marks, close a register, settle reviews */
};

struct user_group_list {
	struct user_group *item;
	size_t count, capacity;
};
void user_group_list_finish(struct user_group_list *list);

/* Replaces them all. ERR_NOT_FOUND: no such user or group. */
enum err store_user_groups_set(struct store *s, const char *user_id,
	const struct user_group *groups, size_t count, struct error *why) MUST_USE;
enum err store_user_groups(struct store *s, const char *user_id, struct user_group_list *out,
	struct error *why) MUST_USE;
/* The rights in one group; both false, and OK, when it is not one of the user's. */
enum err store_user_group(struct store *s, const char *user_id, const char *group_id,
	struct user_group *out, bool *found, struct error *why) MUST_USE;

/* --- passwords and one-time links --- */

/* Sets it and ends all the user's browser sessions but `keep` (a session's id, or NULL). */
enum err store_user_set_password(struct store *s, const char *id, const char *password,
	const struct password_cost *cost, const char *keep, struct error *why) MUST_USE;

struct credentials {
	const char *email, *password;
	const struct password_cost *cost; /* of hashes that are made */
};

/*
 * Checks e-mail address and password. The handle works in the user's organisation from then
 * on. ERR_DENIED, with the same words and after the same time whether the address or the
 * password is wrong; only who has the password is told about approval and blocking.
 * Call it outside a transaction: hashing takes its time. What was tried before is not looked
 * at: see store/throttle.h.
 */
enum err store_user_sign_in(struct store *s, const struct credentials *given, int64_t now_ms,
	struct user *out, struct error *why) MUST_USE;

enum link_kind { LINK_INVITATION, LINK_RESET };
/*
 * A one-time link for a user: `token` is told once and kept as a hash. Earlier links of the
 * user die. ERR_ARG: an invitation of somebody who is in already, a reset of somebody who is
 * not.
 */
enum err store_link_make(struct store *s, const char *user_id, enum link_kind kind, int64_t now_ms,
	char token[static TOKEN_TEXT], struct error *why) MUST_USE;
/*
 * Whose link it is, for the page it leads to; the handle works in that organisation from then
 * on. ERR_NOT_FOUND: used, expired, replaced, or never made.
 */
enum err store_link_look(struct store *s, const char *token, int64_t now_ms, enum link_kind *kind,
	struct user *out, struct error *why) MUST_USE;

struct link_answer {
	const char *token, *password;
	const char *email; /* for a user that has none; NULL otherwise */
	const char *name;  /* NULL or "" = as it is */
};
/*
 * Uses a link up: the user gets the password and is active, other links and browser sessions
 * of the user end. On failure the link is as it was. ERR_NOT_FOUND as above.
 */
enum err store_link_use(struct store *s, const struct link_answer *answer,
	const struct password_cost *cost, int64_t now_ms, struct user *out,
	struct error *why) MUST_USE;

/* --- registering oneself --- */

struct registration {
	char user_id[UUID_TEXT]; /* filled */
	char email[EMAIL_BYTES];
	char name[NAME_BYTES];
	char number[NUMBER_BYTES];
	char group_id[UUID_TEXT]; /* "" = none, also when the group has been removed since */
	size_t photos;            /* filled when read */
	int64_t created_ms;       /* filled */
};

struct registration_list {
	struct registration *item;
	size_t count, capacity;
};
void registration_list_finish(struct registration_list *list);

/* What comes with it. */
struct registration_proof {
	const char *password;
	const struct password_cost *cost;
	const struct template_new *face; /* of each photo; person_id is not looked at */
	size_t faces;                    /* 1 to REGISTRATION_PHOTOS_MAX */
};

/*
 * Somebody asks to be let in: a user in state waiting, as a student. ERR_DENIED: the
 * address is of no domain of the setting "registration.domains" (separated by spaces; empty or
 * missing: nobody may). ERR_EXISTS: the address is taken; answer the same as for OK, or
 * strangers learn who is here. ERR_LIMIT: too many wait.
 */
enum err store_register(struct store *s, struct registration *r,
	const struct registration_proof *proof, int64_t now_ms, struct error *why) MUST_USE;
/* Those that wait, oldest first; group_id NULL = all. Appends. */
enum err store_registrations(struct store *s, const char *group_id, struct registration_list *out,
	struct error *why) MUST_USE;
enum err store_registration(
	struct store *s, const char *user_id, struct registration *out, struct error *why) MUST_USE;
/*
 * Lets somebody in: as the person `person_id` or, if that is NULL, as a new one with the name
 * and number given; into the group, with the faces as templates. `person_id_out` gets whose
 * account it is. ERR_EXISTS: name, number or a photo are somebody else's (says whose).
 */
enum err store_registration_approve(struct store *s, const char *user_id, const char *person_id,
	int64_t now_ms, char person_id_out[static UUID_TEXT], struct error *why) MUST_USE;
/* Sends somebody away: nothing of the registration remains. */
enum err store_registration_refuse(
	struct store *s, const char *user_id, struct error *why) MUST_USE;

#endif
