/* SPDX-License-Identifier: MIT */
/*
 * Rates of rare events and how sure they are. Pure, any thread.
 *
 * FMR: share of comparisons of two people's faces that are taken for one person's.
 * FPIR: share of strangers' probes for which at least one of n people is returned.
 */
#ifndef GALLERY_RATES_H
#define GALLERY_RATES_H

#include <stddef.h>

#define RATE_LEVEL 0.95 /* of the intervals that are reported */

/* A rate with the limits of its interval: low <= rate <= high. */
struct rate {
	double events, trials;
	double rate; /* events / trials; NAN without trials */
	double low, high;
};

/*
 * The exact interval of Clopper and Pearson (Biometrika 26, 1934) for `events` of `trials`
 * independent ones: quantiles of beta distributions, low of Beta(k, n - k + 1) and high of
 * Beta(k + 1, n - k). Neither need be whole. Without trials: 0 to 1.
 */
struct rate rate_exact(double events, double trials, double level);

/*
 * The same when the trials are not independent and the variance of the rate was estimated
 * from the clusters: with the effective number of trials p (1 - p) / variance, at most the
 * real one (Korn and Graubard, Survey Methodology 24, 1998). events and trials stay as given.
 */
struct rate rate_clustered(double events, double trials, double variance, double level);

/*
 * How often an event of that probability happens in `trials` independent trials: the numbers
 * *least to *most leave out at most half of 1 - level on each side (binomial distribution).
 */
void rate_expected(double probability, double trials, double level, double *least, double *most);

/* FPIR of a search among n people: 1 - (1 - fmr)^n, the comparisons taken as independent. */
double rate_fpir(double fmr, size_t people);

/* The FMR at which a search among n people has that FPIR: 1 - (1 - fpir)^(1 / n). */
double rate_fmr_for(double fpir, size_t people);

/* Regularised incomplete beta function I_x(a, b), a and b > 0, x in 0..1, to about 1e-12. */
double beta_distribution(double x, double a, double b);

#endif
