/* SPDX-License-Identifier: MIT */
/*
 * The blink client: one face before a camera, its key in X-API-KEY, which is a key of ours or
 * the old system's, taken over as '[legacy] blink-key'.
 */
#include <string.h>

#include <sodium.h>

#include "api/legacy/blink.h"
#include "api/resources.h"
#include "base/log.h"
#include "net/form.h"
#include "report/table.h"
#include "store/pages.h"

/* --- who may ---------------------------------------------------------------------------- */

/* Compares without telling by time how much of it is right. */
static bool same_secret(const char *a, const char *b)
{
	uint8_t x[crypto_generichash_BYTES], y[crypto_generichash_BYTES];
	crypto_generichash(x, sizeof(x), (const unsigned char *)a, strlen(a), NULL, 0);
	crypto_generichash(y, sizeof(y), (const unsigned char *)b, strlen(b), NULL, 0);
	return sodium_memcmp(x, y, sizeof(x)) == 0;
}

static bool may(const struct request *req, const struct context *c, enum right right)
{
	const char *own = api_config(c->api)->blink_key;
	const char *given = request_header(req, "X-API-Key");
	if (own != NULL && own[0] != '\0' && given != NULL && same_secret(own, given))
		return true;
	return legacy_may(req, c, right);
}

static enum err deny(struct response *res, const char *message)
{
	json_t *doc = json_pack("{s:s}", "status", "denied");
	if (message != NULL && doc != NULL)
		json_object_set_new(doc, "message", json_string(message));
	return response_json(res, 401, doc);
}

static enum err fail(struct response *res, int status, const char *message)
{
	return response_json(
		res, status, json_pack("{s:s,s:s}", "status", "error", "message", message));
}

/* --- recognition ------------------------------------------------------------------------ */

/* The face that is nearest to the camera: the largest. faces.count when there is none. */
static size_t largest_face(const struct identified *id)
{
	size_t best = id->faces.count;
	float area = -1;
	for (size_t i = 0; i < id->faces.count; i++) {
		const struct box *box = &id->faces.face[i].box;
		if (box->w * box->h > area) {
			area = box->w * box->h;
			best = i;
		}
	}
	return best;
}

/* The person's earliest mark of today, in any register; *found tells whether there is one. */
static enum err mark_of_today(struct context *c, const char *person_id, int64_t now_ms,
	struct mark *out, bool *found, struct error *why)
{
	char day[DAY_TEXT];
	struct mark_list marks = {0};
	struct page page = {.cursor = ""};
	struct page_filter filter = {.person_id = person_id};
	zone_day(c->zone, now_ms, day);
	enum err err = zone_day_bounds(c->zone, day, &filter.from_ms, &filter.to_ms, why);
	if (err == OK)
		err = store_marks_page(c->store, &filter, &page, &marks, why);
	*found = err == OK && marks.count > 0;
	if (*found)
		*out = marks.item[marks.count - 1];
	mark_list_finish(&marks);
	return err;
}

struct answer {
	bool success, is_new, late;
	char name[NAME_BYTES];
};

static enum err record(const struct request *req, struct context *c,
	const struct legacy_photo *photo, size_t face, struct answer *out, struct error *why)
{
	const struct registrar r = context_registrar(c, req);
	const struct person *person = &photo->id.person[face];
	struct recorded recorded = {0};
	struct mark mark = {0};
	struct seen seen;
	engine_seen(photo->one->engine, &photo->id, face, &seen);
	seen.look.at_ms = r.now_ms;
	seen.look.source = "camera";
	enum err err = register_look(&r, &seen.look, &recorded, why);
	if (err != OK || seen.look.decision != DECISION_MATCH)
		return err;
	err = mark_of_today(c, person->id, r.now_ms, &mark, &out->success, why);
	if (err != OK || !out->success)
		return err;
	for (size_t i = 0; i < recorded.count; i++)
		out->is_new |= recorded.entry[i].outcome == OUTCOME_MARKED;
	out->late = mark.status == MARK_LATE;
	memcpy(out->name, person->name, sizeof(out->name));
	if (out->is_new)
		api_changed(c->api);
	return OK;
}

