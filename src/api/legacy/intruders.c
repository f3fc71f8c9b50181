/* SPDX-License-Identifier: MIT */
/* Photos of strangers who were seen three times in a row, where the operator wants them. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/legacy/blink.h"
#include "base/file.h"
#include "store/settings.h"

#define SETTING_STRANGERS "blink.strangers"

enum { STRANGERS_IN_A_ROW = 3, PATH_BYTES = 4096 };

static void folder_of(const struct context *c, char out[static PATH_BYTES])
{
	snprintf(out, PATH_BYTES, "%s/intruders", api_options(c->api)->home);
}

/* Deletes what is older than the operator keeps it; what cannot be deleted stays until later. */
static void purge(const struct context *c, int64_t now_ms)
{
	char folder[PATH_BYTES], path[PATH_BYTES + 256];
	folder_of(c, folder);
	DIR *dir = opendir(folder);
	if (dir == NULL)
		return;
	const int64_t before_ms = now_ms - api_config(c->api)->intruders_length_ms;
	for (const struct dirent *d = readdir(dir); d != NULL; d = readdir(dir)) {
		struct stat st;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
			(int64_t)st.st_mtime * 1000 < before_ms)
			unlink(path);
	}
	closedir(dir);
}

static enum err keep(
	const struct context *c, int64_t now_ms, const void *photo, size_t len, struct error *why)
{
	char folder[PATH_BYTES], path[PATH_BYTES + 64], id[UUID_TEXT];
	folder_of(c, folder);
	uuid_make(now_ms, id);
	snprintf(path, sizeof(path), "%s/%s.jpg", folder, id);
	enum err err = file_make_folder(folder, 0700, why);
	return err == OK ? file_write(path, photo, len, 0600, why) : err;
}

enum err blink_stranger(const struct request *req, struct context *c, bool stranger,
	const void *photo, size_t len, struct error *why)
{
	char value[SETTING_VALUE_BYTES];
	const int64_t now_ms = request_now_ms(req);
	purge(c, now_ms);
	if (!api_config(c->api)->keep_intruders)
		return OK;
	enum err err = store_setting(c->store, SETTING_STRANGERS, value, why);
	if (err != OK || (!stranger && value[0] == '\0'))
		return err;
	long count = stranger ? strtol(value, NULL, 10) + 1 : 0;
	if (count >= STRANGERS_IN_A_ROW) {
		err = keep(c, now_ms, photo, len, why);
		count = 0;
	}
	snprintf(value, sizeof(value), "%ld", count);
	if (err == OK)
		err = store_setting_set(c->store, SETTING_STRANGERS, count > 0 ? value : "", why);
	return err;
}
