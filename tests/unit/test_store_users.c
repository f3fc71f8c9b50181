/* SPDX-License-Identifier: MIT */
/* Users: added, invited, signed in, registered, removed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/settings.h"
#include "store/store_int.h"
#include "store/users.h"
#include "store/web.h"
#include "tests/support/home.h"

#define GOOD_PASSWORD "correct horse"
#define HOUR_MS ((int64_t)3600 * 1000)
enum { DIM = 4 };

struct fixture {
	struct home home;
	struct store *s;
	struct password_cost cost;
	struct error why;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	if (f == NULL)
		return -1;
	f->cost = password_cost_cheap();
	return home_begin(&f->home, &f->s) ? 0 : -1;
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

static struct user invited(struct fixture *f, const char *email, enum user_role role)
{
	struct user user = {.role = role};
	snprintf(user.email, sizeof(user.email), "%s", email);
	snprintf(user.name, sizeof(user.name), "Somebody");
	ok(f, store_user_add(f->s, &user, HOME_NOW, &f->why));
	return user;
}

/* A user who has come in by an invitation. */
static struct user active(struct fixture *f, const char *email, enum user_role role)
{
	struct user user = invited(f, email, role);
	char token[TOKEN_TEXT];
	ok(f, store_link_make(f->s, user.id, LINK_INVITATION, HOME_NOW, token, &f->why));
	const struct link_answer answer = {.token = token, .password = GOOD_PASSWORD};
	ok(f, store_link_use(f->s, &answer, &f->cost, HOME_NOW + 1, &user, &f->why));
	assert_int_equal(user.state, USER_ACTIVE);
	assert_true(user.has_password);
	return user;
}

static void addresses_are_checked_and_compared_without_case(void **state)
{
	static const char *const bad[] = {"", "a", "@b.c", "a@", "a b@c.d", "a@b@c", ".a@b.c",
		"a.@b.c", "a@b..c", "a@-b.c", "a@b.c.", "\"a b\"@c.d", "\xC3\xA4@b.c",
		"a@\xC3\xA4.c", "a\n@b.c", "a@b_c.d"};
	(void)state;
	char clean[EMAIL_BYTES], key[EMAIL_BYTES];
	struct error why = {0};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(email_clean(bad[i], clean, key, &why), ERR_ARG);
	assert_int_equal(email_clean("  Ada.L+x@School.EXAMPLE\n", clean, key, &why), OK);
	assert_string_equal(clean, "Ada.L+x@School.EXAMPLE");
	assert_string_equal(key, "ada.l+x@school.example");
	char longest[EMAIL_BYTES + 10];
	memset(longest, 'a', sizeof(longest));
	longest[60] = '@';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(email_clean(longest, clean, key, &why), ERR_ARG);
	longest[EMAIL_BYTES - 1] = '\0';
	assert_int_equal(email_clean(longest, clean, key, &why), OK);
}

static void passwords_that_are_none_are_refused(void **state)
{
	(void)state;
	struct error why = {0};
	char longest[PASSWORD_BYTES_MAX + 2];
	memset(longest, 'x', sizeof(longest));
	longest[0] = 'y';
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(password_check("nine char", NULL, &why), ERR_ARG);
	/* Nine characters are nine, however many bytes they take. */
	assert_int_equal(password_check("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\xA4\xC3\xB6\xC3\xBC"
					"abc",
				 NULL, &why),
		ERR_ARG);
	assert_int_equal(password_check("aaaaaaaaaaaa", NULL, &why), ERR_ARG);
	assert_int_equal(password_check("abcdefghij\xFF", NULL, &why), ERR_ARG);
	assert_int_equal(password_check("Ada@school.example", "ada@school.example", &why), ERR_ARG);
	assert_int_equal(password_check(longest, NULL, &why), ERR_ARG);
	longest[PASSWORD_BYTES_MAX] = '\0';
	assert_int_equal(password_check(longest, NULL, &why), OK);
	assert_int_equal(password_check(GOOD_PASSWORD, "ada@school.example", &why), OK);
}

