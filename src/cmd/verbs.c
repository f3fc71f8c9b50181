/* SPDX-License-Identifier: MIT */
#include "cmd/verbs.h"

#include "base/nearest.h"
#include "cmd/options.h"

static const struct verb *find(const struct verb *table, const char *name)
{
	for (const struct verb *verb = table; verb->name != NULL; verb++) {
		if (strcmp(verb->name, name) == 0)
			return verb;
	}
	return NULL;
}

static int unknown(const struct cmd *c, const char *name)
{
	struct nearest near = nearest_to(name);
	for (const struct verb *verb = c->command->verbs; verb->name != NULL; verb++)
		nearest_offer(&near, verb->name, strlen(verb->name));
	if (near.best != NULL)
		return cmd_usage(c, "cannot '%s': did you mean '%s'?", name, near.best);
	return cmd_usage(c, "cannot '%s'", name);
}

/* An option that another verb takes would be silently without effect. */
static const struct option_spec *option_of_other(const struct cmd *c, const struct verb *verb)
{
	for (size_t i = 0; i < OPTIONS_MAX; i++) {
		if ((c->given >> i & 1) == 0)
			continue;
		const struct option_spec *spec = &c->command->options[i];
		if (verb->options == NULL || choice_index(verb->options, spec->name) < 0)
			return spec;
	}
	return NULL;
}

int verb_run(struct cmd *c)
{
	const struct verb *verb = c->command->verbs;
	if (c->args > 0) {
		verb = find(verb, c->arg[0]);
		if (verb == NULL)
			return unknown(c, c->arg[0]);
		c->arg++;
		c->args--;
	}
	const struct option_spec *other = option_of_other(c, verb);
	if (other != NULL)
		return cmd_usage(c, "'%s' does not take --%s", verb->name, other->name);
	if (c->args < verb->args_min)
		return cmd_usage(c, "something is missing: rollcall %s %s %s", c->command->name,
			verb->name, verb->usage);
	if (c->args > verb->args_max)
		return cmd_usage(c, "there is one argument too many: '%s'", c->arg[verb->args_max]);
	return verb->run(c);
}
