// SPDX-License-Identifier: MIT
// Recognition that goes on for a while: video, and Ctrl-C in the middle of work.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { exit, failed, folder, ok as okPlain, run as runPlain, start } from './helpers.mjs';
import { copy, missing, nobody, people, portrait, put, withModels } from './photos.mjs';

const skip = missing;
const run = (home, args) => runPlain(home, args, withModels);
const ok = (home, args) => okPlain(home, args, withModels);
const json = (home, args) => JSON.parse(ok(home, [...args, '--json']));

/** A video as cameras send it: one JPEG after another, 25 a second. */
const video = (path, frames) => put(path, Buffer.concat(frames));

function ana(t) {
  const base = folder(t), h = join(base, 'home');
  ok(h, ['import', people(join(base, 'in'), ['Ana']), '--group', '3a']);
  return { base, h };
}

const watch = (h, args) => {
  const r = run(h, ['watch', '--json', '--every-frame', ...args]);
  return { ...r, d: JSON.parse(r.stdout) };
};

test('who is seen for a while is marked, once', { skip }, (t) => {
  const { base, h } = ana(t), face = portrait('Ana');
  const path = video(join(base, 'door.mjpeg'), Array(40).fill(face));
  const { d, status } = watch(h, [path, '--at', '2026-03-02 08:55']);
  assert.equal(status, exit.ok);
  assert.deepEqual(Object.keys(d).slice(0, 3), ['source', 'frames', 'skipped']);
  assert.equal(d.frames, 40);
  assert.deepEqual([d.tracks, d.looks], [1, 5]);
  assert.deepEqual(d.events.map((e) => [e.person.name, e.outcome, e.status, e.frame]), [['Ana', 'marked', 'present', 21]]);
  assert.match(d.events[0].at, /^2026-03-02T08:55:00\.800Z/); // The same picture says the same thing: that takes longer.
  assert.deepEqual([d.events[0].looks, d.events[0].span_ms], [5, 800]);
  const { sightings } = json(h, ['explain', '--date', '2026-03-02']);
  const told = json(h, ['explain', sightings[0].sighting]);
  assert.deepEqual([told.evidence.looks, told.evidence.span_ms], [5, 800]);
  assert.ok(told.sentences.some((s) => /^It was looked at 5 times within 0\.8 seconds;/.test(s)));
  assert.equal(json(h, ['roll', '--date', '2026-03-02', '--group', '3a']).present, 1);
});

test('one good frame alone never marks', { skip }, (t) => {
  const { base, h } = ana(t);
  const path = video(join(base, 'door.mjpeg'), [nobody(), portrait('Ana'), ...Array(6).fill(nobody())]);
  const { d, status } = watch(h, [path, '--at', '2026-03-02 08:55']);
  assert.equal(status, exit.nothing);
  assert.deepEqual(d.events, []);
  assert.equal(json(h, ['roll', '--date', '2026-03-02']).present, 0);
  failed(run(h, ['watch', path, '--confirm', '1']), exit.usage);
  failed(run(h, ['watch', path, '--confirm', '9']), exit.usage);
});

test('a cut to somebody else in the same place starts anew', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home');
  ok(h, ['import', people(join(base, 'in'), ['Ana', 'Cleo']), '--group', '3a']);
  // Neither is there long enough before the cut; Cleo is after it.
  const path = video(join(base, 'cut.mjpeg'), [...Array(15).fill(portrait('Ana')), ...Array(40).fill(portrait('Cleo'))]);
  const { d } = watch(h, [path, '--at', '2026-03-02 08:55']);
  assert.deepEqual(d.events.map((e) => [e.person.name, e.outcome, e.track]), [['Cleo', 'marked', 2]]);
  assert.ok(d.events[0].frame > 35 && d.events[0].span_ms <= 840, JSON.stringify(d.events));
});

test('people who alternate in one place are never taken for each other', { skip }, (t) => {
  const base = folder(t), h = join(base, 'home');
  ok(h, ['import', people(join(base, 'in'), ['Ana', 'Cleo', 'Bea']), '--group', '3a']);
  const path = video(join(base, 'flicker.mjpeg'),
    Array.from({ length: 90 }, (_, i) => portrait(Math.floor(i / 5) % 2 ? 'Dora' : 'Ana')));
  const { d } = watch(h, [path, '--at', '2026-03-02 08:55']);
  for (const e of d.events) assert.ok(e.outcome !== 'marked' || e.person.name === 'Ana', JSON.stringify(e));
});

test('a stranger is recorded once, and never marked', { skip }, (t) => {
  const { base, h } = ana(t);
  const path = video(join(base, 'door.mjpeg'), Array(40).fill(portrait('Dora')));
  const { d, status } = watch(h, [path, '--at', '2026-03-02 08:55']);
  assert.equal(status, exit.nothing);
  assert.equal(d.events.length, 1);
  assert.notEqual(d.events[0].decision, 'match');
});

test('a line for each event, and a summary', { skip }, (t) => {
  const { base, h } = ana(t), path = video(join(base, 'door.mjpeg'), Array(40).fill(portrait('Ana')));
  const text = ok(h, ['watch', path, '--every-frame', '--at', '2026-03-02 09:30']);
  assert.match(text, /^09:30:00 {2}Ana {2}late {2}3a\n40 frames looked at, 0 skipped, 1 marked\n$/);
});

test('a file plays in real time, and --for ends it', { skip }, (t) => {
  const { base, h } = ana(t), path = video(join(base, 'door.mjpeg'), Array(75).fill(portrait('Ana')));
  const d = json(h, ['watch', path, '--for', '2']);
  assert.ok(d.frames >= 1 && d.frames + d.skipped <= 65, `${d.frames} frames, ${d.skipped} skipped`);
});

