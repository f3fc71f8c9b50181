/* SPDX-License-Identifier: MIT */
#include "infer/weights.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "infer/pages.h"

enum {
	WEIGHTS_ELEMENTS_MAX = 1 << 28, /* of all tensors together: a gigabyte of floats */
	CHUNK = 1024,                   /* values decoded at a time */
	VALUE_BYTES_MAX = 4,
};

/* How the values of a tensor lie in the shards. */
enum stored { STORED_FLOAT32, STORED_INT32, STORED_UINT8, STORED_UINT16 };

static const struct {
	const char *name;
	size_t bytes;
	bool as_dtype, as_quantization;
} stored_types[] = {
	[STORED_FLOAT32] = {"float32", 4, true, false},
	[STORED_INT32] = {"int32", 4, true, false},
	[STORED_UINT8] = {"uint8", 1, true, true},
	[STORED_UINT16] = {"uint16", 2, false, true},
};

/* value = stored * scale + min, then rounded if the tensor's dtype is a whole number. */
struct spec {
	enum stored stored;
	bool whole;
	double scale, min;
};

struct weights {
	struct tensor *tensor;
	const struct tensor **by_name; /* sorted */
	size_t count, capacity;
	struct pages values; /* all tensors' floats, one after another */
};

/* The shards' bytes as one run. */
struct cursor {
	const struct shard *shard;
	size_t shards, at, offset;
};

struct loader {
	struct weights *w;
	struct spec *spec; /* one a tensor */
	size_t spec_capacity;
	size_t elements; /* of all tensors so far */
	struct cursor from;
	struct error *why;
};

static enum err bad(struct loader *l, const char *tensor, const char *reason)
{
	return err_set(l->why, ERR_FORMAT, "tensor '%s' %s", tensor, reason);
}

/* --- the manifest ------------------------------------------------------------------- */

static bool plain_file_name(const char *name)
{
	return name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
		strpbrk(name, "/\\") == NULL;
}

/* Appends the shards' names of all groups, borrowed from `root`. */
static enum err collect_paths(
	const json_t *root, const char **path, size_t *paths, struct error *why)
{
	*paths = 0;
	if (!json_is_array(root) || json_array_size(root) == 0)
		return err_set(why, ERR_FORMAT, "is no list of weight groups");
	for (size_t g = 0; g < json_array_size(root); g++) {
		const json_t *list = json_object_get(json_array_get(root, g), "paths");
		if (!json_is_array(list) || json_array_size(list) == 0)
			return err_set(why, ERR_FORMAT, "weight group %zu names no \"paths\"", g);
		for (size_t i = 0; i < json_array_size(list); i++) {
			const char *name = json_string_value(json_array_get(list, i));
			if (name == NULL || !plain_file_name(name))
				return err_set(why, ERR_FORMAT,
					"path %zu of weight group %zu is no plain file name", i, g);
			if (*paths == WEIGHTS_SHARDS_MAX)
				return err_set(why, ERR_LIMIT, "names more than %d shards",
					WEIGHTS_SHARDS_MAX);
			path[(*paths)++] = name;
		}
	}
	return OK;
}

static bool stored_type(const char *name, bool quantization, enum stored *out)
{
	for (size_t i = 0; name != NULL && i < sizeof(stored_types) / sizeof(stored_types[0]);
		i++) {
		bool allowed =
			quantization ? stored_types[i].as_quantization : stored_types[i].as_dtype;
		if (allowed && strcmp(stored_types[i].name, name) == 0) {
			*out = (enum stored)i;
			return true;
		}
	}
	return false;
}

static enum err read_type(struct loader *l, const json_t *entry, const char *name, struct spec *s)
{
	*s = (struct spec){.scale = 1};
	if (!stored_type(json_string_value(json_object_get(entry, "dtype")), false, &s->stored))
		return bad(l, name, "has an unknown dtype (known: float32, int32, uint8)");
	s->whole = s->stored != STORED_FLOAT32;
	const json_t *q = json_object_get(entry, "quantization");
	if (q == NULL || json_is_null(q))
		return OK;
	const char *type = json_string_value(json_object_get(q, "dtype"));
	if (!stored_type(type, true, &s->stored))
		return bad(l, name, "has an unknown quantization (known: uint8, uint16)");
	const json_t *scale = json_object_get(q, "scale"), *min = json_object_get(q, "min");
	if (!json_is_number(scale) || !json_is_number(min))
		return bad(l, name, "has a quantization without scale or min");
	s->scale = json_number_value(scale);
	s->min = json_number_value(min);
	if (!isfinite(s->scale) || !isfinite(s->min) || s->scale < 0)
		return bad(l, name, "has a quantization that is not a finite, positive scale");
	return OK;
}

