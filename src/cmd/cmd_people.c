/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/person.h"
#include "cmd/person_show.h"

enum { FACE_ID_MAX = 65535 };

struct people_options {
	const char *group, *from, *number;
	int face_id;
	bool yes, names;
};

#define AT(field) offsetof(struct people_options, field)

static const struct option_spec options[] = {
	{.name = "group",
		.letter = 'g',
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.offset = AT(group),
		.complete = "group",
		.help = "list: only this group's people. add: put the new person into it. join, "
			"move: where to"},
	{.name = "from",
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.offset = AT(from),
		.complete = "group",
		.help = "move: take the person out of this group only; without --group they are "
			"then in one less"},
	{.name = "number",
		.letter = 'n',
		.kind = OPTION_TEXT,
		.value = "N",
		.offset = AT(number),
		.help = "the person's number in your own list, which tells people of the same "
			"name apart; empty for none"},
	{.name = "face-id",
		.kind = OPTION_INT,
		.value = "ID",
		.max = FACE_ID_MAX,
		.offset = AT(face_id),
		.help = "the number by which a smart camera knows the person; 0 for none"},
	{.name = "yes",
		.letter = 'y',
		.kind = OPTION_FLAG,
		.offset = AT(yes),
		.help = "remove: do not ask"},
	{.name = "names",
		.kind = OPTION_FLAG,
		.offset = AT(names),
		.help = "list: only the names, one a line, for scripts"},
	{0},
};

/* --- list --- */

static int list_json(struct cmd *c, const struct person_list *people)
{
	struct error why = {0};
	json_t *array = json_array();
	for (size_t i = 0; i < people->count; i++) {
		json_t *person;
		if (person_json(c, &people->item[i], &person, &why) != OK) {
			json_decref(array);
			return cmd_fail(&why);
		}
		json_array_append_new(array, person);
	}
	return cmd_print_json(json_pack("{s:o}", "people", array));
}

static enum err add_row(
	struct cmd *c, struct table *t, const struct person *person, struct error *why)
{
	char *groups, photos[24], since[DAY_TEXT];
	enum err err = person_groups_text(c, person->id, &groups, why);
	if (err != OK)
		return err;
	snprintf(photos, sizeof(photos), "%zu", person->templates);
	zone_day(c->zone, person->created_ms, since);
	const char *cells[] = {person->name, person->number, groups, photos, since};
	err = table_add(t, cells, why);
	free(groups);
	return err;
}

static int list_table(struct cmd *c, const struct person_list *people)
{
	static const struct table_column columns[] = {
		{"Name"}, {"Number"}, {"Group"}, {"Photos", ALIGN_RIGHT}, {"Since"}};
	struct error why = {0};
	struct table *t = NULL;
	size_t bare = 0;
	enum err err = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), &why);
	for (size_t i = 0; err == OK && i < people->count; i++) {
		bare += people->item[i].templates == 0;
		err = add_row(c, t, &people->item[i], &why);
	}
	if (err == OK)
		err = cmd_print_table(t, &why);
	table_free(t);
	if (err != OK)
		return cmd_fail(&why);
	printf("%zu %s", people->count, people->count == 1 ? "person" : "people");
	if (bare > 0)
		printf("; %zu without a photo: 'rollcall enroll NAME PHOTO' adds one", bare);
	printf("\n");
	return EXIT_OK;
}

static int list(struct cmd *c)
{
	const struct people_options *o = c->options;
	struct error why = {0};
	struct group group;
	const char *group_id;
	struct person_list people = {0};
	int status;
	if (cmd_store_read(c, &why) != OK ||
		cmd_group(c, o->group, &group, &group_id, &why) != OK ||
		store_people(c->store, group_id, &people, &why) != OK) {
		status = cmd_fail(&why);
	} else if (o->names && !c->json) {
		for (size_t i = 0; i < people.count; i++)
			printf("%s\n", people.item[i].name);
		status = EXIT_OK;
	} else if (c->json) {
		status = list_json(c, &people);
	} else if (people.count == 0) {
		printf("Nobody yet. 'rollcall import DIR' adds people from photos, 'rollcall "
		       "people "
		       "add NAME' without.\n");
		status = EXIT_OK;
	} else {
		status = list_table(c, &people);
	}
	person_list_finish(&people);
	return status;
}

