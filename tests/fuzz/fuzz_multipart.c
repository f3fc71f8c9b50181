/* SPDX-License-Identifier: MIT */
/* The first line is the content type, the rest the body; parts lie within the body. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(data, '\n', size) : NULL;
	if (end == NULL)
		return 0;
	char *type = strndup((const char *)data, (size_t)(end - data));
	const uint8_t *body = end + 1;
	size_t len = size - (size_t)(body - data);
	struct multipart m;
	struct error why = {0};
	if (type != NULL && multipart_parse(&m, type, body, len, &why) == OK) {
		for (size_t i = 0; i < m.count; i++) {
			const struct part *p = &m.item[i];
			if (p->name == NULL || p->type == NULL || p->data < body ||
				p->len > len - (size_t)(p->data - body))
				abort();
			if (p->filename != NULL && strchr(p->filename, '/') != NULL)
				abort();
		}
		multipart_finish(&m);
	} else if (type != NULL && (m.item != NULL || why.text[0] == '\0')) {
		abort();
	}
	free(type);
	return 0;
}
