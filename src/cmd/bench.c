/* SPDX-License-Identifier: MIT */
#include "cmd/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/words.h"
#include "gallery/gallery.h"
#include "infer/faceapi.h"
#include "infer/peak.h"
#include "infer/session.h"
#include "vision/align.h"
#include "vision/detect.h"
#include "vision/embed.h"
#include "vision/landmarks.h"
#include "vision/net.h"

enum {
	MADE_UP_WIDTH = 1920,
	MADE_UP_HEIGHT = 1080,
	MADE_UP_QUALITY = 90,
	MADE_UP_FACE = 200, /* pixels: where a face would be */
	SEARCH_DIM = 128,   /* as long as the templates of both built-in embeddings */
	TINY_SIZE = 416,    /* the package's default input of the tiny detector */
};

const char *const bench_stage_name[BENCH_STAGES] = {"decode", "detect", "landmarks", "embed"};

/* --- times --- */

void timing_finish(struct timing *t)
{
	free(t->ms);
	*t = (struct timing){0};
}

enum err timing_add(struct timing *t, double ms, struct error *why)
{
	void *items = t->ms;
	if (!mem_grow(&items, t->count, &t->capacity, sizeof(*t->ms)))
		return err_set(why, ERR_NOMEM, "out of memory");
	t->ms = items;
	t->ms[t->count++] = ms;
	return OK;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double timing_at(const struct timing *t, double share)
{
	if (t->count == 0)
		return NAN;
	qsort(t->ms, t->count, sizeof(*t->ms), by_value);
	double place = ceil(share * (double)t->count) - 1;
	return t->ms[place < 0 ? 0 : (size_t)place];
}

static enum err stopped(struct error *why)
{
	return interrupted() ? err_set(why, ERR_STOPPED, "stopped before there was a result") : OK;
}

/* --- a photo --- */

/* Numbers that are the same on every machine and in every run. */
static uint32_t next_number(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u; /* Numerical Recipes, section 7.1 */
	return *state >> 8;
}

/*
 * A soft gradient with noise: about as hard to decode as a photo, and nothing in it that the
 * detector would look at twice. Appends a JPEG.
 */
static enum err make_up_photo(struct buf *file, struct error *why)
{
	struct image photo = {0};
	uint32_t state = 1;
	enum err rc = image_new(&photo, MADE_UP_WIDTH, MADE_UP_HEIGHT, why);
	if (rc)
		return rc;
	for (int y = 0; y < photo.height; y++) {
		uint8_t *row = photo.rgb + 3 * ((size_t)y * (size_t)photo.width);
		for (int x = 0; x < photo.width; x++) {
			int shade = 60 + 60 * x / photo.width + 60 * y / photo.height;
			for (int k = 0; k < 3; k++)
				row[3 * x + k] = (uint8_t)(shade + (int)(next_number(&state) % 24));
		}
	}
	rc = image_encode_jpeg(&photo, MADE_UP_QUALITY, file, why);
	image_finish(&photo);
	return rc;
}

/* The stages of a picture in which there is no face: as if there was one in the middle. */
struct parts {
	struct model model[MODEL_KINDS]; /* by kind */
	struct detector *detector;
	struct landmarks *landmarks;
	struct embed *embed;
	struct detections found;
	float min_score;
};

static enum err open_parts(struct parts *p, const struct bench_options *o, struct error *why)
{
	const struct pipeline_options *options = &o->pipeline;
	size_t threads = (size_t)options->threads;
	float min_score = options->min_score;
	p->min_score = min_score > 0 ? min_score : PIPELINE_MIN_SCORE;
	const struct model_places places = {options->home_models, options->models};
	const char *name[] = {
		[MODEL_DETECTOR] = options->detector ? options->detector : MODEL_DEFAULT_DETECTOR,
		[MODEL_LANDMARKS] = MODEL_DEFAULT_LANDMARKS,
		[MODEL_EMBEDDING] =
			options->embedding ? options->embedding : MODEL_DEFAULT_EMBEDDING,
	};
	enum err rc = OK;
	for (int i = 0; rc == OK && i < (int)(sizeof(name) / sizeof(name[0])); i++)
		rc = model_find(&p->model[i], &places, name[i], (enum model_kind)i, why);
	if (rc == OK)
		rc = detector_open(&p->detector, &p->model[MODEL_DETECTOR], threads, why);
	if (rc == OK)
		rc = landmarks_open(&p->landmarks, &p->model[MODEL_LANDMARKS], NULL, why);
	if (rc == OK)
		rc = embed_open(&p->embed, &p->model[MODEL_EMBEDDING], NULL, why);
	return rc;
}

static void close_parts(struct parts *p)
{
	detector_close(p->detector);
	landmarks_close(p->landmarks);
	embed_close(p->embed);
	detections_finish(&p->found);
	for (int i = 0; i < MODEL_KINDS; i++)
		model_finish(&p->model[i]);
}

/* Points where those of an upright face would be. */
static void make_up_landmarks(struct face *face)
{
	struct point place[ALIGN_POINTS];
	align_template(MADE_UP_FACE, 0, place);
	for (size_t i = 0; i < ALIGN_POINTS; i++)
		face->landmark[align_point[i]] =
			(struct point){face->box.x + place[i].x, face->box.y + place[i].y};
	/* Somewhere in a face: which points of it does not matter for the time. */
	for (size_t i = 0; i < FACE_FIVE; i++)
		face->five[i] = face->landmark[align_point[i]];
}

static enum err run_parts(
	struct parts *p, const struct image *photo, struct pipeline_times *ms, struct error *why)
{
	struct face face = {.box = {(float)photo->width / 2, (float)photo->height / 2, MADE_UP_FACE,
				    MADE_UP_FACE}};
	double begin = monotonic_ms();
	/* Where the detector finds nothing it looks again in other ways: a single look is fair. */
	enum err rc = detector_run_raw(p->detector, photo, p->min_score, &p->found, why);
	double detected = monotonic_ms();
	if (rc == OK)
		rc = landmarks_run(p->landmarks, photo, &face, why);
	double landmarked = monotonic_ms();
	make_up_landmarks(&face);
	if (rc == OK)
		rc = embed_run(p->embed, photo, &face, why);
	*ms = (struct pipeline_times){
		detected - begin, landmarked - detected, monotonic_ms() - landmarked};
	return rc;
}

/* What a round needs: either a pipeline and a photo's file, or parts and a made-up one. */
struct round {
	struct buf file;
	struct pipeline *pipeline;
	struct parts parts;
	struct face_list faces;
};

static enum err open_round(struct round *r, const struct bench_options *o, struct error *why)
{
	struct image photo = {0};
	if (!o->photo) {
		buf_init(&r->file, IMAGE_FILE_MAX);
		enum err rc = make_up_photo(&r->file, why);
		return rc == OK ? open_parts(&r->parts, o, why) : rc;
	}
	enum err rc = image_load(o->photo, &(struct image_options){0}, &photo, &r->file, NULL, why);
	image_finish(&photo);
	return rc == OK ? pipeline_open(&r->pipeline, &o->pipeline, why) : rc;
}

static void close_round(struct round *r)
{
	buf_finish(&r->file);
	pipeline_close(r->pipeline);
	close_parts(&r->parts);
	face_list_finish(&r->faces);
}

/* One round; its times are kept unless it is the first, which fills caches. */
static enum err one_round(struct round *r, struct bench_stages *b, bool keep, struct error *why)
{
	struct image photo = {0};
	struct pipeline_times ms = {0};
	double begin = monotonic_ms();
	enum err rc = image_decode(
		r->file.data, r->file.len, &(struct image_options){0}, &photo, NULL, why);
	double decode = monotonic_ms() - begin;
	if (rc == OK && r->pipeline)
		rc = pipeline_run(r->pipeline, &photo, PIPELINE_EMBED, &r->faces, &ms, why);
	else if (rc == OK)
		rc = run_parts(&r->parts, &photo, &ms, why);
	double whole = monotonic_ms() - begin;
	b->width = photo.width;
	b->height = photo.height;
	b->faces = r->pipeline ? r->faces.count : 1;
	image_finish(&photo);
	if (rc == OK && b->faces == 0)
		rc = err_set(why, ERR_NOT_FOUND, "no face in the photo: give another with --photo");
	const double stage[BENCH_STAGES] = {decode, ms.detect, ms.landmarks, ms.embed};
	for (size_t i = 0; i < BENCH_STAGES && rc == OK && keep; i++)
		rc = timing_add(&b->stage[i], stage[i], why);
	if (rc == OK && keep)
		rc = timing_add(&b->whole, whole, why);
	return rc;
}

enum err bench_stages(struct bench_stages *out, const struct bench_options *o, struct error *why)
{
	struct round r = {0};
	*out = (struct bench_stages){0};
	enum err rc = open_round(&r, o, why);
	for (int i = 0; i <= o->rounds && rc == OK; i++) {
		rc = one_round(&r, out, i > 0, why);
		if (rc == OK)
			rc = stopped(why);
	}
	close_round(&r);
	return rc;
}

void bench_stages_finish(struct bench_stages *b)
{
	for (size_t i = 0; i < BENCH_STAGES; i++)
		timing_finish(&b->stage[i]);
	timing_finish(&b->whole);
}

/* --- search --- */

static void random_template(float *out, size_t dim, uint32_t *state)
{
	for (size_t i = 0; i < dim; i++)
		out[i] = (float)(next_number(state) % 65536) / 65536.0f * 0.4f - 0.2f;
}

enum err bench_gallery(struct gallery **out, size_t dim, int templates, struct error *why)
{
	char id[UUID_TEXT];
	float vector[GALLERY_DIM_MAX];
	uint32_t state = 7;
	enum err rc = gallery_new(out, dim, why);
	for (int i = 0; i < templates && rc == OK; i++) {
		snprintf(id, sizeof(id), "00000000-0000-7000-8000-%012d", i);
		random_template(vector, dim, &state);
		rc = gallery_add(*out, id, vector, why);
	}
	return rc;
}

/* A search and a plain read, each timed unless they are the first, which fill caches. */
static enum err one_search(struct bench_search *out, const struct gallery *g, const void *block,
	uint32_t *state, struct error *why)
{
	float probe[SEARCH_DIM];
	random_template(probe, SEARCH_DIM, state);
	double begin = monotonic_ms();
	struct hit hit = gallery_search(g, probe);
	double searched = monotonic_ms();
	peak_read(block, gallery_search_bytes(g));
	double read = monotonic_ms();
	if (!hit.person_id)
		return err_set(why, ERR_INTERNAL, "the search found nobody");
	enum err rc = timing_add(&out->timing, searched - begin, why);
	return rc == OK ? timing_add(&out->read, read - searched, why) : rc;
}

enum err bench_search(struct bench_search *out, const struct bench_options *o, struct error *why)
{
	struct gallery *g = NULL;
	void *block = NULL;
	uint32_t state = 8;
	*out = (struct bench_search){0};
	enum err rc = bench_gallery(&g, SEARCH_DIM, o->templates, why);
	if (rc == OK) {
		out->bytes = (double)gallery_search_bytes(g);
		block = mem_aligned(gallery_search_bytes(g));
		if (!block)
			rc = err_set(why, ERR_NOMEM, "no memory to read");
		else
			memset(block, 1, gallery_search_bytes(g));
	}
	for (int i = 0; i <= o->rounds && rc == OK; i++) {
		rc = one_search(out, g, block, &state, why);
		if (i == 0)
			out->timing.count = out->read.count = 0;
		if (rc == OK)
			rc = stopped(why);
	}
	free(block);
	gallery_free(g);
	return rc;
}

/* --- networks --- */

static enum err build_tiny(struct graph **out, const struct weights *w, struct error *why)
{
	return faceapi_tiny(out, w, TINY_SIZE, why);
}

struct network {
	const char *name;
	enum model_kind kind;
	net_build_fn *build; /* NULL: an ONNX file */
};

static const struct network networks[BENCH_NETWORKS] = {
	{"ssd_mobilenetv1", MODEL_DETECTOR, faceapi_ssd},
	{"tiny_face_detector", MODEL_DETECTOR, build_tiny},
	{"yunet", MODEL_DETECTOR, NULL},
	{"face_landmark_68", MODEL_LANDMARKS, faceapi_landmarks},
	{"face_recognition", MODEL_EMBEDDING, faceapi_embed},
	{"mobilefacenet", MODEL_EMBEDDING, NULL},
};

static void fill_input(struct session *s, const struct graph *g)
{
	uint32_t state = 3;
	struct shape shape = graph_input_shape(g, 0);
	float *input = session_input(s, 0);
	for (size_t i = 0; i < shape.h * shape.w * shape.c; i++)
		input[i] = (float)(next_number(&state) % 256) / 128.0f - 1.0f;
}

/* The session of a network; its operations a run into `out`. */
static enum err open_network(struct session **session, struct bench_network *out,
	const struct network *network, const struct model *model, struct error *why)
{
	const struct manifest_input *input = &model->manifest->input;
	struct weights *weights = NULL;
	struct graph *built = NULL;
	struct onnx *onnx = NULL;
	enum err rc;
	if (network->build) {
		rc = net_weights(&weights, model, why);
		if (rc == OK)
			rc = network->build(&built, weights, why);
	} else {
		rc = net_onnx(&onnx, model, (size_t)input->width, (size_t)input->height, why);
	}
	const struct graph *graph = built;
	if (rc == OK && onnx)
		graph = onnx_graph(onnx);
	if (rc == OK)
		rc = session_open(session, graph, 1, 1, why);
	if (rc == OK) {
		out->flops = graph_flops(graph);
		fill_input(*session, graph);
	}
	graph_free(built);
	weights_free(weights);
	onnx_free(onnx);
	return rc;
}

static enum err one_network(struct bench_network *out, const struct network *network,
	const struct bench_options *o, struct error *why)
{
	const struct model_places places = {o->pipeline.home_models, o->pipeline.models};
	struct session *session = NULL;
	struct model model = {0};
	enum err rc = model_find(&model, &places, network->name, network->kind, why);
	if (rc == ERR_NOT_FOUND && !network->build)
		return OK; /* one that need not be installed */
	if (rc == OK)
		rc = open_network(&session, out, network, &model, why);
	for (int i = 0; i <= o->rounds && rc == OK; i++) {
		double begin = monotonic_ms();
		rc = session_run(session, why);
		if (rc == OK && i > 0)
			rc = timing_add(&out->timing, monotonic_ms() - begin, why);
		if (rc == OK)
			rc = stopped(why);
	}
	session_close(session);
	model_finish(&model);
	return rc;
}

enum err bench_networks(struct bench_network out[static BENCH_NETWORKS],
	const struct bench_options *o, struct error *why)
{
	enum err rc = OK;
	for (size_t i = 0; i < BENCH_NETWORKS; i++)
		out[i] = (struct bench_network){.name = networks[i].name};
	for (size_t i = 0; i < BENCH_NETWORKS && rc == OK; i++)
		rc = one_network(&out[i], &networks[i], o, why);
	return rc;
}

/* --- the machine --- */

/* The value of "key : value" in a file of such lines. */
static bool value_in(const char *path, const char *key, char *out, size_t size)
{
	char line[512];
	bool found = false;
	FILE *file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');
		if (!colon || strncmp(line, key, strlen(key)) != 0)
			continue;
		colon += 1 + strspn(colon + 1, " \t");
		snprintf(out, size, "%.*s", (int)strcspn(colon, "\n"), colon);
		found = out[0] != '\0';
	}
	if (file)
		fclose(file);
	return found;
}

void bench_cpu(char *out, size_t size)
{
	struct utsname machine;
	/* x86 has "model name", a Raspberry Pi "Model", older ARM kernels "Hardware". */
	static const char *const keys[] = {"model name", "Model", "Hardware"};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (value_in("/proc/cpuinfo", keys[i], out, size))
			return;
	}
	snprintf(out, size, "%s", uname(&machine) == 0 ? machine.machine : "unknown");
}

double bench_peak_mb(void)
{
	char text[64];
	/* "VmHWM:	   12345 kB" */
	if (!value_in("/proc/self/status", "VmHWM", text, sizeof(text)))
		return NAN;
	return strtod(text, NULL) * 1024 / 1e6;
}
