/* SPDX-License-Identifier: MIT */
#include "report/calibration_page.h"

#include <math.h>
#include <string.h>

#include "gallery/verify.h"

/* The page under way: the first failure stays. */
struct page {
	struct buf *out;
	enum err err;
	const struct calibration_report *r;
	const struct calibration *c;
	double x_first, x_last, x_tick; /* of the drawings: distances */
};

static void say(struct page *p, const char *text)
{
	if (p->err == OK)
		p->err = buf_add_str(p->out, text);
}

#define sayf(p, ...)                                                  \
	do {                                                          \
		if ((p)->err == OK)                                   \
			(p)->err = buf_printf((p)->out, __VA_ARGS__); \
	} while (0)

/* Text that somebody typed. */
static void say_escaped(struct page *p, const char *text)
{
	static const char special[] = "<>&\"'";
	while (*text != '\0') {
		size_t plain = strcspn(text, special);
		if (p->err == OK)
			p->err = buf_add(p->out, text, plain);
		text += plain;
		if (*text != '\0')
			sayf(p, "&#%d;", *text++);
	}
}

static const char style[] =
	":root{--ink:#1a1c1f;--soft:#55595f;--paper:#fff;--line:#c9cdd2;--a:#0b57b0;--b:#b3261e;"
	"--mark:#1a1c1f;color-scheme:light dark}"
	"@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a9aeb5;--paper:#16181b;"
	"--line:#3c4046;--a:#8ab4f8;--b:#f2a29c;--mark:#e8eaed}}"
	"@media print{:root{--ink:#000;--soft:#333;--paper:#fff;--line:#999;--a:#0b57b0;"
	"--b:#b3261e;--mark:#000}figure,tr{break-inside:avoid}h2{break-after:avoid}"
	"thead{display:table-header-group}.wide{overflow:visible}body{max-width:none;padding:0;"
	"font-size:11pt}svg{max-width:21rem}.t td{padding-top:.15rem;padding-bottom:.15rem}}"
	"*{box-sizing:border-box}"
	"body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);"
	"max-width:46rem;margin:0 auto;padding:1rem}"
	"h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0}h2{font-size:1.15rem;margin:2rem 0 "
	".5rem}"
	"p{margin:.5rem 0}.soft,figcaption,caption{color:var(--soft)}"
	"figure{margin:1rem 0}svg{display:block;width:100%;height:auto;max-width:36rem}"
	"svg text{font:13px system-ui,sans-serif;fill:var(--ink)}"
	".axis{stroke:var(--line);stroke-width:1}.a{stroke:var(--a)}.b{stroke:var(--b)}"
	".a,.b{fill:none;stroke-width:2}.b{stroke-dasharray:6 3}"
	"svg text.ta{fill:var(--a)}svg text.tb{fill:var(--b)}"
	".mark{stroke:var(--mark);stroke-width:1.5}.review{stroke-dasharray:2 3}"
	".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
	"caption{text-align:left;padding:.25rem 0}"
	"th,td{border-bottom:1px solid var(--line);padding:.3rem .75rem .3rem "
	"0;text-align:right;vertical-align:top}"
	"th:first-child,td:first-child,.t th,.t td{text-align:left}"
	"td{white-space:nowrap}.t td{white-space:normal}.t td:last-child{min-width:12rem}"
	"@media(max-width:36rem){.less{display:none}th,td{padding-right:.5rem}.t "
	"td:last-child{min-width:7rem}}"
	"@media print{.less{display:table-cell}}"
	"tr.now{font-weight:700}";

/* --- drawings: 400 wide, 250 high --- */

enum { LEFT = 64, RIGHT = 388, TOP = 26, BOTTOM = 206, LOG_DECADES = 6 };

enum { X_TICKS = 5, BARS = 40 };

/* From the table's distances, a little before them, to their end. */
static void choose_x(struct page *p)
{
	const struct manifest_fmr *t = p->c->curve.table;
	double last = fmr_point_distance(t, t->points - 1);
	double tick = distances_step((last - t->first) / X_TICKS);
	p->x_tick = tick;
	p->x_first = fmax(floor(t->first / tick - 0.5) * tick, 0);
	/* Most of the different people are beyond the table. */
	p->x_last = floor((double)p->c->bins.count * p->c->bins.width / tick + 1e-9) * tick;
	p->x_last = fmax(p->x_last, ceil(last / tick - 1e-9) * tick);
}

static double x_of(const struct page *p, double distance)
{
	double share = (distance - p->x_first) / (p->x_last - p->x_first);
	return LEFT + fmin(fmax(share, 0), 1) * (RIGHT - LEFT);
}

