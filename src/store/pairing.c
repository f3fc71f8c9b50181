/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "store/devices.h"
#include "store/near.h"
#include "store/store_int.h"

enum { CODE_CHARS = 8, CODE_HALF = 4 };

void pairing_list_finish(struct pairing_list *list)
{
	free(list->item);
	*list = (struct pairing_list){0};
}

/* Without letters and digits that look alike: some 2^39 codes. */
static const char code_letters[] = "ABCDEFGHJKMNPQRSTUVWXYZ23456789";

static void make_code(char out[static PAIRING_CODE_TEXT])
{
	char *put = out;
	for (int i = 0; i < CODE_CHARS; i++) {
		if (i == CODE_HALF)
			*put++ = '-';
		*put++ = code_letters[randombytes_uniform(sizeof(code_letters) - 1)];
	}
	*put = '\0';
}

/* As make_code writes it, from what somebody typed; "" when it cannot be one. */
static void read_code(const char *typed, char out[static PAIRING_CODE_TEXT])
{
	int count = 0;
	char *put = out;
	for (; *typed != '\0' && count <= CODE_CHARS; typed++) {
		if (strchr(" -\t", *typed) != NULL)
			continue;
		if (count++ == CODE_CHARS)
			break;
		if (count == CODE_HALF + 1)
			*put++ = '-';
		*put++ = (char)toupper((unsigned char)*typed);
	}
	*(count == CODE_CHARS ? put : out) = '\0';
}

static void read_pairing(struct query *q, void *row)
{
	struct pairing *out = row;
	*out = (struct pairing){0};
	column_text(q, 0, out->id, sizeof(out->id));
	column_text(q, 1, out->code, sizeof(out->code));
	column_text(q, 2, out->name, sizeof(out->name));
	column_text(q, 3, out->kind, sizeof(out->kind));
	column_text(q, 4, out->address, sizeof(out->address));
	out->created_ms = column_int(q, 5);
	out->expires_ms = column_int(q, 6);
}

static const struct row_kind kind = {
	read_pairing, sizeof(struct pairing), "device with that code", "devices that wait"};

/* --- the device asks --- */

static enum err check_room(struct store *s, const char *address, int64_t now_ms, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"SELECT count(*), coalesce(sum(address = ?3), 0) FROM pairing"
		" WHERE org_id = ?1 AND expires_ms > ?2",
		why);
	query_int(&q, now_ms);
	query_text(&q, address);
	if (query_row(&q) &&
		(column_int(&q, 0) >= PAIRINGS_MAX || column_int(&q, 1) >= PAIRINGS_ADDRESS_MAX))
		query_fail(&q,
			err_set(why, ERR_LIMIT,
				"too many devices wait to be paired: try again in %d minutes",
				PAIRING_MINUTES));
	return query_end(&q);
}

static enum err insert_pairing(
	struct store *s, const struct pairing *p, const char *poll, struct error *why)
{
	uint8_t hash[SECRET_HASH_BYTES];
	secret_hash(&s->key, "pairing", poll, hash);
	struct query q;
	query_start(&q, s,
		"INSERT INTO pairing (org_id, id, poll_hash, code, name, kind, address,"
		" created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
		why);
	query_text(&q, p->id);
	query_blob(&q, hash, sizeof(hash));
	query_text(&q, p->code);
	query_text(&q, p->name);
	query_text(&q, p->kind);
	query_text(&q, p->address);
	query_int(&q, p->created_ms);
	query_int(&q, p->expires_ms);
	return query_run(&q, NULL);
}

static enum err clean_pairing(struct pairing *p, struct error *why)
{
	char key[NAME_KEY_BYTES], address[ADDRESS_BYTES];
	enum err err = near_clean(p->name, "device's name", key, why);
	if (err != OK)
		return err;
	p->address[sizeof(p->address) - 1] = '\0';
	label_copy(address, sizeof(address), p->address);
	memcpy(p->address, address, sizeof(address));
	for (const char *const *known = device_kinds; *known != NULL; known++) {
		if (strncmp(*known, p->kind, sizeof(p->kind)) == 0)
			return OK;
	}
	return err_set(why, ERR_ARG,
		"a device is a kiosk, camera, agent, serial or other, not '%.15s'", p->kind);
}

enum err store_pairing_ask(struct store *s, struct pairing *p, int64_t now_ms,
	char poll[static TOKEN_TEXT], struct error *why)
{
	struct pairing asked = *p;
	poll[0] = '\0';
	enum err err = clean_pairing(&asked, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	uuid_make(now_ms, asked.id);
	make_code(asked.code);
	asked.created_ms = now_ms;
	asked.expires_ms = now_ms + (int64_t)PAIRING_MINUTES * 60 * 1000;
	secret_make(poll);
	err = check_room(s, asked.address, now_ms, why);
	if (err == OK)
		err = insert_pairing(s, &asked, poll, why);
	err = change_end(s, err, why);
	if (err == OK)
		*p = asked;
	else
		sodium_memzero(poll, TOKEN_TEXT);
	return err;
}

/* --- somebody answers --- */

#define PAIRINGS                                                                    \
	"SELECT id, code, name, kind, address, created_ms, expires_ms FROM pairing" \
	" WHERE org_id = ?1 AND expires_ms > ?2 AND device_id IS NULL"

enum err store_pairings(
	struct store *s, int64_t now_ms, struct pairing_list *out, struct error *why)
{
	struct query q;
	query_start(&q, s, PAIRINGS " ORDER BY created_ms, id", why);
	query_int(&q, now_ms);
	struct rows rows = {out->item, &out->count, &out->capacity};
	enum err err = query_all(&q, &kind, &rows);
	out->item = rows.item;
	return err;
}

static enum err find_code(
	struct store *s, const char *code, int64_t now_ms, struct pairing *out, struct error *why)
{
	struct query q;
	query_start(&q, s, PAIRINGS " AND code = ?3", why);
	query_int(&q, now_ms);
	query_text(&q, code);
	return query_one(&q, &kind, out);
}

/* A wrong code counts against all that wait: nobody can know which one was meant. */
static enum err count_attempt(struct store *s, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"UPDATE pairing SET attempts = attempts + 1 WHERE org_id = ?1 AND device_id IS "
		"NULL",
		why);
	enum err err = query_run(&q, NULL);
	if (err != OK)
		return err;
	query_start(&q, s,
		"DELETE FROM pairing WHERE org_id = ?1 AND device_id IS NULL AND attempts >= ?2",
		why);
	query_int(&q, PAIRING_ATTEMPTS_MAX);
	return query_run(&q, NULL);
}

