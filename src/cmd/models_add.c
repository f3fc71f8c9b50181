/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/models.h"
#include "net/fetch.h"

enum { KILO = 1000, ID_SUM_DIGITS = 12 };

/* A model on its way in. */
struct addition {
	struct cmd *c;
	struct manifest *m;
	json_t *doc;  /* the manifest to be written; NULL for a built-in model */
	char *folder; /* where the manifest came from, or NULL */
	char *url;    /* likewise, up to the last slash */
	char *onnx;   /* a bare file */
	struct model_folders places;
	struct model into; /* HOME/models/NAME; its manifest is borrowed */
	struct progress *progress;
	uint64_t bytes;
};

static enum err no_memory(struct error *why)
{
	return err_set(why, ERR_NOMEM, "no memory for a model");
}

static bool is_address(const char *text)
{
	return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

/* --- what is to be added --- */

static enum err take_manifest(
	struct addition *a, const char *text, size_t len, const char *what, struct error *why)
{
	enum err err = manifest_parse(&a->m, text, len, why);
	if (err != OK)
		return err_prefix(why, err, "manifest '%.200s'", what);
	a->doc = json_loadb(text, len, 0, NULL);
	return a->doc != NULL ? OK : no_memory(why);
}

static enum err from_url(struct addition *a, const char *url, struct error *why)
{
	const struct models_options *o = a->c->options;
	struct buf text;
	buf_init(&text, MANIFEST_SIZE_MAX);
	enum err err = fetch_text(&text, url, o->timeout_s, why);
	if (err == OK)
		err = take_manifest(a, buf_str(&text), text.len, url, why);
	buf_finish(&text);
	if (err != OK)
		return err;
	a->url = mem_strdup(url);
	if (a->url == NULL)
		return no_memory(why);
	a->url[strcspn(a->url, "?#")] = '\0';
	char *slash = strrchr(a->url, '/');
	if (slash != NULL)
		slash[1] = '\0';
	return OK;
}

static enum err from_manifest_file(struct addition *a, const char *path, struct error *why)
{
	struct buf text;
	buf_init(&text, MANIFEST_SIZE_MAX);
	enum err err = file_read(path, &text, why);
	if (err == OK)
		err = take_manifest(a, buf_str(&text), text.len, path, why);
	buf_finish(&text);
	if (err != OK)
		return err;
	size_t len = (size_t)(path_base(path) - path);
	a->folder = len > 0 ? strndup(path, len) : mem_strdup(".");
	return a->folder != NULL ? OK : no_memory(why);
}

/* The document of a known model's manifest. */
static enum err document_of(const struct model *like, json_t **out, struct error *why)
{
	*out = NULL;
	const char *text;
	size_t len;
	for (size_t i = 0; like->builtin && (text = manifest_builtin(i, &len)) != NULL; i++) {
		json_t *doc = json_loadb(text, len, 0, NULL);
		const char *name = json_string_value(json_object_get(doc, "name"));
		if (name != NULL && strcmp(name, like->manifest->name) == 0) {
			*out = doc;
			return OK;
		}
		json_decref(doc);
	}
	char *path = like->folder != NULL ? path_join(like->folder, "manifest.json") : NULL;
	if (path != NULL)
		*out = json_load_file(path, 0, NULL);
	free(path);
	return *out != NULL ? OK : no_memory(why);
}

/* "My Net.onnx" as a name: "my-net". */
static void name_from_file(const char *path, char out[static MANIFEST_NAME_BYTES])
{
	size_t len = 0;
	for (const char *c = path_base(path); *c != '\0' && len + 1 < MANIFEST_NAME_BYTES; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
			(len > 0 && strchr("-_.", *c) != NULL);
		out[len++] = (char)(plain ? *c : *c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : '-');
	}
	out[len] = '\0';
	if (len > 5 && strcmp(out + len - 5, ".onnx") == 0)
		out[len - 5] = '\0';
}

/* What a file of one's own has instead of what its model has. */
static enum err own_document(struct addition *a, const char *path, json_t *doc, struct error *why)
{
	static const char *const not_its[] = {
		"comment", "licence_url", "caveat", "source", "fmr", "licence", "provenance"};
	const struct models_options *o = a->c->options;
	char name[MANIFEST_NAME_BYTES], id[MANIFEST_ID_BYTES], sum[SHA256_TEXT];
	uint64_t size;
	enum err err = file_sha256(path, sum, &size, why);
	if (err != OK)
		return err;
	name_from_file(o->name != NULL ? o->name : path, name);
	if (o->name != NULL)
		snprintf(name, sizeof(name), "%s", o->name);
	if (!manifest_name_valid(name))
		return err_set(why, ERR_ARG,
			"'%s' is no name for a model: --name takes a-z, 0-9, '-', '_' and '.'",
			name);
	snprintf(id, sizeof(id), "own/%s-%.*s", name, ID_SUM_DIGITS, sum);
	for (size_t i = 0; i < sizeof(not_its) / sizeof(not_its[0]); i++)
		json_object_del(doc, not_its[i]);
	json_t *files = json_pack(
		"[{s:s,s:s,s:I}]", "path", "model.onnx", "sha256", sum, "size", (json_int_t)size);
	json_t *own = json_pack("{s:s,s:s,s:o,s:s,s:s}", "name", name, "id", id, "files", files,
		"licence", o->licence != NULL ? o->licence : "not known", "provenance",
		o->provenance != NULL ? o->provenance : "not known");
	if (own == NULL)
		return err_set(why, ERR_ARG, "--licence and --provenance take UTF-8 text");
	json_object_update(doc, own);
	json_decref(own);
	json_t *about = json_sprintf("Fed and read as %s", o->like);
	json_object_set_new(doc, "about", about);
	return OK;
}

static enum err from_onnx(struct addition *a, const char *path, struct error *why)
{
	const struct models_options *o = a->c->options;
	struct model like = {0};
	json_t *doc = NULL;
	char *text = NULL;
	if (o->like == NULL)
		return err_set(why, ERR_ARG,
			"an ONNX file does not say how it is fed: give --like MODEL, or a manifest "
			"(docs/models.md)");
	enum err err = model_known(&like, &a->places.places, o->like, why);
	if (err == OK && strstr(like.manifest->file[0].path, ".onnx") == NULL)
		err = err_set(why, ERR_ARG, "'%s' is no ONNX model: --like yunet, mobilefacenet",
			o->like);
	if (err == OK)
		err = document_of(&like, &doc, why);
	if (err == OK)
		err = own_document(a, path, doc, why);
	if (err == OK && (text = json_dumps(doc, JSON_REAL_PRECISION(17))) == NULL)
		err = no_memory(why);
	if (err == OK)
		err = take_manifest(a, text, strlen(text), path, why);
	if (err == OK && (a->onnx = mem_strdup(path)) == NULL)
		err = no_memory(why);
	free(text);
	json_decref(doc);
	model_finish(&like);
	return err;
}

static enum err from_builtin(struct addition *a, const char *name, struct error *why)
{
	struct model known = {0};
	enum err err = model_known(&known, &a->places.places, name, why);
	if (err == ERR_NOT_FOUND)
		return err_set(why, ERR_NOT_FOUND,
			"'%s' is no built-in model, no file and no address: 'rollcall models' "
			"lists the built-in ones",
			name);
	if (err != OK)
		return err;
	if (known.folder != NULL && (known.shipped || !known.builtin))
		err = err_set(why, ERR_EXISTS, "the model '%s' is here already: '%s'", name,
			known.folder);
	if (err == OK) {
		a->m = known.manifest;
		known.manifest = NULL;
	}
	model_finish(&known);
	return err;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), tail = strlen(end);
	return len >= tail && strcmp(text + len - tail, end) == 0;
}

