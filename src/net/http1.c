/* SPDX-License-Identifier: MIT */
#include "net/http1.h"

#include <string.h>
#include <strings.h>

#include "net/header.h"

enum { CHUNK_LINE_MAX = 256, TRAILERS_MAX = 4096, LENGTH_DIGITS_MAX = 15 };

size_t http1_head_end(const char *bytes, size_t len, size_t from)
{
	size_t begin = from > 3 ? from - 3 : 0;
	const char *end = len > begin ? memmem(bytes + begin, len - begin, "\r\n\r\n", 4) : NULL;
	return end != NULL ? (size_t)(end - bytes) + 4 : 0;
}

enum err http_length_parse(const char *text, uint64_t *out)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > LENGTH_DIGITS_MAX || text[digits] != '\0')
		return ERR_FORMAT;
	*out = 0;
	for (; *text != '\0'; text++)
		*out = *out * 10 + (uint64_t)(*text - '0');
	return OK;
}

/* "GET /path HTTP/1.1" */
static enum err parse_request_line(
	struct request *r, const char *line, size_t len, struct error *why)
{
	const char *space = memchr(line, ' ', len);
	size_t method_len = space != NULL ? (size_t)(space - line) : 0;
	const char *target = space != NULL ? space + 1 : line;
	const char *end = line + len;
	const char *version = memchr(target, ' ', (size_t)(end - target));
	if (space == NULL || version == NULL || !header_is_token_text(line, method_len) ||
		end - version != 9 || memcmp(version, " HTTP/", 6) != 0)
		return err_set(why, ERR_FORMAT, "the first line is no HTTP request");
	for (const char *c = target; c < version; c++) {
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
			return err_set(why, ERR_FORMAT, "the address holds characters it may not");
	}
	if (memcmp(version + 6, "1.1", 3) == 0)
		r->protocol = "HTTP/1.1";
	else if (memcmp(version + 6, "1.0", 3) == 0)
		r->protocol = "HTTP/1.0";
	else
		return err_set(why, ERR_VERSION, "only HTTP/1.1, 1.0 and 2 are spoken here");
	if (!method_parse(line, method_len, &r->method))
		return err_set(why, ERR_UNSUPPORTED, "the method is not known");
	return request_set_target(r, target, (size_t)(version - target), why);
}

static enum err parse_header_line(
	struct request *r, const char *line, size_t len, struct error *why)
{
	const char *colon = memchr(line, ':', len);
	if (colon == NULL)
		return err_set(why, ERR_FORMAT, "a header has no colon");
	const char *value = colon + 1;
	const char *end = line + len;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return request_add_header(
		r, line, (size_t)(colon - line), value, (size_t)(end - value), why);
}

/* Both lengths, or an encoding we do not know the end of: requests are smuggled that way. */
static enum err find_framing(const struct request *r, struct http1_framing *f, struct error *why)
{
	const char *coding = request_header(r, "transfer-encoding");
	const char *length = request_header(r, "content-length");
	const char *expect = request_header(r, "expect");
	bool old = strcmp(r->protocol, "HTTP/1.0") == 0;
	if (coding != NULL && (length != NULL || old))
		return err_set(why, ERR_FORMAT, "the length of the body is said in two ways");
	if (coding != NULL && strcasecmp(coding, "chunked") != 0)
		return err_set(why, ERR_FORMAT, "the transfer encoding is not 'chunked'");
	f->chunked = coding != NULL;
	if (length != NULL && http_length_parse(length, &f->content_length) != OK)
		return err_set(why, ERR_FORMAT, "the Content-Length is no number");
	f->expect_continue = expect != NULL && strcasecmp(expect, "100-continue") == 0 && !old;
	if (!old && request_header(r, "host") == NULL)
		return err_set(why, ERR_FORMAT, "the Host header is missing");
	return OK;
}

static void find_connection(const struct request *r, struct http1_framing *f)
{
	const char *connection = request_header(r, "connection");
	const char *upgrade = request_header(r, "upgrade");
	bool old = strcmp(r->protocol, "HTTP/1.0") == 0;
	f->keep_alive = old ? header_list_has(connection, "keep-alive")
			    : !header_list_has(connection, "close");
	f->upgrade_websocket = !old && r->method == METHOD_GET && upgrade != NULL &&
		strcasecmp(upgrade, "websocket") == 0 && header_list_has(connection, "upgrade");
}

