/* SPDX-License-Identifier: MIT */
#include "store/migrations.h"

/* Who may: users, their links and browser sessions, API keys, devices. See docs/security.md. */
const char migration_accounts[] =
	"CREATE TABLE setting ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" name TEXT NOT NULL,"
	" value TEXT NOT NULL,"
	" PRIMARY KEY (name, org_id)"
	") STRICT, WITHOUT ROWID;"

	/*
	 * email: NULL while somebody is invited whose address is not known. It is unique over
	 * all organisations: it says by itself which one a sign-in is to.
	 * password: the Argon2id hash, sealed with the key of the home.
	 */
	"CREATE TABLE app_user ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" id TEXT NOT NULL,"
	" email TEXT,"
	" email_key TEXT UNIQUE,"
	" name TEXT NOT NULL,"
	" role TEXT NOT NULL"
	"  CHECK (role IN ('administrator', 'teacher', 'student', 'viewer')),"
	" state TEXT NOT NULL"
	"  CHECK (state IN ('invited', 'waiting', 'active', 'disabled')),"
	" person_id TEXT,"
	" password BLOB,"
	" created_ms INTEGER NOT NULL,"
	" signed_in_ms INTEGER,"
	" version INTEGER NOT NULL DEFAULT 1,"
	" PRIMARY KEY (id, org_id),"
	" CHECK ((email IS NULL) = (email_key IS NULL)),"
	" FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE UNIQUE INDEX app_user_person ON app_user (person_id, org_id)"
	" WHERE person_id IS NOT NULL;"

	/* The groups of a teacher, and what the teacher may do there besides looking. */
	"CREATE TABLE user_group ("
	" org_id TEXT NOT NULL,"
	" user_id TEXT NOT NULL,"
	" group_id TEXT NOT NULL,"
	" may_take INTEGER NOT NULL CHECK (may_take IN (0, 1)),"
	" may_change INTEGER NOT NULL CHECK (may_change IN (0, 1)),"
	" PRIMARY KEY (user_id, group_id, org_id),"
	" FOREIGN KEY (org_id, user_id) REFERENCES app_user (org_id, id),"
	" FOREIGN KEY (org_id, group_id) REFERENCES person_group (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX user_group_group ON user_group (group_id, org_id);"

	/* One-time links. A link that was used is gone. */
	"CREATE TABLE user_link ("
	" org_id TEXT NOT NULL,"
	" token_hash BLOB NOT NULL,"
	" user_id TEXT NOT NULL,"
	" kind TEXT NOT NULL CHECK (kind IN ('invitation', 'reset')),"
	" created_ms INTEGER NOT NULL,"
	" expires_ms INTEGER NOT NULL,"
	" PRIMARY KEY (token_hash),"
	" FOREIGN KEY (org_id, user_id) REFERENCES app_user (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX user_link_user ON user_link (user_id, org_id);"

	/* What somebody who registered said, and the faces, until it is approved or refused. */
	"CREATE TABLE registration ("
	" org_id TEXT NOT NULL,"
	" user_id TEXT NOT NULL,"
	" number TEXT,"
	" group_id TEXT,"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (user_id, org_id),"
	" FOREIGN KEY (org_id, user_id) REFERENCES app_user (org_id, id),"
	" FOREIGN KEY (org_id, group_id) REFERENCES person_group (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX registration_group ON registration (group_id, org_id);"
	"CREATE TABLE registration_face ("
	" org_id TEXT NOT NULL,"
	" user_id TEXT NOT NULL,"
	" photo_hash BLOB NOT NULL,"
	" model TEXT NOT NULL,"
	" dim INTEGER NOT NULL CHECK (dim BETWEEN 1 AND 1024),"
	" quality REAL,"
	" sealed BLOB NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (user_id, photo_hash, model, org_id),"
	" FOREIGN KEY (org_id, user_id) REFERENCES registration (org_id, user_id)"
	") STRICT;"

	"CREATE TABLE web_session ("
	" org_id TEXT NOT NULL,"
	" token_hash BLOB NOT NULL,"
	" id TEXT NOT NULL,"
	" user_id TEXT NOT NULL,"
	" address TEXT NOT NULL,"
	" agent TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" seen_ms INTEGER NOT NULL,"
	" idle_ms INTEGER NOT NULL,"
	" expires_ms INTEGER NOT NULL,"
	" PRIMARY KEY (token_hash),"
	" UNIQUE (id, org_id),"
	" FOREIGN KEY (org_id, user_id) REFERENCES app_user (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX web_session_user ON web_session (user_id, org_id);"
	"CREATE INDEX web_session_expires ON web_session (expires_ms);"

	/* A browser that a user has signed in from: it is not slowed down for others' mistakes. */
	"CREATE TABLE known_browser ("
	" org_id TEXT NOT NULL,"
	" token_hash BLOB NOT NULL,"
	" user_id TEXT NOT NULL,"
	" seen_ms INTEGER NOT NULL,"
	" PRIMARY KEY (token_hash),"
	" FOREIGN KEY (org_id, user_id) REFERENCES app_user (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX known_browser_user ON known_browser (user_id, org_id, seen_ms);"

	/*
	 * Sign-ins that failed. subject is a keyed hash of what was typed and where from: nobody
	 * is known yet, so there is no organisation.
	 */
	"CREATE TABLE throttle ("
	" subject BLOB NOT NULL PRIMARY KEY,"
	" failures INTEGER NOT NULL,"
	" last_ms INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX throttle_last ON throttle (last_ms);"

	/* prefix is the part of a key that may be shown again; secret_hash is of all of it. */
	"CREATE TABLE api_key ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" id TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" prefix TEXT NOT NULL UNIQUE,"
	" secret_hash BLOB NOT NULL,"
	" scopes TEXT NOT NULL,"
	" made_by TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" expires_ms INTEGER,"
	" used_ms INTEGER,"
	" revoked_ms INTEGER,"
	" PRIMARY KEY (id, org_id)"
	") STRICT, WITHOUT ROWID;"

	/* A device that is revoked stays: sightings and the audit name it. */
	"CREATE TABLE device ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" id TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" name_key TEXT NOT NULL,"
	" kind TEXT NOT NULL,"
	" prefix TEXT UNIQUE,"
	" secret_hash BLOB,"
	" group_id TEXT,"
	" room TEXT NOT NULL,"
	" status TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" seen_ms INTEGER,"
	" revoked_ms INTEGER,"
	" version INTEGER NOT NULL DEFAULT 1,"
	" PRIMARY KEY (id, org_id),"
	" CHECK ((prefix IS NULL) = (secret_hash IS NULL)),"
	" FOREIGN KEY (org_id, group_id) REFERENCES person_group (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE UNIQUE INDEX device_name ON device (name_key, org_id)"
	" WHERE revoked_ms IS NULL;"
	"CREATE INDEX device_group ON device (group_id, org_id);"

	/* A device that waits for somebody to say that the code it shows is the right one. */
	"CREATE TABLE pairing ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" id TEXT NOT NULL,"
	" poll_hash BLOB NOT NULL UNIQUE,"
	" code TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" kind TEXT NOT NULL,"
	" address TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" expires_ms INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL DEFAULT 0,"
	" device_id TEXT,"
	" PRIMARY KEY (id, org_id),"
	" UNIQUE (code, org_id),"
	" FOREIGN KEY (org_id, device_id) REFERENCES device (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX pairing_device ON pairing (device_id, org_id);";

