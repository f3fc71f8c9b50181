/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/words.h"
#include "store/users.h"

struct users_options {
	const char *role, *name;
};

static const struct option_spec options[] = {
	{.name = "role",
		.kind = OPTION_TEXT,
		.value = "ROLE",
		.offset = offsetof(struct users_options, role),
		.help = "add: administrator, teacher, student or viewer (viewer)",
		.complete = "-"},
	{.name = "name",
		.kind = OPTION_TEXT,
		.value = "NAME",
		.offset = offsetof(struct users_options, name),
		.help = "add: the user's name (the address)",
		.complete = "-"},
	{0},
};

static json_t *user_json(const struct user *user)
{
	return json_pack("{s:s,s:o,s:s,s:s,s:s}", "id", user->id, "email",
		cmd_json_text(user->email), "name", user->name, "role", user_role_word(user->role),
		"state", user_state_word(user->state));
}

static enum err print_users(const struct user_list *users, struct error *why)
{
	static const struct table_column columns[] = {{"Address"}, {"Name"}, {"Role"}, {"State"}};
	struct table *t = NULL;
	enum err err = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), why);
	for (size_t i = 0; err == OK && i < users->count; i++) {
		const struct user *u = &users->item[i];
		err = table_add(t,
			(const char *[]){u->email, u->name, user_role_word(u->role),
				user_state_word(u->state)},
			why);
	}
	if (err == OK && users->count == 0)
		err = print_text(why, "No users yet. 'rollcall users add ADDRESS' invites one.\n");
	else if (err == OK)
		err = cmd_print_table(t, why);
	table_free(t);
	return err;
}

static int list(struct cmd *c)
{
	struct error why = {0};
	struct user_list users = {0};
	int status = EXIT_OK;
	enum err err = cmd_store_read(c, &why);
	if (err == OK)
		err = store_users(c->store, &users, &why);
	if (err == OK && c->json) {
		json_t *array = json_array();
		for (size_t i = 0; i < users.count; i++)
			json_array_append_new(array, user_json(&users.item[i]));
		status = cmd_print_json(json_pack("{s:o}", "users", array));
	} else if (err == OK) {
		err = print_users(&users, &why);
	}
	user_list_finish(&users);
	return err == OK ? status : cmd_fail(&why);
}

/* Says what became of a user; `token`, which may be NULL, is that of a link. */
static int tell(const struct cmd *c, const struct user *user, const char *token)
{
	struct error why = {0};
	if (c->json)
		return cmd_print_json(json_pack("{s:o,s:o}", "user", user_json(user), "link",
			token != NULL ? json_sprintf("/link#%s", token) : json_null()));
	enum err err = print_text(&why, "%s: %s, %s.\n", user->email, user_role_word(user->role),
		user_state_word(user->state));
	if (err == OK && token != NULL)
		err = print_text(
			&why, "This works once, after the server's address: /link#%s\n", token);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

static int add(struct cmd *c)
{
	const struct users_options *o = c->options;
	struct error why = {0};
	struct user user = {.role = ROLE_VIEWER};
	char token[TOKEN_TEXT];
	enum err err = email_clean(c->arg[0], user.email, NULL, &why);
	if (err == OK && o->role != NULL)
		err = user_role_parse(o->role, &user.role, &why);
	if (err == OK)
		err = name_clean(o->name != NULL ? o->name : user.email, "name", user.name, &why);
	if (err == OK)
		err = cmd_store(c, STORE_CREATE, &why);
	if (err == OK)
		err = store_begin(c->store, &why);
	if (err != OK)
		return cmd_fail(&why);
	err = store_user_add(c->store, &user, clock_now_ms(), &why);
	if (err == OK)
		err = store_link_make(
			c->store, user.id, LINK_INVITATION, clock_now_ms(), token, &why);
	if (cmd_commit(c, err, "user.invite", user.id, &why) != OK)
		return cmd_fail(&why);
	return tell(c, &user, token);
}

/* A new link: an invitation for who was never in, else one to a new password. */
static int make_link(struct cmd *c)
{
	struct error why = {0};
	struct user user;
	char token[TOKEN_TEXT];
	if (cmd_store(c, 0, &why) != OK || store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = store_user_find(c->store, c->arg[0], &user, &why);
	enum link_kind kind = user.state == USER_INVITED ? LINK_INVITATION : LINK_RESET;
	if (err == OK)
		err = store_link_make(c->store, user.id, kind, clock_now_ms(), token, &why);
	if (cmd_commit(c, err, "user.link", user.id, &why) != OK)
		return cmd_fail(&why);
	return tell(c, &user, token);
}

static int update(struct cmd *c, const char *action, const char *role, enum user_state state)
{
	struct error why = {0};
	struct user user;
	if (cmd_store(c, 0, &why) != OK || store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = store_user_find(c->store, c->arg[0], &user, &why);
	if (err == OK && role != NULL)
		err = user_role_parse(role, &user.role, &why);
	if (role == NULL)
		user.state = state;
	if (err == OK)
		err = store_user_update(c->store, &user, &why);
	if (cmd_commit(c, err, action, user.id, &why) != OK)
		return cmd_fail(&why);
	return tell(c, &user, NULL);
}

static int disable(struct cmd *c)
{
	return update(c, "user.disable", NULL, USER_DISABLED);
}

static int enable(struct cmd *c)
{
	return update(c, "user.enable", NULL, USER_ACTIVE);
}

static int set_role(struct cmd *c)
{
	return update(c, "user.role", c->arg[1], USER_ACTIVE);
}

static const struct verb verbs[] = {
	{.name = "list", .usage = "", .summary = "all users", .complete = "-", .run = list},
	{.name = "add",
		.usage = "ADDRESS [--role ROLE] [--name NAME]",
		.summary = "invite somebody; prints a link that works once",
		.options = "role|name",
		.complete = "-",
		.args_min = 1,
		.args_max = 1,
		.run = add},
	{.name = "link",
		.usage = "ADDRESS",
		.summary = "a new link: to come in, or to a new password",
		.complete = "-",
		.args_min = 1,
		.args_max = 1,
		.run = make_link},
	{.name = "disable",
		.usage = "ADDRESS",
		.summary = "sign somebody out and do not let in any more",
		.complete = "-",
		.args_min = 1,
		.args_max = 1,
		.run = disable},
	{.name = "enable",
		.usage = "ADDRESS",
		.summary = "let somebody in again",
		.complete = "-",
		.args_min = 1,
		.args_max = 1,
		.run = enable},
	{.name = "role",
		.usage = "ADDRESS ROLE",
		.summary = "make somebody administrator, teacher, student or viewer",
		.complete = "- administrator|teacher|student|viewer",
		.args_min = 2,
		.args_max = 2,
		.run = set_role},
	{0},
};

const struct command cmd_users = {
	.name = "users",
	.summary = "who may sign in to the server, and as what",
	.usage = "[VERB …]",
	.about = "An administrator may do everything; a teacher sees the groups given and takes "
		 "attendance where allowed; a student sees the own record; a viewer sees and "
		 "changes nothing.\n"
		 "\n"
		 "'add' and 'link' print the end of an address that works once: an invitation for "
		 "7 days, a link to a new password for 24 hours. Put the server's address before "
		 "it and hand it over. A newer link ends the older one.",
	.examples = "$ rollcall users add head@school.example --role administrator\n"
		    "$ rollcall users link anna@school.example\n"
		    "$ rollcall users disable anna@school.example",
	.options = options,
	.options_size = sizeof(struct users_options),
	.verbs = verbs,
};
