/* SPDX-License-Identifier: MIT */
/* Measurements of `rollcall bench`: medians of repeated runs on this machine. One thread. */
#ifndef CMD_BENCH_H
#define CMD_BENCH_H

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"
#include "gallery/gallery.h"
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

/* A gallery of random templates, one a person, the same each time. */
enum err bench_gallery(struct gallery **out, size_t dim, int templates, struct error *why) MUST_USE;

/* One search over such a gallery, in turns with a plain read of as many bytes. */
struct bench_search {
	struct timing timing, read;
	double bytes; /* of either */
};
enum err bench_search(
	struct bench_search *out, const struct bench_options *o, struct error *why) MUST_USE;

/*
 * A camera's frame with one face, cut from the photo: decoded, found, embedded, searched for
 * among BENCH_FRAME_PEOPLE. Without times where a photo was not given or a model is not installed.
 */
struct bench_frame {
	const char *detector, *embedding;
	size_t faces;
	struct timing timing;
};
enum { BENCH_FRAMES = 2, BENCH_FRAME_PEOPLE = 1000 };
enum err bench_frames(struct bench_frame out[static BENCH_FRAMES], const struct bench_options *o,
	struct error *why) MUST_USE;

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

/* The most memory that this process had resident so far, in megabytes. */
double bench_peak_mb(void);

#endif
