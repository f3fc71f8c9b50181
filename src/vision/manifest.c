/* SPDX-License-Identifier: MIT */
#include "vision/manifest.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

enum { MANIFEST_VERSION = 1, POINT_VALUES = 3 };

/* The document, which the manifest's texts point into, and what has no place in it. */
struct owned {
	json_t *root;
	struct fmr_point *point;
};

/* The members that are known at one place, ending with NULL. */
static const char *const root_members[] = {"manifest", "name", "id", "kind", "about", "decoder",
	"files", "input", "align", "dimension", "metric", "fmr", "licence", "licence_url",
	"provenance", "caveat", "source", "comment", NULL};
static const char *const file_members[] = {"path", "sha256", "size", "url", NULL};
static const char *const input_members[] = {
	"width", "height", "multiple", "channels", "mean", "std", NULL};
static const char *const align_members[] = {"size", "points", NULL};
static const char *const fmr_members[] = {
	"measured_on", "comparisons", "people", "first", "step", "points", NULL};

/* An object of the document, and what it is called in errors: "", "input.", "files[1].". */
struct place {
	const json_t *object;
	char path[32];
	struct error *why;
};

const char *model_kind_word(enum model_kind kind)
{
	static const char *const word[MODEL_KINDS] = {
		"detector", "landmarks", "embedding", "liveness"};
	return kind >= 0 && kind < MODEL_KINDS ? word[kind] : "?";
}

static enum err bad(const struct place *at, const char *member, const char *expected)
{
	return err_set(
		at->why, ERR_FORMAT, "member \"%s%s\": expected %s", at->path, member, expected);
}

/* A word typed wrong would be silently without effect. */
static enum err check_members(const struct place *at, const char *const *known)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)at->object, key, value)
	{
		const char *const *k = known;
		while (*k != NULL && strcmp(*k, key) != 0)
			k++;
		if (*k == NULL)
			return err_set(at->why, ERR_FORMAT, "member \"%s%.64s\" is not known",
				at->path, key);
	}
	return OK;
}

/* --- values --- */

/*
 * Control characters, and those that turn the writing direction, could make a terminal show
 * something else than what is there.
 */
static bool printable(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	for (; *c != '\0'; c++) {
		if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
			return false;
		if (*c == 0xe2 && c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || c[2] >= 0xa8) &&
			c[2] <= 0xae)
			return false;
		if (*c == 0xe2 && c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9)
			return false;
	}
	return true;
}

/* A text; `fallback` when it may be missing, NULL when it may not. */
static enum err take_text(
	const struct place *at, const char *member, const char *fallback, const char **out)
{
	const json_t *value = json_object_get(at->object, member);
	*out = fallback;
	if (value == NULL && fallback != NULL)
		return OK;
	*out = json_string_value(value);
	if (*out == NULL || json_string_length(value) > MANIFEST_TEXT_MAX ||
		strlen(*out) != json_string_length(value) || !printable(*out))
		return bad(at, member, "a text of one line");
	if (**out == '\0' && fallback == NULL)
		return bad(at, member, "a text that is not empty");
	return OK;
}

static enum err take_number(
	const struct place *at, const char *member, double min, double max, double *out)
{
	const json_t *value = json_object_get(at->object, member);
	char expected[64];
	snprintf(expected, sizeof(expected), "a number from %g to %g", min, max);
	if (!json_is_number(value))
		return bad(at, member, expected);
	*out = json_number_value(value);
	if (!(*out >= min && *out <= max))
		return bad(at, member, expected);
	return OK;
}

static enum err take_whole(
	const struct place *at, const char *member, int64_t min, int64_t max, int64_t *out)
{
	const json_t *value = json_object_get(at->object, member);
	char expected[80];
	*out = json_integer_value(value);
	snprintf(expected, sizeof(expected), "a whole number from %lld to %lld", (long long)min,
		(long long)max);
	if (!json_is_integer(value) || *out < min || *out > max)
		return bad(at, member, expected);
	return OK;
}

