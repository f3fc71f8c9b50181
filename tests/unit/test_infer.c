/* SPDX-License-Identifier: MIT */
/* Weights: what is read, and everything that must be refused. No model files needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "infer/faceapi.h"
#include "infer/peak.h"
#include "infer/weights.h"
#include "tests/support/faults.h"

#define GROUP(paths, weights) "[{\"paths\":[" paths "],\"weights\":[" weights "]}]"
#define FLOAT2 "{\"name\":\"a/b\",\"shape\":[2],\"dtype\":\"float32\"}"

static enum err parse(
	struct weights **w, const char *manifest, const void *bytes, size_t len, struct error *why)
{
	const struct shard shard = {bytes, len};
	*w = NULL;
	return weights_parse(w, manifest, strlen(manifest), &shard, 1, why);
}

static void assert_refused(
	const char *manifest, const void *bytes, size_t len, enum err code, const char *reason)
{
	struct weights *w;
	struct error why = {0};
	assert_int_equal(parse(&w, manifest, bytes, len, &why), code);
	assert_null(w);
	if (strstr(why.text, reason) == NULL)
		fail_msg("'%s' does not say '%s'", why.text, reason);
}

static void plain_and_quantised_values_are_read(void **state)
{
	(void)state;
	static const char manifest[] = GROUP("\"m.bin\"",
		"{\"name\":\"plain\",\"shape\":[1,2],\"dtype\":\"float32\"},"
		"{\"name\":\"byte\",\"shape\":[3],\"dtype\":\"float32\","
		"\"quantization\":{\"dtype\":\"uint8\",\"scale\":0.5,\"min\":-1}},"
		"{\"name\":\"word\",\"shape\":[],\"dtype\":\"float32\","
		"\"quantization\":{\"dtype\":\"uint16\",\"scale\":1,\"min\":0.25}},"
		"{\"name\":\"whole\",\"shape\":[1],\"dtype\":\"int32\","
		"\"quantization\":{\"dtype\":\"uint8\",\"scale\":0.0039,\"min\":3072}},"
		"{\"name\":\"int\",\"shape\":[1],\"dtype\":\"int32\"},"
		"{\"name\":\"raw\",\"shape\":[1,1,1,1],\"dtype\":\"uint8\"}");
	static const uint8_t bytes[] = {0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, /* 1, -2 */
		0, 1, 255, 0x01, 0x02, 255, 0xFE, 0xFF, 0xFF, 0xFF, 200};
	struct weights *w;
	struct error why = {0};
	if (parse(&w, manifest, bytes, sizeof(bytes), &why) != OK)
		fail_msg("%s", why.text);
	assert_int_equal(weights_count(w), 6);
	assert_string_equal(weights_at(w, 1)->name, "byte");
	const struct tensor *t = weights_find(w, "plain");
	assert_int_equal(t->rank, 2);
	assert_int_equal(t->dims[1], 2);
	assert_int_equal(t->count, 2);
	assert_true(t->data[0] == 1.0F && t->data[1] == -2.0F);
	t = weights_find(w, "byte");
	assert_true(t->data[0] == -1.0F && t->data[1] == -0.5F && t->data[2] == 126.5F);
	assert_int_equal(weights_find(w, "word")->rank, 0);
	assert_true(weights_find(w, "word")->data[0] == 513.25F);
	assert_true(weights_find(w, "whole")->data[0] == 3073.0F);
	assert_true(weights_find(w, "int")->data[0] == -2.0F);
	assert_true(weights_find(w, "raw")->data[0] == 200.0F);
	assert_null(weights_find(w, "plai"));
	weights_free(w);
	weights_free(NULL);
}

static void a_value_may_lie_across_shards_and_groups_follow_each_other(void **state)
{
	(void)state;
	static const char manifest[] = "[{\"paths\":[\"1\",\"2\",\"3\"],\"weights\":[" FLOAT2 "]},"
				       "{\"paths\":[\"4\"],\"weights\":[{\"name\":\"c\",\"shape\":"
				       "[1],\"dtype\":\"uint8\"}]}]";
	static const uint8_t one[] = {0, 0, 0x80}, three[] = {0x3F, 0, 0, 0, 0x40}, four[] = {7};
	const struct shard shard[] = {
		{one, sizeof(one)}, {NULL, 0}, {three, sizeof(three)}, {four, sizeof(four)}};
	struct weights *w;
	struct error why = {0};
	if (weights_parse(&w, manifest, strlen(manifest), shard, 4, &why) != OK)
		fail_msg("%s", why.text);
	assert_true(weights_find(w, "a/b")->data[0] == 1.0F);
	assert_true(weights_find(w, "a/b")->data[1] == 2.0F);
	assert_true(weights_find(w, "c")->data[0] == 7.0F);
	weights_free(w);
	assert_int_equal(weights_parse(&w, manifest, strlen(manifest), shard, 3, &why), ERR_FORMAT);
	/* The bytes of one group are not those of the other. */
	const struct shard moved[] = {
		{one, sizeof(one)}, {NULL, 0}, {three, sizeof(three) - 1}, {one, 2}};
	assert_int_equal(weights_parse(&w, manifest, strlen(manifest), moved, 4, &why), ERR_FORMAT);
}

