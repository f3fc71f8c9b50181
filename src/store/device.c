/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "store/devices.h"
#include "store/near.h"
#include "store/store_int.h"

static const char kind_of_key[] = "rd";

const char *const device_kinds[] = {"kiosk", "camera", "agent", "serial", "other", NULL};

#define DEVICE_COLUMNS                                                                    \
	"d.id, d.name, d.kind, coalesce(d.prefix, ''), coalesce(d.group_id, ''), d.room," \
	" d.status, d.created_ms, coalesce(d.seen_ms, 0), coalesce(d.revoked_ms, 0),"     \
	" d.version"
enum { DEVICE_COLUMN_COUNT = 11 };

void device_list_finish(struct device_list *list)
{
	free(list->item);
	*list = (struct device_list){0};
}

bool device_online(const struct device *device, int64_t now_ms)
{
	return device->revoked_ms == 0 && device->seen_ms != 0 &&
		now_ms - device->seen_ms < DEVICE_ONLINE_S * 1000;
}

static void read_device(struct query *q, void *row)
{
	struct device *out = row;
	*out = (struct device){0};
	column_text(q, 0, out->id, sizeof(out->id));
	column_text(q, 1, out->name, sizeof(out->name));
	column_text(q, 2, out->kind, sizeof(out->kind));
	column_text(q, 3, out->prefix, sizeof(out->prefix));
	column_text(q, 4, out->group_id, sizeof(out->group_id));
	column_text(q, 5, out->room, sizeof(out->room));
	column_text(q, 6, out->status, sizeof(out->status));
	out->created_ms = column_int(q, 7);
	out->seen_ms = column_int(q, 8);
	out->revoked_ms = column_int(q, 9);
	out->version = column_int(q, 10);
}

static const struct row_kind kind = {read_device, sizeof(struct device), "device", "devices"};

static enum err clean_device(
	struct device *device, char key[static NAME_KEY_BYTES], struct error *why)
{
	char room[LABEL_BYTES];
	enum err err = near_clean(device->name, "device's name", key, why);
	if (err != OK)
		return err;
	if (memchr(device->room, '\0', sizeof(device->room)) == NULL)
		return err_set(why, ERR_ARG, "the room is longer than %d bytes", LABEL_BYTES - 1);
	label_copy(room, sizeof(room), device->room);
	memcpy(device->room, room, sizeof(room));
	for (const char *const *known = device_kinds; *known != NULL; known++) {
		if (strncmp(*known, device->kind, sizeof(device->kind)) == 0)
			return OK;
	}
	return err_set(why, ERR_ARG,
		"a device is a kiosk, camera, agent, serial or other, not '%.15s'", device->kind);
}

static enum err check_free(
	struct store *s, const struct device *device, const char *key, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT name FROM device WHERE org_id = ?1 AND id <> ?2 AND name_key = ?3"
		" AND revoked_ms IS NULL",
		why);
	query_text(&q, device->id);
	query_text(&q, key);
	if (query_row(&q)) {
		char name[NAME_BYTES];
		column_text(&q, 0, name, sizeof(name));
		query_fail(&q,
			err_set(why, ERR_EXISTS, "there is already a device called '%s'", name));
	}
	return query_end(&q);
}

static enum err insert_device(
	struct store *s, const struct device *device, const char *key, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"INSERT INTO device (org_id, id, name, name_key, kind, group_id, room, status,"
		" created_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '', ?8)",
		why);
	query_text(&q, device->id);
	query_text(&q, device->name);
	query_text(&q, key);
	query_text(&q, device->kind);
	query_text_or_null(&q, device->group_id);
	query_text(&q, device->room);
	query_int(&q, device->created_ms);
	enum err err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such group");
	return err;
}