/* The index of a word among some; "a|b" names them in the error. */
static enum err take_word(const struct place *at, const char *member, const char *const *word,
	size_t words, size_t *out)
{
	const char *text = json_string_value(json_object_get(at->object, member));
	char expected[96] = "one of";
	for (*out = 0; *out < words; (*out)++) {
		if (text != NULL && strcmp(text, word[*out]) == 0)
			return OK;
		size_t len = strlen(expected);
		snprintf(expected + len, sizeof(expected) - len, " \"%s\"", word[*out]);
	}
	return bad(at, member, expected);
}

static bool made_of(const char *text, size_t size, const char *extra)
{
	size_t len = strlen(text);
	if (len == 0 || len >= size)
		return false;
	for (size_t i = 0; i < len; i++) {
		bool plain =
			(text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9');
		if (!plain && strchr(extra, text[i]) == NULL)
			return false;
	}
	return true;
}

bool manifest_name_valid(const char *name)
{
	return made_of(name, MANIFEST_NAME_BYTES, "-_.") && name[0] != '.' && name[0] != '-';
}

/* One number for all three channels, or three. */
static enum err take_channels(
	const struct place *at, const char *member, double least, float out[static 3])
{
	const json_t *value = json_object_get(at->object, member);
	bool three = json_is_array(value) && json_array_size(value) == 3;
	for (size_t i = 0; i < 3; i++) {
		const json_t *one = three ? json_array_get(value, i) : value;
		double number = json_number_value(one);
		if (!json_is_number(one) || !(number >= least && number <= 1e6))
			return bad(at, member,
				least > 0 ? "a number above 0, or three" : "a number, or three");
		out[i] = (float)number;
	}
	return OK;
}

/* --- parts --- */

/* Fills `at` with an object that is a member of another; fails when it is none. */
static enum err enter(
	struct place *at, const struct place *from, const char *member, const char *const *known)
{
	*at = (struct place){json_object_get(from->object, member), {0}, from->why};
	snprintf(at->path, sizeof(at->path), "%s.", member);
	if (!json_is_object(at->object))
		return bad(from, member, "an object");
	return check_members(at, known);
}

static bool file_name_valid(const char *name)
{
	static const char *const taken = "manifest.json";
	size_t len = strlen(name);
	return len > 0 && len < MANIFEST_PATH_MAX && name[0] != '.' && name[0] != '-' &&
		strpbrk(name, "/\\") == NULL && strcmp(name, taken) != 0;
}

static enum err take_sha256(const struct place *at, char out[static MANIFEST_SHA256_BYTES])
{
	const char *text;
	enum err err = take_text(at, "sha256", "", &text);
	if (err != OK || text[0] == '\0')
		return err;
	size_t len = strlen(text);
	if (len != MANIFEST_SHA256_BYTES - 1)
		return bad(at, "sha256", "64 hexadecimal digits");
	for (size_t i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)text[i]))
			return bad(at, "sha256", "64 hexadecimal digits");
		out[i] = (char)tolower((unsigned char)text[i]);
	}
	return OK;
}

static enum err take_file(const struct place *at, struct manifest_file *file)
{
	int64_t size = 0;
	enum err err = check_members(at, file_members);
	if (err == OK)
		err = take_text(at, "path", NULL, &file->path);
	if (err == OK && !file_name_valid(file->path))
		err = bad(at, "path", "a file's name, without a folder");
	if (err == OK)
		err = take_sha256(at, file->sha256);
	if (err == OK && json_object_get(at->object, "size") != NULL)
		err = take_whole(at, "size", 1, MANIFEST_FILE_MAX, &size);
	file->size = (uint64_t)size;
	if (err == OK && json_object_get(at->object, "url") != NULL)
		err = take_text(at, "url", NULL, &file->url);
	if (err != OK || file->url == NULL)
		return err;
	if (strncmp(file->url, "https://", 8) != 0 && strncmp(file->url, "http://", 7) != 0)
		return bad(at, "url", "an address that begins with https://");
	if (file->sha256[0] == '\0')
		return bad(at, "sha256", "the checksum of what is at \"url\"");
	return OK;
}

