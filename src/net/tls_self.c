/* SPDX-License-Identifier: MIT */
#include "net/tls_self.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "net/address.h"

enum { FILE_MAX = 64 * 1024, DAY_S = 24 * 3600, SERIAL_BITS = 127 };

/* A certificate and its key. */
struct pair {
	X509 *cert;
	EVP_PKEY *key;
};

static void pair_finish(struct pair *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
	*p = (struct pair){0};
}

static enum err ssl_failed(struct error *why)
{
	unsigned long code = ERR_get_error();
	const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return err_set(why, ERR_INTERNAL, "cannot make a certificate: %s",
		reason != NULL ? reason : "out of memory");
}

/* Letters, digits, hyphens and dots: what a certificate may name. */
static bool is_dns_name(const char *text)
{
	size_t len = strlen(text);
	if (len == 0 || len >= TLS_SELF_NAME_MAX || text[0] == '.' || text[0] == '-')
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") ==
		len;
}

static bool is_address(const char *text)
{
	struct address a;
	return strchr(text, '[') == NULL && address_parse(&a, text, strlen(text));
}

enum err tls_names_add(struct tls_names *names, const char *text, struct error *why)
{
	if (!is_address(text) && !is_dns_name(text))
		return err_set(why, ERR_ARG, "'%s' is neither a host name nor an address", text);
	for (size_t i = 0; i < names->count; i++) {
		if (strcasecmp(names->name[i], text) == 0)
			return OK;
	}
	if (names->count == TLS_SELF_NAMES_MAX)
		return err_set(why, ERR_LIMIT, "a certificate for more than %d names and addresses",
			TLS_SELF_NAMES_MAX);
	snprintf(names->name[names->count++], TLS_SELF_NAME_MAX, "%s", text);
	return OK;
}

static enum err add_interface(struct tls_names *out, const struct ifaddrs *i, struct error *why)
{
	if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0)
		return OK;
	int family = i->ifa_addr->sa_family;
	if (family != AF_INET && family != AF_INET6)
		return OK;
	struct address a = address_of(i->ifa_addr);
	bool link_local = a.byte[0] == 0xfe && (a.byte[1] & 0xc0) == 0x80;
	char text[ADDRESS_TEXT];
	address_text(&a, text);
	return link_local ? OK : tls_names_add(out, text, why);
}

enum err tls_names_of_machine(struct tls_names *out, struct error *why)
{
	*out = (struct tls_names){.count = 0};
	char host[TLS_SELF_NAME_MAX] = "", local[TLS_SELF_NAME_MAX + 8];
	enum err err = tls_names_add(out, "localhost", why);
	if (err == OK && gethostname(host, sizeof(host) - 1) == 0 && is_dns_name(host)) {
		err = tls_names_add(out, host, why);
		snprintf(local, sizeof(local), "%s.local", host);
		if (err == OK && strchr(host, '.') == NULL && is_dns_name(local))
			err = tls_names_add(out, local, why);
	}
	struct ifaddrs *list = NULL;
	if (err == OK && getifaddrs(&list) != 0)
		err = err_errno(why, errno, "cannot list this machine's addresses");
	for (const struct ifaddrs *i = list; i != NULL && err == OK; i = i->ifa_next)
		err = add_interface(out, i, why);
	freeifaddrs(list);
	if (err == OK)
		err = tls_names_add(out, "127.0.0.1", why);
	return err == OK ? tls_names_add(out, "::1", why) : err;
}

static GENERAL_NAME *general_name(const char *text)
{
	GENERAL_NAME *name = NULL;
	if (is_address(text)) {
		ASN1_OCTET_STRING *ip = a2i_IPADDRESS(text);
		name = ip != NULL ? GENERAL_NAME_new() : NULL;
		if (name != NULL)
			GENERAL_NAME_set0_value(name, GEN_IPADD, ip);
		else
			ASN1_OCTET_STRING_free(ip);
		return name;
	}
	ASN1_IA5STRING *dns = ASN1_IA5STRING_new();
	if (dns != NULL && ASN1_STRING_set(dns, text, -1) == 1)
		name = GENERAL_NAME_new();
	if (name != NULL)
		GENERAL_NAME_set0_value(name, GEN_DNS, dns);
	else
		ASN1_IA5STRING_free(dns);
	return name;
}

