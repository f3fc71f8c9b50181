// SPDX-License-Identifier: MIT
// What holds and where it comes from: file, variables, options; the example; the log's format.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, fails, folder, json, ok, root, run } from './helpers.mjs';

/** The settings of a run by "section.name". */
function settings(home, args = [], env = {}) {
  const shown = json(home, ['config', ...args], { env });
  return Object.fromEntries(shown.settings.map((s) => [s.section ? `${s.section}.${s.name}` : s.name, s]));
}

test('each value says where it comes from', (t) => {
  const base = folder(t), file = join(base, 'c.conf'), env = join(base, '.env'), device = join(base, 'config.json');
  writeFileSync(env, 'API_SECRET_KEY=abc\nSENDER_EMAIL=a@b.example\nSENDER_PASSWORD=secret\nTEACHER_EMAIL=t@b.example\nPORT=7000\n');
  writeFileSync(device, '{"website_url": "ws://192.168.1.2:3000", "deviceId": "D", "organizationId": "O", "else": 1}');
  writeFileSync(file, 'env-file = .env\n[server]\nport = 6000\nqueue = 9\n[streak]\nconfig = config.json\ndevice-id = mine\n');
  const s = settings(join(base, 'home'), ['--config', file, '--threads', '2'],
    { HOST: '127.0.0.1', COOLDOWN: '90', SERIAL_PORT: '/dev/ttyUSB0', BAUDRATE: '9600', ATTENDANCE_DB: '/a.db', LOGO_URL: '/l.png' });
  const is = (name, value, source, where) => assert.deepEqual(
    [s[name].value, s[name].source, s[name].where], [value, source, where], name);
  is('home', join(base, 'home'), 'environment', '$ROLLCALL_HOME');
  is('threads', '2', 'flag', '--threads');
  is('server.port', '7000', 'env-file', `${env}: PORT`);
  is('server.queue', '9', 'file', `${file}:4`);
  is('server.host', '127.0.0.1', 'environment', '$HOST');
  is('server.workers', '0', 'default', 'default');
  is('server.logo-url', '/l.png', 'environment', '$LOGO_URL');
  is('husky.cooldown', '90', 'environment', '$COOLDOWN');
  is('husky.serial-port', '/dev/ttyUSB0', 'environment', '$SERIAL_PORT');
  is('husky.baudrate', '9600', 'environment', '$BAUDRATE');
  is('husky.database', '/a.db', 'environment', '$ATTENDANCE_DB');
  is('streak.website-url', 'ws://192.168.1.2:3000', 'other-file', `${device}: website_url`);
  is('streak.device-id', 'mine', 'file', `${file}:7`);
  is('streak.organization-id', 'O', 'other-file', `${device}: organizationId`);
  is('mail.to', 't@b.example', 'env-file', `${env}: TEACHER_EMAIL`);
  is('mail.user', 'a@b.example', 'env-file', `${env}: SENDER_EMAIL`);
  is('mail.from', 'a@b.example', 'env-file', `${env}: SENDER_EMAIL`);
});

test('secrets are not shown', (t) => {
  const base = folder(t);
  const env = { SENDER_PASSWORD: 'hush-hush', SENDER_EMAIL: 'a@b.example', API_SECRET_KEY: 'also-hush' };
  const s = settings(join(base, 'home'), [], env);
  assert.deepEqual([s['mail.password'].value, s['mail.password'].set, s['legacy.blink-key'].set], [null, true, true]);
  for (const args of [['config'], ['config', '--json']]) {
    const text = ok(join(base, 'home'), args, { env });
    assert.doesNotMatch(text, /hush/);
  }
  assert.match(ok(join(base, 'home'), ['config'], { env }), /mail\.password .*\(hidden\) .*\$SENDER_PASSWORD/);
});

test('the home folder\'s own file is read, and only if it is there', (t) => {
  const home = join(folder(t), 'home');
  assert.equal(json(home, ['config']).file, null);
  mkdirSync(home);
  writeFileSync(join(home, 'rollcall.conf'), '[server]\nport = 6001\n');
  assert.equal(json(home, ['config']).file, join(home, 'rollcall.conf'));
  assert.equal(settings(home)['server.port'].value, '6001');
  assert.equal(settings(home, [], { PORT: '6002' })['server.port'].value, '6002');
  const usual = join(home, '.local/share/rollcall');
  mkdirSync(usual, { recursive: true });
  writeFileSync(join(usual, 'rollcall.conf'), 'home = /elsewhere\n');
  fails(null, ['people'], exit.usage, /rollcall\.conf:1: home is the folder that this file is in/, { env: { HOME: home } });
});

test('what is wrong is named with its place', (t) => {
  const base = folder(t), file = join(base, 'c.conf'), home = join(base, 'home');
  const bad = (text, pattern, args = ['config']) => {
    writeFileSync(file, text);
    fails(home, [...args, '--config', file], exit.usage, pattern);
  };
  bad('[server]\nprot = 1\n', /c\.conf:2: unknown setting 'prot': did you mean 'port'\?/);
  bad('[sever]\n', /c\.conf:1: unknown section \[sever\]: did you mean \[server\]\?/);
  bad('[server]\nport = 70000\n', /c\.conf:2: \[server\] port takes a whole number from 0 to 65535/);
  bad('[sessions]\nidle = 12\n', /c\.conf:2: \[sessions\] idle takes a time with its unit, from 5 min to 90 days/);
  bad('[server]\nprot = 1\n', /c\.conf:2/, ['people']);
  fails(home, ['config'], exit.usage, /\$PORT: \[server\] port takes a whole number/, { env: { PORT: 'x' } });
  fails(home, ['config'], exit.usage, /\$ROLLCALL_PROT is not known: did you mean \$ROLLCALL_PORT/, { env: { ROLLCALL_PROT: '1' } });
  fails(home, ['config'], exit.usage, /\$ROLLCALL_LOG: log-level takes one of/, { env: { ROLLCALL_LOG: 'loud' } });
  // Variables of the server are nothing to other commands.
  ok(home, ['people', 'add', 'Ada'], { env: { PORT: 'tcp://10.0.0.1:80' } });
});

test('a configuration that the server would refuse is shown with a warning', (t) => {
  const home = join(folder(t), 'home');
  const r = run(home, ['config'], { env: { HOST: '0.0.0.0' } });
  assert.equal(r.status, exit.ok);
  assert.match(r.stderr, /the server would not start: listening on 0\.0\.0\.0 without TLS/);
  assert.equal(run(home, ['config'], { env: { HOST: '0.0.0.0', ROLLCALL_INSECURE_LAN: 'on' } }).stderr, '');
});

test('the example is the installed one, is well-formed, and changes nothing', (t) => {
  const base = folder(t), file = join(base, 'c.conf'), home = join(base, 'home');
  const example = ok(home, ['config', '--example']);
  assert.equal(readFileSync(join(root, 'deploy/rollcall.conf.example'), 'utf8'), example,
    'make it anew: rollcall config --example > deploy/rollcall.conf.example');
  // Every commented setting with a default, taken as it stands, is what holds anyway.
  writeFileSync(file, example.replaceAll(/^#([a-z-]+ = .+)$/gm, '$1'));
  const before = settings(home), after = settings(home, ['--config', file]);
  assert.deepEqual(Object.keys(before), Object.keys(after));
  for (const name of Object.keys(before)) assert.equal(after[name].value, before[name].value, name);
  assert.ok(Object.values(after).filter((s) => s.source === 'file').length > 30);
  fails(home, ['config', '--example', '--json'], exit.usage, /no JSON/);
});
