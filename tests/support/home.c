/* SPDX-License-Identifier: MIT */
#include "tests/support/home.h"

#include <ftw.h>
#include <unistd.h>

static bool make_in(struct home *home, const char *base)
{
	snprintf(home->folder, sizeof(home->folder), "%.200s/rollcall-test-XXXXXX", base);
	if (mkdtemp(home->folder) == NULL)
		return false;
	snprintf(home->path, sizeof(home->path), "%.240s/home", home->folder);
	return true;
}

bool home_make(struct home *home)
{
	const char *base = getenv("TMPDIR");
	return make_in(home, base != NULL && base[0] != '\0' ? base : "/tmp");
}

bool home_make_quick(struct home *home)
{
	return make_in(home, "/dev/shm") || home_make(home);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void home_remove(const struct home *home)
{
	(void)nftw(home->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void home_file(const struct home *home, const char *name, char out[static HOME_PATH])
{
	snprintf(out, HOME_PATH, "%.200s/%.50s", home->path, name);
}

struct store *home_open(const struct home *home)
{
	struct store *s;
	struct error why = {0};
	if (store_open(&s, home->path, STORE_CREATE, &why) != OK)
		fprintf(stderr, "home_open: %s\n", why.text);
	return s;
}

bool home_begin(struct home *home, struct store **s)
{
	*s = home_make_quick(home) ? home_open(home) : NULL;
	return *s != NULL;
}

void home_end(const struct home *home, struct store *s)
{
	store_close(s);
	home_remove(home);
}

enum err home_person(struct store *s, const char *name, const char *number,
	char id[static UUID_TEXT], struct error *why)
{
	struct person person = {.id = ""};
	snprintf(person.name, sizeof(person.name), "%s", name);
	snprintf(person.number, sizeof(person.number), "%s", number != NULL ? number : "");
	enum err err = store_person_add(s, &person, HOME_NOW, why);
	memcpy(id, person.id, UUID_TEXT);
	return err;
}

enum err home_group(struct store *s, const char *name, char id[static UUID_TEXT], struct error *why)
{
	struct group group = {.start_minute = -1, .grace_minutes = -1};
	snprintf(group.name, sizeof(group.name), "%s", name);
	enum err err = store_group_add(s, &group, HOME_NOW, why);
	memcpy(id, group.id, UUID_TEXT);
	return err;
}