static enum err find_addition(struct addition *a, const char *what, struct error *why)
{
	struct stat st;
	if (is_address(what))
		return from_url(a, what, why);
	/* A plain word is a name also where a file happens to be called so. */
	if (stat(what, &st) != 0 ||
		(strchr(what, '/') == NULL && !ends_with(what, ".onnx") &&
			!ends_with(what, ".json")))
		return from_builtin(a, what, why);
	if (ends_with(what, ".onnx"))
		return from_onnx(a, what, why);
	if (!S_ISDIR(st.st_mode))
		return from_manifest_file(a, what, why);
	char *path = path_join(what, "manifest.json");
	enum err err = path != NULL ? from_manifest_file(a, path, why) : no_memory(why);
	free(path);
	return err;
}

/* Own manifests do not take the place of others. */
static enum err check_free(struct addition *a, struct error *why)
{
	struct model known = {0};
	struct error none;
	if (a->doc == NULL || model_known(&known, &a->places.places, a->m->name, &none) != OK)
		return OK;
	enum err err = err_set(why, ERR_EXISTS,
		known.builtin ? "'%s' is the name of a built-in model: give it another one"
			      : "there is a model '%s' already: 'rollcall models remove' it first",
		a->m->name);
	model_finish(&known);
	return err;
}

