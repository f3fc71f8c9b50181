/* SPDX-License-Identifier: MIT */
/* What the blink client's reports are made of: statistics, CSV files, the e-mail. A worker. */
#ifndef API_LEGACY_BLINK_H
#define API_LEGACY_BLINK_H

#include "api/legacy/legacy.h"
#include "base/buf.h"

enum { BLINK_FILE_BYTES = 64 };

/* The six columns, one line a person with any record, by name. */
enum err blink_statistics_json(
	const struct request *req, struct context *c, json_t **out, struct error *why) MUST_USE;

/* Append the files: Name,Time,Status of a local day, by time; and the six columns. */
enum err blink_day_csv(const struct request *req, struct context *c, const char *day,
	struct buf *out, struct error *why) MUST_USE;
enum err blink_statistics_csv(
	const struct request *req, struct context *c, struct buf *out, struct error *why) MUST_USE;

/* Sends both files of today to whom the settings name; `files` gets what they are called. */
enum err blink_mail(
	const struct request *req, struct context *c, json_t **files, struct error *why) MUST_USE;

/*
 * Counts strangers seen in a row (`stranger` false begins again) and keeps the photo of every
 * third, readable by nobody else, in HOME/intruders; nothing of it unless '[photos]
 * keep-intruders' is on. Photos that are too old are deleted.
 */
enum err blink_stranger(const struct request *req, struct context *c, bool stranger,
	const void *photo, size_t len, struct error *why) MUST_USE;

#endif
