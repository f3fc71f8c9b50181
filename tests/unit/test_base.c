/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/uuid.h"

static void err_set_fills_the_reason_and_returns_the_code(void **state)
{
	(void)state;
	struct error why = {0};
	assert_int_equal(err_set(&why, ERR_FORMAT, "'%s' is no image", "a\nb"), ERR_FORMAT);
	assert_int_equal(why.code, ERR_FORMAT);
	assert_string_equal(why.text, "'a?b' is no image");
	assert_int_equal(err_prefix(&why, ERR_FORMAT, "photo %d", 3), ERR_FORMAT);
	assert_string_equal(why.text, "photo 3: 'a?b' is no image");
	assert_int_equal(err_set(NULL, ERR_IO, "nobody listens"), ERR_IO);
}

static void err_set_cuts_a_long_text_at_a_character(void **state)
{
	(void)state;
	char text[2 * ERROR_TEXT_MAX];
	for (size_t i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xC3\xA9", 2);
	text[sizeof(text) - 2] = '\0';
	struct error why = {0};
	err_set(&why, ERR_LIMIT, "x%s", text);
	size_t len = strlen(why.text);
	assert_true(len < ERROR_TEXT_MAX);
	assert_string_equal(why.text + len - 3, "...");
	assert_int_equal((unsigned char)why.text[len - 4], 0xA9);
}

static void errno_becomes_a_code_of_ours(void **state)
{
	(void)state;
	struct error why = {0};
	assert_int_equal(err_errno(&why, 28 /* ENOSPC */, "cannot write 'x'"), ERR_FULL);
	assert_string_equal(why.text, "cannot write 'x': No space left on device");
}

static void buf_never_passes_its_ceiling(void **state)
{
	(void)state;
	struct buf b;
	buf_init(&b, 10);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_add_str(&b, "12345"), OK);
	assert_int_equal(buf_printf(&b, "%d", 67890), OK);
	assert_int_equal(buf_add(&b, "x", 1), ERR_LIMIT);
	assert_string_equal(buf_str(&b), "1234567890");
	buf_reset(&b);
	assert_string_equal(buf_str(&b), "");
	buf_finish(&b);
}

static void sizes_that_overflow_are_refused(void **state)
{
	(void)state;
	size_t out = 7;
	assert_false(size_mul(SIZE_MAX, 2, &out));
	assert_false(size_add(SIZE_MAX, 1, &out));
	assert_null(mem_array(SIZE_MAX / 2, 16));
}

static void grow_keeps_content_and_zeroes_the_rest(void **state)
{
	(void)state;
	int *item = NULL;
	size_t capacity = 0;
	for (int i = 0; i < 1000; i++) {
		assert_true(mem_grow((void **)&item, (size_t)i, &capacity, sizeof(*item)));
		assert_int_equal(item[i], 0);
		item[i] = i;
	}
	assert_int_equal(item[999], 999);
	free(item);
}

static void file_write_replaces_the_whole_content(void **state)
{
	(void)state;
	char folder[] = "/tmp/rollcall-base-XXXXXX";
	assert_non_null(mkdtemp(folder));
	char *path = path_join(folder, "deep");
	struct error why = {0};
	assert_int_equal(file_make_folder(path, 0700, &why), OK);
	char *file = path_join(path, "key");
	assert_int_equal(file_write(file, "old content", 11, 0600, &why), OK);
	assert_int_equal(file_write(file, "new", 3, 0600, &why), OK);
	struct buf b;
	buf_init(&b, 100);
	assert_int_equal(file_read(file, &b, &why), OK);
	assert_string_equal(buf_str(&b), "new");
	struct stat st;
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	buf_finish(&b);
	buf_init(&b, 2);
	assert_int_equal(file_read(file, &b, &why), ERR_LIMIT);
	assert_int_equal(file_read(path, &b, &why), ERR_ARG);
	assert_int_equal(file_read("/nonexistent/x", &b, &why), ERR_NOT_FOUND);
	assert_int_equal(file_make_folder(file, 0700, &why), ERR_EXISTS);
	buf_finish(&b);
	unlink(file);
	rmdir(path);
	rmdir(folder);
	free(file);
	free(path);
}

static void paths_are_joined_with_one_slash(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"", "b", "b"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *joined = path_join(cases[i][0], cases[i][1]);
		assert_string_equal(joined, cases[i][2]);
		free(joined);
	}
	assert_string_equal(path_base("/x/y.jpg"), "y.jpg");
	assert_string_equal(path_base("y.jpg"), "y.jpg");
}

static void uuids_are_valid_and_sorted_by_time(void **state)
{
	(void)state;
	char a[UUID_TEXT], b[UUID_TEXT];
	uuid_make(1700000000000, a);
	uuid_make(1700000000001, b);
	assert_true(uuid_valid(a));
	assert_true(strcmp(a, b) < 0);
	assert_int_equal(a[14], '7');
	assert_false(uuid_valid("not-a-uuid"));
	a[3] = 'G';
	assert_false(uuid_valid(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_set_fills_the_reason_and_returns_the_code),
		cmocka_unit_test(err_set_cuts_a_long_text_at_a_character),
		cmocka_unit_test(errno_becomes_a_code_of_ours),
		cmocka_unit_test(buf_never_passes_its_ceiling),
		cmocka_unit_test(sizes_that_overflow_are_refused),
		cmocka_unit_test(grow_keeps_content_and_zeroes_the_rest),
		cmocka_unit_test(file_write_replaces_the_whole_content),
		cmocka_unit_test(paths_are_joined_with_one_slash),
		cmocka_unit_test(uuids_are_valid_and_sorted_by_time),
	};
	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
