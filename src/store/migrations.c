/* SPDX-License-Identifier: MIT */
#include "store/migrations.h"

#include "store/audit_int.h"

/*
 * Every table below org has the organisation in its key, and every reference goes within
 * one: a row can never point into another organisation. It comes last in every key and
 * index: SQLite supposes that the first column narrows things down well, and would
 * otherwise read all rows of the organisation where an index finds one.
 */
static const char initial[] =
	"PRAGMA application_id = 1383033964;" /* SQLITE_APPLICATION_ID */
	"CREATE TABLE schema_version ("
	" version INTEGER NOT NULL PRIMARY KEY,"
	" applied_ms INTEGER NOT NULL"
	") STRICT;"

	/* 'key_check' tells whether a key file belongs to this database. */
	"CREATE TABLE store_meta ("
	" name TEXT NOT NULL PRIMARY KEY,"
	" value BLOB NOT NULL"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE org ("
	" id TEXT NOT NULL PRIMARY KEY,"
	" name TEXT NOT NULL,"
	" zone TEXT NOT NULL,"
	" start_minute INTEGER NOT NULL CHECK (start_minute BETWEEN 0 AND 1439),"
	" grace_minutes INTEGER NOT NULL CHECK (grace_minutes BETWEEN 0 AND 1439),"
	" cooldown_s INTEGER NOT NULL CHECK (cooldown_s BETWEEN 0 AND 86400),"
	" created_ms INTEGER NOT NULL"
	") STRICT, WITHOUT ROWID;"

	"CREATE TABLE person ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" id TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" name_key TEXT NOT NULL,"
	" number TEXT,"
	" face_id INTEGER CHECK (face_id BETWEEN 1 AND 65535),"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (id, org_id),"
	" UNIQUE (number, org_id),"
	" UNIQUE (face_id, org_id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX person_name ON person (name_key, org_id);"
	/* Namesakes need numbers: at most one of a name has none. */
	"CREATE UNIQUE INDEX person_plain_name ON person (name_key, org_id)"
	" WHERE number IS NULL;"

	/* A group that registers refer to is not deleted but marked as removed. */
	"CREATE TABLE person_group ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" id TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" name_key TEXT NOT NULL,"
	" start_minute INTEGER CHECK (start_minute BETWEEN 0 AND 1439),"
	" grace_minutes INTEGER CHECK (grace_minutes BETWEEN 0 AND 1439),"
	" removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (id, org_id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE UNIQUE INDEX person_group_name ON person_group (name_key, org_id)"
	" WHERE removed = 0;"

	"CREATE TABLE membership ("
	" org_id TEXT NOT NULL,"
	" group_id TEXT NOT NULL,"
	" person_id TEXT NOT NULL,"
	" since_ms INTEGER NOT NULL,"
	" PRIMARY KEY (group_id, person_id, org_id),"
	" FOREIGN KEY (org_id, group_id) REFERENCES person_group (org_id, id),"
	" FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX membership_person ON membership (person_id, org_id);"

	/* Who has left, for the registers of the days before. */
	"CREATE TABLE past_membership ("
	" org_id TEXT NOT NULL,"
	" group_id TEXT NOT NULL,"
	" person_id TEXT NOT NULL,"
	" since_ms INTEGER NOT NULL,"
	" until_ms INTEGER NOT NULL,"
	" PRIMARY KEY (group_id, person_id, since_ms, org_id),"
	" FOREIGN KEY (org_id, group_id) REFERENCES person_group (org_id, id),"
	" FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX past_membership_person ON past_membership (person_id, org_id);"

	/* sealed: nonce, encrypted floats, tag; see docs/security.md. */
	"CREATE TABLE template ("
	" org_id TEXT NOT NULL,"
	" person_id TEXT NOT NULL,"
	" id TEXT NOT NULL,"
	" model TEXT NOT NULL,"
	" dim INTEGER NOT NULL CHECK (dim BETWEEN 1 AND 1024),"
	" quality REAL,"
	" photo_hash BLOB,"
	" sealed BLOB NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (person_id, id, org_id),"
	" UNIQUE (photo_hash, model, org_id),"
	" FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)"
	") STRICT;"

	"CREATE TABLE session ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" id TEXT NOT NULL,"
	" group_id TEXT,"
	" day TEXT NOT NULL CHECK (length(day) = 10),"
	" start_ms INTEGER NOT NULL,"
	" late_ms INTEGER NOT NULL,"
	" closed_ms INTEGER,"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (id, org_id),"
	" FOREIGN KEY (org_id, group_id) REFERENCES person_group (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE UNIQUE INDEX session_day ON session (day, coalesce(group_id, ''), org_id);"
	"CREATE INDEX session_group ON session (group_id, org_id);"

	"CREATE TABLE sighting ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" id TEXT NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" source TEXT NOT NULL,"
	" person_id TEXT,"
	" decision TEXT NOT NULL"
	"  CHECK (decision IN ('match', 'review', 'unknown', 'manual')),"
	" distance REAL, margin REAL, threshold REAL, quality REAL, score REAL,"
	" box_x REAL, box_y REAL, box_w REAL, box_h REAL,"
	" photo_hash BLOB,"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (id, org_id),"
	" FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)"
	") STRICT;"
	"CREATE INDEX sighting_time ON sighting (at_ms, org_id);"
	"CREATE INDEX sighting_person ON sighting (person_id, org_id, at_ms);"

	"CREATE TRIGGER sighting_stays BEFORE DELETE ON sighting BEGIN"
	" SELECT raise(ABORT, 'sightings are append-only: none is ever deleted');"
	"END;"
	/* The one change there is: erasing a person takes the id out. */
	"CREATE TRIGGER sighting_unchanged BEFORE UPDATE ON sighting"
	" WHEN NOT (NEW.person_id IS NULL AND NEW.org_id IS OLD.org_id AND NEW.id IS OLD.id"
	"  AND NEW.at_ms IS OLD.at_ms AND NEW.source IS OLD.source"
	"  AND NEW.decision IS OLD.decision AND NEW.distance IS OLD.distance"
	"  AND NEW.margin IS OLD.margin AND NEW.threshold IS OLD.threshold"
	"  AND NEW.quality IS OLD.quality AND NEW.score IS OLD.score"
	"  AND NEW.box_x IS OLD.box_x AND NEW.box_y IS OLD.box_y"
	"  AND NEW.box_w IS OLD.box_w AND NEW.box_h IS OLD.box_h"
	"  AND NEW.photo_hash IS OLD.photo_hash AND NEW.created_ms IS OLD.created_ms) BEGIN"
	" SELECT raise(ABORT, 'sightings are append-only: none is ever changed');"
	"END;"

	"CREATE TABLE mark ("
	" org_id TEXT NOT NULL,"
	" session_id TEXT NOT NULL,"
	" person_id TEXT NOT NULL,"
	" status TEXT NOT NULL"
	"  CHECK (status IN ('present', 'late', 'absent', 'excused', 'left_early')),"
	" at_ms INTEGER NOT NULL,"
	" sighting_id TEXT,"
	" actor TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" written_ms INTEGER NOT NULL,"
	" PRIMARY KEY (session_id, person_id, org_id),"
	" FOREIGN KEY (org_id, session_id) REFERENCES session (org_id, id),"
	" FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id),"
	" FOREIGN KEY (org_id, sighting_id) REFERENCES sighting (org_id, id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE INDEX mark_person ON mark (person_id, org_id);"

	"CREATE TABLE audit ("
	" org_id TEXT NOT NULL REFERENCES org (id),"
	" id TEXT NOT NULL,"
	" at_ms INTEGER NOT NULL,"
	" actor TEXT NOT NULL,"
	" action TEXT NOT NULL,"
	" subject TEXT NOT NULL,"
	" detail TEXT,"
	" PRIMARY KEY (id, org_id)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN"
	" SELECT raise(ABORT, 'the audit trail is append-only');"
	"END;"
	"CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN"
	" SELECT raise(ABORT, 'the audit trail is append-only');"
	"END;";

/*
 * Decisions that can be explained and corrected: what a decision was made from, the faces of
 * sightings for a while, and what somebody said was not so.
 */
static const char decisions[] =
	"ALTER TABLE org ADD COLUMN budget REAL NOT NULL DEFAULT 0.001"
	" CHECK (budget > 0 AND budget <= 0.1);"
	"ALTER TABLE org ADD COLUMN keep_faces_days INTEGER NOT NULL DEFAULT 30"
	" CHECK (keep_faces_days BETWEEN 0 AND 3650);"

	/* group_id: whose people were searched; NULL = everybody. */
	"CREATE TABLE evidence ("
	" org_id TEXT NOT NULL,"
	" sighting_id TEXT NOT NULL,"
	" group_id TEXT,"
	" reason TEXT NOT NULL,"
	" guest INTEGER NOT NULL CHECK (guest IN (0, 1)),"
	" candidates INTEGER NOT NULL, guests INTEGER NOT NULL,"
	" budget REAL, review REAL, margin_needed REAL, quality_needed REAL,"
	" second_id TEXT, second_distance REAL, counter REAL,"
	" PRIMARY KEY (sighting_id, org_id),"
	" FOREIGN KEY (org_id, sighting_id) REFERENCES sighting (org_id, id),"
	" FOREIGN KEY (org_id, second_id) REFERENCES person (org_id, id)"
	") STRICT;"
	"CREATE INDEX evidence_second ON evidence (second_id, org_id);"
	"CREATE TRIGGER evidence_stays BEFORE DELETE ON evidence BEGIN"
	" SELECT raise(ABORT, 'evidence is append-only: none is ever deleted');"
	"END;"
	/* The one change there is: erasing a person takes the id out. */
	"CREATE TRIGGER evidence_unchanged BEFORE UPDATE ON evidence"
	" WHEN NOT (NEW.second_id IS NULL AND NEW.org_id IS OLD.org_id"
	"  AND NEW.sighting_id IS OLD.sighting_id AND NEW.group_id IS OLD.group_id"
	"  AND NEW.reason IS OLD.reason AND NEW.guest IS OLD.guest"
	"  AND NEW.candidates IS OLD.candidates AND NEW.guests IS OLD.guests"
	"  AND NEW.budget IS OLD.budget AND NEW.review IS OLD.review"
	"  AND NEW.margin_needed IS OLD.margin_needed"
	"  AND NEW.quality_needed IS OLD.quality_needed"
	"  AND NEW.second_distance IS OLD.second_distance AND NEW.counter IS OLD.counter) BEGIN"
	" SELECT raise(ABORT, 'evidence is append-only: none is ever changed');"
	"END;"

	/* Faces of sightings, sealed as templates are; kept for keep_faces_days. */
	"CREATE TABLE face ("
	" org_id TEXT NOT NULL,"
	" sighting_id TEXT NOT NULL,"
	" model TEXT NOT NULL,"
	" dim INTEGER NOT NULL CHECK (dim BETWEEN 1 AND 1024),"
	" sealed BLOB NOT NULL,"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (sighting_id, org_id),"
	" FOREIGN KEY (org_id, sighting_id) REFERENCES sighting (org_id, id)"
	") STRICT;"
	"CREATE INDEX face_created ON face (created_ms, org_id);"

	/* A sighting that is not this person. With the face, if it was still there. */
	"CREATE TABLE rejection ("
	" org_id TEXT NOT NULL,"
	" sighting_id TEXT NOT NULL,"
	" person_id TEXT NOT NULL,"
	" actor TEXT NOT NULL,"
	" reason TEXT NOT NULL,"
	" model TEXT,"
	" dim INTEGER CHECK (dim BETWEEN 1 AND 1024),"
	" sealed BLOB,"
	" created_ms INTEGER NOT NULL,"
	" PRIMARY KEY (sighting_id, person_id, org_id),"
	" CHECK ((sealed IS NULL) = (model IS NULL) AND (sealed IS NULL) = (dim IS NULL)),"
	" FOREIGN KEY (org_id, sighting_id) REFERENCES sighting (org_id, id),"
	" FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)"
	") STRICT;"
	"CREATE INDEX rejection_person ON rejection (person_id, org_id);"
	"CREATE INDEX mark_sighting ON mark (sighting_id, org_id);";

/*
 * Which models are in use, by name ('' = the default), which embedding is to follow, and
 * enrolment photos where the operator wants them kept.
 */
static const char models[] = "ALTER TABLE org ADD COLUMN detector TEXT NOT NULL DEFAULT '';"
			     "ALTER TABLE org ADD COLUMN embedding TEXT NOT NULL DEFAULT '';"
			     "ALTER TABLE org ADD COLUMN embedding_coming TEXT NOT NULL DEFAULT '';"
			     "ALTER TABLE org ADD COLUMN keep_photos INTEGER NOT NULL DEFAULT 0"
			     " CHECK (keep_photos IN (0, 1));"
			     "CREATE TABLE photo ("
			     " org_id TEXT NOT NULL,"
			     " person_id TEXT NOT NULL,"
			     " photo_hash BLOB NOT NULL,"
			     " sealed BLOB NOT NULL,"
			     " created_ms INTEGER NOT NULL,"
			     " PRIMARY KEY (person_id, photo_hash, org_id),"
			     " FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)"
			     ") STRICT;"
			     "CREATE INDEX photo_hash ON photo (photo_hash, org_id);";

/* Evidence of a face that was looked at several times. 0 looks: a photo. */
static const char looks[] =
	"ALTER TABLE evidence ADD COLUMN looks INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE evidence ADD COLUMN span_ms INTEGER NOT NULL DEFAULT 0;"
	"CREATE TRIGGER evidence_looks_unchanged BEFORE UPDATE ON evidence"
	" WHEN NOT (NEW.looks IS OLD.looks AND NEW.span_ms IS OLD.span_ms) BEGIN"
	" SELECT raise(ABORT, 'evidence is append-only: none is ever changed');"
	"END;";

const struct migration sqlite_migration[SQLITE_MIGRATIONS] = {
	{1, initial},
	{2, decisions},
	{3, migration_accounts},
	{4, models},
	{5, looks},
	{6, migration_audit_chain, audit_chain_old},
	{7, migration_server},
};
