/* SPDX-License-Identifier: MIT */
/* The server's table: its defaults, its checks, what no single key can tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "api/server_config.h"

static const struct config_key *const tables[] = {server_keys, NULL};

/* Reads a file's text and checks the whole; gives the error's text, "" for none. */
static const char *check(const char *text, struct server_config *out, struct error *why)
{
	struct config *c;
	static struct server_config ignored;
	*why = (struct error){0};
	assert_int_equal(config_new(&c, tables, why), OK);
	enum err err = config_read_text(c, text, strlen(text), "f", why);
	if (err == OK)
		err = config_fill(c, server_keys, out != NULL ? out : &ignored, why);
	if (err == OK)
		err = server_config_check(out != NULL ? out : &ignored, why);
	assert_int_equal(err, why->text[0] != '\0' ? ERR_ARG : OK);
	config_free(c);
	return why->text;
}

static void the_first_start_needs_no_configuration(void **state)
{
	(void)state;
	struct server_config config;
	struct error why;
	assert_string_equal(check("", &config, &why), "");
	assert_int_equal(config.port, 5000);
	assert_int_equal(config.tls, SERVER_TLS_OFF);
	assert_false(config.keep_photos);
	assert_false(config.keep_intruders);
	assert_int_equal(config.legacy_open, LEGACY_OPEN_OFF);
	assert_false(config.decode_unprotected);
}

static void other_machines_need_tls_or_a_word(void **state)
{
	(void)state;
	struct error why;
	static const char *const local[] = {"localhost", "127.0.0.1", "127.1.2.3", "::1"};
	static const char *const far[] = {"0.0.0.0", "::", "192.168.1.5", "rollcall.lan"};
	char text[256];
	for (size_t i = 0; i < 4; i++) {
		snprintf(text, sizeof(text), "[server]\nhost = %s\n", local[i]);
		assert_string_equal(check(text, NULL, &why), "");
		snprintf(text, sizeof(text), "[server]\nhost = %s\n", far[i]);
		assert_non_null(strstr(check(text, NULL, &why), "--insecure-lan"));
		snprintf(text, sizeof(text), "[server]\nhost = %s\ninsecure-lan = on\n", far[i]);
		assert_string_equal(check(text, NULL, &why), "");
		snprintf(text, sizeof(text), "[server]\nhost = %s\ntls = self\n", far[i]);
		assert_string_equal(check(text, NULL, &why), "");
	}
	assert_non_null(strstr(check("[server]\nhost =\n", NULL, &why), "every address"));
}

static void what_does_not_go_together_is_told(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"[server]\ntls-cert = /a\n", "without a tls-key"},
		{"[server]\ntls-key = /a\n", "without a tls-cert"},
		{"[server]\ntls = files\n", "needs tls-cert"},
		{"[server]\ntls = self\ntls-cert = /a\ntls-key = /b\n", "leave out"},
		{"[server]\nhost = ::\ntls-cert = /a\ntls-key = /b\n", ""},
		{"[sessions]\nidle = 8 days\n", "longer than length"},
		{"[mail]\nhost = smtp.example.org\n", "nobody to send from"},
		{"[mail]\npassword = x\n", "without a user"},
	};
	struct error why;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = check(cases[i].text, NULL, &why);
		if ((cases[i].words[0] == '\0') != (text[0] == '\0') ||
			strstr(text, cases[i].words) == NULL)
			fail_msg("%s: '%s'", cases[i].text, text);
	}
}

static void items_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *key, *good, *bad;
	} cases[] = {
		{"[server]\ntrust-proxy", "10.0.0.0/8, 2001:db8::/32 192.0.2.1", "10.0.0.0/33"},
		{"[server]\ntrust-proxy", "::1/128", "10.0.0/8"},
		{"[server]\ntrust-proxy", "0.0.0.0/0", "10.0.0.0/"},
		{"[server]\ncors-origins", "https://a.example http://localhost:3000", "*"},
		{"[server]\ncors-origins", "https://a.example", "https://a.example/"},
		{"[server]\npublic-url", "https://a.example/rollcall", "a.example"},
		{"[server]\nlogo-url", "/logo.png", "javascript:alert(1)"},
		{"[registration]\nallowed-domains", "uni.example, school.example", "@uni.example"},
		{"[registration]\nallowed-domains", "uni.example", "*"},
		{"[mail]\nto", "a@b.example c@d.example", "a@b.example\"@x"},
		{"[mail]\nto", "a@b.example", "@b.example"},
		{"[streak]\nwebsite-url", "ws://192.168.1.2:3000", "ftp://x"},
		{"[legacy]\nopen", "lan", "wan"},
	};
	struct error why;
	char text[256];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s = %s\n", cases[i].key, cases[i].good);
		assert_string_equal(check(text, NULL, &why), "");
		snprintf(text, sizeof(text), "%s = %s\n", cases[i].key, cases[i].bad);
		if (strncmp(check(text, NULL, &why), "f:2: [", 6) != 0)
			fail_msg("%s: '%s'", text, why.text);
	}
}

static void keys_are_written_alike_and_explained(void **state)
{
	(void)state;
	for (const struct config_key *key = server_keys; key->name != NULL; key++) {
		static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";
		assert_int_equal(key->name[strspn(key->name, letters)], '\0');
		assert_int_equal(key->section[strspn(key->section, letters)], '\0');
		assert_non_null(key->help);
		assert_true(key->help[strlen(key->help) - 1] != '.');
		for (const struct config_key *other = server_keys; other != key; other++)
			assert_true(strcmp(key->name, other->name) != 0 ||
				strcmp(key->section, other->section) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_start_needs_no_configuration),
		cmocka_unit_test(other_machines_need_tls_or_a_word),
		cmocka_unit_test(what_does_not_go_together_is_told),
		cmocka_unit_test(items_are_checked),
		cmocka_unit_test(keys_are_written_alike_and_explained),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
