// SPDX-License-Identifier: MIT
// People, groups and settings, with all the names that people really have, and do not have.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, fails, folder, json, ok, run, shell, terminal } from './helpers.mjs';

const home = (t) => join(folder(t), 'home');
const people = (h, ...args) => json(h, ['people', ...args]).people;
const names = (h, ...args) => people(h, ...args).map((p) => p.name);
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('a person is added, shown, renamed, changed and erased', (t) => {
  const h = home(t);
  assert.equal(ok(h, ['people', 'add', 'Ada Lovelace', '--number', '17', '--face-id', '5']), 'Added Ada Lovelace.\n');
  const { person } = json(h, ['people', 'show', '17']);
  assert.match(person.id, uuid);
  assert.deepEqual({ ...person, id: 0, created: 0 },
    { id: 0, name: 'Ada Lovelace', number: '17', face_id: 5, groups: [], templates: 0, created: 0 });
  assert.match(person.created, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d/);
  assert.match(ok(h, ['people', 'show', 'ada lovelace']), /^Ada Lovelace\n {2}Number +17\n/);
  ok(h, ['people', 'rename', person.id, 'Ada King']);
  ok(h, ['people', 'set', 'Ada King', '--number', '', '--face-id', '0']);
  const after = people(h)[0];
  assert.deepEqual([after.id, after.name, after.number, after.face_id], [person.id, 'Ada King', null, null]);
  assert.equal(ok(h, ['people', 'remove', 'ada king', '--yes']),
    'Erased Ada King: 0 face templates, 0 marks, 0 group memberships; 0 sightings no longer say who it was.\n');
  assert.deepEqual(people(h), []);
  assert.match(ok(h, ['people']), /^Nobody yet\./);
});

test('each change tells the person in JSON', (t) => {
  const h = home(t);
  ok(h, ['groups', 'add', '7b']);
  assert.equal(json(h, ['people', 'add', 'Ada', '-g', '7b']).person.groups[0], '7b');
  assert.equal(json(h, ['people', 'rename', 'Ada', 'Grace']).person.name, 'Grace');
  assert.equal(json(h, ['people', 'set', 'Grace', '-n4']).person.number, '4');
  assert.deepEqual(json(h, ['people', 'move', 'Grace', '--from', '7b']).person.groups, []);
  const { removed } = json(h, ['people', 'remove', 'Grace', '-y']);
  assert.deepEqual({ ...removed, id: 0 }, { id: 0, name: 'Grace', templates: 0, marks: 0, groups: 0, sightings: 0 });
});

test('the list is a table that counts', (t) => {
  const h = home(t);
  ok(h, ['people', 'add', 'Ada Lovelace']);
  ok(h, ['people', 'add', '山田 花子', '--number', 'A-7']);
  const text = ok(h, ['people']);
  assert.match(text, /Name.*Number.*Group.*Photos.*Since/);
  assert.match(text, /山田 花子/);
  assert.match(text, /2 people; 2 without a photo/);
  assert.deepEqual(ok(h, ['people', '--names']).trim().split('\n').sort(), ['Ada Lovelace', '山田 花子']);
});

test('names are compared without case, accents composed, blanks collapsed', (t) => {
  const h = home(t);
  ok(h, ['people', 'add', '  José   Núñez ']);
  assert.deepEqual(names(h), ['José Núñez']);
  for (const same of ['JOSÉ NÚÑEZ', 'Jose\u0301 Nu\u0301n\u0303ez', 'josé núñez'])
    fails(h, ['people', 'add', same], exit.failed, /already a person called 'José Núñez'/);
  ok(h, ['people', 'add', 'Jose Nunez']);
  assert.equal(names(h).length, 2);
});

test('two people of one name need different numbers', (t) => {
  const h = home(t);
  ok(h, ['people', 'add', 'Kim Lee', '--number', '1']);
  fails(h, ['people', 'add', 'kim lee'], exit.failed);
  fails(h, ['people', 'add', 'Other', '--number', '1'], exit.failed, /number '1' is already that of 'Kim Lee'/);
  ok(h, ['people', 'add', 'Kim Lee', '--number', '2']);
  fails(h, ['people', 'set', '2', '--number', ''], exit.failed);
  fails(h, ['people', 'set', '2', '--number', '1'], exit.failed);
  fails(h, ['people', 'show', 'Kim Lee'], exit.usage);
  assert.equal(json(h, ['people', 'show', '2']).person.number, '2');
});

