/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "vision/manifest.h"

#define SHA "b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507"

/* One member a line, so that a test can take one out or put another in its place. */
static const char *const whole[] = {
	"\"manifest\": 1",
	"\"name\": \"small-1\"",
	"\"id\": \"me/small-1\"",
	"\"kind\": \"embedding\"",
	"\"about\": \"Small\"",
	"\"decoder\": \"embedding\"",
	"\"files\": [{\"path\": \"s.onnx\", \"sha256\": \"" SHA "\", \"size\": 7,"
	" \"url\": \"https://host.example/s.onnx\"}, {\"path\": \"more\"}]",
	"\"input\": {\"width\": 112, \"height\": 96, \"multiple\": 16, \"channels\": \"bgr\","
	" \"mean\": [1, 2.5, 3], \"std\": 2}",
	"\"align\": {\"size\": 112, \"points\": [[1, 2], [3, 4], [5, 6.5], [7, 8], [9, 10]]}",
	"\"dimension\": 64",
	"\"metric\": \"cosine\"",
	"\"fmr\": {\"measured_on\": \"somebody\", \"comparisons\": 1000, \"people\": 10,"
	" \"first\": 0.5, \"step\": 0.1, \"points\": [[0, 0.1, 0], [0.1, 0.2, 0.1]]}",
	"\"licence\": \"MIT\"",
	"\"provenance\": \"made up\"",
};
enum { MEMBERS = sizeof(whole) / sizeof(whole[0]) };

/* The whole with member `index` replaced; NULL leaves it out, -1 replaces none. */
static enum err parse_with(struct manifest **m, int index, const char *member, struct error *why)
{
	struct buf text;
	buf_init(&text, 1 << 16);
	const char *between = "{";
	for (int i = 0; i < MEMBERS; i++) {
		const char *part = i == index ? member : whole[i];
		if (part == NULL)
			continue;
		assert_int_equal(buf_printf(&text, "%s%s", between, part), OK);
		between = ",\n";
	}
	assert_int_equal(buf_add_str(&text, "}"), OK);
	enum err err = manifest_parse(m, buf_str(&text), text.len, why);
	buf_finish(&text);
	return err;
}

static int index_of(const char *name)
{
	for (int i = 0; i < MEMBERS; i++) {
		if (strncmp(whole[i] + 1, name, strlen(name)) == 0 &&
			whole[i][1 + strlen(name)] == '"')
			return i;
	}
	fail_msg("no member '%s'", name);
	return -1;
}

static void everything_is_read(void **unused)
{
	struct manifest *m;
	struct error why = {0};
	if (parse_with(&m, -1, NULL, &why) != OK)
		fail_msg("%s", why.text);
	assert_string_equal(m->name, "small-1");
	assert_string_equal(m->id, "me/small-1");
	assert_string_equal(m->decoder, "embedding");
	assert_int_equal(m->kind, MODEL_EMBEDDING);
	assert_int_equal(m->files, 2);
	assert_string_equal(m->file[0].path, "s.onnx");
	assert_string_equal(m->file[0].sha256, SHA);
	assert_string_equal(m->file[0].url, "https://host.example/s.onnx");
	assert_int_equal(m->file[0].size, 7);
	assert_null(m->file[1].url);
	assert_string_equal(m->file[1].sha256, "");
	assert_true(m->input.width == 112 && m->input.height == 96 && m->input.multiple == 16);
	assert_true(m->input.bgr && m->input.mean[1] == 2.5f && m->input.std[2] == 2);
	assert_true(m->align.size == 112 && m->align.point[2].y == 6.5f);
	assert_true(m->dim == 64 && m->metric == METRIC_COSINE);
	assert_true(m->fmr.points == 2 && m->fmr.point[1].high == 0.2 && m->fmr.first == 0.5);
	assert_string_equal(m->fmr.measured_on, "somebody");
	assert_string_equal(m->caveat, "");
	manifest_free(m);
}

/* A member, what it is replaced with (NULL: left out), and the member that the error names. */
static const struct {
	const char *member, *text, *named;
} wrong[] = {
	{"manifest", NULL, "manifest"},
	{"manifest", "\"manifest\": 2", "manifest"},
	{"name", "\"name\": \"Small\"", "name"},
	{"name", "\"name\": \"..\"", "name"},
	{"name", "\"name\": \"a/b\"", "name"},
	{"id", NULL, "id"},
	{"id", "\"id\": \"a b\"", "id"},
	{"kind", "\"kind\": \"other\"", "kind"},
	{"decoder", NULL, "decoder"},
	{"about", "\"about\": \"two\\nlines\"", "about"},
	{"about", "\"about\": \"red \\u001b[31m\"", "about"},
	{"about", "\"about\": \"back \\u202e\"", "about"},
	{"about", "\"about\": \"c1 \\u009b\"", "about"},
	{"about", "\"about\": \"zero \\u0000\"", NULL},
	{"licence", NULL, "licence"},
	{"provenance", "\"provenance\": \"\"", "provenance"},
	{"provenance", "\"provenance\": \"x\", \"licenze\": \"y\"", "licenze"},
	{"files", "\"files\": []", "files"},
	{"files", "\"files\": [{\"path\": \"../s\"}]", "files[0].path"},
	{"files", "\"files\": [{\"path\": \".s\"}]", "files[0].path"},
	{"files", "\"files\": [{\"path\": \"manifest.json\"}]", "files[0].path"},
	{"files", "\"files\": [{\"path\": \"s\"}, {\"path\": \"s\"}]", "files[1].path"},
	{"files", "\"files\": [{\"path\": \"s\", \"sha256\": \"12\"}]", "files[0].sha256"},
	{"files", "\"files\": [{\"path\": \"s\", \"url\": \"https://h/s\"}]", "files[0].sha256"},
	{"files", "\"files\": [{\"path\": \"s\", \"sha256\": \"" SHA "\", \"url\": \"file:///s\"}]",
		"files[0].url"},
	{"files", "\"files\": [{\"path\": \"s\", \"size\": -1}]", "files[0].size"},
	{"input", "\"input\": {\"width\": 0, \"height\": 1}", "input.width"},
	{"input",
		"\"input\": {\"width\": 1, \"height\": 1, \"channels\": \"yuv\", \"mean\": 0, "
		"\"std\": 1}",
		"input.channels"},
	{"input",
		"\"input\": {\"width\": 1, \"height\": 1, \"channels\": \"rgb\", \"mean\": 0, "
		"\"std\": [1, 0, 1]}",
		"input.std"},
	{"align", NULL, "align"},
	{"align", "\"align\": {\"size\": 112, \"points\": [[1, 2]]}", "align.points"},
	{"dimension", "\"dimension\": 5000", "dimension"},
	{"metric", NULL, "metric"},
	{"fmr", "\"fmr\": {\"measured_on\": \"x\", \"comparisons\": 0}", "fmr.comparisons"},
	{"fmr",
		"\"fmr\": {\"measured_on\": \"x\", \"comparisons\": 9, \"people\": 9, \"first\": "
		"0, \"step\": 1, \"points\": [[0.2, 0.2, 0], [0.1, 0.2, 0]]}",
		"fmr.points"},
	{"kind", "\"kind\": \"detector\"", "align"},
};