static void malformed_manifests_are_refused_with_a_reason(void **state)
{
	(void)state;
#define ENTRY(rest) GROUP("\"m\"", "{\"name\":\"t\"," rest "}")
#define QUANT(rest) ENTRY("\"shape\":[8],\"dtype\":\"float32\",\"quantization\":{" rest "}")
	static const struct {
		const char *manifest;
		enum err code;
		const char *reason;
	} cases[] = {
		{"", ERR_FORMAT, "no JSON"},
		{"[{", ERR_FORMAT, "no JSON"},
		{"{}", ERR_FORMAT, "no list"},
		{"[]", ERR_FORMAT, "no list"},
		{"[5]", ERR_FORMAT, "names no \"paths\""},
		{"[{\"paths\":[],\"weights\":[]}]", ERR_FORMAT, "names no \"paths\""},
		{GROUP("\"../m\"", FLOAT2), ERR_FORMAT, "no plain file name"},
		{GROUP("\"/etc/passwd\"", FLOAT2), ERR_FORMAT, "no plain file name"},
		{GROUP("\"..\"", FLOAT2), ERR_FORMAT, "no plain file name"},
		{GROUP("\".\"", FLOAT2), ERR_FORMAT, "no plain file name"},
		{GROUP("\"\"", FLOAT2), ERR_FORMAT, "no plain file name"},
		{GROUP("\"a\\\\b\"", FLOAT2), ERR_FORMAT, "no plain file name"},
		{GROUP("7", FLOAT2), ERR_FORMAT, "no plain file name"},
		{GROUP("\"m\",\"n\"", FLOAT2), ERR_FORMAT, "names 2 shards"},
		{"[{\"paths\":[\"m\"]}]", ERR_FORMAT, "no list \"weights\""},
		{GROUP("\"m\"", "3"), ERR_FORMAT, "has no name"},
		{GROUP("\"m\"", "{\"shape\":[2],\"dtype\":\"float32\"}"), ERR_FORMAT,
			"has no name"},
		{GROUP("\"m\"", "{\"name\":\"t\",\"name\":\"t\"}"), ERR_FORMAT, "no JSON"},
		{ENTRY("\"shape\":[2]"), ERR_FORMAT, "unknown dtype"},
		{ENTRY("\"shape\":[2],\"dtype\":\"uint16\""), ERR_FORMAT, "unknown dtype"},
		{ENTRY("\"shape\":[2],\"dtype\":\"float64\""), ERR_FORMAT, "unknown dtype"},
		{ENTRY("\"dtype\":\"float32\""), ERR_FORMAT, "no shape"},
		{ENTRY("\"shape\":[1,1,1,1,2],\"dtype\":\"float32\""), ERR_FORMAT, "no shape"},
		{ENTRY("\"shape\":[0],\"dtype\":\"float32\""), ERR_FORMAT, "dimension"},
		{ENTRY("\"shape\":[-2],\"dtype\":\"float32\""), ERR_FORMAT, "dimension"},
		{ENTRY("\"shape\":[2.5],\"dtype\":\"float32\""), ERR_FORMAT, "dimension"},
		{ENTRY("\"shape\":[4611686018427387904],\"dtype\":\"float32\""), ERR_FORMAT,
			"dimension"},
		{ENTRY("\"shape\":[65536,65536,65536,65536],\"dtype\":\"float32\""), ERR_LIMIT,
			"too large"},
		{GROUP("\"m\"",
			 "{\"name\":\"t\",\"shape\":[268435456],\"dtype\":\"uint8\"},"
			 "{\"name\":\"u\",\"shape\":[1],\"dtype\":\"uint8\"}"),
			ERR_LIMIT, "together are too large"},
		{QUANT("\"scale\":1,\"min\":0"), ERR_FORMAT, "unknown quantization"},
		{QUANT("\"dtype\":\"float32\",\"scale\":1,\"min\":0"), ERR_FORMAT,
			"unknown quantization"},
		{QUANT("\"dtype\":\"uint8\",\"min\":0"), ERR_FORMAT, "without scale"},
		{QUANT("\"dtype\":\"uint8\",\"scale\":\"1\",\"min\":0"), ERR_FORMAT,
			"without scale"},
		{QUANT("\"dtype\":\"uint8\",\"scale\":-1,\"min\":0"), ERR_FORMAT, "positive scale"},
		{QUANT("\"dtype\":\"uint8\",\"scale\":NaN,\"min\":0"), ERR_FORMAT, "no JSON"},
		{QUANT("\"dtype\":\"uint8\",\"scale\":1e999,\"min\":0"), ERR_FORMAT, "no JSON"},
		{QUANT("\"dtype\":\"uint8\",\"scale\":1e300,\"min\":0"), ERR_FORMAT, "not finite"},
		{GROUP("\"m\"", FLOAT2 "," FLOAT2), ERR_FORMAT, "too short"},
		{GROUP("\"m\"",
			 "{\"name\":\"t\",\"shape\":[4],\"dtype\":\"uint8\"},"
			 "{\"name\":\"t\",\"shape\":[4],\"dtype\":\"uint8\"}"),
			ERR_FORMAT, "there twice"},
	};
	static const uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_refused(
			cases[i].manifest, bytes, sizeof(bytes), cases[i].code, cases[i].reason);
}