static void an_invitation_works_once_and_only_the_newest(void **state)
{
	struct fixture *f = *state;
	struct user user = invited(f, "ada@school.example", ROLE_TEACHER), out;
	char old[TOKEN_TEXT], token[TOKEN_TEXT];
	enum link_kind kind;
	ok(f, store_link_make(f->s, user.id, LINK_INVITATION, HOME_NOW, old, &f->why));
	ok(f, store_link_make(f->s, user.id, LINK_INVITATION, HOME_NOW, token, &f->why));
	struct link_answer answer = {.token = old, .password = GOOD_PASSWORD};
	refused(f, store_link_use(f->s, &answer, &f->cost, HOME_NOW, &out, &f->why), ERR_NOT_FOUND,
		"newer one");
	answer.token = token;
	answer.password = "short";
	refused(f, store_link_use(f->s, &answer, &f->cost, HOME_NOW, &out, &f->why), ERR_ARG,
		"shorter than");
	ok(f, store_link_look(f->s, token, HOME_NOW, &kind, &out, &f->why));
	assert_int_equal(kind, LINK_INVITATION);
	assert_string_equal(out.id, user.id);
	answer.password = GOOD_PASSWORD;
	ok(f, store_link_use(f->s, &answer, &f->cost, HOME_NOW, &out, &f->why));
	refused(f, store_link_use(f->s, &answer, &f->cost, HOME_NOW, &out, &f->why), ERR_NOT_FOUND,
		"does not work");
	refused(f, store_link_make(f->s, user.id, LINK_INVITATION, HOME_NOW, token, &f->why),
		ERR_ARG, "was never in");
	ok(f,
		store_user_sign_in(f->s,
			&(struct credentials){"ADA@school.example", GOOD_PASSWORD, &f->cost},
			HOME_NOW + 5, &out, &f->why));
	assert_int_equal(out.signed_in_ms, HOME_NOW + 5);
	assert_string_equal(out.id, user.id);
}

static void a_link_expires(void **state)
{
	struct fixture *f = *state;
	struct user user = active(f, "ada@school.example", ROLE_VIEWER), out;
	char token[TOKEN_TEXT];
	enum link_kind kind;
	ok(f, store_link_make(f->s, user.id, LINK_RESET, HOME_NOW, token, &f->why));
	int64_t end = HOME_NOW + LINK_HOURS_RESET * HOUR_MS;
	ok(f, store_link_look(f->s, token, end - 1, &kind, &out, &f->why));
	refused(f, store_link_look(f->s, token, end, &kind, &out, &f->why), ERR_NOT_FOUND,
		"expired");
	ok(f, store_web_purge(f->s, end, &f->why));
	refused(f, store_link_look(f->s, token, end - 1, &kind, &out, &f->why), ERR_NOT_FOUND,
		"expired");
}

static void the_first_administrator_gives_the_address_when_coming_in(void **state)
{
	struct fixture *f = *state;
	struct user user = invited(f, "", ROLE_ADMINISTRATOR), out;
	char token[TOKEN_TEXT];
	ok(f, store_link_make(f->s, user.id, LINK_INVITATION, HOME_NOW, token, &f->why));
	struct link_answer answer = {.token = token, .password = GOOD_PASSWORD};
	refused(f, store_link_use(f->s, &answer, &f->cost, HOME_NOW, &out, &f->why), ERR_ARG,
		"address is missing");
	answer.email = "head@school.example";
	answer.name = "The Head";
	ok(f, store_link_use(f->s, &answer, &f->cost, HOME_NOW, &out, &f->why));
	assert_string_equal(out.email, "head@school.example");
	assert_string_equal(out.name, "The Head");
	/* Whoever has an address keeps it, whatever the form brings. */
	ok(f, store_link_make(f->s, user.id, LINK_RESET, HOME_NOW, token, &f->why));
	answer.email = "somebody@else.example";
	ok(f, store_link_use(f->s, &answer, &f->cost, HOME_NOW, &out, &f->why));
	assert_string_equal(out.email, "head@school.example");
}