/* The audit becomes a chain; audit_chain_old moves the entries over. See store/audit.h. */
const char migration_audit_chain[] =
	"DROP TRIGGER audit_stays;"
	"DROP TRIGGER audit_unchanged;"
	"ALTER TABLE audit RENAME TO audit_old;"

	"CREATE TABLE audit ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" seq INTEGER NOT NULL CHECK (seq > 0),"
	" id TEXT NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" subject TEXT NOT NULL,"
	" commitment BLOB,"
	" hash BLOB NOT NULL,"
	" PRIMARY KEY (seq, org_id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX audit_subject ON audit (subject, org_id);"
	"CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN"
	" SELECT raise(ABORT, 'the audit trail is append-only');"
	"END;"
	"CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN"
	" SELECT raise(ABORT, 'the audit trail is append-only');"
	"END;"

	/* What may hold people's own words: erased with whom it is about. */
	"CREATE TABLE audit_detail ("
	" org_id TEXT NOT NULL,"
	" seq INTEGER NOT NULL,"
	" salt BLOB NOT NULL,"
	" detail TEXT NOT NULL,"
	" PRIMARY KEY (seq, org_id),"
	" FOREIGN KEY (org_id, seq) REFERENCES audit (org_id, seq)"
	") STRICT;"
	"CREATE TRIGGER audit_detail_unchanged BEFORE UPDATE ON audit_detail BEGIN"
	" SELECT raise(ABORT, 'the audit trail is append-only');"
	"END;"

	"CREATE TABLE audit_head ("
	" org_id TEXT NOT NULL PRIMARY KEY REFERENCES org (id),"
	" seq INTEGER NOT NULL,"
	" hash BLOB NOT NULL"
	") STRICT, WITHOUT ROWID;";