static double y_of(double share)
{
	return BOTTOM - fmin(fmax(share, 0), 1) * (BOTTOM - TOP);
}

/* A rate on a scale from 10^-LOG_DECADES to 1. */
static double y_log(double rate)
{
	return y_of(rate > 0 ? 1 + log10(rate) / LOG_DECADES : 0);
}

static void x_axis(struct page *p)
{
	sayf(p, "<path class=\"axis\" d=\"M%d %dH%d\"/>", LEFT, BOTTOM, RIGHT);
	for (double at = p->x_first; at < p->x_last + p->x_tick / 2; at += p->x_tick)
		sayf(p, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.2g</text>", x_of(p, at),
			BOTTOM + 17, at);
	sayf(p, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">distance</text>", RIGHT, BOTTOM + 36);
}

static void thresholds(struct page *p)
{
	const struct decision_rule *rule = &p->c->rule;
	sayf(p,
		"<path class=\"mark\" d=\"M%.1f %dV%d\"/><path class=\"mark review\" d=\"M%.1f "
		"%dV%d\"/>",
		x_of(p, rule->match_distance), TOP, BOTTOM, x_of(p, rule->review_distance), TOP,
		BOTTOM);
	sayf(p,
		"<text x=\"%.1f\" y=\"%d\" text-anchor=\"end\">match</text><text x=\"%.1f\" "
		"y=\"%d\">review</text>",
		x_of(p, rule->match_distance) - 3, TOP - 8, x_of(p, rule->review_distance) + 3,
		TOP - 8);
}

static void svg_begin(struct page *p, const char *title)
{
	sayf(p, "<svg viewBox=\"0 0 400 250\" role=\"img\" aria-label=\"%s\">", title);
}

/* Bars are as wide as this many bins, so that there are some forty. */
static size_t bins_a_bar(const struct page *p)
{
	double bars = (p->x_last - p->x_first) / p->c->bins.width / BARS;
	return bars > 1 ? (size_t)ceil(bars - 1e-9) : 1;
}

static double bar_at(const struct page *p, const double *bin, size_t first)
{
	double sum = 0;
	for (size_t i = first; i < first + bins_a_bar(p) && i < p->c->bins.count; i++)
		sum += bin[i];
	return sum;
}

static size_t first_bar(const struct page *p)
{
	return (size_t)(p->x_first / p->c->bins.width + 0.5);
}

static double most(const struct page *p, const double *bin, double total)
{
	double largest = 0;
	for (size_t i = first_bar(p); i < p->c->bins.count; i += bins_a_bar(p))
		largest = fmax(largest, bar_at(p, bin, i));
	return total > 0 ? largest / total : 0;
}

static void histogram(
	struct page *p, const char *class, const double *bin, double total, double top)
{
	if (total <= 0)
		return;
	double width = p->c->bins.width;
	size_t step = bins_a_bar(p);
	sayf(p, "<path class=\"%s\" d=\"M%.1f %d", class, x_of(p, p->x_first), BOTTOM);
	for (size_t i = first_bar(p); i < p->c->bins.count; i += step) {
		if ((double)i * width >= p->x_last - 1e-9)
			break;
		sayf(p, "V%.1fH%.1f", y_of(bar_at(p, bin, i) / total / top),
			x_of(p, (double)(i + step) * width));
	}
	sayf(p, "V%d\"/>", BOTTOM);
}

static void draw_histograms(struct page *p)
{
	const struct calibration *c = p->c;
	double top = fmax(most(p, c->genuine, c->genuines), most(p, c->impostor, c->impostors));
	if (top <= 0)
		return;
	say(p, "<figure>");
	svg_begin(p, "How far photos of one person and of different people are apart");
	x_axis(p);
	histogram(p, "a", c->genuine, c->genuines, top);
	histogram(p, "b", c->impostor, c->impostors, top);
	thresholds(p);
	sayf(p,
		"<text class=\"ta\" x=\"%d\" y=\"%d\">same person</text><text class=\"tb\" "
		"x=\"%d\" y=\"%d\">different people</text></svg>",
		LEFT, BOTTOM + 36, LEFT + 100, BOTTOM + 36);
	sayf(p,
		"<figcaption>%.0f comparisons of one person's photos (solid; each with the nearest "
		"of the others), %.0f of different people (dashed).</figcaption></figure>",
		c->genuines, c->impostors);
}