static enum err take_files(const struct place *root, struct manifest *m)
{
	const json_t *list = json_object_get(root->object, "files");
	size_t count = json_array_size(list);
	char expected[40];
	snprintf(expected, sizeof(expected), "a list of 1 to %d files", MANIFEST_FILES_MAX);
	if (count == 0 || count > MANIFEST_FILES_MAX)
		return bad(root, "files", expected);
	for (; m->files < count; m->files++) {
		struct place at = {json_array_get(list, m->files), {0}, root->why};
		snprintf(at.path, sizeof(at.path), "files[%zu].", m->files);
		if (!json_is_object(at.object))
			return bad(root, "files", "a list of objects");
		enum err err = take_file(&at, &m->file[m->files]);
		if (err != OK)
			return err;
		for (size_t i = 0; i < m->files; i++) {
			if (strcmp(m->file[i].path, m->file[m->files].path) == 0)
				return bad(&at, "path", "a name that no other file has");
		}
	}
	return OK;
}

static enum err take_input(const struct place *root, struct manifest_input *in)
{
	static const char *const orders[] = {"rgb", "bgr"};
	struct place at;
	int64_t width = 0, height = 0, multiple = 0;
	size_t order = 0;
	enum err err = enter(&at, root, "input", input_members);
	if (err == OK)
		err = take_whole(&at, "width", 1, MANIFEST_SIDE_MAX, &width);
	if (err == OK)
		err = take_whole(&at, "height", 1, MANIFEST_SIDE_MAX, &height);
	if (err == OK && json_object_get(at.object, "multiple") != NULL)
		err = take_whole(&at, "multiple", 0, MANIFEST_SIDE_MAX, &multiple);
	if (err == OK)
		err = take_word(&at, "channels", orders, 2, &order);
	if (err == OK)
		err = take_channels(&at, "mean", -1e6, in->mean);
	if (err == OK)
		err = take_channels(&at, "std", 1e-6, in->std);
	in->width = (int)width;
	in->height = (int)height;
	in->multiple = (int)multiple;
	in->bgr = order == 1;
	return err;
}

static enum err take_align(const struct place *root, struct manifest_align *align)
{
	struct place at;
	int64_t size = 0;
	enum err err = enter(&at, root, "align", align_members);
	if (err == OK)
		err = take_whole(&at, "size", 16, MANIFEST_SIDE_MAX, &size);
	if (err != OK)
		return err;
	align->size = (int)size;
	const json_t *list = json_object_get(at.object, "points");
	bool right = json_is_array(list) && json_array_size(list) == MANIFEST_ALIGN_POINTS;
	for (size_t i = 0; right && i < MANIFEST_ALIGN_POINTS; i++) {
		const json_t *pair = json_array_get(list, i);
		const json_t *x = json_array_get(pair, 0), *y = json_array_get(pair, 1);
		align->point[i] =
			(struct point){(float)json_number_value(x), (float)json_number_value(y)};
		right = json_array_size(pair) == 2 && json_is_number(x) && json_is_number(y) &&
			fabsf(align->point[i].x) <= MANIFEST_SIDE_MAX &&
			fabsf(align->point[i].y) <= MANIFEST_SIDE_MAX;
	}
	if (!right)
		return bad(&at, "points",
			"five points [x, y]: eyes, nose, mouth's corners, left ones first");
	return OK;
}

/* A share below a distance only grows with the distance. */
static bool take_point(const json_t *row, const struct fmr_point *before, struct fmr_point *out)
{
	double value[POINT_VALUES];
	if (json_array_size(row) != POINT_VALUES)
		return false;
	for (size_t i = 0; i < POINT_VALUES; i++) {
		const json_t *number = json_array_get(row, i);
		value[i] = json_number_value(number);
		if (!json_is_number(number) || !(value[i] >= 0 && value[i] <= 1))
			return false;
	}
	*out = (struct fmr_point){value[0], value[1], value[2]};
	return out->rate <= out->high &&
		(before == NULL ||
			(out->rate >= before->rate && out->high >= before->high &&
				out->gallery >= before->gallery));
}

