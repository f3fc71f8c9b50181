/* SPDX-License-Identifier: MIT */
/*
 * A certificate that this machine makes for itself: a small authority of its own (trusted once
 * by each device that connects) and, signed by it, a certificate for the names and addresses of
 * this machine. The authority may sign nothing else: its name constraints allow this machine's
 * names and private addresses only. One process at a time.
 */
#ifndef NET_TLS_SELF_H
#define NET_TLS_SELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	TLS_SELF_DAYS = 397,      /* browsers refuse certificates that hold longer than 398 */
	TLS_SELF_RENEW_DAYS = 30, /* made anew when it has so long to go */
	TLS_SELF_CA_DAYS = 3650,
	TLS_SELF_NAMES_MAX = 64,
	TLS_SELF_NAME_MAX = 254, /* with the final zero */
};

/* What the certificate is for: DNS names and IP addresses as text. */
struct tls_names {
	char name[TLS_SELF_NAMES_MAX][TLS_SELF_NAME_MAX];
	size_t count;
};

/*
 * This machine's: localhost, its host name also with ".local", loopback, and the addresses of its
 * interfaces that are up (link-local IPv6 ones left out: they need a scope).
 */
enum err tls_names_of_machine(struct tls_names *out, struct error *why) MUST_USE;

/* Adds one name or address; nothing if it is there. ERR_LIMIT, ERR_ARG for what is neither. */
enum err tls_names_add(struct tls_names *names, const char *text, struct error *why) MUST_USE;

/* Where the files are; paths for free(3) by tls_self_finish. */
struct tls_self {
	char *ca_cert;        /* for people to trust */
	char *cert, *key;     /* for the server */
	char fingerprint[96]; /* SHA-256 of the authority, "AB:CD:..." */
	bool made, made_ca;   /* in this call */
};

/*
 * Sees to it that `folder` (made with mode 0700) has a certificate for these names that holds for
 * more than TLS_SELF_RENEW_DAYS from `now_ms` on; makes or renews what is missing, too old or for
 * other names. Keys have mode 0600. The authority is kept as long as it can sign for the names.
 * ERR_IO, ERR_KEY (a key that does not fit its certificate), ERR_NOMEM.
 */
enum err tls_self_make(struct tls_self *out, const char *folder, const struct tls_names *names,
	int64_t now_ms, struct error *why) MUST_USE;
void tls_self_finish(struct tls_self *t);

#endif
