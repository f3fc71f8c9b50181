/* SPDX-License-Identifier: MIT */
/* Settings from file, variables and options: what is taken, what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "tests/support/faults.h"

struct values {
	const char *title, *folder, *secret;
	bool on;
	int port, mode;
	int64_t idle_ms, size, plain_ms;
	struct config_rate rate;
	struct config_list words;
};

#define AT(field) offsetof(struct values, field)

static enum err check_word(const char *text, struct error *why)
{
	return text[0] == 'x' ? err_set(why, ERR_ARG, "'%s' is no word", text) : OK;
}

static const struct config_key program[] = {
	{"", "title", CONFIG_TEXT, AT(title), .environment = "ROLLCALL_TITLE|TITLE",
		.flag = "title"},
	{"", "folder", CONFIG_PATH, AT(folder)},
	{0},
};

static const struct config_key server[] = {
	{"server", "port", CONFIG_INT, AT(port), "5000", 1, 65535,
		.environment = "ROLLCALL_PORT|PORT", .flag = "port"},
	{"server", "mode", CONFIG_CHOICE, AT(mode), "slow", .choices = "slow|quick|quicker"},
	{"server", "on", CONFIG_BOOL, AT(on), "off", .flags = CONFIG_RELOAD},
	{"limits", "idle", CONFIG_DURATION, AT(idle_ms), "20 s", 1e3, 3600e3},
	{"limits", "plain", CONFIG_DURATION, AT(plain_ms), "60", 0, 3600e3, .unit = "s",
		.environment = "COOLDOWN"},
	{"limits", "size", CONFIG_SIZE, AT(size), "1 MB", 1024, 1 << 30},
	{"limits", "rate", CONFIG_RATE, AT(rate), "10/min burst 3"},
	{"limits", "words", CONFIG_LIST, AT(words), .check = check_word},
	{"limits", "secret", CONFIG_TEXT, AT(secret), .flags = CONFIG_SECRET,
		.environment = "SECRET"},
	{0},
};

static const struct config_key *const tables[] = {program, server, NULL};

static struct config *new_config(void)
{
	struct config *c;
	struct error why = {0};
	if (config_new(&c, tables, &why) != OK)
		fail_msg("%s", why.text);
	return c;
}

static struct values fill(struct config *c)
{
	struct values v;
	struct error why = {0};
	memset(&v, 0xAA, sizeof(v));
	assert_int_equal(config_fill(c, program, &v, &why), OK);
	assert_int_equal(config_fill(c, server, &v, &why), OK);
	return v;
}

static void read_ok(struct config *c, const char *text)
{
	struct error why = {0};
	if (config_read_text(c, text, strlen(text), "/etc/a/rollcall.conf", &why) != OK)
		fail_msg("%s", why.text);
}

static void assert_wrong(const char *text, const char *wanted)
{
	struct config *c = new_config();
	struct error why = {0};
	if (config_read_text(c, text, strlen(text), "f", &why) != ERR_ARG ||
		strcmp(why.text, wanted) != 0)
		fail_msg("'%s', wanted '%s'", why.text, wanted);
	config_free(c);
}

static void defaults_hold_where_nothing_is_said(void **state)
{
	(void)state;
	struct config *c = new_config();
	struct values v = fill(c);
	assert_null(v.title);
	assert_null(v.folder);
	assert_int_equal(v.port, 5000);
	assert_int_equal(v.mode, 0);
	assert_false(v.on);
	assert_int_equal(v.idle_ms, 20000);
	assert_int_equal(v.plain_ms, 60000);
	assert_int_equal(v.size, 1 << 20);
	assert_true(v.rate.per_minute == 10 && v.rate.burst == 3);
	assert_int_equal(v.words.count, 0);
	assert_int_equal(config_source(c, &server[0]), CONFIG_DEFAULT);
	assert_string_equal(config_where(c, &server[0]), "default");
	config_free(c);
}

static void a_file_is_read(void **state)
{
	(void)state;
	struct config *c = new_config();
	read_ok(c,
		"\xEF\xBB\xBF# a comment\r\n"
		"; another\r\n"
		" title =  a = b # c \r\n"
		"folder = models/of mine\n"
		"[ limits ]\n"
		"words = a,b  c ,\td\n"
		"secret = \" with \\\"blanks\\\" and \\\\ \"\n"
		"rate=5/s\n"
		"size = 1.5 kB\n"
		"idle = 5min\n"
		"[server]\n"
		"mode = quicker\n"
		"on = yes\n"
		"port=80");
	struct values v = fill(c);
	assert_string_equal(v.title, "a = b # c");
	assert_string_equal(v.folder, "/etc/a/models/of mine");
	assert_int_equal(v.words.count, 4);
	assert_string_equal(v.words.item[3], "d");
	assert_string_equal(v.secret, " with \"blanks\" and \\ ");
	assert_true(v.rate.per_minute == 300 && v.rate.burst == 5);
	assert_int_equal(v.size, 1536);
	assert_int_equal(v.idle_ms, 300000);
	assert_int_equal(v.mode, 2);
	assert_true(v.on);
	assert_int_equal(v.port, 80);
	assert_string_equal(config_where(c, &server[0]), "/etc/a/rollcall.conf:14");
	config_free(c);
}

static void an_empty_text_is_none(void **state)
{
	(void)state;
	struct config *c = new_config();
	read_ok(c, "title =\n[limits]\nwords =\n");
	struct values v = fill(c);
	assert_null(v.title);
	assert_int_equal(v.words.count, 0);
	config_free(c);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	(void)state;
	assert_wrong("\ntitel = x", "f:2: unknown setting 'titel': did you mean 'title'?");
	assert_wrong("[server]\nprot = 1", "f:2: unknown setting 'prot': did you mean 'port'?");
	assert_wrong(
		"[server]\nidle = 1 s", "f:2: unknown setting 'idle': it belongs into [limits]");
	assert_wrong("[server]\ntitle = x",
		"f:2: unknown setting 'title' in [server]: it belongs before the first section");
	assert_wrong("[sever]\n", "f:1: unknown section [sever]: did you mean [server]?");
	assert_wrong("[]", "f:1: unknown section []; 'rollcall config' lists what there is");
	assert_wrong("[server", "f:1: '[server' is not of the form \"[section]\"");
	assert_wrong("zzzzzzzzz = 1",
		"f:1: unknown setting 'zzzzzzzzz'; 'rollcall config' lists what there is");
	assert_wrong("title", "f:1: 'title' is not of the form \"name = value\"");
	assert_wrong("title = \"x", "f:1: the value of 'title' has a quote too many or too few");
	assert_wrong(
		"title = \"x\" y", "f:1: the value of 'title' has a quote too many or too few");
	assert_wrong(
		"title = a\ntitle = b", "f:2: 'title' is set a second time; the first is line 1");
	assert_wrong("folder = ~/x", "f:1: folder is '~/x': write the value in full");
}

static void values_out_of_range_are_refused(void **state)
{
	(void)state;
	assert_wrong("[server]\nport = 0",
		"f:2: [server] port takes a whole number from 1 to 65535, not '0'");
	assert_wrong("[server]\nport = 5000 # mine",
		"f:2: [server] port takes a whole number from 1 to 65535, not '5000 # mine'");
	assert_wrong("[server]\nport = 99999999999999999999",
		"f:2: [server] port takes a whole number from 1 to 65535, not "
		"'99999999999999999999'");
	assert_wrong("[server]\non = maybe", "f:2: [server] on takes on or off, not 'maybe'");
	assert_wrong("[server]\nmode = quik",
		"f:2: [server] mode takes one of slow|quick|quicker, not 'quik': did you mean "
		"'quick'?");
	assert_wrong("[limits]\nidle = 12",
		"f:2: [limits] idle takes a time with its unit, from 1 s to 1 h, not '12'");
	assert_wrong("[limits]\nidle = 2 h",
		"f:2: [limits] idle takes a time with its unit, from 1 s to 1 h, not '2 h'");
	assert_wrong("[limits]\nidle = 1e1 s",
		"f:2: [limits] idle takes a time with its unit, from 1 s to 1 h, not '1e1 s'");
	assert_wrong("[limits]\nsize = 2 GB",
		"f:2: [limits] size takes a size with its unit, from 1 kB to 1 GB, not '2 GB'");
	assert_wrong("[limits]\nrate = 10",
		"f:2: [limits] rate takes a rate like '10/min' or '5/s burst 20', or off, not "
		"'10'");
	assert_wrong("[limits]\nwords = a xb", "f:2: [limits] words: 'xb' is no word");
}

static void a_secret_is_not_in_errors(void **state)
{
	(void)state;
	char text[CONFIG_VALUE_MAX + 64];
	int len = snprintf(text, sizeof(text), "[limits]\nsecret = ");
	memset(text + len, 's', CONFIG_VALUE_MAX + 1);
	text[len + CONFIG_VALUE_MAX + 1] = '\0';
	assert_wrong(text, "f:2: [limits] secret takes at most 4096 bytes");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	(void)state;
	struct config *c = new_config();
	struct error why = {0};
	assert_int_equal(config_read_text(c, "a\0b", 3, "f", &why), ERR_FORMAT);
	char *much = calloc(1, CONFIG_BYTES_MAX + 2);
	memset(much, '#', CONFIG_BYTES_MAX + 1);
	assert_int_equal(config_read_text(c, much, CONFIG_BYTES_MAX + 1, "f", &why), ERR_LIMIT);
	free(much);
	config_free(c);
}

static void the_higher_source_wins_in_any_order(void **state)
{
	(void)state;
	static const char *const variables[] = {"PORT=1001", "TITLE=t", "ROLLCALL_PORT=1002", NULL};
	struct error why = {0};
	for (int order = 0; order < 2; order++) {
		struct config *c = new_config();
		assert_int_equal(config_set(c, config_find_flag(c, "title"), "from the flag",
					 CONFIG_FLAG, "--title", &why),
			OK);
		for (int i = 0; i < 2; i++) {
			if (i == order)
				read_ok(c,
					"title = of the file\n[server]\nport = 1000\nmode = quick");
			else
				assert_int_equal(
					config_read_environment(c, NULL, variables, &why), OK);
		}
		struct values v = fill(c);
		assert_string_equal(v.title, "from the flag");
		assert_int_equal(v.port, 1002);
		assert_string_equal(config_where(c, &server[0]), "$ROLLCALL_PORT");
		assert_int_equal(config_source(c, &server[0]), CONFIG_ENVIRONMENT);
		assert_int_equal(v.mode, 1);
		config_free(c);
	}
}

static void a_wrong_value_that_is_overridden_is_wrong_all_the_same(void **state)
{
	(void)state;
	struct config *c = new_config();
	struct error why = {0};
	assert_int_equal(config_set(c, &server[0], "80", CONFIG_FLAG, "--port", &why), OK);
	assert_int_equal(config_read_text(c, "[server]\nport=x", 15, "f", &why), ERR_ARG);
	config_free(c);
}

static void variables_are_checked(void **state)
{
	(void)state;
	static const struct {
		const char *const variables[3];
		const char *wanted;
	} cases[] = {
		{{"PORT=tcp://10.0.0.1", NULL},
			"$PORT: [server] port takes a whole number from 1 to 65535, not "
			"'tcp://10.0.0.1'"},
		{{"ROLLCALL_PROT=1", NULL},
			"$ROLLCALL_PROT is not known: did you mean $ROLLCALL_PORT?"},
		{{"PORT=", "ROLLCALL_SOMETHING_ELSE=1", NULL}, ""},
		{{"COOLDOWN=90", NULL}, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config *c = new_config();
		struct error why = {0};
		enum err err = config_read_environment(c, NULL, cases[i].variables, &why);
		assert_int_equal(err, cases[i].wanted[0] != '\0' ? ERR_ARG : OK);
		assert_string_equal(why.text, cases[i].wanted);
		if (i == 3)
			assert_int_equal(fill(c).plain_ms, 90000);
		/* Of one table only: the rest may be what it likes. */
		assert_int_equal(config_read_environment(c, program, cases[i].variables, &why), OK);
		config_free(c);
	}
}

