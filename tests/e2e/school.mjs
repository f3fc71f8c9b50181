// SPDX-License-Identifier: MIT
// Who calls in the tests of the API: users of each role, keys, and another organisation.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { run } from './helpers.mjs';

export const password = 'long enough to be good';
/** Why another organisation cannot be made here, or false: for a test's `skip`. */
export const missing = spawnSync('sqlite3', ['--version']).status === 0 ? false : 'sqlite3 is not installed';

/** Runs SQL on the server's database; gives what it prints. */
export function sql(server, text) {
  const result = spawnSync('sqlite3', ['-cmd', '.timeout 5000', join(server.home, 'rollcall.db'), text], { encoding: 'utf8' });
  assert.equal(result.status, 0, result.stderr);
  return result.stdout.trim();
}

/** Somebody of a role, invited from the shell and signed in. */
export async function user(server, role, name = role) {
  const made = run(server.home, ['users', 'add', `${name}@school.example`, '--role', role, '--name', name, '--json']);
  assert.equal(made.status, 0, made.stderr);
  const token = JSON.parse(made.stdout).link.split('#')[1];
  return server.signedIn(await server.post('/api/v1/links/use', { token, password }));
}

/** Gives a teacher a group. */
export function teaches(server, teacher, groupId, { take = 1, change = 0 } = {}) {
  sql(server, `INSERT INTO user_group (org_id, user_id, group_id, may_take, may_change)
    SELECT org_id, id, '${groupId}', ${take}, ${change} FROM app_user WHERE id = '${teacher.me.user.id}'`);
}

/** Another organisation in the same database, with a person in a group. */
export function elsewhere(server) {
  const id = (n) => `0f000000-0000-7000-8000-00000000000${n}`;
  const far = { org: id(1), person: id(2), group: id(3) };
  sql(server, `INSERT INTO org (id, name, zone, start_minute, grace_minutes, cooldown_s, created_ms)
      SELECT '${far.org}', 'Elsewhere', zone, start_minute, grace_minutes, cooldown_s, 4000000000000 FROM org LIMIT 1;
    INSERT INTO person (org_id, id, name, name_key, created_ms) VALUES ('${far.org}', '${far.person}', 'Far', 'far', 1);
    INSERT INTO person_group (org_id, id, name, name_key, created_ms) VALUES ('${far.org}', '${far.group}', 'Far', 'far', 1);
    INSERT INTO membership (org_id, group_id, person_id, since_ms) VALUES ('${far.org}', '${far.group}', '${far.person}', 1)`);
  return far;
}