test('what is no name is refused and nothing is changed', (t) => {
  const h = home(t);
  ok(h, ['people', 'add', 'Ada']);
  for (const bad of ['', '   ', 'x'.repeat(1000), 'a\tb', 'a\nb', 'a\x1b[31mb', 'a\x7fb', 'a\u202eb', '\ue000', 'a\u0085b']) {
    fails(h, ['people', 'add', bad], exit.usage, /name/);
    fails(h, ['people', 'rename', 'Ada', bad], exit.usage, /name/);
    fails(h, ['groups', 'add', bad], exit.usage, /group/);
    fails(h, ['settings', 'set', 'name', bad], exit.usage, /name/);
  }
  for (const bad of ['x'.repeat(65), 'a\nb', '1\x002'.slice(0, 1) + '\x01'])
    fails(h, ['people', 'add', 'New', '--number', bad], exit.usage, /number/);
  fails(h, ['people', 'add', 'New', '--face-id', '65536'], exit.usage, /face-id/);
  fails(h, ['people', 'add', 'New', '--face-id', '-1'], exit.usage, /face-id/);
  assert.deepEqual(names(h), ['Ada']);
  const long = 'ä'.repeat(120);
  ok(h, ['people', 'add', long]);
  fails(h, ['people', 'add', long + 'x'], exit.usage, /120/);
  const raw = shell(h, `exec "$ROLLCALL" people rename Ada $'\\xff\\xfe'`);
  assert.equal(raw.status, exit.usage);
});

test('a name that begins with a dash goes after --', (t) => {
  const h = home(t);
  fails(h, ['people', 'add', '-x-'], exit.usage, /unknown option/);
  ok(h, ['people', 'add', '--', '--json']);
  assert.deepEqual(names(h), ['--json']);
});

test('who is unknown is answered with the nearest name', (t) => {
  const h = home(t);
  ok(h, ['people', 'add', 'Ada Lovelace']);
  ok(h, ['groups', 'add', 'Chemistry']);
  fails(h, ['people', 'show', 'Ada Lovlace'], exit.failed, /Ada Lovelace/);
  fails(h, ['people', '--group', 'Chemistri'], exit.failed, /Chemistry/);
  fails(h, ['people', 'add', 'New', '--group', 'Physics'], exit.failed, /Physics/);
  assert.deepEqual(names(h), ['Ada Lovelace']);
});

test('people move between groups', (t) => {
  const h = home(t);
  for (const group of ['7b', '8b', 'Choir']) ok(h, ['groups', 'add', group]);
  ok(h, ['people', 'add', 'Ada', '--group', '7b']);
  fails(h, ['people', 'move', 'Ada'], exit.usage, /move where/);
  fails(h, ['people', 'join', 'Ada'], exit.usage, /join what/);
  fails(h, ['people', 'join', 'Ada', '--group', 'none'], exit.failed, /none/);
  fails(h, ['people', 'move', 'Ada', '--from', 'Choir'], exit.failed, /cannot move 'Ada'/);
  assert.equal(ok(h, ['people', 'move', 'Ada', '--group', '8b']), 'Ada is now in 8b.\n');
  assert.deepEqual(names(h, '--group', '7b'), []);
  assert.deepEqual(names(h, '--group', '8B'), ['Ada']);
  ok(h, ['people', 'move', 'Ada', '--from', '8b', '--group', '8b']);
  assert.deepEqual(people(h)[0].groups, ['8b']);
  assert.equal(ok(h, ['people', 'join', 'Ada', '--group', 'choir']), 'Ada is now in 8b, Choir.\n');
  ok(h, ['people', 'move', 'Ada', '--from', 'Choir']);
  ok(h, ['people', 'move', 'Ada', '--from', '8b']);
  assert.deepEqual(people(h)[0].groups, []);
});

test('removing asks on a terminal and wants --yes without one', (t) => {
  const h = home(t);
  ok(h, ['people', 'add', 'Ada']);
  fails(h, ['people', 'remove', 'Ada'], exit.usage, /say --yes if 'Ada' is meant/);
  fails(h, ['people', 'remove', 'Ada'], exit.usage, /--yes/, { input: 'y\n' });
  const no = terminal(h, ['people', 'remove', 'Ada'], { input: 'n\n' });
  assert.match(no.text, /Erase Ada with 0 face templates and 0 marks\? This cannot be undone\. \[y\/N\]/);
  assert.equal(no.status, exit.failed);
  assert.deepEqual(names(h), ['Ada']);
  const yes = terminal(h, ['people', 'remove', 'Ada'], { input: 'y\n' });
  assert.equal(yes.status, exit.ok);
  assert.deepEqual(names(h), []);
});

