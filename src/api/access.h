/* SPDX-License-Identifier: MIT */
/*
 * Who calls, and what they may. A user comes with a cookie, a script with an API key, a device with
 * its own key; each is of one organisation. A handler's worker only.
 */
#ifndef API_ACCESS_H
#define API_ACCESS_H

#include <stdbool.h>

#include "net/request.h"
#include "net/response.h"
#include "net/server.h"
#include "store/devices.h"
#include "store/keys.h"
#include "store/users.h"
#include "store/web.h"

/* What a route asks of its caller: struct route's `access`. */
enum right {
	RIGHT_ANYBODY,     /* also who is not signed in; the handler looks closer */
	RIGHT_SELF,        /* users, about themselves */
	RIGHT_PEOPLE_READ, /* a student: only the own person */
	RIGHT_PEOPLE_WRITE,
	RIGHT_GROUPS_READ, /* a teacher: all groups' names, as everybody who works here */
	RIGHT_GROUPS_WRITE,
	RIGHT_REGISTERS_READ,   /* a student: only the own marks; a teacher: own groups */
	RIGHT_REGISTERS_TAKE,   /* mark, open */
	RIGHT_REGISTERS_CHANGE, /* correct, close, settle reviews */
	RIGHT_SIGHTINGS_READ,
	RIGHT_RECOGNISE,
	RIGHT_LIVE,
	RIGHT_DEVICES,
	RIGHT_DEVICE_SELF, /* devices, about themselves */
	RIGHT_USERS,
	RIGHT_REGISTRATIONS, /* a teacher: those who want into the own groups */
	RIGHT_SETTINGS_READ,
	RIGHT_SETTINGS,
	RIGHT_AUDIT,
	RIGHT_METRICS,
	RIGHT_COUNT,
};

enum caller_kind { CALLER_NOBODY, CALLER_USER, CALLER_KEY, CALLER_DEVICE };

/* Lives as long as its request. */
struct caller {
	enum caller_kind kind;
	char org_id[UUID_TEXT];
	char actor[ACTOR_BYTES]; /* for the audit: "user:ID", "key:ID", "device:ID"; "nobody" */
	struct user user;        /* CALLER_USER */
	struct web_session session;
	char token[TOKEN_TEXT]; /* of the cookie */
	struct api_key key;     /* CALLER_KEY */
	struct device device;   /* CALLER_DEVICE */
};

/* The name of the session's cookie: with TLS "__Host-rollcall", which no other host can set. */
const char *cookie_name(const struct request *req);

/* The server's authorise callback. */
enum err api_authorise(struct request *req, struct response *res, struct worker *w);

/* Who calls; never NULL after api_authorise. */
const struct caller *caller_of(const struct request *req);

/* Whether a caller has a right at all; rights that depend on a group are looked at below. */
bool caller_may(const struct caller *caller, enum right right);

/* What a right in a group is for: see struct user_group. */
enum group_right { GROUP_VIEW, GROUP_TAKE, GROUP_CHANGE };

/*
 * Whether the caller may do that in a group ("" = people without one): a teacher in the own
 * groups, a device in its group, administrators, viewers (GROUP_VIEW) and keys in all. OK, or
 * ERR_DENIED; call it in every handler that reads or changes a register.
 */
enum err caller_in_group(const struct caller *caller, struct store *store, const char *group_id,
	enum group_right right, struct error *why) MUST_USE;

/*
 * For lists of what happened in groups: to whose groups they are narrowed, as struct page_filter
 * takes it (a teacher's; NULL: all). ERR_DENIED for students, who have lists of their own.
 */
enum err caller_groups(
	const struct caller *caller, const char **user_id, struct error *why) MUST_USE;

/*
 * Whether the caller may see a person: as above in any of the person's groups; a student sees the
 * own person. ERR_NOT_FOUND, as if there were none, otherwise.
 */
enum err caller_sees_person(const struct caller *caller, struct store *store, const char *person_id,
	struct error *why) MUST_USE;

#endif
