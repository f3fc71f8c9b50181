/* SPDX-License-Identifier: MIT */
#include "net/router.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

enum { ROUTE_BODY_MAX = 1024 * 1024 * 1024 };

enum piece_kind { PIECE_REST, PIECE_ANY, PIECE_PLAIN }; /* the later, the better a match */

struct piece {
	enum piece_kind kind;
	char *text; /* plain text, or the parameter's name */
};

struct pattern {
	struct piece piece[URL_SEGMENTS_MAX];
	size_t count;
};

/* One pattern for each line of the table, in its order. */
struct router {
	const struct route *route;
	struct pattern *pattern;
	size_t count;
};

static enum err parse_piece(struct piece *piece, const char *text, size_t len)
{
	piece->kind = PIECE_PLAIN;
	if (len > 0 && text[0] == '{') {
		if (len < 3 || text[len - 1] != '}')
			return ERR_ARG;
		text++;
		len -= 2;
		piece->kind = PIECE_ANY;
		if (len > 3 && memcmp(text + len - 3, "...", 3) == 0) {
			piece->kind = PIECE_REST;
			len -= 3;
		}
	}
	if (memchr(text, '{', len) != NULL || memchr(text, '}', len) != NULL)
		return ERR_ARG;
	piece->text = strndup(text, len);
	return piece->text != NULL ? OK : ERR_NOMEM;
}

static enum err parse_pattern(struct pattern *p, const char *path)
{
	if (path == NULL || path[0] != '/')
		return ERR_ARG;
	for (const char *at = path + 1;; at++) {
		if (p->count == URL_SEGMENTS_MAX)
			return ERR_ARG;
		if (p->count > 0 && p->piece[p->count - 1].kind == PIECE_REST)
			return ERR_ARG;
		size_t len = strcspn(at, "/");
		enum err err = parse_piece(&p->piece[p->count], at, len);
		if (err != OK)
			return err;
		p->count++;
		for (size_t i = 0; i + 1 < p->count; i++) {
			if (p->piece[i].kind != PIECE_PLAIN &&
				p->piece[p->count - 1].kind != PIECE_PLAIN &&
				strcmp(p->piece[i].text, p->piece[p->count - 1].text) == 0)
				return ERR_ARG;
		}
		at += len;
		if (*at == '\0')
			return OK;
	}
}

static bool same_pattern(const struct pattern *a, const struct pattern *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (a->piece[i].kind != b->piece[i].kind)
			return false;
		if (a->piece[i].kind == PIECE_PLAIN &&
			strcmp(a->piece[i].text, b->piece[i].text) != 0)
			return false;
	}
	return true;
}

/* What is wrong with a line of the table, or NULL. */
static const char *fault_of(const struct route *route, size_t rates)
{
	if ((route->handler == NULL) == (route->channel == NULL))
		return "it needs either a handler or a channel";
	if (route->channel != NULL && (route->method != METHOD_GET || (route->flags & ROUTE_NOW)))
		return "a channel is a GET that is not ROUTE_NOW";
	if (route->method >= METHOD_COUNT || route->method == METHOD_HEAD)
		return "it has no method of its own";
	if (route->body_max > ROUTE_BODY_MAX)
		return "its body_max is over 1 GB";
	if (route->rate < 0 || (size_t)route->rate >= (rates > 0 ? rates : 1))
		return "its rate class is not there";
	return NULL;
}

static enum err add_route(struct router *r, size_t i, size_t rates, struct error *why)
{
	const struct route *route = &r->route[i];
	const char *path = route->path != NULL ? route->path : "";
	const char *fault = fault_of(route, rates);
	if (fault != NULL)
		return err_set(why, ERR_ARG, "route %zu, '%s': %s", i, path, fault);
	enum err err = parse_pattern(&r->pattern[i], route->path);
	if (err == ERR_NOMEM)
		return err_set(why, err, "out of memory");
	if (err != OK)
		return err_set(why, err, "route %zu: '%s' is no pattern", i, path);
	for (size_t k = 0; k < i; k++) {
		if (r->route[k].method == route->method &&
			same_pattern(&r->pattern[k], &r->pattern[i]))
			return err_set(
				why, ERR_ARG, "routes %zu and %zu, '%s', are the same", k, i, path);
	}
	return OK;
}

