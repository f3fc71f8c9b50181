/* SPDX-License-Identifier: MIT */
/*
 * Errors are values: every function that can fail returns an enum err and, as
 * its last argument, takes a place for the reason in words. Any thread.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

/* One enum for the whole program. OK is 0, everything else is negative. */
enum err {
	OK = 0,
	ERR_NOMEM = -1,       /* out of memory */
	ERR_IO = -2,          /* the operating system refused; the text has its reason */
	ERR_FORMAT = -3,      /* bytes from outside are not what they should be */
	ERR_LIMIT = -4,       /* larger than a named limit */
	ERR_NOT_FOUND = -5,   /* no such file, person, group, session, model */
	ERR_EXISTS = -6,      /* there already: a duplicate */
	ERR_ARG = -7,         /* the caller's value is not acceptable */
	ERR_UNSUPPORTED = -8, /* well-formed, but this program or build cannot do it */
	ERR_KEY = -9,         /* wrong, missing or unsafe key file */
	ERR_VERSION = -10,    /* made by a newer program */
	ERR_BUSY = -11,       /* locked by somebody else, try again */
	ERR_FULL = -12,       /* disk full */
	ERR_DENIED = -13,     /* permission */
	ERR_STOPPED = -14,    /* interrupted by the user */
	ERR_INTERNAL = -15,   /* a defect in this program */
	ERR_CONFLICT = -16,   /* changed by somebody else since it was read */
};

enum { ERROR_TEXT_MAX = 512 };

/*
 * The reason of a failure. Zero-initialise; after a failing call `text` holds
 * one line without full stop: what failed, then why, then what to do.
 */
struct error {
	enum err code;
	char text[ERROR_TEXT_MAX];
};

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))

/* A few words for a code, for when there is no text. Static storage. */
const char *err_str(enum err code);

/*
 * Fills `why` (may be NULL) and returns `code`, so that a failing function can
 * say `return err_set(why, ERR_FORMAT, "'%s' is no image", path);`. Control
 * characters in the text become '?', too long a text is cut with "...".
 */
enum err err_set(struct error *why, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same for a failed system call: appends strerror(errnum), maps errnum to a code. */
enum err err_errno(struct error *why, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "what: " in front of the reason already in `why`; returns its code. */
enum err err_prefix(struct error *why, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
