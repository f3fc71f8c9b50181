/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/person.h"

struct groups_options {
	const char *start, *grace;
	bool names;
};

#define AT(field) offsetof(struct groups_options, field)

enum { TIME_CELL = 32, OWN_DEFAULT = -1 };

static const struct option_spec options[] = {
	{.name = "start",
		.kind = OPTION_TEXT,
		.value = "HH:MM",
		.offset = AT(start),
		.help = "add, set: when the group's day begins; 'default' for the organisation's"},
	{.name = "grace",
		.kind = OPTION_TEXT,
		.value = "MINUTES",
		.offset = AT(grace),
		.help = "add, set: how long after the start somebody is still present and not "
			"late; 'default' for the organisation's"},
	{.name = "names",
		.kind = OPTION_FLAG,
		.offset = AT(names),
		.help = "list: only the names, one a line, for scripts"},
	{0},
};

/* --- words --- */

static int start_of(const struct cmd *c, const struct group *g)
{
	return g->start_minute >= 0 ? g->start_minute : c->org.start_minute;
}

static int grace_of(const struct cmd *c, const struct group *g)
{
	return g->grace_minutes >= 0 ? g->grace_minutes : c->org.grace_minutes;
}

/* "09:00", and until when one is not late: "09:15" */
static void times_text(const struct cmd *c, const struct group *g, char start[static TIME_CELL],
	char late[static TIME_CELL])
{
	char clock[6];
	minute_text(start_of(c, g), clock);
	snprintf(start, TIME_CELL, "%s%s", clock, g->start_minute < 0 ? " (default)" : "");
	int late_minute = start_of(c, g) + grace_of(c, g);
	minute_text(late_minute % DAY_MINUTES, clock);
	snprintf(late, TIME_CELL, "%s%s", clock, late_minute >= DAY_MINUTES ? " next day" : "");
}

static json_t *group_json(const struct cmd *c, const struct group *g)
{
	char start[6];
	minute_text(start_of(c, g), start);
	return json_pack("{s:s,s:s,s:I,s:s,s:b,s:i,s:b}", "id", g->id, "name", g->name, "members",
		(json_int_t)g->members, "start", start, "start_default", g->start_minute < 0,
		"grace_minutes", grace_of(c, g), "grace_default", g->grace_minutes < 0);
}

static int tell(struct cmd *c, const char *id, const char *sentence)
{
	struct error why = {0};
	struct group group;
	if (!c->json) {
		printf("%s\n", sentence);
		return EXIT_OK;
	}
	if (store_group(c->store, id, &group, &why) != OK)
		return cmd_fail(&why);
	return cmd_print_json(json_pack("{s:o}", "group", group_json(c, &group)));
}

/* --- list --- */

static int list_table(struct cmd *c, const struct group_list *groups)
{
	static const struct table_column columns[] = {
		{"Group"}, {"People", ALIGN_RIGHT}, {"Start"}, {"Late after"}};
	struct error why = {0};
	struct table *t = NULL;
	enum err err = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), &why);
	for (size_t i = 0; err == OK && i < groups->count; i++) {
		const struct group *g = &groups->item[i];
		char members[24], start[TIME_CELL], late[TIME_CELL];
		snprintf(members, sizeof(members), "%zu", g->members);
		times_text(c, g, start, late);
		const char *cells[] = {g->name, members, start, late};
		err = table_add(t, cells, &why);
	}
	if (err == OK)
		err = cmd_print_table(t, &why);
	table_free(t);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

static int list_json(struct cmd *c, const struct group_list *groups)
{
	json_t *array = json_array();
	for (size_t i = 0; i < groups->count; i++)
		json_array_append_new(array, group_json(c, &groups->item[i]));
	return cmd_print_json(json_pack("{s:o}", "groups", array));
}