static void a_file_of_variables_comes_before_the_file_and_after_the_environment(void **state)
{
	(void)state;
	char path[] = "/tmp/rollcall-env-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	static const char text[] = "# of the old system\n"
				   "export PORT=\"1003\"\n"
				   "SECRET='it # is' \n"
				   "TITLE = plain # comment\n"
				   "OTHER=1\n"
				   "no line\n";
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	struct config *c = new_config();
	struct error why = {0};
	static const char *const variables[] = {"TITLE=environment", NULL};
	assert_int_equal(config_read_environment(c, NULL, variables, &why), OK);
	read_ok(c, "[server]\nport = 1000");
	assert_int_equal(config_read_env_file(c, path, &why), OK);
	struct values v = fill(c);
	assert_int_equal(v.port, 1003);
	assert_string_equal(v.secret, "it # is");
	assert_string_equal(v.title, "environment");
	config_free(c);
	c = new_config();
	assert_int_equal(config_read_env_file(c, path, &why), OK);
	assert_string_equal(fill(c).title, "plain");
	config_free(c);
	unlink(path);
}

static void differences_that_need_a_restart_are_named(void **state)
{
	(void)state;
	struct config *a = new_config(), *b = new_config();
	size_t i = 0;
	read_ok(b, "title = x\n[server]\non = on\nport = 81");
	assert_ptr_equal(config_difference(a, b, &i), &program[0]);
	assert_ptr_equal(config_difference(a, b, &i), &server[0]);
	assert_null(config_difference(a, b, &i));
	config_free(a);
	config_free(b);
}

