/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/words.h"
#include "report/explain.h"

struct explain_options {
	const char *date;
};

static const struct option_spec options[] = {
	{.name = "date",
		.letter = 'd',
		.kind = OPTION_TEXT,
		.value = "DATE",
		.help = "without a sighting: of which day they are listed (today)",
		.offset = offsetof(struct explain_options, date),
		.complete = "-"},
	{0},
};

/* Gives NULL, and clears `why`, where there is no such thing. */
static enum err maybe(enum err rc, struct error *why)
{
	if (rc == ERR_NOT_FOUND && why != NULL)
		*why = (struct error){0};
	return rc == ERR_NOT_FOUND ? OK : rc;
}

/* Everything that is known of a sighting. */
struct known {
	struct sighting sighting;
	struct evidence evidence;
	struct rejection rejection;
	struct person person, second;
	struct group group;
};

static enum err read_person(struct cmd *c, const char *id, struct person *out, struct error *why)
{
	*out = (struct person){0};
	return id[0] ? maybe(store_person(c->store, id, out, why), why) : OK;
}

static enum err read_all(struct cmd *c, struct known *k, struct explanation *out, struct error *why)
{
	enum err rc = store_sighting(c->store, c->arg[0], &k->sighting, why);
	*out = (struct explanation){.sighting = &k->sighting, .zone = c->zone};
	if (rc)
		return rc;
	rc = store_evidence(c->store, k->sighting.id, &k->evidence, why);
	out->evidence = rc == OK ? &k->evidence : NULL;
	rc = maybe(rc, why);
	if (rc == OK) {
		rc = store_rejection(c->store, k->sighting.id, &k->rejection, why);
		out->rejection = rc == OK ? &k->rejection : NULL;
		rc = maybe(rc, why);
	}
	if (rc == OK)
		rc = read_person(c, k->sighting.person_id, &k->person, why);
	if (rc == OK)
		rc = read_person(c, k->evidence.second_id, &k->second, why);
	if (rc == OK && k->evidence.group_id[0])
		rc = maybe(store_group(c->store, k->evidence.group_id, &k->group, why), why);
	out->person = k->person.name;
	out->second = k->second.name;
	out->group = k->group.name;
	return rc;
}

static json_t *lines_json(const char *text)
{
	json_t *list = json_array();
	while (*text) {
		size_t len = strcspn(text, "\n");
		json_array_append_new(list, json_stringn(text, len));
		text += len + (text[len] == '\n');
	}
	return list;
}

static json_t *evidence_json(const struct evidence *v)
{
	return json_pack("{s:s,s:b,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:I}", "reason", v->reason,
		"guest", v->guest, "candidates", (json_int_t)v->candidates, "guests",
		(json_int_t)v->guests, "budget", cmd_json_number(v->budget), "review_threshold",
		cmd_json_number(v->review), "margin_needed", cmd_json_number(v->margin_needed),
		"quality_needed", cmd_json_number(v->quality_needed), "second_distance",
		cmd_json_number(v->second_distance), "counter_example", cmd_json_number(v->counter),
		"looks", (json_int_t)v->looks, "span_ms", (json_int_t)v->span_ms);
}

static json_t *person_json(const struct person *p)
{
	return p->id[0] ? json_pack("{s:s,s:s}", "id", p->id, "name", p->name) : json_null();
}

static json_t *document(const struct cmd *c, const struct known *k, const struct explanation *e,
	const char *sentences)
{
	const struct sighting *s = &k->sighting;
	char stamp[STAMP_TEXT];
	zone_stamp(c->zone, s->at_ms, stamp);
	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b,s:o}", "sighting", s->id,
		"at", stamp, "source", s->source, "decision", s->decision, "person",
		person_json(&k->person), "second", person_json(&k->second), "distance",
		cmd_json_number(s->distance), "margin", cmd_json_number(s->margin), "threshold",
		cmd_json_number(s->threshold), "quality", cmd_json_number(s->quality), "evidence",
		e->evidence ? evidence_json(e->evidence) : json_null(), "rejected",
		e->rejection != NULL, "sentences", lines_json(sentences));
}

