/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "cmd/bench.h"
#include "cmd/cmd.h"
#include "cmd/recognise.h"
#include "cmd/words.h"
#include "infer/peak.h"

struct bench_command_options {
	struct engine_choice choice;
	const char *photo;
	int templates, rounds;
};

static const struct bench_command_options defaults = {
	.templates = BENCH_TEMPLATES,
	.rounds = BENCH_ROUNDS,
};

static const struct option_spec options[] = {
	{.name = "photo",
		.kind = OPTION_TEXT,
		.value = "FILE",
		.help = "a photo with faces; without it a made-up picture, as if it had one",
		.offset = offsetof(struct bench_command_options, photo),
		.complete = "file"},
	{.name = "templates",
		.kind = OPTION_INT,
		.value = "N",
		.help = "how many templates are searched (10000)",
		.offset = offsetof(struct bench_command_options, templates),
		.min = 1,
		.max = BENCH_TEMPLATES_MAX,
		.complete = "-"},
	{.name = "rounds",
		.kind = OPTION_INT,
		.value = "N",
		.help = "how often each thing is measured (20)",
		.offset = offsetof(struct bench_command_options, rounds),
		.min = 1,
		.max = BENCH_ROUNDS_MAX,
		.complete = "-"},
	RECOGNISE_OPTIONS(struct bench_command_options),
	{0},
};

#define PEAK_SECONDS 0.3

enum { CPU_BYTES = 256 };

struct bench {
	struct bench_options options;
	char cpu[CPU_BYTES];
	struct bench_stages stages;
	struct bench_search search;
	struct bench_frame frame[BENCH_FRAMES];
	struct bench_network network[BENCH_NETWORKS];
	double peak_flops, peak_read; /* of one core: operations and bytes a second */
	double peak_mb;               /* of the process, before there was a gallery */
};

static enum err measure(struct bench *b, struct error *why)
{
	bench_cpu(b->cpu, sizeof(b->cpu));
	enum err rc = bench_stages(&b->stages, &b->options, why);
	b->peak_mb = bench_peak_mb();
	if (rc == OK)
		rc = bench_frames(b->frame, &b->options, why);
	if (rc == OK)
		rc = bench_search(&b->search, &b->options, why);
	if (rc == OK)
		rc = bench_networks(b->network, &b->options, why);
	if (rc == OK) {
		b->peak_flops = peak_flops(PEAK_SECONDS);
		b->peak_read = peak_read_bytes(PEAK_SECONDS);
	}
	return rc;
}

static double faces_per_second(const struct bench *b)
{
	return (double)b->stages.faces * 1e3 / timing_at(&b->stages.whole, 0.5);
}

/* Bytes a second of a search, or of a plain read of as many. */
static double bytes_per_second(const struct bench *b, const struct timing *t)
{
	return b->search.bytes / (timing_at(t, 0.5) * 1e-3);
}

static double flops_per_second(const struct bench_network *n)
{
	return n->flops / (timing_at(&n->timing, 0.5) * 1e-3);
}

/* --- JSON --- */

static json_t *timing_json(const struct timing *t)
{
	return json_pack("{s:o,s:o}", "median_ms", cmd_json_number(timing_at(t, 0.5)), "p95_ms",
		cmd_json_number(timing_at(t, 0.95)));
}

static json_t *search_json(const struct bench *b)
{
	json_t *search = timing_json(&b->search.timing);
	const double rate = bytes_per_second(b, &b->search.timing);
	const double read = bytes_per_second(b, &b->search.read);
	json_object_set_new(search, "templates", json_integer(b->options.templates));
	json_object_set_new(search, "gb_per_s", cmd_json_number(rate / 1e9));
	json_object_set_new(search, "read_gb_per_s", cmd_json_number(read / 1e9));
	json_object_set_new(search, "share_of_read", cmd_json_number(rate / read));
	return search;
}

static json_t *frames_json(const struct bench *b)
{
	json_t *frames = json_array();
	for (size_t i = 0; i < BENCH_FRAMES; i++) {
		const struct bench_frame *f = &b->frame[i];
		if (f->timing.count == 0)
			continue;
		json_t *entry = timing_json(&f->timing);
		json_object_set_new(entry, "detector", json_string(f->detector));
		json_object_set_new(entry, "embedding", json_string(f->embedding));
		json_object_set_new(entry, "faces", json_integer((json_int_t)f->faces));
		json_object_set_new(entry, "people", json_integer(BENCH_FRAME_PEOPLE));
		json_array_append_new(frames, entry);
	}
	return frames;
}

