/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/words.h"
#include "report/calibration_page.h"

struct calibrate_options {
	const char *group, *html;
};

static const struct option_spec options[] = {
	{.name = "group",
		.letter = 'g',
		.kind = OPTION_TEXT,
		.value = "GROUP",
		.help = "as it is when only the people of this group may be named",
		.offset = offsetof(struct calibrate_options, group),
		.complete = "group"},
	{.name = "html",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "also write a page with drawings",
		.offset = offsetof(struct calibrate_options, html),
		.complete = "file"},
	{0},
};

/* Below this the best photo of a person is not good; how far own photos may be apart. */
#define GOOD_QUALITY 0.4
enum { ROWS_SHOWN = 30 };

/* What is known of one person of the gallery, by index. */
struct member {
	char name[NAME_BYTES];
	size_t templates;
	double best;  /* quality */
	double apart; /* the largest distance of a photo to the nearest other one; 0 = one photo */
};

struct calibrating {
	struct cmd *cmd;
	struct group group;
	const struct gallery *gallery;
	struct member *entry; /* (people of the gallery) */
	struct self_comparison self;
	struct calibration result;
	struct weak_person *weak;
	size_t weaks;
	struct alike_pair *alike;
	size_t alikes;
};

/* --- people --- */

/* Indices of the gallery by id, for looking up. */
struct index {
	const char *id;
	size_t at;
};

static int by_id(const void *a, const void *b)
{
	const struct index *x = a, *y = b;
	return strcmp(x->id, y->id);
}

struct lookup {
	struct calibrating *k;
	struct index *index;
	size_t count;
};

static struct member *member_of(const struct lookup *l, const char *id)
{
	const struct index key = {.id = id};
	const struct index *found =
		l->count ? bsearch(&key, l->index, l->count, sizeof(key), by_id) : NULL;
	return found ? &l->k->entry[found->at] : NULL;
}

static enum err add_info(void *ctx, const struct template_info *info, struct error *why)
{
	struct member *entry = member_of(ctx, info->person_id);
	if (entry) {
		entry->templates++;
		entry->best = fmax(entry->best, info->quality);
	}
	return OK;
}

static enum err read_people(struct calibrating *k, struct error *why)
{
	struct lookup l = {.k = k, .count = gallery_people(k->gallery)};
	struct person_list people = {0};
	k->entry = mem_array(l.count, sizeof(*k->entry));
	l.index = mem_array(l.count, sizeof(*l.index));
	enum err rc = k->entry && l.index ? OK : err_set(why, ERR_NOMEM, "out of memory");
	for (size_t i = 0; rc == OK && i < l.count; i++) {
		l.index[i] = (struct index){gallery_person(k->gallery, i), i};
		k->entry[i].best = NAN;
	}
	if (rc == OK && l.count > 0)
		qsort(l.index, l.count, sizeof(*l.index), by_id);
	if (rc == OK)
		rc = store_people(k->cmd->store, NULL, &people, why);
	for (size_t i = 0; rc == OK && i < people.count; i++) {
		struct member *entry = member_of(&l, people.item[i].id);
		if (entry)
			memcpy(entry->name, people.item[i].name, sizeof(entry->name));
	}
	if (rc == OK)
		rc = store_template_infos(k->cmd->store,
			pipeline_model(engine_pipeline(k->cmd->engine)), add_info, &l, why);
	person_list_finish(&people);
	free(l.index);
	return rc;
}

static const char *advice_for(const struct member *entry, const struct decision_rule *rule)
{
	if (entry->best < GOOD_QUALITY)
		return "no good photo: enrol a sharp, well lit one from the front";
	if (entry->apart > rule->review_distance)
		return "photos are unlike each other: check whose they are, enrol a newer one";
	if (entry->templates < 2)
		return "only one photo: enrol another from a different day";
	return NULL;
}