/* Begins a line or goes on with it; nothing where the rate is below the drawing. */
static void line_to(struct page *p, bool *drawn, double distance, double rate)
{
	if (rate < pow(10, -LOG_DECADES) || distance < p->x_first - 1e-9 ||
		distance > p->x_last + 1e-9)
		return;
	sayf(p, "%s%.1f %.1f", *drawn ? "L" : "M", x_of(p, distance), y_log(rate));
	*drawn = true;
}

/* The shares of the same person beyond, and of different people within each distance. */
static void own_lines(struct page *p)
{
	const struct calibration *c = p->c;
	const struct manifest_fmr *table = c->curve.table;
	double beyond = c->genuines, last = fmr_point_distance(table, table->points - 1);
	bool drawn = false;
	say(p, "<path class=\"a\" d=\"");
	for (size_t i = 0; i < c->bins.count && beyond > 0; i++) {
		line_to(p, &drawn, (double)i * c->bins.width, beyond / c->genuines);
		beyond -= c->genuine[i];
	}
	say(p, "\"/><path class=\"b\" d=\"");
	drawn = false;
	for (double at = p->x_first; at < last + table->step / 2; at += table->step)
		line_to(p, &drawn, at, fmr_at(&c->curve, at));
	say(p, "\"/>");
}

static void draw_rates(struct page *p)
{
	static const char *const label[] = {"1", "10 %", "1 %", "1 in 10\xC2\xB3",
		"1 in 10\xE2\x81\xB4", "1 in 10\xE2\x81\xB5", "1 in 10\xE2\x81\xB6"};
	say(p, "<figure>");
	svg_begin(p, "Rates of errors of one comparison by distance");
	x_axis(p);
	for (int i = 0; i <= LOG_DECADES; i++) {
		double y = y_log(pow(10, -i));
		sayf(p,
			"<path class=\"axis\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" "
			"text-anchor=\"end\">%s</text>",
			LEFT, y, RIGHT, LEFT - 4, y + 4, label[i]);
	}
	own_lines(p);
	thresholds(p);
	say(p,
		"</svg><figcaption>Solid: the same person's photos that are farther apart than "
		"that (FNMR, of this gallery). Dashed: different people who are nearer (FMR, the "
		"upper end of what was measured).</figcaption></figure>");
}

/* --- tables --- */

static void cell_rate(struct page *p, const struct rate *rate, const char *class)
{
	sayf(p, "<td%s>", class);
	if (rate->trials > 0)
		sayf(p, "%.2f&nbsp;%%<br><span class=\"soft\">%.2f\xE2\x80\x93%.2f</span>",
			100 * rate->rate, 100 * rate->low, 100 * rate->high);
	else
		say(p, "\xE2\x80\x93");
	say(p, "</td>");
}

/* What a telephone has no room for. */
#define LESS " class=\"less\""

static void row_point(struct page *p, const struct operating_point *o, bool now)
{
	sayf(p,
		"<tr%s><th scope=\"row\">%g%s</th><td>%.3f</td><td" LESS ">%.3f</td><td" LESS
		">%.1e</td>",
		now ? " class=\"now\"" : "", o->budget, now ? " (now)" : "", o->match_distance,
		o->review_distance, o->fmr);
	cell_rate(p, &o->fpir, "");
	cell_rate(p, &o->fnmr, LESS);
	cell_rate(p, &o->fnir, "");
	say(p, "</tr>");
}

static void say_points(struct page *p)
{
	const struct calibration *c = p->c;
	bool told = false;
	say(p,
		"<h2>What moving the budget would change</h2><p class=\"soft\">With 95 % "
		"intervals. "
		"A stricter budget means fewer wrong names and more faces to look at by hand.</p>"
		"<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"Budgets\"><table>"
		"<thead><tr><th scope=\"col\">Budget</th><th scope=\"col\">Match up to</th><th "
		"scope=\"col\"" LESS ">Review up to</th><th scope=\"col\"" LESS ">FMR</th><th "
		"scope=\"col\">Strangers named (FPIR)</th><th scope=\"col\"" LESS ">Own photo too "
		"far (FNMR)</th><th scope=\"col\">Not recognised (FNIR)</th></tr></thead><tbody>");
	for (int i = 0; i < CALIBRATION_POINTS; i++) {
		double ratio = c->move[i].budget / c->now.budget;
		bool same = ratio > 0.999 && ratio < 1.001;
		if (!told && !same && ratio > 1)
			row_point(p, &c->now, true);
		told |= ratio >= 0.999;
		row_point(p, same ? &c->now : &c->move[i], same);
	}
	if (!told)
		row_point(p, &c->now, true);
	say(p, "</tbody></table></div>");
}

