/* SPDX-License-Identifier: MIT */
#include "cmd/options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

/* One option as it was found on the command line. */
struct found {
	const struct option_spec *spec;
	struct option_set *set;
};

bool choice_at(const char *choices, size_t i, const char **word, size_t *len)
{
	for (;;) {
		size_t span = strcspn(choices, "|");
		if (i == 0) {
			*word = choices;
			*len = span;
			return true;
		}
		if (choices[span] == '\0')
			return false;
		choices += span + 1;
		i--;
	}
}

int choice_index(const char *choices, const char *text)
{
	const char *word;
	size_t len;
	for (int i = 0; choice_at(choices, (size_t)i, &word, &len); i++) {
		if (strlen(text) == len && memcmp(word, text, len) == 0)
			return i;
	}
	return -1;
}

bool whole_number(const char *text, long min, long max, long *out)
{
	const char *digits = text[0] == '-' ? text + 1 : text;
	if (digits[0] == '\0' || digits[strspn(digits, "0123456789")] != '\0')
		return false;
	errno = 0;
	long value = strtol(text, NULL, 10);
	if (errno != 0 || value < min || value > max)
		return false;
	*out = value;
	return true;
}

static bool real_number(const char *text, double min, double max, double *out)
{
	/* strtod alone would take "inf", "nan", hexadecimal numbers and leading blanks. */
	if (text[0] == '\0' || text[strspn(text, "0123456789.eE+-")] != '\0')
		return false;
	char *end;
	double value = strtod(text, &end);
	if (*end != '\0' || !isfinite(value) || value < min || value > max)
		return false;
	*out = value;
	return true;
}

static enum err wrong_choice(const struct option_spec *spec, const char *text, struct error *why)
{
	struct nearest near = nearest_to(text);
	const char *word;
	size_t len;
	for (size_t i = 0; choice_at(spec->choices, i, &word, &len); i++)
		nearest_offer(&near, word, len);
	if (near.best != NULL)
		return err_set(why, ERR_ARG, "--%s cannot be '%s': did you mean '%.*s'?",
			spec->name, text, (int)near.best_len, near.best);
	return err_set(why, ERR_ARG, "--%s cannot be '%s': it is one of %s", spec->name, text,
		spec->choices);
}

/* Copies a value to where the table says that it goes. */
static void put(const struct option_spec *spec, void *values, const void *value, size_t size)
{
	memcpy((char *)values + spec->offset, value, size);
}

enum err option_store(
	const struct option_spec *spec, const char *text, void *values, struct error *why)
{
	switch (spec->kind) {
	case OPTION_FLAG: {
		bool on = true;
		put(spec, values, &on, sizeof(on));
		return OK;
	}
	case OPTION_TEXT:
		put(spec, values, &text, sizeof(text));
		return OK;
	case OPTION_INT: {
		long value;
		if (!whole_number(text, (long)spec->min, (long)spec->max, &value))
			return err_set(why, ERR_ARG,
				"--%s takes a whole number from %ld to %ld, not '%s'", spec->name,
				(long)spec->min, (long)spec->max, text);
		int number = (int)value;
		put(spec, values, &number, sizeof(number));
		return OK;
	}
	case OPTION_NUMBER: {
		double number;
		if (!real_number(text, spec->min, spec->max, &number))
			return err_set(why, ERR_ARG, "--%s takes a number from %g to %g, not '%s'",
				spec->name, spec->min, spec->max, text);
		put(spec, values, &number, sizeof(number));
		return OK;
	}
	case OPTION_CHOICE: {
		int index = choice_index(spec->choices, text);
		if (index < 0)
			return wrong_choice(spec, text, why);
		put(spec, values, &index, sizeof(index));
		return OK;
	}
	}
	return err_set(why, ERR_INTERNAL, "--%s has no kind", spec->name);
}

const struct option_spec *option_find(const struct option_spec *table, const char *name)
{
	for (const struct option_spec *spec = table; spec != NULL && spec->name != NULL; spec++) {
		if (strcmp(spec->name, name) == 0)
			return spec;
	}
	return NULL;
}