static enum err find_weak(struct calibrating *k, struct error *why)
{
	size_t people = gallery_people(k->gallery);
	for (size_t i = 0; i < k->self.probes; i++) {
		const struct self_probe *p = &k->self.probe[i];
		if (isfinite(p->own))
			k->entry[p->person].apart = fmax(k->entry[p->person].apart, p->own);
	}
	k->weak = mem_array(people, sizeof(*k->weak));
	k->alike = mem_array(k->self.pairs, sizeof(*k->alike));
	if (!k->weak || !k->alike)
		return err_set(why, ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < people; i++) {
		const struct member *e = &k->entry[i];
		const char *advice = advice_for(e, &k->result.rule);
		if (advice)
			k->weak[k->weaks++] =
				(struct weak_person){e->name, e->templates, e->best, advice};
	}
	for (size_t i = 0; i < k->self.pairs; i++) {
		const struct look_alike *pair = &k->self.pair[i];
		k->alike[k->alikes++] = (struct alike_pair){
			k->entry[pair->a].name, k->entry[pair->b].name, pair->distance};
	}
	return OK;
}

static enum err work(struct calibrating *k, struct error *why)
{
	const struct engine *e = k->cmd->engine;
	const struct decision_rule *rule = engine_rule(e);
	const struct self_limits limits =
		self_limits_thorough(engine_curve(e)->table, rule->match_distance);
	enum err rc = self_compare(k->gallery, &limits, &k->self, why);
	if (rc == OK) {
		calibrate(&k->self, engine_curve(e), rule, &k->result);
		rc = read_people(k, why);
	}
	return rc == OK ? find_weak(k, why) : rc;
}

/* --- JSON --- */

static json_t *rate_json(const struct rate *r)
{
	return json_pack("{s:f,s:f,s:o,s:o,s:o}", "events", r->events, "trials", r->trials, "rate",
		cmd_json_number(r->rate), "low", cmd_json_number(r->low), "high",
		cmd_json_number(r->high));
}

static json_t *point_json(const struct operating_point *o)
{
	return json_pack("{s:f,s:f,s:f,s:f,s:o,s:o,s:o}", "budget", o->budget, "threshold",
		o->match_distance, "review_threshold", o->review_distance, "fmr", o->fmr, "fnmr",
		rate_json(&o->fnmr), "fpir", rate_json(&o->fpir), "fnir", rate_json(&o->fnir));
}

static json_t *histogram_json(const double *bin, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_integer((json_int_t)bin[i]));
	return list;
}

static int print_json(const struct calibrating *k)
{
	const struct calibration *r = &k->result;
	json_t *move = json_array(), *weak = json_array(), *alike = json_array();
	for (int i = 0; i < CALIBRATION_POINTS; i++)
		json_array_append_new(move, point_json(&r->move[i]));
	for (size_t i = 0; i < k->weaks; i++)
		json_array_append_new(weak,
			json_pack("{s:s,s:I,s:o,s:s}", "name", k->weak[i].name, "templates",
				(json_int_t)k->weak[i].templates, "quality",
				cmd_json_number(k->weak[i].quality), "advice", k->weak[i].advice));
	for (size_t i = 0; i < k->alikes; i++)
		json_array_append_new(alike,
			json_pack("{s:s,s:s,s:f}", "a", k->alike[i].a, "b", k->alike[i].b,
				"distance", k->alike[i].distance));
	return cmd_print_json(json_pack("{s:I,s:I,s:b,s:I,s:I,s:o,s:o,s:o,s:{s:s,s:s,s:f,s:b},"
					"s:{s:f,s:o,s:o},s:o,s:o}",
		"people", (json_int_t)gallery_people(k->gallery), "templates",
		(json_int_t)gallery_templates(k->gallery), "sampled", k->self.sampled, "candidates",
		(json_int_t)r->rule.candidates, "guests", (json_int_t)r->rule.guests, "now",
		point_json(&r->now), "fmr_own", rate_json(&r->fmr), "move", move, "curve", "model",
		pipeline_model(engine_pipeline(k->cmd->engine)), "measured_on",
		r->curve.table->measured_on, "factor", r->curve.factor, "own", r->curve.own,
		"distances", "bin", r->bins.width, "genuine",
		histogram_json(r->genuine, r->bins.count), "impostor",
		histogram_json(r->impostor, r->bins.count), "look_alikes", alike, "weak", weak));
}

/* --- text --- */

static void rate_words(const struct rate *r, char out[static 2 * NUMBER_WORDS])
{
	if (r->trials > 0)
		snprintf(out, 2 * NUMBER_WORDS, "%.2f %% (%.2f-%.2f)", 100 * r->rate, 100 * r->low,
			100 * r->high);
	else
		out[0] = '\0';
}

