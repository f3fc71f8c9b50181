/* SPDX-License-Identifier: MIT */
#include "net/response.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/condition.h"
#include "net/header.h"
#include "net/response_int.h"

struct status_words {
	int status;
	const char *text;
};

static const struct status_words status_words[] = {
	{100, "Continue"},
	{101, "Switching Protocols"},
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{206, "Partial Content"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{303, "See Other"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{308, "Permanent Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{410, "Gone"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Range Not Satisfiable"},
	{417, "Expectation Failed"},
	{421, "Misdirected Request"},
	{422, "Unprocessable Content"},
	{423, "Locked"},
	{426, "Upgrade Required"},
	{428, "Precondition Required"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
	{507, "Insufficient Storage"},
};

const char *status_text(int status)
{
	for (size_t i = 0; i < sizeof(status_words) / sizeof(status_words[0]); i++) {
		if (status_words[i].status == status)
			return status_words[i].text;
	}
	return "";
}

void response_init(struct response *res, const struct request *req)
{
	memset(res, 0, sizeof(*res));
	res->status = 200;
	res->fd = -1;
	res->secure = req->secure;
	memcpy(res->instance, req->id, sizeof(res->instance));
}

static void drop_body(struct response *res)
{
	free(res->owned);
	res->owned = NULL;
	res->bytes = NULL;
	if (res->fd >= 0)
		close(res->fd);
	res->fd = -1;
	res->first = res->len = 0;
	res->asset = NULL;
	res->ranges = res->has_body = false;
	json_decref(res->problem);
	res->problem = NULL;
	res->answered = false;
}

static void field_finish(struct response_field *field)
{
	free(field->name);
	free(field->value);
}

void response_reset(struct response *res)
{
	drop_body(res);
	for (size_t i = 0; i < res->fields; i++)
		field_finish(&res->field[i]);
	res->fields = 0;
	res->status = 200;
}

void response_finish(struct response *res)
{
	response_reset(res);
}

void response_status(struct response *res, int status)
{
	res->status = status >= 200 && status <= 599 ? status : 500;
}

int response_get_status(const struct response *res)
{
	return res->status;
}

static struct response_field *find_field(struct response *res, const char *name)
{
	for (size_t i = 0; i < res->fields; i++) {
		if (strcasecmp(res->field[i].name, name) == 0)
			return &res->field[i];
	}
	return NULL;
}

/* What says where a message ends is not for handlers to say. */
static const char *const own_headers[] = {
	"connection", "content-length", "keep-alive", "transfer-encoding"};

static bool is_own(const char *name)
{
	for (size_t i = 0; i < sizeof(own_headers) / sizeof(own_headers[0]); i++) {
		if (strcasecmp(own_headers[i], name) == 0)
			return true;
	}
	return false;
}

enum err response_header(struct response *res, const char *name, const char *value)
{
	size_t len = value != NULL ? strlen(value) : 0;
	if (!header_is_token_text(name, strlen(name)) || is_own(name) ||
		len > RESPONSE_HEADER_BYTES_MAX || (value != NULL && !header_is_value(value, len)))
		return err_set(&res->why, ERR_ARG, "the header '%s' cannot have this value", name);
	bool more = strcasecmp(name, "set-cookie") == 0 && value != NULL;
	struct response_field *old = more ? NULL : find_field(res, name);
	if (old == NULL && res->fields == RESPONSE_HEADERS_MAX)
		return err_set(&res->why, ERR_ARG, "the answer has more than %d headers",
			RESPONSE_HEADERS_MAX);
	struct response_field field = {.name = mem_strdup(name), .value = mem_strdup(value)};
	if (field.name == NULL || (value != NULL && field.value == NULL)) {
		field_finish(&field);
		return err_set(&res->why, ERR_NOMEM, "out of memory");
	}
	if (old == NULL)
		old = &res->field[res->fields++];
	else
		field_finish(old);
	*old = field;
	return OK;
}

const char *response_get_header(const struct response *res, const char *name)
{
	for (size_t i = 0; i < res->fields; i++) {
		if (strcasecmp(res->field[i].name, name) == 0)
			return res->field[i].value;
	}
	return NULL;
}

enum err response_cookie(struct response *res, const char *name, const char *value, long max_age_s)
{
	char text[4096];
	char age[48] = "";
	if (strpbrk(value, ";,\" \\") != NULL)
		return err_set(&res->why, ERR_ARG, "the cookie '%s' cannot have this value", name);
	if (max_age_s >= 0)
		snprintf(age, sizeof(age), "; Max-Age=%ld", max_age_s);
	int len = snprintf(text, sizeof(text), "%s=%s; Path=/; HttpOnly; SameSite=Lax%s%s", name,
		value, age, res->secure ? "; Secure" : "");
	if (len < 0 || (size_t)len >= sizeof(text))
		return err_set(&res->why, ERR_ARG, "the cookie '%s' is too long", name);
	return response_header(res, "Set-Cookie", text);
}

/* The type of a body whose header could not be set is not worth failing for: none is sniffed. */
static enum err begin_body(struct response *res, const char *type)
{
	drop_body(res);
	res->has_body = true;
	return type != NULL ? response_header(res, "Content-Type", type) : OK;
}

enum err response_body(struct response *res, const char *type, const void *bytes, size_t len)
{
	void *copy = malloc(len > 0 ? len : 1);
	if (copy == NULL)
		return err_set(&res->why, ERR_NOMEM, "out of memory");
	if (len > 0)
		memcpy(copy, bytes, len);
	response_take(res, type, copy, len);
	return OK;
}

void response_take(struct response *res, const char *type, void *bytes, size_t len)
{
	response_static(res, type, bytes, len);
	res->owned = bytes;
}

void response_static(struct response *res, const char *type, const void *bytes, size_t len)
{
	if (begin_body(res, type) != OK)
		log_at(LOG_WARN, "an answer goes without its type");
	res->bytes = bytes;
	res->len = len;
	res->ranges = true;
}

enum err response_text(struct response *res, const char *type, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	char *text = NULL;
	int len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		return err_set(&res->why, ERR_NOMEM, "out of memory");
	response_take(res, type != NULL ? type : "text/plain; charset=utf-8", text, (size_t)len);
	return OK;
}

static enum err tag_file(struct response *res, const struct stat *st)
{
	char tag[ETAG_MAX], date[HTTP_DATE_TEXT];
	enum err err = OK;
	if (response_get_header(res, "ETag") == NULL) {
		snprintf(tag, sizeof(tag), "\"%llx-%llx-%lx\"", (unsigned long long)st->st_size,
			(unsigned long long)st->st_mtim.tv_sec, (long)st->st_mtim.tv_nsec);
		err = response_header(res, "ETag", tag);
	}
	if (err == OK && response_get_header(res, "Last-Modified") == NULL) {
		http_date(st->st_mtim.tv_sec, date);
		err = response_header(res, "Last-Modified", date);
	}
	return err;
}

enum err response_file(struct response *res, const char *path, const char *type, struct error *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return err_errno(why, errno, "cannot open '%s'", path);
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(why, ERR_NOT_FOUND, "'%s' is no file", path);
	}
	enum err err = begin_body(res, type);
	if (err == OK)
		err = tag_file(res, &st);
	if (err != OK) {
		close(fd);
		return err_set(why, err, "cannot answer with '%s'", path);
	}
	res->fd = fd;
	res->len = (uint64_t)st.st_size;
	res->ranges = true;
	return OK;
}

enum err response_asset(struct response *res, const struct asset *asset)
{
	enum err err = begin_body(res, asset->type);
	if (err == OK && asset->etag != NULL)
		err = response_header(res, "ETag", asset->etag);
	if (err == OK && response_get_header(res, "Cache-Control") == NULL)
		err = response_header(res, "Cache-Control",
			asset->immutable ? "public, max-age=31536000, immutable" : "no-cache");
	res->asset = asset;
	res->bytes = asset->bytes;
	res->len = asset->len;
	res->ranges = true;
	return err;
}

enum err response_json(struct response *res, int status, json_t *doc)
{
	char *text = doc != NULL ? json_dumps(doc, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	json_decref(doc);
	if (text == NULL)
		return err_set(
			&res->why, ERR_NOMEM, "the answer is no JSON: no memory, or no UTF-8");
	response_take(res, "application/json", text, strlen(text));
	res->ranges = false;
	response_status(res, status);
	return OK;
}

enum err response_redirect(struct response *res, int status, const char *location)
{
	drop_body(res);
	response_status(res, status);
	return response_header(res, "Location", location);
}

void response_empty(struct response *res, int status)
{
	drop_body(res);
	response_status(res, status);
}

struct error *response_why(struct response *res)
{
	return &res->why;
}

/* Problem documents. */

/* Texts may quote what a client sent, or be cut within a letter; JSON wants UTF-8. */
static void make_utf8(const char *text, char *out, size_t room)
{
	size_t len = strnlen(text, room - 1), at = 0;
	while (at < len) {
		utf8proc_int32_t codepoint;
		utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
			(utf8proc_ssize_t)(len - at), &codepoint);
		size_t end = at + (n > 0 ? (size_t)n : 1);
		for (; at < end; at++)
			out[at] = n > 0 ? text[at] : '?';
	}
	out[len] = '\0';
}

static enum err set_problem(
	struct response *res, int status, const char *code, const char *hint, const char *reason)
{
	char type[160], instance[64], text[1024];
	make_utf8(reason, text, sizeof(text));
	snprintf(type, sizeof(type), "urn:rollcall:problem:%s", code);
	snprintf(instance, sizeof(instance), "urn:uuid:%s", res->instance);
	json_t *doc = json_pack("{s:s,s:s,s:i,s:s,s:s,s:s*,s:s}", "type", type, "title",
		status_text(status), "status", status, "detail", text, "code", code, "hint", hint,
		"instance", instance);
	if (doc == NULL)
		return err_set(&res->why, ERR_NOMEM, "out of memory");
	drop_body(res);
	res->problem = doc;
	res->answered = true;
	response_status(res, status);
	return OK;
}

enum err response_problem(
	struct response *res, int status, const char *code, const char *hint, const char *fmt, ...)
{
	char text[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return set_problem(res, status, code, hint, text);
}

enum err response_problem_add(struct response *res, const char *name, json_t *value)
{
	if (value == NULL || res->problem == NULL) {
		json_decref(value);
		return value == NULL ? ERR_NOMEM : ERR_ARG;
	}
	return json_object_set_new(res->problem, name, value) == 0 ? OK : ERR_NOMEM;
}

enum err response_later(
	struct response *res, int status, const char *code, int retry_s, const char *text)
{
	char seconds[16];
	snprintf(seconds, sizeof(seconds), "%d", retry_s);
	enum err err = set_problem(res, status, code, "try again after Retry-After seconds", text);
	return err == OK ? response_header(res, "Retry-After", seconds) : err;
}

/* How an error of below is answered. */
struct error_answer {
	enum err err;
	int status;
	const char *code;
};

static const struct error_answer error_answers[] = {
	{ERR_FORMAT, 400, "bad_request"},
	{ERR_ARG, 400, "bad_request"},
	{ERR_LIMIT, 413, "too_large"},
	{ERR_NOT_FOUND, 404, "not_found"},
	{ERR_EXISTS, 409, "exists"},
	{ERR_CONFLICT, 412, "changed"},
	{ERR_UNSUPPORTED, 415, "unsupported"},
	{ERR_DENIED, 403, "forbidden"},
	{ERR_BUSY, 503, "busy"},
	{ERR_FULL, 507, "full"},
};

enum err response_error(struct response *res, enum err err, const struct error *why)
{
	const char *text = why != NULL && why->text[0] != '\0' ? why->text : err_str(err);
	for (size_t i = 0; i < sizeof(error_answers) / sizeof(error_answers[0]); i++) {
		const struct error_answer *a = &error_answers[i];
		if (a->err != err)
			continue;
		if (a->status == 503)
			return response_later(res, a->status, a->code, 1, text);
		return set_problem(res, a->status, a->code, NULL, text);
	}
	log_at(LOG_ERROR, "request %s: %s", res->instance, text);
	return set_problem(res, 500, "internal", "tell the administrator the instance",
		"the server could not do this");
}
