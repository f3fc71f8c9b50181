/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "tests/support/home.h"
#include "vision/model.h"

static void put(const char *home, const char *folder, const char *name, const char *text)
{
	struct error why = {0};
	char *inside = path_join(home, folder);
	assert_int_equal(file_make_folder(inside, 0700, &why), OK);
	char *path = path_join(inside, name);
	assert_int_equal(file_write(path, text, strlen(text), 0600, &why), OK);
	free(path);
	free(inside);
}

#define OWN(name)                                                                              \
	"{\"manifest\": 1, \"name\": \"" name "\", \"id\": \"own/1\", \"kind\": \"detector\"," \
	" \"about\": \"own\", \"decoder\": \"yunet\", \"files\": [{\"path\": \"own.onnx\"}],"  \
	" \"input\": {\"width\": 64, \"height\": 64, \"channels\": \"rgb\", \"mean\": 0,"      \
	" \"std\": 1}, \"licence\": \"MIT\", \"provenance\": \"made up\"}"

static void one_that_is_not_there_says_how_to_get_it(void **unused)
{
	struct model m;
	struct error why = {0};
	struct model_places none = {0};
	assert_int_equal(model_find(&m, &none, "yunet", MODEL_DETECTOR, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "rollcall models add yunet"));
	assert_int_equal(model_find(&m, &none, "ssd", MODEL_DETECTOR, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "ROLLCALL_MODELS"));
	assert_int_equal(model_find(&m, &none, "nothing", MODEL_DETECTOR, &why), ERR_NOT_FOUND);
	assert_int_equal(model_find(&m, &none, "../x", MODEL_DETECTOR, &why), ERR_NOT_FOUND);
	assert_int_equal(model_known(&m, &none, "yunet", &why), OK);
	assert_true(m.builtin && m.folder == NULL);
	model_finish(&m);
}

static void the_builtin_ones_are_found_by_their_files(void **unused)
{
	struct home folder;
	assert_true(home_make(&folder));
	const char *home = folder.folder;
	struct model m;
	struct error why = {0};
	struct model_places places = {.home = home};
	put(home, "yunet", "face_detection_yunet_2023mar.onnx", "x");
	/* Somebody's own manifest under the name of a built-in one has no effect. */
	put(home, "yunet", "manifest.json", "{}");
	assert_int_equal(model_find(&m, &places, "yunet", MODEL_DETECTOR, &why), OK);
	assert_true(m.builtin && !m.shipped);
	assert_string_equal(path_base(m.folder), "yunet");
	model_finish(&m);
	assert_int_equal(model_find(&m, &places, "yunet", MODEL_EMBEDDING, &why), ERR_ARG);
	places = (struct model_places){.shipped = home};
	assert_int_equal(model_find(&m, &places, "yunet", MODEL_DETECTOR, &why), OK);
	assert_true(m.shipped);
	model_finish(&m);
	home_remove(&folder);
}

static void count_wrong(void *ctx, const char *name, const struct error *reason)
{
	assert_string_equal(name, "other");
	assert_true(reason->text[0] != '\0');
	++*(int *)ctx;
}

static void somebodys_own_are_found_by_their_manifest(void **unused)
{
	struct home folder;
	assert_true(home_make(&folder));
	const char *home = folder.folder;
	struct model m;
	struct error why = {0};
	struct model_list list = {0};
	struct model_places places = {.home = home};
	put(home, "own", "manifest.json", OWN("own"));
	put(home, "other", "manifest.json", OWN("own"));
	put(home, "empty", "x", "");
	put(home, ".part", "x", "");
	assert_int_equal(model_find(&m, &places, "own", MODEL_DETECTOR, &why), OK);
	assert_false(m.builtin);
	model_finish(&m);
	assert_int_equal(model_find(&m, &places, "other", MODEL_DETECTOR, &why), ERR_FORMAT);
	int wrong = 0;
	assert_int_equal(models_known(&list, &places, count_wrong, &wrong, &why), OK);
	assert_int_equal(wrong, 1);
	assert_string_equal(list.item[list.count - 1].manifest->name, "own");
	assert_true(list.count > 1 && list.item[0].builtin);
	model_list_finish(&list);
	home_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_is_not_there_says_how_to_get_it),
		cmocka_unit_test(the_builtin_ones_are_found_by_their_files),
		cmocka_unit_test(somebodys_own_are_found_by_their_manifest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