enum err store_device_add(
	struct store *s, struct device *device, int64_t now_ms, char *key, struct error *why)
{
	struct device added = *device;
	char name_key[NAME_KEY_BYTES];
	enum err err = clean_device(&added, name_key, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	uuid_make(now_ms, added.id);
	added.created_ms = now_ms;
	err = check_free(s, &added, name_key, why);
	if (err == OK)
		err = insert_device(s, &added, name_key, why);
	if (err == OK && key != NULL)
		err = store_device_rekey(s, added.id, key, why);
	if (err == OK)
		err = store_device(s, added.id, &added, why);
	err = change_end(s, err, why);
	if (err == OK)
		*device = added;
	else if (key != NULL)
		sodium_memzero(key, KEY_TEXT);
	return err;
}

enum err store_device_by_key(
	struct store *s, const char *key, struct device *out, struct error *why)
{
	char prefix[KEY_PREFIX_BYTES] = "", org[UUID_TEXT] = "";
	uint8_t hash[SECRET_HASH_BYTES];
	bool right = false;
	*out = (struct device){0};
	if (!secret_key_prefix(kind_of_key, key, prefix))
		return err_set(why, ERR_DENIED, "the device's key does not work");
	secret_hash(&s->key, "device", key, hash);
	struct query q;
	query_start_global(&q, s,
		"SELECT " DEVICE_COLUMNS ", d.org_id, d.secret_hash FROM device d"
		" WHERE d.prefix = ?1",
		why);
	query_text(&q, prefix);
	if (query_row(&q)) {
		size_t len;
		read_device(&q, out);
		column_text(&q, DEVICE_COLUMN_COUNT, org, sizeof(org));
		const void *kept = column_blob(&q, DEVICE_COLUMN_COUNT + 1, &len);
		right = len == sizeof(hash) && sodium_memcmp(kept, hash, len) == 0;
	}
	enum err err = query_end(&q);
	if (err == OK && (!right || out->revoked_ms != 0))
		err = err_set(why, ERR_DENIED, "the device's key does not work");
	if (err == OK)
		err = store_use_org(s, org, why);
	if (err != OK)
		*out = (struct device){0};
	return err;
}

enum err store_device(struct store *s, const char *id, struct device *out, struct error *why)
{
	/* `id` may be that of `out`. */
	struct device found = {0};
	struct query q;
	query_start(&q, s,
		"SELECT " DEVICE_COLUMNS " FROM device d WHERE d.org_id = ?1 AND d.id = ?2", why);
	query_text(&q, id);
	enum err err = query_one(&q, &kind, &found);
	*out = found;
	return err;
}

enum err store_device_find(struct store *s, const char *who, struct device *out, struct error *why)
{
	char clean[NAME_BYTES], key[NAME_KEY_BYTES];
	*out = (struct device){0};
	if (uuid_valid(who))
		return store_device(s, who, out, why);
	enum err err = name_clean(who, "device's name", clean, why);
	if (err == OK)
		err = name_key(clean, key, why);
	if (err != OK)
		return err;
	struct query q;
	query_start(&q, s,
		"SELECT " DEVICE_COLUMNS " FROM device d WHERE d.org_id = ?1 AND d.name_key = ?2"
		" AND d.revoked_ms IS NULL",
		why);
	query_text(&q, key);
	err = query_one(&q, &kind, out);
	if (err != ERR_NOT_FOUND)
		return err;
	return near_not_found(s,
		"SELECT name_key, name FROM device WHERE org_id = ?1 AND revoked_ms IS NULL",
		"device", clean, why);
}

enum err store_devices(struct store *s, struct device_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT " DEVICE_COLUMNS " FROM device d WHERE d.org_id = ?1"
		" ORDER BY d.revoked_ms IS NOT NULL, d.name_key, d.id",
		why);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

/* --- changing --- */

static enum err update_row(
	struct store *s, const struct device *device, const char *key, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"UPDATE device SET name = ?3, name_key = ?4, group_id = ?5, room = ?6,"
		" version = version + 1 WHERE org_id = ?1 AND id = ?2",
		why);
	query_text(&q, device->id);
	query_text(&q, device->name);
	query_text(&q, key);
	query_text_or_null(&q, device->group_id);
	query_text(&q, device->room);
	enum err err = query_run(&q, NULL);
	if (err == ERR_NOT_FOUND)
		err_set(why, err, "there is no such group");
	return err;
}

