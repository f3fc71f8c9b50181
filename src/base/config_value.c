/* SPDX-License-Identifier: MIT */
/* What the text of a value means, by the kind of its key. */
#include "base/config_int.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

enum { AMOUNT_TEXT = 48 };

struct unit {
	const char *name;
	double factor;
};

/* The first of each factor is what errors use. */
static const struct unit times[] = {{"ms", 1}, {"s", 1e3}, {"sec", 1e3}, {"min", 60e3},
	{"h", 3600e3}, {"days", 86400e3}, {"d", 86400e3}, {"day", 86400e3}, {0}};
static const struct unit sizes[] = {
	{"bytes", 1}, {"kB", 1024}, {"KB", 1024}, {"MB", 1048576}, {"GB", 1073741824}, {0}};
static const struct unit rates[] = {{"s", 60}, {"min", 1}, {"h", 1.0 / 60}, {0}};

static const char *const bools[][2] = {{"off", "on"}, {"no", "yes"}, {"false", "true"}, {"0", "1"}};

void config_title(const struct config_key *key, char out[static CONFIG_TITLE])
{
	if (key->section[0] != '\0')
		snprintf(out, CONFIG_TITLE, "[%s] %s", key->section, key->name);
	else
		snprintf(out, CONFIG_TITLE, "%s", key->name);
}

size_t config_split(char *text, const char **item)
{
	size_t count = 0;
	char *rest = text;
	for (char *word; (word = strsep(&rest, ", \t")) != NULL;) {
		if (word[0] == '\0')
			continue;
		if (item != NULL && count < CONFIG_ITEMS_MAX)
			item[count] = word;
		count++;
	}
	return count;
}

static enum err wrong(
	const struct config_key *key, const char *wanted, const char *text, struct error *why)
{
	char title[CONFIG_TITLE];
	config_title(key, title);
	if ((key->flags & CONFIG_SECRET) != 0)
		return err_set(why, ERR_ARG, "%s takes %s", title, wanted);
	return err_set(why, ERR_ARG, "%s takes %s, not '%s'", title, wanted, text);
}

/* Digits with at most one point at the beginning; the rest, without blanks before it, to *rest. */
static bool read_number(const char *text, double *out, const char **rest)
{
	size_t digits = strspn(text, "0123456789");
	size_t len = digits;
	if (digits == 0 || digits > 15)
		return false;
	if (text[len] == '.') {
		size_t more = strspn(text + len + 1, "0123456789");
		if (more == 0 || more > 15)
			return false;
		len += 1 + more;
	}
	/* strtod reads no more than these digits: what follows is no exponent to us. */
	char number[40];
	memcpy(number, text, len);
	number[len] = '\0';
	*out = strtod(number, NULL);
	*rest = text + len + strspn(text + len, " \t");
	return true;
}

static double unit_factor(const struct unit *units, const char *name, size_t len)
{
	for (; units->name != NULL; units++) {
		if (strlen(units->name) == len && memcmp(units->name, name, len) == 0)
			return units->factor;
	}
	return 0;
}

/* An amount in the largest unit in which it is whole. */
static void amount_text(const struct unit *units, double amount, char out[static AMOUNT_TEXT])
{
	const struct unit *best = units;
	for (; units->name != NULL; units++) {
		if (amount >= units->factor && units->factor > best->factor &&
			fmod(amount, units->factor) == 0)
			best = units;
	}
	snprintf(out, AMOUNT_TEXT, "%.0f %s", amount / best->factor, best->name);
}

static enum err parse_amount(
	const struct config_key *key, const char *text, int64_t *out, struct error *why)
{
	bool time = key->kind == CONFIG_DURATION;
	const struct unit *units = time ? times : sizes;
	double number;
	const char *unit;
	double factor = 0;
	if (read_number(text, &number, &unit)) {
		if (unit[0] == '\0')
			unit = key->unit != NULL ? key->unit : number == 0 ? units[0].name : "";
		factor = unit_factor(units, unit, strlen(unit));
	}
	if (factor > 0 && number * factor >= key->min && number * factor <= key->max) {
		*out = (int64_t)llround(number * factor);
		return OK;
	}
	char low[AMOUNT_TEXT], high[AMOUNT_TEXT], wanted[3 * AMOUNT_TEXT];
	amount_text(units, key->min, low);
	amount_text(units, key->max, high);
	snprintf(wanted, sizeof(wanted), "%s with its unit, from %s to %s",
		time ? "a time" : "a size", low, high);
	return wrong(key, wanted, text, why);
}

