/* SPDX-License-Identifier: MIT */
/* Every allocation of the store fails once: told, nothing leaks, nothing is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/devices.h"
#include "store/throttle.h"
#include "store/web.h"
#include "tests/support/faults.h"
#include "tests/support/home.h"

enum { DIM = 128 };

struct fixture {
	struct home home;
	char person[UUID_TEXT], session[UUID_TEXT];
	unsigned counter; /* makes names and photos that were not there before */
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	if (f == NULL || !home_make_quick(&f->home))
		return -1;
	struct session_row day = {.day = "2026-11-20"};
	struct store *s = home_open(&f->home);
	bool made = s != NULL && home_person(s, "Ada", NULL, f->person, NULL) == OK &&
		store_session_day(s, &day, HOME_NOW, NULL) == OK;
	memcpy(f->session, day.id, UUID_TEXT);
	store_close(s);
	return made ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	home_remove(&f->home);
	free(f);
	return 0;
}

static void assert_good(const struct home *home)
{
	struct store *s = home_open(home);
	assert_non_null(s);
	struct error why = {0};
	if (store_check(s, &why) != OK)
		fail_msg("%s", why.text);
	store_close(s);
}

/* --- steps that open the store themselves --- */

/* Every `stride`-th allocation alone, and all from every seventh (at least) on. */
static void fail_each(struct fixture *f, enum err (*step)(void *arg, struct error *why),
	enum err (*before)(void *arg, struct error *why), unsigned long stride)
{
	FAULTS_SKIP_UNLESS_AVAILABLE();
	struct faults_options options = {.before = before, .step = stride};
	struct faults_result one = faults_each(step, f, &options);
	assert_string_equal(one.problem, "");
	options.all = true;
	options.step = 7 * stride;
	struct faults_result all = faults_each(step, f, &options);
	assert_string_equal(all.problem, "");
	print_message("%lu failed, %lu did without; from then on: %lu, %lu\n", one.failed, one.calm,
		all.failed, all.calm);
	assert_true(one.failed > 0 && all.failed > 0);
	assert_good(&f->home);
}

static enum err open_and_close(void *arg, struct error *why)
{
	const struct fixture *f = arg;
	struct store *s;
	enum err err = store_open(&s, f->home.path, STORE_CREATE, why);
	store_close(s);
	return err;
}

static enum err remove_home(void *arg, struct error *why)
{
	struct fixture *f = arg;
	(void)why;
	home_remove(&f->home);
	return home_make_quick(&f->home) ? OK : ERR_IO;
}

static void making_a_home_survives(void **state)
{
	/* Tens of thousands, nearly all of them within SQLite, which reads the schema. */
	fail_each(*state, open_and_close, remove_home, 23);
}

static void opening_a_home_survives(void **state)
{
	fail_each(*state, open_and_close, NULL, 3);
}

/* --- steps on a store that is open already --- */

typedef enum err operation(struct fixture *f, struct store *s, struct error *why);

/* Opens, fails the n-th allocation of the operation (or all from it on). True: none failed. */
static bool fail_nth(struct fixture *f, operation *op, unsigned long n, bool all)
{
	struct error why = {0};
	long live = faults_live();
	struct store *s = home_open(&f->home);
	assert_non_null(s);
	(all ? faults_arm_all : faults_arm)(n);
	enum err err = op(f, s, &why);
	faults_disarm();
	if (err != OK && (err != ERR_NOMEM || faults_hit() == 0 || why.text[0] == '\0'))
		fail_msg("allocation %lu: %d '%s'", n, (int)err, why.text);
	/* What failed did not take the handle with it, and left nothing half done. */
	store_rollback(s);
	why = (struct error){0};
	if (n % 16 == 0 && store_check(s, &why) != OK)
		fail_msg("allocation %lu: %s", n, why.text);
	if (err != OK && op(f, s, &why) != OK)
		fail_msg("after allocation %lu: %s", n, why.text);
	store_close(s);
	assert_int_equal(faults_live(), live);
	return faults_hit() == 0;
}

