/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock_int.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/name.h"

enum { ZONE_DEPTH_MAX = 3, MACHINE_TEXT_MAX = 4096 };

static const char *zone_folder(void)
{
	const char *folder = getenv("TZDIR");
	return folder != NULL && folder[0] != '\0' ? folder : "/usr/share/zoneinfo";
}

/*
 * "Europe/Berlin", "Etc/GMT+5", "GB-Eire": parts of letters, digits, '_', '+' and '-', and no
 * way out of the folder. All begin with a capital, unlike "posix/", "right/" and "localtime".
 */
static bool name_possible(const char *name)
{
	size_t len = strlen(name);
	if (len >= ZONE_NAME_MAX || name[0] < 'A' || name[0] > 'Z')
		return false;
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
	if (strspn(name, allowed) != len || name[len - 1] == '/')
		return false;
	return strstr(name, "//") == NULL;
}

/* --- did you mean --- */

/* Lower case, and what people type between words as IANA writes it. */
static void fold(const char *name, char out[static ZONE_NAME_MAX])
{
	size_t i = 0;
	for (; name[i] != '\0' && i + 1 < ZONE_NAME_MAX; i++) {
		char c = name[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		out[i] = c == ' ' ? '_' : c;
	}
	out[i] = '\0';
}

struct nearest_zone {
	char typed[ZONE_NAME_MAX], best[ZONE_NAME_MAX];
	size_t distance; /* twice the letters to change; one more if only the city was given */
};

static void offer(struct nearest_zone *n, const char *name)
{
	char folded[ZONE_NAME_MAX];
	fold(name, folded);
	const char *slash = strrchr(folded, '/');
	const char *form[2] = {folded, slash != NULL ? slash + 1 : folded};
	for (size_t i = 0; i < 2; i++) {
		size_t distance;
		if (!name_is_near(n->typed, form[i], &distance) || 2 * distance + i >= n->distance)
			continue;
		n->distance = 2 * distance + i;
		memcpy(n->best, name, strlen(name) + 1);
	}
}

/* Offers every zone of a folder; `prefix` is its path below the folder of all zones. */
static void offer_folder(struct nearest_zone *n, const char *path, const char *prefix, int depth)
{
	DIR *dir = opendir(path);
	if (dir == NULL)
		return;
	for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
		char name[2 * ZONE_NAME_MAX];
		if (strlen(e->d_name) >= ZONE_NAME_MAX)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] != '\0' ? "/" : "",
			e->d_name);
		if (!name_possible(name))
			continue;
		char *below = path_join(path, e->d_name);
		if (below == NULL)
			break;
		bool folder = e->d_type == DT_DIR;
		if (folder && depth < ZONE_DEPTH_MAX)
			offer_folder(n, below, name, depth + 1);
		else if (!folder)
			offer(n, name);
		free(below);
	}
	closedir(dir);
}

static enum err unknown_zone(const char *name, struct error *why)
{
	if (!utf8_valid(name, strlen(name)))
		return err_set(why, ERR_NOT_FOUND, "there is no such time zone: not UTF-8");
	struct nearest_zone n = {.distance = SIZE_MAX};
	fold(name, n.typed);
	if (strlen(name) < ZONE_NAME_MAX)
		offer_folder(&n, zone_folder(), "", 1);
	if (n.best[0] != '\0')
		return err_set(why, ERR_NOT_FOUND, "there is no time zone '%s'; did you mean '%s'?",
			name, n.best);
	return err_set(why, ERR_NOT_FOUND,
		"there is no time zone '%s'; give it as 'Europe/Berlin' or 'UTC'", name);
}

/* --- open --- */

static enum err load(struct zone *z, struct error *why)
{
	struct buf bytes;
	buf_init(&bytes, TZIF_BYTES_MAX);
	char *path = path_join(zone_folder(), z->name);
	if (path == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	enum err err = file_read(path, &bytes, why);
	if (err == OK)
		err = tzif_parse(bytes.data, bytes.len, &z->table, why);
	buf_finish(&bytes);
	free(path);
	return err;
}

/* "UTC" needs no file, so that a machine without tzdata has a zone. */
static enum err load_utc(struct zone *z, struct error *why)
{
	z->table.change = mem_array(1, sizeof(*z->table.change));
	if (z->table.change == NULL)
		return err_set(why, ERR_NOMEM, "out of memory");
	z->table.change[0] = (struct tz_change){INT64_MIN, 0};
	z->table.count = 1;
	return OK;
}

enum err zone_open(struct zone **out, const char *name, struct error *why)
{
	*out = NULL;
	if (!name_possible(name))
		return unknown_zone(name, why);
	struct zone *z = mem_array(1, sizeof(*z));
	if (z == NULL)
		return err_set(why, ERR_NOMEM, "cannot open the time zone: out of memory");
	memcpy(z->name, name, strlen(name) + 1);
	struct error reason = {0};
	enum err err = strcmp(name, "UTC") == 0 ? load_utc(z, &reason) : load(z, &reason);
	if (err == OK) {
		*out = z;
		return OK;
	}
	zone_close(z);
	/* A folder, "Europe", is refused as ERR_ARG. */
	if (err != ERR_NOT_FOUND && err != ERR_ARG)
		return err_set(why, err, "cannot read the time zone '%s': %s", name, reason.text);
	if (!file_exists(zone_folder()))
		return err_set(why, ERR_NOT_FOUND,
			"there are no time zones in '%s': install the package tzdata",
			zone_folder());
	return unknown_zone(name, why);
}

void zone_close(struct zone *z)
{
	if (z == NULL)
		return;
	tz_table_finish(&z->table);
	free(z);
}

const char *zone_name(const struct zone *z)
{
	return z->name;
}

/* --- this machine's --- */

/* Takes "Europe/Berlin", ":Europe/Berlin" or a path into a zoneinfo folder, if it is a zone. */
static bool take_name(const char *text, char out[static ZONE_NAME_MAX])
{
	static const char folder[] = "/zoneinfo/";
	const char *below = strstr(text, folder);
	if (below != NULL)
		text = below + strlen(folder);
	else if (text[0] == ':')
		text++;
	struct zone *z = NULL;
	if (!name_possible(text) || zone_open(&z, text, NULL) != OK)
		return false;
	memcpy(out, z->name, sizeof(z->name));
	zone_close(z);
	return true;
}

void zone_of_machine(char out[static ZONE_NAME_MAX])
{
	const char *from_env = getenv("TZ");
	if (from_env != NULL && take_name(from_env, out))
		return;
	/* What the C library goes by comes before the note of its name. */
	char target[MACHINE_TEXT_MAX];
	ssize_t len = readlink("/etc/localtime", target, sizeof(target) - 1);
	if (len > 0) {
		target[len] = '\0';
		if (take_name(target, out))
			return;
	}
	struct buf text;
	buf_init(&text, MACHINE_TEXT_MAX);
	bool found = false;
	if (file_read("/etc/timezone", &text, NULL) == OK && text.data != NULL) {
		text.data[strcspn((const char *)text.data, " \t\r\n")] = '\0';
		found = take_name((const char *)text.data, out);
	}
	buf_finish(&text);
	if (!found)
		memcpy(out, "UTC", sizeof("UTC"));
}
