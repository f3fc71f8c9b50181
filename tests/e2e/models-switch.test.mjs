// SPDX-License-Identifier: MIT
// Another model is put to use: templates of two models side by side, from kept photos or by being enrolled again.
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, failed, fails as failsPlain, folder, models, ok as okPlain, root, run as runPlain } from './helpers.mjs';
import { missing as skip, people, portrait, put, sample, withModels } from './photos.mjs';

const run = (h, args) => runPlain(h, args, withModels);
const ok = (h, args) => okPlain(h, args, withModels);
const json = (h, args) => JSON.parse(ok(h, [...args, '--json']));
const fails = (h, args, status, pattern) => failsPlain(h, args, status, pattern, withModels);

/** The default embedding under another name, which makes it another model. */
function other(t, h, name = 'other', change = (m) => m) {
  const at = folder(t);
  const manifest = JSON.parse(readFileSync(join(root, 'src/vision/manifests/face_recognition.json')));
  for (const file of manifest.files) copyFileSync(join(models(), file.path), join(at, file.path));
  writeFileSync(join(at, 'manifest.json'), JSON.stringify(change({ ...manifest, name, id: `test/${name}` })));
  json(h, ['models', 'add', at, '--accept']);
}

/** A home with Ana and Bea, the folder they came from, and another model. */
function made(t, { keep = false } = {}) {
  const base = folder(t), h = join(base, 'home'), dir = people(join(base, 'in'), ['Ana', 'Bea']);
  if (keep) ok(h, ['settings', 'set', 'keep-photos', 'on']);
  ok(h, ['import', dir]);
  other(t, h);
  return { base, h, dir };
}

const used = (h) => Object.fromEntries(json(h, ['models']).models.filter((m) => m.use).map((m) => [m.name, m.use]));
const seen = (h) => json(h, ['identify', sample(1)]).photos[0].faces
  .filter((f) => f.decision === 'match').map((f) => f.person.name).sort();

test('without kept photos it is said who must be enrolled again, and the old model stays in use', { skip }, (t) => {
  const { h, dir } = made(t);
  const r = json(h, ['models', 'use', 'other']);
  assert.deepEqual([r.complete, r.missing.map((p) => p.name), r.photos.kept], [false, ['Ana', 'Bea'], 0]);
  assert.deepEqual(used(h), { ssd_mobilenetv1: 'in use', face_landmark_68: 'in use', face_recognition: 'in use', other: 'coming' });
  assert.deepEqual(seen(h), ['Ana', 'Bea']);
  fails(h, ['models', 'remove', 'other'], exit.failed, /is coming/);
  // From the same photos: nobody has to find them again.
  const ana = ok(h, ['enroll', 'Ana', join(dir, 'Ana')]);
  assert.match(ana, /^updated Ana: 1 photo enrolled, 0 refused\n$/);
  assert.deepEqual(json(h, ['models', 'use', 'other']).missing.map((p) => p.name), ['Bea']);
  // Somebody new gets templates of both.
  const cleo = join(folder(t), '1.jpg');
  writeFileSync(cleo, portrait('Cleo'));
  ok(h, ['enroll', 'Cleo', cleo]);
  assert.deepEqual(json(h, ['models', 'use', 'other']).missing.map((p) => p.name), ['Bea']);
  // The last one completes it.
  const last = run(h, ['import', dir]);
  assert.match(last.stdout, /everybody has templates of other: it is in use from now on\n$/);
  assert.match(last.stderr, /Ana.*already/);
  assert.equal(used(h).other, 'in use');
  assert.equal(used(h).face_recognition, undefined);
  assert.deepEqual(seen(h), ['Ana', 'Bea', 'Cleo']);
  assert.deepEqual(json(h, ['people']).people.map((p) => p.templates), [1, 1, 1]);
});

test('with kept photos the switch is one command', { skip }, (t) => {
  const { h } = made(t, { keep: true });
  const r = json(h, ['models', 'use', 'other']);
  assert.deepEqual(r, { ...r, complete: true, missing: [], photos: { kept: 2, done: 2 }, replaced: 2 });
  assert.equal(used(h).other, 'in use');
  assert.deepEqual(seen(h), ['Ana', 'Bea']);
  fails(h, ['models', 'remove', 'other'], exit.failed, /is in use/);
  // And back.
  assert.equal(json(h, ['models', 'use', 'face_recognition']).complete, true);
  assert.deepEqual(seen(h), ['Ana', 'Bea']);
});