/* --- files --- */

static bool tell(void *ctx, uint64_t done, uint64_t total)
{
	struct addition *a = ctx;
	progress_step(a->progress, (size_t)(done / KILO));
	return !interrupted();
}

/* FOLDER/SUB/NAME or FOLDER/NAME if that is there; NULL when not, or no memory. */
static char *file_in(const char *folder, const char *sub, const char *name)
{
	char *path = NULL;
	if (sub != NULL && asprintf(&path, "%s/%s/%s", folder, sub, name) < 0)
		return NULL;
	if (path != NULL && file_exists(path))
		return path;
	free(path);
	path = path_join(folder, name);
	if (path != NULL && file_exists(path))
		return path;
	free(path);
	return NULL;
}

/* BASE/NAME as an address; the name's odd bytes are escaped. A new string or NULL. */
static char *address_of_file(const char *base, const char *name)
{
	size_t len = strlen(base), at = len;
	char *url = calloc(1, len + 3 * strlen(name) + 2);
	if (url == NULL)
		return NULL;
	memcpy(url, base, len);
	if (len > 0 && url[len - 1] != '/')
		url[at++] = '/';
	for (; *name != '\0'; name++) {
		bool plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
			(*name >= '0' && *name <= '9') || strchr("-_.~", *name) != NULL;
		at += (size_t)snprintf(url + at, 4, plain ? "%c" : "%%%02X", (unsigned char)*name);
	}
	return url;
}

static enum err fetch_from(struct addition *a, const struct manifest_file *file, const char *url,
	const char *path, struct error *why)
{
	const struct models_options *o = a->c->options;
	if (url == NULL)
		return no_memory(why);
	if (file->sha256[0] == '\0')
		return err_set(why, ERR_FORMAT,
			"'%s' is not fetched: the manifest has no checksum for it", file->path);
	const struct fetch f = {
		.url = url,
		.sha256 = file->sha256,
		.size = file->size,
		.max = file->size > 0 ? file->size : MANIFEST_FILE_MAX,
		.stall_s = o->timeout_s,
		.progress = tell,
		.ctx = a,
	};
	return fetch_file(path, &f, why);
}

static enum err copy_from(struct addition *a, const struct manifest_file *file, const char *from,
	const char *path, struct error *why)
{
	const struct fetch f = {
		.sha256 = file->sha256,
		.size = file->size,
		.max = MANIFEST_FILE_MAX,
		.progress = tell,
		.ctx = a,
	};
	return fetch_copy(path, from, &f, why);
}

static enum err get_file(
	struct addition *a, const struct manifest_file *file, const char *path, struct error *why)
{
	const struct models_options *o = a->c->options;
	bool from_folder = o->from != NULL && !is_address(o->from);
	char *found = NULL;
	if (from_folder)
		found = file_in(o->from, a->m->name, file->path);
	else if (o->from == NULL && a->onnx != NULL)
		found = mem_strdup(a->onnx);
	else if (o->from == NULL && a->folder != NULL)
		found = file_in(a->folder, NULL, file->path);
	enum err err;
	if (found != NULL) {
		err = copy_from(a, file, found, path, why);
	} else if (from_folder) {
		err = err_set(why, ERR_NOT_FOUND, "'%s' has no '%s'", o->from, file->path);
	} else if (o->from != NULL) {
		found = address_of_file(o->from, file->path);
		err = fetch_from(a, file, found, path, why);
	} else if (file->url != NULL) {
		err = fetch_from(a, file, file->url, path, why);
	} else if (a->url != NULL) {
		found = address_of_file(a->url, file->path);
		err = fetch_from(a, file, found, path, why);
	} else {
		err = err_set(why, ERR_NOT_FOUND,
			"'%s' has no address%s%s: --from takes it from a folder", file->path,
			a->m->source[0] != '\0' ? " but comes with the " : "", a->m->source);
	}
	free(found);
	return err;
}

static bool is_right(const char *path, const struct manifest_file *file)
{
	struct error none;
	char sum[SHA256_TEXT];
	return file->sha256[0] != '\0' && file_exists(path) &&
		file_sha256(path, sum, NULL, &none) == OK && strcmp(sum, file->sha256) == 0;
}