static enum err read_shape(struct loader *l, const json_t *entry, struct tensor *t)
{
	const json_t *shape = json_object_get(entry, "shape");
	if (!json_is_array(shape) || json_array_size(shape) > WEIGHTS_RANK_MAX)
		return bad(l, t->name, "has no shape of at most 4 dimensions");
	t->rank = (int)json_array_size(shape);
	t->count = 1;
	for (int i = 0; i < t->rank; i++) {
		const json_t *dim = json_array_get(shape, (size_t)i);
		json_int_t value = json_integer_value(dim);
		if (!json_is_integer(dim) || value < 1 || value > WEIGHTS_ELEMENTS_MAX)
			return bad(l, t->name, "has a dimension that is no positive number");
		t->dims[i] = (size_t)value;
		if (!size_mul(t->count, t->dims[i], &t->count) || t->count > WEIGHTS_ELEMENTS_MAX)
			return err_set(l->why, ERR_LIMIT, "tensor '%s' is too large", t->name);
	}
	l->elements += t->count;
	if (l->elements > WEIGHTS_ELEMENTS_MAX)
		return err_set(l->why, ERR_LIMIT, "the tensors together are too large");
	return OK;
}

/* Takes up one tensor's description; *bytes grows by what it needs of the shards. */
static enum err add_tensor(struct loader *l, const json_t *entry, size_t *bytes)
{
	struct weights *w = l->w;
	const char *name = json_string_value(json_object_get(entry, "name"));
	if (name == NULL || name[0] == '\0')
		return err_set(l->why, ERR_FORMAT, "tensor %zu has no name", w->count);
	if (w->count == WEIGHTS_TENSORS_MAX)
		return err_set(l->why, ERR_LIMIT, "more than %d tensors", WEIGHTS_TENSORS_MAX);
	if (!mem_grow((void **)&w->tensor, w->count, &w->capacity, sizeof(*w->tensor)) ||
		!mem_grow((void **)&l->spec, w->count, &l->spec_capacity, sizeof(*l->spec)))
		return err_set(l->why, ERR_NOMEM, "out of memory");
	struct tensor *t = &w->tensor[w->count];
	t->name = mem_strdup(name);
	if (t->name == NULL)
		return err_set(l->why, ERR_NOMEM, "out of memory");
	struct spec *s = &l->spec[w->count++];
	enum err e = read_type(l, entry, t->name, s);
	if (e == OK)
		e = read_shape(l, entry, t);
	if (e == OK)
		*bytes += t->count * stored_types[s->stored].bytes;
	return e;
}

/* Reads one group's tensors and holds their size against that of its shards. */
static enum err read_group(struct loader *l, const json_t *group, size_t *shard)
{
	size_t have = 0, wanted = 0;
	for (size_t n = json_array_size(json_object_get(group, "paths")); n > 0; n--)
		have += l->from.shard[(*shard)++].len;
	const json_t *list = json_object_get(group, "weights");
	if (!json_is_array(list))
		return err_set(l->why, ERR_FORMAT, "a weight group has no list \"weights\"");
	for (size_t i = 0; i < json_array_size(list); i++) {
		enum err e = add_tensor(l, json_array_get(list, i), &wanted);
		if (e != OK)
			return e;
	}
	if (have < wanted)
		return err_set(l->why, ERR_FORMAT,
			"the shards are too short: %zu bytes of %zu; fetch the model again", have,
			wanted);
	if (have > wanted)
		return err_set(l->why, ERR_FORMAT,
			"the shards are %zu bytes longer than the tensors", have - wanted);
	return OK;
}

static int compare_names(const void *a, const void *b)
{
	const struct tensor *const *x = a, *const *y = b;
	return strcmp((*x)->name, (*y)->name);
}

