// SPDX-License-Identifier: MIT
// Who changed what, and whether that record is whole.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, failed, folder, json, ok, run } from './helpers.mjs';

const sqlite = spawnSync('sqlite3', ['--version']).status === 0;
const skip = sqlite ? false : 'sqlite3 is not installed';

function school(t) {
  const h = join(folder(t), 'home');
  ok(h, ['groups', 'add', '3a']);
  ok(h, ['people', 'add', 'Ada', '--group', '3a']);
  ok(h, ['groups', 'rename', '3a', '4a']);
  return h;
}

test('the audit says who did what, newest first', (t) => {
  const h = school(t);
  const { entries } = json(h, ['audit']);
  assert.equal(entries[0].action, 'group.rename');
  assert.deepEqual(entries.map((e) => e.seq), entries.map((_, i) => entries.length - i));
  for (const e of entries) assert.match(e.actor, /^cli:./);
  assert.match(ok(h, ['audit']), /group\.rename/);
  assert.equal(json(h, ['audit', 'list', '-n', '1']).entries.length, 1);
  assert.equal(json(h, ['audit', 'list', '--action', 'group.add']).entries.length, 1);
  assert.equal(json(h, ['audit', 'list', '--actor', 'user:nobody']).entries.length, 0);
  assert.equal(ok(h, ['audit', 'list', '--subject', 'none']), 'No entries.\n');
  failed(run(h, ['audit', 'verify', '--head', '3:00']), exit.usage, /no head of an audit/);
});

test('the chain is whole after a person was erased', (t) => {
  const h = school(t);
  ok(h, ['people', 'remove', 'Ada', '--yes']);
  const report = json(h, ['audit', 'verify']);
  assert.equal(report.whole, true);
  assert.match(ok(h, ['audit', 'verify']), /^The chain of \d+ entries is whole/);
  const head = /^Head: (\S+)$/m.exec(ok(h, ['audit', 'verify']))[1];
  assert.equal(head, report.head);
  ok(h, ['groups', 'add', 'B']);
  ok(h, ['audit', 'verify', '--head', head]);
});

test('what was done to the database by hand is found', { skip }, (t) => {
  const h = school(t);
  const { head, entries } = json(h, ['audit', 'verify']);
  const sql = (text) => {
    const r = spawnSync('sqlite3', [join(h, 'rollcall.db'),
      `DROP TRIGGER IF EXISTS audit_stays; DROP TRIGGER IF EXISTS audit_unchanged; ${text}`]);
    assert.equal(r.status, 0, String(r.stderr));
  };
  sql(`DELETE FROM audit WHERE seq = ${entries};
    UPDATE audit_head SET seq = seq - 1, hash = (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1)`);
  ok(h, ['audit', 'verify']); // only a note of before tells
  failed(run(h, ['audit', 'verify', '--head', head]), exit.failed, /not whole: entry \d+: is missing/);
  sql("UPDATE audit SET actor = 'cli:somebody' WHERE seq = 1");
  failed(run(h, ['audit', 'verify']), exit.failed, /not whole: entry 1: was changed/);
  const r = run(h, ['audit', 'verify', '--json']);
  assert.equal(r.status, exit.failed);
  assert.equal(JSON.parse(r.stdout).bad_seq, 1);
});