/* --- change --- */

/* Says what became of the person: JSON, or the sentence. */
static int tell(struct cmd *c, const char *person_id, const char *sentence)
{
	struct error why = {0};
	struct person person;
	json_t *described;
	if (!c->json) {
		printf("%s\n", sentence);
		return EXIT_OK;
	}
	if (store_person(c->store, person_id, &person, &why) != OK ||
		person_json(c, &person, &described, &why) != OK)
		return cmd_fail(&why);
	return cmd_print_json(json_pack("{s:o}", "person", described));
}

static enum err fill_in(const struct cmd *c, struct person *person, struct error *why)
{
	const struct people_options *o = c->options;
	enum err err = OK;
	if (o->number != NULL)
		err = cmd_number(o->number, person->number, why);
	if (cmd_given(c, "face-id"))
		person->face_id = o->face_id;
	return err;
}

static int add(struct cmd *c)
{
	const struct people_options *o = c->options;
	struct error why = {0};
	struct person person = {0};
	struct group group;
	const char *group_id;
	/* What can be wrong with the words is found before a home is made for them. */
	if (name_clean(c->arg[0], "name", person.name, &why) != OK ||
		fill_in(c, &person, &why) != OK || cmd_store(c, STORE_CREATE, &why) != OK ||
		cmd_group(c, o->group, &group, &group_id, &why) != OK ||
		store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	int64_t now = clock_now_ms();
	enum err err = store_person_add(c->store, &person, now, &why);
	if (err == OK && group_id != NULL)
		err = store_member_add(c->store, group_id, person.id, now, &why);
	if (cmd_commit(c, err, "person.add", person.id, &why) != OK)
		return cmd_fail(&why);
	char sentence[NAME_BYTES * 2 + 64];
	snprintf(sentence, sizeof(sentence), "Added %s%s%s.", person.name,
		group_id != NULL ? " to " : "", group_id != NULL ? group.name : "");
	return tell(c, person.id, sentence);
}

static int rename_person(struct cmd *c)
{
	struct error why = {0};
	struct person person;
	if (cmd_store(c, 0, &why) != OK ||
		store_person_find(c->store, c->arg[0], &person, &why) != OK)
		return cmd_fail(&why);
	char before[NAME_BYTES];
	snprintf(before, sizeof(before), "%s", person.name);
	if (name_clean(c->arg[1], "name", person.name, &why) != OK ||
		store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = store_person_update(c->store, &person, &why);
	if (cmd_commit(c, err, "person.rename", person.id, &why) != OK)
		return cmd_fail(&why);
	char sentence[NAME_BYTES * 2 + 64];
	snprintf(sentence, sizeof(sentence), "%s is now %s.", before, person.name);
	return tell(c, person.id, sentence);
}

static int set(struct cmd *c)
{
	struct error why = {0};
	struct person person;
	if (!cmd_given(c, "number") && !cmd_given(c, "face-id"))
		return cmd_usage(c, "set what? --number N or --face-id ID");
	if (cmd_store(c, 0, &why) != OK ||
		store_person_find(c->store, c->arg[0], &person, &why) != OK ||
		fill_in(c, &person, &why) != OK || store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = store_person_update(c->store, &person, &why);
	if (cmd_commit(c, err, "person.set", person.id, &why) != OK)
		return cmd_fail(&why);
	char sentence[NAME_BYTES + NUMBER_BYTES + 64], face[32] = "none";
	if (person.face_id != 0)
		snprintf(face, sizeof(face), "%d", person.face_id);
	snprintf(sentence, sizeof(sentence), "%s: number %s, face ID %s.", person.name,
		person.number[0] != '\0' ? person.number : "none", face);
	return tell(c, person.id, sentence);
}

/* Takes a person out of one group, or (NULL) out of all but `keep`. */
static enum err leave(struct cmd *c, const char *person_id, const char *from_id, const char *keep,
	struct error *why)
{
	struct group_list groups = {0};
	enum err err = store_person_groups(c->store, person_id, &groups, why);
	bool was_in = false;
	for (size_t i = 0; err == OK && i < groups.count; i++) {
		const char *id = groups.item[i].id;
		bool goes = from_id != NULL ? strcmp(id, from_id) == 0
					    : keep == NULL || strcmp(id, keep) != 0;
		was_in = was_in || goes;
		if (goes)
			err = store_member_remove(c->store, id, person_id, clock_now_ms(), why);
	}
	if (err == OK && from_id != NULL && !was_in)
		err = err_set(why, ERR_NOT_FOUND, "not in the group that --from names");
	group_list_finish(&groups);
	return err;
}

/* Says what the person is in now. */
static int tell_groups(struct cmd *c, const struct person *person)
{
	struct error why = {0};
	char *groups;
	if (person_groups_text(c, person->id, &groups, &why) != OK)
		return cmd_fail(&why);
	char sentence[ERROR_TEXT_MAX * 2];
	snprintf(sentence, sizeof(sentence), "%s is now in %s.", person->name,
		groups[0] != '\0' ? groups : "no group");
	free(groups);
	return tell(c, person->id, sentence);
}

static int move(struct cmd *c)
{
	const struct people_options *o = c->options;
	struct error why = {0};
	struct person person;
	struct group to, from;
	const char *to_id, *from_id;
	if (o->group == NULL && o->from == NULL)
		return cmd_usage(c, "move where? --group GROUP, or --from GROUP to leave it");
	if (cmd_store(c, 0, &why) != OK ||
		store_person_find(c->store, c->arg[0], &person, &why) != OK ||
		cmd_group(c, o->group, &to, &to_id, &why) != OK ||
		cmd_group(c, o->from, &from, &from_id, &why) != OK ||
		store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = leave(c, person.id, from_id, to_id, &why);
	if (err != OK)
		err_prefix(&why, err, "cannot move '%s'", person.name);
	if (err == OK && to_id != NULL)
		err = store_member_add(c->store, to_id, person.id, clock_now_ms(), &why);
	if (cmd_commit(c, err, "person.move", person.id, &why) != OK)
		return cmd_fail(&why);
	return tell_groups(c, &person);
}

static int join(struct cmd *c)
{
	const struct people_options *o = c->options;
	struct error why = {0};
	struct person person;
	struct group to;
	const char *to_id;
	if (o->group == NULL)
		return cmd_usage(c, "join what? --group GROUP");
	if (cmd_store(c, 0, &why) != OK ||
		store_person_find(c->store, c->arg[0], &person, &why) != OK ||
		cmd_group(c, o->group, &to, &to_id, &why) != OK ||
		store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = store_member_add(c->store, to_id, person.id, clock_now_ms(), &why);
	if (cmd_commit(c, err, "person.join", person.id, &why) != OK)
		return cmd_fail(&why);
	return tell_groups(c, &person);
}

static int show(struct cmd *c)
{
	struct error why = {0};
	struct person person;
	if (cmd_store_read(c, &why) != OK ||
		store_person_find(c->store, c->arg[0], &person, &why) != OK)
		return cmd_fail(&why);
	return person_show(c, &person);
}

/* --- remove --- */

static const char *plural(size_t count, const char *one, const char *many)
{
	return count == 1 ? one : many;
}

static void erased_text(
	const struct person *person, const struct history *h, size_t groups, char *out, size_t size)
{
	snprintf(out, size, "%zu face %s, %zu %s, %zu group %s; %zu %s no longer %s who it was",
		person->templates, plural(person->templates, "template", "templates"), h->marks,
		plural(h->marks, "mark", "marks"), groups,
		plural(groups, "membership", "memberships"), h->sightings,
		plural(h->sightings, "sighting", "sightings"), plural(h->sightings, "says", "say"));
}

static bool agreed(const struct cmd *c, const struct person *person, const struct history *h)
{
	const struct people_options *o = c->options;
	if (o->yes)
		return true;
	char question[NAME_BYTES + 128];
	snprintf(question, sizeof(question),
		"Erase %s with %zu face %s and %zu %s? This cannot be undone.", person->name,
		person->templates, plural(person->templates, "template", "templates"), h->marks,
		plural(h->marks, "mark", "marks"));
	return cmd_confirm(question);
}

static int erase(struct cmd *c, const struct person *person, const struct history *h, size_t groups)
{
	struct error why = {0};
	if (store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = store_person_remove(c->store, person->id, &why);
	if (cmd_commit(c, err, "person.remove", person->id, &why) != OK)
		return cmd_fail(&why);
	if (c->json)
		return cmd_print_json(json_pack("{s:{s:s,s:s,s:I,s:I,s:I,s:I}}", "removed", "id",
			person->id, "name", person->name, "templates",
			(json_int_t)person->templates, "marks", (json_int_t)h->marks, "groups",
			(json_int_t)groups, "sightings", (json_int_t)h->sightings));
	char what[256];
	erased_text(person, h, groups, what, sizeof(what));
	printf("Erased %s: %s.\n", person->name, what);
	return EXIT_OK;
}

static int remove_person(struct cmd *c)
{
	struct error why = {0};
	struct person person;
	struct history history = {0};
	struct group_list groups = {0};
	int status;
	if (cmd_store(c, 0, &why) != OK ||
		store_person_find(c->store, c->arg[0], &person, &why) != OK ||
		history_read(c, person.id, &history, &why) != OK ||
		store_person_groups(c->store, person.id, &groups, &why) != OK) {
		status = cmd_fail(&why);
	} else if (agreed(c, &person, &history)) {
		status = erase(c, &person, &history, groups.count);
	} else if (isatty(STDIN_FILENO)) {
		err_set(&why, ERR_STOPPED, "nothing was removed");
		status = cmd_fail(&why);
	} else {
		status = cmd_usage(
			c, "removing erases for good: say --yes if '%s' is meant", person.name);
	}
	group_list_finish(&groups);
	history_finish(&history);
	return status;
}

static const struct verb verbs[] = {
	{.name = "list",
		.usage = "[--group GROUP] [--names]",
		.summary = "all people, or a group's",
		.options = "group|names",
		.run = list},
	{.name = "add",
		.usage = "NAME [--number N] [--group GROUP] [--face-id ID]",
		.summary = "add somebody without a photo",
		.options = "number|group|face-id",
		.complete = "-",
		.args_min = 1,
		.args_max = 1,
		.run = add},
	{.name = "show",
		.usage = "WHO",
		.summary = "everything that is stored about a person",
		.complete = "person -",
		.args_min = 1,
		.args_max = 1,
		.run = show},
	{.name = "rename",
		.usage = "WHO NAME",
		.summary = "give a person another name",
		.complete = "person -",
		.args_min = 2,
		.args_max = 2,
		.run = rename_person},
	{.name = "set",
		.usage = "WHO [--number N] [--face-id ID]",
		.summary = "change number or face ID",
		.options = "number|face-id",
		.complete = "person -",
		.args_min = 1,
		.args_max = 1,
		.run = set},
	{.name = "join",
		.usage = "WHO --group GROUP",
		.summary = "put a person into one more group",
		.options = "group",
		.complete = "person -",
		.args_min = 1,
		.args_max = 1,
		.run = join},
	{.name = "move",
		.usage = "WHO [--group GROUP] [--from GROUP]",
		.summary = "put a person into a group and out of all others, or out of one",
		.options = "group|from",
		.complete = "person -",
		.args_min = 1,
		.args_max = 1,
		.run = move},
	{.name = "remove",
		.usage = "WHO [--yes]",
		.summary = "erase a person: face templates, marks, memberships",
		.options = "yes",
		.complete = "person -",
		.args_min = 1,
		.args_max = 1,
		.run = remove_person},
	{0},
};

const struct command cmd_people = {
	.name = "people",
	.summary = "list, add, show, rename, join, move and remove people",
	.usage = "[VERB …]",
	.about = "Who is known. WHO is a name, a number or an id; upper and lower case do not "
		 "matter. Two people may have the same name if both have a number and the numbers "
		 "differ.\n"
		 "\n"
		 "Removing erases a person for good: face templates, marks and memberships go, and "
		 "what was seen no longer says who it was. Other people's data is not touched.",
	.examples = "$ rollcall people\n"
		    "$ rollcall people add \"Ada Lovelace\" --number 17 --group 7b\n"
		    "$ rollcall people show \"ada lovelace\" --json\n"
		    "$ rollcall people join \"Ada Lovelace\" --group Choir\n"
		    "$ rollcall people move \"Ada Lovelace\" --group 8b\n"
		    "$ rollcall people remove 17",
	.options = options,
	.options_size = sizeof(struct people_options),
	.verbs = verbs,
};