static void a_wrong_password_and_an_unknown_address_look_the_same(void **state)
{
	struct fixture *f = *state;
	struct user out;
	struct error unknown = {0}, wrong = {0};
	active(f, "ada@school.example", ROLE_TEACHER);
	invited(f, "bo@school.example", ROLE_TEACHER);
	assert_int_equal(
		store_user_sign_in(f->s,
			&(struct credentials){"ada@school.example", "wrong horse", &f->cost}, 1,
			&out, &wrong),
		ERR_DENIED);
	assert_int_equal(
		store_user_sign_in(f->s,
			&(struct credentials){"cy@school.example", GOOD_PASSWORD, &f->cost}, 1,
			&out, &unknown),
		ERR_DENIED);
	assert_string_equal(wrong.text, unknown.text);
	static const char *const others[] = {"bo@school.example", "no address", ""};
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
			store_user_sign_in(f->s, &(struct credentials){others[i], "", &f->cost}, 1,
				&out, &unknown),
			ERR_DENIED);
		assert_string_equal(wrong.text, unknown.text);
	}
	assert_string_equal(out.id, "");
}

static void whoever_is_disabled_is_out_at_once(void **state)
{
	struct fixture *f = *state;
	struct user user = active(f, "ada@school.example", ROLE_TEACHER), out;
	const struct web_origin from = {"10.0.0.1", "test", NULL, NULL};
	char token[TOKEN_TEXT], link[TOKEN_TEXT];
	ok(f, store_web_open(f->s, user.id, &from, HOME_NOW, token, &f->why));
	ok(f, store_link_make(f->s, user.id, LINK_RESET, HOME_NOW, link, &f->why));
	user.state = USER_DISABLED;
	ok(f, store_user_update(f->s, &user, &f->why));
	refused(f, store_web_find(f->s, token, HOME_NOW, NULL, &out, &f->why), ERR_DENIED,
		"not signed in");
	refused(f,
		store_user_sign_in(f->s, &(struct credentials){user.email, GOOD_PASSWORD, &f->cost},
			1, &out, &f->why),
		ERR_DENIED, "blocked");
	refused(f, store_web_open(f->s, user.id, &from, HOME_NOW, token, &f->why), ERR_DENIED,
		"blocked");
	user.state = USER_ACTIVE;
	ok(f, store_user_update(f->s, &user, &f->why));
	/* The link of before does not come back to life. */
	enum link_kind kind;
	refused(f, store_link_look(f->s, link, HOME_NOW, &kind, &out, &f->why), ERR_NOT_FOUND, "");
	ok(f,
		store_user_sign_in(f->s, &(struct credentials){user.email, GOOD_PASSWORD, &f->cost},
			1, &out, &f->why));
}

static void a_change_of_what_was_changed_meanwhile_is_refused(void **state)
{
	struct fixture *f = *state;
	struct user mine = active(f, "ada@school.example", ROLE_TEACHER), theirs;
	ok(f, store_user(f->s, mine.id, &theirs, &f->why));
	snprintf(theirs.name, sizeof(theirs.name), "Ada L");
	ok(f, store_user_update(f->s, &theirs, &f->why));
	assert_int_equal(theirs.version, mine.version + 1);
	refused(f, store_user_update(f->s, &mine, &f->why), ERR_CONFLICT, "changed meanwhile");
	ok(f, store_user(f->s, mine.id, &mine, &f->why));
	assert_string_equal(mine.name, "Ada L");
	mine.version = 0;
	ok(f, store_user_update(f->s, &mine, &f->why));
}