static void fail_all(struct fixture *f, operation *op)
{
	FAULTS_SKIP_UNLESS_AVAILABLE();
	/* Once in peace: what libraries keep for ever is allocated now. */
	assert_true(fail_nth(f, op, 1000000, false));
	unsigned long one = 1, all = 1;
	while (!fail_nth(f, op, one, false))
		one++;
	while (!fail_nth(f, op, all, true))
		all += 3;
	print_message("%lu allocations\n", one - 1);
	assert_true(one > 1);
	assert_good(&f->home);
}

static enum err add_person(struct fixture *f, struct store *s, struct error *why)
{
	char name[NAME_BYTES];
	struct person found;
	struct person person = {.face_id = 0};
	snprintf(person.name, sizeof(person.name), "Person %u", f->counter++);
	snprintf(name, sizeof(name), "%s", person.name);
	enum err err = store_person_add(s, &person, HOME_NOW, why);
	if (err == OK)
		err = store_person_find(s, name, &found, why);
	if (err == OK)
		err = store_person_update(s, &found, why);
	return err == OK ? store_person_remove(s, found.id, why) : err;
}

static void adding_and_removing_a_person_survives(void **state)
{
	fail_all(*state, add_person);
}

static enum err see(
	void *ctx, const char *person_id, const float *vector, size_t dim, struct error *why)
{
	(void)person_id;
	(void)why;
	if (dim == DIM && vector[0] == 0.5F)
		++*(size_t *)ctx;
	return OK;
}

static enum err add_and_read_template(struct fixture *f, struct store *s, struct error *why)
{
	float vector[DIM] = {0.5F};
	struct template_new t = {
		.person_id = f->person, .model = "m", .vector = vector, .dim = DIM};
	f->counter++;
	store_photo_hash(s, &f->counter, sizeof(f->counter), t.photo_hash);
	size_t count, seen = 0;
	enum err err = store_template_add(s, &t, HOME_NOW, why);
	if (err == OK)
		err = store_template_count(s, "m", &count, why);
	if (err == OK)
		err = store_templates(s, "m", see, &seen, why);
	return err == OK && seen != count ? err_set(why, ERR_INTERNAL, "some are missing") : err;
}

static void adding_and_reading_templates_survives(void **state)
{
	fail_all(*state, add_and_read_template);
}

static enum err write_mark(struct fixture *f, struct store *s, struct error *why)
{
	struct sighting sighting = {.at_ms = 5, .source = "photo", .decision = "match"};
	memcpy(sighting.person_id, f->person, UUID_TEXT);
	enum err err = store_sighting_add(s, &sighting, HOME_NOW, why);
	struct mark mark = {.at_ms = 5};
	memcpy(mark.session_id, f->session, UUID_TEXT);
	memcpy(mark.person_id, f->person, UUID_TEXT);
	memcpy(mark.sighting_id, sighting.id, UUID_TEXT);
	return err == OK ? store_mark_set(s, &mark, HOME_NOW, why) : err;
}

static enum err mark_and_list(struct fixture *f, struct store *s, struct error *why)
{
	enum err err = store_begin(s, why);
	if (err != OK)
		return err;
	err = write_mark(f, s, why);
	if (err == OK)
		err = store_commit(s, why);
	store_rollback(s);
	struct mark_list marks = {0};
	struct person_list people = {0};
	struct group_list groups = {0};
	if (err == OK)
		err = store_marks(s, f->session, &marks, why);
	if (err == OK)
		err = store_people(s, NULL, &people, why);
	if (err == OK)
		err = store_groups(s, &groups, why);
	mark_list_finish(&marks);
	person_list_finish(&people);
	group_list_finish(&groups);
	return err;
}

static void marking_and_listing_survives(void **state)
{
	fail_all(*state, mark_and_list);
}

