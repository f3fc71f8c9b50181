/* SPDX-License-Identifier: MIT */
/* API keys and devices: made once, found by their key, revoked, paired by a code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/devices.h"
#include "store/keys.h"
#include "store/store_int.h"
#include "tests/support/home.h"

#define MINUTE_MS ((int64_t)60 * 1000)

struct fixture {
	struct home home;
	struct store *s;
	struct error why;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	return f != NULL && home_begin(&f->home, &f->s) ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	home_end(&f->home, f->s);
	free(f);
	return 0;
}

#define ok(f, call)                                               \
	do {                                                      \
		(f)->why = (struct error){0};                     \
		if ((call) != OK)                                 \
			fail_msg("%s: %s", #call, (f)->why.text); \
	} while (0)

#define refused(f, call, code, words)                                             \
	do {                                                                      \
		(f)->why = (struct error){0};                                     \
		assert_int_equal(call, code);                                     \
		if (strstr((f)->why.text, words) == NULL)                         \
			fail_msg("'%s' does not say '%s'", (f)->why.text, words); \
	} while (0)

/* --- API keys --- */

static void scopes_are_words_both_ways(void **state)
{
	(void)state;
	unsigned all = 0, scopes;
	char text[SCOPES_TEXT];
	struct error why = {0};
	for (const struct scope_name *name = scope_names; name->word != NULL; name++) {
		assert_int_equal(all & (unsigned)name->scope, 0);
		all |= (unsigned)name->scope;
	}
	scopes_text(all, text);
	assert_true(strlen(text) < SCOPES_TEXT - 1); /* nothing was cut off */
	assert_int_equal(scopes_parse(text, &scopes, &why), OK);
	assert_int_equal(scopes, all);
	assert_int_equal(scopes_parse(" mark, people:read ", &scopes, &why), OK);
	assert_int_equal(scopes, SCOPE_MARK | SCOPE_PEOPLE_READ);
	assert_int_equal(scopes_parse("mark peopl:read", &scopes, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "'peopl:read'"));
}

static struct api_key new_key(struct fixture *f, int64_t expires_ms, char text[static KEY_TEXT])
{
	struct api_key key = {.name = "script",
		.scopes = SCOPE_MARK,
		.made_by = "user:x",
		.expires_ms = expires_ms};
	ok(f, store_key_add(f->s, &key, HOME_NOW, text, &f->why));
	return key;
}

static void a_key_is_found_until_it_expires_or_is_revoked(void **state)
{
	struct fixture *f = *state;
	char text[KEY_TEXT], other[KEY_TEXT];
	struct api_key key = new_key(f, HOME_NOW + 1000, text), found;
	new_key(f, 0, other);
	assert_int_equal(strncmp(text, key.prefix, strlen(key.prefix)), 0);
	ok(f, store_key_find(f->s, text, HOME_NOW, &found, &f->why));
	assert_string_equal(found.id, key.id);
	assert_int_equal(found.scopes, SCOPE_MARK);
	refused(f, store_key_find(f->s, text, HOME_NOW + 1000, &found, &f->why), ERR_DENIED,
		"does not work");
	ok(f, store_key_find(f->s, other, HOME_NOW + MINUTE_MS * 1000000, &found, &f->why));
	ok(f, store_key_revoke(f->s, found.prefix, HOME_NOW, &f->why));
	refused(f, store_key_find(f->s, other, HOME_NOW, &found, &f->why), ERR_DENIED,
		"does not work");
	assert_string_equal(found.id, "");
	ok(f, store_key(f->s, key.id, &found, &f->why));
	assert_int_equal(found.used_ms, HOME_NOW);
	struct api_key_list list = {0};
	ok(f, store_keys(f->s, &list, &f->why));
	assert_int_equal(list.count, 2);
	api_key_list_finish(&list);
	refused(f, store_key_revoke(f->s, "rk_none", 1, &f->why), ERR_NOT_FOUND, "no such");
}

