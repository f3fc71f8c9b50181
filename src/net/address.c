/* SPDX-License-Identifier: MIT */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const uint8_t v4_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const struct address *a)
{
	return memcmp(a->byte, v4_prefix, sizeof(v4_prefix)) == 0;
}

static struct address from_v4(const void *bytes)
{
	struct address a;
	memcpy(a.byte, v4_prefix, 12);
	memcpy(a.byte + 12, bytes, 4);
	return a;
}

struct address address_of(const struct sockaddr *sa)
{
	struct address a = {{[15] = 1}};
	if (sa->sa_family == AF_INET)
		a = from_v4(&((const struct sockaddr_in *)(const void *)sa)->sin_addr);
	else if (sa->sa_family == AF_INET6)
		memcpy(a.byte, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
	return a;
}

static bool parse_plain(struct address *out, const char *text)
{
	uint8_t v4[4];
	if (inet_pton(AF_INET, text, v4) == 1) {
		*out = from_v4(v4);
		return true;
	}
	return inet_pton(AF_INET6, text, out->byte) == 1;
}

bool address_parse(struct address *out, const char *text, size_t len)
{
	char copy[ADDRESS_TEXT];
	while (len > 0 && (*text == ' ' || *text == '\t' || *text == '"'))
		text++, len--;
	while (len > 0 && strchr(" \t\"", text[len - 1]) != NULL && text[len - 1] != '\0')
		len--;
	if (len > 0 && *text == '[') {
		const char *close = memchr(text, ']', len);
		if (close == NULL)
			return false;
		text++;
		len = (size_t)(close - text);
	} else {
		/* One colon is a port's; more are an IPv6 address. */
		const char *colon = memchr(text, ':', len);
		if (colon != NULL &&
			memchr(colon + 1, ':', (size_t)(text + len - colon - 1)) == NULL)
			len = (size_t)(colon - text);
	}
	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return parse_plain(out, copy);
}

void address_text(const struct address *a, char out[static ADDRESS_TEXT])
{
	out[0] = '\0';
	if (is_v4(a))
		inet_ntop(AF_INET, a->byte + 12, out, ADDRESS_TEXT);
	else
		inet_ntop(AF_INET6, a->byte, out, ADDRESS_TEXT);
}

/* Networks as (address, bits) in a table. */
struct range {
	uint8_t byte[16];
	int bits;
};

static bool same_prefix(const uint8_t *a, const uint8_t *b, int bits)
{
	int whole = bits / 8;
	if (memcmp(a, b, (size_t)whole) != 0)
		return false;
	int rest = bits % 8;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

static const struct range loopback_ranges[] = {
	{{[10] = 0xff, [11] = 0xff, [12] = 127}, 104},
	{{[15] = 1}, 128},
};

static const struct range private_ranges[] = {
	{{[10] = 0xff, [11] = 0xff, [12] = 10}, 104},
	{{[10] = 0xff, [11] = 0xff, [12] = 172, [13] = 16}, 108},
	{{[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 168}, 112},
	{{[10] = 0xff, [11] = 0xff, [12] = 169, [13] = 254}, 112},
	{{0xfc}, 7},
	{{0xfe, 0x80}, 10},
};

static bool in_ranges(const struct address *a, const struct range *range, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (same_prefix(a->byte, range[i].byte, range[i].bits))
			return true;
	}
	return false;
}

bool address_is_loopback(const struct address *a)
{
	return in_ranges(a, loopback_ranges, sizeof(loopback_ranges) / sizeof(loopback_ranges[0]));
}

bool address_is_private(const struct address *a)
{
	return address_is_loopback(a) ||
		in_ranges(a, private_ranges, sizeof(private_ranges) / sizeof(private_ranges[0]));
}

void address_key(const struct address *a, char out[static ADDRESS_TEXT])
{
	struct address key = *a;
	if (!is_v4(a))
		memset(key.byte + 8, 0, 8);
	address_text(&key, out);
}

enum err network_parse(struct network *out, const char *text, struct error *why)
{
	size_t len = strcspn(text, "/");
	if (!address_parse(&out->address, text, len) || text[0] == '[')
		return err_set(why, ERR_ARG, "'%s' is no network: write it like 10.0.0.0/8", text);
	int most = is_v4(&out->address) ? 32 : 128;
	long bits = most;
	if (text[len] == '/') {
		char *end;
		bits = strtol(text + len + 1, &end, 10);
		if (end == text + len + 1 || *end != '\0' || bits < 0 || bits > most)
			return err_set(why, ERR_ARG, "'%s' is no network: /0 to /%d", text, most);
	}
	out->bits = (int)bits + 128 - most;
	struct address base = {{0}};
	memcpy(base.byte, out->address.byte, 16);
	for (int i = out->bits; i < 128; i++)
		base.byte[i / 8] = (uint8_t)(base.byte[i / 8] & ~(0x80 >> i % 8));
	if (memcmp(base.byte, out->address.byte, 16) != 0) {
		char shown[ADDRESS_TEXT];
		address_text(&base, shown);
		return err_set(why, ERR_ARG, "'%s' has bits beyond its prefix: do you mean %s/%ld?",
			text, shown, bits);
	}
	return OK;
}

bool network_has(const struct network *n, const struct address *a)
{
	return same_prefix(n->address.byte, a->byte, n->bits);
}

static bool is_trusted(const struct address *a, const struct network *trusted, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (network_has(&trusted[i], a))
			return true;
	}
	return false;
}

/* The address in one element: alone, or behind "for=" among parameters. */
static bool parse_element(struct address *out, const char *text, size_t len)
{
	const char *end = text + len;
	for (const char *at = text; at < end;) {
		const char *semicolon = memchr(at, ';', (size_t)(end - at));
		const char *stop = semicolon != NULL ? semicolon : end;
		while (at < stop && (*at == ' ' || *at == '\t'))
			at++;
		if (stop - at > 4 && strncasecmp(at, "for=", 4) == 0)
			return address_parse(out, at + 4, (size_t)(stop - at) - 4);
		at = stop + 1;
	}
	return address_parse(out, text, len);
}

struct address address_behind(const struct address *peer, const char *forwarded,
	const struct network *trusted, size_t count)
{
	struct address client = *peer;
	if (forwarded == NULL)
		return client;
	size_t end = strlen(forwarded);
	while (is_trusted(&client, trusted, count)) {
		size_t begin = end;
		while (begin > 0 && forwarded[begin - 1] != ',')
			begin--;
		struct address next;
		if (!parse_element(&next, forwarded + begin, end - begin))
			break;
		client = next;
		if (begin == 0)
			break;
		end = begin - 1;
	}
	return client;
}

bool forwarded_https(const char *forwarded)
{
	const char *last = strrchr(forwarded, ',');
	const char *at = last != NULL ? last + 1 : forwarded;
	const char *proto = strcasestr(at, "proto=");
	if (proto == NULL)
		return false;
	proto += 6;
	proto += *proto == '"';
	return strncasecmp(proto, "https", 5) == 0;
}