/* One file into the folder; what is not known of it is put into the document. */
static enum err install_file(struct addition *a, size_t i, struct error *why)
{
	const struct manifest_file *file = &a->m->file[i];
	char sum[SHA256_TEXT];
	uint64_t size = 0;
	char *path = path_join(a->into.folder, file->path);
	if (path == NULL)
		return no_memory(why);
	enum err err = OK;
	if (!is_right(path, file)) {
		char what[MANIFEST_PATH_MAX + 8];
		snprintf(what, sizeof(what), "%s, kB", file->path);
		a->progress = progress_start((size_t)(file->size / KILO), what);
		err = get_file(a, file, path, why);
		progress_end(a->progress);
		a->progress = NULL;
	}
	if (err == OK)
		err = file_sha256(path, sum, &size, why);
	if (err == OK && a->doc != NULL) {
		json_t *entry = json_array_get(json_object_get(a->doc, "files"), i);
		json_object_set_new(entry, "sha256", json_string(sum));
		json_object_set_new(entry, "size", json_integer((json_int_t)size));
	}
	a->bytes += size;
	free(path);
	return err;
}

static enum err write_manifest(struct addition *a, struct error *why)
{
	if (a->doc == NULL)
		return OK;
	char *text = json_dumps(a->doc, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
	char *path = path_join(a->into.folder, "manifest.json");
	enum err err = text != NULL && path != NULL
		? file_write(path, text, strlen(text), 0600, why)
		: no_memory(why);
	free(text);
	free(path);
	return err;
}

/* Takes away what a failure leaves of files that were whole; parts stay for the next time. */
static void clean_up(const struct addition *a)
{
	for (size_t i = 0; i < a->m->files; i++) {
		char *path = path_join(a->into.folder, a->m->file[i].path);
		if (path != NULL)
			unlink(path);
		free(path);
	}
	rmdir(a->into.folder);
}

static enum err install(struct addition *a, struct error *why)
{
	a->into = (struct model){.manifest = a->m};
	a->into.folder = path_join(a->places.home, a->m->name);
	if (a->into.folder == NULL)
		return no_memory(why);
	enum err err = file_make_folder(a->into.folder, 0700, why);
	for (size_t i = 0; err == OK && i < a->m->files; i++)
		err = install_file(a, i, why);
	if (err != OK) {
		rmdir(a->into.folder);
		return err;
	}
	err = model_check(&a->into, why);
	if (err != OK) {
		clean_up(a);
		return err_prefix(why, err, "the model '%s' cannot be used", a->m->name);
	}
	err = model_terms_keep(&a->into, why);
	return err == OK ? write_manifest(a, why) : err;
}

static int tell_added(const struct addition *a, bool was_here)
{
	const struct manifest *m = a->m;
	if (a->c->json)
		return cmd_print_json(json_pack("{s:{s:s,s:s,s:s,s:s,s:I,s:b}}", "added", "name",
			m->name, "kind", model_kind_word(m->kind), "id", m->id, "folder",
			a->into.folder, "bytes", (json_int_t)a->bytes, "was_here", was_here));
	if (was_here)
		printf("%s is here already, and as it should be.\n", m->name);
	else
		printf("Added %s, %.1f MB. 'rollcall models use %s' puts it to use.\n", m->name,
			(double)a->bytes / 1e6, m->name);
	return EXIT_OK;
}

/* Whether a built-in model has been added before and is whole. */
static bool here_already(struct addition *a)
{
	struct model known = {0};
	struct error none;
	bool here = a->doc == NULL &&
		model_known(&known, &a->places.places, a->m->name, &none) == OK &&
		known.folder != NULL && model_terms_accepted(&known) &&
		model_files_check(&known, &none) == OK;
	if (here) {
		a->into.folder = known.folder;
		known.folder = NULL;
	}
	model_finish(&known);
	return here;
}

int models_add(struct cmd *c)
{
	struct error why = {0};
	struct addition a = {.c = c};
	int status = EXIT_OK;
	if (fetch_init(&why) != OK || model_folders_find(c, &a.places, &why) != OK ||
		find_addition(&a, c->arg[0], &why) != OK || check_free(&a, &why) != OK) {
		status = cmd_fail(&why);
	} else if (here_already(&a)) {
		status = tell_added(&a, true);
	} else {
		status = model_terms_ask(c, a.m);
		interrupt_catch();
		if (status == EXIT_OK && install(&a, &why) != OK)
			status = cmd_fail(&why);
		else if (status == EXIT_OK)
			status = tell_added(&a, false);
	}
	free(a.into.folder);
	free(a.folder);
	free(a.url);
	free(a.onnx);
	json_decref(a.doc);
	manifest_free(a.m);
	model_folders_finish(&a.places);
	return status;
}