test('a switch can be ended early, or called off', { skip }, (t) => {
  const { h, dir } = made(t);
  fails(h, ['models', 'use', '--finish'], exit.failed, /no switch of models is under way/);
  ok(h, ['models', 'use', 'other']);
  ok(h, ['enroll', 'Ana', join(dir, 'Ana')]);
  assert.match(ok(h, ['models', 'use', '--cancel']), /face_recognition stays in use; 1 templates of other were deleted/);
  assert.deepEqual(seen(h), ['Ana', 'Bea']);
  ok(h, ['models', 'use', 'other']);
  ok(h, ['enroll', 'Ana', join(dir, 'Ana')]);
  assert.match(ok(h, ['models', 'use', '--finish']), /Not recognised until they are enrolled again:\n {2}Bea\n/);
  assert.deepEqual(seen(h), ['Ana']);
  const r = run(h, ['doctor', '--json']);
  assert.ok(JSON.parse(r.stdout).findings.some((f) => f.check === 'models' && /Bea/.test(f.text)), r.stdout);
  ok(h, ['enroll', 'Bea', join(dir, 'Bea')]);
  assert.deepEqual(seen(h), ['Ana', 'Bea']);
});

test('a photo of one person does not become another\'s in a switch', { skip }, (t) => {
  const { h, dir } = made(t);
  ok(h, ['models', 'use', 'other']);
  const r = run(h, ['enroll', 'Bea', join(dir, 'Ana')]);
  assert.equal(r.status, exit.failed);
  assert.match(r.stderr, /enrolled already, for 'Ana'/);
  assert.equal(json(h, ['models', 'use', 'other']).missing.length, 2);
});

test('photos are kept only when that is said, and erased when it is unsaid', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home'), dir = people(join(base, 'in'), ['Ana']);
  assert.equal(json(h, ['settings', 'set', 'keep-photos', 'on']).settings['keep-photos'], true);
  ok(h, ['import', dir]);
  // Photos of before are taken up by enrolling them again.
  ok(h, ['settings', 'set', 'keep-photos', 'off']);
  ok(h, ['settings', 'set', 'keep-photos', 'on']);
  assert.match(ok(h, ['import', dir]), /^1 person, 1 photo enrolled, 0 refused/);
  assert.match(ok(h, ['settings', 'set', 'keep-photos', 'off']), /^keep-photos is now off\.\n1 kept photo was erased\.\n$/);
  failed(run(h, ['settings', 'set', 'keep-photos', 'maybe']), exit.usage, /on or off/);
});

test('a detector is put to use at once, and by what is asked for', { skip }, (t) => {
  const { h } = made(t);
  assert.match(ok(h, ['models', 'use', 'tiny_face_detector']), /tiny_face_detector finds the faces from now on/);
  assert.equal(used(h).tiny_face_detector, 'in use');
  const r = run(h, ['doctor', '--json']);
  assert.ok(JSON.parse(r.stdout).findings.some((f) => f.check === 'models' && /tiny_face_detector/.test(f.text)), r.stdout);
  fails(h, ['models', 'use', 'yunet'], exit.failed, /not installed.*models add yunet/);
  fails(h, ['models', 'use', 'face_landmark_68'], exit.failed, /no choice/);
  fails(h, ['models', 'use'], exit.usage, /use what/);
});

test('a model whose distances were never measured is not put to use', { skip }, (t) => {
  const { h } = made(t);
  other(t, h, 'unmeasured', ({ fmr, ...rest }) => rest);
  fails(h, ['models', 'use', 'unmeasured'], exit.failed, /never measured.*eval --table/);
  assert.equal(used(h).unmeasured, undefined);
});

test('that nobody can be recognised is said, not shown as strangers', { skip }, (t) => {
  const { h } = made(t);
  ok(h, ['models', 'use', 'other']);
  ok(h, ['models', 'use', '--finish']);
  const r = run(h, ['identify', sample(1)]);
  assert.match(r.stderr, /^rollcall: 2 people have templates, but none of the model in use.*rollcall import/);
});
