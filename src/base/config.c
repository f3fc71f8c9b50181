/* SPDX-License-Identifier: MIT */
#include "base/config_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/nearest.h"

/* What holds for one key. */
struct entry {
	const struct config_key *key;
	char *text;  /* NULL = none */
	char *where; /* NULL for a default */
	enum config_source source;
	/* Of a list, made by config_fill: the words, and the copy they point into. */
	char *words;
	const char **item;
};

struct config {
	struct entry *entry;
	size_t count;
};

static size_t keys_of(const struct config_key *table)
{
	size_t count = 0;
	while (table[count].name != NULL)
		count++;
	return count;
}

static struct entry *entry_of(const struct config *c, const struct config_key *key)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->entry[i].key == key)
			return &c->entry[i];
	}
	return NULL;
}

static enum err no_memory(struct error *why)
{
	return err_set(why, ERR_NOMEM, "out of memory for the configuration");
}

/* A default that its own key refuses is a mistake in the table. */
static enum err take_default(struct entry *e, struct error *why)
{
	if (e->key->fallback == NULL)
		return OK;
	union config_value value;
	struct error reason = {0};
	enum err err = config_parse(e->key, e->key->fallback, &value, &reason);
	if (err == ERR_NOMEM)
		return no_memory(why);
	if (err != OK)
		return err_set(why, ERR_INTERNAL, "default of %s", reason.text);
	e->text = mem_strdup(e->key->fallback);
	return e->text != NULL ? OK : no_memory(why);
}

enum err config_new(struct config **out, const struct config_key *const *table, struct error *why)
{
	*out = NULL;
	size_t count = 0;
	for (size_t t = 0; table[t] != NULL; t++)
		count += keys_of(table[t]);
	struct config *c = calloc(1, sizeof(*c));
	struct entry *entry = mem_array(count, sizeof(*entry));
	if (c == NULL || entry == NULL) {
		free(c);
		free(entry);
		return no_memory(why);
	}
	c->entry = entry;
	enum err err = OK;
	for (size_t t = 0; err == OK && table[t] != NULL; t++) {
		for (size_t i = 0; err == OK && table[t][i].name != NULL; i++) {
			entry[c->count].key = &table[t][i];
			err = take_default(&entry[c->count++], why);
		}
	}
	if (err == OK)
		*out = c;
	else
		config_free(c);
	return err;
}

void config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->count; i++) {
		struct entry *e = &c->entry[i];
		free(e->text);
		free(e->where);
		free(e->words);
		free(e->item);
	}
	free(c->entry);
	free(c);
}

enum err config_set(struct config *c, const struct config_key *key, const char *text,
	enum config_source source, const char *where, struct error *why)
{
	struct entry *e = entry_of(c, key);
	if (e == NULL)
		return err_set(why, ERR_INTERNAL, "'%s' is of another configuration", key->name);
	bool none = text[0] == '\0' && (key->kind == CONFIG_TEXT || key->kind == CONFIG_LIST);
	union config_value value;
	enum err err = none ? OK : config_parse(key, text, &value, why);
	if (err != OK)
		return err_prefix(why, err, "%s", where);
	if (source < e->source)
		return OK;
	char *new_text = none ? NULL : mem_strdup(text), *new_where = mem_strdup(where);
	if ((new_text == NULL && !none) || new_where == NULL) {
		free(new_text);
		free(new_where);
		return no_memory(why);
	}
	free(e->text);
	free(e->where);
	e->text = new_text;
	e->where = new_where;
	e->source = source;
	return OK;
}

const struct config_key *config_find(const struct config *c, const char *section, const char *name)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct config_key *key = c->entry[i].key;
		if (strcmp(key->section, section) == 0 && strcmp(key->name, name) == 0)
			return key;
	}
	return NULL;
}

const struct config_key *config_find_flag(const struct config *c, const char *flag)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct config_key *key = c->entry[i].key;
		if (key->flag != NULL && strcmp(key->flag, flag) == 0)
			return key;
	}
	return NULL;
}

const struct config_key *config_key_at(const struct config *c, size_t i)
{
	return i < c->count ? c->entry[i].key : NULL;
}

const char *config_text(const struct config *c, const struct config_key *key)
{
	const struct entry *e = entry_of(c, key);
	return e != NULL ? e->text : NULL;
}

enum config_source config_source(const struct config *c, const struct config_key *key)
{
	const struct entry *e = entry_of(c, key);
	return e != NULL ? e->source : CONFIG_DEFAULT;
}

const char *config_where(const struct config *c, const struct config_key *key)
{
	const struct entry *e = entry_of(c, key);
	return e != NULL && e->where != NULL ? e->where : "default";
}

/* --- into a struct --- */

static enum err fill_list(struct entry *e, void *to, struct error *why)
{
	struct config_list list = {0};
	if (e->text != NULL) {
		free(e->words);
		free(e->item);
		e->words = mem_strdup(e->text);
		e->item = mem_array(CONFIG_ITEMS_MAX, sizeof(*e->item));
		if (e->words == NULL || e->item == NULL)
			return no_memory(why);
		list.item = e->item;
		list.count = config_split(e->words, e->item);
	}
	memcpy(to, &list, sizeof(list));
	return OK;
}

static enum err fill_one(struct entry *e, char *to, struct error *why)
{
	union config_value value = {0};
	switch (e->key->kind) {
	case CONFIG_LIST:
		return fill_list(e, to, why);
	case CONFIG_TEXT:
	case CONFIG_PATH:
		memcpy(to, &(const char *){e->text}, sizeof(const char *));
		return OK;
	default:
		break;
	}
	if (e->text != NULL) {
		enum err err = config_parse(e->key, e->text, &value, why);
		if (err != OK)
			return err;
	}
	switch (e->key->kind) {
	case CONFIG_BOOL:
		memcpy(to, &value.on, sizeof(value.on));
		break;
	case CONFIG_DURATION:
	case CONFIG_SIZE:
		memcpy(to, &value.amount, sizeof(value.amount));
		break;
	case CONFIG_RATE:
		memcpy(to, &value.rate, sizeof(value.rate));
		break;
	default:
		memcpy(to, &value.number, sizeof(value.number));
		break;
	}
	return OK;
}

enum err config_fill(
	struct config *c, const struct config_key *table, void *values, struct error *why)
{
	for (; table->name != NULL; table++) {
		struct entry *e = entry_of(c, table);
		if (e == NULL)
			return err_set(
				why, ERR_INTERNAL, "'%s' is of another configuration", table->name);
		enum err err = fill_one(e, (char *)values + table->offset, why);
		if (err != OK)
			return err;
	}
	return OK;
}

const struct config_key *config_difference(
	const struct config *before, const struct config *now, size_t *i)
{
	while (*i < before->count && *i < now->count) {
		const struct entry *a = &before->entry[*i], *b = &now->entry[*i];
		++*i;
		bool same = a->text == NULL || b->text == NULL ? a->text == b->text
							       : strcmp(a->text, b->text) == 0;
		if (!same && (a->key->flags & CONFIG_RELOAD) == 0)
			return a->key;
	}
	return NULL;
}
