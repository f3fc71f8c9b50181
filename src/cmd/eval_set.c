/* SPDX-License-Identifier: MIT */
#include "cmd/eval_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/words.h"
#include "gallery/decide.h"
#include "gallery/labelled.h"

/* --- the table, as a manifest has it --- */

static double rounded(double value)
{
	char text[NUMBER_WORDS];
	snprintf(text, sizeof(text), "%.4g", value);
	return strtod(text, NULL);
}

static json_t *fmr_json(const struct manifest_fmr *fmr, const char *measured_on)
{
	json_t *points = json_array();
	for (size_t i = 0; i < fmr->points; i++) {
		const struct fmr_point *p = &fmr->point[i];
		json_array_append_new(points,
			json_pack("[f,f,f]", rounded(p->rate), rounded(p->high),
				rounded(p->gallery)));
	}
	return json_pack("{s:s,s:I,s:I,s:f,s:f,s:o}", "measured_on", measured_on, "comparisons",
		(json_int_t)fmr->comparisons, "people", (json_int_t)fmr->people, "first",
		rounded(fmr->first), "step", fmr->step, "points", points);
}

/* To be put into a manifest as it is: one point a line. */
static enum err print_fmr(
	const struct manifest_fmr *fmr, const char *measured_on, struct error *why)
{
	json_t *text = json_string(measured_on);
	char *name = text != NULL ? json_dumps(text, JSON_ENCODE_ANY) : NULL;
	json_decref(text);
	if (name == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err err = print_text(why,
		"\t\"fmr\": {\n\t\t\"measured_on\": %s,\n\t\t\"comparisons\": %.0f,\n"
		"\t\t\"people\": %zu,\n\t\t\"first\": %.4g,\n\t\t\"step\": %.4g,\n"
		"\t\t\"points\": [\n",
		name, fmr->comparisons, fmr->people, fmr->first, fmr->step);
	for (size_t i = 0; err == OK && i < fmr->points; i++) {
		const struct fmr_point *p = &fmr->point[i];
		err = print_text(why, "\t\t\t[%.4g, %.4g, %.4g]%s\n", p->rate, p->high, p->gallery,
			i + 1 < fmr->points ? "," : "");
	}
	free(name);
	return err == OK ? print_text(why, "\t\t]\n\t}\n") : err;
}

static int print_table(
	const struct cmd *c, const struct pipeline *p, const struct labelled *set, const char *name)
{
	struct error why = {0};
	char measured_on[256];
	struct labelled_fmr *table = calloc(1, sizeof(*table));
	enum err err = table == NULL ? err_set(&why, ERR_NOMEM, "no memory for a table")
				     : labelled_table(set, NULL, table, &why);
	int status = EXIT_OK;
	snprintf(measured_on, sizeof(measured_on), "%s: %zu photos of %zu people", name, set->count,
		set->people);
	if (err == OK && c->json)
		status = cmd_print_json(json_pack("{s:s,s:o}", "model", pipeline_model(p), "fmr",
			fmr_json(&table->fmr, measured_on)));
	else if (err == OK)
		err = print_fmr(&table->fmr, measured_on, &why);
	free(table);
	return err == OK ? status : cmd_fail(&why);
}

/* --- identification --- */

struct line {
	const char *name, *key;
	const struct rate *rate;
};

static json_t *rate_json(const struct rate *r)
{
	return json_pack("{s:f,s:f,s:o,s:o,s:o}", "events", r->events, "trials", r->trials, "rate",
		cmd_json_number(r->rate), "low", cmd_json_number(r->low), "high",
		cmd_json_number(r->high));
}

static enum err add_line(struct table *t, const struct line *line, struct error *why)
{
	const struct rate *r = line->rate;
	char count[NUMBER_WORDS * 2], rate[NUMBER_WORDS], interval[NUMBER_WORDS * 2];
	snprintf(count, sizeof(count), "%.0f of %.0f", r->events, r->trials);
	snprintf(rate, sizeof(rate), "%.2f %%", 100 * r->rate);
	snprintf(interval, sizeof(interval), "%.2f to %.2f %%", 100 * r->low, 100 * r->high);
	return table_add(t, (const char *[]){line->name, count, rate, interval}, why);
}

/* What came of it, in words: the budget is for strangers. */
static enum err print_verdict(
	const struct identification *d, const struct eval_set_options *o, struct error *why)
{
	bool within = d->false_name.events <= d->most;
	return print_text(why,
		"\nThe budget of %g lets %.1f of %.0f strangers' probes be named, %.0f to %.0f in "
		"95 %% of trials.\n%.0f were: %s.\nOf the people who are enrolled %.1f %% were "
		"named right, %.1f %% sent to review, %.1f %% missed, and %.0f of %.0f named as "
		"somebody else.\n",
		o->budget, d->expected, d->false_name.trials, d->least, d->most,
		d->false_name.events,
		!within                                   ? "OVER THE BUDGET"
			: d->false_name.events < d->least ? "within the budget, and fewer"
							  : "within the budget",
		100 * d->right.rate, 100 * d->review.rate, 100 * d->unknown.rate, d->wrong.events,
		d->wrong.trials);
}

static int print_identification(
	const struct cmd *c, const struct identification *d, const struct eval_set_options *options)
{
	const struct line lines[] = {
		{"Strangers: given a name (FPIR)", "stranger_named", &d->false_name},
		{"Strangers: for review", "stranger_review", &d->false_review},
		{"Enrolled: given another's name", "wrong_name", &d->wrong},
		{"Enrolled: recognised", "recognised", &d->right},
		{"Enrolled: for review", "review", &d->review},
		{"Enrolled: unknown", "unknown", &d->unknown},
		{"All probes: a false name", "false_name", &d->any_false},
	};
	static const struct table_column columns[] = {{"Probes"}, {"Number", ALIGN_RIGHT},
		{"Rate", ALIGN_RIGHT}, {"95 % interval", ALIGN_RIGHT}};
	enum { LINES = sizeof(lines) / sizeof(lines[0]) };
	if (c->json) {
		json_t *o = json_pack("{s:I,s:I,s:f,s:b,s:f,s:f,s:{s:f,s:f,s:f,s:b}}", "people",
			(json_int_t)d->people, "draws", (json_int_t)d->draws, "budget",
			options->budget, "held_out", options->held_out, "threshold",
			d->match_distance, "review_threshold", d->review_distance, "allowed",
			"expected", d->expected, "least", d->least, "most", d->most, "within",
			d->false_name.events <= d->most);
		for (size_t i = 0; i < LINES; i++)
			json_object_set_new(o, lines[i].key, rate_json(lines[i].rate));
		return cmd_print_json(o);
	}
	struct error why = {0};
	struct table *t = NULL;
	enum err err = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), &why);
	for (size_t i = 0; err == OK && i < LINES; i++)
		err = add_line(t, &lines[i], &why);
	if (err == OK)
		err = print_text(&why,
			"%zu people enrolled with one photo each, %zu %s%s:\nmatch up to %.3f, "
			"review up to %.3f\n",
			d->people, d->draws, d->draws == 1 ? "draw" : "draws",
			options->held_out ? ", each with a table made of the other half of the set"
					  : "",
			d->match_distance, d->review_distance);
	if (err == OK)
		err = cmd_print_table(t, &why);
	if (err == OK)
		err = print_verdict(d, options, &why);
	table_free(t);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