static void the_last_administrator_stays(void **state)
{
	struct fixture *f = *state;
	struct user one = active(f, "one@school.example", ROLE_ADMINISTRATOR);
	invited(f, "two@school.example", ROLE_ADMINISTRATOR);
	struct user changed = one;
	changed.role = ROLE_VIEWER;
	refused(f, store_user_update(f->s, &changed, &f->why), ERR_ARG, "last administrator");
	changed = one;
	changed.state = USER_DISABLED;
	refused(f, store_user_update(f->s, &changed, &f->why), ERR_ARG, "last administrator");
	refused(f, store_user_remove(f->s, one.id, &f->why), ERR_ARG, "last administrator");
	active(f, "three@school.example", ROLE_ADMINISTRATOR);
	ok(f, store_user_remove(f->s, one.id, &f->why));
	refused(f, store_user(f->s, one.id, &changed, &f->why), ERR_NOT_FOUND, "no such user");
}

static void an_address_is_one_users_in_the_whole_database(void **state)
{
	struct fixture *f = *state;
	struct user user = {.role = ROLE_VIEWER, .email = "ADA@school.example", .name = "Other"};
	struct user ada = active(f, "ada@school.example", ROLE_TEACHER), out;
	refused(f, store_user_add(f->s, &user, HOME_NOW, &f->why), ERR_EXISTS, "already a user");
	char second[UUID_TEXT];
	uuid_make(HOME_NOW, second);
	char sql[400];
	snprintf(sql, sizeof(sql),
		"INSERT INTO org (id, name, zone, start_minute, grace_minutes, cooldown_s,"
		" created_ms) VALUES ('%s', 'Second', 'UTC', 540, 15, 60, 99)",
		second);
	ok(f, f->s->ops->run(f->s->db, sql, &f->why));
	ok(f, store_use_org(f->s, second, &f->why));
	refused(f, store_user_add(f->s, &user, HOME_NOW, &f->why), ERR_EXISTS, "already a user");
	/* Nobody sees another organisation's users, but signing in leads to the own one. */
	refused(f, store_user(f->s, ada.id, &out, &f->why), ERR_NOT_FOUND, "no such user");
	refused(f, store_user_find(f->s, "ada@school.example", &out, &f->why), ERR_NOT_FOUND,
		"no user");
	refused(f, store_user_remove(f->s, ada.id, &f->why), ERR_NOT_FOUND, "no such user");
	ok(f,
		store_user_sign_in(f->s,
			&(struct credentials){"ada@school.example", GOOD_PASSWORD, &f->cost}, 5,
			&out, &f->why));
	assert_string_equal(out.org_id, ada.org_id);
	ok(f, store_user(f->s, ada.id, &out, &f->why));
}

static void a_teacher_has_two_rights_in_each_group(void **state)
{
	struct fixture *f = *state;
	struct user user = active(f, "ada@school.example", ROLE_TEACHER);
	struct user_group groups[2] = {{.may_take = true}, {.may_change = true}}, out;
	ok(f, home_group(f->s, "3a", groups[0].group_id, &f->why));
	ok(f, home_group(f->s, "3b", groups[1].group_id, &f->why));
	ok(f, store_user_groups_set(f->s, user.id, groups, 2, &f->why));
	bool found;
	ok(f, store_user_group(f->s, user.id, groups[0].group_id, &out, &found, &f->why));
	assert_true(found && out.may_take && !out.may_change);
	struct user_group_list list = {0};
	ok(f, store_user_groups(f->s, user.id, &list, &f->why));
	assert_int_equal(list.count, 2);
	user_group_list_finish(&list);
	/* A group that goes takes the rights with it. */
	ok(f, store_group_remove(f->s, groups[0].group_id, &f->why));
	ok(f, store_user_group(f->s, user.id, groups[0].group_id, &out, &found, &f->why));
	assert_false(found);
	refused(f, store_user_groups_set(f->s, user.id, groups, 2, &f->why), ERR_NOT_FOUND,
		"no such group");
	ok(f, store_user_groups(f->s, user.id, &list, &f->why));
	assert_int_equal(list.count, 1); /* all or nothing */
	user_group_list_finish(&list);
	refused(f, store_user_groups_set(f->s, "nobody", groups, 0, &f->why), ERR_NOT_FOUND,
		"no such user");
}