static void a_wrong_secret_with_the_right_prefix_is_refused(void **state)
{
	struct fixture *f = *state;
	char text[KEY_TEXT], other[KEY_TEXT];
	struct api_key found;
	struct api_key key = new_key(f, 0, text);
	new_key(f, 0, other);
	memcpy(other, text, strlen(key.prefix));
	refused(f, store_key_find(f->s, other, HOME_NOW, &found, &f->why), ERR_DENIED,
		"does not work");
	static const char *const junk[] = {"", "rk_", "rk_12345678_", "no key at all"};
	for (size_t i = 0; i < 4; i++)
		refused(f, store_key_find(f->s, junk[i], HOME_NOW, &found, &f->why), ERR_DENIED,
			"does not work");
	/* Nothing in the database is the key, not even after its prefix. */
	struct query q;
	query_start_global(&q, f->s,
		"SELECT count(*) FROM api_key WHERE instr(hex(secret_hash), hex(substr(?1, 14))) > "
		"0"
		" OR instr(name || prefix || scopes || made_by, substr(?1, 14)) > 0",
		&f->why);
	query_text(&q, text);
	assert_true(query_row(&q));
	assert_int_equal(column_int(&q, 0), 0);
	assert_int_equal(query_end(&q), OK);
}

static void a_key_that_can_do_nothing_is_not_made(void **state)
{
	struct fixture *f = *state;
	char text[KEY_TEXT];
	struct api_key key = {.name = "x"};
	refused(f, store_key_add(f->s, &key, HOME_NOW, text, &f->why), ERR_ARG, "scopes");
	key.scopes = SCOPE_LIVE;
	key.name[0] = '\0';
	refused(f, store_key_add(f->s, &key, HOME_NOW, text, &f->why), ERR_ARG, "name");
	key.name[0] = 'x';
	key.expires_ms = HOME_NOW;
	refused(f, store_key_add(f->s, &key, HOME_NOW, text, &f->why), ERR_ARG, "expired");
	assert_string_equal(text, "");
}

/* --- devices --- */

static struct device new_device(struct fixture *f, const char *name, char *key)
{
	struct device device = {.kind = "kiosk", .room = "Hall"};
	snprintf(device.name, sizeof(device.name), "%s", name);
	ok(f, store_device_add(f->s, &device, HOME_NOW, key, &f->why));
	return device;
}

static void a_device_is_known_by_its_key(void **state)
{
	struct fixture *f = *state;
	char key[KEY_TEXT], again[KEY_TEXT];
	struct device device = new_device(f, "Door", key), found;
	ok(f, store_device_by_key(f->s, key, &found, &f->why));
	assert_string_equal(found.id, device.id);
	assert_string_equal(found.room, "Hall");
	ok(f, store_device_rekey(f->s, device.id, again, &f->why));
	refused(f, store_device_by_key(f->s, key, &found, &f->why), ERR_DENIED, "does not work");
	ok(f, store_device_by_key(f->s, again, &found, &f->why));
	ok(f, store_device_revoke(f->s, device.id, HOME_NOW, &f->why));
	refused(f, store_device_by_key(f->s, again, &found, &f->why), ERR_DENIED, "does not work");
	refused(f, store_device_rekey(f->s, device.id, again, &f->why), ERR_NOT_FOUND, "no such");
	/* Its name is free again, and it is still there to be read about. */
	new_device(f, "DOOR", NULL);
	ok(f, store_device(f->s, device.id, &found, &f->why));
	assert_int_equal(found.revoked_ms, HOME_NOW);
}

static void an_api_key_is_no_device_key(void **state)
{
	struct fixture *f = *state;
	char key[KEY_TEXT];
	struct device found;
	new_key(f, 0, key);
	refused(f, store_device_by_key(f->s, key, &found, &f->why), ERR_DENIED, "does not work");
}

