/* SPDX-License-Identifier: MIT */
/* 'rollcall eval --looks': what several looks together are worth. */
#include "cmd/eval_set.h"

#include "cmd/words.h"
#include "gallery/fusion.h"

static void percent(double rate, int digits, char out[static NUMBER_WORDS])
{
	snprintf(out, NUMBER_WORDS, "%.*f %%", digits, 100 * rate);
}

static enum err add_row(struct table *t, const struct fusion *even, const struct fusion *weighted,
	struct error *why)
{
	char looks[NUMBER_WORDS], plain[FUSION_RATES][NUMBER_WORDS],
		tar[FUSION_RATES][NUMBER_WORDS], fmr[FUSION_RATES][NUMBER_WORDS];
	snprintf(looks, sizeof(looks), "%zu", even->looks);
	for (int i = 0; i < FUSION_RATES; i++) {
		percent(even->tar[i], 1, plain[i]);
		percent(weighted->tar[i], 1, tar[i]);
		percent(weighted->at_one[i], 3, fmr[i]);
	}
	return table_add(t,
		(const char *[]){looks, plain[0], plain[1], tar[0], tar[1], fmr[0], fmr[1]}, why);
}

static json_t *row_json(const struct fusion *even, const struct fusion *weighted)
{
	return json_pack("{s:I,s:I,s:I,s:[f,f],s:[f,f],s:[f,f]}", "looks",
		(json_int_t)weighted->looks, "same", (json_int_t)weighted->same, "different",
		(json_int_t)weighted->different, "tar_even", even->tar[0], even->tar[1], "tar",
		weighted->tar[0], weighted->tar[1], "fmr_at_one_look", weighted->at_one[0],
		weighted->at_one[1]);
}

static enum err print_table(
	const struct fusion *even, const struct fusion *weighted, size_t most, struct error *why)
{
	static const struct table_column columns[] = {{"Looks", ALIGN_RIGHT},
		{"TAR 1e-3, even", ALIGN_RIGHT}, {"1e-4", ALIGN_RIGHT},
		{"TAR 1e-3, by quality", ALIGN_RIGHT}, {"1e-4", ALIGN_RIGHT},
		{"FMR at one look's 1e-3", ALIGN_RIGHT}, {"1e-4", ALIGN_RIGHT}};
	struct table *t = NULL;
	enum err err = table_new(&t, columns, sizeof(columns) / sizeof(columns[0]), why);
	for (size_t i = 0; err == OK && i < most; i++)
		err = add_row(t, &even[i], &weighted[i], why);
	if (err == OK)
		err = print_text(why,
			"%zu people with more than %zu photos; %zu same and %zu different "
			"comparisons a row\n",
			even[0].people, most, even[0].same, even[0].different);
	if (err == OK)
		err = cmd_print_table(t, why);
	table_free(t);
	return err;
}

int eval_looks(
	const struct cmd *c, const struct pipeline *p, const struct labelled *set, size_t most)
{
	struct fusion even[TRACK_LOOKS_MAX], weighted[TRACK_LOOKS_MAX];
	struct error why = {0};
	size_t dim = pipeline_dim(p);
	enum err err = fusion_measure(set, dim, most, false, even, &why);
	if (err == OK)
		err = fusion_measure(set, dim, most, true, weighted, &why);
	if (err != OK)
		return cmd_fail(&why);
	if (!c->json)
		return print_table(even, weighted, most, &why) == OK ? EXIT_OK : cmd_fail(&why);
	json_t *rows = json_array();
	for (size_t i = 0; i < most; i++)
		json_array_append_new(rows, row_json(&even[i], &weighted[i]));
	return cmd_print_json(
		json_pack("{s:I,s:o}", "people", (json_int_t)even[0].people, "looks", rows));
}
