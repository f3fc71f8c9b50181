/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	enum err code;
	const char *text;
} err_texts[] = {
	{OK, "no error"},
	{ERR_NOMEM, "out of memory"},
	{ERR_IO, "input or output failed"},
	{ERR_FORMAT, "malformed data"},
	{ERR_LIMIT, "over a limit"},
	{ERR_NOT_FOUND, "not found"},
	{ERR_EXISTS, "exists already"},
	{ERR_ARG, "unacceptable value"},
	{ERR_UNSUPPORTED, "not supported"},
	{ERR_KEY, "wrong key"},
	{ERR_VERSION, "made by a newer version"},
	{ERR_BUSY, "busy"},
	{ERR_FULL, "disk full"},
	{ERR_DENIED, "permission denied"},
	{ERR_STOPPED, "stopped"},
	{ERR_INTERNAL, "internal error"},
	{ERR_CONFLICT, "changed meanwhile"},
};

static const struct {
	int errnum;
	enum err code;
} errno_codes[] = {
	{ENOMEM, ERR_NOMEM},
	{ENOENT, ERR_NOT_FOUND},
	{ENOTDIR, ERR_NOT_FOUND},
	{EEXIST, ERR_EXISTS},
	{EACCES, ERR_DENIED},
	{EPERM, ERR_DENIED},
	{EROFS, ERR_DENIED},
	{ENOSPC, ERR_FULL},
	{EDQUOT, ERR_FULL},
	{EAGAIN, ERR_BUSY},
	{EBUSY, ERR_BUSY},
	{EINTR, ERR_STOPPED},
	{EINVAL, ERR_ARG},
	{ENAMETOOLONG, ERR_LIMIT},
	{EFBIG, ERR_LIMIT},
};

const char *err_str(enum err code)
{
	for (size_t i = 0; i < sizeof(err_texts) / sizeof(err_texts[0]); i++) {
		if (err_texts[i].code == code)
			return err_texts[i].text;
	}
	return "unknown error";
}

/* Keeps the text one printable line, whatever file names and foreign libraries put into it. */
static void tidy(char text[static ERROR_TEXT_MAX], int wanted)
{
	if (wanted >= ERROR_TEXT_MAX) {
		size_t cut = ERROR_TEXT_MAX - 4;
		while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80)
			cut--;
		memcpy(text + cut, "...", 4);
	}
	for (char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7F)
			*c = '?';
	}
}

__attribute__((format(printf, 3, 0))) static void set_text(
	struct error *why, enum err code, const char *fmt, va_list args)
{
	why->code = code;
	int wanted = vsnprintf(why->text, sizeof(why->text), fmt, args);
	if (wanted < 0)
		why->text[0] = '\0';
	tidy(why->text, wanted);
}

enum err err_set(struct error *why, enum err code, const char *fmt, ...)
{
	if (why != NULL) {
		va_list args;
		va_start(args, fmt);
		set_text(why, code, fmt, args);
		va_end(args);
	}
	return code;
}

static enum err code_of_errno(int errnum)
{
	for (size_t i = 0; i < sizeof(errno_codes) / sizeof(errno_codes[0]); i++) {
		if (errno_codes[i].errnum == errnum)
			return errno_codes[i].code;
	}
	return ERR_IO;
}

enum err err_errno(struct error *why, int errnum, const char *fmt, ...)
{
	enum err code = code_of_errno(errnum);
	if (why == NULL)
		return code;
	char what[ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	char room[128];
	/* The GNU variant: the text may be static or in `room`. */
	const char *system = strerror_r(errnum, room, sizeof(room));
	return err_set(why, code, "%s: %s", what, system);
}

enum err err_prefix(struct error *why, enum err code, const char *fmt, ...)
{
	if (why == NULL)
		return code;
	char reason[ERROR_TEXT_MAX];
	memcpy(reason, why->text, sizeof(reason));
	char what[ERROR_TEXT_MAX];
	va_list args;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return err_set(why, code, "%s: %s", what, reason[0] != '\0' ? reason : err_str(code));
}