static int print_json(const struct bench *b)
{
	json_t *stages = json_object(), *networks = json_object();
	for (size_t i = 0; i < BENCH_STAGES; i++)
		json_object_set_new(stages, bench_stage_name[i], timing_json(&b->stages.stage[i]));
	for (size_t i = 0; i < BENCH_NETWORKS; i++) {
		const struct bench_network *n = &b->network[i];
		if (n->timing.count == 0)
			continue;
		json_t *entry = timing_json(&n->timing);
		json_object_set_new(entry, "gflops", cmd_json_number(flops_per_second(n) / 1e9));
		json_object_set_new(entry, "share_of_peak",
			cmd_json_number(flops_per_second(n) / b->peak_flops));
		json_object_set_new(networks, n->name, entry);
	}
	json_t *pipeline = timing_json(&b->stages.whole);
	json_object_set_new(pipeline, "faces_per_s", cmd_json_number(faces_per_second(b)));
	json_object_set_new(pipeline, "faces", json_integer((json_int_t)b->stages.faces));
	return cmd_print_json(json_pack("{s:o,s:i,s:o,s:o,s:{s:s,s:i,s:i},s:o,s:o,s:o,s:o,s:o,s:o}",
		"cpu", cmd_json_text(b->cpu), "threads", b->options.pipeline.threads, "peak_gflops",
		cmd_json_number(b->peak_flops / 1e9), "peak_read_gb_per_s",
		cmd_json_number(b->peak_read / 1e9), "photo", "source",
		b->options.photo ? "given" : "made up", "width", b->stages.width, "height",
		b->stages.height, "stages", stages, "pipeline", pipeline, "search", search_json(b),
		"frames", frames_json(b), "networks", networks, "peak_mb",
		cmd_json_number(b->peak_mb)));
}

/* --- tables --- */

static enum err add_timing(
	struct table *t, const char *name, const struct timing *timing, struct error *why)
{
	char median[NUMBER_WORDS], p95[NUMBER_WORDS];
	snprintf(median, sizeof(median), "%.3f", timing_at(timing, 0.5));
	snprintf(p95, sizeof(p95), "%.3f", timing_at(timing, 0.95));
	return table_add(t, (const char *[]){name, median, p95}, why);
}

static enum err add_frame(struct table *t, const struct bench_frame *f, struct error *why)
{
	char name[128];
	if (f->timing.count == 0)
		return OK;
	snprintf(name, sizeof(name), "frame of 640x480, %zu %s, %d people: %s, %s", f->faces,
		f->faces == 1 ? "face" : "faces", BENCH_FRAME_PEOPLE, f->detector, f->embedding);
	return add_timing(t, name, &f->timing, why);
}

static enum err print_stages(const struct bench *b, struct error *why)
{
	static const struct table_column columns[] = {
		{"Stage", ALIGN_LEFT}, {"Median ms", ALIGN_RIGHT}, {"95 % ms", ALIGN_RIGHT}};
	struct table *t = NULL;
	char search[64];
	snprintf(search, sizeof(search), "search of %d templates", b->options.templates);
	enum err rc = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), why);
	for (size_t i = 0; i < BENCH_STAGES && rc == OK; i++)
		rc = add_timing(t, bench_stage_name[i], &b->stages.stage[i], why);
	if (rc == OK)
		rc = add_timing(t, "the whole photo", &b->stages.whole, why);
	if (rc == OK)
		rc = add_timing(t, search, &b->search.timing, why);
	for (size_t i = 0; i < BENCH_FRAMES && rc == OK; i++)
		rc = add_frame(t, &b->frame[i], why);
	if (rc == OK)
		rc = cmd_print_table(t, why);
	table_free(t);
	return rc;
}

static enum err add_network(
	struct table *t, const struct bench_network *n, double peak, struct error *why)
{
	char median[NUMBER_WORDS], gflops[NUMBER_WORDS], share[NUMBER_WORDS];
	snprintf(median, sizeof(median), "%.3f", timing_at(&n->timing, 0.5));
	snprintf(gflops, sizeof(gflops), "%.1f", flops_per_second(n) / 1e9);
	snprintf(share, sizeof(share), "%.0f %%", 100 * flops_per_second(n) / peak);
	return table_add(t, (const char *[]){n->name, median, gflops, share}, why);
}

