/* SPDX-License-Identifier: MIT */
/* The table of the default model, for tests of what follows from a table. */
#ifndef TESTS_TABLES_H
#define TESTS_TABLES_H

#include <string.h>

#include "vision/manifest.h"

/* The built-in manifest of that name; free with manifest_free. */
static inline struct manifest *builtin_manifest(const char *name)
{
	const char *text;
	size_t len;
	for (size_t i = 0; (text = manifest_builtin(i, &len)) != NULL; i++) {
		struct manifest *m;
		if (manifest_parse(&m, text, len, NULL) != OK)
			return NULL;
		if (strcmp(m->name, name) == 0)
			return m;
		manifest_free(m);
	}
	return NULL;
}

#endif
