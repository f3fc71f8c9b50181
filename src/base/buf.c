/* SPDX-License-Identifier: MIT */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_FIRST = 256 };

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_finish(struct buf *b)
{
	free(b->data);
	*b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

static enum err reserve(struct buf *b, size_t more)
{
	size_t wanted;
	if (!size_add(b->len, more, &wanted) || wanted > b->max)
		return ERR_LIMIT;
	if (b->data != NULL && wanted <= b->cap)
		return OK;
	size_t cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;
	while (cap < wanted)
		cap = cap > b->max / 2 ? b->max : cap * 2;
	if (cap > b->max)
		cap = b->max;
	size_t bytes;
	if (!size_add(cap, 1, &bytes))
		return ERR_LIMIT;
	uint8_t *data = realloc(b->data, bytes);
	if (data == NULL)
		return ERR_NOMEM;
	b->data = data;
	b->cap = cap;
	return OK;
}

enum err buf_add(struct buf *b, const void *bytes, size_t len)
{
	enum err err = reserve(b, len);
	if (err != OK)
		return err;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
	return OK;
}

enum err buf_add_str(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

enum err buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return ERR_INTERNAL;
	enum err err = reserve(b, (size_t)len);
	if (err != OK)
		return err;
	va_start(args, fmt);
	vsnprintf((char *)b->data + b->len, (size_t)len + 1, fmt, args);
	va_end(args);
	b->len += (size_t)len;
	return OK;
}

const char *buf_str(const struct buf *b)
{
	return b->data != NULL ? (const char *)b->data : "";
}
