// SPDX-License-Identifier: MIT
// Homes that are broken, locked, full or from the future: a clear error and nothing changed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, failed, fails, folder, isRoot, json, ok, run, shell } from './helpers.mjs';

const sqlite = spawnSync('sqlite3', ['--version']).status === 0;

/** A home with a person in it. */
function populated(t) {
  const h = join(folder(t), 'home');
  ok(h, ['people', 'add', 'Ada']);
  return h;
}

/** The files of a home and their content, to see that nothing changed; the log's index may come and go. */
function picture(h) {
  return readdirSync(h).filter((name) => !/-(shm|wal)$/.test(name)).sort().map((name) => [name, createHash('sha256').update(readFileSync(join(h, name))).digest('hex')]);
}

const writing = [['people', 'add', 'New'], ['groups', 'add', 'New'], ['settings', 'set', 'grace', '3'],
  ['people', 'remove', 'Ada', '--yes'], ['roll', '--close']];
const reading = [['people'], ['groups'], ['settings'], ['roll'], ['export', 'marks'], ['people', 'show', 'Ada']];

test('a new home is for its owner only', (t) => {
  const h = populated(t);
  assert.equal(statSync(h).mode & 0o777, 0o700);
  assert.equal(statSync(join(h, 'key')).mode & 0o777, 0o600);
  assert.equal(statSync(join(h, 'key')).size, 32);
});

test('another key, a missing key and a key that others can read are told apart', (t) => {
  const h = populated(t), key = join(h, 'key'), kept = readFileSync(key);
  const all = (pattern) => {
    const before = picture(h);
    for (const args of [...writing, ...reading]) fails(h, args, exit.failed, pattern);
    assert.deepEqual(picture(h), before);
    const r = run(h, ['doctor']);
    assert.equal(r.status, exit.failed);
    assert.match(r.stdout, /^fail +(key|database) /m);
  };
  writeFileSync(key, Buffer.alloc(32, 7));
  all(/key/);
  writeFileSync(key, kept.subarray(0, 31));
  all(/key/);
  rmSync(key);
  all(/key/);
  writeFileSync(key, kept, { mode: 0o644 });
  chmodSync(key, 0o644);
  all(/0600|600/);
  chmodSync(key, 0o600);
  assert.equal(json(h, ['people']).people.length, 1);
});

test('a database from a newer version is left alone', { skip: sqlite ? false : 'sqlite3 is not installed' }, (t) => {
  const h = populated(t), db = join(h, 'rollcall.db');
  const r = spawnSync('sqlite3', [db, 'INSERT INTO schema_version (version, applied_ms) VALUES (999, 0)']);
  assert.equal(r.status, 0, String(r.stderr));
  const before = picture(h);
  for (const args of [...writing, ...reading]) fails(h, args, exit.failed, /newer/);
  assert.deepEqual(picture(h), before);
  assert.match(run(h, ['doctor']).stdout, /^fail +database .*newer/m);
});

test('a file that is no database, and one that was cut, are told', (t) => {
  const h = populated(t), db = join(h, 'rollcall.db');
  const kept = join(h, 'kept');
  copyFileSync(db, kept);
  writeFileSync(db, 'These are my notes and no database at all. '.repeat(200));
  let before = picture(h);
  for (const args of [...writing, ...reading]) fails(h, args, exit.failed, /rollcall\.db/);
  assert.deepEqual(picture(h), before);
  copyFileSync(kept, db);
  truncateSync(db, 10000);
  const r = run(h, ['doctor']);
  assert.equal(r.status, exit.failed);
  assert.match(r.stdout, /^fail +database /m);
  assert.equal(r.signal, null);
});

test('a home that is a file, or cannot be made, is told', (t) => {
  const base = folder(t), file = join(base, 'file');
  writeFileSync(file, '');
  fails(file, ['people', 'add', 'Ada'], exit.failed, /file/);
  fails(join(file, 'below'), ['people', 'add', 'Ada'], exit.failed);
  fails('/proc/nowhere/home', ['people', 'add', 'Ada'], exit.failed, /\/proc\/nowhere/);
  assert.equal(run(file, ['doctor']).status, exit.failed);
});

