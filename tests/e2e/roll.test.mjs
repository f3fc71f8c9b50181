// SPDX-License-Identifier: MIT
// The register and what is exported of it, as far as it goes without photos.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, failed, fails, folder, json, ok, run, shell, terminal } from './helpers.mjs';

/** Three pupils in 7b, one in 8b, one in no group. */
function school(t) {
  const h = join(folder(t), 'home');
  ok(h, ['settings', 'set', 'zone', 'Europe/Berlin']);
  ok(h, ['groups', 'add', '7b']);
  ok(h, ['groups', 'add', '8b']);
  for (const [name, number, group] of [['Ada Lovelace', '1', '7b'], ['Grace Hopper', '2', '7b'],
    ['Mary "M" Jackson', '3', '7b'], ['=SUM(A1)', '4', '8b']])
    ok(h, ['people', 'add', name, '--number', number, '--group', group]);
  ok(h, ['people', 'add', 'Visitor']);
  return h;
}

const day = '2026-03-02';
const correct = (h, who, status, ...more) =>
  json(h, ['roll', '--date', day, '--set', status, '--person', who, '--reason', 'by hand', ...more]);
const statuses = (register) => Object.fromEntries(register.people.map((l) => [l.person.name, l.status]));

test('a day on which nothing happened has nobody absent', (t) => {
  const h = school(t);
  const register = json(h, ['roll', '--date', day]);
  assert.deepEqual([register.date, register.zone, register.absent, register.present], [day, 'Europe/Berlin', 0, 0]);
  assert.equal(run(h, ['roll', '--date', day]).status, exit.ok);
});

test('closing makes absent who was not seen', (t) => {
  const h = school(t);
  correct(h, 'Ada Lovelace', 'present', '--group', '7b');
  const register = json(h, ['roll', '--date', day, '--group', '7b', '--close']);
  assert.equal(register.closed, true);
  assert.deepEqual(statuses(register),
    { 'Ada Lovelace': 'present', 'Grace Hopper': 'absent', 'Mary "M" Jackson': 'absent' });
  assert.deepEqual([register.present, register.absent, register.expected], [1, 2, 0]);
  const again = json(h, ['roll', '--date', day, '--group', '7b', '--close']);
  assert.deepEqual(statuses(again), statuses(register));
});

test('a register closed by hand is opened again, with a reason', (t) => {
  const h = school(t);
  ok(h, ['roll', '--date', day, '--group', '7b', '--close']);
  fails(h, ['roll', '--date', day, '--reopen'], exit.usage, /--reason/);
  fails(h, ['roll', '--date', '2026-03-01', '--reopen', '--reason', 'x'], exit.usage, /closed by hand/);
  assert.equal(json(h, ['roll', '--date', day, '--group', '7b']).absent, 3);
  const register = json(h, ['roll', '--date', day, '--group', '7b', '--reopen', '--reason', 'the bus was late']);
  // Its day is over, and nobody was seen: as if there had been no school.
  assert.deepEqual([register.absent, register.people.length], [0, 0]);
  fails(h, ['roll', '--date', day, '--reopen', '--reason', 'again'], exit.usage, /closed by hand/);
});

test('a correction has an author and a reason', (t) => {
  const h = school(t);
  for (const status of ['present', 'late', 'absent', 'excused', 'left_early']) {
    const register = correct(h, 'grace hopper', status, '--group', '7b');
    const line = register.people.find((l) => l.person.name === 'Grace Hopper');
    assert.equal(line.status, status);
    assert.equal(line.reason, 'by hand');
    assert.notEqual(line.by, 'automatic');
  }
  const shown = json(h, ['people', 'show', 'Grace Hopper']);
  assert.equal(shown.marks.length, 1);
  assert.deepEqual([shown.marks[0].date, shown.marks[0].group, shown.marks[0].status], [day, '7b', 'left_early']);
  assert.match(ok(h, ['people', 'show', 'Grace Hopper']), /2026-03-02.*7b.*left early.*by hand/);
  // An excuse for a day to come is shown too.
  ok(h, ['roll', '--date', '2199-03-02', '--set', 'excused', '--person', 'Grace Hopper', '--reason', 'wedding']);
  assert.equal(json(h, ['people', 'show', 'Grace Hopper']).marks[1].date, '2199-03-02');
  assert.match(ok(h, ['people', 'remove', 'Grace Hopper', '--yes']), /2 marks, 1 group membership;/);
  assert.ok(!('Grace Hopper' in statuses(json(h, ['roll', '--date', day]))));
});

test('wrong words are refused', (t) => {
  const h = school(t);
  const bad = (args, status, pattern) => fails(h, ['roll', ...args], status, pattern);
  bad(['--date', '2026-02-30'], exit.usage, /2026-02-30/);
  bad(['--date', 'monday'], exit.usage, /monday/);
  bad(['--group', '7c'], exit.failed, /7c/);
  bad(['--format', 'exel'], exit.usage, /--format/);
  bad(['--json', '--format', 'csv'], exit.usage, /different things/);
  bad(['--set', 'present'], exit.usage, /--person/);
  bad(['--set', 'presnt', '--person', '1', '--reason', 'x'], exit.usage, /did you mean 'present'\?/);
  bad(['--person', '1'], exit.usage, /go with --set/);
  bad(['--set', 'present', '--person', '1', '--reason', 'x', '--close'], exit.usage, /two steps/);
  bad(['--close', '--reopen', '--reason', 'x'], exit.usage, /step of its own/);
  bad(['--set', 'present', '--person', 'Nobody', '--reason', 'x'], exit.failed, /Nobody/);
  bad(['--set', 'present', '--person', '1', '--reason', 'x'.repeat(501)], exit.usage, /reason/);
  bad(['extra'], exit.usage, /one argument too many/);
  assert.equal(json(h, ['people', 'show', '1']).marks.length, 0);
});