/* Fills the answer; a photo that cannot be read is one without a face. */
static enum err recognise_part(const struct request *req, struct context *c,
	const struct part *image, struct answer *out, struct error *why)
{
	struct legacy_photo photo;
	enum err err = legacy_photo_look(c, image->data, image->len, &photo, why);
	bool stranger = false;
	if (err == OK) {
		size_t face = largest_face(&photo.id);
		stranger = face < photo.id.faces.count &&
			photo.id.verdict[face].decision != DECISION_MATCH;
		if (face < photo.id.faces.count)
			err = record(req, c, &photo, face, out, why);
	} else if (legacy_photo_is_bad(err)) {
		err = OK;
	}
	legacy_photo_finish(c, &photo);
	if (err == OK && (stranger || out->success))
		err = blink_stranger(req, c, stranger, image->data, image->len, why);
	return err;
}

static enum err recognise(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct form form = {0};
	struct answer answer = {0};
	if (!may(req, c, RIGHT_REGISTERS_TAKE))
		return deny(res, NULL);
	const struct part *image =
		form_read(&form, req, NULL) == OK ? form_part(&form, "image") : NULL;
	if (image == NULL || image->len == 0) {
		form_finish(&form);
		return fail(res, 400, "Image is required");
	}
	enum err err = recognise_part(req, c, image, &answer, response_why(res));
	form_finish(&form);
	if (err != OK)
		return err;
	if (!answer.success)
		return response_json(res, 200, json_pack("{s:s}", "status", "unknown"));
	return response_json(res, 200,
		json_pack("{s:s,s:s,s:s,s:b}", "status", "success", "name", answer.name,
			"attendance", answer.late ? "Late" : "Present", "new", answer.is_new));
}

/* --- reports ---------------------------------------------------------------------------- */

static enum err statistics(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	json_t *lines;
	if (!may(req, c, RIGHT_REGISTERS_READ))
		return deny(res, "Unauthorized");
	enum err err = blink_statistics_json(req, c, &lines, response_why(res));
	if (err != OK)
		return err;
	return response_json(
		res, 200, json_pack("{s:s,s:o}", "status", "success", "statistics", lines));
}

static enum err send_report(const struct request *req, struct response *res, struct worker *w)
{
	struct context *c = context_of(w);
	struct error why = {0};
	json_t *files;
	if (!may(req, c, RIGHT_REGISTERS_TAKE))
		return deny(res, "Unauthorized");
	if (blink_mail(req, c, &files, &why) != OK) {
		log_at(LOG_WARN, "report not sent: %s", why.text);
		return fail(res, 500, "Failed to send email");
	}
	return response_json(res, 200,
		json_pack("{s:s,s:s,s:o}", "status", "success", "message",
			"Attendance report sent successfully", "files", files));
}

/* /logs/attendance_YYYY-MM-DD.csv and /logs/student_statistics.csv, as the files were called. */
static enum err log_file(const struct request *req, struct response *res, struct worker *w)
{
	static const char prefix[] = "attendance_";
	struct context *c = context_of(w);
	const char *name = request_param(req, "file");
	struct error *why = response_why(res);
	struct buf csv;
	char day[DAY_TEXT] = "";
	if (!may(req, c, RIGHT_REGISTERS_READ))
		return deny(res, "Unauthorized");
	if (strncmp(name, prefix, sizeof(prefix) - 1) == 0 &&
		strlen(name) == sizeof(prefix) - 1 + DAY_TEXT - 1 + 4 &&
		strcmp(name + strlen(name) - 4, ".csv") == 0)
		memcpy(day, name + sizeof(prefix) - 1, DAY_TEXT - 1);
	else if (strcmp(name, "student_statistics.csv") != 0)
		return err_set(why, ERR_NOT_FOUND, "there is no such file");
	buf_init(&csv, REPORT_BYTES_MAX);
	enum err err = day[0] != '\0' ? blink_day_csv(req, c, day, &csv, why)
				      : blink_statistics_csv(req, c, &csv, why);
	if (err == OK)
		err = response_body(res, "text/csv; charset=utf-8", csv.data, csv.len);
	buf_finish(&csv);
	return err;
}

static const struct route routes[] = {
	{METHOD_POST, "/recognize", .access = RIGHT_ANYBODY, .rate = RATE_RECOGNISE,
		.body_max = BODY_PHOTO, .handler = recognise},
	{METHOD_GET, "/statistics", .access = RIGHT_ANYBODY, .rate = RATE_API,
		.handler = statistics},
	{METHOD_POST, "/send_report", .access = RIGHT_ANYBODY, .rate = RATE_SIGN_IN,
		.body_max = BODY_JSON, .handler = send_report},
	{METHOD_GET, "/logs/{file}", .access = RIGHT_ANYBODY, .rate = RATE_API,
		.handler = log_file},
};

const struct resource resource_blink = {
	.route = routes, .count = sizeof(routes) / sizeof(routes[0]), .legacy = LEGACY_BLINK};