static bool parse_rate(const char *text, struct config_rate *out)
{
	const char *rest;
	double count, burst;
	*out = (struct config_rate){0};
	if (strcmp(text, "off") == 0)
		return true;
	if (!read_number(text, &count, &rest) || rest[0] != '/')
		return false;
	rest += 1 + strspn(rest + 1, " \t");
	size_t len = strcspn(rest, " \t");
	double factor = unit_factor(rates, rest, len);
	rest += len + strspn(rest + len, " \t");
	burst = count;
	if (strncmp(rest, "burst", 5) == 0) {
		rest += 5 + strspn(rest + 5, " \t");
		if (!read_number(rest, &burst, &rest))
			return false;
	}
	if (rest[0] != '\0' || factor == 0 || count <= 0 || count > 1e6 || burst < 1 || burst > 1e6)
		return false;
	*out = (struct config_rate){.per_minute = count * factor, .burst = burst};
	return true;
}

static enum err parse_int(
	const struct config_key *key, const char *text, int *out, struct error *why)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	size_t len = strspn(digits, "0123456789");
	long value = len > 0 && len < 10 && digits[len] == '\0' ? strtol(text, NULL, 10) : 0;
	if (len > 0 && len < 10 && digits[len] == '\0' && (double)value >= key->min &&
		(double)value <= key->max) {
		*out = (int)value;
		return OK;
	}
	char wanted[CONFIG_TITLE];
	snprintf(wanted, sizeof(wanted), "a whole number from %.0f to %.0f", key->min, key->max);
	return wrong(key, wanted, text, why);
}

static enum err parse_choice(
	const struct config_key *key, const char *text, int *out, struct error *why)
{
	struct nearest near = nearest_to(text);
	const char *word = key->choices;
	for (int i = 0;; i++) {
		size_t len = strcspn(word, "|");
		if (strlen(text) == len && memcmp(word, text, len) == 0) {
			*out = i;
			return OK;
		}
		nearest_offer(&near, word, len);
		if (word[len] == '\0')
			break;
		word += len + 1;
	}
	char wanted[CONFIG_TITLE];
	snprintf(wanted, sizeof(wanted), "one of %s", key->choices);
	enum err err = wrong(key, wanted, text, why);
	if (near.best != NULL && why != NULL) {
		char before[ERROR_TEXT_MAX];
		memcpy(before, why->text, sizeof(before));
		err = err_set(why, err, "%s: did you mean '%.*s'?", before, (int)near.best_len,
			near.best);
	}
	return err;
}

static enum err parse_bool(
	const struct config_key *key, const char *text, bool *out, struct error *why)
{
	for (size_t i = 0; i < sizeof(bools) / sizeof(bools[0]); i++) {
		for (int on = 0; on < 2; on++) {
			if (strcmp(text, bools[i][on]) == 0) {
				*out = on == 1;
				return OK;
			}
		}
	}
	return wrong(key, "on or off", text, why);
}

static enum err check_text(const struct config_key *key, const char *text, struct error *why)
{
	char title[CONFIG_TITLE];
	config_title(key, title);
	if (key->check == NULL)
		return OK;
	enum err err = key->check(text, why);
	return err == OK ? OK : err_prefix(why, err, "%s", title);
}

static enum err check_list(const struct config_key *key, const char *text, struct error *why)
{
	char *copy = strdup(text);
	const char **item = calloc(CONFIG_ITEMS_MAX, sizeof(*item));
	enum err err = OK;
	if (copy == NULL || item == NULL) {
		err = err_set(why, ERR_NOMEM, "out of memory for the configuration");
		goto out;
	}
	size_t count = config_split(copy, item);
	if (count > CONFIG_ITEMS_MAX)
		err = wrong(key, "at most 256 items", "many more", why);
	for (size_t i = 0; err == OK && i < count; i++)
		err = check_text(key, item[i], why);
out:
	free(item);
	free(copy);
	return err;
}

static enum err check_path(const struct config_key *key, const char *text, struct error *why)
{
	char title[CONFIG_TITLE];
	config_title(key, title);
	if (text[0] == '\0' || text[0] == '~')
		return err_set(why, ERR_ARG, "%s is '%s': write the value in full", title, text);
	return check_text(key, text, why);
}

enum err config_parse(
	const struct config_key *key, const char *text, union config_value *out, struct error *why)
{
	*out = (union config_value){0};
	if (strlen(text) > CONFIG_VALUE_MAX)
		return wrong(key, "at most 4096 bytes", "a longer one", why);
	switch (key->kind) {
	case CONFIG_BOOL:
		return parse_bool(key, text, &out->on, why);
	case CONFIG_INT:
		return parse_int(key, text, &out->number, why);
	case CONFIG_CHOICE:
		return parse_choice(key, text, &out->number, why);
	case CONFIG_DURATION:
	case CONFIG_SIZE:
		return parse_amount(key, text, &out->amount, why);
	case CONFIG_RATE:
		if (parse_rate(text, &out->rate))
			return OK;
		return wrong(key, "a rate like '10/min' or '5/s burst 20', or off", text, why);
	case CONFIG_TEXT:
		return check_text(key, text, why);
	case CONFIG_PATH:
		return check_path(key, text, why);
	case CONFIG_LIST:
		return check_list(key, text, why);
	}
	return err_set(why, ERR_INTERNAL, "'%s' has no kind", key->name);
}