static void wrong_amounts_of_bytes_are_refused(void **state)
{
	(void)state;
	static const uint8_t bytes[16] = {0};
	static const uint8_t nan_bytes[] = {0, 0, 0xC0, 0x7F, 0, 0, 0, 0};
	assert_refused(GROUP("\"m\"", FLOAT2), bytes, 7, ERR_FORMAT, "too short");
	assert_refused(GROUP("\"m\"", FLOAT2), bytes, 0, ERR_FORMAT, "too short");
	assert_refused(GROUP("\"m\"", FLOAT2), bytes, 9, ERR_FORMAT, "1 bytes longer");
	assert_refused(GROUP("\"m\"", FLOAT2), nan_bytes, 8, ERR_FORMAT, "not finite");
	assert_refused(GROUP("\"m\"", FLOAT2), bytes, (size_t)WEIGHTS_SHARD_MAX + 1, ERR_LIMIT,
		"larger than");
}

static void too_many_shards_or_tensors_are_refused(void **state)
{
	(void)state;
	struct buf b;
	struct weights *w;
	struct error why = {0};
	static const uint8_t none = 0;
	buf_init(&b, WEIGHTS_MANIFEST_MAX);
	assert_int_equal(buf_add_str(&b, "[{\"weights\":[],\"paths\":[\"0\""), OK);
	for (int i = 1; i <= WEIGHTS_SHARDS_MAX; i++)
		assert_int_equal(buf_printf(&b, ",\"%d\"", i), OK);
	assert_int_equal(buf_add_str(&b, "]}]"), OK);
	assert_int_equal(parse(&w, buf_str(&b), &none, 1, &why), ERR_LIMIT);
	buf_reset(&b);
	assert_int_equal(buf_add_str(&b, "[{\"paths\":[\"m\"],\"weights\":["), OK);
	for (int i = 0; i <= WEIGHTS_TENSORS_MAX; i++)
		assert_int_equal(
			buf_printf(&b, "%s{\"name\":\"%d\",\"shape\":[],\"dtype\":\"uint8\"}",
				i > 0 ? "," : "", i),
			OK);
	assert_int_equal(buf_add_str(&b, "]}]"), OK);
	assert_int_equal(parse(&w, buf_str(&b), &none, 1, &why), ERR_LIMIT);
	buf_finish(&b);
}

