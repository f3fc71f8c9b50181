// SPDX-License-Identifier: MIT
// Who may sign in: invited, listed, disabled.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, failed, folder, json, ok, run } from './helpers.mjs';

test('somebody is invited by a link that is told once', (t) => {
  const h = join(folder(t), 'home');
  const added = json(h, ['users', 'add', 'head@school.example', '--role', 'administrator', '--name', 'The Head']);
  assert.match(added.link, /^\/link#[A-Za-z0-9_-]{43}$/);
  assert.equal(added.user.state, 'invited');
  const again = json(h, ['users', 'link', 'HEAD@school.example']);
  assert.notEqual(again.link, added.link);
  const { users } = json(h, ['users']);
  assert.deepEqual(users.map((u) => [u.email, u.name, u.role]), [['head@school.example', 'The Head', 'administrator']]);
  assert.match(ok(h, ['users', 'role', 'head@school.example', 'teacher']), /teacher, invited/);
  assert.match(ok(h, ['users', 'disable', 'head@school.example']), /disabled/);
  failed(run(h, ['users', 'enable', 'head@school.example']), exit.usage, /no password yet/);
  failed(run(h, ['users', 'link', 'head@school.example']), exit.usage, /only an active user/);
  failed(run(h, ['users', 'add', 'head@school.example']), exit.failed, /already a user/);
  failed(run(h, ['users', 'add', 'nobody']), exit.usage, /no e-mail address/);
  failed(run(h, ['users', 'disable', 'x@school.example']), exit.failed, /no user with the address/);
  assert.equal(json(h, ['audit', 'list', '--action', 'user.invite']).entries.length, 1);
  assert.doesNotMatch(ok(h, ['audit', 'list', '--json']), /school\.example/);
});
