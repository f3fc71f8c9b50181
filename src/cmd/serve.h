/* SPDX-License-Identifier: MIT */
/* Running the server as the configuration says. One thread, which becomes the server's loop. */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include "api/api.h"
#include "api/server_config.h"
#include "cmd/cmd.h"
#include "net/tls_self.h"

/* One run of the server. Zero it, serving_open, serving_close. */
struct serving {
	struct cmd *c;
	struct server_config config;
	char *models, *home_models; /* folders */
	struct api *api;
	struct server_options options;
	struct server *server;
	struct tls_self tls; /* the certificate that this machine made */
	struct renewal *renewal;
	struct settings_kept *kept; /* configurations that were read again */
	char base[512];             /* how others reach it: "https://host:5000" */
};

/*
 * Opens the API and the sockets as s->config says, which server_config_check has passed. The
 * choice of models may be NULL. ERR_IO and others of server_open, api_open, tls_self_make.
 */
enum err serving_open(struct serving *s, struct cmd *c, const struct engine_choice *choice,
	struct error *why) MUST_USE;
void serving_close(struct serving *s);

#endif
