/* SPDX-License-Identifier: MIT */
#include "api/server_config.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "net/address.h"

#define AT(field) offsetof(struct server_config, field)

#define SECOND 1e3
#define MINUTE 60e3
#define HOUR 3600e3
#define DAY 86400e3
#define KB 1024.0
#define MB 1048576.0

static enum err check_network(const char *text, struct error *why)
{
	struct network network;
	return network_parse(&network, text, why);
}

/* A scheme, a host, perhaps a port, and nothing behind it; what follows the scheme, or NULL. */
static const char *after_scheme(const char *text, const char *const *schemes)
{
	for (; *schemes != NULL; schemes++) {
		size_t len = strlen(*schemes);
		if (strncmp(text, *schemes, len) == 0 && text[len] != '\0')
			return text + len;
	}
	return NULL;
}

static enum err check_origin(const char *text, struct error *why)
{
	static const char *const schemes[] = {"https://", "http://", NULL};
	const char *host = after_scheme(text, schemes);
	if (host != NULL && strpbrk(host, "/?#@* ") == NULL)
		return OK;
	return err_set(why, ERR_ARG,
		"'%s' is no origin: write it like https://school.example, without a path", text);
}

static enum err check_url(const char *text, struct error *why)
{
	static const char *const schemes[] = {"https://", "http://", NULL};
	if (after_scheme(text, schemes) != NULL && strpbrk(text, " \"<>") == NULL)
		return OK;
	return err_set(why, ERR_ARG, "'%s' is no address: it begins with https://", text);
}

static enum err check_logo(const char *text, struct error *why)
{
	return text[0] == '/' ? OK : check_url(text, why);
}

static enum err check_socket(const char *text, struct error *why)
{
	static const char *const schemes[] = {"wss://", "ws://", "https://", "http://", NULL};
	if (after_scheme(text, schemes) != NULL && strpbrk(text, " \"<>") == NULL)
		return OK;
	return err_set(why, ERR_ARG, "'%s' is no address: it begins with wss://", text);
}

static enum err check_domain(const char *text, struct error *why)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	if (text[0] != '.' && strchr(text, '.') != NULL && text[strspn(text, allowed)] == '\0')
		return OK;
	return err_set(why, ERR_ARG, "'%s' is no domain: write it like school.example", text);
}

static enum err check_mail(const char *text, struct error *why)
{
	const char *at = strchr(text, '@');
	if (at != NULL && at != text && strpbrk(text, " \t\r\n<>,;\"") == NULL &&
		check_domain(at + 1, NULL) == OK)
		return OK;
	return err_set(why, ERR_ARG, "'%s' is no e-mail address", text);
}

static enum err check_host(const char *text, struct error *why)
{
	if (strpbrk(text, " /\t") == NULL)
		return OK;
	return err_set(why, ERR_ARG, "'%s' is no name or address of a host", text);
}