static bool add_names(X509 *cert, const struct tls_names *names)
{
	GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
	bool fine = list != NULL;
	for (size_t i = 0; i < names->count && fine; i++) {
		GENERAL_NAME *name = general_name(names->name[i]);
		fine = name != NULL && sk_GENERAL_NAME_push(list, name) > 0;
		if (!fine)
			GENERAL_NAME_free(name);
	}
	fine = fine && X509_add1_ext_i2d(cert, NID_subject_alt_name, list, 0, 0) == 1;
	sk_GENERAL_NAME_pop_free(list, GENERAL_NAME_free);
	return fine;
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool fine = e != NULL && X509_add_ext(cert, e, -1) == 1;
	X509_EXTENSION_free(e);
	return fine;
}

/* Private networks: an address that DHCP gives tomorrow is signed by the same authority. */
static const char private_networks[] =
	"permitted;IP:127.0.0.0/255.0.0.0,permitted;IP:10.0.0.0/255.0.0.0,"
	"permitted;IP:172.16.0.0/255.240.0.0,permitted;IP:192.168.0.0/255.255.0.0,"
	"permitted;IP:169.254.0.0/255.255.0.0,"
	"permitted;IP:::1/ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,"
	"permitted;IP:fc00::/fe00::";

static bool add_text(char **text, const char *more)
{
	char *longer = NULL;
	if (asprintf(&longer, "%s,%s", *text, more) < 0)
		return false;
	free(*text);
	*text = longer;
	return true;
}

static bool is_private(const char *text)
{
	struct address a;
	return address_parse(&a, text, strlen(text)) && address_is_private(&a);
}

/* DNS names as they are; public addresses one by one. */
static bool add_constraints(X509 *cert, const struct tls_names *names)
{
	char *text = strdup("critical");
	bool fine = text != NULL && add_text(&text, private_networks);
	for (size_t i = 0; i < names->count && fine; i++) {
		const char *name = names->name[i];
		char one[TLS_SELF_NAME_MAX + 96];
		bool v6 = strchr(name, ':') != NULL;
		if (is_private(name))
			continue;
		if (is_address(name))
			snprintf(one, sizeof(one), "permitted;IP:%s/%s", name,
				v6 ? "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" : "255.255.255.255");
		else
			snprintf(one, sizeof(one), "permitted;DNS:%s", name);
		fine = add_text(&text, one);
	}
	fine = fine && add_extension(cert, cert, NID_name_constraints, text);
	free(text);
	return fine;
}

static bool set_serial(X509 *cert)
{
	BIGNUM *n = BN_new();
	bool fine = n != NULL &&
		BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
		BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;
	BN_free(n);
	return fine;
}

static bool set_time(X509 *cert, int64_t now_s, long days)
{
	/* From yesterday on: clocks of clients are not always right. */
	return ASN1_TIME_set(X509_getm_notBefore(cert), now_s - DAY_S) != NULL &&
		ASN1_TIME_set(X509_getm_notAfter(cert), now_s + (days - 1) * DAY_S) != NULL;
}

