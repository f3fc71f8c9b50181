/* SPDX-License-Identifier: MIT */
#include "api/pages.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "api/context.h"
#include "api/resources.h"
#include "base/mem.h"

enum { HASH_BYTES = 16, ETAG_BYTES = 2 + 2 * HASH_BYTES + 1 };

struct page {
	struct asset asset;
	char etag[ETAG_BYTES];
};

struct pages {
	struct page *page;
	size_t count;
};

/* No script or style but our own files, nothing from elsewhere, in nobody's frame. */
static const char csp[] =
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	"img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

static const char *type_of(const char *name)
{
	static const struct {
		const char *ending, *type;
	} types[] = {
		{".html", "text/html; charset=utf-8"},
		{".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"},
		{".svg", "image/svg+xml"},
	};
	const char *ending = strrchr(name, '.');
	for (size_t i = 0; ending != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].ending, ending) == 0)
			return types[i].type;
	return NULL;
}

static void make_page(struct page *p, const struct embedded *file)
{
	unsigned char hash[HASH_BYTES];
	crypto_generichash(hash, sizeof(hash), file->bytes, file->len, NULL, 0);
	p->etag[0] = '"';
	sodium_bin2hex(p->etag + 1, sizeof(p->etag) - 1, hash, sizeof(hash));
	p->etag[ETAG_BYTES - 2] = '"';
	p->etag[ETAG_BYTES - 1] = '\0';
	p->asset = (struct asset){.path = file->name,
		.type = type_of(file->name),
		.etag = p->etag,
		.bytes = file->bytes,
		.len = file->len};
}

enum err pages_open(struct pages **out, struct error *why)
{
	struct pages *p = calloc(1, sizeof(*p));
	size_t count = 0;
	enum err err = OK;
	*out = NULL;
	while (web_files[count].name != NULL)
		count++;
	if (p != NULL)
		p->page = mem_array(count, sizeof(*p->page));
	if (p == NULL || p->page == NULL) {
		free(p);
		return err_set(why, ERR_NOMEM, "no memory for the pages");
	}
	for (; err == OK && p->count < count; p->count++) {
		make_page(&p->page[p->count], &web_files[p->count]);
		if (p->page[p->count].asset.type == NULL)
			err = err_set(why, ERR_INTERNAL, "web/%s is of no known kind",
				web_files[p->count].name);
	}
	if (err != OK) {
		pages_close(p);
		return err;
	}
	*out = p;
	return OK;
}

void pages_close(struct pages *p)
{
	if (p == NULL)
		return;
	free(p->page);
	free(p);
}

const struct asset *pages_find(const struct pages *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (strcmp(p->page[i].asset.path, name) == 0)
			return &p->page[i].asset;
	return NULL;
}

/* --- serving ---------------------------------------------------------------------------- */

static enum err html(const struct request *req, struct response *res, struct worker *w)
{
	const char *name = request_route(req)->data;
	const struct asset *asset = pages_find(api_pages(context_of(w)->api), name);
	if (asset == NULL)
		return err_set(response_why(res), ERR_INTERNAL, "web/%s is not built in", name);
	enum err err = response_header(res, "Content-Security-Policy", csp);
	return err == OK ? response_asset(res, asset) : err;
}

/* What the pages consist of; not the pages themselves, which have places of their own. */
static enum err part(const struct request *req, struct response *res, struct worker *w)
{
	const char *name = request_param(req, "name"), *ending = strrchr(name, '.');
	const struct asset *asset = pages_find(api_pages(context_of(w)->api), name);
	if (asset == NULL || ending == NULL || strcmp(ending, ".html") == 0)
		return err_set(response_why(res), ERR_NOT_FOUND, "there is no such file");
	return response_asset(res, asset);
}

static const struct route routes[] = {
	{METHOD_GET, "/", .access = RIGHT_ANYBODY, .rate = RATE_API, .handler = html,
		.data = "index.html"},
	{METHOD_GET, "/link", .access = RIGHT_ANYBODY, .rate = RATE_API, .handler = html,
		.data = "link.html"},
	{METHOD_GET, "/assets/{name}", .access = RIGHT_ANYBODY, .rate = RATE_API, .handler = part},
};

const struct resource resource_pages = RESOURCE(routes);
