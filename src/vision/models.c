/* SPDX-License-Identifier: MIT */
/* Where the model files are: models_folder of pipeline.h. */
#include "vision/pipeline.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The folder of the running program, without a slash at its end; "" if it cannot be told. */
static void program_folder(char out[static PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
	out[len > 0 ? len : 0] = '\0';
	char *slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = '\0';
}

static enum err copy_of(const char *path, char **out, struct error *why)
{
	*out = mem_strdup(path);
	return *out != NULL ? OK : err_set(why, ERR_NOMEM, "no memory for a path");
}

/* A folder that somebody named: it is that one or none. */
static enum err named_folder(const char *path, const char *by, char **out, struct error *why)
{
	if (!is_folder(path))
		return err_set(why, ERR_NOT_FOUND,
			"no models: '%s' (%s) is no folder: run './run build' in the checkout, or "
			"set "
			"ROLLCALL_MODELS",
			path, by);
	return copy_of(path, out, why);
}

enum err models_folder(const char *given, char **out, struct error *why)
{
	static const char *const beside[] = {"models", "../share/rollcall/models"};
	*out = NULL;
	if (given != NULL && given[0] != '\0')
		return named_folder(given, "as given", out, why);
	const char *set = getenv("ROLLCALL_MODELS");
	if (set != NULL && set[0] != '\0')
		return named_folder(set, "from ROLLCALL_MODELS", out, why);

	char program[PATH_MAX];
	program_folder(program);
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		char *path = path_join(program, beside[i]);
		if (path == NULL)
			return err_set(why, ERR_NOMEM, "no memory for a path");
		if (is_folder(path)) {
			*out = path;
			return OK;
		}
		free(path);
	}
	return err_set(why, ERR_NOT_FOUND,
		"no models: neither '%s/models' nor '%s/../share/rollcall/models' is a folder: run "
		"'./run build' in the checkout, or set ROLLCALL_MODELS",
		program, program);
}
