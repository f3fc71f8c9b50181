/* SPDX-License-Identifier: MIT */
#include "cmd/eval_set.h"

#include <math.h>

#include "cmd/words.h"
#include "gallery/decide.h"
#include "gallery/labelled.h"

/* --- the table, in the form of src/gallery/fmr_data.c --- */

static double comparisons_of(const struct labelled *set)
{
	double same = 0, count = (double)set->count;
	for (size_t i = 0, first = 0; i < set->count; i++) {
		if (set->photo[i].person != set->photo[first].person)
			first = i;
		same += (double)(i - first);
	}
	return count * (count - 1) - 2 * same;
}

static int print_table(const struct cmd *c, const struct pipeline *p, const struct labelled *set)
{
	struct fmr_point point[FMR_POINTS];
	struct error why = {0};
	enum err err = labelled_table(set, point, &why);
	if (err != OK)
		return cmd_fail(&why);
	json_t *list = json_array();
	for (int i = 0; i < FMR_POINTS; i++) {
		double distance = round((FMR_FIRST + i * FMR_STEP) * 1000) / 1000;
		if (c->json)
			json_array_append_new(list,
				json_pack("{s:f,s:f,s:f,s:f}", "distance", distance, "fmr",
					point[i].rate, "high", point[i].high, "gallery",
					point[i].gallery));
		else if (err == OK)
			err = print_text(&why, "{%.4g, %.4g, %.4g}, /* %.2f */\n", point[i].rate,
				point[i].high, point[i].gallery, distance);
	}
	if (c->json)
		return cmd_print_json(json_pack("{s:s,s:f,s:I,s:I,s:o}", "model", pipeline_model(p),
			"comparisons", comparisons_of(set), "people", (json_int_t)set->people,
			"photos", (json_int_t)set->count, "points", list));
	json_decref(list);
	if (err == OK)
		err = print_text(&why, "%s: %.0f comparisons of %zu people, %zu photos\n",
			pipeline_model(p), comparisons_of(set), set->people, set->count);
	return err == OK ? EXIT_OK : cmd_fail(&why);
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

static int print_identification(const struct cmd *c, const struct identification *d, double budget)
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
		json_t *o = json_pack("{s:I,s:I,s:f,s:f,s:f}", "people", (json_int_t)d->people,
			"draws", (json_int_t)d->draws, "budget", budget, "threshold",
			d->match_distance, "review_threshold", d->review_distance);
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
			"%zu people enrolled with one photo each, %zu %s; budget %g of strangers' "
			"probes:\nmatch up to %.3f, review up to %.3f\n",
			d->people, d->draws, d->draws == 1 ? "draw" : "draws", budget,
			d->match_distance, d->review_distance);
	if (err == OK)
		err = cmd_print_table(t, &why);
	table_free(t);
	return err == OK ? EXIT_OK : cmd_fail(&why);
}

static int identify(const struct cmd *c, const struct pipeline *p, const struct labelled *set,
	const struct eval_set_options *o)
{
	struct error why = {0};
	struct identification result;
	const struct identification_options options = {
		.people = (size_t)o->identification,
		.draws = (size_t)o->draws,
		.seed = 1,
		.budget = o->budget,
		.table = fmr_table_find(pipeline_model(p)),
	};
	if (options.table == NULL)
		err_set(&why, ERR_UNSUPPORTED, "the model '%s' has no table yet: measure one",
			pipeline_model(p));
	else if (labelled_identify(set, &options, &result, &why) == OK)
		return print_identification(c, &result, o->budget);
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
	int status = options->table ? print_table(c, p, &set) : identify(c, p, &set, options);
	labelled_finish(&set);
	return status;
}