static void a_password_of_another_row_does_not_open(void **state)
{
	struct fixture *f = *state;
	struct user one = active(f, "one@school.example", ROLE_ADMINISTRATOR), out;
	active(f, "two@school.example", ROLE_VIEWER);
	ok(f,
		f->s->ops->run(f->s->db,
			"UPDATE app_user SET password = (SELECT password FROM app_user"
			" WHERE email = 'two@school.example') WHERE email = 'one@school.example'",
			&f->why));
	refused(f,
		store_user_sign_in(f->s, &(struct credentials){one.email, GOOD_PASSWORD, &f->cost},
			1, &out, &f->why),
		ERR_FORMAT, "tampered with");
}

static void a_password_is_hashed_anew_when_the_cost_rises(void **state)
{
	struct fixture *f = *state;
	struct user user = active(f, "ada@school.example", ROLE_VIEWER), out;
	struct password_cost dearer = f->cost;
	dearer.passes++;
	ok(f,
		store_user_sign_in(f->s, &(struct credentials){user.email, GOOD_PASSWORD, &dearer},
			1, &out, &f->why));
	int64_t version = out.version;
	ok(f,
		store_user_sign_in(f->s, &(struct credentials){user.email, GOOD_PASSWORD, &dearer},
			1, &out, &f->why));
	assert_int_equal(out.version, version);
	assert_true(version > user.version);
}

static void a_new_password_ends_all_other_sessions(void **state)
{
	struct fixture *f = *state;
	struct user user = active(f, "ada@school.example", ROLE_VIEWER), out;
	const struct web_origin from = {"10.0.0.1", "test", NULL, NULL};
	struct web_session session;
	char here[TOKEN_TEXT], there[TOKEN_TEXT];
	ok(f, store_web_open(f->s, user.id, &from, HOME_NOW, here, &f->why));
	ok(f, store_web_open(f->s, user.id, &from, HOME_NOW, there, &f->why));
	ok(f, store_web_find(f->s, here, HOME_NOW, &session, NULL, &f->why));
	ok(f,
		store_user_set_password(
			f->s, user.id, "another horse", &f->cost, session.id, &f->why));
	ok(f, store_web_find(f->s, here, HOME_NOW, NULL, NULL, &f->why));
	refused(f, store_web_find(f->s, there, HOME_NOW, NULL, NULL, &f->why), ERR_DENIED, "");
	refused(f,
		store_user_sign_in(f->s, &(struct credentials){user.email, GOOD_PASSWORD, &f->cost},
			1, &out, &f->why),
		ERR_DENIED, "is wrong");
	ok(f,
		store_user_sign_in(f->s,
			&(struct credentials){user.email, "another horse", &f->cost}, 1, &out,
			&f->why));
}

/* --- registering oneself --- */

static const float face_one[DIM] = {0.5f, 0, 0, 0}, face_two[DIM] = {0, 0.5f, 0, 0};

static const struct template_new photos[] = {
	{.model = "test/one", .vector = face_one, .dim = DIM, .quality = 0.9f, .photo_hash = {1}},
	{.model = "test/one", .vector = face_two, .dim = DIM, .quality = 0.8f, .photo_hash = {2}},
};

static enum err ask(struct fixture *f, struct registration *r, const char *email)
{
	const struct registration_proof proof = {GOOD_PASSWORD, &f->cost, photos, 2};
	snprintf(r->email, sizeof(r->email), "%s", email);
	f->why = (struct error){0};
	return store_register(f->s, r, &proof, HOME_NOW, &f->why);
}