static enum err add_point(
	struct table *t, const struct operating_point *o, const char *note, struct error *why)
{
	char budget[NUMBER_WORDS], match[NUMBER_WORDS], review[NUMBER_WORDS], fmr[NUMBER_WORDS];
	char fpir[2 * NUMBER_WORDS], fnmr[2 * NUMBER_WORDS], fnir[2 * NUMBER_WORDS];
	snprintf(budget, sizeof(budget), "%g%s", o->budget, note);
	snprintf(match, sizeof(match), "%.3f", o->match_distance);
	snprintf(review, sizeof(review), "%.3f", o->review_distance);
	snprintf(fmr, sizeof(fmr), "%.1e", o->fmr);
	rate_words(&o->fpir, fpir);
	rate_words(&o->fnmr, fnmr);
	rate_words(&o->fnir, fnir);
	return table_add(t, (const char *[]){budget, match, review, fmr, fpir, fnmr, fnir}, why);
}

static enum err print_points(const struct calibrating *k, struct error *why)
{
	static const struct table_column columns[] = {{"Budget"}, {"Match", ALIGN_RIGHT},
		{"Review", ALIGN_RIGHT}, {"FMR", ALIGN_RIGHT}, {"FPIR (95 %)", ALIGN_RIGHT},
		{"FNMR (95 %)", ALIGN_RIGHT}, {"FNIR (95 %)", ALIGN_RIGHT}};
	struct table *t = NULL;
	enum err rc = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), why);
	if (rc == OK)
		rc = add_point(t, &k->result.now, " now", why);
	for (int i = 0; i < CALIBRATION_POINTS && rc == OK; i++) {
		if (k->result.move[i].budget != k->result.now.budget)
			rc = add_point(t, &k->result.move[i], "", why);
	}
	if (rc == OK)
		rc = cmd_print_table(t, why);
	table_free(t);
	return rc;
}

static enum err print_alike(const struct calibrating *k, struct error *why)
{
	static const struct table_column columns[] = {
		{"Person"}, {"Person"}, {"Distance", ALIGN_RIGHT}};
	struct table *t = NULL;
	if (k->alikes == 0)
		return print_text(why, "\nNo look-alikes.\n");
	enum err rc = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), why);
	for (size_t i = 0; rc == OK && i < k->alikes && i < ROWS_SHOWN; i++) {
		char distance[NUMBER_WORDS];
		snprintf(distance, sizeof(distance), "%.3f", k->alike[i].distance);
		rc = table_add(t, (const char *[]){k->alike[i].a, k->alike[i].b, distance}, why);
	}
	if (rc == OK)
		rc = print_text(why, "\nLook-alikes, %zu of %zu:\n", table_rows(t), k->alikes);
	if (rc == OK)
		rc = cmd_print_table(t, why);
	table_free(t);
	return rc;
}

static enum err print_weak(const struct calibrating *k, struct error *why)
{
	static const struct table_column columns[] = {
		{"Person"}, {"Photos", ALIGN_RIGHT}, {"Quality", ALIGN_RIGHT}, {"What to do"}};
	struct table *t = NULL;
	if (k->weaks == 0)
		return print_text(why, "\nEverybody is enrolled well.\n");
	enum err rc = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), why);
	for (size_t i = 0; rc == OK && i < k->weaks && i < ROWS_SHOWN; i++) {
		const struct weak_person *w = &k->weak[i];
		char photos[NUMBER_WORDS], quality[NUMBER_WORDS];
		snprintf(photos, sizeof(photos), "%zu", w->templates);
		number_words(w->quality, quality);
		rc = table_add(t, (const char *[]){w->name, photos, quality, w->advice}, why);
	}
	if (rc == OK)
		rc = print_text(
			why, "\nTo be enrolled better, %zu of %zu:\n", table_rows(t), k->weaks);
	if (rc == OK)
		rc = cmd_print_table(t, why);
	table_free(t);
	return rc;
}

