/* SPDX-License-Identifier: MIT */
/* TLS with OpenSSL: the server's settings and certificate. One thread, but for what it says. */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct tls;
struct tls_session;

/*
 * Reads a certificate (with its chain) and its key, both PEM. TLS 1.2 and 1.3, ALPN h2 and
 * http/1.1. ERR_NOT_FOUND, ERR_FORMAT, ERR_KEY (the key is not the certificate's, or others may
 * read it), ERR_NOMEM.
 */
enum err tls_open(struct tls **out, const char *cert, const char *key, struct error *why) MUST_USE;
void tls_close(struct tls *t);

/*
 * Looks whether the files have changed and, if they have or with `force`, reads them anew; sessions
 * that are there keep theirs. On an error the old certificate stays in use. *changed says
 * whether a new one is.
 */
enum err tls_reload(struct tls *t, bool force, bool *changed, struct error *why) MUST_USE;

/* One connection's side: on the non-blocking socket `fd`, which stays the caller's. */
enum err tls_session_open(struct tls_session **out, struct tls *t, int fd) MUST_USE;
/* Says good-bye if it can without waiting. Accepts NULL. */
void tls_session_close(struct tls_session *s);

enum tls_io { TLS_DONE, TLS_WANT_READ, TLS_WANT_WRITE, TLS_EOF, TLS_FAILED };

/* The handshake; TLS_DONE when it is over. */
enum tls_io tls_handshake(struct tls_session *s);
bool tls_speaks_h2(const struct tls_session *s);

/* As read(2) and write(2); *n bytes were moved when TLS_DONE. */
enum tls_io tls_read(struct tls_session *s, void *bytes, size_t room, size_t *n);
enum tls_io tls_write(struct tls_session *s, const void *bytes, size_t len, size_t *n);

#endif