static enum err confirm(struct store *s, const struct pairing *p, struct device *device,
	int64_t now_ms, struct error *why)
{
	if (device->name[0] == '\0')
		memcpy(device->name, p->name, sizeof(device->name));
	memcpy(device->kind, p->kind, sizeof(device->kind));
	enum err err = store_device_add(s, device, now_ms, NULL, why);
	if (err != OK)
		return err;
	struct query q;
	query_start(&q, s, "UPDATE pairing SET device_id = ?3 WHERE org_id = ?1 AND id = ?2", why);
	query_text(&q, p->id);
	query_text(&q, device->id);
	return query_run(&q, NULL);
}

enum err store_pairing_confirm(
	struct store *s, const char *code, struct device *device, int64_t now_ms, struct error *why)
{
	struct device made = *device;
	struct pairing p;
	char clean[PAIRING_CODE_TEXT];
	read_code(code, clean);
	enum err err = change_begin(s, why);
	if (err != OK)
		return err;
	err = find_code(s, clean, now_ms, &p, why);
	if (err == ERR_NOT_FOUND) {
		err = change_end(s, count_attempt(s, why), why);
		return err != OK ? err
				 : err_set(why, ERR_NOT_FOUND,
					   "no device waits with this code: look at its screen "
					   "again");
	}
	if (err == OK)
		err = confirm(s, &p, &made, now_ms, why);
	err = change_end(s, err, why);
	if (err == OK)
		*device = made;
	return err;
}

enum err store_pairing_refuse(struct store *s, const char *id, struct error *why)
{
	struct query q;
	query_start(&q, s,
		"DELETE FROM pairing WHERE org_id = ?1 AND id = ?2 AND device_id IS NULL", why);
	query_text(&q, id);
	int64_t rows = 0;
	enum err err = query_run(&q, &rows);
	return err == OK && rows == 0 ? err_set(why, ERR_NOT_FOUND, "no such device waits") : err;
}

/* --- the device fetches its key --- */

static enum err find_poll(struct store *s, const char *poll, int64_t now_ms,
	char id[static UUID_TEXT], char device_id[static UUID_TEXT], struct error *why)
{
	uint8_t hash[SECRET_HASH_BYTES];
	char org[UUID_TEXT] = "";
	secret_hash(&s->key, "pairing", poll, hash);
	struct query q;
	query_start_global(&q, s,
		"SELECT org_id, id, coalesce(device_id, '') FROM pairing"
		" WHERE poll_hash = ?1 AND expires_ms > ?2",
		why);
	query_blob(&q, hash, sizeof(hash));
	query_int(&q, now_ms);
	if (query_row(&q)) {
		column_text(&q, 0, org, sizeof(org));
		column_text(&q, 1, id, UUID_TEXT);
		column_text(&q, 2, device_id, UUID_TEXT);
	}
	enum err err = query_end(&q);
	if (err == OK && org[0] == '\0')
		return err_set(why, ERR_NOT_FOUND,
			"this pairing was refused, has expired, or is done: begin again");
	if (err == OK && device_id[0] == '\0')
		return err_set(why, ERR_BUSY, "nobody has typed the code yet");
	return err == OK ? store_use_org(s, org, why) : err;
}

static enum err hand_out(struct store *s, const char *id, const char *device_id, struct device *out,
	char key[static KEY_TEXT], struct error *why)
{
	static const char *const done = "DELETE FROM pairing WHERE org_id = ?1 AND id = ?2";
	enum err err = run_all(s, &done, 1, id, NULL, why);
	if (err == OK)
		err = store_device_rekey(s, device_id, key, why);
	return err == OK ? store_device(s, device_id, out, why) : err;
}

enum err store_pairing_collect(struct store *s, const char *poll, int64_t now_ms,
	struct device *out, char key[static KEY_TEXT], struct error *why)
{
	char id[UUID_TEXT] = "", device_id[UUID_TEXT] = "";
	key[0] = '\0';
	*out = (struct device){0};
	/* First without the right to write: a device asks every few seconds. */
	enum err err = find_poll(s, poll, now_ms, id, device_id, why);
	if (err == OK)
		err = change_begin(s, why);
	if (err != OK)
		return err;
	err = find_poll(s, poll, now_ms, id, device_id, why);
	if (err == OK)
		err = hand_out(s, id, device_id, out, key, why);
	err = change_end(s, err, why);
	if (err != OK)
		sodium_memzero(key, KEY_TEXT);
	return err;
}
