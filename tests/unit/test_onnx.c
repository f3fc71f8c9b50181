/* SPDX-License-Identifier: MIT */
/*
 * ONNX networks against onnxruntime: tests/onnx/make.mjs has written small networks, one
 * or more for each operator, and what onnxruntime gives for them; and the same for the
 * real files in $ROLLCALL_ONNX_MODELS. Skipped without the folder $ROLLCALL_ONNX.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/file.h"
#include "infer/onnx.h"
#include "infer/session.h"
#include "tests/support/faults.h"

enum { FILE_MAX = 64 << 20, BATCH = 3, PORTS = 8 };

static const char *folder_of(const char *variable)
{
	const char *path = getenv(variable);
	if (path == NULL || path[0] == '\0' || !file_exists(path)) {
		print_message("skipped: no folder $%s (%s)\n", variable, path != NULL ? path : "");
		skip();
	}
	return path;
}

static void read_file(const char *folder, const char *name, struct buf *out)
{
	struct error why = {0};
	char *path = path_join(folder, name);
	assert_non_null(path);
	buf_init(out, FILE_MAX);
	if (file_read(path, out, &why) != OK)
		fail_msg("%s", why.text);
	free(path);
}

static json_t *read_index(const char *folder)
{
	struct buf b;
	read_file(folder, "index.json", &b);
	json_t *index = json_loadb(buf_str(&b), b.len, 0, NULL);
	buf_finish(&b);
	assert_int_equal(json_integer_value(json_object_get(index, "format")), 1);
	return index;
}

static const char *text_of(const json_t *entry, const char *key)
{
	return json_string_value(json_object_get(entry, key));
}

static size_t count_of(const struct onnx_port *p)
{
	size_t count = 1;
	for (int i = 0; i < p->rank; i++)
		count *= p->dim[i];
	return count;
}

/* Where element i of the file's order (NCHW for images) lies in memory. */
static size_t place(const struct onnx_port *p, size_t i)
{
	if (!p->channels_last)
		return i;
	const size_t area = p->dim[2] * p->dim[3];
	return i % area * p->dim[1] + i / area;
}

static void check_port(const struct onnx_port *p, const json_t *entry, const char *name)
{
	const json_t *dims = json_object_get(entry, "dims");
	assert_string_equal(p->name, text_of(entry, "name"));
	if (json_array_size(dims) != (size_t)p->rank)
		fail_msg("%s: '%s' has %d dimensions, not %zu", name, p->name, p->rank,
			json_array_size(dims));
	for (int i = 0; i < p->rank; i++) {
		const json_int_t side = json_integer_value(json_array_get(dims, (size_t)i));
		if (p->dim[i] != (size_t)side)
			fail_msg("%s: dimension %d of '%s' is %zu, not %lld", name, i, p->name,
				p->dim[i], (long long)side);
	}
}

/* Image `image` of the batch gets the input times `factor`. */
static void fill_input(
	const struct onnx_port *p, const struct buf *data, float *input, size_t image, float factor)
{
	const float *from = (const float *)(const void *)data->data;
	const size_t count = count_of(p);
	assert_int_equal(data->len, count * sizeof(float));
	for (size_t i = 0; i < count; i++)
		input[image * count + place(p, i)] = from[i] * factor;
}

/* The largest difference, relative where values are larger than 1. */
static double compare(
	const struct onnx_port *p, const struct buf *data, const float *output, size_t image)
{
	const float *want = (const float *)(const void *)data->data;
	const size_t count = count_of(p);
	double worst = 0;
	assert_int_equal(data->len, count * sizeof(float));
	for (size_t i = 0; i < count; i++) {
		const double have = (double)output[image * count + place(p, i)];
		const double one = fabs(have - (double)want[i]) / fmax(1, fabs((double)want[i]));
		if (!(one <= worst))
			worst = isnan(one) ? INFINITY : one;
	}
	return worst;
}