static void files_are_read_from_beside_the_manifest(void **state)
{
	(void)state;
	static const char manifest[] = GROUP("\"m.bin\"", FLOAT2);
	static const uint8_t bytes[8] = {0, 0, 0x80, 0x3F, 0, 0, 0x80, 0x3F};
	char folder[] = "/tmp/rollcall-infer-XXXXXX";
	struct error why = {0};
	struct weights *w;
	assert_non_null(mkdtemp(folder));
	char *path = path_join(folder, "manifest.json"), *shard = path_join(folder, "m.bin");
	assert_int_equal(weights_load(&w, path, &why), ERR_NOT_FOUND);
	assert_int_equal(file_write(path, manifest, strlen(manifest), 0600, &why), OK);
	assert_int_equal(weights_load(&w, path, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "m.bin"));
	assert_int_equal(file_write(shard, bytes, 5, 0600, &why), OK);
	assert_int_equal(weights_load(&w, path, &why), ERR_FORMAT);
	assert_non_null(strstr(why.text, "manifest.json"));
	assert_int_equal(file_write(shard, bytes, sizeof(bytes), 0600, &why), OK);
	assert_int_equal(weights_load(&w, path, &why), OK);
	assert_true(weights_find(w, "a/b")->data[1] == 1.0F);
	weights_free(w);
	assert_int_equal(file_write(path, "nonsense", 8, 0600, &why), OK);
	assert_int_equal(weights_load(&w, path, &why), ERR_FORMAT);
	assert_null(w);
	unlink(path);
	unlink(shard);
	rmdir(folder);
	free(path);
	free(shard);
}

static void a_network_says_which_tensor_is_missing_or_wrong(void **state)
{
	(void)state;
	static const uint8_t bytes[8] = {0};
	struct error why = {0};
	struct weights *w;
	struct graph *g;
	assert_int_equal(parse(&w, GROUP("\"m\"", FLOAT2), bytes, 8, &why), OK);
	assert_int_equal(faceapi_ssd(&g, w, &why), ERR_FORMAT);
	assert_string_equal(why.text, "tensor 'Output/extra_dim' is missing");
	assert_int_equal(faceapi_landmarks(&g, w, &why), ERR_FORMAT);
	assert_string_equal(why.text, "tensor 'dense0/conv0/filters' is missing");
	assert_int_equal(faceapi_embed(&g, w, &why), ERR_FORMAT);
	assert_int_equal(faceapi_tiny(&g, w, 416, &why), ERR_FORMAT);
	assert_int_equal(faceapi_tiny(&g, w, 400, &why), ERR_ARG);
	assert_null(g);
	weights_free(w);
	static const char wrong[] =
		GROUP("\"m\"", "{\"name\":\"conv0/filters\",\"shape\":[2,4],\"dtype\":\"uint8\"}");
	assert_int_equal(parse(&w, wrong, bytes, 8, &why), OK);
	assert_int_equal(faceapi_tiny(&g, w, 416, &why), ERR_FORMAT);
	assert_string_equal(why.text, "tensor 'conv0/filters' has the shape 2x4, not 3x3x3x16");
	weights_free(w);
}

static enum err parse_and_free(void *arg, struct error *why)
{
	static const uint8_t bytes[8] = {0};
	struct weights *w;
	enum err e = parse(&w, arg, bytes, sizeof(bytes), why);
	weights_free(w);
	return e;
}

static void reading_survives_every_failed_allocation(void **state)
{
	(void)state;
	FAULTS_SKIP_UNLESS_AVAILABLE();
	static char manifest[] = GROUP("\"m\"", FLOAT2);
	/* Where jansson runs out of memory inside a word, it says that it expected one. */
	static const enum err allow[] = {ERR_FORMAT, OK};
	const struct faults_options options = {.allow = allow};
	struct faults_result result = faults_each(parse_and_free, manifest, &options);
	assert_string_equal(result.problem, "");
	assert_true(result.failed > 10);
}

static void the_peak_of_this_core_is_a_positive_number(void **state)
{
	(void)state;
	assert_true(peak_flops(0.01) > 1e8);
	assert_true(peak_read_bytes(0.01) > 1e7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_and_quantised_values_are_read),
		cmocka_unit_test(a_value_may_lie_across_shards_and_groups_follow_each_other),
		cmocka_unit_test(malformed_manifests_are_refused_with_a_reason),
		cmocka_unit_test(wrong_amounts_of_bytes_are_refused),
		cmocka_unit_test(too_many_shards_or_tensors_are_refused),
		cmocka_unit_test(files_are_read_from_beside_the_manifest),
		cmocka_unit_test(a_network_says_which_tensor_is_missing_or_wrong),
		cmocka_unit_test(reading_survives_every_failed_allocation),
		cmocka_unit_test(the_peak_of_this_core_is_a_positive_number),
	};
	return cmocka_run_group_tests_name("infer", tests, NULL, NULL);
}
