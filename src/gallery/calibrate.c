/* SPDX-License-Identifier: MIT */
#include "gallery/calibrate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "gallery/scan.h"

struct self_limits self_limits_quick(const struct manifest_fmr *table)
{
	return (struct self_limits){
		.people = 1000, .comparisons = 1500000, .bins = fmr_bins(table), .look_alike = -1};
}

struct self_limits self_limits_thorough(const struct manifest_fmr *table, double look_alike)
{
	return (struct self_limits){.people = 20000,
		.comparisons = 400000000,
		.bins = fmr_bins(table),
		.look_alike = look_alike};
}

void self_comparison_finish(struct self_comparison *s)
{
	free(s->probe);
	free(s->pair);
	impostors_free(s->impostors);
	*s = (struct self_comparison){0};
}

/* --- comparing --- */

struct row {
	const float *vector;
	size_t person; /* in the gallery */
	size_t number; /* among those compared */
};

struct comparing {
	const struct gallery *g;
	struct self_comparison *out;
	struct row *row;
	size_t rows, stride, step; /* every step-th person */
	float *nearest;            /* (people compared) squared distance to the current probe */
	double look_alike;
};

/* Takes every n-th person with all templates. */
static enum err take_rows(struct comparing *c, const struct self_limits *limits, struct error *why)
{
	size_t people = gallery_people(c->g), templates = gallery_templates(c->g);
	size_t step = people > limits->people ? (people + limits->people - 1) / limits->people : 1;
	c->row = mem_array(templates, sizeof(*c->row));
	if (c->row == NULL)
		return err_set(why, ERR_NOMEM, "no memory for %zu templates", templates);
	for (size_t i = 0; i < templates; i++) {
		struct row row;
		row.vector = gallery_row(c->g, i, &row.person);
		row.number = row.person / step;
		if (row.person % step == 0)
			c->row[c->rows++] = row;
	}
	c->out->people = (people + step - 1) / step;
	c->out->templates = c->rows;
	c->out->sampled = step > 1;
	c->step = step;
	c->nearest = mem_array(c->out->people, sizeof(*c->nearest));
	return c->nearest != NULL ? OK
				  : err_set(why, ERR_NOMEM, "no memory for %zu people", people);
}

static enum err add_pair(
	struct comparing *c, size_t a, size_t b, double distance, struct error *why)
{
	struct self_comparison *out = c->out;
	void *items = out->pair;
	if (out->pairs >= 2 * LOOK_ALIKES_MAX)
		return OK;
	if (!mem_grow(&items, out->pairs, &out->capacity, sizeof(*out->pair)))
		return err_set(why, ERR_NOMEM, "no memory for look-alikes");
	out->pair = items;
	out->pair[out->pairs++] = (struct look_alike){a < b ? a : b, a < b ? b : a, distance};
	return OK;
}

static enum err compare_row(struct comparing *c, const struct row *probe, struct error *why)
{
	struct self_probe *p = &c->out->probe[c->out->probes++];
	size_t people = c->out->people;
	*p = (struct self_probe){probe->person, INFINITY, INFINITY, INFINITY};
	for (size_t i = 0; i < people; i++)
		c->nearest[i] = INFINITY;
	for (size_t i = 0; i < c->rows; i++) {
		const struct row *row = &c->row[i];
		float squared;
		if (row == probe)
			continue;
		scan_squared(row->vector, probe->vector, c->stride, 1, &squared);
		if (squared < c->nearest[row->number])
			c->nearest[row->number] = squared;
	}
	enum err err = OK;
	for (size_t i = 0; err == OK && i < people; i++) {
		double distance = sqrt((double)c->nearest[i]);
		if (i == probe->number) {
			p->own = distance;
			continue;
		}
		impostors_add(c->out->impostors, probe->number, i, distance);
		p->second = fmin(p->second, fmax(p->first, distance));
		p->first = fmin(p->first, distance);
		if (distance <= c->look_alike)
			err = add_pair(c, probe->person, i * c->step, distance, why);
	}
	return err;
}

static int by_people(const void *left, const void *right)
{
	const struct look_alike *a = left, *b = right;
	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	if (a->b != b->b)
		return a->b < b->b ? -1 : 1;
	return (a->distance > b->distance) - (a->distance < b->distance);
}

static int by_distance(const void *left, const void *right)
{
	const struct look_alike *a = left, *b = right;
	int order = (a->distance > b->distance) - (a->distance < b->distance);
	return order != 0 ? order : by_people(left, right);
}

/* Each pair once, with its least distance; nearest first. */
static void sort_pairs(struct self_comparison *s)
{
	if (s->pairs == 0)
		return;
	qsort(s->pair, s->pairs, sizeof(*s->pair), by_people);
	size_t kept = 0;
	for (size_t i = 0; i < s->pairs; i++) {
		const struct look_alike *last = kept > 0 ? &s->pair[kept - 1] : NULL;
		if (last == NULL || last->a != s->pair[i].a || last->b != s->pair[i].b)
			s->pair[kept++] = s->pair[i];
	}
	qsort(s->pair, kept, sizeof(*s->pair), by_distance);
	s->pairs = kept < LOOK_ALIKES_MAX ? kept : LOOK_ALIKES_MAX;
}