static enum err index_names(struct loader *l)
{
	struct weights *w = l->w;
	w->by_name = mem_array(w->count, sizeof(*w->by_name));
	if (w->by_name == NULL)
		return err_set(l->why, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < w->count; i++)
		w->by_name[i] = &w->tensor[i];
	qsort(w->by_name, w->count, sizeof(*w->by_name), compare_names);
	for (size_t i = 1; i < w->count; i++) {
		if (strcmp(w->by_name[i - 1]->name, w->by_name[i]->name) == 0)
			return bad(l, w->by_name[i]->name, "is there twice");
	}
	return OK;
}

/* --- the values --------------------------------------------------------------------- */

/* Copies the next `len` bytes, of which read_group has made sure, across shards. */
static void cursor_read(struct cursor *c, uint8_t *dst, size_t len)
{
	while (len > 0) {
		assert(c->at < c->shards);
		size_t part = c->shard[c->at].len - c->offset;
		if (part > len)
			part = len;
		if (part > 0)
			memcpy(dst, c->shard[c->at].data + c->offset, part);
		dst += part;
		len -= part;
		c->offset += part;
		if (c->offset == c->shard[c->at].len) {
			c->at++;
			c->offset = 0;
		}
	}
}

/* One stored value, little endian. */
static double stored_value(enum stored type, const uint8_t *raw)
{
	uint32_t bits = raw[0];
	for (size_t i = 1; i < stored_types[type].bytes; i++)
		bits |= (uint32_t)raw[i] << (8 * i);
	if (type == STORED_FLOAT32) {
		float value;
		memcpy(&value, &bits, sizeof(value));
		return (double)value;
	}
	return type == STORED_INT32 ? (double)(int32_t)bits : (double)bits;
}

static float real_value(const struct spec *s, double stored)
{
	double value = stored * s->scale + s->min;
	return (float)(s->whole ? nearbyint(value) : value);
}

static enum err decode_tensor(struct loader *l, size_t index, float *dst)
{
	struct tensor *t = &l->w->tensor[index];
	const struct spec *s = &l->spec[index];
	const size_t size = stored_types[s->stored].bytes;
	uint8_t raw[CHUNK * VALUE_BYTES_MAX];
	float of_byte[256];
	t->data = dst;
	bool sure = size == 1; /* every byte is a finite value: no need to look at each */
	for (unsigned i = 0; i < 256; i++) {
		of_byte[i] = real_value(s, i);
		sure = sure && isfinite(of_byte[i]);
	}
	for (size_t done = 0; done < t->count;) {
		size_t n = t->count - done < CHUNK ? t->count - done : CHUNK;
		cursor_read(&l->from, raw, n * size);
		for (size_t i = 0; sure && i < n; i++)
			dst[done + i] = of_byte[raw[i]];
		for (size_t i = 0; !sure && i < n; i++) {
			dst[done + i] = size == 1
				? of_byte[raw[i]]
				: real_value(s, stored_value(s->stored, raw + i * size));
			if (!isfinite(dst[done + i]))
				return bad(l, t->name, "has a value that is not finite");
		}
		done += n;
	}
	return OK;
}

static enum err decode_all(struct loader *l)
{
	size_t bytes;
	if (!size_mul(l->elements, sizeof(float), &bytes) || !pages_init(&l->w->values, bytes))
		return err_set(l->why, ERR_NOMEM, "out of memory");
	float *dst = l->w->values.data;
	for (size_t i = 0; i < l->w->count; i++) {
		enum err e = decode_tensor(l, i, dst);
		if (e != OK)
			return e;
		dst += l->w->tensor[i].count;
	}
	return OK;
}

static enum err build(
	struct weights **out, const json_t *root, const struct cursor *from, struct error *why)
{
	struct loader l = {.from = *from, .why = why};
	enum err e = OK;
	size_t shard = 0;
	l.w = mem_array(1, sizeof(*l.w));
	if (l.w == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	for (size_t g = 0; e == OK && g < json_array_size(root); g++)
		e = read_group(&l, json_array_get(root, g), &shard);
	if (e == OK)
		e = index_names(&l);
	if (e == OK)
		e = decode_all(&l);
	free(l.spec);
	if (e != OK)
		weights_free(l.w);
	else
		*out = l.w;
	return e;
}

static enum err parse_json(json_t **root, const char *text, size_t len, struct error *why)
{
	json_error_t reason;
	*root = NULL;
	if (len > WEIGHTS_MANIFEST_MAX)
		return err_set(why, ERR_LIMIT, "is larger than %d bytes", WEIGHTS_MANIFEST_MAX);
	*root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &reason);
	if (*root != NULL)
		return OK;
	/* Out of memory has no text, or none that says so, depending on where it happens. */
	if (reason.text[0] == '\0' || json_error_code(&reason) == json_error_out_of_memory)
		return err_set(why, ERR_NOMEM, "out of memory");
	return err_set(why, ERR_FORMAT, "is no JSON: line %d: %s", reason.line, reason.text);
}

