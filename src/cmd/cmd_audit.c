/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "cmd/cmd.h"
#include "cmd/words.h"
#include "store/audit.h"

struct audit_options {
	const char *actor, *subject, *action, *head;
	int limit;
};

#define AT(field) offsetof(struct audit_options, field)

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 1000000 };

static const struct option_spec options[] = {
	{.name = "limit",
		.letter = 'n',
		.kind = OPTION_INT,
		.value = "N",
		.offset = AT(limit),
		.min = 1,
		.max = LIMIT_MAX,
		.help = "list: at most so many entries, the newest (50)"},
	{.name = "actor",
		.kind = OPTION_TEXT,
		.value = "WHO",
		.offset = AT(actor),
		.help = "list: only what this one did, as it is listed (cli:anna, user:ID)",
		.complete = "-"},
	{.name = "action",
		.kind = OPTION_TEXT,
		.value = "WHAT",
		.offset = AT(action),
		.help = "list: only this action, such as mark.override",
		.complete = "-"},
	{.name = "subject",
		.kind = OPTION_TEXT,
		.value = "ID",
		.offset = AT(subject),
		.help = "list: only what was done to this id",
		.complete = "-"},
	{.name = "head",
		.kind = OPTION_TEXT,
		.value = "SEQ:HASH",
		.offset = AT(head),
		.help = "verify: the end of the chain as it was noted before; the entry must still "
			"be there and be the same",
		.complete = "-"},
	{0},
};

static const struct audit_options defaults = {.limit = LIMIT_DEFAULT};

/* --- list --- */

struct listing {
	struct cmd *cmd;
	struct table *table;
	json_t *entries;
};

/* The detail as JSON; a text that is none stays a text. */
static json_t *detail_json(const char *detail)
{
	json_t *value = detail != NULL ? json_loads(detail, JSON_DECODE_ANY, NULL) : NULL;
	return value != NULL ? value : cmd_json_text(detail);
}

static enum err add_entry(void *ctx, const struct audit_row *row, struct error *why)
{
	struct listing *list = ctx;
	char stamp[STAMP_TEXT], seq[24];
	zone_stamp(list->cmd->zone, row->at_ms, stamp);
	if (list->entries != NULL) {
		json_t *entry = json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:o,s:b}", "seq",
			(json_int_t)row->seq, "id", row->id, "at", stamp, "actor", row->actor,
			"action", row->action, "subject", row->subject, "detail",
			detail_json(row->detail), "erased", row->erased);
		return json_array_append_new(list->entries, entry) == 0
			? OK
			: err_set(why, ERR_NOMEM, "out of memory");
	}
	snprintf(seq, sizeof(seq), "%" PRId64, row->seq);
	const char *detail = row->erased ? "(erased)" : row->detail != NULL ? row->detail : "";
	return table_add(list->table,
		(const char *[]){seq, stamp, row->actor, row->action, row->subject, detail}, why);
}

static enum err print_list(struct listing *list, struct error *why)
{
	if (table_rows(list->table) == 0)
		return print_text(why, "No entries.\n");
	return cmd_print_table(list->table, why);
}

static int list(struct cmd *c)
{
	static const struct table_column columns[] = {
		{"Entry", ALIGN_RIGHT}, {"When"}, {"Who"}, {"What"}, {"To what"}, {"Detail"}};
	const struct audit_options *o = c->options;
	const struct audit_filter filter = {
		.limit = o->limit, .actor = o->actor, .action = o->action, .subject = o->subject};
	struct error why = {0};
	struct listing listing = {.cmd = c};
	enum err err = cmd_store_read(c, &why);
	if (err == OK)
		err = table_new(
			&listing.table, columns, sizeof(columns) / sizeof(columns[0]), &why);
	if (err == OK && c->json && (listing.entries = json_array()) == NULL)
		err = err_set(&why, ERR_NOMEM, "out of memory");
	if (err == OK)
		err = store_audit_read(c->store, &filter, add_entry, &listing, &why);
	int status = EXIT_OK;
	if (err == OK && c->json)
		status = cmd_print_json(json_pack("{s:O}", "entries", listing.entries));
	else if (err == OK)
		err = print_list(&listing, &why);
	json_decref(listing.entries);
	table_free(listing.table);
	return err == OK ? status : cmd_fail(&why);
}

