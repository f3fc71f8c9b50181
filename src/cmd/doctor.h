/* SPDX-License-Identifier: MIT */
/* What `rollcall doctor` looks at. One thread. */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include "cmd/cmd.h"

enum doctor_level { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
	struct cmd *c;
	json_t *findings; /* of --json, else NULL */
	size_t warnings, failures;
};

/*
 * Reports one finding: `what` in a word, `text` what was found, `advice` (NULL = none)
 * what to do about it.
 */
void doctor_say(struct doctor *d, enum doctor_level level, const char *what, const char *advice,
	const char *fmt, ...) PRINTF_LIKE(5, 6);

/* All looks, in order; ends with NULL. */
typedef void doctor_look(struct doctor *d);
extern doctor_look *const doctor_looks[];
/* The models in use, and whether everybody can be recognised with them. */
void doctor_look_models(struct doctor *d);

#endif