test('the format is what is asked for, or what the file ends with', (t) => {
  const h = school(t), out = folder(t);
  correct(h, '1', 'present', '--group', '7b');
  const args = ['roll', '--date', day, '--group', '7b'];
  const csv = ok(h, [...args, '--format', 'csv']);
  assert.match(csv, /^Date,Group,Number,Name,Status,Time,Distance,Margin,By,Reason\r\n/);
  assert.match(csv, /\r\n2026-03-02,7b,3,"Mary ""M"" Jackson",/);
  assert.deepEqual(JSON.parse(ok(h, [...args, '-f', 'json'])), json(h, args));
  const write = (file, ...more) => {
    assert.equal(ok(h, [...args, '-o', join(out, file), ...more]), '');
    return readFileSync(join(out, file));
  };
  assert.equal(String(write('a.csv')), csv);
  assert.equal(String(write('A.CSV')), csv);
  assert.equal(String(write('b.txt', '--format', 'csv')), csv);
  assert.equal(JSON.parse(write('a.json')).date, day);
  assert.equal(JSON.parse(write('c.txt', '--json')).date, day);
  assert.equal(write('a.xlsx').subarray(0, 2).toString(), 'PK');
  assert.match(String(write('a.txt')), /Ada Lovelace/);
  assert.match(ok(h, args), /Ada Lovelace.*present/);
  assert.equal(shell(h, `"$ROLLCALL" roll --date ${day} -f xlsx | head -c 2`).stdout, 'PK');
  assert.match(terminal(h, [...args, '--format', 'xlsx']).text, /not for a terminal/);
  assert.match(terminal(h, args).text, /Ada Lovelace/);
});

test('a file is replaced whole, through links, and devices are written to', (t) => {
  const h = school(t), out = folder(t);
  const args = ['roll', '--date', day, '-o'];
  writeFileSync(join(out, 'old.csv'), 'old', { mode: 0o640 });
  symlinkSync('old.csv', join(out, 'link.csv'));
  ok(h, [...args, join(out, 'link.csv')]);
  assert.equal(readlinkSync(join(out, 'link.csv')), 'old.csv');
  assert.match(readFileSync(join(out, 'old.csv'), 'utf8'), /^Date,/);
  assert.equal(statSync(join(out, 'old.csv')).mode & 0o777, 0o640);
  ok(h, [...args, '/dev/null']);
  assert.ok(statSync('/dev/null').isCharacterDevice());
  mkdirSync(join(out, 'dir.csv'));
  fails(h, [...args, join(out, 'dir.csv')], exit.usage, /it is a folder/);
  fails(h, [...args, join(out, 'none/a.csv')], exit.failed, /none\/a\.csv/);
  failed(run(h, [...args, '/dev/full']), exit.failed, /No space/);
  failed(shell(h, `ulimit -f 0; exec "$ROLLCALL" roll --date ${day} -o "${join(out, 'old.csv')}"`), exit.failed);
  assert.match(readFileSync(join(out, 'old.csv'), 'utf8'), /^Date,/);
  assert.match(ok(h, ['roll', '--date', day, '-f', 'csv', '-o', '-']), /^Date,/);
});

test('marks of a range are exported, absent ones too', (t) => {
  const h = school(t);
  correct(h, '1', 'late', '--group', '7b');
  ok(h, ['roll', '--date', day, '--group', '7b', '--close']);
  ok(h, ['roll', '--date', '2026-03-29', '--group', '8b', '--close']);
  const rows = (...args) => ok(h, ['export', 'marks', ...args]).trimEnd().split('\r\n').slice(1);
  assert.equal(rows().length, 4);
  assert.match(rows()[0], /^2026-03-02,7b,1,Ada Lovelace,late,/);
  assert.match(rows()[3], /^2026-03-29,8b,4,'=SUM\(A1\),absent,,,,/);
  assert.equal(rows('--from', '2026-03-03').length, 1);
  assert.equal(rows('--from', day, '--to', day).length, 3);
  assert.equal(rows('--group', '8b').length, 1);
  const { days } = json(h, ['export', 'marks', '--from', day]);
  assert.deepEqual(days.map((d) => [d.date, d.late, d.absent]), [[day, 1, 2], ['2026-03-29', 0, 1]]);
});

test('people are exported', (t) => {
  const h = school(t);
  const csv = ok(h, ['export', 'people']);
  assert.match(csv, /^Name,Number,Face ID,Groups,Photos,Created,Id\r\n/);
  assert.equal(csv.trimEnd().split('\r\n').length, 6);
  assert.deepEqual(json(h, ['export', 'people', '-g', '8b']).people.map((p) => p.name), ['=SUM(A1)']);
  assert.equal(json(h, ['export', 'sightings']).sightings.length, 0);
  assert.match(ok(h, ['export', 'sightings']), /^Time,Source,Decision,Name,Number,Distance,[^\r]*,Id\r\n$/);
});

test('what cannot be exported is refused', (t) => {
  const h = school(t), out = folder(t);
  fails(h, ['export'], exit.usage, /something is missing/);
  fails(h, ['export', 'faces'], exit.usage, /one of marks\|sightings\|people/);
  fails(h, ['export', 'marks', '--from', '2026-03-03', '--to', day], exit.usage, /is after/);
  fails(h, ['export', 'marks', '--from', 'x'], exit.usage, /x/);
  fails(h, ['export', 'marks', '--format', 'table'], exit.usage, /csv\|json\|xlsx/);
  fails(h, ['export', 'marks', '-o', join(out, 'none', 'a.csv')], exit.failed);
  assert.ok(!existsSync(join(out, 'none')));
});
