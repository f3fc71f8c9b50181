/* SPDX-License-Identifier: MIT */
#include "cmd/cmd.h"
#include "cmd/words.h"

struct reject_options {
	const char *reason;
};

static const struct option_spec options[] = {
	{.name = "reason",
		.kind = OPTION_TEXT,
		.value = "TEXT",
		.help = "why; it is kept with your login name (not this person)",
		.offset = offsetof(struct reject_options, reason),
		.complete = "-"},
	{0},
};

static const struct reject_options defaults = {.reason = "not this person"};

static enum err print_text_of(
	const struct rejected *done, const struct person *person, struct error *why)
{
	enum err rc = print_text(why, "This was not %s.\n", person->name);
	if (rc == OK && done->withdrawn == 0)
		rc = print_text(why, "It had made no mark.\n");
	if (rc == OK && done->withdrawn > done->replaced)
		rc = print_text(why, "%zu %s withdrawn.\n", done->withdrawn - done->replaced,
			done->withdrawn - done->replaced == 1 ? "mark was" : "marks were");
	if (rc == OK && done->replaced > 0)
		rc = print_text(why, "%zu %s by another sighting of that day.\n", done->replaced,
			done->replaced == 1 ? "mark is made" : "marks are made");
	if (rc == OK)
		rc = print_text(why,
			done->counter_example ? "A face that is nearer to this one than to %s goes "
						"to review from "
						"now on.\n"
					      : "The face was not kept any more, so nothing can be "
						"learnt from it "
						"for %s.\n",
			person->name);
	return rc;
}

static int print(const struct cmd *c, const struct rejected *done, const struct person *person)
{
	struct error why = {0};
	if (c->json)
		return cmd_print_json(json_pack("{s:s,s:{s:s,s:s},s:I,s:I,s:b}", "sighting",
			c->arg[0], "not", "id", person->id, "name", person->name, "withdrawn",
			(json_int_t)done->withdrawn, "replaced", (json_int_t)done->replaced,
			"counter_example", done->counter_example));
	return print_text_of(done, person, &why) == OK ? EXIT_OK : cmd_fail(&why);
}

static int run(struct cmd *c)
{
	const struct reject_options *o = c->options;
	struct error why = {0};
	struct rejected done = {0};
	struct person person = {0};
	char actor[ACTOR_BYTES];
	cmd_actor(actor);
	enum err rc = cmd_store(c, 0, &why);
	const struct registrar registrar = cmd_registrar(c);
	const struct objection objection = {c->arg[0], actor, o->reason};
	if (rc == OK)
		rc = register_forget(&registrar, &why);
	if (rc == OK)
		rc = register_reject(&registrar, &objection, &done, &why);
	if (rc == OK)
		rc = store_person(c->store, done.person_id, &person, &why);
	return rc == OK ? print(c, &done, &person) : cmd_fail(&why);
}

const struct command cmd_reject = {
	.name = "reject",
	.summary = "say that a sighting is not the person it was taken for",
	.usage = "SIGHTING [--reason TEXT]",
	.about = "Withdraws the mark that a wrong match made, also in a closed register; the "
		 "sighting stays in the record. If the person was recognised in another sighting "
		 "of that day, that one makes the mark.\n"
		 "\n"
		 "The face is kept, encrypted, as a counter-example of the person: a face that is "
		 "nearer to it than to the person's own photos goes to review from then on. That "
		 "works as long as the face of the sighting is kept ('rollcall settings', "
		 "keep-faces).\n"
		 "\n"
		 "'rollcall explain' lists the sightings of a day with their ids.",
	.examples = "$ rollcall explain --date yesterday\n"
		    "$ rollcall reject 0199f3a2-7c11-7aaa-8bbb-0123456789ab\n"
		    "$ rollcall reject 0199f3a2-7c11-7aaa-8bbb-0123456789ab --reason \"a sister\"",
	.complete = "-",
	.options = options,
	.options_size = sizeof(struct reject_options),
	.defaults = &defaults,
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