static int identify(const struct cmd *c, const struct pipeline *p, const struct labelled *set,
	const struct eval_set_options *o)
{
	struct error why = {0};
	struct identification result;
	const struct manifest *model = pipeline_embedding(p);
	const struct identification_options options = {
		.people = (size_t)o->identification,
		.draws = (size_t)o->draws,
		.seed = 1,
		.budget = o->budget,
		.table = o->held_out ? NULL : &model->fmr,
	};
	if (!o->held_out && !fmr_measured(options.table))
		err_set(&why, ERR_UNSUPPORTED,
			"it was never measured how often the model '%s' takes people for others: "
			"put what --table prints into its manifest, or use --held-out",
			model->name);
	else if (labelled_identify(set, &options, &result, &why) == OK)
		return print_identification(c, &result, o);
	return cmd_fail(&why);
}

/* --- both --- */

static enum err step(void *ctx, size_t done, size_t total)
{
	struct progress **bar = ctx;
	if (*bar == NULL)
		*bar = progress_start(total, "photos");
	progress_step(*bar, done);
	return interrupted() ? ERR_STOPPED : OK;
}

int eval_set(struct cmd *c, struct pipeline *p, const struct evaluate_options *photos,
	const struct eval_set_options *options)
{
	struct error why = {0};
	struct progress *bar = NULL;
	struct labelled set;
	struct evaluate_options all = *photos;
	all.progress = step;
	all.ctx = &bar;
	interrupt_catch();
	enum err err = labelled_load(p, &all, &set, &why);
	progress_end(bar);
	if (err == ERR_STOPPED)
		err_set(&why, err, "stopped");
	if (err != OK)
		return cmd_fail(&why);
	int status;
	if (options->looks > 0)
		status = eval_looks(c, p, &set, (size_t)options->looks);
	else if (options->table)
		status = print_table(c, p, &set, options->name);
	else
		status = identify(c, p, &set, options);
	labelled_finish(&set);
	return status;
}