/* --- verify --- */

static enum err tell(const struct audit_report *report, const char *head, struct error *why)
{
	if (report->problem[0] != '\0')
		return err_set(why, ERR_FORMAT, "the audit is not whole: %s", report->problem);
	enum err err = print_text(why,
		"The chain of %" PRId64 " %s is whole; %" PRId64 " %s erased with whom %s about.\n",
		report->entries, report->entries == 1 ? "entry" : "entries", report->erased,
		report->erased == 1 ? "detail was" : "details were",
		report->erased == 1 ? "it was" : "they were");
	if (err == OK && report->entries > 0)
		err = print_text(why, "Head: %s\n", head);
	return err;
}

static int verify(struct cmd *c)
{
	const struct audit_options *o = c->options;
	struct error why = {0};
	struct audit_head noted;
	struct audit_report report;
	char head[AUDIT_HEAD_TEXT];
	enum err err = o->head != NULL ? audit_head_parse(o->head, &noted, &why) : OK;
	if (err == OK)
		err = cmd_store_read(c, &why);
	if (err == OK)
		err = store_audit_verify(c->store, o->head != NULL ? &noted : NULL, &report, &why);
	if (err != OK)
		return cmd_fail(&why);
	audit_head_text(&report.head, head);
	bool whole = report.problem[0] == '\0';
	if (!c->json)
		return tell(&report, head, &why) == OK ? EXIT_OK : cmd_fail(&why);
	int status = cmd_print_json(json_pack("{s:b,s:I,s:I,s:I,s:o,s:o,s:o}", "whole", whole,
		"entries", (json_int_t)report.entries, "details", (json_int_t)report.details,
		"erased", (json_int_t)report.erased, "bad_seq",
		report.bad_seq != 0 ? json_integer(report.bad_seq) : json_null(), "problem",
		cmd_json_text(report.problem), "head",
		cmd_json_text(report.entries > 0 ? head : NULL)));
	return status == EXIT_OK && !whole ? EXIT_FAILED : status;
}

static const struct verb verbs[] = {
	{.name = "list",
		.usage = "[--limit N] [--actor WHO] [--action WHAT] [--subject ID]",
		.summary = "the entries, newest first",
		.options = "limit|actor|action|subject",
		.complete = "-",
		.run = list},
	{.name = "verify",
		.usage = "[--head SEQ:HASH]",
		.summary = "check that no entry is missing, changed or moved",
		.options = "head",
		.complete = "-",
		.run = verify},
	{0},
};

const struct command cmd_audit = {
	.name = "audit",
	.summary = "who changed what, and whether that record is whole",
	.usage = "[VERB …]",
	.about = "Every change is in the audit, with who made it, when, and to what. Each entry "
		 "holds a hash over itself and the one before, made with the key of the home.\n"
		 "\n"
		 "'verify' finds an entry that is missing, was changed, put in or moved. It prints "
		 "the head of the chain: note it somewhere else, on paper or in a mail. Whoever "
		 "can write to the home and has its key could cut off the newest entries together "
		 "with the head; 'verify --head' with a head of before finds that too.\n"
		 "\n"
		 "When a person is removed, the details of entries about that person are deleted; "
		 "the entries stay, and the chain stays whole.\n"
		 "\n"
		 "Exit status of 'verify': 0 whole, 1 not.",
	.examples = "$ rollcall audit\n"
		    "$ rollcall audit list --action mark.override --limit 10\n"
		    "$ rollcall audit verify",
	.options = options,
	.options_size = sizeof(struct audit_options),
	.defaults = &defaults,
	.verbs = verbs,
};