enum err http1_head_parse(struct request *r, struct http1_framing *framing, const char *bytes,
	size_t len, struct error *why)
{
	*framing = (struct http1_framing){0};
	const char *at = bytes;
	const char *end = bytes + len;
	enum err err = OK;
	for (bool first = true; err == OK; first = false) {
		const char *stop = memmem(at, (size_t)(end - at), "\r\n", 2);
		if (stop == NULL)
			return err_set(why, ERR_FORMAT, "the head is cut short");
		size_t line = (size_t)(stop - at);
		if (line == 0 && !first)
			break;
		err = first ? parse_request_line(r, at, line, why)
			    : parse_header_line(r, at, line, why);
		at = stop + 2;
	}
	if (err == OK)
		err = find_framing(r, framing, why);
	if (err == OK)
		find_connection(r, framing);
	return err;
}

enum chunk_state {
	CHUNK_SIZE,
	CHUNK_EXTENSION,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER,
	CHUNK_TRAILER_LF,
	CHUNK_END_LF
};

static int hex_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	uint8_t lower = c | 0x20;
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static enum err feed_size(struct chunked *c, uint8_t byte)
{
	int digit = hex_of(byte);
	if (digit >= 0) {
		if (c->line > LENGTH_DIGITS_MAX - 3)
			return ERR_FORMAT;
		c->left = c->left << 4 | (uint64_t)digit;
		return OK;
	}
	if (c->line < 2) /* no digit before this */
		return ERR_FORMAT;
	if (byte == ';' || byte == ' ' || byte == '\t')
		c->state = CHUNK_EXTENSION;
	else if (byte == '\r')
		c->state = CHUNK_SIZE_LF;
	else
		return ERR_FORMAT;
	return OK;
}

static enum err expect(struct chunked *c, uint8_t byte, char wanted, int next)
{
	c->state = next;
	return byte == (uint8_t)wanted ? OK : ERR_FORMAT;
}

/* One byte of what stands between the data. */
static enum err feed_frame(struct chunked *c, uint8_t byte)
{
	enum err err;
	if (++c->line > (c->state >= CHUNK_TRAILER ? TRAILERS_MAX : CHUNK_LINE_MAX))
		return ERR_FORMAT;
	switch ((enum chunk_state)c->state) {
	case CHUNK_SIZE:
		return feed_size(c, byte);
	case CHUNK_EXTENSION:
		if (byte == '\r')
			c->state = CHUNK_SIZE_LF;
		return byte == '\n' || byte == '\0' ? ERR_FORMAT : OK;
	case CHUNK_SIZE_LF:
		err = expect(c, byte, '\n', c->left > 0 ? CHUNK_DATA : CHUNK_TRAILER);
		c->line = 0;
		return err;
	case CHUNK_DATA_CR:
		return expect(c, byte, '\r', CHUNK_DATA_LF);
	case CHUNK_DATA_LF:
		err = expect(c, byte, '\n', CHUNK_SIZE);
		c->line = 0;
		return err;
	case CHUNK_TRAILER:
		/* Trailers are read over until an empty line. `left` counts the line's bytes. */
		if (byte == '\r')
			c->state = c->left == 0 ? CHUNK_END_LF : CHUNK_TRAILER_LF;
		c->left++;
		return byte == '\n' || byte == '\0' ? ERR_FORMAT : OK;
	case CHUNK_TRAILER_LF:
		c->left = 0;
		return expect(c, byte, '\n', CHUNK_TRAILER);
	case CHUNK_END_LF:
		c->done = true;
		return expect(c, byte, '\n', CHUNK_END_LF);
	case CHUNK_DATA:
		break;
	}
	return ERR_FORMAT;
}

enum err chunked_feed(struct chunked *c, const uint8_t *bytes, size_t len, size_t *used,
	const uint8_t **data, size_t *data_len)
{
	*used = *data_len = 0;
	*data = bytes;
	while (*used < len && !c->done) {
		if (c->state == CHUNK_DATA) {
			size_t left = len - *used;
			*data = bytes + *used;
			*data_len = c->left < left ? (size_t)c->left : left;
			*used += *data_len;
			c->left -= *data_len;
			if (c->left == 0) {
				c->state = CHUNK_DATA_CR;
				c->line = 0;
			}
			return OK;
		}
		enum err err = feed_frame(c, bytes[*used]);
		if (err != OK)
			return err;
		(*used)++;
	}
	return OK;
}
