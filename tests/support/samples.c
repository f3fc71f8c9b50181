/* SPDX-License-Identifier: MIT */
#include "tests/support/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/file.h"
#include "media/sample.h"

const char *folder_or_skip(const char *variable)
{
	const char *path = getenv(variable);
	if (path == NULL || path[0] == '\0' || !file_exists(path)) {
		print_message("skipped: no folder $%s (%s)\n", variable, path != NULL ? path : "");
		skip();
	}
	return path;
}

void sample_path(int number, char out[static SAMPLE_PATH])
{
	snprintf(out, SAMPLE_PATH, "%s/sample%d.jpg", folder_or_skip("ROLLCALL_SAMPLES"), number);
}

struct image sample_photo(int number)
{
	char path[SAMPLE_PATH];
	struct image photo;
	struct error why = {0};
	sample_path(number, path);
	if (image_load(path, &(struct image_options){0}, &photo, NULL, NULL, &why) != OK)
		fail_msg("%s", why.text);
	return photo;
}

struct image sample_part(int number, const struct rect *part)
{
	struct image photo = sample_photo(number), crop;
	struct error why = {0};
	if (sample_crop(&photo, part, &crop, &why) != OK)
		fail_msg("%s", why.text);
	image_finish(&photo);
	return crop;
}
