/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/out_format.h"
#include "report/roll_report.h"

struct roll_options {
	const char *date, *group, *person, *reason;
	struct out_choice out;
	int status;
	bool close, reopen;
};

#define AT(field) offsetof(struct roll_options, field)

static const struct option_spec options[] = {
	{.name = "date",
		.letter = 'd',
		.kind = OPTION_TEXT,
		.value = "DATE",
		.offset = AT(date),
		.help = "the day: today (the default), yesterday or 2026-11-21"},
	{.name = "group",
		.letter = 'g',
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.offset = AT(group),
		.complete = "group",
		.help = "only this group; else all"},
	OUT_OPTIONS(struct roll_options, "table|json|csv|xlsx",
		"table, json, csv or xlsx; else as the ending of the file says, else a table"),
	{.name = "close",
		.kind = OPTION_FLAG,
		.offset = AT(close),
		.help = "close the day's register: who has not been seen is absent from now on"},
	{.name = "reopen",
		.kind = OPTION_FLAG,
		.offset = AT(reopen),
		.help = "open a register again that was closed by hand; needs --reason"},
	{.name = "set",
		.kind = OPTION_CHOICE,
		.choices = "present|late|absent|excused|left_early",
		.value = "STATUS",
		.offset = AT(status),
		.help = "correct the register by hand: present, late, absent, excused or "
			"left_early"},
	{.name = "person",
		.kind = OPTION_TEXT,
		.value = "WHO",
		.offset = AT(person),
		.complete = "person",
		.help = "with --set: whose mark"},
	{.name = "reason",
		.kind = OPTION_TEXT,
		.value = "TEXT",
		.offset = AT(reason),
		.help = "with --set and --reopen: why; it is kept with your login name"},
	{0},
};

static int check(const struct cmd *c)
{
	const struct roll_options *o = c->options;
	bool correct = cmd_given(c, "set");
	if (correct && o->close)
		return cmd_usage(c, "--set and --close are two steps");
	if (o->reopen && (correct || o->close))
		return cmd_usage(c, "--reopen is a step of its own");
	if (correct && (o->person == NULL || o->reason == NULL))
		return cmd_usage(c, "--set needs --person WHO and --reason TEXT");
	if (o->reopen && o->reason == NULL)
		return cmd_usage(c, "--reopen needs --reason TEXT");
	if (!correct && (o->person != NULL || (!o->reopen && o->reason != NULL)))
		return cmd_usage(c, "--person and --reason go with --set STATUS");
	return EXIT_OK;
}

/* Closes, opens again or corrects, if asked to. */
static enum err change(struct cmd *c, const char *day, const char *group_id, struct error *why)
{
	const struct roll_options *o = c->options;
	const struct registrar registrar = cmd_registrar(c);
	char actor[ACTOR_BYTES];
	cmd_actor(actor);
	if (o->close)
		return register_close(&registrar, group_id, day, actor, why);
	if (o->reopen)
		return register_reopen(&registrar, group_id, day, actor, o->reason, why);
	if (!cmd_given(c, "set"))
		return OK;
	struct person person;
	enum err err = store_person_find(c->store, o->person, &person, why);
	if (err != OK)
		return err;
	const struct correction correction = {
		.group_id = group_id,
		.day = day,
		.person_id = person.id,
		.status = (enum mark_status)o->status,
		.actor = actor,
		.reason = o->reason,
	};
	return register_override(&registrar, &correction, why);
}

static enum err print(
	struct cmd *c, const struct roll *roll, enum roll_format format, struct error *why)
{
	const struct roll_options *o = c->options;
	struct table_style style = cmd_table_style();
	if (o->out.path != NULL)
		style = (struct table_style){.unicode = true};
	struct buf text;
	buf_init(&text, REPORT_BYTES_MAX);
	enum err err = roll_report(roll, c->zone, format, &style, &text, why);
	if (err == OK)
		err = cmd_output(o->out.path, text.data, text.len, why);
	buf_finish(&text);
	return err;
}

static int run(struct cmd *c)
{
	const struct roll_options *o = c->options;
	struct error why = {0};
	struct group group;
	const char *group_id;
	char day[DAY_TEXT];
	struct roll roll = {0};
	enum roll_format format;
	int status = check(c);
	if (status != EXIT_OK)
		return status;
	bool writes = o->close || o->reopen || cmd_given(c, "set");
	enum err err = out_format(c, &o->out, ROLL_TABLE, &format, &why);
	if (err == OK)
		err = writes ? cmd_store(c, 0, &why) : cmd_store_read(c, &why);
	if (err == OK)
		err = cmd_day(c, o->date, day, &why);
	if (err == OK)
		err = cmd_group(c, o->group, &group, &group_id, &why);
	if (err == OK)
		err = change(c, day, group_id, &why);
	const struct registrar registrar = cmd_registrar(c);
	if (err == OK)
		err = register_roll(&registrar, group_id, day, &roll, &why);
	if (err == OK)
		err = print(c, &roll, format, &why);
	roll_finish(&roll);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

const struct command cmd_roll = {
	.name = "roll",
	.summary = "the register of a day: who was present, late, absent",
	.usage = "[--date DATE] [--group GROUP] [--format table|json|csv|xlsx] [-o FILE] [--close] "
		 "[--reopen --reason TEXT] [--set STATUS --person WHO --reason TEXT]",
	.about = "Prints who was there on a day, since when, and how sure it is: the distance of "
		 "the face to the photos that are enrolled (smaller is surer) and the margin to "
		 "the next person.\n"
		 "\n"
		 "Until a register is closed, by --close or by the end of the day, who has not "
		 "been seen is expected; from then on absent. A day on which nobody was seen and "
		 "that was not closed by hand has no absent people: a day without school. --close "
		 "without --group closes the registers in which somebody was seen; with it, that "
		 "group's in any case. --reopen takes that back, of one group or of all: what was "
		 "marked stays, looks count again. It does not change that the day is over.\n"
		 "\n"
		 "With --set a person corrects the register. The evidence stays; who corrected, "
		 "when and why is kept.",
	.examples = "$ rollcall roll\n"
		    "$ rollcall roll --date yesterday --group 7b\n"
		    "$ rollcall roll --group 7b -o 7b.xlsx\n"
		    "$ rollcall roll --group 7b --close\n"
		    "$ rollcall roll --group 7b --reopen --reason \"the bus was late\"\n"
		    "$ rollcall roll --set excused --person \"Ada Lovelace\" --reason ill",
	.complete = "-",
	.options = options,
	.options_size = sizeof(struct roll_options),
	.run = run,
};