/* --- the public side ---------------------------------------------------------------- */

enum err weights_parse(struct weights **out, const char *manifest, size_t manifest_len,
	const struct shard *shard, size_t shards, struct error *why)
{
	const char *path[WEIGHTS_SHARDS_MAX];
	const struct cursor from = {.shard = shard, .shards = shards};
	size_t paths = 0;
	json_t *root;
	*out = NULL;
	enum err e = parse_json(&root, manifest, manifest_len, why);
	if (e == OK)
		e = collect_paths(root, path, &paths, why);
	if (e == OK && paths != shards)
		e = err_set(why, ERR_FORMAT, "names %zu shards, not %zu", paths, shards);
	for (size_t i = 0; e == OK && i < shards; i++) {
		if (shard[i].len > WEIGHTS_SHARD_MAX)
			e = err_set(why, ERR_LIMIT, "shard '%s' is larger than %d bytes", path[i],
				WEIGHTS_SHARD_MAX);
	}
	if (e == OK)
		e = build(out, root, &from, why);
	json_decref(root);
	return e;
}

/* Reads the file `name` beside `manifest_path`. */
static enum err read_shard(
	struct buf *out, const char *manifest_path, const char *name, struct error *why)
{
	size_t folder = (size_t)(path_base(manifest_path) - manifest_path);
	size_t len = strlen(name);
	char *path = mem_array(folder + len + 1, 1);
	if (path == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	memcpy(path, manifest_path, folder);
	memcpy(path + folder, name, len);
	enum err e = file_read(path, out, why);
	free(path);
	return e;
}

static enum err load_shards(
	struct weights **out, const json_t *root, const char *manifest_path, struct error *why)
{
	const char *path[WEIGHTS_SHARDS_MAX];
	struct buf content[WEIGHTS_SHARDS_MAX] = {0};
	struct shard shard[WEIGHTS_SHARDS_MAX];
	size_t paths = 0;
	enum err e = collect_paths(root, path, &paths, why);
	if (e != OK)
		return err_prefix(why, e, "'%s'", manifest_path);
	for (size_t i = 0; e == OK && i < paths; i++) {
		buf_init(&content[i], WEIGHTS_SHARD_MAX);
		e = read_shard(&content[i], manifest_path, path[i], why);
		shard[i] = (struct shard){content[i].data, content[i].len};
	}
	if (e == OK) {
		const struct cursor from = {.shard = shard, .shards = paths};
		e = build(out, root, &from, why);
		if (e != OK)
			err_prefix(why, e, "'%s'", manifest_path);
	}
	for (size_t i = 0; i < paths; i++)
		buf_finish(&content[i]);
	return e;
}

enum err weights_load(struct weights **out, const char *manifest_path, struct error *why)
{
	struct buf manifest;
	json_t *root = NULL;
	*out = NULL;
	buf_init(&manifest, WEIGHTS_MANIFEST_MAX);
	enum err e = file_read(manifest_path, &manifest, why);
	if (e == OK) {
		e = parse_json(&root, buf_str(&manifest), manifest.len, why);
		if (e != OK)
			err_prefix(why, e, "'%s'", manifest_path);
	}
	buf_finish(&manifest);
	if (e == OK)
		e = load_shards(out, root, manifest_path, why);
	json_decref(root);
	return e;
}

void weights_free(struct weights *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++)
		free((void *)(uintptr_t)w->tensor[i].name);
	free(w->tensor);
	free(w->by_name);
	pages_finish(&w->values);
	free(w);
}

const struct tensor *weights_find(const struct weights *w, const char *name)
{
	const struct tensor key = {.name = name}, *wanted = &key;
	const struct tensor **found =
		bsearch(&wanted, w->by_name, w->count, sizeof(*w->by_name), compare_names);
	return found != NULL ? *found : NULL;
}

size_t weights_count(const struct weights *w)
{
	return w->count;
}

const struct tensor *weights_at(const struct weights *w, size_t i)
{
	assert(i < w->count);
	return &w->tensor[i];
}
