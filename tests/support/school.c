/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/school.h"

#include "base/file.h"

int school_set_up(void **state)
{
	*state = NULL;
	if (!file_exists("/usr/share/zoneinfo/Europe/Berlin"))
		return 0;
	struct school *f = calloc(1, sizeof(*f));
	struct error why = {0};
	if (f == NULL || !home_begin(&f->home, &f->store))
		return -1;
	enum err err = zone_open(&f->zone, "Europe/Berlin", &why);
	if (err == OK)
		err = home_person(f->store, "Ada", "1", f->ada, &why);
	if (err == OK)
		err = home_person(f->store, "Bo", "2", f->bo, &why);
	if (err == OK)
		err = home_person(f->store, "Cy", NULL, f->cy, &why);
	if (err == OK)
		err = home_group(f->store, "4b", f->class_4b, &why);
	if (err == OK)
		err = home_group(f->store, "Choir", f->choir, &why);
	if (err == OK)
		err = store_member_add(f->store, f->class_4b, f->ada, HOME_NOW, &why);
	if (err == OK)
		err = store_member_add(f->store, f->class_4b, f->bo, HOME_NOW, &why);
	f->r = (struct registrar){f->store, f->zone, 0};
	*state = f;
	if (err != OK)
		print_error("%s\n", why.text);
	return err == OK ? 0 : -1;
}

int school_tear_down(void **state)
{
	struct school *f = *state;
	if (f == NULL)
		return 0;
	zone_close(f->zone);
	home_end(&f->home, f->store);
	free(f);
	return 0;
}

struct school *need(void **state)
{
	if (*state == NULL) {
		print_message("skipped: the package tzdata is not installed\n");
		skip();
	}
	return *state;
}

int64_t at(const struct school *f, const char *local)
{
	int64_t ms = 0;
	ok(zone_parse(f->zone, local, 0, &ms, &reason));
	return ms;
}

void join_choir(struct school *f, const char *person)
{
	ok(store_member_add(f->store, f->choir, person, HOME_NOW, &reason));
}

struct look match(const struct school *f, const char *person, const char *local)
{
	return (struct look){
		.at_ms = at(f, local),
		.source = "photo",
		.decision = DECISION_MATCH,
		.person_id = person,
		.distance = 0.31,
		.margin = INFINITY,
		.threshold = 0.5,
		.quality = 0.9,
		.score = 0.99,
	};
}

struct recorded write_look(struct school *f, const struct look *look)
{
	struct recorded out;
	f->r.now_ms = look->at_ms;
	ok(register_look(&f->r, look, &out, &reason));
	return out;
}

struct recorded seen(struct school *f, const char *person, const char *local)
{
	struct look look = match(f, person, local);
	return write_look(f, &look);
}

static enum err count_one(void *ctx, const struct sighting *sighting, struct error *why)
{
	(void)sighting;
	(void)why;
	++*(size_t *)ctx;
	return OK;
}

size_t sightings(struct school *f)
{
	size_t count = 0;
	ok(store_sightings(f->store, 0, INT64_MAX, count_one, &count, &reason));
	return count;
}

const struct roll_line *line_of(const struct roll *roll, const char *person)
{
	for (size_t i = 0; i < roll->count; i++) {
		if (strcmp(roll->line[i].person_id, person) == 0)
			return &roll->line[i];
	}
	return NULL;
}

struct roll read_roll(struct school *f, const char *group, const char *day, const char *now)
{
	struct roll roll;
	f->r.now_ms = at(f, now);
	ok(register_roll(&f->r, group, day, &roll, &reason));
	return roll;
}

void assert_mark(struct school *f, const char *person, enum mark_status status, const char *local)
{
	char day[DAY_TEXT];
	int64_t at_ms = at(f, local);
	zone_day(f->zone, at_ms, day);
	struct roll roll;
	f->r.now_ms = at_ms;
	ok(register_roll(&f->r, NULL, day, &roll, &reason));
	const struct roll_line *line = line_of(&roll, person);
	assert_non_null(line);
	assert_false(line->expected);
	assert_int_equal(line->status, status);
	assert_int_equal(line->at_ms, at_ms);
	roll_finish(&roll);
}