test('a source that is none is an error, and its password is not told', { skip }, (t) => {
  const { base, h } = ana(t);
  failed(run(h, ['watch', join(base, 'nowhere.mp4')]), exit.failed, /nowhere\.mp4/);
  failed(run(h, ['watch', put(join(base, 'text.mp4'), 'no video\n'.repeat(100))]), exit.failed, /text\.mp4/);
  const text = failed(run(h, ['watch', 'rtsp://door:secret@127.0.0.1:9/1']), exit.failed);
  assert.doesNotMatch(text, /secret/);
});

test('only a video needs FFmpeg, and without it the error says what to install', (t) => {
  const base = folder(t), h = join(base, 'home'), text = put(join(base, 'text.mp4'), 'no video');
  // Of whatever version: what is found under the name is no library.
  const without = (name) => {
    for (let version = 55; version < 75; version++) put(join(base, name, `lib${name}.so.${version}`), 'not FFmpeg');
    return { env: { LD_LIBRARY_PATH: join(base, name) } };
  };
  const install = (name) => new RegExp(`^rollcall: video needs FFmpeg: .*lib${name}\\.so\\.\\d+: .*; sudo apt-get install libavdevice\\d+\n$`);
  okPlain(h, ['people', 'add', 'Ana'], without('avformat'));
  failed(runPlain(h, ['watch', text], without('avformat')), exit.failed, install('avformat'));
  failed(runPlain(h, ['watch', '/dev/video99'], without('avdevice')), exit.failed, install('avdevice'));
  failed(runPlain(h, ['watch', text], without('avdevice')), exit.failed, /no video, or a broken one/);
  const doctor = (options) => JSON.parse(runPlain(h, ['doctor', '--json'], options).stdout)
    .findings.find((f) => f.check === 'video');
  assert.equal(doctor({}).level, 'ok');
  assert.match(doctor(without('avformat')).advice, /only 'rollcall watch' needs it/);
  assert.match(doctor(without('avdevice')).advice, /cameras of this machine/);
});

/** Waits until something is so, as long as the program runs. */
async function until(child, condition) {
  while (child.exitCode === null && !condition()) await sleep(50);
  assert.equal(child.exitCode, null, 'it ended before it was interrupted');
}

/** What a child prints, and how it ends. */
async function finished(child) {
  const text = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) child[stream].on('data', (bytes) => { text[stream] += bytes; });
  const [status, signal] = await once(child, 'close');
  return { ...text, status, signal };
}

test('Ctrl-C while importing keeps everything before it, and the next import goes on', { skip }, async (t) => {
  const base = folder(t), h = join(base, 'home'), dir = join(base, 'in'), total = 60;
  for (let i = 0; i < total; i++) put(join(dir, `P${String(i).padStart(3, '0')}`, '1.jpg'), copy(portrait('Ana'), i));
  const count = () => {
    const r = run(h, ['people', '--json']);
    return r.status === exit.ok ? JSON.parse(r.stdout).people.length : 0;
  };
  const child = start(h, ['import', dir, '--json', '--force', 'all are Ana'], withModels), end = finished(child);
  await until(child, () => count() >= 2);
  child.kill('SIGINT');
  const r = await end;
  assert.equal(r.signal, null);
  assert.equal(r.status, exit.failed);
  assert.match(r.stderr, /stopped after \d+ of 60 photos; what was enrolled until then is kept\n$/);
  const d = JSON.parse(r.stdout);
  assert.equal(d.stopped, true);
  assert.ok(d.people >= 2 && d.people < total);
  assert.equal(count(), d.people);
  assert.match(run(h, ['doctor']).stdout, /^ok +database .*sound/m);

  assert.equal(run(h, ['import', dir, '--force', 'all are Ana']).status, exit.ok);
  assert.equal(count(), total);
});

test('Ctrl-C while marking keeps the marks', { skip }, async (t) => {
  const base = folder(t), h = join(base, 'home'), photos = join(base, 'photos');
  ok(h, ['import', people(join(base, 'in'), ['Ana', 'Bea']), '--group', '3a']);
  put(join(photos, '000.jpg'), copy(portrait('Ana'), 'first'));
  for (let i = 1; i < 200; i++) put(join(photos, `${String(i).padStart(3, '0')}.jpg`), copy(portrait('Bea'), i));
  const present = () => json(h, ['roll', '--date', '2026-03-02']).present;
  const child = start(h, ['mark', '--json', '--at', '2026-03-02 08:55', photos], withModels), end = finished(child);
  await until(child, () => present() >= 1);
  child.kill('SIGINT');
  const r = await end;
  assert.equal(r.status, exit.failed);
  const d = JSON.parse(r.stdout);
  assert.ok(d.photos.length < 200);
  assert.equal(d.written.filter((w) => !w.already).length, present());
});

test('Ctrl-C ends watching with a summary', { skip }, async (t) => {
  const { base, h } = ana(t), path = video(join(base, 'door.mjpeg'), Array(2000).fill(portrait('Ana')));
  const child = start(h, ['watch', path, '--at', '2026-03-02 08:55'], withModels), end = finished(child);
  let seen = '';
  child.stdout.on('data', (bytes) => { seen += bytes; });
  await until(child, () => /present/.test(seen));
  child.kill('SIGINT');
  const r = await end;
  assert.equal(r.status, exit.ok);
  assert.match(r.stdout, /\d+ frames? looked at, \d+ skipped, 1 marked\n$/);
});