static int list(struct cmd *c)
{
	const struct groups_options *o = c->options;
	struct error why = {0};
	struct group_list groups = {0};
	int status = EXIT_OK;
	if (cmd_store_read(c, &why) != OK || store_groups(c->store, &groups, &why) != OK) {
		status = cmd_fail(&why);
	} else if (c->json) {
		status = list_json(c, &groups);
	} else if (o->names) {
		for (size_t i = 0; i < groups.count; i++)
			printf("%s\n", groups.item[i].name);
	} else if (groups.count == 0) {
		printf("No groups yet. 'rollcall groups add NAME' makes one.\n");
	} else {
		status = list_table(c, &groups);
	}
	group_list_finish(&groups);
	return status;
}

static int show(struct cmd *c)
{
	struct error why = {0};
	struct group group;
	const char *id;
	struct person_list people = {0};
	if (cmd_store_read(c, &why) != OK || cmd_group(c, c->arg[0], &group, &id, &why) != OK ||
		store_people(c->store, id, &people, &why) != OK)
		return cmd_fail(&why);
	int status = EXIT_OK;
	if (c->json) {
		json_t *names = json_array();
		for (size_t i = 0; i < people.count; i++)
			json_array_append_new(names,
				json_pack("{s:s,s:s,s:o}", "id", people.item[i].id, "name",
					people.item[i].name, "number",
					cmd_json_text(people.item[i].number)));
		status = cmd_print_json(
			json_pack("{s:o,s:o}", "group", group_json(c, &group), "people", names));
	} else {
		char start[TIME_CELL], late[TIME_CELL];
		times_text(c, &group, start, late);
		printf("%s\n  Start       %s\n  Late after  %s\n  People      %zu\n", group.name,
			start, late, people.count);
		for (size_t i = 0; i < people.count; i++)
			printf("    %s\n", people.item[i].name);
	}
	person_list_finish(&people);
	return status;
}

/* --- change --- */

/* Takes --start and --grace over into the group. */
static enum err fill_in(const struct cmd *c, struct group *g, struct error *why)
{
	const struct groups_options *o = c->options;
	enum err err = OK;
	if (o->start != NULL && strcmp(o->start, "default") == 0)
		g->start_minute = OWN_DEFAULT;
	else if (o->start != NULL)
		err = minute_parse(o->start, &g->start_minute, why);
	if (err != OK)
		return err_prefix(why, err, "--start");
	if (o->grace != NULL && strcmp(o->grace, "default") == 0)
		g->grace_minutes = OWN_DEFAULT;
	else if (o->grace != NULL)
		err = cmd_minutes(o->grace, "--grace", GRACE_MINUTES_MAX, &g->grace_minutes, why);
	return err;
}

