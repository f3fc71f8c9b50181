/* SPDX-License-Identifier: MIT */
/*
 * The settings of `rollcall serve` and of what belongs to it: one table, and the struct it
 * fills. What an organisation decides for itself (its zone, when late begins, ...) is no
 * setting of the server but in the database ('rollcall settings').
 */
#ifndef API_SERVER_CONFIG_H
#define API_SERVER_CONFIG_H

#include "base/config.h"

enum server_tls { SERVER_TLS_OFF, SERVER_TLS_SELF, SERVER_TLS_FILES };
enum legacy_open { LEGACY_OPEN_OFF, LEGACY_OPEN_LAN };
enum mail_security { MAIL_STARTTLS, MAIL_TLS, MAIL_PLAIN };

/* Filled by config_fill from server_keys; texts and lists are the configuration's. */
struct server_config {
	/* [server] */
	const char *host;
	int port;
	const char *public_url;
	int tls; /* enum server_tls */
	const char *tls_cert, *tls_key;
	bool insecure_lan;
	struct config_list trust_proxy, cors_origins;
	int workers, queue, connections;
	const char *logo_url;
	/* [limits] */
	int64_t json_max, upload_max;
	struct config_rate rate_api, rate_sign_in, rate_recognise, rate_upload;
	int64_t decode_memory, decode_time_ms;
	bool decode_unprotected;
	/* [sessions] */
	int64_t session_length_ms, session_idle_ms, link_length_ms, pairing_length_ms;
	/* [registration] */
	bool self_registration;
	struct config_list allowed_domains;
	/* [photos] */
	bool keep_photos, keep_intruders;
	int64_t intruders_length_ms;
	/* [legacy] */
	int legacy_open; /* enum legacy_open */
	bool husky, venue, blink, streak;
	const char *blink_key;
	/* [mail] */
	const char *smtp_host;
	int smtp_port;
	int smtp_security; /* enum mail_security */
	const char *smtp_user, *smtp_password, *mail_from;
	struct config_list mail_to;
	/* [husky], of 'rollcall husky' and 'import' */
	const char *serial_port;
	int baudrate;
	int64_t cooldown_ms;
	const char *husky_database;
	/* [streak], of a device */
	const char *streak_config, *website_url, *device_id, *organization_id;
};

extern const struct config_key server_keys[];

/*
 * What no single key can tell: certificate without key, listening beyond this machine without
 * TLS, a report without a mail server, ... ERR_ARG with what to do.
 */
enum err server_config_check(const struct server_config *config, struct error *why) MUST_USE;

/* Whether that address is only reached from this machine: localhost, 127.x, ::1. */
bool host_is_local(const char *host);

#endif
