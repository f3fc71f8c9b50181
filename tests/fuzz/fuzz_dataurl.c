/* SPDX-License-Identifier: MIT */
/* data: URLs and base64: never more than the limit, and what was decoded decodes to itself. */
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/dataurl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MOST = 4096 };
	struct dataurl d, again;
	struct error why = {0};
	if (dataurl_decode(&d, (const char *)data, size, MOST, &why) != OK) {
		if (d.bytes != NULL || why.text[0] == '\0')
			abort();
		return 0;
	}
	if (d.len > MOST)
		abort();
	char text[sodium_base64_ENCODED_LEN(MOST, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	sodium_bin2base64(
		text, sizeof(text), d.bytes, d.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	bool is_url = strncasecmp(text, "data:", 5) == 0;
	if (!is_url) {
		if (dataurl_decode(&again, text, strlen(text), MOST, &why) != OK ||
			again.len != d.len || memcmp(again.bytes, d.bytes, d.len) != 0)
			abort();
		dataurl_finish(&again);
	}
	dataurl_finish(&d);
	return 0;
}