static int add(struct cmd *c)
{
	struct error why = {0};
	struct group group = {.start_minute = OWN_DEFAULT, .grace_minutes = OWN_DEFAULT};
	if (name_clean(c->arg[0], "group", group.name, &why) != OK ||
		fill_in(c, &group, &why) != OK || cmd_store(c, STORE_CREATE, &why) != OK ||
		store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = store_group_add(c->store, &group, clock_now_ms(), &why);
	if (cmd_commit(c, err, "group.add", group.id, &why) != OK)
		return cmd_fail(&why);
	char sentence[NAME_BYTES + 64];
	snprintf(sentence, sizeof(sentence), "Added the group %s.", group.name);
	return tell(c, group.id, sentence);
}

static int update(struct cmd *c, struct group *group, const char *action, const char *sentence)
{
	struct error why = {0};
	if (store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = store_group_update(c->store, group, &why);
	if (cmd_commit(c, err, action, group->id, &why) != OK)
		return cmd_fail(&why);
	return tell(c, group->id, sentence);
}

static int rename_group(struct cmd *c)
{
	struct error why = {0};
	struct group group;
	const char *id;
	char before[NAME_BYTES], sentence[NAME_BYTES * 2 + 64];
	if (cmd_store(c, 0, &why) != OK || cmd_group(c, c->arg[0], &group, &id, &why) != OK)
		return cmd_fail(&why);
	snprintf(before, sizeof(before), "%s", group.name);
	if (name_clean(c->arg[1], "group", group.name, &why) != OK)
		return cmd_fail(&why);
	snprintf(sentence, sizeof(sentence), "The group %s is now %s.", before, group.name);
	return update(c, &group, "group.rename", sentence);
}

static int set(struct cmd *c)
{
	const struct groups_options *o = c->options;
	struct error why = {0};
	struct group group;
	const char *id;
	if (o->start == NULL && o->grace == NULL)
		return cmd_usage(c, "set what? --start HH:MM or --grace MINUTES");
	if (cmd_store(c, 0, &why) != OK || cmd_group(c, c->arg[0], &group, &id, &why) != OK ||
		fill_in(c, &group, &why) != OK)
		return cmd_fail(&why);
	char start[TIME_CELL], late[TIME_CELL], sentence[NAME_BYTES + TIME_CELL * 2 + 128];
	times_text(c, &group, start, late);
	snprintf(sentence, sizeof(sentence),
		"%s begins at %s, late after %s. Registers that were "
		"opened already keep their times.",
		group.name, start, late);
	return update(c, &group, "group.set", sentence);
}

static int remove_group(struct cmd *c)
{
	struct error why = {0};
	struct group group;
	const char *id;
	if (cmd_store(c, 0, &why) != OK || cmd_group(c, c->arg[0], &group, &id, &why) != OK ||
		store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = store_group_remove(c->store, id, &why);
	if (cmd_commit(c, err, "group.remove", id, &why) != OK) {
		/* It has members: the words were right, the state is not. */
		(void)cmd_fail(&why);
		return EXIT_FAILED;
	}
	if (c->json)
		return cmd_print_json(
			json_pack("{s:{s:s,s:s}}", "removed", "id", group.id, "name", group.name));
	printf("Removed the group %s.\n", group.name);
	return EXIT_OK;
}

static const struct verb verbs[] = {
	{.name = "list",
		.usage = "[--names]",
		.summary = "all groups",
		.options = "names",
		.complete = "-",
		.run = list},
	{.name = "add",
		.usage = "NAME [--start HH:MM] [--grace MINUTES]",
		.summary = "make a group",
		.options = "start|grace",
		.complete = "-",
		.args_min = 1,
		.args_max = 1,
		.run = add},
	{.name = "show",
		.usage = "GROUP",
		.summary = "a group, its times and its people",
		.complete = "group -",
		.args_min = 1,
		.args_max = 1,
		.run = show},
	{.name = "rename",
		.usage = "GROUP NAME",
		.summary = "give a group another name",
		.complete = "group -",
		.args_min = 2,
		.args_max = 2,
		.run = rename_group},
	{.name = "set",
		.usage = "GROUP [--start HH:MM] [--grace MINUTES]",
		.summary = "change when a group's day begins and how long one is not late",
		.options = "start|grace",
		.complete = "group -",
		.args_min = 1,
		.args_max = 1,
		.run = set},
	{.name = "remove",
		.usage = "GROUP",
		.summary = "remove a group that has no people",
		.complete = "group -",
		.args_min = 1,
		.args_max = 1,
		.run = remove_group},
	{0},
};

const struct command cmd_groups = {
	.name = "groups",
	.summary = "list, add, show, rename, set and remove groups",
	.usage = "[VERB …]",
	.about = "A group is a class, a course, a team: people whose attendance is taken together, "
		 "with a time at which their day begins. Whoever is first seen later than start "
		 "and grace is late. Without times of its own a group has the organisation's "
		 "('rollcall settings').\n"
		 "\n"
		 "'rollcall people join WHO --group GROUP' puts somebody into a group, 'move' also "
		 "out of the others.",
	.examples = "$ rollcall groups\n"
		    "$ rollcall groups add 7b --start 08:10 --grace 5\n"
		    "$ rollcall groups set 7b --start default\n"
		    "$ rollcall groups rename 7b 8b",
	.options = options,
	.options_size = sizeof(struct groups_options),
	.verbs = verbs,
};
