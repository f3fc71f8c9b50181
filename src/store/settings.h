/* SPDX-License-Identifier: MIT */
/* What an organisation has set besides struct org: names and texts. As a store. */
#ifndef STORE_SETTINGS_H
#define STORE_SETTINGS_H

#include "store/store.h"

enum {
	SETTING_NAME_BYTES = 65,
	SETTING_VALUE_BYTES = 2001,
};

/* Domains whose students may register themselves, separated by spaces. */
#define SETTING_REGISTRATION_DOMAINS "registration.domains"

/* Gives "" when it was never set. */
enum err store_setting(struct store *s, const char *name, char out[static SETTING_VALUE_BYTES],
	struct error *why) MUST_USE;
/* Sets it; "" or NULL takes it away. */
enum err store_setting_set(
	struct store *s, const char *name, const char *value, struct error *why) MUST_USE;

#endif
