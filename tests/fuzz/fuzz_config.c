/* SPDX-License-Identifier: MIT */
/* Any bytes as a configuration file: refused with its line, or values within their ranges. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/server_config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct config_key *const tables[] = {server_keys, NULL};
	struct config *c;
	struct server_config values;
	struct error why = {0};
	if (config_new(&c, tables, NULL) != OK)
		abort();
	enum err err = config_read_text(c, (const char *)data, size, "f", &why);
	if (err != OK &&
		(why.text[0] == '\0' || (err == ERR_ARG && strncmp(why.text, "f:", 2) != 0)))
		abort();
	if (config_fill(c, server_keys, &values, NULL) != OK)
		abort();
	if (values.port < 1 || values.port > 65535 || values.upload_max > 64 << 20 ||
		values.session_length_ms <= 0 || values.rate_api.per_minute < 0 ||
		values.trust_proxy.count > CONFIG_ITEMS_MAX)
		abort();
	(void)!server_config_check(&values, NULL);
	config_free(c);
	return 0;
}