static enum err add_group(struct fixture *f, struct store *s, struct error *why)
{
	char name[64], id[UUID_TEXT];
	struct group group;
	snprintf(name, sizeof(name), "Group %u", f->counter++);
	enum err err = home_group(s, name, id, why);
	if (err == OK)
		err = store_member_add(s, id, f->person, HOME_NOW, why);
	if (err == OK)
		err = store_group_find(s, name, &group, why);
	if (err == OK)
		err = store_member_remove(s, id, f->person, HOME_NOW + 1, why);
	return err == OK ? store_group_remove(s, id, why) : err;
}

static void changing_groups_survives(void **state)
{
	fail_all(*state, add_group);
}

static enum err let_in(struct fixture *f, struct store *s, struct error *why)
{
	const struct password_cost cost = password_cost_cheap();
	const struct web_origin from = {"192.0.2.7", "test", NULL, NULL};
	const struct throttle_who who = {"ada@school.example", "192.0.2.7", NULL};
	struct user user = {.role = ROLE_VIEWER, .name = "Ada"};
	char token[TOKEN_TEXT], browser[TOKEN_TEXT];
	const struct link_answer answer = {.token = token, .password = "correct horse"};
	struct throttle_state throttle;
	snprintf(user.email, sizeof(user.email), "ada%u@school.example", f->counter++);
	enum err err = store_user_add(s, &user, HOME_NOW, why);
	if (err == OK)
		err = store_link_make(s, user.id, LINK_INVITATION, HOME_NOW, token, why);
	if (err == OK)
		err = store_link_use(s, &answer, &cost, HOME_NOW, &user, why);
	if (err == OK)
		err = store_throttle_read(s, &who, HOME_NOW, &throttle, why);
	if (err == OK)
		err = store_user_sign_in(s,
			&(struct credentials){user.email, "correct horse", &cost}, 1, &user, why);
	if (err == OK)
		err = store_throttle_passed(s, &who, user.id, HOME_NOW, browser, why);
	if (err == OK)
		err = store_web_open(s, user.id, &from, HOME_NOW, token, why);
	if (err == OK)
		err = store_web_find(s, token, HOME_NOW, NULL, NULL, why);
	return err == OK ? store_user_remove(s, user.id, why) : err;
}

static void letting_somebody_in_survives(void **state)
{
	fail_all(*state, let_in);
}

static enum err pair(struct fixture *f, struct store *s, struct error *why)
{
	struct pairing p = {.kind = "kiosk", .name = "Tablet", .address = "192.0.2.7"};
	struct device device = {.id = ""}, out;
	char poll[TOKEN_TEXT], key[KEY_TEXT];
	snprintf(device.name, sizeof(device.name), "Tablet %u", f->counter++);
	enum err err = store_pairing_ask(s, &p, HOME_NOW, poll, why);
	if (err == OK)
		err = store_pairing_confirm(s, p.code, &device, HOME_NOW, why);
	if (err == OK)
		err = store_pairing_collect(s, poll, HOME_NOW, &out, key, why);
	if (err == OK)
		err = store_device_by_key(s, key, &out, why);
	return err == OK ? store_device_revoke(s, out.id, HOME_NOW, why) : err;
}

static enum err forget_pairings(struct fixture *f, struct store *s, struct error *why)
{
	/* What a failure left waiting would fill the list. */
	enum err err = store_web_purge(s, INT64_MAX / 2, why);
	return err == OK ? pair(f, s, why) : err;
}

static void pairing_a_device_survives(void **state)
{
	fail_all(*state, forget_pairings);
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_of(making_a_home_survives),
		case_of(opening_a_home_survives),
		case_of(adding_and_removing_a_person_survives),
		case_of(adding_and_reading_templates_survives),
		case_of(marking_and_listing_survives),
		case_of(changing_groups_survives),
		case_of(letting_somebody_in_survives),
		case_of(pairing_a_device_survives),
	};
	return cmocka_run_group_tests_name("store_faults", tests, NULL, NULL);
}