static int explain_one(struct cmd *c)
{
	struct error why = {0};
	struct known known = {0};
	struct explanation what;
	struct buf text;
	buf_init(&text, EXPLAIN_BYTES_MAX);
	int status = EXIT_OK;
	enum err rc = read_all(c, &known, &what, &why);
	if (rc == OK)
		rc = explain(&what, &text, &why);
	if (rc == OK && c->json)
		status = cmd_print_json(document(c, &known, &what, buf_str(&text)));
	else if (rc == OK)
		rc = cmd_output(NULL, text.data, text.len, &why);
	buf_finish(&text);
	return rc == OK ? status : cmd_fail(&why);
}

/* --- the sightings of a day --- */

struct listing {
	struct cmd *cmd;
	json_t *list;
	struct table *table;
};

static const struct table_column columns[] = {{"Time"}, {"Name"}, {"Decision"},
	{"Distance", ALIGN_RIGHT}, {"Up to", ALIGN_RIGHT}, {"Source"}, {"Sighting"}};

static enum err add(void *ctx, const struct sighting *s, struct error *why)
{
	struct listing *l = ctx;
	struct person person;
	struct rejection rejection;
	char time[TIME_WORDS], stamp[STAMP_TEXT], distance[NUMBER_WORDS], limit[NUMBER_WORDS];
	enum err rc = read_person(l->cmd, s->person_id, &person, why);
	if (rc)
		return rc;
	rc = store_rejection(l->cmd->store, s->id, &rejection, why);
	bool rejected = rc == OK;
	rc = maybe(rc, why);
	if (rc)
		return rc;
	zone_stamp(l->cmd->zone, s->at_ms, stamp);
	json_array_append_new(l->list,
		json_pack("{s:s,s:s,s:o,s:s,s:b,s:o,s:o}", "sighting", s->id, "at", stamp, "person",
			person_json(&person), "decision", s->decision, "rejected", rejected,
			"distance", cmd_json_number(s->distance), "threshold",
			cmd_json_number(s->threshold)));
	time_words(l->cmd->zone, s->at_ms, time);
	number_words(s->distance, distance);
	number_words(s->threshold, limit);
	return table_add(l->table,
		(const char *[]){time, person.name, rejected ? "rejected" : s->decision, distance,
			limit, s->source, s->id},
		why);
}

static int list_day(struct cmd *c)
{
	const struct explain_options *o = c->options;
	struct error why = {0};
	struct listing l = {.cmd = c, .list = json_array()};
	char day[DAY_TEXT];
	int64_t from_ms, to_ms;
	int status = EXIT_OK;
	enum err rc = table_new(&l.table, columns, sizeof(columns) / sizeof(columns[0]), &why);
	if (rc == OK)
		rc = cmd_day(c, o->date, day, &why);
	if (rc == OK)
		rc = zone_day_bounds(c->zone, day, &from_ms, &to_ms, &why);
	if (rc == OK)
		rc = store_sightings(c->store, from_ms, to_ms, add, &l, &why);
	if (rc == OK && c->json)
		status = cmd_print_json(json_pack("{s:s,s:O}", "day", day, "sightings", l.list));
	else if (rc == OK && table_rows(l.table) == 0)
		rc = print_text(&why, "nobody was seen on %s\n", day);
	else if (rc == OK)
		rc = cmd_print_table(l.table, &why);
	json_decref(l.list);
	table_free(l.table);
	return rc == OK ? status : cmd_fail(&why);
}

static int run(struct cmd *c)
{
	struct error why = {0};
	if (c->args > 0 && cmd_given(c, "date"))
		return cmd_usage(c, "--date lists a day, it does not go with a sighting");
	if (cmd_store_read(c, &why) != OK)
		return cmd_fail(&why);
	return c->args > 0 ? explain_one(c) : list_day(c);
}

const struct command cmd_explain = {
	.name = "explain",
	.summary = "say why somebody was marked, or not",
	.usage = "[SIGHTING] [--date DATE]",
	.about = "Tells in sentences how a sighting was decided: among how many people the face "
		 "was searched, how near the nearest was and how near was asked for, who came "
		 "second, how good the picture was, and whether somebody corrected it since. "
		 "Without a sighting it lists those of a day.\n"
		 "\n"
		 "The ids of sightings are also in 'rollcall mark --json' and 'rollcall roll "
		 "--json'.",
	.examples = "$ rollcall explain\n"
		    "$ rollcall explain --date yesterday\n"
		    "$ rollcall explain 0199f3a2-7c11-7aaa-8bbb-0123456789ab",
	.complete = "-",
	.options = options,
	.options_size = sizeof(struct explain_options),
	.args_max = 1,
	.run = run,
};
