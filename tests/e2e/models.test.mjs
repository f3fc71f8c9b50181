// SPDX-License-Identifier: MIT
// Models are fetched, checked, shown and removed: from a folder, and from a real server that does what servers do.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { model as encode } from '../onnx/encode.mjs';
import { exit, failed, fails, folder, json, ok, run, start, terminal } from './helpers.mjs';

const home = (t) => join(folder(t), 'home');
const sum = (data) => createHash('sha256').update(data).digest('hex');

// A network that gives an image's mean colour, with weights that make the file large enough to break off.
const network = encode({
  opset: 13,
  nodes: [
    { op: 'Add', name: 'add', inputs: ['x', 'w'], outputs: ['a'], attributes: {} },
    { op: 'GlobalAveragePool', name: 'pool', inputs: ['a'], outputs: ['p'], attributes: {} },
    { op: 'Flatten', name: 'flat', inputs: ['p'], outputs: ['y'], attributes: { axis: 1 } },
  ],
  weights: { w: { dims: [1, 3, 128, 128], data: Float32Array.from({ length: 3 * 128 * 128 }, (_, i) => i % 7) } },
  inputs: { x: [1, 3, 128, 128] },
  outputs: ['y'],
});

const manifest = (extra = {}, file = {}) => ({
  manifest: 1, name: 'mean-colour', id: 'test/mean-colour-1', kind: 'embedding', about: 'Mean colour',
  decoder: 'embedding',
  files: [{ path: 'mean.onnx', sha256: sum(network), size: network.length, ...file }],
  input: { width: 128, height: 128, channels: 'rgb', mean: 127.5, std: 127.5 },
  align: { size: 128, points: [[40, 50], [80, 50], [60, 70], [45, 95], [75, 95]] },
  dimension: 3, metric: 'cosine', licence: 'MIT', provenance: 'made up for a test',
  caveat: 'tells nobody from anybody', ...extra,
});

/** A folder with the manifest and its file. */
function made(t, extra, data = network, file = {}) {
  const at = folder(t);
  writeFileSync(join(at, 'manifest.json'), JSON.stringify(manifest(extra, file)));
  writeFileSync(join(at, 'mean.onnx'), data);
  return at;
}

/** Runs the program while this process goes on serving. */
async function go(h, args) {
  const child = start(h, args);
  child.stdin.end();
  let stdout = '', stderr = '';
  child.stdout.on('data', (d) => { stdout += d; });
  child.stderr.on('data', (d) => { stderr += d; });
  const [status, signal] = await new Promise((done) => child.on('close', (...r) => done(r)));
  return { status, signal, stdout, stderr };
}