test('groups are made, shown, renamed, set and removed', (t) => {
  const h = home(t);
  assert.match(ok(h, ['groups', 'add', '7b', '--start', '08:10', '--grace', '5']), /^Added the group 7b\./);
  ok(h, ['groups', 'add', 'Choir']);
  const list = json(h, ['groups']).groups;
  assert.deepEqual(list.map(({ id, ...rest }) => rest), [
    { name: '7b', members: 0, start: '08:10', start_default: false, grace_minutes: 5, grace_default: false },
    { name: 'Choir', members: 0, start: '09:00', start_default: true, grace_minutes: 15, grace_default: true },
  ]);
  assert.match(ok(h, ['groups']), /7b .*0 .*08:10 .*08:15/);
  ok(h, ['groups', 'rename', '7b', '8b']);
  ok(h, ['groups', 'set', '8b', '--grace', 'default', '--start', '07:55']);
  ok(h, ['people', 'add', 'Ada', '--group', '8b']);
  const shown = json(h, ['groups', 'show', '8b']);
  assert.equal(shown.group.grace_minutes, 15);
  assert.equal(shown.people[0].name, 'Ada');
  assert.match(ok(h, ['groups', 'show', '8b']), /^8b\n {2}Start +07:55\n {2}Late after +08:10\n {2}People +1\n {4}Ada\n/);
  const refused = fails(h, ['groups', 'remove', '8b'], exit.failed);
  assert.match(refused, /Cannot delete '8b' because 1 user\(s\) are still assigned to it\./);
  ok(h, ['people', 'move', 'Ada', '--from', '8b']);
  ok(h, ['groups', 'remove', '8b']);
  assert.equal(ok(h, ['groups', '--names']), 'Choir\n');
  assert.equal(json(h, ['groups', 'remove', 'choir']).removed.name, 'Choir');
});

test('bad groups are refused', (t) => {
  const h = home(t);
  ok(h, ['groups', 'add', 'Straße']);
  fails(h, ['groups', 'add', 'STRASSE'], exit.failed, /Straße/);
  for (const start of ['24:00', '9', '09:60', '-1:00', '09:00x', ''])
    fails(h, ['groups', 'add', 'X', '--start', start], exit.usage, /--start/);
  for (const grace of ['-1', '721', 'x', '1.5', ''])
    fails(h, ['groups', 'add', 'X', '--grace', grace], exit.usage, /grace/);
  fails(h, ['groups', 'set', 'Straße'], exit.usage, /set what/);
  fails(h, ['groups', 'show', 'X'], exit.failed);
  assert.equal(json(h, ['groups']).groups.length, 1);
});

test('settings are listed and set', (t) => {
  const h = home(t);
  ok(h, ['settings', 'set', 'name', ' Primary  School ']);
  ok(h, ['settings', 'set', 'zone', 'Asia/Kathmandu']);
  ok(h, ['settings', 'set', 'start', '08:00']);
  ok(h, ['settings', 'set', 'grace', '0']);
  assert.equal(ok(h, ['settings', 'set', 'cooldown', '120']), 'cooldown is now 120 seconds.\n');
  assert.deepEqual(json(h, ['settings']).settings,
    { name: 'Primary School', zone: 'Asia/Kathmandu', start: '08:00', grace: 0, cooldown: 120, budget: 0.001, 'keep-faces': 30, 'keep-photos': false });
  assert.match(ok(h, ['settings']), /zone +.*Asia\/Kathmandu/);
  assert.equal(json(h, ['settings', 'set', 'grace', '5']).settings.grace, 5);
  ok(h, ['groups', 'add', '7b']);
  assert.equal(json(h, ['groups']).groups[0].start, '08:00');
});

test('bad settings are refused and nothing is changed', (t) => {
  const h = home(t);
  ok(h, ['settings', 'set', 'zone', 'Europe/Berlin']);
  const before = json(h, ['settings']);
  fails(h, ['settings', 'set', 'zne', 'UTC'], exit.usage, /did you mean 'zone'\?/);
  fails(h, ['settings', 'set', 'zone', 'Europe/Berln'], exit.usage, /Europe\/Berlin/);
  fails(h, ['settings', 'set', 'zone', '../../etc/passwd'], exit.usage);
  fails(h, ['settings', 'set', 'start', '25:00'], exit.usage);
  fails(h, ['settings', 'set', 'grace', '721'], exit.usage, /0 to 720/);
  fails(h, ['settings', 'set', 'cooldown', '-1'], exit.usage);
  fails(h, ['settings', 'set', 'zone'], exit.usage, /something is missing/);
  assert.deepEqual(json(h, ['settings']), before);
});

test('two at once do not lose anything', async (t) => {
  const h = home(t);
  ok(h, ['people', 'add', 'First']);
  const r = shell(h, `for i in 1 2 3 4 5 6 7 8; do "$ROLLCALL" people add "Person $i" & done; wait`);
  assert.equal(r.stderr, '');
  assert.equal(names(h).length, 9);
  assert.equal(run(h, ['doctor']).stdout.includes('sound'), true);
});