const struct config_key server_keys[] = {
	/* --- server --- */
	{"server", "host", CONFIG_TEXT, AT(host), "localhost", .check = check_host,
		.environment = "ROLLCALL_HOST|HOST", .flag = "host",
		.help = "the address to listen on; 0.0.0.0 is every IPv4 address of this machine, "
			":: every address"},
	{"server", "port", CONFIG_INT, AT(port), "5000", 0, 65535,
		.environment = "ROLLCALL_PORT|PORT", .flag = "port",
		.help = "the port to listen on; 0 is any free one"},
	{"server", "public-url", CONFIG_TEXT, AT(public_url), .check = check_url,
		.environment = "ROLLCALL_PUBLIC_URL", .flags = CONFIG_RELOAD,
		.help = "how others reach the server, for links in messages; else made from host "
			"and "
			"port"},
	{"server", "tls", CONFIG_CHOICE, AT(tls), "off", .choices = "off|self|files",
		.environment = "ROLLCALL_TLS", .flag = "tls",
		.help = "how TLS is done: off; self makes a certificate for this machine; files "
			"takes tls-cert and "
			"tls-key"},
	{"server", "tls-cert", CONFIG_PATH, AT(tls_cert), .environment = "ROLLCALL_TLS_CERT",
		.flag = "tls-cert",
		.help = "the certificate with its chain, PEM; a renewed file is noticed"},
	{"server", "tls-key", CONFIG_PATH, AT(tls_key), .environment = "ROLLCALL_TLS_KEY",
		.flag = "tls-key", .help = "its key, PEM, readable by nobody else"},
	{"server", "insecure-lan", CONFIG_BOOL, AT(insecure_lan), "off",
		.environment = "ROLLCALL_INSECURE_LAN", .flag = "insecure-lan",
		.help = "listen beyond this machine without TLS: passwords and faces can be read "
			"on the "
			"way, browsers give no camera"},
	{"server", "trust-proxy", CONFIG_LIST, AT(trust_proxy), .check = check_network,
		.environment = "ROLLCALL_TRUST_PROXY", .flag = "trust-proxy",
		.help = "networks of proxies whose X-Forwarded-For is believed"},
	{"server", "cors-origins", CONFIG_LIST, AT(cors_origins), .check = check_origin,
		.environment = "ROLLCALL_CORS_ORIGINS",
		.help = "other web sites whose pages may call this server"},
	{"server", "workers", CONFIG_INT, AT(workers), "0", 0, 64,
		.environment = "ROLLCALL_WORKERS", .flag = "workers",
		.help = "how many requests are worked on at a time; 0 = one a processor"},
	{"server", "queue", CONFIG_INT, AT(queue), "64", 1, 10000, .environment = "ROLLCALL_QUEUE",
		.help = "how many requests may wait for a worker; more are sent away with 503"},
	{"server", "connections", CONFIG_INT, AT(connections), "12000", 10, 100000,
		.environment = "ROLLCALL_CONNECTIONS", .help = "how many connections may be open"},
	{"server", "logo-url", CONFIG_TEXT, AT(logo_url), .check = check_logo,
		.environment = "ROLLCALL_LOGO_URL|LOGO_URL", .flags = CONFIG_RELOAD,
		.help = "a picture for the head of the pages"},
	/* --- limits --- */
	{"limits", "json-max", CONFIG_SIZE, AT(json_max), "1 MB", 4 * KB, 16 * MB,
		.help = "the largest request without a photo"},
	{"limits", "upload-max", CONFIG_SIZE, AT(upload_max), "20 MB", 64 * KB, 64 * MB,
		.help = "the largest photo"},
	{"limits", "rate-api", CONFIG_RATE, AT(rate_api), "1200/min burst 300",
		.help = "requests, for each address and for each account"},
	{"limits", "rate-sign-in", CONFIG_RATE, AT(rate_sign_in), "30/min burst 20",
		.help = "attempts to sign in"},
	{"limits", "rate-recognise", CONFIG_RATE, AT(rate_recognise), "600/min burst 120",
		.help = "photos to recognise"},
	{"limits", "rate-upload", CONFIG_RATE, AT(rate_upload), "120/min burst 60",
		.help = "photos to keep a template of"},
	{"limits", "decode-memory", CONFIG_SIZE, AT(decode_memory), "1 GB", 64 * MB, 16384 * MB,
		.help = "what the process that decodes photos may use, besides file and pixels"},
	{"limits", "decode-time", CONFIG_DURATION, AT(decode_time_ms), "20 s", SECOND, 10 * MINUTE,
		.help = "how long decoding one photo may take"},
	{"limits", "decode-unprotected", CONFIG_BOOL, AT(decode_unprotected), "off",
		.help = "decode also where the kernel cannot lock the decoder in (no seccomp)"},
	/* --- sessions --- */
	{"sessions", "length", CONFIG_DURATION, AT(session_length_ms), "7 days", 5 * MINUTE,
		90 * DAY, .flags = CONFIG_RELOAD, .help = "after so long one has to sign in again"},
	{"sessions", "idle", CONFIG_DURATION, AT(session_idle_ms), "12 h", 5 * MINUTE, 90 * DAY,
		.flags = CONFIG_RELOAD, .help = "after so long without a request likewise"},
	{"sessions", "link", CONFIG_DURATION, AT(link_length_ms), "24 h", 5 * MINUTE, 30 * DAY,
		.flags = CONFIG_RELOAD,
		.help = "how long a one-time link (invitation, new password) holds"},
	{"sessions", "pairing", CONFIG_DURATION, AT(pairing_length_ms), "10 min", MINUTE, 24 * HOUR,
		.flags = CONFIG_RELOAD, .help = "how long a device may wait to be paired"},
	/* --- registration --- */
	{"registration", "self", CONFIG_BOOL, AT(self_registration), "off", .flags = CONFIG_RELOAD,
		.environment = "ROLLCALL_SELF_REGISTRATION",
		.help = "students may register themselves; an administrator or teacher approves"},
	{"registration", "allowed-domains", CONFIG_LIST, AT(allowed_domains), .check = check_domain,
		.flags = CONFIG_RELOAD, .environment = "ROLLCALL_ALLOWED_DOMAINS",
		.help = "only with e-mail addresses of these domains"},
	/* --- photos --- */
	{"photos", "keep", CONFIG_BOOL, AT(keep_photos), "off",
		.environment = "ROLLCALL_KEEP_PHOTOS",
		.help = "keep photos of enrolment, encrypted; some devices ask for them"},
	{"photos", "keep-intruders", CONFIG_BOOL, AT(keep_intruders), "off",
		.environment = "ROLLCALL_KEEP_INTRUDERS",
		.help = "keep the photo when a stranger is seen three times in a row"},
	{"photos", "intruders-for", CONFIG_DURATION, AT(intruders_length_ms), "30 days", HOUR,
		365 * DAY, .flags = CONFIG_RELOAD,
		.help = "after so long those photos are deleted"},
	/* --- legacy --- */
	{"legacy", "open", CONFIG_CHOICE, AT(legacy_open), "off", .choices = "off|lan",
		.environment = "ROLLCALL_LEGACY_OPEN",
		.help = "off, or lan: old devices that cannot send a key may call from private "
			"addresses"},
	{"legacy", "husky", CONFIG_BOOL, AT(husky), "on",
		.help = "answer the pages and forms of husky"},
	{"legacy", "venue", CONFIG_BOOL, AT(venue), "on", .help = "answer the venue clients"},
	{"legacy", "blink", CONFIG_BOOL, AT(blink), "on", .help = "answer the blink client"},
	{"legacy", "streak", CONFIG_BOOL, AT(streak), "on", .help = "answer StreakTrack devices"},
	{"legacy", "blink-key", CONFIG_TEXT, AT(blink_key), .flags = CONFIG_SECRET,
		.environment = "ROLLCALL_BLINK_KEY|API_SECRET_KEY",
		.help = "what the blink client sends as X-API-KEY, besides API keys of the "
			"program"},
	/* --- mail --- */
	{"mail", "host", CONFIG_TEXT, AT(smtp_host), .check = check_host,
		.environment = "ROLLCALL_SMTP_HOST", .flags = CONFIG_RELOAD,
		.help = "the mail server (SMTP); without it no reports are sent"},
	{"mail", "port", CONFIG_INT, AT(smtp_port), "587", 1, 65535,
		.environment = "ROLLCALL_SMTP_PORT", .flags = CONFIG_RELOAD, .help = "its port"},
	{"mail", "security", CONFIG_CHOICE, AT(smtp_security), "starttls",
		.choices = "starttls|tls|none", .environment = "ROLLCALL_SMTP_SECURITY",
		.flags = CONFIG_RELOAD,
		.help = "how the way there is protected: starttls (port 587), tls from the first "
			"byte (465), or none"},
	{"mail", "user", CONFIG_TEXT, AT(smtp_user),
		.environment = "ROLLCALL_SMTP_USER|SENDER_EMAIL", .flags = CONFIG_RELOAD,
		.help = "the account there"},
	{"mail", "password", CONFIG_TEXT, AT(smtp_password),
		.environment = "ROLLCALL_SMTP_PASSWORD|SENDER_PASSWORD",
		.flags = CONFIG_SECRET | CONFIG_RELOAD, .help = "its password"},
	{"mail", "from", CONFIG_TEXT, AT(mail_from), .check = check_mail,
		.environment = "ROLLCALL_MAIL_FROM|SENDER_EMAIL", .flags = CONFIG_RELOAD,
		.help = "who reports come from"},
	{"mail", "to", CONFIG_LIST, AT(mail_to), .check = check_mail,
		.environment = "ROLLCALL_MAIL_TO|TEACHER_EMAIL", .flags = CONFIG_RELOAD,
		.help = "who gets them"},
	/* --- husky --- */
	{"husky", "serial-port", CONFIG_PATH, AT(serial_port),
		.environment = "ROLLCALL_SERIAL_PORT|SERIAL_PORT",
		.help = "where the microcontroller is, such as /dev/ttyACM0; else it is looked "
			"for"},
	{"husky", "baudrate", CONFIG_INT, AT(baudrate), "115200", 300, 4000000,
		.environment = "ROLLCALL_BAUDRATE|BAUDRATE", .help = "how fast it talks"},
	{"husky", "cooldown", CONFIG_DURATION, AT(cooldown_ms), "60 s", 0, DAY, .unit = "s",
		.environment = "ROLLCALL_COOLDOWN|COOLDOWN",
		.help = "how long the same face is not recorded again"},
	{"husky", "database", CONFIG_PATH, AT(husky_database),
		.environment = "ROLLCALL_HUSKY_DATABASE|ATTENDANCE_DB",
		.help = "the old system's database, to import"},
	/* --- streak --- */
	{"streak", "config", CONFIG_PATH, AT(streak_config),
		.environment = "ROLLCALL_STREAK_CONFIG",
		.help = "a device's config.json; its values count where the next three are not "
			"set"},
	{"streak", "website-url", CONFIG_TEXT, AT(website_url), .check = check_socket,
		.environment = "ROLLCALL_WEBSITE_URL",
		.help = "the server that the device connects to"},
	{"streak", "device-id", CONFIG_TEXT, AT(device_id), .environment = "ROLLCALL_DEVICE_ID",
		.help = "the device's name there"},
	{"streak", "organization-id", CONFIG_TEXT, AT(organization_id),
		.environment = "ROLLCALL_ORGANIZATION_ID", .help = "its organisation's"},
	{0},
};

