// SPDX-License-Identifier: MIT
// The server does what its configuration says: TLS, addresses, the log, reloading, leaving.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exit, failed, fails, folder, run } from './helpers.mjs';
import { missing, sample } from './photos.mjs';
import { serve } from './server.mjs';

/** A home folder with that configuration; it goes with the server that is started in it. */
function homeWith(text) {
  const home = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
  writeFileSync(join(home, 'rollcall.conf'), text);
  return home;
}

/** Starts a server that is stopped after the test. */
async function started(t, options) {
  const server = await serve(options);
  t.after(() => server.stop());
  return server;
}

/** Waits until the log has a line that `wanted` accepts, and gives it. */
async function logged(server, wanted) {
  for (let i = 0; i < 500; i++) {
    const found = server.log.find(wanted);
    if (found) return found;
    await new Promise((f) => setTimeout(f, 10));
  }
  throw new Error(`not in the log:\n${server.log.join('\n')}`);
}

const event = (name) => (line) => line.startsWith('{') && JSON.parse(line).event === name;

test('listening beyond this machine without TLS must be asked for', async (t) => {
  const home = folder(t);
  fails(home, ['serve', '--host', '0.0.0.0', '--port', '0'], exit.usage, /--tls self.*--insecure-lan/);
  const refused = run(home, ['serve', '--tls', 'files', '--port', '0']);
  failed(refused, exit.usage, /tls-cert and tls-key/);
  const server = await started(t, { args: ['--host', '0.0.0.0', '--insecure-lan'] });
  assert.match(server.base, /^http:\/\/localhost:\d+$/);
  assert.equal((await server.get('/readyz')).status, 200);
});

/** Asks over TLS; `ca` is who is trusted. */
const askTls = (server, path, options) => new Promise((resolve, reject) => {
  request(server.base + path, options, (res) => { res.resume(); res.on('end', () => resolve(res)); }).on('error', reject).end();
});

test('--tls self makes a certificate that is trusted through its authority', async (t) => {
  const server = await started(t, { args: ['--tls', 'self'] });
  assert.match(server.base, /^https:/);
  const file = server.log.map((line) => /^ {2}(\/\S+\.crt)$/.exec(line)?.[1]).find(Boolean);
  assert.ok(file, server.log.join('\n'));
  assert.ok(server.log.some((line) => /SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}/.test(line)));
  const answer = await askTls(server, '/api/v1/me', { ca: readFileSync(file) });
  assert.equal(answer.statusCode, 200);
  assert.equal(answer.headers['strict-transport-security'], undefined);
  await assert.rejects(askTls(server, '/api/v1/me', {}), /certificate/);

  // The same files, as an operator gives their own.
  const folder = join(server.home, 'tls'), named = (end) => join(folder, readdirSync(folder).find((name) => name.endsWith(end) && !/-ca/.test(name)));
  const other = await started(t, { args: ['--tls-cert', named('.crt'), '--tls-key', named('.key')] });
  assert.match(other.base, /^https:/);
  const strict = await askTls(other, '/api/v1/me', { ca: readFileSync(file) });
  assert.match(strict.headers['strict-transport-security'], /max-age=\d+/);
});

test('the log has one JSON line a request, with ids and no names', async (t) => {
  const server = await started(t, { env: { ROLLCALL_LOG: 'info', ROLLCALL_LOG_FORMAT: 'json' } });
  const admin = await server.administrator();
  const group = await admin.post('/api/v1/groups', { name: 'Zebras' });
  const line = JSON.parse(await logged(server, (text) => event('request')(text) && JSON.parse(text).status === 201));
  assert.equal(line.method, 'POST');
  assert.equal(line.route, '/api/v1/groups');
  assert.equal(line.caller, `user:${admin.me.user.id}`);
  assert.equal(line.id, group.headers.get('x-request-id'));
  assert.ok(line.ms >= 0 && line.bytes_out > 0);
  await server.get('/healthz');
  assert.doesNotMatch(server.log.filter((text) => text.startsWith('{')).join('\n'), /Zebras|school\.example|healthz/);
});

