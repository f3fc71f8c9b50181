/* SPDX-License-Identifier: MIT */
#include "cmd/serve.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "cmd/configure.h"
#include "cmd/recognise.h"

enum { DAY_S = 24 * 3600 };

/* --- a certificate of this machine's own ------------------------------------------------ */

/* Looks once a day whether the certificate is to be renewed; the server sees the new file. */
struct renewal {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stop;
	bool stopping;
	struct tls_names names;
	char *folder;
};

static void renew(struct renewal *r)
{
	struct tls_self made;
	struct error why = {0};
	if (tls_self_make(&made, r->folder, &r->names, clock_now_ms(), &why) != OK) {
		log_event(LOG_ERROR, "tls.renew_failed", log_text("why", why.text));
		return;
	}
	if (made.made)
		log_event(LOG_INFO, "tls.renewed", log_text("file", made.cert));
	tls_self_finish(&made);
}

static void *renew_daily(void *user)
{
	struct renewal *r = user;
	pthread_mutex_lock(&r->lock);
	while (!r->stopping) {
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += DAY_S;
		if (pthread_cond_timedwait(&r->stop, &r->lock, &until) == ETIMEDOUT && !r->stopping)
			renew(r);
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void renewal_stop(struct renewal *r)
{
	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	r->stopping = true;
	pthread_cond_signal(&r->stop);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	pthread_cond_destroy(&r->stop);
	pthread_mutex_destroy(&r->lock);
	free(r->folder);
	free(r);
}

static enum err renewal_start(
	struct renewal **out, const struct tls_names *names, const char *folder, struct error *why)
{
	struct renewal *r = calloc(1, sizeof(*r));
	*out = NULL;
	if (r != NULL)
		r->folder = strdup(folder);
	if (r == NULL || r->folder == NULL) {
		free(r);
		return err_set(why, ERR_NOMEM, "no memory for the certificate");
	}
	r->names = *names;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->stop, NULL);
	int failed = pthread_create(&r->thread, NULL, renew_daily, r);
	if (failed == 0) {
		*out = r;
		return OK;
	}
	pthread_cond_destroy(&r->stop);
	pthread_mutex_destroy(&r->lock);
	free(r->folder);
	free(r);
	return err_set(why, ERR_IO, "cannot start a thread: %s", strerror(failed));
}

static bool is_every_address(const char *host)
{
	return host == NULL || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* The host within an address: what stands before the port and the path. */
static void host_of(const char *url, char *out, size_t size)
{
	const char *at = strstr(url, "://");
	at = at != NULL ? at + 3 : url;
	size_t len = at[0] == '[' ? strcspn(++at, "]") : strcspn(at, ":/");
	snprintf(out, size, "%.*s", (int)len, at);
}

static enum err make_certificate(struct serving *s, struct error *why)
{
	struct tls_names *names = calloc(1, sizeof(*names));
	char host[TLS_SELF_NAME_MAX];
	char *folder = path_join(s->c->home, "tls");
	enum err err = names != NULL && folder != NULL
		? tls_names_of_machine(names, why)
		: err_set(why, ERR_NOMEM, "no memory for the certificate");
	if (err == OK && !is_every_address(s->config.host))
		err = tls_names_add(names, s->config.host, why);
	if (err == OK && s->config.public_url != NULL) {
		host_of(s->config.public_url, host, sizeof(host));
		err = tls_names_add(names, host, why);
	}
	if (err == OK)
		err = tls_self_make(&s->tls, folder, names, clock_now_ms(), why);
	if (err == OK)
		err = renewal_start(&s->renewal, names, folder, why);
	free(names);
	free(folder);
	return err;
}

/* --- settings that change while it runs ------------------------------------------------- */

/* Workers may still look at what was read before, so it stays until the end. */
struct settings_kept {
	struct settings_kept *next;
	struct config *config;
	struct server_config server;
};

static void warn_of_restart(const struct config *before, const struct config *now)
{
	const struct config_key *key;
	size_t i = 0;
	while ((key = config_difference(before, now, &i)) != NULL)
		log_event(LOG_WARN, "config.needs_restart", log_text("section", key->section),
			log_text("name", key->name), log_text("where", config_where(now, key)));
}

/* On SIGHUP: all that may change does, or, when something is wrong, nothing. */
static void reload(void *user)
{
	struct serving *s = user;
	struct error why = {0};
	struct program_config program;
	struct settings_kept *kept = calloc(1, sizeof(*kept));
	enum err err = kept != NULL ? configure_again(s->c, &kept->config, &program, &why)
				    : err_set(&why, ERR_NOMEM, "out of memory");
	if (err == OK)
		err = config_fill(kept->config, server_keys, &kept->server, &why);
	if (err == OK)
		err = server_config_check(&kept->server, &why);
	if (err != OK) {
		log_event(LOG_ERROR, "config.refused", log_text("why", why.text));
		if (kept != NULL)
			config_free(kept->config);
		free(kept);
		return;
	}
	warn_of_restart(s->c->config, kept->config);
	kept->next = s->kept;
	s->kept = kept;
	log_set((enum log_level)program.log_level, (enum log_format)program.log_format);
	api_reconfigure(s->api, &kept->server);
	log_event(LOG_INFO, "config.reloaded", log_text("file", configure_file(s->c)));
}

/* --- opening ---------------------------------------------------------------------------- */

static unsigned legacy_of(const struct server_config *config)
{
	return (config->husky ? LEGACY_HUSKY : 0u) | (config->venue ? LEGACY_VENUE : 0u) |
		(config->blink ? LEGACY_BLINK : 0u) | (config->streak ? LEGACY_STREAK : 0u);
}

static enum err open_api(struct serving *s, const struct engine_choice *choice, struct error *why)
{
	struct api_options o;
	enum err err = models_folder(s->c->models_given, &s->models, why);
	if (err == OK)
		err = recognise_home(s->c, &s->home_models, why);
	if (err == OK) {
		api_options_default(&o);
		o.home = s->c->home;
		o.now_ms = clock_now_ms;
		o.config = &s->config;
		o.legacy = legacy_of(&s->config);
		o.legacy_open_lan = s->config.legacy_open == LEGACY_OPEN_LAN;
		o.reloaded = reload;
		o.user = s;
		o.pipeline = (struct pipeline_options){.models = s->models,
			.home_models = s->home_models,
			.detector = choice->detector,
			.embedding = choice->embedding,
			.min_score = (float)choice->min_score,
			.min_face = (float)choice->min_face,
			.threads = s->c->threads};
		err = api_open(&s->api, &o, why);
	}
	return err;
}

static enum err open_server(struct serving *s, struct error *why)
{
	const struct server_config *config = &s->config;
	struct server_options *o = &s->options;
	bool tls = config->tls == SERVER_TLS_SELF || config->tls_cert != NULL;
	server_options_default(o);
	o->listen[o->listens++] =
		(struct listen_address){.host = config->host, .port = config->port, .tls = tls};
	o->tls_cert = config->tls_cert;
	o->tls_key = config->tls_key;
	if (config->tls == SERVER_TLS_SELF) {
		o->tls_cert = s->tls.cert;
		o->tls_key = s->tls.key;
		/* Browsers offer no way past an untrusted certificate under HSTS. */
		o->hsts_s = 0;
	}
	o->trust_proxy = config->trust_proxy.item;
	o->trust_proxies = config->trust_proxy.count;
	o->cors_origin = config->cors_origins.item;
	o->cors_origins = config->cors_origins.count;
	o->workers = config->workers;
	o->queue_max = (size_t)config->queue;
	o->connections_max = (size_t)config->connections;
	o->now_ms = clock_now_ms;
	api_serve(s->api, o);
	return server_open(&s->server, o, why);
}

/* How others reach it: as the operator says, else by the address it listens on. */
static void name_base(struct serving *s)
{
	const struct server_config *config = &s->config;
	const char *host = is_every_address(config->host) ? "localhost" : config->host;
	bool six = strchr(host, ':') != NULL;
	if (config->public_url != NULL) {
		size_t len = strlen(config->public_url);
		while (len > 0 && config->public_url[len - 1] == '/')
			len--;
		snprintf(s->base, sizeof(s->base), "%.*s", (int)len, config->public_url);
		return;
	}
	snprintf(s->base, sizeof(s->base), "%s://%s%s%s:%d",
		s->options.listen[0].tls ? "https" : "http", six ? "[" : "", host, six ? "]" : "",
		server_port(s->server, 0));
}

enum err serving_open(
	struct serving *s, struct cmd *c, const struct engine_choice *choice, struct error *why)
{
	static const struct engine_choice usual = {0};
	s->c = c;
	enum err err = OK;
	if (s->config.tls == SERVER_TLS_SELF)
		err = make_certificate(s, why);
	if (err == OK)
		err = open_api(s, choice != NULL ? choice : &usual, why);
	if (err == OK)
		err = open_server(s, why);
	if (err == OK)
		name_base(s);
	return err;
}

void serving_close(struct serving *s)
{
	server_close(s->server);
	api_close(s->api);
	renewal_stop(s->renewal);
	tls_self_finish(&s->tls);
	free(s->models);
	free(s->home_models);
	while (s->kept != NULL) {
		struct settings_kept *next = s->kept->next;
		config_free(s->kept->config);
		free(s->kept);
		s->kept = next;
	}
}
