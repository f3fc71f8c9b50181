/* SPDX-License-Identifier: MIT */
#include "net/params.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum err params_add(
	struct params *p, const char *name, size_t name_len, const char *value, size_t value_len)
{
	size_t bytes;
	if (!size_add(name_len, value_len, &bytes) || !size_add(bytes, 2, &bytes))
		return ERR_NOMEM;
	void *items = p->item;
	bool room = mem_grow(&items, p->count, &p->capacity, sizeof(*p->item));
	p->item = items;
	char *text = room ? malloc(bytes) : NULL;
	if (text == NULL)
		return ERR_NOMEM;
	if (name_len > 0)
		memcpy(text, name, name_len);
	text[name_len] = '\0';
	char *copy = text + name_len + 1;
	if (value_len > 0)
		memcpy(copy, value, value_len);
	copy[value_len] = '\0';
	p->item[p->count++] = (struct param){.name = text, .value = copy};
	return OK;
}

enum err params_join(
	struct params *p, size_t index, const char *glue, const char *value, size_t value_len)
{
	struct param old = p->item[index];
	size_t name_len = strlen(old.name), old_len = strlen(old.value), glue_len = strlen(glue);
	size_t bytes;
	if (!size_add(name_len + old_len + glue_len + 2, value_len, &bytes))
		return ERR_NOMEM;
	char *text = malloc(bytes);
	if (text == NULL)
		return ERR_NOMEM;
	memcpy(text, old.name, name_len + 1);
	char *at = text + name_len + 1;
	p->item[index] = (struct param){.name = text, .value = at};
	memcpy(at, old.value, old_len);
	memcpy(at + old_len, glue, glue_len);
	if (value_len > 0)
		memcpy(at + old_len + glue_len, value, value_len);
	at[old_len + glue_len + value_len] = '\0';
	free((void *)(uintptr_t)old.name);
	return OK;
}

void params_finish(struct params *p)
{
	for (size_t i = 0; i < p->count; i++)
		free((void *)(uintptr_t)p->item[i].name); /* the value lies in the same block */
	free(p->item);
	*p = (struct params){0};
}

const char *params_get(const struct params *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++) {
		if (strcmp(p->item[i].name, name) == 0)
			return p->item[i].value;
	}
	return NULL;
}

const char *params_get_nocase(const struct params *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++) {
		if (strcasecmp(p->item[i].name, name) == 0)
			return p->item[i].value;
	}
	return NULL;
}

size_t params_count(const struct params *p, const char *name, bool nocase)
{
	size_t count = 0;
	for (size_t i = 0; i < p->count; i++) {
		int differs =
			nocase ? strcasecmp(p->item[i].name, name) : strcmp(p->item[i].name, name);
		count += differs == 0;
	}
	return count;
}