/* With two threads XNNPACK does all it can, with one our own kernels (infer/fast.h). */
static double run_batch(const struct onnx *net, const char *folder, const json_t *entry,
	size_t batch, size_t threads)
{
	struct session *s;
	struct error why = {0};
	struct buf b;
	double worst = 0;
	const json_t *inputs = json_object_get(entry, "inputs");
	const json_t *outputs = json_object_get(entry, "outputs");
	const char *name = text_of(entry, "name");
	if (session_open(&s, onnx_graph(net), batch, threads, &why) != OK)
		fail_msg("%s: %s", name, why.text);
	for (size_t i = 0; i < json_array_size(inputs); i++) {
		read_file(folder, text_of(json_array_get(inputs, i), "file"), &b);
		for (size_t image = 0; image < batch; image++)
			fill_input(onnx_input(net, i), &b, session_input(s, i), image,
				image + 1 == batch ? 1 : 0.5F);
		buf_finish(&b);
	}
	/* Twice: a run leaves nothing behind, and allocates nothing. */
	assert_int_equal(session_run(s, &why), OK);
	faults_arm_all(1);
	const enum err again = session_run(s, &why);
	faults_disarm();
	assert_int_equal(again, OK);
	assert_int_equal(faults_hit(), 0);
	for (size_t i = 0; i < json_array_size(outputs); i++) {
		read_file(folder, text_of(json_array_get(outputs, i), "file"), &b);
		worst = fmax(
			worst, compare(onnx_output(net, i), &b, session_output(s, i), batch - 1));
		buf_finish(&b);
	}
	session_close(s);
	return worst;
}

/* Loads and runs one case; the largest difference. */
static double check_case(const char *folder, const char *models, const json_t *entry, size_t batch)
{
	struct onnx *net;
	struct error why = {0};
	struct onnx_size size;
	const char *name = text_of(entry, "name"), *real = text_of(entry, "real");
	const json_t *sides = json_object_get(entry, "size");
	const json_t *inputs = json_object_get(entry, "inputs");
	const json_t *outputs = json_object_get(entry, "outputs");
	size.height = (size_t)json_integer_value(json_array_get(sides, 0));
	size.width = (size_t)json_integer_value(json_array_get(sides, 1));
	char *path = path_join(
		real != NULL ? models : folder, real != NULL ? real : text_of(entry, "model"));
	if (onnx_load(&net, path, &size, &why) != OK)
		fail_msg("%s: %s", name, why.text);
	free(path);
	assert_int_equal(graph_inputs(onnx_graph(net)), json_array_size(inputs));
	assert_int_equal(graph_outputs(onnx_graph(net)), json_array_size(outputs));
	for (size_t i = 0; i < json_array_size(inputs); i++)
		check_port(onnx_input(net, i), json_array_get(inputs, i), name);
	for (size_t i = 0; i < json_array_size(outputs); i++)
		check_port(onnx_output(net, i), json_array_get(outputs, i), name);
	const double worst = fmax(
		run_batch(net, folder, entry, batch, 1), run_batch(net, folder, entry, batch, 2));
	onnx_free(net);
	return worst;
}

static void small_networks_give_what_onnxruntime_gives(void **state)
{
	(void)state;
	const char *folder = folder_of("ROLLCALL_ONNX");
	json_t *index = read_index(folder), *entry;
	size_t i, bad = 0, count = 0;
	double worst = 0;
	json_array_foreach(json_object_get(index, "cases"), i, entry)
	{
		if (text_of(entry, "model") == NULL)
			continue;
		const double tolerance = json_number_value(json_object_get(entry, "tolerance"));
		for (size_t batch = 1; batch <= BATCH; batch += BATCH - 1) {
			const double one = check_case(folder, NULL, entry, batch);
			worst = fmax(worst, one);
			if (!(one <= tolerance)) {
				print_error("%s, batch of %zu: %.2g\n", text_of(entry, "name"),
					batch, one);
				bad++;
			}
		}
		count++;
	}
	json_decref(index);
	print_message("%zu networks, largest difference %.2g\n", count, worst);
	assert_true(count > 0);
	assert_int_equal(bad, 0);
}

static void real_files_give_what_onnxruntime_gives(void **state)
{
	(void)state;
	const char *folder = folder_of("ROLLCALL_ONNX"),
		   *models = folder_of("ROLLCALL_ONNX_MODELS");
	json_t *index = read_index(folder), *entry;
	size_t i, bad = 0;
	json_array_foreach(json_object_get(index, "cases"), i, entry)
	{
		if (text_of(entry, "real") == NULL)
			continue;
		const double tolerance = json_number_value(json_object_get(entry, "tolerance"));
		const double one = check_case(folder, models, entry, 1);
		print_message("%s: %.2g\n", text_of(entry, "name"), one);
		bad += one <= tolerance ? 0 : 1;
	}
	json_decref(index);
	assert_int_equal(bad, 0);
}

