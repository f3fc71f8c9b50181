// SPDX-License-Identifier: MIT
// What is kept of a photo: shown, exported, corrected, erased.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, json, ok } from './helpers.mjs';
import { missing, people, sample, withModels } from './photos.mjs';

const day = '2026-03-02';
const sightings = (h, ...args) => json(h, ['export', 'sightings', ...args]).sightings;

/** A class whose day began with a photo of some of them, and of strangers. */
function marked(t) {
  const base = folder(t), h = join(base, 'home');
  ok(h, ['settings', 'set', 'zone', 'Asia/Kathmandu']);
  ok(h, ['groups', 'add', '7b']);
  json(h, ['import', people(join(base, 'photos')), '--group', '7b'], withModels);
  json(h, ['mark', sample(3), '--group', '7b', '--at', `${day} 08:55`], withModels);
  return h;
}

test('the evidence of a photo is in the register, the person and the exports', { skip: missing }, (t) => {
  const h = marked(t);
  const all = sightings(h);
  const matches = all.filter((s) => s.decision === 'match');
  assert.ok(matches.length > 0);
  for (const s of all) {
    assert.match(s.at, /^2026-03-02T08:55:00\+05:45$/);
    assert.equal(s.source, 'photo');
    assert.equal(s.box.length, 4);
    assert.ok(s.decision !== 'unknown' || s.person === null);
  }
  const register = json(h, ['roll', '--date', day, '--group', '7b']);
  assert.equal(register.present, matches.length);
  for (const line of register.people.filter((l) => l.status === 'present')) {
    const { marks, sightings: own } = json(h, ['people', 'show', line.person.id]);
    assert.equal(marks.length, 1);
    assert.equal(marks[0].sighting, line.sighting);
    assert.equal(marks[0].by, 'automatic');
    assert.ok(own.some((s) => s.id === line.sighting && Math.abs(s.distance - line.distance) < 1e-6));
    assert.match(ok(h, ['people', 'show', line.person.id]), /Seen +1 time, last 2026-03-02 08:55/);
  }
  const csv = ok(h, ['export', 'sightings']).trimEnd().split('\r\n');
  assert.equal(csv.length, all.length + 1);
  assert.match(csv[1], /^2026-03-02T08:55:00\+05:45,photo,/);
});

test('exports keep to the range of days and to the group', { skip: missing }, (t) => {
  const h = marked(t), all = sightings(h).length;
  ok(h, ['groups', 'add', 'empty']);
  assert.equal(sightings(h, '--from', day, '--to', day).length, all);
  assert.equal(sightings(h, '--to', '2026-03-01').length, 0);
  assert.equal(sightings(h, '--from', '2026-03-03').length, 0);
  assert.equal(sightings(h, '--group', 'empty').length, 0);
  const named = sightings(h, '--group', '7b');
  assert.ok(named.length > 0 && named.every((s) => s.person));
});

test('erasing a person leaves the sightings without a name, and nobody else changed', { skip: missing }, (t) => {
  const h = marked(t), before = sightings(h);
  const { person } = before.find((s) => s.decision === 'match');
  const { removed } = json(h, ['people', 'remove', person.id, '--yes']);
  assert.deepEqual({ ...removed, sightings: 0 }, { id: person.id, name: person.name, templates: 1, marks: 1, groups: 1, sightings: 0 });
  const after = sightings(h);
  assert.deepEqual(after.map((s) => s.id), before.map((s) => s.id));
  assert.equal(after.filter((s) => s.person?.id === person.id).length, 0);
  assert.deepEqual(after.filter((s) => s.person), before.filter((s) => s.person && s.person.id !== person.id));
  const text = JSON.stringify(json(h, ['export', 'marks'])) + JSON.stringify(json(h, ['people'])) + ok(h, ['roll', '--date', day]);
  assert.ok(!text.includes(person.id) && !text.includes(`"${person.name}"`));
});

test('a correction keeps the evidence', { skip: missing }, (t) => {
  const h = marked(t);
  const { person } = sightings(h).find((s) => s.decision === 'match');
  json(h, ['roll', '--date', day, '--group', '7b', '--set', 'excused', '--person', person.id, '--reason', 'ill']);
  const shown = json(h, ['people', 'show', person.id]);
  assert.deepEqual([shown.marks[0].status, shown.marks[0].reason], ['excused', 'ill']);
  assert.equal(shown.sightings.filter((s) => s.decision === 'match').length, 1);
  assert.equal(json(h, ['export', 'marks']).days[0].excused, 1);
});
