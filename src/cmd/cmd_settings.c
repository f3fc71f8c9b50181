/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "base/nearest.h"

enum { VALUE_BYTES = 512, KEEP_DAYS_MAX = 3650 };

/* One setting of the organisation: how it is read and written. */
struct setting {
	const char *key, *help;
	void (*text)(const struct org *org, char out[static VALUE_BYTES]);
	enum err (*take)(struct org *org, const char *value, struct error *why);
	json_t *(*json)(const struct org *org);
};

static void name_text(const struct org *org, char out[static VALUE_BYTES])
{
	snprintf(out, VALUE_BYTES, "%s", org->name);
}

static enum err name_take(struct org *org, const char *value, struct error *why)
{
	return name_clean(value, "name", org->name, why);
}

static json_t *name_json(const struct org *org)
{
	return json_string(org->name);
}

static void zone_text(const struct org *org, char out[static VALUE_BYTES])
{
	snprintf(out, VALUE_BYTES, "%s", org->zone);
}

static enum err zone_take(struct org *org, const char *value, struct error *why)
{
	struct zone *zone;
	enum err err = zone_open(&zone, value, why);
	if (err == OK)
		snprintf(org->zone, sizeof(org->zone), "%s", zone_name(zone));
	zone_close(zone);
	if (err != ERR_NOT_FOUND)
		return err;
	/* A zone that does not exist is a word typed wrong. */
	why->code = ERR_ARG;
	return ERR_ARG;
}

static json_t *zone_json(const struct org *org)
{
	return json_string(org->zone);
}

static void start_text(const struct org *org, char out[static VALUE_BYTES])
{
	minute_text(org->start_minute, out);
}

static enum err start_take(struct org *org, const char *value, struct error *why)
{
	return minute_parse(value, &org->start_minute, why);
}

static json_t *start_json(const struct org *org)
{
	char text[VALUE_BYTES];
	start_text(org, text);
	return json_string(text);
}

static void grace_text(const struct org *org, char out[static VALUE_BYTES])
{
	snprintf(out, VALUE_BYTES, "%d minutes", org->grace_minutes);
}

static enum err grace_take(struct org *org, const char *value, struct error *why)
{
	return cmd_minutes(value, "grace", GRACE_MINUTES_MAX, &org->grace_minutes, why);
}

static json_t *grace_json(const struct org *org)
{
	return json_integer(org->grace_minutes);
}

static void cooldown_text(const struct org *org, char out[static VALUE_BYTES])
{
	snprintf(out, VALUE_BYTES, "%d seconds", org->cooldown_s);
}

static enum err cooldown_take(struct org *org, const char *value, struct error *why)
{
	return cmd_minutes(value, "cooldown", COOLDOWN_S_MAX, &org->cooldown_s, why);
}

static json_t *cooldown_json(const struct org *org)
{
	return json_integer(org->cooldown_s);
}

static void budget_text(const struct org *org, char out[static VALUE_BYTES])
{
	snprintf(out, VALUE_BYTES, "%g (one in %.0f)", org->budget, 1 / org->budget);
}

static enum err budget_take(struct org *org, const char *value, struct error *why)
{
	char *end;
	double budget = strtod(value, &end);
	if (end == value || *end != '\0' || !(budget >= BUDGET_MIN && budget <= BUDGET_MAX))
		return err_set(why, ERR_ARG, "budget takes a share from %g to %g, not '%s'",
			BUDGET_MIN, BUDGET_MAX, value);
	org->budget = budget;
	return OK;
}

static json_t *budget_json(const struct org *org)
{
	return json_real(org->budget);
}

static void keep_text(const struct org *org, char out[static VALUE_BYTES])
{
	snprintf(out, VALUE_BYTES, "%d days", org->keep_faces_days);
}

static enum err keep_take(struct org *org, const char *value, struct error *why)
{
	return cmd_minutes(value, "keep-faces", KEEP_DAYS_MAX, &org->keep_faces_days, why);
}

static json_t *keep_json(const struct org *org)
{
	return json_integer(org->keep_faces_days);
}

static void photos_text(const struct org *org, char out[static VALUE_BYTES])
{
	snprintf(out, VALUE_BYTES, "%s", org->keep_photos ? "on" : "off");
}

static enum err photos_take(struct org *org, const char *value, struct error *why)
{
	bool on = strcmp(value, "on") == 0;
	if (!on && strcmp(value, "off") != 0)
		return err_set(why, ERR_ARG, "keep-photos takes on or off, not '%s'", value);
	org->keep_photos = on;
	return OK;
}

static json_t *photos_json(const struct org *org)
{
	return json_boolean(org->keep_photos);
}

static const struct setting settings[] = {
	{"name", "the organisation's, for reports", name_text, name_take, name_json},
	{"zone", "time zone of its days", zone_text, zone_take, zone_json},
	{"start", "when a day begins; a group may have its own", start_text, start_take,
		start_json},
	{"grace", "minutes after the start until one is late", grace_text, grace_take, grace_json},
	{"cooldown", "in which seeing somebody again adds nothing", cooldown_text, cooldown_take,
		cooldown_json},
	{"budget", "how often a stranger may be taken for somebody", budget_text, budget_take,
		budget_json},
	{"keep-faces", "days that a sighting's face can be corrected", keep_text, keep_take,
		keep_json},
	{"keep-photos", "enrolment photos, for another model; off erases them", photos_text,
		photos_take, photos_json},
};

enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

static int print_json(const struct org *org)
{
	json_t *object = json_object();
	for (size_t i = 0; i < SETTINGS; i++)
		json_object_set_new(object, settings[i].key, settings[i].json(org));
	return cmd_print_json(json_pack("{s:o}", "settings", object));
}

static int list(struct cmd *c)
{
	static const struct table_column columns[] = {{"Setting"}, {"Value"}, {"Meaning"}};
	struct error why = {0};
	struct table *t = NULL;
	if (cmd_store_read(c, &why) != OK)
		return cmd_fail(&why);
	if (c->json)
		return print_json(&c->org);
	enum err err = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), &why);
	for (size_t i = 0; err == OK && i < SETTINGS; i++) {
		char value[VALUE_BYTES];
		settings[i].text(&c->org, value);
		const char *cells[] = {settings[i].key, value, settings[i].help};
		err = table_add(t, cells, &why);
	}
	if (err == OK)
		err = cmd_print_table(t, &why);
	table_free(t);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

static const struct setting *find(const char *key, struct nearest *near)
{
	*near = nearest_to(key);
	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(settings[i].key, key) == 0)
			return &settings[i];
		nearest_offer(near, settings[i].key, strlen(settings[i].key));
	}
	return NULL;
}

/* Photos are erased before it is written that none are kept: never the other way round. */
static enum err erase_photos(struct cmd *c, size_t *count, struct error *why)
{
	*count = 0;
	return c->org.keep_photos ? OK : store_photos_remove(c->store, count, why);
}

static int set(struct cmd *c)
{
	struct error why = {0};
	struct nearest near;
	const struct setting *setting = find(c->arg[0], &near);
	if (setting == NULL && near.best != NULL)
		return cmd_usage(
			c, "unknown setting '%s': did you mean '%s'?", c->arg[0], near.best);
	if (setting == NULL)
		return cmd_usage(c, "unknown setting '%s'", c->arg[0]);
	/* The value is tried first: a wrong one must not make a home. */
	struct org org = {0};
	size_t erased = 0;
	if (setting->take(&org, c->arg[1], &why) != OK || cmd_store(c, STORE_CREATE, &why) != OK ||
		setting->take(&c->org, c->arg[1], &why) != OK ||
		erase_photos(c, &erased, &why) != OK || store_begin(c->store, &why) != OK)
		return cmd_fail(&why);
	enum err err = store_org_update(c->store, &c->org, &why);
	if (err == OK) {
		/* Faces are kept no longer than is said from now on. */
		const struct registrar registrar = cmd_registrar(c);
		err = register_forget(&registrar, &why);
	}
	if (cmd_commit(c, err, "settings.set", c->org.id, &why) != OK)
		return cmd_fail(&why);
	if (c->json)
		return print_json(&c->org);
	char value[VALUE_BYTES];
	setting->text(&c->org, value);
	printf("%s is now %s.\n", setting->key, value);
	if (erased > 0)
		printf("%zu kept %s erased.\n", erased, erased == 1 ? "photo was" : "photos were");
	return EXIT_OK;
}

static const struct verb verbs[] = {
	{.name = "list",
		.usage = "",
		.summary = "all settings and their values",
		.complete = "-",
		.run = list},
	{.name = "set",
		.usage = "KEY VALUE",
		.summary = "change one",
		.complete = "name|zone|start|grace|cooldown|budget|keep-faces|keep-photos -",
		.args_min = 2,
		.args_max = 2,
		.run = set},
	{0},
};

const struct command cmd_settings = {
	.name = "settings",
	.summary = "the organisation's name, time zone and rules of the day",
	.usage = "[VERB …]",
	.about = "What holds for the whole organisation. A group may have a start and a grace of "
		 "its own ('rollcall groups set').\n"
		 "\n"
		 "  name      of the organisation\n"
		 "  zone      IANA time zone: Europe/Berlin, Asia/Kathmandu\n"
		 "  start     when a day begins: 09:00\n"
		 "  grace     minutes after the start until one is late: 15\n"
		 "  cooldown  seconds in which seeing somebody again adds nothing: 60\n"
		 "  budget    how often a stranger may be taken for somebody: 0.001\n"
		 "  keep-faces  days that a sighting's face is kept, to correct it: 30\n"
		 "  keep-photos  on or off: whether the faces on enrolment photos are kept,\n"
		 "            encrypted, for a change of the model; off, the default, also erases\n"
		 "            those that are there\n"
		 "\n"
		 "Registers that were opened already keep their times.",
	.examples = "$ rollcall settings\n"
		    "$ rollcall settings set name \"Primary School at the Brook\"\n"
		    "$ rollcall settings set zone Europe/Berlin\n"
		    "$ rollcall settings set start 08:00",
	.verbs = verbs,
};
