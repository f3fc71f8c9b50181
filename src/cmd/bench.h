/* SPDX-License-Identifier: MIT */
/* Measurements of `rollcall bench`: medians of repeated runs on this machine. One thread. */
#ifndef CMD_BENCH_H
#define CMD_BENCH_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"
#include "vision/pipeline.h"

enum {
	BENCH_ROUNDS = 20,
	BENCH_ROUNDS_MAX = 10000,
	BENCH_TEMPLATES = 10000,
	BENCH_TEMPLATES_MAX = 4000000,
};

struct bench_options {
	struct pipeline_options pipeline; /* models, threads and the like */
	const char *photo;                /* NULL: a picture that is made up, without faces */
	int rounds, templates;
};

/* Times of one thing in milliseconds. */
struct timing {
	double *ms;
	size_t count, capacity;
};
void timing_finish(struct timing *t);
enum err timing_add(struct timing *t, double ms, struct error *why) MUST_USE;
/* The value that a share of all times does not exceed: 0.5 median, 0.95. NAN without times. */
double timing_at(const struct timing *t, double share);

enum bench_stage { STAGE_DECODE, STAGE_DETECT, STAGE_LANDMARKS, STAGE_EMBED, BENCH_STAGES };
extern const char *const bench_stage_name[BENCH_STAGES];

/* A photo's way through the stages, `rounds` times. Release with bench_stages_finish. */
struct bench_stages {
	struct timing stage[BENCH_STAGES], whole;
	int width, height;
	size_t faces; /* in the photo; 1 stands for any in the made-up picture */
};
/* ERR_NOT_FOUND when there is no face in the given photo; ERR_STOPPED after Ctrl-C. */
enum err bench_stages(
	struct bench_stages *out, const struct bench_options *o, struct error *why) MUST_USE;
void bench_stages_finish(struct bench_stages *b);

/* One search over a gallery of random templates. */
enum err bench_search(
	struct timing *out, const struct bench_options *o, struct error *why) MUST_USE;

/* One network alone, in its own size of input; without times when it is not installed. */
struct bench_network {
	const char *name;
	double flops; /* of one run */
	struct timing timing;
};
enum { BENCH_NETWORKS = 6 };
enum err bench_networks(struct bench_network out[static BENCH_NETWORKS],
	const struct bench_options *o, struct error *why) MUST_USE;

/* "AMD Ryzen 9 9950X 16-Core Processor", or what the machine is called. */
void bench_cpu(char *out, size_t size);

/* Resident memory of this process, in megabytes. */
double bench_resident_mb(void);

#endif