static void wrong_files_are_refused_with_the_reason(void **state)
{
	(void)state;
	const char *folder = folder_of("ROLLCALL_ONNX");
	json_t *index = read_index(folder), *entry;
	size_t i;
	json_array_foreach(json_object_get(index, "wrong"), i, entry)
	{
		struct onnx *net;
		struct error why = {0};
		struct onnx_size size;
		const char *name = text_of(entry, "name");
		const json_t *sides = json_object_get(entry, "size");
		size.height = (size_t)json_integer_value(json_array_get(sides, 0));
		size.width = (size_t)json_integer_value(json_array_get(sides, 1));
		char *path = path_join(folder, text_of(entry, "model"));
		const enum err e = onnx_load(&net, path, &size, &why);
		free(path);
		if (net != NULL ||
			(json_int_t)e != json_integer_value(json_object_get(entry, "code")) ||
			strstr(why.text, text_of(entry, "reason")) == NULL)
			fail_msg("%s: %d, '%s' does not say '%s'", name, (int)e, why.text,
				text_of(entry, "reason"));
	}
	assert_true(i > 0);
	json_decref(index);
}

/* The first small network of the folder, and its bytes. */
static void read_first(struct buf *b)
{
	const char *folder = folder_of("ROLLCALL_ONNX");
	json_t *index = read_index(folder);
	read_file(folder, text_of(json_array_get(json_object_get(index, "cases"), 0), "model"), b);
	json_decref(index);
}

static void every_truncated_file_is_refused(void **state)
{
	(void)state;
	struct buf b;
	read_first(&b);
	for (size_t len = 0; len < b.len; len++) {
		struct onnx *net;
		struct error why = {0};
		/* A copy, so that a sanitizer sees what is read beyond it. */
		uint8_t *part = malloc(len > 0 ? len : 1);
		assert_non_null(part);
		memcpy(part, b.data, len);
		assert_int_not_equal(onnx_parse(&net, part, len, NULL, &why), OK);
		assert_string_not_equal(why.text, "");
		free(part);
	}
	buf_finish(&b);
}

static void sizes_are_checked(void **state)
{
	(void)state;
	struct buf b;
	struct onnx *net;
	struct error why = {0};
	read_first(&b);
	const struct onnx_size wrong[] = {{0, 5}, {5, 0}, {ONNX_SIDE_MAX + 1, 5}, {SIZE_MAX, 5}};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(onnx_parse(&net, b.data, b.len, &wrong[i], &why), ERR_ARG);
	/* Smaller than its window. */
	assert_int_equal(onnx_parse(&net, b.data, b.len, &(struct onnx_size){1, 1}, &why), ERR_ARG);
	buf_finish(&b);
}

static void outputs_are_found_by_name(void **state)
{
	(void)state;
	struct buf b;
	struct onnx *net;
	struct error why = {0};
	size_t i = 7;
	read_first(&b);
	assert_int_equal(onnx_parse(&net, b.data, b.len, NULL, &why), OK);
	assert_int_equal(onnx_find_output(net, onnx_output(net, 0)->name, &i, &why), OK);
	assert_int_equal(i, 0);
	assert_int_equal(onnx_find_output(net, "nothing", &i, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, onnx_output(net, 0)->name));
	onnx_free(net);
	buf_finish(&b);
}

static enum err parse_and_free(void *arg, struct error *why)
{
	const struct buf *b = arg;
	struct onnx *net;
	enum err e = onnx_parse(&net, b->data, b->len, &(struct onnx_size){8, 8}, why);
	onnx_free(net);
	return e;
}

/* Without a session: not every version of XNNPACK survives the lack of memory. */
static void loading_survives_every_failed_allocation(void **state)
{
	(void)state;
	struct buf b;
	FAULTS_SKIP_UNLESS_AVAILABLE();
	read_first(&b);
	struct faults_result result = faults_each(parse_and_free, &b, NULL);
	assert_string_equal(result.problem, "");
	assert_true(result.failed > 0);
	buf_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_networks_give_what_onnxruntime_gives),
		cmocka_unit_test(real_files_give_what_onnxruntime_gives),
		cmocka_unit_test(wrong_files_are_refused_with_the_reason),
		cmocka_unit_test(every_truncated_file_is_refused),
		cmocka_unit_test(sizes_are_checked),
		cmocka_unit_test(outputs_are_found_by_name),
		cmocka_unit_test(loading_survives_every_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
