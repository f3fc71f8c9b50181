-- SPDX-License-Identifier: MIT
-- key d82ab908bd46fcd1ac918dab7c554875a27e7f19f42ab4ff1364b551a5ad1161
-- A whole database as a program of version 1 wrote it, made-up people in it, and its key:
-- what test_store_upgrade begins with. Never to be edited.
PRAGMA application_id = 1383033964;
BEGIN TRANSACTION;
CREATE TABLE audit ( org_id TEXT NOT NULL REFERENCES org (id), id TEXT NOT NULL, at_ms INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT, PRIMARY KEY (id, org_id)) STRICT, WITHOUT ROWID;
INSERT INTO "audit" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','019cabd8-3800-7ace-ac02-c32f45ac8feb',1772409600000,'teacher','group.add','00000000-0bb8-76b7-b04f-4a23270ebb8e',NULL);
CREATE TABLE mark ( org_id TEXT NOT NULL, session_id TEXT NOT NULL, person_id TEXT NOT NULL, status TEXT NOT NULL  CHECK (status IN ('present', 'late', 'absent', 'excused', 'left_early')), at_ms INTEGER NOT NULL, sighting_id TEXT, actor TEXT NOT NULL, reason TEXT NOT NULL, written_ms INTEGER NOT NULL, PRIMARY KEY (session_id, person_id, org_id), FOREIGN KEY (org_id, session_id) REFERENCES session (org_id, id), FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id), FOREIGN KEY (org_id, sighting_id) REFERENCES sighting (org_id, id)) STRICT, WITHOUT ROWID;
INSERT INTO "mark" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','019cabd8-3800-71b5-9d7f-7967cec5b4aa','00000000-03e8-7fe6-b410-b185c2fc85e3','present',1772434600000,'019cad55-b040-70d0-9d41-3d49f728c05a','','',1772434600000);
CREATE TABLE membership ( org_id TEXT NOT NULL, group_id TEXT NOT NULL, person_id TEXT NOT NULL, since_ms INTEGER NOT NULL, PRIMARY KEY (group_id, person_id, org_id), FOREIGN KEY (org_id, group_id) REFERENCES person_group (org_id, id), FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)) STRICT, WITHOUT ROWID;
INSERT INTO "membership" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','00000000-0bb8-76b7-b04f-4a23270ebb8e','00000000-03e8-7fe6-b410-b185c2fc85e3',4000);
INSERT INTO "membership" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','00000000-0bb8-76b7-b04f-4a23270ebb8e','00000000-07d0-7f99-ae72-c678b463cdfe',4000);
CREATE TABLE past_membership ( org_id TEXT NOT NULL, group_id TEXT NOT NULL, person_id TEXT NOT NULL, since_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, PRIMARY KEY (group_id, person_id, since_ms, org_id), FOREIGN KEY (org_id, group_id) REFERENCES person_group (org_id, id), FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)) STRICT, WITHOUT ROWID;
CREATE TABLE org ( id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, zone TEXT NOT NULL, start_minute INTEGER NOT NULL CHECK (start_minute BETWEEN 0 AND 1439), grace_minutes INTEGER NOT NULL CHECK (grace_minutes BETWEEN 0 AND 1439), cooldown_s INTEGER NOT NULL CHECK (cooldown_s BETWEEN 0 AND 86400), created_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "org" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','School of version 1','Europe/Berlin',540,15,60,1795226910859);
CREATE TABLE person ( org_id TEXT NOT NULL REFERENCES org (id), id TEXT NOT NULL, name TEXT NOT NULL, name_key TEXT NOT NULL, number TEXT, face_id INTEGER CHECK (face_id BETWEEN 1 AND 65535), created_ms INTEGER NOT NULL, PRIMARY KEY (id, org_id), UNIQUE (number, org_id), UNIQUE (face_id, org_id)) STRICT, WITHOUT ROWID;
INSERT INTO "person" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','00000000-03e8-7fe6-b410-b185c2fc85e3','Ada','ada','7',3,1000);
INSERT INTO "person" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','00000000-07d0-7f99-ae72-c678b463cdfe','Bo','bo',NULL,NULL,2000);
CREATE TABLE person_group ( org_id TEXT NOT NULL REFERENCES org (id), id TEXT NOT NULL, name TEXT NOT NULL, name_key TEXT NOT NULL, start_minute INTEGER CHECK (start_minute BETWEEN 0 AND 1439), grace_minutes INTEGER CHECK (grace_minutes BETWEEN 0 AND 1439), removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)), created_ms INTEGER NOT NULL, PRIMARY KEY (id, org_id)) STRICT, WITHOUT ROWID;
INSERT INTO "person_group" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','00000000-0bb8-76b7-b04f-4a23270ebb8e','4b','4b',480,NULL,0,3000);
CREATE TABLE schema_version ( version INTEGER NOT NULL PRIMARY KEY, applied_ms INTEGER NOT NULL) STRICT;
INSERT INTO "schema_version" VALUES(1,1795226910859);
CREATE TABLE session ( org_id TEXT NOT NULL REFERENCES org (id), id TEXT NOT NULL, group_id TEXT, day TEXT NOT NULL CHECK (length(day) = 10), start_ms INTEGER NOT NULL, late_ms INTEGER NOT NULL, closed_ms INTEGER, created_ms INTEGER NOT NULL, PRIMARY KEY (id, org_id), FOREIGN KEY (org_id, group_id) REFERENCES person_group (org_id, id)) STRICT, WITHOUT ROWID;
INSERT INTO "session" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','019cabd8-3800-71b5-9d7f-7967cec5b4aa','00000000-0bb8-76b7-b04f-4a23270ebb8e','2026-03-02',1772434800000,1772435700000,NULL,1772409600000);
CREATE TABLE sighting ( org_id TEXT NOT NULL REFERENCES org (id), id TEXT NOT NULL, at_ms INTEGER NOT NULL, source TEXT NOT NULL, person_id TEXT, decision TEXT NOT NULL  CHECK (decision IN ('match', 'review', 'unknown', 'manual')), distance REAL, margin REAL, threshold REAL, quality REAL, score REAL, box_x REAL, box_y REAL, box_w REAL, box_h REAL, photo_hash BLOB, created_ms INTEGER NOT NULL, PRIMARY KEY (id, org_id), FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)) STRICT;
INSERT INTO "sighting" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','019cad55-b040-70d0-9d41-3d49f728c05a',1772434600000,'photo','00000000-03e8-7fe6-b410-b185c2fc85e3','match',0.31,0.2,0.5,0.8,0.9,0.0,0.0,0.0,0.0,NULL,1772434600000);
INSERT INTO "sighting" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','019cad64-f280-7011-853d-c5ecdd28e534',1772435600000,'photo','00000000-07d0-7f99-ae72-c678b463cdfe','review',0.53,NULL,0.5,0.8,0.9,0.0,0.0,0.0,0.0,NULL,1772435600000);
CREATE TABLE store_meta ( name TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "store_meta" VALUES('key_check',X'D769E34EC9F9173281ADC2AF714AE187E170357B65328ADC8BCBDE1D583230C5');
CREATE TABLE template ( org_id TEXT NOT NULL, person_id TEXT NOT NULL, id TEXT NOT NULL, model TEXT NOT NULL, dim INTEGER NOT NULL CHECK (dim BETWEEN 1 AND 1024), quality REAL, photo_hash BLOB, sealed BLOB NOT NULL, created_ms INTEGER NOT NULL, PRIMARY KEY (person_id, id, org_id), UNIQUE (photo_hash, model, org_id), FOREIGN KEY (org_id, person_id) REFERENCES person (org_id, id)) STRICT;
INSERT INTO "template" VALUES('01a1fbdc-c08b-7417-944d-14208abe45b5','00000000-03e8-7fe6-b410-b185c2fc85e3','00000000-1388-7fc9-b209-28502b2cc035','test/one',8,0.75,X'0101010101010101010101010101010101010101010101010101010101010101',X'A46904020D8ACA4A2894ADB0172E4DF640C4B86D98161C9E1A6E5381272B4EE2E44CE1A4E46E1C94E508A900CC5E2A99970C8ED5F4142A03CCBC0A7A389908BBD9D170CD8FF31D3A',5000);
CREATE INDEX person_name ON person (name_key, org_id);
CREATE UNIQUE INDEX person_plain_name ON person (name_key, org_id) WHERE number IS NULL;
CREATE UNIQUE INDEX person_group_name ON person_group (name_key, org_id) WHERE removed = 0;
CREATE INDEX membership_person ON membership (person_id, org_id);
CREATE INDEX past_membership_person ON past_membership (person_id, org_id);
CREATE UNIQUE INDEX session_day ON session (day, coalesce(group_id, ''), org_id);
CREATE INDEX session_group ON session (group_id, org_id);
CREATE INDEX sighting_time ON sighting (at_ms, org_id);
CREATE INDEX sighting_person ON sighting (person_id, org_id, at_ms);
CREATE TRIGGER sighting_stays BEFORE DELETE ON sighting BEGIN SELECT raise(ABORT, 'sightings are append-only: none is ever deleted');END;
CREATE TRIGGER sighting_unchanged BEFORE UPDATE ON sighting WHEN NOT (NEW.person_id IS NULL AND NEW.org_id IS OLD.org_id AND NEW.id IS OLD.id  AND NEW.at_ms IS OLD.at_ms AND NEW.source IS OLD.source  AND NEW.decision IS OLD.decision AND NEW.distance IS OLD.distance  AND NEW.margin IS OLD.margin AND NEW.threshold IS OLD.threshold  AND NEW.quality IS OLD.quality AND NEW.score IS OLD.score  AND NEW.box_x IS OLD.box_x AND NEW.box_y IS OLD.box_y  AND NEW.box_w IS OLD.box_w AND NEW.box_h IS OLD.box_h  AND NEW.photo_hash IS OLD.photo_hash AND NEW.created_ms IS OLD.created_ms) BEGIN SELECT raise(ABORT, 'sightings are append-only: none is ever changed');END;
CREATE INDEX mark_person ON mark (person_id, org_id);
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit trail is append-only');END;
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit trail is append-only');END;
COMMIT;