static void a_device_is_changed_by_who_knows_its_version(void **state)
{
	struct fixture *f = *state;
	struct device mine = new_device(f, "Door", NULL), theirs = mine;
	snprintf(theirs.room, sizeof(theirs.room), "Gym");
	ok(f, home_group(f->s, "3a", theirs.group_id, &f->why));
	ok(f, store_device_update(f->s, &theirs, &f->why));
	refused(f, store_device_update(f->s, &mine, &f->why), ERR_CONFLICT, "meanwhile");
	new_device(f, "Gate", NULL);
	snprintf(theirs.name, sizeof(theirs.name), "gate");
	refused(f, store_device_update(f->s, &theirs, &f->why), ERR_EXISTS, "'Gate'");
	refused(f, store_device_find(f->s, "Dor", &mine, &f->why), ERR_NOT_FOUND, "'Door'?");
	/* A group that goes leaves the device without one. */
	ok(f, store_group_remove(f->s, theirs.group_id, &f->why));
	ok(f, store_device_find(f->s, "door", &mine, &f->why));
	assert_string_equal(mine.group_id, "");
	assert_true(mine.version > theirs.version);
}

static void being_seen_is_written_seldom(void **state)
{
	struct fixture *f = *state;
	struct device d = new_device(f, "Door", NULL);
	assert_false(device_online(&d, HOME_NOW));
	ok(f, store_device_seen(f->s, d.id, "camera ready", HOME_NOW, &f->why));
	ok(f, store_device_seen(f->s, d.id, NULL, HOME_NOW + 1000, &f->why));
	ok(f, store_device(f->s, d.id, &d, &f->why));
	assert_int_equal(d.seen_ms, HOME_NOW);
	assert_string_equal(d.status, "camera ready");
	assert_true(device_online(&d, HOME_NOW + DEVICE_ONLINE_S * 1000 - 1));
	assert_false(device_online(&d, HOME_NOW + DEVICE_ONLINE_S * 1000));
	ok(f, store_device_seen(f->s, d.id, "no camera", HOME_NOW + 1000, &f->why));
	ok(f, store_device_seen(f->s, d.id, NULL, HOME_NOW + 1000 + 30000, &f->why));
	ok(f, store_device(f->s, d.id, &d, &f->why));
	assert_int_equal(d.seen_ms, HOME_NOW + 31000);
	assert_string_equal(d.status, "no camera");
	refused(f, store_device_seen(f->s, "none", NULL, 1, &f->why), ERR_NOT_FOUND, "no such");
}

/* --- pairing --- */

static struct pairing asked(struct fixture *f, const char *name, char poll[static TOKEN_TEXT])
{
	struct pairing p = {.kind = "kiosk", .address = "192.0.2.7"};
	snprintf(p.name, sizeof(p.name), "%s", name);
	ok(f, store_pairing_ask(f->s, &p, HOME_NOW, poll, &f->why));
	return p;
}

