/* SPDX-License-Identifier: MIT */
/*
 * Makes a home with many made-up people, one random template each:
 *	fill HOME PEOPLE MODELS-FOLDER
 * For measuring memory and search with a gallery of that size; the same each time.
 */
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"
#include "vision/pipeline.h"

enum { PEOPLE_MAX = 1000000, PER_COMMIT = 1000, TEMPLATE_DIM = 128 };

/* Length of the embedding network's output, about; measured on the sample photos. */
#define TEMPLATE_LENGTH 1.4

/* A random direction: sums of twelve uniform numbers are normal enough. */
static void random_template(uint32_t seed, float out[static TEMPLATE_DIM])
{
	uint8_t key[randombytes_SEEDBYTES] = {0};
	memcpy(key, &seed, sizeof(seed));
	uint16_t noise[TEMPLATE_DIM * 12];
	randombytes_buf_deterministic(noise, sizeof(noise), key);
	double square = 0;
	for (size_t i = 0; i < TEMPLATE_DIM; i++) {
		double sum = 0;
		for (size_t k = 0; k < 12; k++)
			sum += noise[i * 12 + k] / 65536.0;
		out[i] = (float)(sum - 6);
		square += (double)out[i] * out[i];
	}
	for (size_t i = 0; i < TEMPLATE_DIM; i++)
		out[i] = (float)(out[i] * TEMPLATE_LENGTH / sqrt(square));
}

static enum err add_one(struct store *s, const char *model, uint32_t i, struct error *why)
{
	struct person person = {0};
	snprintf(person.name, sizeof(person.name), "Person %u", i + 1);
	snprintf(person.number, sizeof(person.number), "%u", i + 1);
	enum err err = store_person_add(s, &person, (int64_t)i + 1, why);
	if (err != OK)
		return err;
	float vector[TEMPLATE_DIM];
	random_template(i, vector);
	struct template_new t = {.person_id = person.id,
		.model = model,
		.vector = vector,
		.dim = TEMPLATE_DIM,
		.quality = 1};
	memcpy(t.photo_hash, &i, sizeof(i));
	return store_template_add(s, &t, (int64_t)i + 1, why);
}

static enum err add_all(struct store *s, const char *model, uint32_t people, struct error *why)
{
	for (uint32_t i = 0; i < people;) {
		enum err err = store_begin(s, why);
		for (uint32_t n = 0; err == OK && n < PER_COMMIT && i < people; n++, i++)
			err = add_one(s, model, i, why);
		if (err == OK)
			err = store_commit(s, why);
		if (err != OK) {
			store_rollback(s);
			return err;
		}
	}
	return OK;
}

int main(int argc, char **argv)
{
	const long people = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
	if (people < 1 || people > PEOPLE_MAX) {
		fprintf(stderr, "usage: fill HOME PEOPLE MODELS-FOLDER\n");
		return 2;
	}
	struct error why = {0};
	struct pipeline *pipeline = NULL;
	struct store *store = NULL;
	const struct pipeline_options options = {.models = argv[3], .threads = 1};
	enum err err = pipeline_open(&pipeline, &options, &why);
	if (err == OK)
		err = store_open(&store, argv[1], STORE_CREATE, &why);
	if (err == OK)
		err = add_all(store, pipeline_model(pipeline), (uint32_t)people, &why);
	store_close(store);
	pipeline_close(pipeline);
	if (err != OK)
		fprintf(stderr, "fill: %s\n", why.text);
	return err == OK ? 0 : 1;
}
