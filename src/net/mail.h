/* SPDX-License-Identifier: MIT */
/* Sending an e-mail with attachments over SMTP, by libcurl. Any thread; fetch_init comes first. */
#ifndef NET_MAIL_H
#define NET_MAIL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum mail_way {
	MAIL_WAY_STARTTLS, /* refused when the server does not offer it */
	MAIL_WAY_TLS,      /* from the first byte */
	MAIL_WAY_PLAIN,
};

enum {
	MAIL_PARTS_MAX = 8,
	MAIL_CONNECT_S = 15,
	MAIL_TIMEOUT_S = 60, /* for all of it */
};

struct mail_server {
	const char *host;
	int port;
	enum mail_way way;
	const char *user, *password; /* NULL: it asks for none */
	const char *ca_file;         /* PEM of who may have signed its certificate; NULL: the
	                                system's */
};

struct mail_part {
	const char *name, *type; /* "report.csv", "text/csv" */
	const void *bytes;
	size_t len;
};

/* Addresses are plain ("head@school.example"); html is UTF-8. */
struct mail {
	const char *from;
	const char *const *to;
	size_t tos;
	const char *subject, *html;
	const struct mail_part *part; /* attachments */
	size_t parts;
	int64_t now_ms; /* UTC, for its date */
};

/*
 * Sends it; OK once the server has taken it for everybody. ERR_ARG: nobody to send to, or a line
 * break where none may be; ERR_DENIED: the server refused the account; ERR_IO with what went
 * wrong.
 */
enum err mail_send(
	const struct mail_server *server, const struct mail *mail, struct error *why) MUST_USE;

#endif
