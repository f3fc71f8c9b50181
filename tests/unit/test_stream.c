/* SPDX-License-Identifier: MIT */
/*
 * Frames to events, with films made of the model package's sample photos. Skipped without
 * $ROLLCALL_MODELS and $ROLLCALL_SAMPLES.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "attend/stream.h"
#include "tests/support/home.h"
#include "tests/support/samples.h"

enum { NOW = 1000, FRAME_MS = 100, WIDE = 640, HIGH = 320, SIDE = 240, FACES = 8 };

/* Squares of sample photos with one person in each. */
static const struct {
	const char *name;
	int sample;
	struct rect part;
} people[] = {
	{"Her", 1, {1376, 100, 403, 403}},
	{"Left", 1, {310, 250, 400, 400}},
};
enum { HER, LEFT, PEOPLE };

struct fixture {
	struct home home;
	struct store *store;
	struct engine *engine;
	struct stream *stream;
	struct image face[PEOPLE], frame;
	char id[PEOPLE][UUID_TEXT];
	size_t told[PEOPLE], doubts, wrong;
	uint64_t track[PEOPLE];
	int told_at[PEOPLE];
};

static void good(enum err err, const struct error *why)
{
	if (err != OK)
		fail_msg("%s", why->text);
}

/* A part of a photo, made SIDE pixels wide by taking the nearest ones. */
static struct image portrait(int i)
{
	struct error why = {0};
	struct image whole = sample_part(people[i].sample, &people[i].part), out;
	good(image_new(&out, SIDE, SIDE, &why), &why);
	for (int k = 0; k < SIDE * SIDE; k++) {
		size_t x = (size_t)(k % SIDE * whole.width / SIDE),
		       y = (size_t)(k / SIDE * whole.height / SIDE);
		memcpy(out.rgb + 3 * k, whole.rgb + 3 * (y * (size_t)whole.width + x), 3);
	}
	image_finish(&whole);
	return out;
}

static void enrol(struct fixture *f, int i)
{
	struct error why = {0};
	char path[HOME_PATH + 64];
	struct enrol_photo photo;
	const struct enrol_options options = {0};
	snprintf(path, sizeof(path), "%s/%s.png", f->home.folder, people[i].name);
	good(image_save(&f->face[i], path, &why), &why);
	good(home_person(f->store, people[i].name, "", f->id[i], &why), &why);
	good(engine_enrol_photo(f->engine, path, &options, &photo, &why), &why);
	good(engine_enrol(f->engine, f->id[i], &photo, NOW, &why), &why);
}

static void setup(struct fixture *f)
{
	struct error why = {0};
	*f = (struct fixture){0};
	folder_or_skip("ROLLCALL_SAMPLES");
	const struct pipeline_options options = {
		.models = folder_or_skip("ROLLCALL_MODELS"), .threads = 1};
	assert_true(home_begin(&f->home, &f->store));
	good(engine_open(&f->engine, f->store, &options, &why), &why);
	good(image_new(&f->frame, WIDE, HIGH, &why), &why);
	for (int i = 0; i < PEOPLE; i++) {
		f->face[i] = portrait(i);
		enrol(f, i);
	}
	const struct stream_options defaults = {.repeat_ms = 10000};
	good(stream_new(&f->stream, f->engine, &defaults, &why), &why);
}

static void teardown(struct fixture *f)
{
	stream_free(f->stream);
	for (int i = 0; i < PEOPLE; i++)
		image_finish(&f->face[i]);
	image_finish(&f->frame);
	engine_close(f->engine);
	home_end(&f->home, f->store);
}

static void clear(struct fixture *f)
{
	memset(f->frame.rgb, 128, 3 * (size_t)WIDE * HIGH);
}

static void stand(struct fixture *f, int who, int left)
{
	for (int y = 0; y < SIDE; y++) {
		for (int x = 0; x < SIDE; x++) {
			if (left + x >= 0 && left + x < WIDE)
				memcpy(f->frame.rgb + 3 * ((y + 40) * WIDE + left + x),
					f->face[who].rgb + 3 * (y * SIDE + x), 3);
		}
	}
}

