/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>

#include "base/file.h"
#include "store/store_int.h"

enum err migrate_version(struct store *s, int *out, struct error *why)
{
	*out = 0;
	/* is_empty is as of opening. */
	if (s->version == 0 && s->ops->is_empty(s->db))
		return OK;
	struct query q;
	query_start_global(&q, s, "SELECT max(version) FROM schema_version", why);
	if (query_row(&q))
		*out = (int)column_int(&q, 0);
	return query_end(&q);
}

/* DATABASE.v<version>, by way of a temporary file so that it is there whole or not at all. */
static enum err keep_copy(struct store *s, int version, struct error *why)
{
	size_t room = strlen(s->db_path) + 32;
	char *path = malloc(room), *temporary = malloc(room);
	enum err err = OK;
	if (path == NULL || temporary == NULL) {
		err = err_set(why, ERR_NOMEM, "cannot copy the database: out of memory");
		goto out;
	}
	snprintf(path, room, "%s.v%d", s->db_path, version);
	snprintf(temporary, room, "%s.v%d.part", s->db_path, version);
	(void)unlink(temporary);
	err = s->ops->copy(s->db, temporary, why);
	if (err == OK && rename(temporary, path) != 0)
		err = err_errno(why, errno, "cannot write '%s'", path);
	if (err != OK)
		(void)unlink(temporary);
out:
	free(path);
	free(temporary);
	return err;
}

static enum err apply(
	struct store *s, const struct migration *step, int64_t now_ms, struct error *why)
{
	enum err err = s->ops->run(s->db, "BEGIN IMMEDIATE", why);
	if (err != OK)
		return err;
	err = s->ops->run(s->db, step->sql, why);
	if (err == OK && step->after != NULL)
		err = step->after(s, why);
	if (err == OK) {
		struct query q;
		query_start_global(&q, s,
			"INSERT INTO schema_version (version, applied_ms) VALUES (?1, ?2)", why);
		query_int(&q, step->version);
		query_int(&q, now_ms);
		err = query_run(&q, NULL);
	}
	if (err == OK)
		err = s->ops->run(s->db, "COMMIT", why);
	if (err != OK)
		(void)s->ops->run(s->db, "ROLLBACK", NULL);
	return err;
}

enum err migrate(struct store *s, const struct migration *step, size_t steps, int64_t now_ms,
	struct error *why)
{
	/* A database that is being made has nothing yet to keep a copy of. */
	bool has_content = s->version > 0;
	for (size_t i = 0; i < steps; i++) {
		if (step[i].version <= s->version)
			continue;
		enum err err = OK;
		if (has_content)
			err = keep_copy(s, s->version, why);
		if (err == OK)
			err = apply(s, &step[i], now_ms, why);
		if (err != OK)
			return s->version > 0
				? err_prefix(why, err, "cannot bring the database to version %d",
					  step[i].version)
				: err;
		s->version = step[i].version;
	}
	return OK;
}
