/* SPDX-License-Identifier: MIT */
#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

/* What a file looked like when it was read. */
struct seen {
	struct timespec changed;
	off_t size;
	ino_t inode;
};

struct tls {
	char *cert, *key;
	struct seen cert_seen, key_seen;
	SSL_CTX *context;
};

/* OpenSSL's SSL under a name of ours: only this file knows it. */
struct tls_session {
	SSL *ssl;
};

/* The reason that OpenSSL queued first. */
static enum err ssl_error(struct error *why, enum err err, const char *what, const char *path)
{
	unsigned long code = ERR_get_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return err_set(why, err, "%s '%s': %s", what, path, reason != NULL ? reason : "damaged");
}

static enum err look(const char *path, struct seen *out, struct error *why)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return err_errno(why, errno, "cannot read '%s'", path);
	*out = (struct seen){.changed = st.st_mtim, .size = st.st_size, .inode = st.st_ino};
	return OK;
}

static bool same(const struct seen *a, const struct seen *b)
{
	return a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
		a->size == b->size && a->inode == b->inode;
}

static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned in_len, void *user)
{
	static const unsigned char ours[] = "\x02h2\x08http/1.1";
	unsigned char *chosen;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) !=
		OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static enum err read_files(SSL_CTX *ctx, const char *cert, const char *key, struct error *why)
{
	struct stat st;
	if (stat(key, &st) == 0 && (st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
		return err_set(why, ERR_KEY,
			"the key '%s' can be read or changed by others: chmod 600 it", key);
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return ssl_error(why, ERR_FORMAT, "cannot use the certificate", cert);
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return ssl_error(why, ERR_KEY, "cannot use the key", key);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return ssl_error(why, ERR_KEY, "this is not the certificate's key:", key);
	return OK;
}

static enum err make_context(SSL_CTX **out, const struct tls *t, struct error *why)
{
	ERR_clear_error();
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (ctx == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
			SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* RELEASE_BUFFERS: an idle connection keeps no 34 kB of records. */
	SSL_CTX_set_mode(ctx,
		SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	/* Forward secrecy and AEAD only; what RFC 9113, appendix A, refuses is not among them. */
	if (SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
		SSL_CTX_free(ctx);
		return err_set(why, ERR_UNSUPPORTED, "OpenSSL has none of the ciphers we want");
	}
	enum err err = read_files(ctx, t->cert, t->key, why);
	if (err != OK) {
		SSL_CTX_free(ctx);
		return err;
	}
	*out = ctx;
	return OK;
}

enum err tls_reload(struct tls *t, bool force, bool *changed, struct error *why)
{
	struct seen cert, key;
	*changed = false;
	enum err err = look(t->cert, &cert, why);
	if (err == OK)
		err = look(t->key, &key, why);
	if (err != OK)
		return err;
	if (!force && same(&cert, &t->cert_seen) && same(&key, &t->key_seen))
		return OK;
	SSL_CTX *ctx = NULL;
	err = make_context(&ctx, t, why);
	/* Also after an error: the same files are not tried again every second. */
	t->cert_seen = cert;
	t->key_seen = key;
	if (err != OK)
		return err;
	SSL_CTX_free(t->context); /* sessions hold it as long as they need it */
	t->context = ctx;
	*changed = true;
	return OK;
}

enum err tls_open(struct tls **out, const char *cert, const char *key, struct error *why)
{
	*out = NULL;
	struct tls *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	t->cert = mem_strdup(cert);
	t->key = mem_strdup(key);
	bool changed;
	enum err err = t->cert != NULL && t->key != NULL ? tls_reload(t, true, &changed, why)
							 : err_set(why, ERR_NOMEM, "out of memory");
	if (err != OK) {
		tls_close(t);
		return err;
	}
	*out = t;
	return OK;
}

void tls_close(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->context);
	free(t->cert);
	free(t->key);
	free(t);
}

enum err tls_session_open(struct tls_session **out, struct tls *t, int fd)
{
	*out = NULL;
	struct tls_session *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERR_NOMEM;
	s->ssl = SSL_new(t->context);
	if (s->ssl == NULL || SSL_set_fd(s->ssl, fd) != 1) {
		SSL_free(s->ssl);
		free(s);
		return ERR_NOMEM;
	}
	SSL_set_accept_state(s->ssl);
	*out = s;
	return OK;
}

void tls_session_close(struct tls_session *s)
{
	if (s == NULL)
		return;
	if (SSL_is_init_finished(s->ssl))
		SSL_shutdown(s->ssl);
	ERR_clear_error();
	SSL_free(s->ssl);
	free(s);
}

static enum tls_io result(const struct tls_session *s, int returned)
{
	int error = SSL_get_error(s->ssl, returned);
	ERR_clear_error();
	switch (error) {
	case SSL_ERROR_NONE:
		return TLS_DONE;
	case SSL_ERROR_WANT_READ:
		return TLS_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return TLS_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_EOF;
	default:
		return TLS_FAILED;
	}
}

enum tls_io tls_handshake(struct tls_session *s)
{
	ERR_clear_error();
	int n = SSL_do_handshake(s->ssl);
	return n == 1 ? TLS_DONE : result(s, n);
}

bool tls_speaks_h2(const struct tls_session *s)
{
	const unsigned char *name;
	unsigned len;
	SSL_get0_alpn_selected(s->ssl, &name, &len);
	return len == 2 && memcmp(name, "h2", 2) == 0;
}

enum tls_io tls_read(struct tls_session *s, void *bytes, size_t room, size_t *n)
{
	ERR_clear_error();
	int got = SSL_read_ex(s->ssl, bytes, room, n);
	return got == 1 ? TLS_DONE : result(s, got);
}

enum tls_io tls_write(struct tls_session *s, const void *bytes, size_t len, size_t *n)
{
	ERR_clear_error();
	int put = SSL_write_ex(s->ssl, bytes, len, n);
	return put == 1 ? TLS_DONE : result(s, put);
}
