/* SPDX-License-Identifier: MIT */
#include "gallery/rates.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

enum { FRACTION_STEPS = 1000, BISECTIONS = 200 };

static double log_gamma(double x)
{
	int sign;
	return lgamma_r(x, &sign);
}

/* Never 0, so that it can be divided by (Lentz). */
static double not_zero(double x)
{
	return fabs(x) < DBL_MIN ? DBL_MIN : x;
}

/*
 * The continued fraction of I_x(a, b) by the method of Lentz (Press et al., Numerical
 * Recipes, section 6.4; DLMF 8.17.22); it converges quickly for x < (a + 1) / (a + b + 2).
 */
static double beta_fraction(double x, double a, double b)
{
	double c = 1, d = 1 / not_zero(1 - (a + b) * x / (a + 1)), h = d;
	for (int i = 1; i <= FRACTION_STEPS; i++) {
		double m = i;
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		d = 1 / not_zero(1 + even * d);
		c = not_zero(1 + even / c);
		h *= d * c;
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 / not_zero(1 + odd * d);
		c = not_zero(1 + odd / c);
		h *= d * c;
		if (fabs(d * c - 1) < 4 * DBL_EPSILON)
			break;
	}
	return h;
}

double beta_distribution(double x, double a, double b)
{
	if (!(x > 0))
		return 0;
	if (x >= 1)
		return 1;
	double front =
		exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log1p(-x));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(x, a, b) / a;
	return 1 - front * beta_fraction(1 - x, b, a) / b;
}

/* The x at which I_x(a, b) is `share`. */
static double beta_quantile(double share, double a, double b)
{
	double low = 0, high = 1;
	for (int i = 0; i < BISECTIONS && high - low > DBL_EPSILON * high; i++) {
		double middle = low + (high - low) / 2;
		if (beta_distribution(middle, a, b) < share)
			low = middle;
		else
			high = middle;
	}
	return low + (high - low) / 2;
}

struct rate rate_exact(double events, double trials, double level)
{
	struct rate r = {events, trials, NAN, 0, 1};
	if (!(trials > 0))
		return r;
	double tail = (1 - level) / 2;
	r.rate = events / trials;
	if (events > 0)
		r.low = beta_quantile(tail, events, trials - events + 1);
	if (events < trials)
		r.high = beta_quantile(1 - tail, events + 1, trials - events);
	return r;
}

struct rate rate_clustered(double events, double trials, double variance, double level)
{
	double p = trials > 0 ? events / trials : 0;
	double effective = variance > 0 ? fmin(p * (1 - p) / variance, trials) : trials;
	bool usable = p > 0 && p < 1;
	struct rate r = usable ? rate_exact(p * effective, effective, level)
			       : rate_exact(events, trials, level);
	r.events = events;
	r.trials = trials;
	return r;
}

/* Of at most k events: I_(1 - p)(n - k, k + 1). */
static double binomial_up_to(double k, double probability, double trials)
{
	return k >= trials ? 1 : beta_distribution(1 - probability, trials - k, k + 1);
}

void rate_expected(double probability, double trials, double level, double *least, double *most)
{
	double tail = (1 - level) / 2, k = 0;
	while (k < trials && binomial_up_to(k, probability, trials) <= tail)
		k++;
	*least = k;
	while (k < trials && binomial_up_to(k, probability, trials) < 1 - tail)
		k++;
	*most = k;
}

double rate_fpir(double fmr, size_t people)
{
	return -expm1((double)people * log1p(-fmr));
}

double rate_fmr_for(double fpir, size_t people)
{
	return people > 0 ? -expm1(log1p(-fpir) / (double)people) : 1;
}