static enum err count_template(
	void *ctx, const char *person_id, const float *vector, size_t dim, struct error *why)
{
	(void)why;
	struct person *person = ctx;
	assert_string_equal(person_id, person->id);
	assert_int_equal(dim, DIM);
	assert_true(vector[0] == 0.5f || vector[1] == 0.5f);
	person->templates++;
	return OK;
}

static void only_named_domains_may_register(void **state)
{
	struct fixture *f = *state;
	struct registration r = {.name = "Ada"};
	assert_int_equal(ask(f, &r, "ada@school.example"), ERR_DENIED);
	ok(f,
		store_setting_set(
			f->s, SETTING_REGISTRATION_DOMAINS, "uni.example School.example", &f->why));
	assert_int_equal(ask(f, &r, "ada@evil-school.example"), ERR_DENIED);
	assert_int_equal(ask(f, &r, "ada@school.example.evil"), ERR_DENIED);
	assert_int_equal(ask(f, &r, "ada@chool.example"), ERR_DENIED);
	assert_int_equal(ask(f, &r, "ada@SCHOOL.example"), OK);
	assert_int_equal(ask(f, &r, "ada@school.example"), ERR_EXISTS);
	r = (struct registration){.name = " "};
	assert_int_equal(ask(f, &r, "bo@school.example"), ERR_ARG);
	r = (struct registration){.name = "Bo", .group_id = "no such"};
	assert_int_equal(ask(f, &r, "bo@school.example"), ERR_NOT_FOUND);
	struct user out;
	assert_int_equal(store_user_find(f->s, "bo@school.example", &out, &f->why), ERR_NOT_FOUND);
}

static void an_approved_registration_is_a_person_with_templates(void **state)
{
	struct fixture *f = *state;
	struct registration r = {.name = "Ada", .number = " 17 "};
	struct registration_list list = {0};
	struct user user;
	struct person ada;
	char person_id[UUID_TEXT];
	size_t count;
	ok(f, store_setting_set(f->s, SETTING_REGISTRATION_DOMAINS, "school.example", &f->why));
	ok(f, home_group(f->s, "3a", r.group_id, &f->why));
	assert_int_equal(ask(f, &r, "ada@school.example"), OK);
	refused(f,
		store_user_sign_in(f->s,
			&(struct credentials){"ada@school.example", GOOD_PASSWORD, &f->cost}, 1,
			&user, &f->why),
		ERR_DENIED, "not approved");
	ok(f, store_template_count(f->s, "test/one", &count, &f->why));
	assert_int_equal(count, 0); /* nobody is recognised by a face that nobody has looked at */
	ok(f, store_registrations(f->s, r.group_id, &list, &f->why));
	assert_int_equal(list.count, 1);
	assert_int_equal(list.item[0].photos, 2);
	assert_string_equal(list.item[0].number, "17");
	registration_list_finish(&list);
	ok(f, store_user(f->s, r.user_id, &user, &f->why));
	user.state = USER_ACTIVE;
	refused(f, store_user_update(f->s, &user, &f->why), ERR_ARG, "approve");
	ok(f, store_registration_approve(f->s, r.user_id, NULL, HOME_NOW, person_id, &f->why));
	ok(f, store_person_find(f->s, "17", &ada, &f->why));
	assert_string_equal(ada.id, person_id);
	assert_int_equal(ada.templates, 2);
	ada.templates = 0;
	ok(f, store_templates(f->s, "test/one", count_template, &ada, &f->why));
	assert_int_equal(ada.templates, 2);
	ok(f,
		store_user_sign_in(f->s,
			&(struct credentials){"ada@school.example", GOOD_PASSWORD, &f->cost}, 1,
			&user, &f->why));
	assert_string_equal(user.person_id, person_id);
	struct group_list groups = {0};
	ok(f, store_person_groups(f->s, person_id, &groups, &f->why));
	assert_int_equal(groups.count, 1);
	group_list_finish(&groups);
	refused(f, store_registration_approve(f->s, r.user_id, NULL, 1, person_id, &f->why),
		ERR_NOT_FOUND, "no such registration");
}

