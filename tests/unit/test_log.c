/* SPDX-License-Identifier: MIT */
/* One line an event, as text and as JSON, whatever is in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/log.h"

enum { NOW = 1795248000 };

static const char *line_of(char out[static LOG_LINE_MAX], enum log_format format,
	const struct log_field *f, size_t count)
{
	const struct log_entry entry = {.now_ms = NOW * INT64_C(1000) + 7,
		.level = LOG_INFO,
		.event = "request",
		.field = f,
		.count = count};
	size_t len = log_line(out, format, &entry);
	assert_int_equal(len, strlen(out));
	assert_true(strlen(out) < LOG_LINE_MAX);
	assert_null(strchr(out, '\n'));
	return out;
}

static void an_event_is_a_line(void **state)
{
	(void)state;
	char out[LOG_LINE_MAX];
	const struct log_field fields[] = {log_text("route", "/api/v1/people"),
		log_int("status", 200), log_real("ms", 1.5), log_text("left_out", NULL),
		log_real("nothing", NAN), log_text("agent", "curl \"7\"")};
	assert_string_equal(line_of(out, LOG_AS_TEXT, fields, 6),
		"info request route=/api/v1/people status=200 ms=1.500 agent=\"curl \\\"7\\\"\"");
	assert_string_equal(line_of(out, LOG_AS_JSON, fields, 6),
		"{\"time\":\"2026-11-21T08:00:00.007Z\",\"level\":\"info\",\"event\":\"request\","
		"\"route\":\"/api/v1/people\",\"status\":200,\"ms\":1.500,"
		"\"agent\":\"curl \\\"7\\\"\"}");
}

static void whatever_is_in_a_text_it_stays_one_json_object(void **state)
{
	(void)state;
	char out[LOG_LINE_MAX], text[3 * LOG_TEXT_MAX];
	for (int c = 1; c < 256; c++) {
		for (size_t len = 1; len < sizeof(text); len = len * 3 + 1) {
			memset(text, c, len);
			text[len] = '\0';
			const struct log_field fields[] = {log_text("a", text), log_text("b", text),
				log_text("c", text), log_text("d", text), log_text("e", text)};
			json_error_t wrong;
			json_t *value = json_loads(line_of(out, LOG_AS_JSON, fields, 5), 0, &wrong);
			if (value == NULL)
				fail_msg("%d: %s", c, wrong.text);
			json_decref(value);
			line_of(out, LOG_AS_TEXT, fields, 5);
		}
	}
}

static void long_texts_end_between_characters(void **state)
{
	(void)state;
	char out[LOG_LINE_MAX], text[2 * LOG_TEXT_MAX] = "a";
	while (strlen(text) < sizeof(text) - 4)
		strncat(text, "€", sizeof(text) - strlen(text) - 1);
	const struct log_field field = log_text("a", text);
	json_t *value = json_loads(line_of(out, LOG_AS_JSON, &field, 1), 0, NULL);
	const char *cut = json_string_value(json_object_get(value, "a"));
	assert_non_null(cut);
	assert_true(strlen(cut) > LOG_TEXT_MAX - 4 && strlen(cut) <= LOG_TEXT_MAX);
	assert_memory_equal(cut, text, strlen(cut));
	json_decref(value);
}

static void levels_are_words(void **state)
{
	(void)state;
	assert_int_equal(log_set_level("debug"), OK);
	assert_true(log_wants(LOG_DEBUG));
	assert_int_equal(log_set_level("loud"), ERR_ARG);
	log_set(LOG_ERROR, LOG_AS_TEXT);
	assert_false(log_wants(LOG_WARN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_a_line),
		cmocka_unit_test(whatever_is_in_a_text_it_stays_one_json_object),
		cmocka_unit_test(long_texts_end_between_characters),
		cmocka_unit_test(levels_are_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