enum err self_compare(const struct gallery *g, const struct self_limits *limits,
	struct self_comparison *out, struct error *why)
{
	*out = (struct self_comparison){0};
	struct comparing c = {.g = g, .out = out, .look_alike = limits->look_alike};
	c.stride = (gallery_dim(g) + SCAN_LANES - 1) / SCAN_LANES * SCAN_LANES;
	enum err err = take_rows(&c, limits, why);
	if (err == OK)
		err = impostors_new(&out->impostors, out->people, limits->bins, why);
	if (err == OK) {
		out->probe = mem_array(c.rows, sizeof(*out->probe));
		if (out->probe == NULL)
			err = err_set(why, ERR_NOMEM, "no memory for %zu probes", c.rows);
	}
	size_t affordable = c.rows > 0 ? limits->comparisons / c.rows : 1;
	size_t step = affordable > 0 ? (c.rows + affordable - 1) / affordable : c.rows;
	out->sampled |= step > 1;
	for (size_t i = 0; err == OK && i < c.rows; i += step)
		err = compare_row(&c, &c.row[i], why);
	sort_pairs(out);
	free(c.row);
	free(c.nearest);
	if (err != OK)
		self_comparison_finish(out);
	return err;
}

enum err calibrate_curve(const struct gallery *g, const struct manifest_fmr *table,
	struct fmr_curve *out, struct error *why)
{
	size_t people = gallery_people(g);
	double templates = people > 0 ? (double)gallery_templates(g) / (double)people : 1;
	*out = fmr_curve_plain(table, templates);
	if (people < FMR_OWN_PEOPLE || !fmr_measured(table))
		return OK;
	struct self_comparison self;
	const struct self_limits limits = self_limits_quick(table);
	enum err err = self_compare(g, &limits, &self, why);
	if (err == OK)
		*out = fmr_curve_own(table, self.impostors, templates);
	self_comparison_finish(&self);
	return err;
}

/* --- what follows from it --- */

static struct question question_of(double first, double second)
{
	return (struct question){
		.hit = {.person_id = isfinite(first) ? "first" : NULL,
			.distance = first,
			.second_id = isfinite(second) ? "second" : NULL,
			.second_distance = second},
		.guest = {.distance = INFINITY, .second_distance = INFINITY},
		.counter = INFINITY,
		.pair = INFINITY,
		.quality = 1,
	};
}

static struct operating_point point_at(const struct self_comparison *self,
	const struct fmr_curve *curve, const struct decision_rule *rule)
{
	double known = 0, far = 0, missed = 0, strangers = 0, named = 0;
	for (size_t i = 0; i < self->probes; i++) {
		const struct self_probe *p = &self->probe[i];
		struct question q = question_of(p->first, p->second);
		if (isfinite(p->first)) {
			strangers++;
			named += decide(rule, &q).decision == DECISION_MATCH;
		}
		if (!isfinite(p->own))
			continue;
		known++;
		far += p->own > rule->match_distance;
		q = question_of(p->own, p->first);
		missed += !(p->own < p->first && decide(rule, &q).decision == DECISION_MATCH);
	}
	return (struct operating_point){
		.budget = rule->budget,
		.match_distance = rule->match_distance,
		.review_distance = rule->review_distance,
		.fmr = fmr_at(curve, rule->match_distance),
		.fnmr = rate_exact(far, known, RATE_LEVEL),
		.fpir = rate_exact(named, strangers, RATE_LEVEL),
		.fnir = rate_exact(missed, known, RATE_LEVEL),
	};
}

static void fill_histograms(const struct self_comparison *self, struct calibration *out)
{
	const struct impostor_bins bins = impostors_bins(self->impostors);
	out->bins = bins;
	for (size_t i = 0; i < self->probes; i++) {
		double bin = self->probe[i].own / bins.width;
		out->genuines += isfinite(bin);
		if (bin < (double)bins.count)
			out->genuine[(size_t)bin]++;
	}
	out->impostors = impostors_count(self->impostors);
	double before = 0;
	for (size_t i = 0; i < bins.count; i++) {
		double below = impostors_below(self->impostors, (double)(i + 1) * bins.width);
		out->impostor[i] = below - before;
		before = below;
	}
}

void calibrate(const struct self_comparison *self, const struct fmr_curve *curve,
	const struct decision_rule *rule, struct calibration *out)
{
	static const double budget[CALIBRATION_POINTS] = {1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1};
	*out = (struct calibration){.curve = *curve, .rule = *rule};
	out->now = point_at(self, curve, rule);
	double width = impostors_bins(self->impostors).width;
	out->fmr =
		impostors_rate(self->impostors, floor(rule->match_distance / width + 1e-9) * width);
	for (int i = 0; i < CALIBRATION_POINTS; i++) {
		const struct decision_rule other =
			decision_rule_for(curve, budget[i], rule->candidates, rule->guests);
		out->move[i] = point_at(self, curve, &other);
	}
	fill_histograms(self, out);
}
