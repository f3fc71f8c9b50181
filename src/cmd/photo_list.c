/* SPDX-License-Identifier: MIT */
#include "cmd/photo_list.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/name.h"

static const char *const endings[] = {".jpg", ".jpeg", ".png", ".webp"};

enum wanted { WANT_PHOTOS, WANT_FOLDERS };

void photo_list_finish(struct photo_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->item[i].path);
		free(list->item[i].error);
	}
	free(list->item);
	*list = (struct photo_list){0};
}

bool photo_ending(const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		size_t ending = strlen(endings[i]);
		if (len > ending && strcasecmp(name + len - ending, endings[i]) == 0)
			return true;
	}
	return false;
}

/* Takes ownership of path, also on failure. */
static enum err add_item(struct photo_list *list, char *path, const char *error, struct error *why)
{
	char *text = mem_strdup(error);
	void *items = list->item;
	if (list->count >= PHOTO_LIST_MAX) {
		free(path);
		free(text);
		return err_set(why, ERR_LIMIT, "more than %d photos: give them in several commands",
			PHOTO_LIST_MAX);
	}
	if (!path || (error && !text) ||
		!mem_grow(&items, list->count, &list->capacity, sizeof(*list->item))) {
		free(path);
		free(text);
		return err_set(why, ERR_NOMEM, "out of memory");
	}
	list->item = items;
	list->item[list->count++] = (struct photo_item){path, text};
	return OK;
}

static bool is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int by_path(const void *a, const void *b)
{
	const struct photo_item *x = a, *y = b;
	return strcmp(x->path, y->path);
}

/* Adds one entry of a folder if it is what is wanted. */
static enum err add_entry(struct photo_list *list, const char *folder, const char *name,
	enum wanted wanted, struct error *why)
{
	if (name[0] == '.' || (wanted == WANT_PHOTOS && !photo_ending(name)))
		return OK;
	char *path = path_join(folder, name);
	if (!path)
		return err_set(why, ERR_NOMEM, "out of memory");
	if (is_folder(path) != (wanted == WANT_FOLDERS)) {
		free(path);
		return OK;
	}
	return add_item(list, path, NULL, why);
}

static enum err scan(
	struct photo_list *list, const char *folder, enum wanted wanted, struct error *why)
{
	enum err rc = OK;
	size_t first = list->count;
	char *shown = utf8_printable(folder);
	DIR *dir = opendir(folder);
	if (!dir) {
		rc = err_errno(why, errno, "cannot read folder '%s'", shown ? shown : "?");
		goto out;
	}
	while (rc == OK) {
		errno = 0;
		const struct dirent *entry = readdir(dir);
		if (!entry) {
			if (errno)
				rc = err_errno(
					why, errno, "cannot read folder '%s'", shown ? shown : "?");
			break;
		}
		rc = add_entry(list, folder, entry->d_name, wanted, why);
	}
	if (rc == OK && list->count == first && wanted == WANT_PHOTOS)
		rc = err_set(why, ERR_NOT_FOUND,
			"no photo in folder '%s': put .jpg, .png or .webp files there",
			shown ? shown : "?");
	if (rc == OK && list->count > first)
		qsort(list->item + first, list->count - first, sizeof(*list->item), by_path);
out:
	if (dir)
		closedir(dir);
	free(shown);
	return rc;
}

enum err photo_list_add_folder(struct photo_list *list, const char *folder, struct error *why)
{
	return scan(list, folder, WANT_PHOTOS, why);
}

enum err photo_list_add_subfolders(struct photo_list *list, const char *folder, struct error *why)
{
	return scan(list, folder, WANT_FOLDERS, why);
}

enum err photo_list_add(struct photo_list *list, const char *path, struct error *why)
{
	if (!is_folder(path))
		return add_item(list, mem_strdup(path), NULL, why);
	struct error reason = {0};
	enum err rc = photo_list_add_folder(list, path, &reason);
	if (rc == OK || rc == ERR_NOMEM || rc == ERR_LIMIT) {
		if (why)
			*why = reason;
		return rc;
	}
	return add_item(list, mem_strdup(path), reason.text, why);
}
