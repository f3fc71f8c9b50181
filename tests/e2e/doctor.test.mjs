// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, folder, models, ok, run } from './helpers.mjs';

const doctor = (h, options) => {
  const r = run(h, ['doctor', '--json'], options);
  assert.equal(r.stderr, '');
  const report = JSON.parse(r.stdout);
  assert.equal(r.status, report.failures > 0 ? exit.failed : exit.ok);
  assert.equal(report.ok, report.failures === 0);
  return report;
};
const level = (report, check) => {
  const order = ['ok', 'warn', 'fail'];
  return order[Math.max(...report.findings.filter((f) => f.check === check).map((f) => order.indexOf(f.level)))];
};
const withModels = (folderOfModels) => ({ env: { ROLLCALL_MODELS: folderOfModels } });

test('it looks at everything and says so in lines', (t) => {
  const h = join(folder(t), 'home');
  ok(h, ['people', 'add', 'Ada']);
  const report = doctor(h);
  for (const check of ['program', 'home', 'space', 'key', 'database', 'models', 'processor', 'video', 'camera', 'font', 'zone', 'clock', 'terminal'])
    assert.ok(report.findings.some((f) => f.check === check), check);
  const text = run(h, ['doctor']).stdout;
  for (const line of text.trimEnd().split('\n').slice(0, -2))
    assert.match(line, /^(ok  |warn|fail) {2}[a-z]+ +\S|^ {6} +(→|->) \S/);
  assert.match(text, /1 people, 0 groups|1 person/);
});

test('it changes nothing', (t) => {
  const h = join(folder(t), 'home');
  assert.equal(level(doctor(h), 'home'), 'warn');
  assert.throws(() => readdirSync(h));
  ok(h, ['people', 'add', 'Ada']);
  const picture = () => ['key', 'rollcall.db'].map((f) => createHash('sha256').update(readFileSync(join(h, f))).digest('hex'));
  const before = picture();
  doctor(h);
  assert.deepEqual(picture(), before);
});

test('a home that others can get at is told', (t) => {
  const h = join(folder(t), 'home'), database = join(h, 'rollcall.db');
  ok(h, ['people', 'add', 'Ada']);
  for (const [folderMode, fileMode, expected] of [[0o700, 0o666, 'ok'], [0o755, 0o600, 'ok'],
    [0o755, 0o644, 'warn'], [0o777, 0o600, 'warn']]) {
    chmodSync(h, folderMode);
    chmodSync(database, fileMode);
    assert.equal(level(doctor(h), 'home'), expected, `${folderMode.toString(8)} ${fileMode.toString(8)}`);
  }
});

test('a plain terminal is told', (t) => {
  const h = folder(t);
  assert.equal(level(doctor(h, { env: { LC_ALL: 'C' } }), 'terminal'), 'warn');
  assert.equal(level(doctor(h), 'terminal'), 'ok');
});

test('models that are missing are a failure', (t) => {
  const h = folder(t);
  assert.equal(level(doctor(h, withModels(join(h, 'none'))), 'models'), 'fail');
  assert.equal(level(doctor(h, withModels(h)), 'models'), 'fail');
});

test('models are held against their checksums', { skip: models() ? false : 'no face models here' }, (t) => {
  const h = join(folder(t), 'home'), copy = folder(t);
  mkdirSync(copy, { recursive: true });
  const sums = readdirSync(models()).filter((f) => f.includes('model')).map((f) => {
    copyFileSync(join(models(), f), join(copy, f));
    return `${createHash('sha256').update(readFileSync(join(copy, f))).digest('hex')}  ${f}\n`;
  });
  writeFileSync(join(copy, 'SHA256SUMS'), sums.join(''));
  const good = doctor(h, withModels(copy));
  assert.equal(level(good, 'models'), 'ok');
  assert.ok(good.findings.some((f) => /checksums are right/.test(f.text)));
  writeFileSync(join(copy, 'SHA256SUMS'), sums.join('').replace(/^./, (c) => (c === '0' ? '1' : '0')));
  const bad = doctor(h, withModels(copy));
  assert.equal(bad.findings.filter((f) => /is not as SHA256SUMS says/.test(f.text)).length, 1);
  rmSync(join(copy, 'face_recognition_model.bin'));
  assert.equal(level(doctor(h, withModels(copy)), 'models'), 'fail');
});
