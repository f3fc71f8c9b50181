/* SPDX-License-Identifier: MIT */
/*
 * Addresses of clients: text, networks, and who the client is behind trusted proxies. IPv4 is
 * kept as IPv4-mapped IPv6 inside. Any thread.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

enum { ADDRESS_TEXT = 64 }; /* room for an address as text, with its final zero */

struct address {
	uint8_t byte[16];
};

struct network {
	struct address address;
	int bits; /* of 128 */
};

/* The address of a socket; that of loopback for a local (unix) one. */
struct address address_of(const struct sockaddr *sa);

/*
 * "192.0.2.7", "2001:db8::1", also as proxies write it: "[2001:db8::1]:8080", "192.0.2.7:80",
 * quoted. false when it is none.
 */
bool address_parse(struct address *out, const char *text, size_t len);

/* As people write it: IPv4 with dots, IPv6 by RFC 5952. */
void address_text(const struct address *a, char out[static ADDRESS_TEXT]);

/* 127.0.0.0/8 or ::1. */
bool address_is_loopback(const struct address *a);

/* Loopback, private (RFC 1918, RFC 4193) or link-local. */
bool address_is_private(const struct address *a);

/* What rates are counted by: the address, of IPv6 its /64, as text. */
void address_key(const struct address *a, char out[static ADDRESS_TEXT]);

/* "10.0.0.0/8", "2001:db8::/32", or one address. ERR_ARG, also for bits beyond the prefix. */
enum err network_parse(struct network *out, const char *text, struct error *why) MUST_USE;
bool network_has(const struct network *n, const struct address *a);

/*
 * The client behind proxies: from the right of the forwarded list, the first address that is not
 * in `trusted`; the leftmost when all are; `peer` when there is no list, when `peer` itself is not
 * trusted, or from where the list is no list of addresses. `forwarded`: the value of
 * X-Forwarded-For ("a, b") or Forwarded (`for=a;proto=https, for=b`), or NULL.
 */
struct address address_behind(const struct address *peer, const char *forwarded,
	const struct network *trusted, size_t count);

/* The `proto` of the rightmost element of a Forwarded header is "https". */
bool forwarded_https(const char *forwarded);

#endif