test('SIGHUP takes what may change, names what needs a restart, and refuses a broken file', async (t) => {
  const home = homeWith('log-format = json\nlog-level = info\n[sessions]\nlength = 2 h\nidle = 1 h\n');
  const server = await started(t, { home });
  const life = async () => {
    const answer = await server.post('/api/v1/sign-in', { email: 'head@school.example', password: 'correct horse battery' });
    return +/rollcall=[^;]+;.*?Max-Age=(\d+)/i.exec(answer.headers.getSetCookie().find((c) => c.startsWith('rollcall=')))[1];
  };
  await server.administrator();
  assert.equal(await life(), 2 * 3600);
  writeFileSync(join(home, 'rollcall.conf'), 'log-format = json\nlog-level = info\n[server]\nqueue = 7\n[sessions]\nlength = 3 h\nidle = 1 h\n');
  server.child.kill('SIGHUP');
  const restart = JSON.parse(await logged(server, event('config.needs_restart')));
  assert.equal(restart.name, 'queue');
  await logged(server, event('config.reloaded'));
  assert.equal(await life(), 3 * 3600);
  writeFileSync(join(home, 'rollcall.conf'), 'log-format = json\n[sessions]\nlenght = 4 h\n');
  server.child.kill('SIGHUP');
  assert.match(JSON.parse(await logged(server, event('config.refused'))).why, /did you mean 'length'/);
  assert.equal(await life(), 3 * 3600);
});

test('limits of the configuration hold', async (t) => {
  const server = await started(t, { home: homeWith('[limits]\njson-max = 4 kB\nrate-sign-in = 1/min burst 5\n') });
  const admin = await server.administrator();
  const large = await admin.post('/api/v1/groups', { name: 'x'.repeat(5000) });
  assert.equal(large.status, 413);
  const statuses = [];
  for (let i = 0; i < 6; i++) statuses.push((await server.post('/api/v1/links/look', { token: 'none' })).status);
  assert.ok(statuses.includes(429), statuses.join());
});

test('X-Forwarded-For is believed of trusted proxies only', async (t) => {
  const from = { 'X-Forwarded-For': '203.0.113.9' };
  const address = async (args) => {
    const server = await started(t, { args, env: { ROLLCALL_LOG: 'info', ROLLCALL_LOG_FORMAT: 'json' } });
    await server.get('/api/v1/me', from);
    return JSON.parse(await logged(server, (text) => event('request')(text) && JSON.parse(text).route === '/api/v1/me')).peer;
  };
  assert.equal(await address(['--trust-proxy', '127.0.0.0/8, ::1']), '203.0.113.9');
  assert.notEqual(await address([]), '203.0.113.9');
});

test('SIGTERM ends it orderly, with a client that says nothing connected', async (t) => {
  const server = await started(t, {});
  const { connect } = await import('node:net');
  const socket = connect(new URL(server.base).port, 'localhost');
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.write('GET / HT');
  const from = Date.now();
  server.child.kill('SIGTERM');
  const [code] = await once(server.child, 'exit');
  assert.equal(code, 0);
  t.diagnostic(`left after ${Date.now() - from} ms`);
  socket.destroy();
});

/** The processes that decode photos for a server: their ids. */
const decoders = (server) => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((pid) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--decode-images')
      && +/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1] === server.child.pid;
  } catch {
    return false; // it has ended
  }
}).map(Number);

test('photos are decoded in a process that is locked in, and replaced when it dies', { skip: missing }, async (t) => {
  const server = await started(t, {}), admin = await server.administrator();
  const identify = () => admin.request('POST', '/api/v1/identify', { body: readFileSync(sample(1)), headers: { 'Content-Type': 'image/jpeg' } });
  assert.deepEqual(decoders(server), []);
  assert.equal((await identify()).status, 200);
  const [decoder, ...more] = decoders(server);
  assert.ok(decoder && more.length === 0, 'one decoder for one recogniser');
  // Of a program with a sanitizer there is no filter.
  const filter = +/^Seccomp:\t(\d)$/m.exec(readFileSync(`/proc/${decoder}/status`, 'utf8'))[1];
  if (server.log.some((line) => /sanitizer/.test(line))) t.diagnostic('no filter: a sanitizer');
  else assert.equal(filter, 2);
  process.kill(decoder, 'SIGKILL');
  const after = [await identify(), await identify()].map((answer) => answer.status);
  assert.equal(after[1], 200, after.join());
  assert.notEqual(decoders(server)[0], decoder);
});

test('SIGTERM lets a request in hand finish', { skip: missing }, async (t) => {
  const server = await started(t, { env: { ROLLCALL_LOG: 'info', ROLLCALL_LOG_FORMAT: 'json' } }), admin = await server.administrator();
  // The first photo also loads the models.
  const answer = admin.request('POST', '/api/v1/identify', { body: readFileSync(sample(1)), headers: { 'Content-Type': 'image/jpeg' } });
  for (let i = 0; i < 500 && decoders(server).length === 0; i++) await new Promise((f) => setTimeout(f, 5));
  server.child.kill('SIGTERM');
  assert.equal((await answer).status, 200);
  const [code] = server.child.exitCode === null ? await once(server.child, 'exit') : [server.child.exitCode];
  assert.equal(code, 0);
});