/*
 * What a server does besides: answers that are given again, events for who follows live,
 * reviews, versions of rows. The triggers write an event with each change; see
 * store/events.h.
 */
#define EVENT(when, org, at, kind, subject, person, group)                              \
	"CREATE TRIGGER " when " BEGIN"                                                 \
	" INSERT INTO event_head (org_id, seq, pruned) VALUES (" org ", 1, 0)"          \
	"  ON CONFLICT (org_id) DO UPDATE SET seq = seq + 1;"                           \
	" INSERT INTO event (org_id, seq, at_ms, kind, subject, person_id, group_id)"   \
	"  SELECT h.org_id, h.seq, " at ", '" kind "', " subject ", " person ", " group \
	"  FROM event_head h WHERE h.org_id = " org ";"                                 \
	"END;"
#define GROUP_OF(row) \
	"(SELECT group_id FROM session WHERE org_id = " row ".org_id AND id = " row ".session_id)"

const char migration_server[] =
	"ALTER TABLE person ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE person_group ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"
	"ALTER TABLE session ADD COLUMN version INTEGER NOT NULL DEFAULT 1;"

	/* status NULL: the request is being done. */
	"CREATE TABLE idempotency ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" actor TEXT NOT NULL,"
	" key TEXT NOT NULL,"
	" request BLOB NOT NULL,"
	" lease TEXT NOT NULL,"
	" status INTEGER,"
	" type TEXT,"
	" body BLOB,"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (actor, key, org_id)"
	") STRICT;"
	"CREATE INDEX idempotency_created ON idempotency (created_ms);"

	"CREATE TABLE review ("
	" org_id TEXT NOT NULL,"
	" sighting_id TEXT NOT NULL,"
	" outcome TEXT NOT NULL CHECK (outcome IN ('confirm', 'reject', 'dismiss')),"
	" person_id TEXT,"
	" actor TEXT NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (sighting_id, org_id),"
	" FOREIGN KEY (org_id, sighting_id) REFERENCES sighting (org_id, id),"
	" FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX review_person ON review (person_id, org_id);"
	"CREATE INDEX sighting_review ON sighting (at_ms, org_id, id)"
	" WHERE decision = 'review';"

	/* Somebody says that a mark is not right. */
	"CREATE TABLE contest ("
	" org_id TEXT NOT NULL,"
	" id TEXT NOT NULL,"
	" session_id TEXT NOT NULL,"
	" person_id TEXT NOT NULL,"
	" words TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'refused')),"
	" answer TEXT NOT NULL DEFAULT '',"
	" settled_by TEXT NOT NULL DEFAULT '',"
	" created_ms INTEGER NOT NULL,"
	" settled_ms INTEGER,"
	" PRIMARY KEY (id, org_id),"
	" FOREIGN KEY (org_id, session_id) REFERENCES session (org_id, id),"
	" FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE UNIQUE INDEX contest_open ON contest (session_id, person_id, org_id)"
	" WHERE state = 'open';"
	"CREATE INDEX contest_person ON contest (person_id, org_id);"
	"CREATE INDEX mark_time ON mark (at_ms, org_id);"

	"CREATE TABLE event_head ("
	" org_id TEXT NOT NULL PRIMARY KEY REFERENCES org (id),"
	" seq INTEGER NOT NULL,"
	" pruned INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"
	"CREATE TABLE event ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" seq INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" kind TEXT NOT NULL,"
	" subject TEXT NOT NULL,"
	" person_id TEXT,"
	" group_id TEXT,"
	" PRIMARY KEY (seq, org_id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX event_person ON event (person_id, org_id);"

	/* clang-format off */
	EVENT("sighting_event AFTER INSERT ON sighting", "NEW.org_id", "NEW.created_ms",
		"sighting", "NEW.id", "NEW.person_id", "NULL")
	EVENT("mark_event AFTER INSERT ON mark", "NEW.org_id", "NEW.written_ms", "mark",
		"NEW.session_id", "NEW.person_id", GROUP_OF("NEW"))
	EVENT("mark_change_event AFTER UPDATE ON mark", "NEW.org_id", "NEW.written_ms", "mark",
		"NEW.session_id", "NEW.person_id", GROUP_OF("NEW"))
	EVENT("mark_removed_event AFTER DELETE ON mark", "OLD.org_id", "OLD.written_ms",
		"mark.removed", "OLD.session_id", "OLD.person_id", GROUP_OF("OLD"))
	EVENT("session_event AFTER INSERT ON session", "NEW.org_id", "NEW.created_ms", "register",
		"NEW.id", "NULL", "NEW.group_id")
	EVENT("session_change_event AFTER UPDATE ON session WHEN NEW.closed_ms IS NOT"
		" OLD.closed_ms", "NEW.org_id", "coalesce(NEW.closed_ms, OLD.closed_ms)",
		"register", "NEW.id", "NULL", "NEW.group_id")
	EVENT("review_event AFTER INSERT ON review", "NEW.org_id", "NEW.created_ms", "review",
		"NEW.sighting_id", "NEW.person_id", "NULL")
	EVENT("rejection_event AFTER INSERT ON rejection", "NEW.org_id", "NEW.created_ms",
		"review", "NEW.sighting_id", "NEW.person_id", "NULL")
	EVENT("contest_event AFTER INSERT ON contest", "NEW.org_id", "NEW.created_ms", "contest",
		"NEW.id", "NEW.person_id", GROUP_OF("NEW"))
	EVENT("contest_change_event AFTER UPDATE ON contest", "NEW.org_id",
		"coalesce(NEW.settled_ms, NEW.created_ms)", "contest", "NEW.id", "NEW.person_id",
		GROUP_OF("NEW"))
	EVENT("device_event AFTER INSERT ON device", "NEW.org_id", "NEW.created_ms", "device",
		"NEW.id", "NULL", "NEW.group_id")
	/* 90 s: DEVICE_ONLINE_S. Being seen all the time is no event, coming back is one. */
	EVENT("device_change_event AFTER UPDATE ON device WHEN NEW.version <> OLD.version"
		" OR NEW.status <> OLD.status"
		" OR NEW.seen_ms - coalesce(OLD.seen_ms, 0) >= 90000", "NEW.org_id",
		"coalesce(NEW.revoked_ms, NEW.seen_ms, NEW.created_ms)", "device", "NEW.id",
		"NULL", "NEW.group_id")
	/* clang-format on */
	"";