bool host_is_local(const char *host)
{
	struct in_addr v4;
	struct in6_addr v6;
	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

enum err server_config_check(const struct server_config *c, struct error *why)
{
	bool cert = c->tls_cert != NULL, key = c->tls_key != NULL;
	if (cert != key)
		return err_set(why, ERR_ARG, "there is a %s without a %s: give both",
			cert ? "tls-cert" : "tls-key", cert ? "tls-key" : "tls-cert");
	if (c->tls == SERVER_TLS_FILES && !cert)
		return err_set(why, ERR_ARG, "tls = files needs tls-cert and tls-key");
	if (c->tls == SERVER_TLS_SELF && cert)
		return err_set(why, ERR_ARG,
			"tls = self makes a certificate itself: leave out tls-cert and tls-key, or "
			"write tls = files");
	bool plain = c->tls == SERVER_TLS_OFF && !cert;
	if (plain && !c->insecure_lan && (c->host == NULL || !host_is_local(c->host)))
		return err_set(why, ERR_ARG,
			"listening on %s without TLS lets everybody on the way read passwords and "
			"faces: add --tls self, or a certificate with --tls-cert and --tls-key, or "
			"--insecure-lan if that is all right",
			c->host != NULL ? c->host : "every address");
	if (c->session_idle_ms > c->session_length_ms)
		return err_set(why, ERR_ARG,
			"[sessions] idle is longer than length: it would never take effect");
	if (c->smtp_host != NULL && c->mail_from == NULL)
		return err_set(
			why, ERR_ARG, "[mail] host is set, but nobody to send from: set from");
	if (c->smtp_password != NULL && c->smtp_user == NULL)
		return err_set(why, ERR_ARG, "[mail] password is set without a user");
	return OK;
}