static void a_registration_with_somebody_elses_photo_is_not_approved(void **state)
{
	struct fixture *f = *state;
	struct registration r = {.name = "Mallory"};
	struct template_new stolen = photos[1];
	char eve[UUID_TEXT], person_id[UUID_TEXT];
	struct person_list people = {0};
	ok(f, store_setting_set(f->s, SETTING_REGISTRATION_DOMAINS, "school.example", &f->why));
	ok(f, home_person(f->s, "Eve", NULL, eve, &f->why));
	stolen.person_id = eve;
	ok(f, store_template_add(f->s, &stolen, HOME_NOW, &f->why));
	assert_int_equal(ask(f, &r, "mallory@school.example"), OK);
	refused(f, store_registration_approve(f->s, r.user_id, NULL, HOME_NOW, person_id, &f->why),
		ERR_EXISTS, "'Eve'");
	ok(f, store_people(f->s, NULL, &people, &f->why));
	assert_int_equal(people.count, 1); /* nothing was half done */
	person_list_finish(&people);
	ok(f, store_registration_refuse(f->s, r.user_id, &f->why));
	struct user out;
	refused(f, store_user(f->s, r.user_id, &out, &f->why), ERR_NOT_FOUND, "no such user");
	assert_int_equal(ask(f, &r, "mallory@school.example"), OK); /* may try again */
	ok(f, store_check(f->s, &f->why));
}

static void erasing_a_person_erases_the_account(void **state)
{
	struct fixture *f = *state;
	struct registration r = {.name = "Ada"};
	struct user out;
	char person_id[UUID_TEXT], token[TOKEN_TEXT];
	const struct web_origin from = {"10.0.0.1", "test", NULL, NULL};
	ok(f, store_setting_set(f->s, SETTING_REGISTRATION_DOMAINS, "school.example", &f->why));
	assert_int_equal(ask(f, &r, "ada@school.example"), OK);
	ok(f, store_registration_approve(f->s, r.user_id, NULL, HOME_NOW, person_id, &f->why));
	ok(f, store_web_open(f->s, r.user_id, &from, HOME_NOW, token, &f->why));
	ok(f, store_person_remove(f->s, person_id, &f->why));
	refused(f, store_user(f->s, r.user_id, &out, &f->why), ERR_NOT_FOUND, "no such user");
	refused(f, store_web_find(f->s, token, HOME_NOW, NULL, NULL, &f->why), ERR_DENIED, "");
	ok(f, store_check(f->s, &f->why));
}

#define case_of(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_checked_and_compared_without_case),
		cmocka_unit_test(passwords_that_are_none_are_refused),
		case_of(an_invitation_works_once_and_only_the_newest),
		case_of(a_link_expires),
		case_of(the_first_administrator_gives_the_address_when_coming_in),
		case_of(a_wrong_password_and_an_unknown_address_look_the_same),
		case_of(whoever_is_disabled_is_out_at_once),
		case_of(a_change_of_what_was_changed_meanwhile_is_refused),
		case_of(the_last_administrator_stays),
		case_of(an_address_is_one_users_in_the_whole_database),
		case_of(a_teacher_has_two_rights_in_each_group),
		case_of(a_password_of_another_row_does_not_open),
		case_of(a_password_is_hashed_anew_when_the_cost_rises),
		case_of(a_new_password_ends_all_other_sessions),
		case_of(only_named_domains_may_register),
		case_of(an_approved_registration_is_a_person_with_templates),
		case_of(a_registration_with_somebody_elses_photo_is_not_approved),
		case_of(erasing_a_person_erases_the_account),
	};
	return cmocka_run_group_tests_name("store_users", tests, NULL, NULL);
}