/** A server; `answer(request, response)` for what is not the manifest. Gives its address, and what was asked for. */
async function serve(t, answer, description = manifest()) {
  const asked = [];
  const server = createServer((q, r) => {
    asked.push({ url: q.url, range: q.headers.range });
    if (q.url === '/m/manifest.json') r.end(JSON.stringify(description));
    else answer(q, r);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return { at: `http://127.0.0.1:${server.address().port}`, asked };
}

const whole = (q, r) => {
  const range = /^bytes=(\d+)-$/.exec(q.headers.range ?? '');
  const from = range ? Number(range[1]) : 0;
  r.writeHead(range ? 206 : 200, { 'content-length': network.length - from,
    ...(range ? { 'content-range': `bytes ${from}-${network.length - 1}/${network.length}` } : {}) });
  r.end(network.subarray(from));
};

const installed = (h) => join(h, 'models/mean-colour');
const add = (h, server, ...more) => go(h, ['models', 'add', `${server.at}/m/manifest.json`, '--accept', '--json', ...more]);

test('the built-in models are listed with what is known of them', (t) => {
  const h = home(t);
  const { models } = json(h, ['models']);
  const by = Object.fromEntries(models.map((m) => [m.name, m]));
  for (const name of ['ssd_mobilenetv1', 'tiny_face_detector', 'face_landmark_68', 'face_recognition', 'yunet', 'mobilefacenet'])
    assert.ok(by[name].builtin && by[name].licence, name);
  assert.equal(by.yunet.installed, false);
  assert.equal(by.face_recognition.use, 'in use');
  const { model } = json(h, ['models', 'show', 'mobilefacenet']);
  assert.match(model.caveat, /MS-Celeb-1M/);
  assert.match(model.files[0].url, /^https:\/\/raw\.githubusercontent\.com\/.*[0-9a-f]{12}/);
  assert.match(ok(h, ['models', 'show', 'mobilefacenet']), /MS-Celeb-1M.*\n(.*\n)*.*Measured +on /);
  assert.match(ok(h, ['models']), /yunet/);
  assert.ok(!existsSync(h), 'looking makes no home');
  fails(h, ['models', 'show', 'unheard-of'], exit.failed, /there is no model 'unheard-of'/);
  fails(h, ['models', 'remove', 'yunet'], exit.failed, /not installed/);
});

test('a model of one\'s own is added from a folder, verified and removed', (t) => {
  const h = home(t);
  const { added } = json(h, ['models', 'add', made(t), '--accept']);
  assert.deepEqual([added.name, added.kind, added.bytes], ['mean-colour', 'embedding', network.length]);
  assert.equal(statSync(installed(h)).mode & 0o777, 0o700);
  assert.match(ok(h, ['models', 'verify', 'mean-colour']), /checksums are right, the network loads/);
  fails(h, ['models', 'add', made(t), '--accept'], exit.failed, /already/);
  writeFileSync(join(installed(h), 'mean.onnx'), 'x');
  const bad = run(h, ['models', 'verify', 'mean-colour']);
  assert.equal(bad.status, exit.failed);
  assert.match(bad.stderr, /has changed/);
  assert.equal(ok(h, ['models', 'remove', 'mean-colour']), 'Removed mean-colour.\n');
  assert.deepEqual(readdirSync(join(h, 'models')), []);
});

test('nothing is added that was not agreed to, and licence and origin are shown', (t) => {
  const h = home(t);
  const at = made(t);
  const asked = run(h, ['models', 'add', at]);
  assert.equal(asked.status, exit.usage);
  assert.match(asked.stderr, /Licence +MIT\n.*made up for a test\n.*tells nobody from anybody/);
  assert.match(asked.stderr, /--accept/);
  const no = terminal(h, ['models', 'add', at], { input: 'n\n' });
  assert.match(no.text, /Agreed\? \[y\/N\]/);
  assert.equal(no.status, exit.failed);
  assert.ok(!existsSync(installed(h)));
  const yes = terminal(h, ['models', 'add', at], { input: 'y\n' });
  assert.equal(yes.status, exit.ok, yes.text);
  assert.ok(existsSync(join(installed(h), 'mean.onnx')));
});

test('a bare ONNX file is added as another model is', (t) => {
  const h = home(t);
  const file = join(folder(t), 'My Net.onnx');
  writeFileSync(file, network);
  fails(h, ['models', 'add', file, '--accept'], exit.usage, /--like/);
  // It does not take 112 x 112 pixels.
  fails(h, ['models', 'add', file, '--like', 'mobilefacenet', '--accept', '--json'], exit.failed, /cannot be used/);
  assert.ok(!existsSync(join(h, 'models/my-net')));
  ok(h, ['models', 'add', made(t), '--accept', '--json']);
  json(h, ['models', 'add', file, '--like', 'mean-colour', '--licence', 'CC0', '--accept']);
  const { model } = json(h, ['models', 'show', 'my-net']);
  assert.equal(model.licence, 'CC0');
  assert.equal(model.provenance, 'not known');
  assert.equal(model.caveat, null);
  assert.equal(model.id, `own/my-net-${sum(network).slice(0, 12)}`);
  fails(h, ['models', 'add', file, '--like', 'mean-colour', '--name', '../x', '--accept', '--json'], exit.usage, /no name/);
});

test('what is no model, or says too much, is refused', (t) => {
  const h = home(t);
  const add = (...args) => ['models', 'add', ...args, '--accept', '--json'];
  fails(h, add(made(t, {}, Buffer.from('no network'), { sha256: undefined, size: undefined })), exit.failed, /cannot be used/);
  fails(h, add(made(t, {}, Buffer.from('no network'))), exit.failed, /ended after|checksum/);
  fails(h, add(made(t, { dimension: 4 })), exit.failed, /gives 3 values, its manifest says 4/);
  fails(h, add(made(t, { name: 'yunet' })), exit.failed, /built-in/);
  fails(h, add(made(t, { name: '../../x' })), exit.failed, /"name"/);
  fails(h, add(made(t, { about: 'a\u001b[2Jb' })), exit.failed, /"about"/);
  fails(h, add(made(t, { decoder: 'crystal_ball' })), exit.failed, /no decoder 'crystal_ball'/);
  fails(h, add('http://192.0.2.1/manifest.json'), exit.usage, /only https:\/\/ is/);
  fails(h, add('https://user:word@example.invalid/manifest.json'), exit.usage, /user name/);
  fails(h, add('no-such-model'), exit.failed, /no built-in model/);
  assert.deepEqual(existsSync(join(h, 'models')) ? readdirSync(join(h, 'models')) : [], []);
});

test('a model is fetched by its manifest\'s address', async (t) => {
  const h = home(t);
  const server = await serve(t, whole);
  const r = await add(h, server);
  assert.equal(r.stderr, '');
  assert.equal(JSON.parse(r.stdout).added.name, 'mean-colour');
  assert.deepEqual(readFileSync(join(installed(h), 'mean.onnx')), network);
  assert.deepEqual(server.asked.map((a) => a.url), ['/m/manifest.json', '/m/mean.onnx']);
});

test('a download that broke off goes on where it stopped', async (t) => {
  const h = home(t);
  const half = Math.floor(network.length / 2);
  let breaks = true;
  const server = await serve(t, (q, r) => {
    if (!breaks) return whole(q, r);
    r.writeHead(200, { 'content-length': network.length });
    r.write(network.subarray(0, half), () => setTimeout(() => r.destroy(), 100));
  });
  failed(await add(h, server), exit.failed, /broke off.*the same command goes on/);
  assert.equal(statSync(join(installed(h), 'mean.onnx.part')).size, half);
  assert.ok(!existsSync(join(installed(h), 'mean.onnx')));
  assert.equal(json(h, ['models']).models.some((m) => m.name === 'mean-colour'), false);
  breaks = false;
  assert.equal((await add(h, server)).status, exit.ok);
  assert.equal(server.asked.at(-1).range, `bytes=${half}-`);
  assert.deepEqual(readFileSync(join(installed(h), 'mean.onnx')), network);
  assert.ok(!existsSync(join(installed(h), 'mean.onnx.part')));
});

test('a server without ranges, and a beginning of something else, cost only time', async (t) => {
  const plain = (q, r) => { r.writeHead(200, { 'content-length': network.length }); r.end(network); };
  for (const [answer, before] of [[plain, network.subarray(0, 999)], [whole, Buffer.alloc(999)], [whole, Buffer.alloc(network.length)]]) {
    const h = home(t);
    mkdirSync(installed(h), { recursive: true });
    writeFileSync(join(installed(h), 'mean.onnx.part'), before);
    const r = await add(h, await serve(t, answer));
    assert.equal(r.stderr, '');
    assert.deepEqual(readFileSync(join(installed(h), 'mean.onnx')), network);
  }
});

test('another file than the manifest names is not put in place', async (t) => {
  const h = home(t);
  const other = Buffer.from(network);
  other[1000] ^= 1;
  failed(await add(h, await serve(t, (q, r) => r.end(other))), exit.failed, /its checksum is/);
  assert.ok(!existsSync(installed(h)), 'nothing stays');
  failed(await add(h, await serve(t, (q, r) => r.end(Buffer.concat([network, other])))), exit.failed, /larger/);
});

test('what the server says is told, with what to do', async (t) => {
  const status = (code, headers = {}) => (q, r) => { r.writeHead(code, headers); r.end(); };
  for (const [answer, pattern] of [
    [status(404), /not there \(404\).*--from/],
    [status(503), /answers 503/],
    [status(403), /not given out/],
    [status(302, { location: 'http://127.0.0.1:9/x' }), /not https:\/\/: not followed/],
    [status(302, { location: 'file:///etc/passwd' }), /not https:\/\/: not followed/],
  ]) {
    const h = home(t);
    failed(await add(h, await serve(t, answer)), exit.failed, pattern);
    assert.ok(!existsSync(join(installed(h), 'mean.onnx')));
  }
});

test('a server that stalls is given up, and nobody that listens is told of', async (t) => {
  const h = home(t);
  const server = await serve(t, (q, r) => {
    r.writeHead(200, { 'content-length': network.length });
    r.write(network.subarray(0, 100));
  });
  failed(await add(h, server, '--timeout', '2'), exit.failed, /nothing has come for a while/);
  failed(await add(h, { at: 'http://127.0.0.1:1' }), exit.failed, /is there a network/);
});

test('a mirror can be a folder or an address', async (t) => {
  const at = made(t);
  const h = home(t);
  const server = await serve(t, whole, manifest({}, { url: 'https://example.invalid/mean.onnx' }));
  const mirror = folder(t);
  fails(h, ['models', 'add', at, '--from', mirror, '--accept', '--json'], exit.failed, /has no 'mean.onnx'/);
  mkdirSync(join(mirror, 'mean-colour'));
  writeFileSync(join(mirror, 'mean-colour/mean.onnx'), network);
  assert.equal((await add(h, server, '--from', mirror)).status, exit.ok);
  ok(h, ['models', 'remove', 'mean-colour']);
  assert.equal((await add(h, server, '--from', `${server.at}/mirror`)).status, exit.ok);
  assert.equal(server.asked.at(-1).url, '/mirror/mean.onnx');
});

test('a stopped download says so and stays', async (t) => {
  const h = home(t);
  const server = await serve(t, (q, r) => {
    r.writeHead(200, { 'content-length': network.length });
    r.write(network.subarray(0, 5000));
  });
  const child = start(h, ['models', 'add', `${server.at}/m/manifest.json`, '--accept', '--json']);
  let stderr = '';
  child.stderr.on('data', (d) => { stderr += d; });
  const part = join(installed(h), 'mean.onnx.part');
  while (!existsSync(part) || statSync(part).size < 5000) await new Promise((done) => setTimeout(done, 20));
  child.kill('SIGINT');
  const status = await new Promise((done) => child.on('close', done));
  assert.equal(status, exit.failed);
  assert.match(stderr, /stopped: the same command goes on/);
  assert.equal(statSync(part).size, 5000);
});