test('a read-only home is not changed', { skip: isRoot() ? 'root may write everywhere' : false }, (t) => {
  const h = populated(t);
  chmodSync(join(h, 'rollcall.db'), 0o400);
  chmodSync(h, 0o500);
  for (const args of writing) fails(h, args, exit.failed);
  for (const args of reading) {
    const r = run(h, args);
    if (r.status !== exit.ok) failed(r, exit.failed, /cannot be written/);
  }
  assert.match(run(h, ['doctor']).stdout, /cannot be written/);
});

test('a read-only home is not changed by another user', { skip: isRoot() ? false : 'only root can become another user' }, (t) => {
  const base = folder(t), h = join(base, 'home');
  ok(h, ['people', 'add', 'Ada']);
  chmodSync(base, 0o755);
  // Of nobody, and not to be written even by them: that is what root cannot do to itself.
  spawnSync('chown', ['-R', '65534:65534', h]);
  chmodSync(h, 0o500);
  chmodSync(join(h, 'rollcall.db'), 0o400);
  const before = picture(h);
  const as = (args) => shell(h, `exec setpriv --reuid=65534 --regid=65534 --clear-groups "$ROLLCALL" ${args}`);
  // The program itself may be where nobody can go.
  if (as('--version').status !== 0) return t.skip('nobody cannot run the program where it is');
  for (const args of writing) failed(as(args.join(' ')), exit.failed);
  for (const args of ['people', 'groups', 'roll', 'settings']) {
    // SQLite needs to write its index beside a database with a log: reading may be refused too.
    const r = as(args);
    if (r.status !== exit.ok) failed(r, exit.failed, /cannot be written/);
  }
  assert.deepEqual(picture(h), before);
});

test('a full disk is told and loses nothing', (t) => {
  const h = populated(t);
  // The limit of a file's size stands for the disk: the same error, in the same calls.
  const before = json(h, ['people']).people;
  let refused = 0;
  for (const blocks of [0, 1, 4, 16, 64]) {
    const r = shell(h, `ulimit -f ${blocks}; exec "$ROLLCALL" people add "Person ${blocks}"`);
    assert.equal(r.signal, null);
    if (r.status === 0) continue;
    refused++;
    failed(r, exit.failed);
    assert.deepEqual(json(h, ['people']).people.filter((p) => p.name === `Person ${blocks}`), []);
  }
  assert.ok(refused > 0);
  assert.equal(json(h, ['people']).people[0].id, before[0].id);
  assert.match(run(h, ['doctor']).stdout, /^ok +database .*sound/m);
});

test('a disk that is full from the start leaves no half home', (t) => {
  const h = join(folder(t), 'home');
  failed(shell(h, `ulimit -f 0; exec "$ROLLCALL" people add Ada`), exit.failed);
  ok(h, ['people', 'add', 'Ada']);
  assert.equal(json(h, ['people']).people.length, 1);
});

test('a small real disk that fills up', { skip: isRoot() ? false : 'only root can mount' }, (t) => {
  const mount = folder(t);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mount]).status !== 0)
    return t.skip('mounting is not allowed here');
  try {
    const h = join(mount, 'home');
    ok(h, ['people', 'add', 'Ada']);
    shell(h, 'dd if=/dev/zero of="$ROLLCALL_HOME/../filler" bs=1k 2>/dev/null');
    failed(run(h, ['people', 'add', 'Grace']), exit.failed);
    rmSync(join(mount, 'filler'));
    ok(h, ['people', 'add', 'Mary']);
    assert.deepEqual(json(h, ['people']).people.map((p) => p.name), ['Ada', 'Mary']);
  } finally {
    spawnSync('umount', [mount]);
  }
});

test('the default home is below $HOME', (t) => {
  const base = folder(t);
  ok(null, ['people', 'add', 'Ada'], { env: { HOME: base } });
  assert.ok(statSync(join(base, '.local/share/rollcall/rollcall.db')).isFile());
  mkdirSync(join(base, 'x'));
  assert.equal(json(null, ['people'], { env: { HOME: base } }).people.length, 1);
});