/* Looks at the frame; `here[who]` is whether somebody is in it. */
static void look(struct fixture *f, int time, const bool *here)
{
	struct error why = {0};
	struct stream_events events;
	good(stream_frame(f->stream, &f->frame, time * FRAME_MS, &events, &why), &why);
	for (size_t i = 0; i < events.count; i++) {
		const struct stream_event *e = &events.event[i];
		if (e->verdict.decision != DECISION_MATCH) {
			f->doubts++;
			continue;
		}
		int who = strcmp(e->person.id, f->id[HER]) == 0 ? HER : LEFT;
		f->wrong += !here[who] || strcmp(e->person.id, f->id[who]) != 0;
		f->told[who]++;
		f->told_at[who] = time;
		f->track[who] = e->track;
		struct seen seen;
		stream_seen(f->stream, e, &seen);
		assert_int_equal(seen.evidence.looks, e->looks.looks);
		assert_true(seen.evidence.looks >= WITNESS_LOOKS);
		assert_true(seen.evidence.span_ms >= WITNESS_SPAN_MS);
		assert_string_equal(seen.look.person_id, e->person.id);
	}
}

static void a_cut_in_one_place_is_two_people(void **unused)
{
	struct fixture f;
	setup(&f);
	for (int i = 0; i < 60; i++) {
		int who = i < 12 ? HER : i < 17 ? LEFT : i < 40 ? HER : LEFT;
		const bool here[PEOPLE] = {who == HER, who == LEFT};
		clear(&f);
		stand(&f, who, 200);
		look(&f, i, here);
	}
	assert_int_equal(f.wrong, 0);
	assert_int_equal(f.doubts, 0);
	assert_int_equal(f.told[HER], 1);
	assert_int_equal(f.told[LEFT], 1);
	assert_int_not_equal(f.track[HER], f.track[LEFT]);
	/* The cuts are seen at once, though she was known. */
	assert_int_equal(f.told_at[HER], 8);
	assert_int_equal(f.told_at[LEFT], 48);
	teardown(&f);
}

static void two_who_cross_are_both_themselves(void **unused)
{
	struct fixture f;
	static const bool both[PEOPLE] = {true, true};
	setup(&f);
	for (int i = 0; i < 40; i++) {
		clear(&f);
		stand(&f, LEFT, 400 - 10 * i);
		stand(&f, HER, 10 * i);
		look(&f, i, both);
	}
	struct stream_face face[FACES];
	assert_int_equal(stream_faces(f.stream, face, FACES), 2);
	for (int i = 0; i < 2; i++) {
		bool left = face[i].box.x < (float)WIDE / 2;
		assert_int_equal(face[i].track, f.track[left ? LEFT : HER]);
	}
	assert_int_equal(f.wrong, 0);
	assert_int_equal(f.told[HER], 1);
	assert_int_equal(f.told[LEFT], 1);
	teardown(&f);
}

static void a_clock_that_goes_back_stops_nothing(void **unused)
{
	struct fixture f;
	static const bool here[PEOPLE] = {true, false};
	setup(&f);
	clear(&f);
	stand(&f, HER, 200);
	for (int i = 0; i < 3; i++)
		look(&f, 100000 + i, here);
	for (int i = 0; i < 8; i++)
		look(&f, i, here);
	assert_int_equal(f.told[HER], 1);
	assert_int_equal(stream_work(f.stream).tracks, 1);
	teardown(&f);
}

static void an_empty_picture_is_hardly_looked_at(void **unused)
{
	struct fixture f;
	static const bool nobody[PEOPLE] = {false, false};
	setup(&f);
	clear(&f);
	for (int i = 0; i < 30; i++)
		look(&f, i, nobody);
	struct stream_work work = stream_work(f.stream);
	assert_int_equal(work.frames, 30);
	assert_int_equal(work.detected, 3); /* at 0, 1 and 2 seconds */
	assert_int_equal(work.looks, 0);
	assert_int_equal(work.tracks, 0);
	/* Somebody comes: at once. */
	const bool here[PEOPLE] = {true, false};
	stand(&f, HER, 200);
	for (int i = 30; i < 90; i++)
		look(&f, i, here);
	assert_int_equal(f.told[HER], 1);
	work = stream_work(f.stream);
	assert_int_equal(work.tracks, 1);
	/* Once she is known, and does not move, there is next to nothing to do. */
	assert_true(work.looks <= 5 + 3);
	assert_true(work.detected <= 3 + 10 + 6);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cut_in_one_place_is_two_people),
		cmocka_unit_test(two_who_cross_are_both_themselves),
		cmocka_unit_test(a_clock_that_goes_back_stops_nothing),
		cmocka_unit_test(an_empty_picture_is_hardly_looked_at),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
