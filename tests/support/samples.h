/* SPDX-License-Identifier: MIT */
/*
 * The model package and its sample photos, for tests that need them: what is not there skips
 * the test, what is broken fails it. Only inside a cmocka test; any thread.
 */
#ifndef TESTS_SUPPORT_SAMPLES_H
#define TESTS_SUPPORT_SAMPLES_H

#include "media/image.h"

enum { SAMPLE_PATH = 4096 };

/* The folder that an environment variable names; skips the test where it is not. */
const char *folder_or_skip(const char *variable);

/* Where the sample photo of that number is. */
void sample_path(int number, char out[static SAMPLE_PATH]);

/* The photo, or a part of it. Release with image_finish. */
struct image sample_photo(int number);
struct image sample_part(int number, const struct rect *part);

#endif
