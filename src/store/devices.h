/* SPDX-License-Identifier: MIT */
/*
 * Devices: kiosks, cameras, agents. Each has a key of its own, "rd_<8 characters>_<secret>",
 * which it fetches once after somebody has said that the code it shows is the right one. As a
 * store: one thread at a time. Changes are not audited here: do it in the same transaction.
 */
#ifndef STORE_DEVICES_H
#define STORE_DEVICES_H

#include "store/secret.h"
#include "store/store.h"

enum {
	DEVICE_KIND_BYTES = 16,
	DEVICE_ONLINE_S = 90,     /* seen within this time: online */
	DEVICE_SEEN_EVERY_S = 30, /* written no more often, unless the status changes */
	PAIRING_CODE_TEXT = 10,   /* "K7M2-QD9X" and the final zero */
	PAIRING_MINUTES = 10,
	PAIRING_ATTEMPTS_MAX = 10, /* wrong codes before all that wait must begin again */
	PAIRINGS_MAX = 100,        /* that wait, of an organisation */
	PAIRINGS_ADDRESS_MAX = 5,  /* of them from one address */
};

/* What a device can be: "kiosk", "camera", "agent", "serial", "other"; ends with NULL. */
extern const char *const device_kinds[];

struct device {
	char id[UUID_TEXT];
	char name[NAME_BYTES]; /* no two that work have the same */
	char kind[DEVICE_KIND_BYTES];
	char prefix[KEY_PREFIX_BYTES]; /* of its key; "" = it has not fetched one */
	char group_id[UUID_TEXT];      /* whose register it marks; "" = all */
	char room[LABEL_BYTES];
	char status[LABEL_BYTES]; /* what it said last of itself */
	int64_t created_ms;
	int64_t seen_ms;    /* 0 = never */
	int64_t revoked_ms; /* 0 = it works */
	int64_t version;    /* of the row; for store_device_update: 0 = whatever it is now */
};

struct device_list {
	struct device *item;
	size_t count, capacity;
};
void device_list_finish(struct device_list *list);

/* Whether it was seen a moment ago. Pure. */
bool device_online(const struct device *device, int64_t now_ms);

/*
 * Adds a device with name, kind, group and room of `device`, fills the rest. `key` is shown
 * once; NULL: without one (store_device_rekey makes it). ERR_EXISTS: the name is taken.
 */
enum err store_device_add(struct store *s, struct device *device, int64_t now_ms, char *key,
	struct error *why) MUST_USE;
/*
 * Whose key it is. The handle works in its organisation from then on. ERR_DENIED: unknown or
 * revoked.
 */
enum err store_device_by_key(
	struct store *s, const char *key, struct device *out, struct error *why) MUST_USE;
enum err store_device(
	struct store *s, const char *id, struct device *out, struct error *why) MUST_USE;
/* By id, or by the name of one that works. */
enum err store_device_find(
	struct store *s, const char *who, struct device *out, struct error *why) MUST_USE;
/* By name, those that are revoked last. Appends. */
enum err store_devices(struct store *s, struct device_list *out, struct error *why) MUST_USE;
/*
 * Changes name, group and room. ERR_CONFLICT: the row is not of device->version any more.
 * ERR_NOT_FOUND: no such device or group, or it is revoked.
 */
enum err store_device_update(struct store *s, struct device *device, struct error *why) MUST_USE;
/* It is there and says how it is (NULL = as before). Seldom writes: see DEVICE_SEEN_EVERY_S. */
enum err store_device_seen(struct store *s, const char *id, const char *status, int64_t now_ms,
	struct error *why) MUST_USE;
/* A new key; the old one does not work any more. */
enum err store_device_rekey(
	struct store *s, const char *id, char key[static KEY_TEXT], struct error *why) MUST_USE;
/* Fine when it was before. */
enum err store_device_revoke(
	struct store *s, const char *id, int64_t now_ms, struct error *why) MUST_USE;

/* --- pairing --- */

struct pairing {
	char id[UUID_TEXT];
	char code[PAIRING_CODE_TEXT]; /* "K7M2-QD9X"; shown by the device, typed by a person */
	char name[NAME_BYTES];        /* what the device calls itself */
	char kind[DEVICE_KIND_BYTES];
	char address[ADDRESS_BYTES];
	int64_t created_ms, expires_ms;
};

struct pairing_list {
	struct pairing *item;
	size_t count, capacity;
};
void pairing_list_finish(struct pairing_list *list);

/*
 * A device asks to be let in, with name, kind and address of `p`; the rest is filled. `poll`
 * is the secret by which it fetches its key. ERR_LIMIT: too many wait.
 */
enum err store_pairing_ask(struct store *s, struct pairing *p, int64_t now_ms,
	char poll[static TOKEN_TEXT], struct error *why) MUST_USE;
/* Those that nobody has confirmed and that have not expired, oldest first. Appends. */
enum err store_pairings(
	struct store *s, int64_t now_ms, struct pairing_list *out, struct error *why) MUST_USE;
/*
 * Somebody has typed the code that the device shows: makes the device with the name (if given,
 * else its own), group and room of `device`, fills the rest. Case, blanks and hyphens of the
 * code do not matter. ERR_NOT_FOUND: nobody waits with that code; too many of these end all
 * that wait, so keep the transaction on ERR_NOT_FOUND.
 */
enum err store_pairing_confirm(struct store *s, const char *code, struct device *device,
	int64_t now_ms, struct error *why) MUST_USE;
/* Sends one away, by its id. */
enum err store_pairing_refuse(struct store *s, const char *id, struct error *why) MUST_USE;
/*
 * The device fetches its key: once. ERR_BUSY: nobody has confirmed it yet. ERR_NOT_FOUND:
 * refused, expired or fetched already.
 */
enum err store_pairing_collect(struct store *s, const char *poll, int64_t now_ms,
	struct device *out, char key[static KEY_TEXT], struct error *why) MUST_USE;

#endif