enum err router_open(struct router **out, const struct route *route, size_t count, size_t rates,
	struct error *why)
{
	*out = NULL;
	if (count > SERVER_ROUTES_MAX)
		return err_set(why, ERR_ARG, "%zu routes, but at most %d are possible", count,
			SERVER_ROUTES_MAX);
	struct router *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	r->route = route;
	r->count = count;
	r->pattern = mem_array(count, sizeof(*r->pattern));
	enum err err = r->pattern != NULL ? OK : err_set(why, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < count && err == OK; i++)
		err = add_route(r, i, rates, why);
	if (err != OK) {
		router_close(r);
		return err;
	}
	*out = r;
	return OK;
}

void router_close(struct router *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; r->pattern != NULL && i < r->count; i++) {
		for (size_t k = 0; k < URL_SEGMENTS_MAX; k++)
			free(r->pattern[i].piece[k].text);
	}
	free(r->pattern);
	free(r);
}

static bool matches(const struct pattern *p, const struct url_path *path)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct piece *piece = &p->piece[i];
		if (piece->kind == PIECE_REST)
			return true;
		if (i >= path->count)
			return false;
		if (piece->kind == PIECE_ANY && path->segment[i][0] == '\0')
			return false;
		if (piece->kind == PIECE_PLAIN && strcmp(piece->text, path->segment[i]) != 0)
			return false;
	}
	return p->count == path->count;
}

/* > 0: `a` is the better of two patterns that match: at the first difference, the plainer. */
static int compare(const struct pattern *a, const struct pattern *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		if (a->piece[i].kind != b->piece[i].kind)
			return a->piece[i].kind > b->piece[i].kind ? 1 : -1;
	}
	return a->count > b->count ? 1 : a->count < b->count ? -1 : 0;
}

static enum err add_params(
	const struct pattern *p, const struct url_path *path, struct params *params)
{
	enum err err = OK;
	for (size_t i = 0; i < p->count && err == OK; i++) {
		const struct piece *piece = &p->piece[i];
		if (piece->kind == PIECE_PLAIN)
			continue;
		size_t name_len = strlen(piece->text);
		if (piece->kind == PIECE_ANY) {
			const char *value = path->segment[i];
			err = params_add(params, piece->text, name_len, value, strlen(value));
			continue;
		}
		struct buf rest;
		buf_init(&rest, URL_TARGET_MAX);
		for (size_t k = i; k < path->count && err == OK; k++) {
			err = k > i ? buf_add_str(&rest, "/") : OK;
			if (err == OK)
				err = buf_add_str(&rest, path->segment[k]);
		}
		if (err == OK)
			err = params_add(params, piece->text, name_len, buf_str(&rest), rest.len);
		buf_finish(&rest);
	}
	return err;
}

static void list_methods(const bool known[METHOD_COUNT], char out[static ALLOW_TEXT])
{
	size_t len = 0;
	out[0] = '\0';
	for (int m = 0; m < METHOD_COUNT; m++) {
		bool has =
			known[m] || (m == METHOD_HEAD && known[METHOD_GET]) || m == METHOD_OPTIONS;
		if (has)
			len += (size_t)snprintf(out + len, ALLOW_TEXT - len, "%s%s",
				len > 0 ? ", " : "", method_name((enum method)m));
	}
}

enum err router_find(const struct router *r, enum method method, const struct url_path *path,
	struct route_match *out, struct params *params)
{
	*out = (struct route_match){.index = r->count};
	const struct pattern *best = NULL;
	/* First the pattern that fits best whatever the method, then its methods: /people/new is
	   not answered by /people/{id} because only that knows DELETE. */
	for (size_t i = 0; i < r->count; i++) {
		if (matches(&r->pattern[i], path) &&
			(best == NULL || compare(&r->pattern[i], best) > 0))
			best = &r->pattern[i];
	}
	if (best == NULL)
		return OK;
	bool known[METHOD_COUNT] = {false};
	enum method wanted = method == METHOD_HEAD ? METHOD_GET : method;
	for (size_t i = 0; i < r->count; i++) {
		if (!same_pattern(&r->pattern[i], best))
			continue;
		known[r->route[i].method] = true;
		out->any_origin |= (r->route[i].flags & ROUTE_ANY_ORIGIN) != 0;
		if (r->route[i].method == wanted) {
			out->route = &r->route[i];
			out->index = i;
		}
	}
	list_methods(known, out->allow);
	if (out->route == NULL)
		return OK;
	return add_params(&r->pattern[out->index], path, params);
}