static enum err take_points(const struct place *at, struct manifest_fmr *fmr, struct owned *owned)
{
	const json_t *list = json_object_get(at->object, "points");
	size_t count = json_array_size(list);
	char expected[120];
	if (count < 2 || count > MANIFEST_FMR_POINTS_MAX) {
		snprintf(expected, sizeof(expected), "a list of 2 to %d points",
			MANIFEST_FMR_POINTS_MAX);
		return bad(at, "points", expected);
	}
	owned->point = mem_array(count, sizeof(*owned->point));
	if (owned->point == NULL)
		return err_set(at->why, ERR_NOMEM, "no memory for a model's table");
	for (size_t i = 0; i < count; i++) {
		const struct fmr_point *before = i > 0 ? &owned->point[i - 1] : NULL;
		if (take_point(json_array_get(list, i), before, &owned->point[i]))
			continue;
		snprintf(expected, sizeof(expected),
			"point %zu to be [rate, high, gallery], 0 to 1, rate <= high, "
			"none below the point before",
			i);
		return bad(at, "points", expected);
	}
	fmr->point = owned->point;
	fmr->points = count;
	return OK;
}

static enum err take_fmr(const struct place *root, struct manifest_fmr *fmr, struct owned *owned)
{
	struct place at;
	int64_t people = 0;
	enum err err = enter(&at, root, "fmr", fmr_members);
	if (err == OK)
		err = take_text(&at, "measured_on", NULL, &fmr->measured_on);
	if (err == OK)
		err = take_number(&at, "comparisons", 1, 1e15, &fmr->comparisons);
	if (err == OK)
		err = take_whole(&at, "people", 2, INT32_MAX, &people);
	if (err == OK)
		err = take_number(&at, "first", 0, 1e6, &fmr->first);
	if (err == OK)
		err = take_number(&at, "step", 1e-6, 1e6, &fmr->step);
	if (err == OK)
		err = take_points(&at, fmr, owned);
	fmr->people = (size_t)people;
	return err;
}

/* --- the whole --- */

static enum err take_identity(const struct place *root, struct manifest *m)
{
	static const char *const kinds[] = {"detector", "landmarks", "embedding", "liveness"};
	const char *text;
	size_t kind = 0;
	enum err err = take_text(root, "name", NULL, &text);
	if (err == OK && !manifest_name_valid(text))
		err = bad(root, "name", "at most 64 of a-z, 0-9, '-', '_' and '.', not '.' first");
	if (err != OK)
		return err;
	snprintf(m->name, sizeof(m->name), "%s", text);
	err = take_word(root, "kind", kinds, MODEL_KINDS, &kind);
	m->kind = (enum model_kind)kind;
	if (err == OK)
		err = take_text(root, "id", m->kind == MODEL_EMBEDDING ? NULL : m->name, &text);
	if (err == OK && (strlen(text) >= sizeof(m->id) || strpbrk(text, " |\"") != NULL))
		err = bad(root, "id", "at most 128 characters without blanks, '|' and quotes");
	if (err != OK)
		return err;
	snprintf(m->id, sizeof(m->id), "%s", text);
	err = take_text(root, "decoder", NULL, &text);
	if (err == OK && !made_of(text, sizeof(m->decoder), "_"))
		err = bad(root, "decoder", "at most 32 of a-z, 0-9 and '_'");
	if (err == OK)
		snprintf(m->decoder, sizeof(m->decoder), "%s", text);
	return err;
}

static enum err take_texts(const struct place *root, struct manifest *m)
{
	const struct {
		const char *member, *fallback;
		const char **out;
	} texts[] = {
		{"about", NULL, &m->about},
		{"licence", NULL, &m->licence},
		{"licence_url", "", &m->licence_url},
		{"provenance", NULL, &m->provenance},
		{"caveat", "", &m->caveat},
		{"source", "", &m->source},
	};
	enum err err = OK;
	for (size_t i = 0; err == OK && i < sizeof(texts) / sizeof(texts[0]); i++)
		err = take_text(root, texts[i].member, texts[i].fallback, texts[i].out);
	return err;
}

