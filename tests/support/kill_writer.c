/* SPDX-License-Identifier: MIT */
/*
 * kill_writer HOME [COUNT]: adds people, sightings and marks, three to a change, and writes
 * "PERSON SESSION SIGHTING" to stdout once a change is committed: what was said must be
 * there whatever happens to this program next. Without COUNT until it is killed.
 */
#include <sys/types.h>
#include <unistd.h>

#include "tests/support/home.h"

struct change {
	char person[UUID_TEXT];
	struct session_row session;
	struct sighting sighting;
};

static enum err write_rows(struct store *s, struct change *c, long number, struct error *why)
{
	char name[64];
	snprintf(name, sizeof(name), "Writer %ld person %ld", (long)getpid(), number);
	enum err err = home_person(s, name, NULL, c->person, why);
	c->session = (struct session_row){.day = "2026-11-20"};
	if (err == OK)
		err = store_session_day(s, &c->session, HOME_NOW, why);
	c->sighting = (struct sighting){
		.at_ms = HOME_NOW + number, .source = "photo", .decision = "match"};
	memcpy(c->sighting.person_id, c->person, UUID_TEXT);
	if (err == OK)
		err = store_sighting_add(s, &c->sighting, HOME_NOW, why);
	struct mark mark = {.status = MARK_PRESENT, .at_ms = HOME_NOW + number};
	memcpy(mark.session_id, c->session.id, UUID_TEXT);
	memcpy(mark.person_id, c->person, UUID_TEXT);
	memcpy(mark.sighting_id, c->sighting.id, UUID_TEXT);
	if (err == OK)
		err = store_mark_add(s, &mark, HOME_NOW, why);
	const struct audit_entry entry = {"writer", "mark.add", c->person, "{\"why\":\"test\"}"};
	return err == OK ? store_audit(s, HOME_NOW, &entry, why) : err;
}

static enum err write_change(struct store *s, long number, struct error *why)
{
	struct change c;
	enum err err = store_begin(s, why);
	if (err == OK)
		err = write_rows(s, &c, number, why);
	if (err == OK)
		err = store_commit(s, why);
	if (err != OK) {
		store_rollback(s);
		return err;
	}
	char line[3 * UUID_TEXT + 1];
	int len = snprintf(line, sizeof(line), "%s %s %s\n", c.person, c.session.id, c.sighting.id);
	/* One write below PIPE_BUF: a line arrives whole or not at all. */
	return write(STDOUT_FILENO, line, (size_t)len) == len ? OK : ERR_IO;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	long count = argc > 2 ? strtol(argv[2], NULL, 10) : -1;
	struct store *s;
	struct error why = {0};
	enum err err = store_open(&s, argv[1], STORE_CREATE, &why);
	for (long i = 0; err == OK && (count < 0 || i < count); i++)
		err = write_change(s, i, &why);
	if (err != OK)
		fprintf(stderr, "kill_writer: %s\n", why.text);
	store_close(s);
	return err == OK ? 0 : 1;
}