static void say_alike(struct page *p)
{
	say(p, "<h2>Look-alikes</h2>");
	if (p->r->alikes == 0) {
		say(p, "<p>No two people are as near to each other as a match may be.</p>");
		return;
	}
	say(p,
		"<p>They are nearer to each other than a match may be. They are marked only where "
		"a face is clearly one of them; the same person twice is to be merged by "
		"hand.</p><div class=\"wide\" tabindex=\"0\" role=\"region\" "
		"aria-label=\"Look-alikes\"><table "
		"class=\"t\"><thead><tr><th scope=\"col\">Person</th><th "
		"scope=\"col\">Person</th><th scope=\"col\">Distance</th></tr></thead><tbody>");
	for (size_t i = 0; i < p->r->alikes; i++) {
		say(p, "<tr><td>");
		say_escaped(p, p->r->alike[i].a);
		say(p, "</td><td>");
		say_escaped(p, p->r->alike[i].b);
		sayf(p, "</td><td>%.3f</td></tr>", p->r->alike[i].distance);
	}
	say(p, "</tbody></table></div>");
}

static void say_weak(struct page *p)
{
	say(p, "<h2>People to enrol better</h2>");
	if (p->r->weaks == 0) {
		say(p, "<p>Everybody has several good photos that are alike.</p>");
		return;
	}
	say(p,
		"<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"People to enrol "
		"better\"><table class=\"t\"><thead><tr><th scope=\"col\">Person</th><th "
		"scope=\"col\">Photos</th><th" LESS " scope=\"col\">Best quality</th><th "
		"scope=\"col\">What to do</th></tr></thead><tbody>");
	for (size_t i = 0; i < p->r->weaks; i++) {
		const struct weak_person *w = &p->r->weak[i];
		say(p, "<tr><td>");
		say_escaped(p, w->name);
		sayf(p, "</td><td>%zu</td><td" LESS ">", w->templates);
		if (isfinite(w->quality))
			sayf(p, "%.2f", w->quality);
		sayf(p, "</td><td>%s</td></tr>", w->advice);
	}
	say(p, "</tbody></table></div>");
}

static void say_head(struct page *p)
{
	const struct calibration_report *r = p->r;
	const struct decision_rule *rule = &p->c->rule;
	sayf(p,
		"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
		"name=\"viewport\" content=\"width=device-width, "
		"initial-scale=1\"><title>Calibration</title><style>%s</style></head><body><main>"
		"<h1>How well faces are told apart: ",
		style);
	say_escaped(p, r->organisation);
	if (r->group != NULL) {
		say(p, ", ");
		say_escaped(p, r->group);
	}
	sayf(p, "</h1><p class=\"soft\">%s. %zu people, %zu photos%s.</p>", r->stamp, r->people,
		r->templates, r->sampled ? "; an even sample of them was compared" : "");
	sayf(p,
		"<p>A stranger may be taken for somebody once in <b>%.0f</b> looks. Among %zu "
		"people that asks for a false match rate (FMR) of %.1e in each comparison, so a "
		"face is matched up to a distance of <b>%.3f</b> and shown for review up to "
		"<b>%.3f</b>.</p>",
		1 / rule->budget, rule->candidates, p->c->now.fmr, rule->match_distance,
		rule->review_distance);
	const struct fmr_curve *curve = &p->c->curve;
	sayf(p, "<p>The rates are the upper ends of the model's table (measured on %s)",
		curve->table->measured_on);
	if (curve->own)
		sayf(p,
			", times %.2f, because of %.0f comparisons of this gallery's own people "
			"below %.2f",
			curve->factor, curve->own_rate.events, curve->own_distance);
	else if (curve->factor > 1)
		sayf(p, ", times %.2f, because people have several photos", curve->factor);
	sayf(p, "%s.</p>",
		curve->own ? "" : "; this gallery has too few people to say anything about itself");
}

enum err calibration_page(
	const struct calibration_report *report, struct buf *out, struct error *why)
{
	struct page p = {.out = out, .r = report, .c = report->calibration};
	choose_x(&p);
	say_head(&p);
	say(&p, "<h2>Distances</h2>");
	draw_histograms(&p);
	draw_rates(&p);
	say_points(&p);
	say_alike(&p);
	say_weak(&p);
	say(&p, "</main></body></html>\n");
	return p.err == OK ? OK : err_set(why, p.err, "cannot make the page: %s", err_str(p.err));
}