static enum err print_networks(const struct bench *b, struct error *why)
{
	static const struct table_column columns[] = {
		{"Network", ALIGN_LEFT},
		{"Median ms", ALIGN_RIGHT},
		{"GFLOP/s", ALIGN_RIGHT},
		{"Of the peak", ALIGN_RIGHT},
	};
	struct table *t = NULL;
	enum err rc = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), why);
	for (size_t i = 0; i < BENCH_NETWORKS && rc == OK; i++)
		if (b->network[i].timing.count > 0)
			rc = add_network(t, &b->network[i], b->peak_flops, why);
	if (rc == OK)
		rc = cmd_print_table(t, why);
	table_free(t);
	return rc;
}

static enum err print_text_report(const struct bench *b, struct error *why)
{
	int threads = b->options.pipeline.threads;
	enum err rc = print_text(why, "%s, %d %s; a core's peak: %.0f GFLOP/s, %.1f GB/s read\n",
		b->cpu, threads, threads == 1 ? "thread" : "threads", b->peak_flops / 1e9,
		b->peak_read / 1e9);
	if (rc == OK)
		rc = print_text(why, "%s of %dx%d with %zu %s\n\n",
			b->options.photo ? "a photo" : "a made-up picture", b->stages.width,
			b->stages.height, b->stages.faces, b->stages.faces == 1 ? "face" : "faces");
	if (rc == OK)
		rc = print_stages(b, why);
	if (rc == OK)
		rc = print_text(why,
			"%.1f faces a second; %.0f MB at the highest for the photo alone\n"
			"the search reads %.1f GB/s, a plain read in turns with it %.1f GB/s\n\n",
			faces_per_second(b), b->peak_mb,
			bytes_per_second(b, &b->search.timing) / 1e9,
			bytes_per_second(b, &b->search.read) / 1e9);
	return rc == OK ? print_networks(b, why) : rc;
}

static int run(struct cmd *c)
{
	const struct bench_command_options *o = c->options;
	struct error why = {0};
	char *models = NULL, *home = NULL;
	struct bench b = {
		.options = {.photo = o->photo, .rounds = o->rounds, .templates = o->templates}};
	interrupt_catch();
	enum err rc = models_folder(c->models_given, &models, &why);
	if (rc == OK)
		rc = recognise_home(c, &home, &why);
	b.options.pipeline = (struct pipeline_options){
		.models = models,
		.home_models = home,
		.detector = o->choice.detector,
		.embedding = o->choice.embedding,
		.min_score = (float)o->choice.min_score,
		.min_face = (float)o->choice.min_face,
		.threads = c->threads > 0 ? c->threads : 1,
	};
	if (rc == OK)
		rc = measure(&b, &why);
	int status = EXIT_OK;
	if (rc == OK && c->json)
		status = print_json(&b);
	else if (rc == OK)
		rc = print_text_report(&b, &why);
	if (rc)
		status = cmd_fail(&why);
	for (size_t i = 0; i < BENCH_NETWORKS; i++)
		timing_finish(&b.network[i].timing);
	for (size_t i = 0; i < BENCH_FRAMES; i++)
		timing_finish(&b.frame[i].timing);
	timing_finish(&b.search.timing);
	timing_finish(&b.search.read);
	bench_stages_finish(&b.stages);
	free(models);
	free(home);
	return status;
}

const struct command cmd_bench = {
	.name = "bench",
	.summary = "measure how fast each stage is on this machine",
	.usage = "[--photo FILE] [--templates N] [--rounds N]",
	.about = "Takes a photo through decoding, detection, landmarks and embedding, searches a "
		 "gallery of random templates, and runs each network alone; with --photo also a "
		 "camera's frame with its best face, for both pairs of models if installed: median "
		 "and 95th "
		 "percentile, faces a second, GFLOP/s and their share of what the processor can do "
		 "at best. On one thread unless --threads says otherwise. Nothing is written.",
	.examples = "$ rollcall bench --photo class.jpg\n"
		    "$ rollcall bench --templates 100000 --threads 4 --json",
	.options = options,
	.options_size = sizeof(struct bench_command_options),
	.defaults = &defaults,
	.run = run,
};