/* Finds an option by long name of `len` bytes, or by letter when name is NULL. */
static struct found find(const struct option_reader *r, const char *name, size_t len, char letter)
{
	for (size_t i = 0; i < r->sets; i++) {
		const struct option_spec *spec = r->set[i].spec;
		for (; spec != NULL && spec->name != NULL; spec++) {
			bool same = name == NULL
				? spec->letter == letter
				: strlen(spec->name) == len && memcmp(spec->name, name, len) == 0;
			if (same)
				return (struct found){spec, &r->set[i]};
		}
	}
	return (struct found){0};
}

static enum err unknown(
	const struct option_reader *r, const char *name, size_t len, struct error *why)
{
	char typed[NEAREST_WORD_MAX + 1];
	snprintf(typed, sizeof(typed), "%.*s", (int)(len < sizeof(typed) ? len : sizeof(typed) - 1),
		name);
	struct nearest near = nearest_to(typed);
	for (size_t i = 0; i < r->sets; i++) {
		const struct option_spec *spec = r->set[i].spec;
		for (; spec != NULL && spec->name != NULL; spec++)
			nearest_offer(&near, spec->name, strlen(spec->name));
	}
	if (near.best != NULL)
		return err_set(why, ERR_ARG, "unknown option '--%.*s': did you mean '--%s'?",
			(int)len, name, near.best);
	return err_set(why, ERR_ARG, "unknown option '--%.*s'", (int)len, name);
}

static enum err store_found(const struct found *f, const char *text, struct error *why)
{
	enum err err = option_store(f->spec, text, f->set->values, why);
	if (err == OK)
		f->set->given |= UINT64_C(1) << (f->spec - f->set->spec);
	return err;
}

/* Whether a word is an option that the tables know: then it is hardly somebody's value. */
static bool is_known_option(const struct option_reader *r, const char *word)
{
	return strncmp(word, "--", 2) == 0 && find(r, word + 2, strlen(word + 2), 0).spec != NULL;
}

/* Takes the value of an option from the next word. */
static enum err store_next(struct option_reader *r, const struct found *f, struct error *why)
{
	if (r->next >= r->argc || is_known_option(r, r->argv[r->next]))
		return err_set(why, ERR_ARG, "--%s needs a value: --%s %s", f->spec->name,
			f->spec->name, f->spec->value != NULL ? f->spec->value : "VALUE");
	return store_found(f, r->argv[r->next++], why);
}

static enum err read_long(struct option_reader *r, const char *name, struct error *why)
{
	size_t len = strcspn(name, "=");
	struct found f = find(r, name, len, 0);
	if (f.spec == NULL)
		return unknown(r, name, len, why);
	if (f.spec->kind == OPTION_FLAG) {
		if (name[len] == '=')
			return err_set(why, ERR_ARG, "--%s takes no value", f.spec->name);
		return store_found(&f, "", why);
	}
	if (name[len] == '=')
		return store_found(&f, name + len + 1, why);
	return store_next(r, &f, why);
}

static enum err read_letters(struct option_reader *r, const char *letters, struct error *why)
{
	for (const char *c = letters; *c != '\0'; c++) {
		struct found f = find(r, NULL, 0, *c);
		if (f.spec == NULL)
			return err_set(why, ERR_ARG, "unknown option '-%c'", *c);
		if (f.spec->kind == OPTION_FLAG) {
			enum err err = store_found(&f, "", why);
			if (err != OK)
				return err;
			continue;
		}
		/* The rest of the word is the value, or else the next word. */
		return c[1] != '\0' ? store_found(&f, c + 1, why) : store_next(r, &f, why);
	}
	return OK;
}

enum err options_read(struct option_reader *r, const char **arg, size_t *args, struct error *why)
{
	bool only_arguments = false;
	size_t count = 0;
	while (r->next < r->argc) {
		const char *word = r->argv[r->next];
		bool option = !only_arguments && word[0] == '-' && word[1] != '\0';
		if (!option && r->stop_at_argument)
			break;
		r->next++;
		enum err err = OK;
		if (!option)
			arg[count++] = word;
		else if (strcmp(word, "--") == 0)
			only_arguments = true;
		else if (word[1] == '-')
			err = read_long(r, word + 2, why);
		else
			err = read_letters(r, word + 1, why);
		if (err != OK)
			return err;
	}
	if (args != NULL)
		*args = count;
	return OK;
}
