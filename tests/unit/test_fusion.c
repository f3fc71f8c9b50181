/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gallery/fusion.h"

enum { DIM = 32, PEOPLE = 200, PHOTOS = 4, MOST = 3 };

/* Evenly in -1..1; the same every time. */
static float noise(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (float)((double)(*state >> 11) / (double)(UINT64_C(1) << 52) - 1);
}

/* People about the origin, their photos about them: a set that looks alone tell apart badly. */
static void make(struct labelled *set)
{
	uint64_t state = 1;
	*set = (struct labelled){.people = PEOPLE};
	set->photo = calloc((size_t)PEOPLE * PHOTOS, sizeof(*set->photo));
	assert_non_null(set->photo);
	for (size_t person = 0; person < PEOPLE; person++) {
		float middle[DIM];
		for (int i = 0; i < DIM; i++)
			middle[i] = noise(&state);
		for (int k = 0; k < PHOTOS; k++) {
			struct labelled_photo *p = &set->photo[set->count++];
			p->person = person;
			p->quality = k == 0 ? 0.2 : 0.9;
			for (int i = 0; i < DIM; i++) {
				p->probe[i] = middle[i] + 1.2f * noise(&state);
				p->template[i] = middle[i] + 0.6f * noise(&state);
			}
		}
	}
}

static void more_looks_tell_better(void **unused)
{
	struct labelled set;
	struct fusion row[MOST];
	struct error why = {0};
	make(&set);
	assert_int_equal(fusion_measure(&set, DIM, MOST, false, row, &why), OK);
	assert_int_equal(row[0].people, PEOPLE);
	for (int k = 0; k < MOST; k++) {
		assert_int_equal(row[k].looks, k + 1);
		assert_int_equal(row[k].same, PEOPLE * PHOTOS);
		assert_int_equal(row[k].different, PEOPLE * PHOTOS * (PEOPLE - 1) * PHOTOS);
		for (int i = 0; i < FUSION_RATES; i++) {
			double rate = fusion_rate[i];
			assert_true(k > 0 || fabs(row[k].at_one[i] - rate) < 1e-5);
			assert_true(k == 0 || row[k].tar[i] > row[k - 1].tar[i]);
		}
	}
	/* By quality, the poor photo of each person is no look. */
	assert_int_equal(fusion_measure(&set, DIM, MOST, true, row, &why), OK);
	assert_int_equal(row[0].same, PEOPLE * (PHOTOS - 1));
	assert_int_equal(row[1].same, PEOPLE * PHOTOS);
	labelled_finish(&set);
}

static void what_cannot_be_measured_is_refused(void **unused)
{
	struct labelled set;
	struct fusion row[TRACK_LOOKS_MAX];
	struct error why = {0};
	make(&set);
	assert_int_equal(fusion_measure(&set, DIM, 1, true, row, &why), ERR_ARG);
	assert_int_equal(fusion_measure(&set, DIM, TRACK_LOOKS_MAX + 1, true, row, &why), ERR_ARG);
	assert_int_equal(fusion_measure(&set, DIM, PHOTOS, true, row, &why), ERR_ARG);
	assert_non_null(strstr(why.text, "nobody in the set has more than 4 photos"));
	labelled_finish(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(more_looks_tell_better),
		cmocka_unit_test(what_cannot_be_measured_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
