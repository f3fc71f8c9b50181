/* SPDX-License-Identifier: MIT */
/* What husky's pages and exports have in common. A worker. */
#ifndef API_LEGACY_HUSKY_H
#define API_LEGACY_HUSKY_H

#include "api/legacy/html.h"
#include "api/legacy/legacy.h"

/*
 * Whether the caller may: administrators, viewers as far as they only read, keys, and whom the open
 * network lets in. Teachers and students have pages of their own.
 */
bool husky_may(const struct request *req, const struct context *c, enum right right);

/* A page that says to sign in, or that this is not allowed. */
enum err husky_refuse(const struct request *req, struct response *res) MUST_USE;

/* Begins a page with its head; husky_send ends it, answers with it and releases it. */
void husky_page(struct html *h, const struct context *c, const char *title);
enum err husky_send(struct html *h, struct response *res, int status) MUST_USE;

/* <form method="post" action="..."> with what proves that it came from this page. */
void husky_form(
	struct html *h, const struct request *req, const struct context *c, const char *action);

/* The class of a person: the first group by name; "" for none. */
enum err husky_class_of(
	struct store *store, const char *person_id, struct group *out, struct error *why) MUST_USE;

/* One line of attendance. */
struct husky_record {
	const struct person *person;
	const char *class_name; /* "" for none */
	char time[LEGACY_TIME_TEXT];
	bool today;
};
typedef enum err husky_record_fn(void *ctx, const struct husky_record *record, struct error *why);

/* Calls fn with all records of a class (NULL: of all), newest first. An unknown class has none. */
enum err husky_records(struct context *c, const char *class_name, int64_t now_ms,
	husky_record_fn *fn, void *ctx, struct error *why) MUST_USE;

/* Handlers in husky_report.c. */
enum err husky_attendance(const struct request *req, struct response *res, struct worker *w);
enum err husky_analytics(const struct request *req, struct response *res, struct worker *w);
enum err husky_export(const struct request *req, struct response *res, struct worker *w);

#endif