static enum err print_all(const struct calibrating *k, struct error *why)
{
	const struct calibration *r = &k->result;
	char own[2 * NUMBER_WORDS];
	rate_words(&r->fmr, own);
	enum err rc = print_text(why,
		"%zu people, %zu photos. A stranger may be taken for one of %zu people once in "
		"%.0f:\nmatch up to %.3f, review up to %.3f. %s (factor %.2f).\n"
		"Of this gallery's own comparisons of different people %s are as near.\n\n",
		gallery_people(k->gallery), gallery_templates(k->gallery), r->rule.candidates,
		1 / r->rule.budget, r->rule.match_distance, r->rule.review_distance,
		r->curve.own ? "Table and own people" : "Table alone: too few people of one's own",
		r->curve.factor, own[0] ? own : "0");
	if (rc == OK)
		rc = print_points(k, why);
	if (rc == OK)
		rc = print_alike(k, why);
	return rc == OK ? print_weak(k, why) : rc;
}

/* --- page --- */

static enum err write_page(const struct calibrating *k, const char *path, struct error *why)
{
	char stamp[STAMP_TEXT];
	const struct cmd *c = k->cmd;
	struct buf page;
	zone_stamp(c->zone, clock_now_ms() / 1000 * 1000, stamp);
	const struct calibration_report report = {
		.calibration = &k->result,
		.organisation = c->org.name,
		.group = k->group.name[0] ? k->group.name : NULL,
		.stamp = stamp,
		.people = gallery_people(k->gallery),
		.templates = gallery_templates(k->gallery),
		.sampled = k->self.sampled,
		.weak = k->weak,
		.weaks = k->weaks,
		.alike = k->alike,
		.alikes = k->alikes,
	};
	buf_init(&page, REPORT_BYTES_MAX);
	enum err rc = calibration_page(&report, &page, why);
	if (rc == OK)
		rc = cmd_output(path, page.data, page.len, why);
	buf_finish(&page);
	return rc;
}

static int run(struct cmd *c)
{
	const struct calibrate_options *o = c->options;
	struct calibrating k = {.cmd = c};
	struct error why = {0};
	const char *group_id;
	const struct engine_choice choice = {0};
	enum err rc = cmd_store_read(c, &why);
	if (rc == OK)
		rc = cmd_group(c, o->group, &k.group, &group_id, &why);
	if (rc == OK)
		rc = cmd_engine(c, 0, &choice, &why);
	if (rc == OK)
		rc = engine_search_group(c->engine, group_id, &why);
	if (rc == OK && !fmr_measured(engine_curve(c->engine)->table))
		rc = err_set(&why, ERR_UNSUPPORTED,
			"it was never measured how often the model '%s' takes people for others: "
			"'rollcall eval --table' does, for its manifest",
			pipeline_embedding(engine_pipeline(c->engine))->name);
	if (rc == OK) {
		k.gallery = engine_gallery(c->engine);
		rc = work(&k, &why);
	}
	int status = EXIT_OK;
	if (rc == OK && o->html)
		rc = write_page(&k, o->html, &why);
	if (rc == OK && c->json)
		status = print_json(&k);
	else if (rc == OK && !(o->html && strcmp(o->html, "-") == 0))
		rc = print_all(&k, &why);
	if (rc)
		status = cmd_fail(&why);
	self_comparison_finish(&k.self);
	free(k.entry);
	free(k.weak);
	free(k.alike);
	return status;
}

const struct command cmd_calibrate = {
	.name = "calibrate",
	.summary = "thresholds, look-alikes, and the error rates to expect here",
	.usage = "[--group GROUP] [--html FILE]",
	.about = "Compares the enrolled photos with each other, each one left out in turn, and "
		 "says what that means for the threshold that follows from the budget of wrong "
		 "names ('rollcall settings set budget'). Changes nothing.\n"
		 "\n"
		 "  FMR   share of comparisons of two people that would be taken for one\n"
		 "  FNMR  share of photos that are too far from the person's other photos\n"
		 "  FPIR  share of strangers who would be given a name (each person in turn is\n"
		 "        the stranger)\n"
		 "  FNIR  share of photos that would not be matched, by the whole rule\n"
		 "\n"
		 "Each with its 95 % interval, now and for other budgets. Then people who look "
		 "alike, and people who should be enrolled better.",
	.examples = "$ rollcall calibrate\n"
		    "$ rollcall calibrate --group 3a --html calibration.html",
	.complete = "-",
	.options = options,
	.options_size = sizeof(struct calibrate_options),
	.run = run,
};