static void a_wrong_default_is_a_defect(void **state)
{
	(void)state;
	static const struct config_key wrong[] = {{"", "port", CONFIG_INT, 0, "0", 1, 2}, {0}};
	static const struct config_key *const wrong_tables[] = {wrong, NULL};
	struct config *c;
	struct error why = {0};
	assert_int_equal(config_new(&c, wrong_tables, &why), ERR_INTERNAL);
	assert_null(c);
}

static enum err everything(void *arg, struct error *why)
{
	static const char text[] = "title = x\nfolder = y\n[limits]\nwords = a b\nrate = off";
	static const char *const variables[] = {"PORT=1001", NULL};
	struct config *c;
	struct values v;
	(void)arg;
	enum err err = config_new(&c, tables, why);
	if (err == OK)
		err = config_read_text(c, text, strlen(text), "/a/f", why);
	if (err == OK)
		err = config_read_environment(c, NULL, variables, why);
	if (err == OK)
		err = config_fill(c, program, &v, why);
	if (err == OK)
		err = config_fill(c, server, &v, why);
	config_free(c);
	return err;
}

static void every_allocation_fails_once(void **state)
{
	(void)state;
	FAULTS_SKIP_UNLESS_AVAILABLE();
	struct faults_result result = faults_each(everything, NULL, NULL);
	assert_string_equal(result.problem, "");
	assert_true(result.failed > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_hold_where_nothing_is_said),
		cmocka_unit_test(a_file_is_read),
		cmocka_unit_test(an_empty_text_is_none),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(values_out_of_range_are_refused),
		cmocka_unit_test(a_secret_is_not_in_errors),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(the_higher_source_wins_in_any_order),
		cmocka_unit_test(a_wrong_value_that_is_overridden_is_wrong_all_the_same),
		cmocka_unit_test(variables_are_checked),
		cmocka_unit_test(
			a_file_of_variables_comes_before_the_file_and_after_the_environment),
		cmocka_unit_test(differences_that_need_a_restart_are_named),
		cmocka_unit_test(a_wrong_default_is_a_defect),
		cmocka_unit_test(every_allocation_fails_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