static bool set_subject(X509 *cert, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	return X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
		       (const unsigned char *)"Rollcall", -1, -1, 0) == 1 &&
		X509_NAME_add_entry_by_txt(
			subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool begin(struct pair *p, const char *name, int64_t now_s, long days)
{
	p->key = EVP_EC_gen("P-256");
	p->cert = X509_new();
	return p->key != NULL && p->cert != NULL && X509_set_version(p->cert, 2) == 1 &&
		set_serial(p->cert) && set_time(p->cert, now_s, days) &&
		set_subject(p->cert, name) && X509_set_pubkey(p->cert, p->key) == 1;
}

static bool make_authority(struct pair *p, const struct tls_names *names, int64_t now_s)
{
	char name[64], host[48] = "this machine";
	if (names->count > 1)
		snprintf(host, sizeof(host), "%.47s", names->name[1]);
	snprintf(name, sizeof(name), "Rollcall on %.47s", host);
	return begin(p, name, now_s, TLS_SELF_CA_DAYS) &&
		X509_set_issuer_name(p->cert, X509_get_subject_name(p->cert)) == 1 &&
		add_extension(
			p->cert, p->cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
		add_extension(p->cert, p->cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
		add_extension(p->cert, p->cert, NID_subject_key_identifier, "hash") &&
		add_constraints(p->cert, names) && X509_sign(p->cert, p->key, EVP_sha256()) > 0;
}

static bool make_leaf(
	struct pair *p, const struct pair *ca, const struct tls_names *names, int64_t now_s)
{
	return begin(p, "Rollcall", now_s, TLS_SELF_DAYS) &&
		X509_set_issuer_name(p->cert, X509_get_subject_name(ca->cert)) == 1 &&
		add_extension(p->cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
		add_extension(p->cert, ca->cert, NID_key_usage, "critical,digitalSignature") &&
		add_extension(p->cert, ca->cert, NID_ext_key_usage, "serverAuth") &&
		add_extension(p->cert, ca->cert, NID_authority_key_identifier, "keyid:always") &&
		add_names(p->cert, names) && X509_sign(p->cert, ca->key, EVP_sha256()) > 0;
}

static enum err write_bio(BIO *bio, const char *path, unsigned mode, struct error *why)
{
	char *bytes;
	long len = BIO_get_mem_data(bio, &bytes);
	return file_write(path, bytes, (size_t)len, mode, why);
}

static enum err write_pair(const struct pair *p, const struct pair *chain, const char *cert,
	const char *key, struct error *why)
{
	BIO *certs = BIO_new(BIO_s_mem()), *keys = BIO_new(BIO_s_secmem());
	bool fine = certs != NULL && keys != NULL && PEM_write_bio_X509(certs, p->cert) == 1 &&
		(chain == NULL || PEM_write_bio_X509(certs, chain->cert) == 1) &&
		PEM_write_bio_PrivateKey(keys, p->key, NULL, NULL, 0, NULL, NULL) == 1;
	enum err err = fine ? write_bio(keys, key, 0600, why) : ssl_failed(why);
	if (err == OK)
		err = write_bio(certs, cert, 0644, why);
	BIO_free(certs);
	BIO_free(keys);
	return err;
}

static BIO *read_bio(const char *path)
{
	struct buf text;
	struct error why = {0};
	buf_init(&text, FILE_MAX);
	BIO *bio = NULL;
	if (file_read(path, &text, &why) == OK) {
		bio = BIO_new(BIO_s_mem());
		if (bio != NULL && BIO_write(bio, buf_str(&text), (int)text.len) != (int)text.len) {
			BIO_free(bio);
			bio = NULL;
		}
	}
	buf_finish(&text);
	return bio;
}

/* What is in the files; false, and nothing held, when something is missing or does not fit. */
static bool read_pair(struct pair *p, const char *cert, const char *key)
{
	*p = (struct pair){0};
	BIO *certs = read_bio(cert), *keys = read_bio(key);
	if (certs != NULL && keys != NULL) {
		p->cert = PEM_read_bio_X509(certs, NULL, NULL, NULL);
		p->key = PEM_read_bio_PrivateKey(keys, NULL, NULL, NULL);
	}
	BIO_free(certs);
	BIO_free(keys);
	bool fine =
		p->cert != NULL && p->key != NULL && X509_check_private_key(p->cert, p->key) == 1;
	ERR_clear_error();
	if (!fine)
		pair_finish(p);
	return fine;
}

/* It holds from `now_s` on for more than `days`. */
static bool holds(X509 *cert, int64_t now_s, long days)
{
	time_t now = now_s, later = now_s + days * DAY_S;
	return X509_cmp_time(X509_get0_notBefore(cert), &now) < 0 &&
		X509_cmp_time(X509_get0_notAfter(cert), &later) > 0;
}

static bool names_it(X509 *cert, const char *name)
{
	return is_address(name) ? X509_check_ip_asc(cert, name, 0) == 1
				: X509_check_host(cert, name, 0, 0, NULL) == 1;
}

static bool fits(X509 *cert, const struct tls_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!names_it(cert, names->name[i]))
			return false;
	}
	return true;
}

/* Whether the authority's constraints let it sign for these names: tried, not guessed. */
static bool may_sign(const struct pair *ca, const struct tls_names *names, int64_t now_s)
{
	struct pair leaf = {0};
	bool fine = make_leaf(&leaf, ca, names, now_s);
	NAME_CONSTRAINTS *nc = X509_get_ext_d2i(ca->cert, NID_name_constraints, NULL, NULL);
	/* X509_check_purpose has OpenSSL read the names, which the check then looks at. */
	fine = fine && nc != NULL && X509_check_purpose(leaf.cert, -1, 0) == 1 &&
		NAME_CONSTRAINTS_check(leaf.cert, nc) == X509_V_OK;
	NAME_CONSTRAINTS_free(nc);
	pair_finish(&leaf);
	ERR_clear_error();
	return fine;
}

static enum err see_to_authority(struct pair *ca, struct tls_self *out, const char *key,
	const struct tls_names *names, int64_t now_s, struct error *why)
{
	if (read_pair(ca, out->ca_cert, key)) {
		if (holds(ca->cert, now_s, TLS_SELF_DAYS) && may_sign(ca, names, now_s))
			return OK;
		pair_finish(ca);
	}
	out->made_ca = true;
	if (!make_authority(ca, names, now_s))
		return ssl_failed(why);
	return write_pair(ca, NULL, out->ca_cert, key, why);
}

static enum err see_to_leaf(const struct pair *ca, struct tls_self *out,
	const struct tls_names *names, int64_t now_s, struct error *why)
{
	struct pair leaf;
	bool there = read_pair(&leaf, out->cert, out->key);
	bool good = there && !out->made_ca && holds(leaf.cert, now_s, TLS_SELF_RENEW_DAYS) &&
		fits(leaf.cert, names) && X509_verify(leaf.cert, X509_get0_pubkey(ca->cert)) == 1;
	ERR_clear_error();
	pair_finish(&leaf);
	if (good)
		return OK;
	out->made = true;
	enum err err = make_leaf(&leaf, ca, names, now_s)
		? write_pair(&leaf, ca, out->cert, out->key, why)
		: ssl_failed(why);
	pair_finish(&leaf);
	return err;
}

static void set_fingerprint(struct tls_self *out, X509 *cert)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (X509_digest(cert, EVP_sha256(), digest, &len) != 1)
		return;
	for (unsigned i = 0; i < len; i++)
		snprintf(out->fingerprint + i * 3, sizeof(out->fingerprint) - i * 3,
			i + 1 < len ? "%02X:" : "%02X", digest[i]);
}

enum err tls_self_make(struct tls_self *out, const char *folder, const struct tls_names *names,
	int64_t now_ms, struct error *why)
{
	*out = (struct tls_self){.ca_cert = path_join(folder, "rollcall-ca.crt"),
		.cert = path_join(folder, "server.crt"),
		.key = path_join(folder, "server.key")};
	char *ca_key = path_join(folder, "rollcall-ca.key");
	struct pair ca = {0};
	enum err err = OK;
	if (out->ca_cert == NULL || out->cert == NULL || out->key == NULL || ca_key == NULL)
		err = err_set(why, ERR_NOMEM, "out of memory");
	if (err == OK)
		err = file_make_folder(folder, 0700, why);
	if (err == OK)
		err = see_to_authority(&ca, out, ca_key, names, now_ms / 1000, why);
	if (err == OK)
		err = see_to_leaf(&ca, out, names, now_ms / 1000, why);
	if (err == OK)
		set_fingerprint(out, ca.cert);
	pair_finish(&ca);
	free(ca_key);
	if (err != OK)
		tls_self_finish(out);
	return err;
}

void tls_self_finish(struct tls_self *t)
{
	free(t->ca_cert);
	free(t->cert);
	free(t->key);
	*t = (struct tls_self){.made = false};
}
