// SPDX-License-Identifier: MIT
// Users with roles, and things of another organisation, for tests of who may what.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { json } from './helpers.mjs';

/** Why these tests cannot run here, or false: for a test's `skip`. */
export const noSqlite = spawnSync('sqlite3', ['--version']).status === 0 ? false : 'sqlite3 is not installed';

/** Runs statements on the database of a home; gives what they print. */
export function sql(home, ...statements) {
  const r = spawnSync('sqlite3', ['-cmd', '.timeout 5000', join(home, 'rollcall.db'), statements.join(';')], { encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  return r.stdout.trim();
}

const now = Date.now();
const password = 'correct horse battery';

/**
 * Somebody with a role, signed in. groups: [{ id, take, change }] of a teacher; person: the id of a
 * student's own.
 */
export async function somebody(server, role, { groups = [], person = null, email = `${role}@school.example` } = {}) {
  const { user, link } = json(server.home, ['users', 'add', email, '--role', role, '--json']);
  const org = sql(server.home, `SELECT org_id FROM app_user WHERE id = '${user.id}'`);
  for (const group of groups)
    sql(server.home, `INSERT INTO user_group VALUES ('${org}', '${user.id}', '${group.id}', ${group.take ? 1 : 0}, ${group.change ? 1 : 0})`);
  if (person) sql(server.home, `UPDATE app_user SET person_id = '${person}' WHERE id = '${user.id}'`);
  return server.signedIn(await server.post('/api/v1/links/use', { token: link.split('#')[1], password }));
}

const id = (n) => `ffffffff-ffff-7fff-bfff-${String(n).padStart(12, '0')}`;

/** Another organisation in the same database: { org, group, person, session, sighting }, ids. */
export function elsewhere(home) {
  const other = { org: id(0), group: id(1), person: id(2), session: id(3), sighting: id(4) };
  sql(home,
    `INSERT INTO org (id, name, zone, start_minute, grace_minutes, cooldown_s, created_ms) VALUES ('${other.org}', 'Elsewhere', 'UTC', 540, 15, 60, ${now})`,
    `INSERT INTO person_group (org_id, id, name, name_key, created_ms) VALUES ('${other.org}', '${other.group}', 'Theirs', 'theirs', ${now})`,
    `INSERT INTO person (org_id, id, name, name_key, created_ms) VALUES ('${other.org}', '${other.person}', 'Zoe', 'zoe', ${now})`,
    `INSERT INTO session (org_id, id, group_id, day, start_ms, late_ms, created_ms) VALUES ('${other.org}', '${other.session}', '${other.group}', '2026-03-02', ${now}, ${now}, ${now})`,
    `INSERT INTO sighting (org_id, id, at_ms, source, person_id, decision, created_ms) VALUES ('${other.org}', '${other.sighting}', ${now}, 'photo', '${other.person}', 'review', ${now})`);
  return other;
}
