/* SPDX-License-Identifier: MIT */
/* The parts of the API's description, put together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api/openapi.h"

#define PART(name, text)                                          \
	{                                                         \
		(name), (const uint8_t *)(text), sizeof(text) - 1 \
	}

static const char base[] =
	"{\"tags\": [{\"name\": \"a\"}], \"paths\": {\"/x\": {\"get\": {\"v\": 1}}},"
	"\"components\": {\"schemas\": {\"A\": {\"type\": \"string\"}}}}";

/* The parts' text put together, or NULL; `why` says what was wrong. */
static json_t *merged(const char *second, struct error *why)
{
	const struct embedded parts[] = {
		PART("base.json", base),
		{"second.json", (const uint8_t *)second, strlen(second)},
		{0},
	};
	json_t *doc = NULL;
	*why = (struct error){0};
	enum err err = openapi_merge(parts, &doc, why);
	assert_int_equal(err == OK, doc != NULL);
	return doc;
}

static void parts_are_gathered(void **state)
{
	(void)state;
	struct error why;
	json_t *doc = merged("{\"tags\": [{\"name\": \"b\"}],"
			     "\"paths\": {\"/x\": {\"post\": {\"v\": 2}}, \"/y\": {\"get\": {}}},"
			     "\"components\": {\"schemas\": {\"A\": {\"type\": \"string\"},"
			     "\"B\": {}}}}",
		&why);
	json_t *wanted =
		json_loads("{\"tags\": [{\"name\": \"a\"}, {\"name\": \"b\"}],"
			   "\"paths\": {\"/x\": {\"get\": {\"v\": 1}, \"post\": {\"v\": 2}},"
			   "\"/y\": {\"get\": {}}},"
			   "\"components\": {\"schemas\": {\"A\": {\"type\": \"string\"},"
			   "\"B\": {}}}}",
			0, NULL);
	assert_non_null(doc);
	assert_non_null(wanted);
	assert_true(json_equal(doc, wanted));
	json_decref(doc);
	json_decref(wanted);
}

static void what_is_described_twice_and_otherwise_is_an_error(void **state)
{
	(void)state;
	static const struct {
		const char *part, *words;
	} cases[] = {
		{"{\"paths\": {\"/x\": {\"get\": {\"v\": 2}}}}", "'get'"},
		{"{\"components\": {\"schemas\": {\"A\": {\"type\": \"number\"}}}}", "'A'"},
		{"{\"paths\": []}", "'paths'"},
		{"{\"tags\": 1}", "'tags'"},
		{"[]", "no object"},
		{"{\"a\": 1, \"a\": 2}", "second.json:1"},
		{"{\"a\": \n", "second.json:2"},
		{"", "second.json"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error why;
		json_t *doc = merged(cases[i].part, &why);
		if (doc != NULL || strstr(why.text, cases[i].words) == NULL)
			fail_msg("%s: '%s'", cases[i].part, why.text);
	}
}

static void the_programs_own_is_whole(void **state)
{
	(void)state;
	struct openapi o;
	struct error why = {0};
	assert_int_equal(openapi_open(&o, &why), OK);
	assert_int_equal(strlen(o.text), o.len);
	assert_int_equal(strlen(o.etag), OPENAPI_ETAG_TEXT - 1);
	json_t *doc = json_loadb(o.text, o.len, JSON_REJECT_DUPLICATES, NULL);
	json_t *paths = json_object_get(doc, "paths");
	const char *path, *method;
	json_t *item, *call;
	assert_true(json_object_size(paths) > 0);
	json_object_foreach(paths, path, item) json_object_foreach(
		item, method, call) if (json_object_get(call, "responses") != NULL)
		assert_non_null(json_object_get(json_object_get(call, "responses"), "default"));
	json_decref(doc);
	openapi_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_gathered),
		cmocka_unit_test(what_is_described_twice_and_otherwise_is_an_error),
		cmocka_unit_test(the_programs_own_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