static void what_is_wrong_is_named(void **unused)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct manifest *m;
		struct error why = {0};
		char named[64];
		enum err err = parse_with(&m, index_of(wrong[i].member), wrong[i].text, &why);
		if (err != ERR_FORMAT || m != NULL)
			fail_msg("taken: %s", wrong[i].text);
		snprintf(named, sizeof(named), "\"%s\"",
			wrong[i].named != NULL ? wrong[i].named : "");
		if (wrong[i].named != NULL && strstr(why.text, named) == NULL)
			fail_msg("'%s' does not name %s", why.text, named);
	}
}

static void what_may_be_missing_may_be_missing(void **unused)
{
	struct manifest *m;
	struct error why = {0};
	assert_int_equal(parse_with(&m, index_of("fmr"), NULL, &why), OK);
	assert_int_equal(m->fmr.points, 0);
	manifest_free(m);
}

static void too_large_a_text_is_refused(void **unused)
{
	struct manifest *m;
	struct error why = {0};
	char *text = calloc(1, MANIFEST_SIZE_MAX + 1);
	assert_non_null(text);
	assert_int_equal(manifest_parse(&m, text, MANIFEST_SIZE_MAX + 1, &why), ERR_LIMIT);
	free(text);
}

static const struct manifest *among(struct manifest *const *m, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(m[i]->name, name) == 0)
			return m[i];
	}
	fail_msg("'%s' is not built in", name);
	return NULL;
}

static void the_built_in_ones_are_right(void **unused)
{
	struct manifest *m[16];
	struct error why = {0};
	size_t count = 0, len;
	const char *text;
	for (; (text = manifest_builtin(count, &len)) != NULL; count++) {
		assert_true(count < 16);
		if (manifest_parse(&m[count], text, len, &why) != OK)
			fail_msg("built-in %zu: %s", count, why.text);
		for (size_t k = 0; k < m[count]->files; k++) {
			const struct manifest_file *file = &m[count]->file[k];
			assert_true(file->sha256[0] != '\0' && file->size > 0);
			assert_true(file->url != NULL || m[count]->source[0] != '\0');
		}
	}
	assert_string_equal(
		among(m, count, "face_recognition")->id, "face-api/face_recognition-1.7.15/2");
	assert_true(among(m, count, "face_recognition")->fmr.points > 40);
	assert_non_null(strstr(among(m, count, "mobilefacenet")->caveat, "MS-Celeb-1M"));
	assert_int_equal(among(m, count, "yunet")->kind, MODEL_DETECTOR);
	for (size_t i = 0; i < count; i++)
		manifest_free(m[i]);
}

/* The package's files are pinned at two places; they say the same. */
static void checksums_are_those_of_the_pinned_package(void **unused)
{
	const char *source = getenv("ROLLCALL_SOURCE");
	if (source == NULL) {
		print_message("skipped: ROLLCALL_SOURCE is not set\n");
		skip();
	}
	struct buf sums;
	struct error why = {0};
	buf_init(&sums, 1 << 16);
	char *path = path_join(source, "models/SHA256SUMS");
	assert_int_equal(file_read(path, &sums, &why), OK);
	free(path);
	const char *text;
	size_t len, seen = 0;
	for (size_t i = 0; (text = manifest_builtin(i, &len)) != NULL; i++) {
		struct manifest *m;
		assert_int_equal(manifest_parse(&m, text, len, &why), OK);
		for (size_t k = 0; k < m->files; k++) {
			char line[256];
			if (m->file[k].url != NULL)
				continue;
			snprintf(line, sizeof(line), "%s  models/%s\n", m->file[k].sha256,
				m->file[k].path);
			assert_non_null(strstr(buf_str(&sums), line));
			seen++;
		}
		manifest_free(m);
	}
	assert_int_equal(seen, 8);
	buf_finish(&sums);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_read),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(what_may_be_missing_may_be_missing),
		cmocka_unit_test(too_large_a_text_is_refused),
		cmocka_unit_test(the_built_in_ones_are_right),
		cmocka_unit_test(checksums_are_those_of_the_pinned_package),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