enum err store_device_update(struct store *s, struct device *device, struct error *why)
{
	struct device changed = *device, before;
	char key[NAME_KEY_BYTES];
	enum err err = clean_device(&changed, key, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = store_device(s, changed.id, &before, why);
	if (err == OK && before.revoked_ms != 0)
		err = err_set(why, ERR_NOT_FOUND, "the device was revoked");
	if (err == OK && changed.version != 0 && changed.version != before.version)
		err = err_set(why, ERR_CONFLICT,
			"the device was changed meanwhile: read it again, then change it");
	if (err == OK)
		err = check_free(s, &changed, key, why);
	if (err == OK)
		err = update_row(s, &changed, key, why);
	if (err == OK)
		err = store_device(s, changed.id, &changed, why);
	err = change_end(s, err, why);
	if (err == OK)
		*device = changed;
	return err;
}

enum err store_device_seen(
	struct store *s, const char *id, const char *status, int64_t now_ms, struct error *why)
{
	char label[LABEL_BYTES] = "";
	if (status != NULL)
		label_copy(label, sizeof(label), status);
	struct query q;
	query_start(&q, s,
		"SELECT ?4 - coalesce(seen_ms, 0) < ?5 AND (?3 IS NULL OR status = ?3)"
		" FROM device WHERE org_id = ?1 AND id = ?2 AND revoked_ms IS NULL",
		why);
	query_text(&q, id);
	query_text_or_null(&q, label);
	query_int(&q, now_ms);
	query_int(&q, DEVICE_SEEN_EVERY_S * 1000);
	bool found = query_row(&q), fresh = found && column_int(&q, 0) != 0;
	enum err err = query_end(&q);
	if (err == OK && !found)
		err = err_set(why, ERR_NOT_FOUND, "there is no such device");
	if (err != OK || fresh)
		return err;
	query_start(&q, s,
		"UPDATE device SET seen_ms = max(?4, coalesce(seen_ms, 0)),"
		" status = coalesce(?3, status)"
		" WHERE org_id = ?1 AND id = ?2 AND revoked_ms IS NULL",
		why);
	query_text(&q, id);
	query_text_or_null(&q, label);
	query_int(&q, now_ms);
	return query_run(&q, NULL);
}

enum err store_device_rekey(
	struct store *s, const char *id, char key[static KEY_TEXT], struct error *why)
{
	char prefix[KEY_PREFIX_BYTES];
	uint8_t hash[SECRET_HASH_BYTES];
	secret_key_make(kind_of_key, prefix, key);
	secret_hash(&s->key, "device", key, hash);
	struct query q;
	query_start(&q, s,
		"UPDATE device SET prefix = ?3, secret_hash = ?4, version = version + 1"
		" WHERE org_id = ?1 AND id = ?2 AND revoked_ms IS NULL",
		why);
	query_text(&q, id);
	query_text(&q, prefix);
	query_blob(&q, hash, sizeof(hash));
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	if (err == OK && rows == 0)
		err = err_set(why, ERR_NOT_FOUND, "there is no such device");
	if (err != OK)
		sodium_memzero(key, KEY_TEXT);
	return err;
}

enum err store_device_revoke(struct store *s, const char *id, int64_t now_ms, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"UPDATE device SET revoked_ms = coalesce(revoked_ms, ?3),"
		" version = version + (revoked_ms IS NULL) WHERE org_id = ?1 AND id = ?2",
		why);
	query_text(&q, id);
	query_int(&q, now_ms);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	return err == OK && rows == 0 ? err_set(why, ERR_NOT_FOUND, "there is no such device")
				      : err;
}