/* What only embeddings have, and must have. */
static enum err take_embedding(const struct place *root, struct manifest *m, struct owned *owned)
{
	static const char *const of_embeddings[] = {"align", "dimension", "metric", "fmr"};
	static const char *const metrics[] = {"euclidean", "cosine"};
	if (m->kind != MODEL_EMBEDDING) {
		for (size_t i = 0; i < sizeof(of_embeddings) / sizeof(of_embeddings[0]); i++) {
			if (json_object_get(root->object, of_embeddings[i]) != NULL)
				return bad(root, of_embeddings[i], "only where kind is embedding");
		}
		return OK;
	}
	int64_t dim = 0;
	size_t metric = 0;
	enum err err = take_whole(root, "dimension", 1, MANIFEST_DIM_MAX, &dim);
	if (err == OK)
		err = take_word(root, "metric", metrics, 2, &metric);
	if (err == OK && json_object_get(root->object, "align") != NULL)
		err = take_align(root, &m->align);
	else if (err == OK && strcmp(m->decoder, "embedding") == 0)
		err = bad(root, "align", "an object (its decoder needs to know)");
	if (err == OK && json_object_get(root->object, "fmr") != NULL)
		err = take_fmr(root, &m->fmr, owned);
	m->dim = (size_t)dim;
	m->metric = (enum metric)metric;
	return err;
}

static enum err take_all(struct manifest *m, struct owned *owned, struct error *why)
{
	struct place root = {owned->root, {0}, why};
	int64_t version;
	if (!json_is_object(root.object))
		return err_set(why, ERR_FORMAT, "is no JSON object");
	enum err err = take_whole(&root, "manifest", 1, MANIFEST_VERSION, &version);
	if (err == OK)
		err = check_members(&root, root_members);
	if (err == OK)
		err = take_identity(&root, m);
	if (err == OK)
		err = take_files(&root, m);
	if (err == OK)
		err = take_input(&root, &m->input);
	if (err == OK)
		err = take_embedding(&root, m, owned);
	if (err == OK)
		err = take_texts(&root, m);
	return err;
}

enum err manifest_parse(struct manifest **out, const char *json, size_t len, struct error *why)
{
	*out = NULL;
	if (len > MANIFEST_SIZE_MAX)
		return err_set(why, ERR_LIMIT, "a manifest has at most %d bytes, not %zu",
			MANIFEST_SIZE_MAX, len);
	struct manifest *m = calloc(1, sizeof(*m));
	struct owned *owned = calloc(1, sizeof(*owned));
	if (m == NULL || owned == NULL) {
		free(m);
		free(owned);
		return err_set(why, ERR_NOMEM, "no memory for a manifest");
	}
	m->owned = owned;
	json_error_t where;
	owned->root = json_loadb(json, len, JSON_REJECT_DUPLICATES, &where);
	enum err err = OK;
	if (owned->root == NULL)
		err = err_set(why, ERR_FORMAT, "is no JSON: line %d: %s", where.line, where.text);
	if (err == OK)
		err = take_all(m, owned, why);
	if (err != OK) {
		manifest_free(m);
		return err;
	}
	*out = m;
	return OK;
}

enum err manifest_load(struct manifest **out, const char *folder, struct error *why)
{
	struct buf text;
	*out = NULL;
	buf_init(&text, MANIFEST_SIZE_MAX);
	char *path = path_join(folder, "manifest.json");
	enum err err = path != NULL ? file_read(path, &text, why)
				    : err_set(why, ERR_NOMEM, "no memory for a path");
	if (err == OK) {
		err = manifest_parse(out, buf_str(&text), text.len, why);
		if (err != OK)
			err_prefix(why, err, "'%s'", path);
	}
	free(path);
	buf_finish(&text);
	return err;
}

void manifest_free(struct manifest *m)
{
	if (m == NULL)
		return;
	struct owned *owned = m->owned;
	if (owned != NULL) {
		json_decref(owned->root);
		free(owned->point);
	}
	free(owned);
	free(m);
}
