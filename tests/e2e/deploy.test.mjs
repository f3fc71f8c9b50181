// SPDX-License-Identifier: MIT
// The systemd unit: well-formed, locked in, and nothing in it that the program does not know.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folder, json, program, root } from './helpers.mjs';

const analyze = (...args) => spawnSync('systemd-analyze', args, { encoding: 'utf8' });
const skip = !existsSync('/usr/bin/systemd-analyze') ? 'systemd-analyze is not installed'
  : !/--offline/.test(analyze('--help').stdout) ? 'systemd is older than 250' : false;

/** The unit as it is installed. */
function unit(t) {
  const file = join(folder(t), 'rollcall.service');
  const text = readFileSync(join(root, 'deploy/rollcall.service.in'), 'utf8');
  writeFileSync(file, text.replaceAll('@bindir@/rollcall', program).replaceAll('@sysconfdir@', '/etc'));
  return file;
}

test('the unit is well-formed', { skip }, (t) => {
  const checked = analyze('verify', '--man=no', unit(t));
  assert.equal(checked.status, 0, checked.stderr);
  // Of other units of this machine it may complain.
  assert.doesNotMatch(checked.stderr, /rollcall\.service/);
});

test('the service may little', { skip }, (t) => {
  const checked = analyze('security', '--offline=yes', '--threshold=20', unit(t));
  assert.equal(checked.status, 0, checked.stdout);
});

test('variables in the unit are known', () => {
  const text = readFileSync(join(root, 'deploy/rollcall.service.in'), 'utf8');
  const names = [...text.matchAll(/^Environment=(.*)$/gm)].flatMap((m) => m[1].split(' ').map((v) => v.split('=')[0]));
  assert.deepEqual(names, ['ROLLCALL_HOME', 'ROLLCALL_LOG']);
  const shown = json(null, ['config'], { env: { ROLLCALL_HOME: '/nowhere', ROLLCALL_LOG: 'info' } });
  for (const name of names)
    assert.ok(shown.settings.some((s) => s.where === `$${name}`), name);
});