static void a_device_is_paired_by_its_code_and_fetches_its_key_once(void **state)
{
	struct fixture *f = *state;
	char poll[TOKEN_TEXT], key[KEY_TEXT], typed[32];
	struct device device = {.room = "Hall"}, out;
	struct pairing p = asked(f, "Tablet", poll);
	struct pairing_list list = {0};
	refused(f, store_pairing_collect(f->s, poll, HOME_NOW, &out, key, &f->why), ERR_BUSY,
		"nobody has typed");
	ok(f, store_pairings(f->s, HOME_NOW, &list, &f->why));
	assert_int_equal(list.count, 1);
	assert_string_equal(list.item[0].code, p.code);
	pairing_list_finish(&list);
	assert_int_equal(strlen(p.code), 9);
	snprintf(typed, sizeof(typed), " %.4s %.4s", p.code, p.code + 5);
	for (char *c = typed; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	ok(f, store_pairing_confirm(f->s, typed, &device, HOME_NOW, &f->why));
	assert_string_equal(device.name, "Tablet");
	assert_string_equal(device.kind, "kiosk");
	refused(f, store_pairing_confirm(f->s, typed, &device, HOME_NOW, &f->why), ERR_NOT_FOUND,
		"no device waits");
	ok(f, store_pairing_collect(f->s, poll, HOME_NOW, &out, key, &f->why));
	assert_string_equal(out.id, device.id);
	assert_string_equal(out.room, "Hall");
	ok(f, store_device_by_key(f->s, key, &out, &f->why));
	refused(f, store_pairing_collect(f->s, poll, HOME_NOW, &out, key, &f->why), ERR_NOT_FOUND,
		"done");
	assert_string_equal(key, "");
}

static void a_pairing_expires_and_can_be_refused(void **state)
{
	struct fixture *f = *state;
	char poll[TOKEN_TEXT], key[KEY_TEXT];
	struct device device = {0}, out;
	struct pairing p = asked(f, "Tablet", poll);
	refused(f, store_pairing_confirm(f->s, p.code, &device, p.expires_ms, &f->why),
		ERR_NOT_FOUND, "no device waits");
	refused(f, store_pairing_collect(f->s, poll, p.expires_ms, &out, key, &f->why),
		ERR_NOT_FOUND, "expired");
	ok(f, store_pairing_refuse(f->s, p.id, &f->why));
	refused(f, store_pairing_collect(f->s, poll, HOME_NOW, &out, key, &f->why), ERR_NOT_FOUND,
		"refused");
	refused(f, store_pairing_refuse(f->s, p.id, &f->why), ERR_NOT_FOUND, "no such");
}

static void guessing_codes_ends_what_waits(void **state)
{
	struct fixture *f = *state;
	char poll[TOKEN_TEXT];
	struct device device = {0};
	struct pairing p = asked(f, "Tablet", poll);
	static const char *const wrong[] = {"AAAA-AAAA", "", "AAAA", "AAAAAAAAAAAA", "0000-1111"};
	for (int i = 0; i < PAIRING_ATTEMPTS_MAX - 1; i++)
		refused(f, store_pairing_confirm(f->s, wrong[i % 5], &device, HOME_NOW, &f->why),
			ERR_NOT_FOUND, "no device waits");
	struct pairing_list list = {0};
	ok(f, store_pairings(f->s, HOME_NOW, &list, &f->why));
	assert_int_equal(list.count, 1);
	pairing_list_finish(&list);
	refused(f, store_pairing_confirm(f->s, wrong[0], &device, HOME_NOW, &f->why), ERR_NOT_FOUND,
		"no device waits");
	refused(f, store_pairing_confirm(f->s, p.code, &device, HOME_NOW, &f->why), ERR_NOT_FOUND,
		"no device waits");
}

static void one_address_cannot_fill_the_list(void **state)
{
	struct fixture *f = *state;
	char poll[TOKEN_TEXT];
	struct pairing p = {.kind = "kiosk", .name = "Tablet", .address = "192.0.2.7"};
	for (int i = 0; i < PAIRINGS_ADDRESS_MAX; i++)
		asked(f, "Tablet", poll);
	refused(f, store_pairing_ask(f->s, &p, HOME_NOW, poll, &f->why), ERR_LIMIT, "too many");
	snprintf(p.address, sizeof(p.address), "192.0.2.8");
	ok(f, store_pairing_ask(f->s, &p, HOME_NOW, poll, &f->why));
	snprintf(p.kind, sizeof(p.kind), "toaster");
	refused(f, store_pairing_ask(f->s, &p, HOME_NOW, poll, &f->why), ERR_ARG, "not 'toaster'");
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scopes_are_words_both_ways),
		case_of(a_key_is_found_until_it_expires_or_is_revoked),
		case_of(a_wrong_secret_with_the_right_prefix_is_refused),
		case_of(a_key_that_can_do_nothing_is_not_made),
		case_of(a_device_is_known_by_its_key),
		case_of(an_api_key_is_no_device_key),
		case_of(a_device_is_changed_by_who_knows_its_version),
		case_of(being_seen_is_written_seldom),
		case_of(a_device_is_paired_by_its_code_and_fetches_its_key_once),
		case_of(a_pairing_expires_and_can_be_refused),
		case_of(guessing_codes_ends_what_waits),
		case_of(one_address_cannot_fill_the_list),
	};
	return cmocka_run_group_tests_name("store_devices", tests, NULL, NULL);
}
