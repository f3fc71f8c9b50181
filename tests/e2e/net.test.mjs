// SPDX-License-Identifier: MIT
// HTTP/1.1 and HTTP/2 as clients and enemies speak it, against the small server of
// tests/support/net_server.c. WebSocket: net-websocket.test.mjs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import http2 from 'node:http2';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { folder } from './helpers.mjs';
import { exchange, missing, raw, serve, sleep, statusOf } from './net-client.mjs';

const skip = missing;
const get = (path, extra = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${extra}\r\n`;
const last = (path, extra = '') => get(path, `Connection: close\r\n${extra}`);

/** A certificate for localhost, made by openssl. */
function certificate(path, name = 'localhost') {
  const cert = join(path, `${name}.pem`), key = join(path, `${name}.key`);
  const made = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-keyout', key, '-out', cert, '-days', '30', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']);
  assert.equal(made.status, 0, String(made.stderr));
  return { cert, key };
}

/** One HTTP/2 request: { status, headers, body }. */
function h2(session, headers, body) {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': '/', ...headers }, { endStream: body === undefined });
    const answer = { body: '' };
    stream.on('response', (h) => { answer.headers = h; answer.status = h[':status']; });
    stream.setEncoding('utf8');
    stream.on('data', (d) => (answer.body += d));
    stream.on('error', reject);
    stream.on('close', () => resolve(answer));
    if (body !== undefined) stream.end(body);
  });
}

test('answers, and keeps the connection for the next request', { skip }, async (t) => {
  const server = await serve(t);
  const c = await raw(server);
  c.send(get('/hello'));
  await c.until(/hello\n$/);
  c.send(get('/things/7'));
  await c.until(/"id":"7"/);
  c.send(last('/nothing'));
  await c.end();
  assert.match(c.text, /HTTP\/1\.1 404 Not Found[\s\S]*"code":"not_found"/);
  assert.match(c.text, /Connection: close/);
});

test('pipelined requests are answered in order, also behind a body', { skip }, async (t) => {
  const server = await serve(t, { workers: 4 });
  const text = await exchange(server, get('/slow?ms=60') +
    'POST /show HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde' + get('/now') + '\r\n' + last('/things/9'));
  const order = [...text.matchAll(/\r\n\r\n(slow|\{"method":"POST"|hello|\{"method":"GET")/g)].map((m) => m[1]);
  assert.deepEqual(order, ['slow', '{"method":"POST"', 'hello', '{"method":"GET"']);
  assert.match(text, /"body":"abcde"/);
});

test('a request may come a byte at a time', { skip }, async (t) => {
  const server = await serve(t);
  const c = await raw(server);
  c.socket.setNoDelay(true);
  for (const byte of 'POST /show HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n') {
    c.send(byte);
    await sleep(1);
  }
  await c.end();
  assert.match(c.text, /"length":3.*"body":"abc"/);
});

test('HTTP/1.0 gets its answer and the connection is closed', { skip }, async (t) => {
  const server = await serve(t);
  assert.match(await exchange(server, 'GET /hello HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200[\s\S]*Connection: close[\s\S]*hello\n$/);
});

test('a client that closed its side still gets the answer', { skip }, async (t) => {
  const server = await serve(t);
  const c = await raw(server, { allowHalfOpen: true });
  c.socket.end(get('/slow?ms=50'));
  await c.end();
  assert.match(c.text, /slow\n$/);
});

const bad = {
  'no HTTP at all': ['hello\r\n\r\n', 400],
  'a version of its own': ['GET /hello HTTP/1.7\r\nHost: x\r\n\r\n', 505],
  'an unknown method': ['BREW /hello HTTP/1.1\r\nHost: x\r\n\r\n', 501],
  'no Host': ['GET /hello HTTP/1.1\r\n\r\n', 400],
  'two Hosts': ['GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  'two lengths': ['POST /show HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc', 400],
  'length and chunks': ['POST /show HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
  'another transfer coding': ['POST /show HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 400],
  'a signed length': ['POST /show HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc', 400],
  'a length beyond numbers': ['POST /show HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n', 400],
  'a blank before the colon': ['GET /hello HTTP/1.1\r\nHost : x\r\n\r\n', 400],
  'a folded header': ['GET /hello HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n', 400],
  'a bare line feed': ['GET /hello HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n', 400],
  'a zero byte': ['GET /hello HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n', 400],
  'a damaged chunk': ['POST /show HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n', 400],
  'a chunk without its end': ['POST /show HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n', 400],
  'headers without end': [`GET /hello HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(20000)}\r\n`, 431],
  'too many headers': [`GET /hello HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(150)}\r\n`, 431],
};
for (const [what, [bytes, status]] of Object.entries(bad)) {
  test(`${what} is refused with ${status}`, { skip }, async (t) => {
    const server = await serve(t);
    assert.equal(statusOf(await exchange(server, bytes)), status);
    assert.equal(await (await fetch(`${server.url}/hello`)).text(), 'hello\n');
  });
}

test('paths that a router should not guess about are refused', { skip }, async (t) => {
  const server = await serve(t);
  for (const path of ['/things/a%2Fb', '/things/%00', '/things/..', '/things/%2e%2e', '/things/%zz', '/things/%',
    '/things/%ff', '//things/1', '/things/a%5cb', '/things/./1'])
    assert.equal(statusOf(await exchange(server, last(path))), 400, path);
  const good = await exchange(server, last('/things/J%C3%BCrgen%20%26%2525?q=a%2Bb+c&q2=%26'));
  assert.match(Buffer.from(good, "latin1").toString(), /"id":"Jürgen &%25"/);
  assert.match(good, /"q":"a\+b c","q2":"&"/);
});

test('the plainer route wins; other methods say which are allowed', { skip }, async (t) => {
  const server = await serve(t);
  assert.equal(await (await fetch(`${server.url}/things/new`)).text(), 'hello\n');
  assert.equal((await (await fetch(`${server.url}/files/a/b/c`)).json()).rest, 'a/b/c');
  const wrong = await fetch(`${server.url}/things/1`, { method: 'DELETE' });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get('allow'), 'GET, HEAD, PATCH, OPTIONS');
  assert.equal((await wrong.json()).code, 'method_not_allowed');
  const options = await fetch(`${server.url}/things/1`, { method: 'OPTIONS' });
  assert.equal(options.status, 204);
  assert.equal(options.headers.get('allow'), 'GET, HEAD, PATCH, OPTIONS');
  const head = await exchange(server, 'HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(head, /Content-Length: 6\r\n[\s\S]*\r\n\r\n$/);
});

test('handlers see query, header and cookie; errors of below become problems', { skip }, async (t) => {
  const server = await serve(t);
  const shown = await (await fetch(`${server.url}/show?a=1&b`, { headers: { 'x-api-KEY': 'k', cookie: 'a=b; session="s1"' } })).json();
  assert.deepEqual([shown.query, shown.key, shown.cookie, shown.peer], [{ a: '1', b: '' }, 'k', 's1', '127.0.0.1']);
  for (const [code, status] of [[-6, 409], [-5, 404], [-7, 400], [-4, 413], [-13, 403], [-11, 503], [-12, 507], [-2, 500]]) {
    const answer = await fetch(`${server.url}/fail?code=${code}`);
    const problem = await answer.json();
    assert.equal(answer.status, status);
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    assert.equal(problem.status, status);
    assert.equal(problem.instance, `urn:uuid:${answer.headers.get('x-request-id')}`);
    assert.equal(problem.detail.includes('it did not work'), status !== 500, 'internals stay inside');
  }
});

test('JSON bodies: type, damage, depth, duplicates', { skip }, async (t) => {
  const server = await serve(t);
  const post = (body, type = 'application/json') => fetch(`${server.url}/json`, { method: 'POST', body, headers: { 'content-type': type } });
  assert.deepEqual(await (await post('{"a":[1,"ü"]}')).json(), { a: [1, 'ü'] });
  assert.equal((await post('{}', 'text/plain')).status, 415);
  assert.equal((await post('{"a":')).status, 400);
  assert.equal((await post('{"a":1,"a":2}')).status, 400);
  assert.equal((await post('['.repeat(5000) + ']'.repeat(5000))).status, 400);
  assert.equal((await post('"text"')).status, 400);
  assert.equal((await post('')).status, 400);
});

test('a problem may quote what is no UTF-8', { skip }, async (t) => {
  const server = await serve(t);
  const text = await exchange(server, Buffer.from('POST /json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' +
    'Content-Type: a/\xff\xe9b\r\nContent-Length: 2\r\n\r\n{}', 'latin1'));
  assert.equal(statusOf(text), 415);
  assert.match(text, /"detail":"the body is 'a\/\?\?b'/);
});

test('forms come as urlencoded and as multipart', { skip }, async (t) => {
  const server = await serve(t);
  const form = new FormData();
  form.set('name', 'Jürgen');
  form.set('image', new Blob([randomBytes(5000)], { type: 'image/jpeg' }), '/tmp/face.jpg');
  assert.deepEqual(await (await fetch(`${server.url}/form`, { method: 'POST', body: form })).json(),
    { name: 'Jürgen', bytes: 5000, filename: 'face.jpg', type: 'image/jpeg' });
  assert.equal((await (await fetch(`${server.url}/form`, { method: 'POST', body: new URLSearchParams({ name: 'a b&c' }) })).json()).name, 'a b&c');
  const cut = await fetch(`${server.url}/form`, { method: 'POST', body: '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nabc',
    headers: { 'content-type': 'multipart/form-data; boundary=x' } });
  assert.equal(cut.status, 400);
  assert.match((await cut.json()).detail, /ends within part 1/);
});

test('a body that is too large is refused before it is read', { skip }, async (t) => {
  const server = await serve(t);
  const c = await raw(server);
  c.send('POST /show HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n');
  await c.end();
  assert.equal(statusOf(c.text), 413);
  const chunked = await raw(server);
  chunked.send('POST /json HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  for (let i = 0; i < 20; i++) chunked.send(`2000\r\n${'x'.repeat(0x2000)}\r\n`);
  await chunked.end();
  assert.equal(statusOf(chunked.text), 413);
  assert.equal(statusOf(await exchange(server, 'DELETE /show HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx')), 413);
  assert.equal((await server.stop()).body_bytes, 0);
});

test('bodies together are limited too', { skip }, async (t) => {
  const server = await serve(t, { bodies_max: 500000 });
  const holder = await raw(server);
  holder.send(`POST /show HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n${'x'.repeat(300000)}`);
  await sleep(100);
  const answer = await fetch(`${server.url}/show`, { method: 'POST', body: 'x'.repeat(300000) });
  assert.equal(answer.status, 503);
  assert.ok(+answer.headers.get('retry-after') >= 1);
  holder.send('x'.repeat(100000));
  await holder.until(/"length":400000/);
  holder.socket.destroy();
});

test('100 Continue is said when the body is wanted', { skip }, async (t) => {
  const server = await serve(t);
  const c = await raw(server);
  c.send('POST /show HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n');
  await c.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  c.send('abc');
  await c.until(/HTTP\/1\.1 200[\s\S]*"body":"abc"/);
  c.socket.destroy();
  assert.equal(statusOf(await exchange(server, 'POST /show HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n\r\n')), 413);
});

test('files: ranges, conditions, and pieces that do not exist', { skip }, async (t) => {
  const path = join(folder(t), 'file.bin');
  const content = randomBytes(300000);
  writeFileSync(path, content);
  const server = await serve(t, {}, { NET_FILE: path });
  const ask = (headers = {}) => fetch(`${server.url}/file`, { headers });
  const whole = await ask();
  assert.deepEqual(Buffer.from(await whole.arrayBuffer()), content);
  const etag = whole.headers.get('etag'), date = whole.headers.get('last-modified');
  for (const [range, first, end] of [['bytes=10-19', 10, 20], ['bytes=299990-', 299990, 300000], ['bytes=-5', 299995, 300000], ['bytes=0-999999', 0, 300000]]) {
    const part = await ask({ range });
    assert.equal(part.status, 206, range);
    assert.equal(part.headers.get('content-range'), `bytes ${first}-${end - 1}/300000`);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), content.subarray(first, end));
  }
  const none = await ask({ range: 'bytes=300000-' });
  assert.equal(none.status, 416);
  assert.equal(none.headers.get('content-range'), 'bytes */300000');
  for (const range of ['bytes=1-2,5-6', 'lines=1-2', 'bytes=9-3', 'bytes=-', 'bytes=a-b']) {
    const answer = await ask({ range });
    assert.equal(answer.status, 200, range);
    assert.equal((await answer.arrayBuffer()).byteLength, 300000);
  }
  assert.equal((await ask({ 'if-none-match': `"other", ${etag}` })).status, 304);
  assert.equal((await ask({ 'if-none-match': '"other"', 'if-modified-since': date })).status, 200);
  assert.equal((await ask({ 'if-modified-since': date })).status, 304);
  assert.equal((await ask({ range: 'bytes=0-1', 'if-range': etag })).status, 206);
  assert.equal((await ask({ range: 'bytes=0-1', 'if-range': '"other"' })).status, 200);
  writeFileSync(path, 'new');
  assert.equal((await ask({ 'if-none-match': etag })).status, 200);
});

test('assets come as the client can read them', { skip }, async (t) => {
  const server = await serve(t);
  const ask = (encoding, extra = '') => exchange(server, last('/asset', `Accept-Encoding: ${encoding}\r\n${extra}`));
  assert.match(await ask('gzip, br'), /Content-Encoding: br\r\n[\s\S]*\(br\)$/);
  assert.match(await ask('gzip;q=1, br;q=0'), /Content-Encoding: gzip[\s\S]*\(gzip\)$/);
  const plain = await ask('identity');
  assert.doesNotMatch(plain, /Content-Encoding/);
  assert.match(plain, /Vary: Accept-Encoding/);
  assert.match(plain, /Cache-Control: public, max-age=31536000, immutable/);
  assert.match(plain, /ETag: "a1"\r\n/);
  assert.equal(statusOf(await ask('br', 'If-None-Match: "a1-br"\r\n')), 304);
  assert.equal(statusOf(await ask('br', 'If-None-Match: "a1"\r\n')), 200);
});

test('every answer carries the headers that keep browsers safe', { skip }, async (t) => {
  const server = await serve(t);
  for (const path of ['/hello', '/nothing', '/now']) {
    const h = (await fetch(`${server.url}${path}`)).headers;
    assert.match(h.get('content-security-policy'), /default-src 'self'.*frame-ancestors 'none'/);
    assert.equal(h.get('x-content-type-options'), 'nosniff');
    assert.equal(h.get('referrer-policy'), 'same-origin');
    assert.equal(h.get('cache-control'), 'no-store');
    assert.equal(h.get('strict-transport-security'), null, 'only under TLS');
    assert.equal(h.get('server'), null);
  }
  const cookies = (await fetch(`${server.url}/cookie`, { redirect: 'manual' })).headers.getSetCookie();
  assert.deepEqual(cookies, ['session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60', 'other=x; Path=/; HttpOnly; SameSite=Lax']);
});

test('other origins are allowed only when configured', { skip }, async (t) => {
  const server = await serve(t);
  const ask = (path, origin, extra = {}) => fetch(`${server.url}${path}`, { headers: { origin, ...extra }, method: extra.method ?? 'GET' });
  const good = await ask('/hello', 'https://school.example');
  assert.equal(good.headers.get('access-control-allow-origin'), 'https://school.example');
  assert.equal(good.headers.get('access-control-allow-credentials'), 'true');
  assert.match(good.headers.get('vary'), /Origin/);
  assert.equal((await ask('/hello', 'https://evil.example')).headers.get('access-control-allow-origin'), null);
  const any = await ask('/open', 'https://evil.example');
  assert.equal(any.headers.get('access-control-allow-origin'), '*');
  assert.equal(any.headers.get('access-control-allow-credentials'), null);
  const preflight = await exchange(server, 'OPTIONS /things/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' +
    'Origin: https://school.example\r\nAccess-Control-Request-Method: PATCH\r\n\r\n');
  assert.match(preflight, /^HTTP\/1\.1 204[\s\S]*Access-Control-Allow-Methods: GET, HEAD, PATCH, OPTIONS/);
});

test('rates are counted by address and by account, with Retry-After', { skip }, async (t) => {
  const server = await serve(t);
  const statuses = [];
  for (let i = 0; i < 5; i++) statuses.push((await fetch(`${server.url}/limited`)).status);
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  const limited = await fetch(`${server.url}/limited`);
  assert.equal(limited.headers.get('retry-after'), '1');
  assert.equal((await limited.json()).code, 'too_many_requests');
  const key = (k) => fetch(`${server.url}/key`, { headers: { 'x-api-key': k } });
  assert.equal((await key('wrong')).status, 401);
  const account = [];
  for (let i = 0; i < 7; i++) account.push((await key('right')).status);
  assert.deepEqual(account, [200, 200, 200, 200, 200, 429, 429]);
  assert.equal((await server.stop()).rate_limited, 5);
});

test('who the client is behind proxies: only trusted ones are believed', { skip }, async (t) => {
  const server = await serve(t);
  const from = async (localAddress, headers) => {
    const agent = new Agent({ localAddress });
    return new Promise((resolve, reject) => {
      httpRequest({ port: server.port, host: '127.0.0.1', path: '/show', agent, headers }, async (res) => {
        let text = '';
        for await (const d of res) text += d;
        agent.destroy();
        resolve(JSON.parse(text));
      }).on('error', reject).end();
    });
  };
  const header = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7, 127.0.0.2', 'x-forwarded-proto': 'https' };
  const trusted = await from('127.0.0.2', header);
  assert.deepEqual([trusted.peer, trusted.secure], ['198.51.100.7', true]);
  const other = await from('127.0.0.3', header);
  assert.deepEqual([other.peer, other.secure], ['127.0.0.3', false]);
  const standard = await from('127.0.0.2', { forwarded: 'for=203.0.113.9, for="[2001:db8::7]:80";proto=https' });
  assert.deepEqual([standard.peer, standard.secure], ['2001:db8::7', true]);
  assert.equal((await from('127.0.0.2', { 'x-forwarded-for': '203.0.113.9, nonsense' })).peer, '127.0.0.2');
});

test('a full queue is answered at once with 503', { skip }, async (t) => {
  const server = await serve(t, { workers: 1, queue_max: 2 });
  const first = await raw(server), others = [await raw(server), await raw(server)];
  first.send(last('/slow?ms=1500'));
  await sleep(400); // the worker has taken it
  others.forEach((c) => c.send(last('/slow?ms=10')));
  await fetch(`${server.url}/now`); // the loop has read them
  const refused = await fetch(`${server.url}/hello`);
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '1');
  assert.equal((await refused.json()).code, 'busy');
  assert.equal((await fetch(`${server.url}/now`)).status, 200, 'health is told without a worker');
  for (const c of [first, ...others]) {
    await c.end();
    assert.equal(statusOf(c.text), 200);
  }
  assert.equal((await fetch(`${server.url}/hello`)).status, 200);
  assert.equal((await server.stop()).queue_full, 1);
});

test('slow clients end with 408 and nobody else notices', { skip }, async (t) => {
  const server = await serve(t, { workers: 1, head_timeout_s: 1, body_timeout_s: 1 });
  const silent = await raw(server);
  const head = await raw(server);
  const body = await raw(server);
  head.send('GET /hello HT');
  body.send('POST /show HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
  const drip = setInterval(() => { head.send('T'); body.send('x'); }, 200);
  for (let i = 0; i < 5; i++) assert.equal((await fetch(`${server.url}/hello`)).status, 200);
  await Promise.all([silent.end(), head.end(), body.end()]);
  clearInterval(drip);
  assert.equal(silent.text, '');
  assert.equal(statusOf(head.text), 408);
  assert.equal(statusOf(body.text), 408);
  const counters = await server.stop();
  assert.equal(counters.timeouts, 2);
  assert.equal(counters.body_bytes, 0);
});

test('a client that does not read its answer is cut off, and its memory freed', { skip }, async (t) => {
  const server = await serve(t, { write_timeout_s: 1 });
  const c = await raw(server);
  c.socket.pause();
  c.send(get('/big?bytes=40000000'));
  for (let i = 0; i < 5; i++) assert.equal((await fetch(`${server.url}/hello`)).status, 200);
  await sleep(2200);
  assert.equal((await server.stop()).timeouts, 1);
  c.socket.destroy();
});

test('idle connections are closed after a while', { skip }, async (t) => {
  const server = await serve(t, { idle_timeout_s: 1 });
  const c = await raw(server);
  c.send(get('/hello'));
  await c.until(/hello\n$/);
  await c.end();
});

test('connections are limited', { skip }, async (t) => {
  const server = await serve(t, { connections_max: 3 });
  const some = [await raw(server), await raw(server), await raw(server)];
  some[2].send(get('/now'));
  await some[2].until(/hello/);
  assert.equal(await exchange(server, get('/hello')).catch(() => ''), '');
  some[0].socket.destroy();
  await sleep(100);
  assert.match(await exchange(server, last('/hello')), /hello/);
});

test('large answers arrive whole', { skip }, async (t) => {
  const { cert, key } = certificate(folder(t));
  const server = await serve(t, {}, { NET_CERT: cert, NET_KEY: key });
  const expected = Buffer.alloc(30_000_000, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
  assert.ok(Buffer.from(await (await fetch(`${server.url}/big?bytes=30000000`)).arrayBuffer()).equals(expected));
  const secure = await raw(server, { tls: true });
  secure.send(last('/big?bytes=30000000'));
  await secure.end();
  assert.ok(secure.bytes.subarray(secure.bytes.indexOf('\r\n\r\n') + 4).equals(expected));
});

test('HTTP/2: streams at once, bodies, limits, headers of any name', { skip }, async (t) => {
  const { cert, key } = certificate(folder(t));
  const server = await serve(t, { workers: 2 }, { NET_CERT: cert, NET_KEY: key });
  const session = http2.connect(`https://127.0.0.1:${server.tlsPort}`, { rejectUnauthorized: false });
  t.after(() => session.destroy());
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => h2(session, { ':path': `/things/${i}`, 'x-api-key': `k${i}`, cookie: 'session=s' })));
  many.forEach((a, i) => {
    const shown = JSON.parse(a.body);
    assert.deepEqual([a.status, shown.id, shown.key, shown.cookie, shown.secure], [200, String(i), `k${i}`, 's', true]);
  });
  assert.match(many[0].headers['strict-transport-security'], /max-age=\d+/);
  const posted = await h2(session, { ':method': 'POST', ':path': '/show', 'content-type': 'text/plain' }, 'x'.repeat(900_000));
  assert.equal(JSON.parse(posted.body).length, 900_000);
  const large = await h2(session, { ':method': 'POST', ':path': '/json' }, 'x'.repeat(2_000_000));
  assert.equal(large.status, 413);
  assert.equal((await h2(session, { ':path': '/nothing' })).status, 404);
  assert.equal((await h2(session, { ':path': '/things/%2f' })).status, 400);
  assert.equal((await h2(session, { ':path': '/echo' })).status, 426);
  assert.equal((await h2(session, { ':path': '/big?bytes=3000000' })).body.length > 0, true);
  const head = await h2(session, { ':method': 'HEAD', ':path': '/hello' });
  assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '6', '']);
});

test('HTTP/2 without TLS, for those who know', { skip }, async (t) => {
  const server = await serve(t);
  const session = http2.connect(server.url);
  t.after(() => session.destroy());
  assert.equal((await h2(session, { ':path': '/hello' })).body, 'hello\n');
  const stream = session.request({ ':path': '/slow?ms=5000' });
  stream.on('error', () => {});
  await sleep(100);
  stream.close(http2.constants.NGHTTP2_CANCEL);
  assert.equal((await h2(session, { ':path': '/hello' })).body, 'hello\n');
});

test('TLS: old versions are refused, a renewed certificate is picked up', { skip }, async (t) => {
  const home = folder(t);
  const first = certificate(home, 'first'), second = certificate(home, 'second');
  const cert = join(home, 'cert.pem'), key = join(home, 'key.pem');
  copyFileSync(first.cert, cert);
  copyFileSync(first.key, key);
  const server = await serve(t, {}, { NET_CERT: cert, NET_KEY: key });
  const subject = (options = {}) => new Promise((resolve, reject) => {
    const s = tlsConnect({ port: server.tlsPort, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => {
      resolve(s.getPeerCertificate().subject.CN);
      s.destroy();
    }).on('error', reject);
  });
  assert.equal(await subject(), 'first');
  await assert.rejects(subject({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1' }));
  const kept = await raw(server, { tls: true });
  renameSync(second.cert, cert);
  renameSync(second.key, key);
  server.child.kill('SIGHUP');
  while ((await subject()) !== 'second') await sleep(50);
  kept.send(last('/hello'));
  await kept.end();
  assert.match(kept.text, /hello/);
  writeFileSync(cert, 'damaged');
  server.child.kill('SIGHUP');
  await sleep(200);
  assert.equal(await subject(), 'second', 'the old one stays');
  assert.match(server.stderr, /the old certificate stays/);
  assert.equal(statusOf(await exchange({ port: server.tlsPort }, get('/hello'))), 0, 'plain HTTP on the TLS port');
});

test('a certificate of its own is trusted by who trusts its authority', { skip }, async (t) => {
  const home = folder(t);
  const server = await serve(t, {}, { NET_SELF: home });
  const ca = readFileSync(join(home, 'rollcall-ca.crt'));
  const ask = (options) => new Promise((resolve, reject) => {
    const s = tlsConnect({ port: server.tlsPort, ...options }, () => {
      resolve({ authorized: s.authorized, cert: s.getPeerCertificate() });
      s.destroy();
    }).on('error', reject);
  });
  for (const host of ['localhost', '127.0.0.1']) {
    const { authorized, cert } = await ask({ host, ca, family: 4 });
    assert.equal(authorized, true);
    const days = (new Date(cert.valid_to) - new Date(cert.valid_from)) / 86_400_000;
    assert.ok(days > 365 && days <= 397, `${days} days`);
    assert.match(cert.subjectaltname, /DNS:localhost/);
  }
  await assert.rejects(ask({ host: '127.0.0.1' }), 'without the authority');
  await assert.rejects(ask({ host: '127.0.0.1', ca, servername: 'bank.example' }), /altnames/);
  for (const name of ['rollcall-ca.key', 'server.key']) assert.equal(statSync(join(home, name)).mode & 0o777, 0o600);
});

test('a key that others may read is refused', { skip }, async (t) => {
  const home = folder(t);
  const { cert, key } = certificate(home);
  spawnSync('chmod', ['644', key]);
  await assert.rejects(serve(t, {}, { NET_CERT: cert, NET_KEY: key }), /can be read or changed by others/);
  assert.ok(statSync(key).isFile());
});

test('SIGTERM: what is in hand is finished, nothing new is taken', { skip }, async (t) => {
  const server = await serve(t);
  const idle = await raw(server);
  idle.send(get('/hello'));
  await idle.until(/hello\n$/);
  const busy = await raw(server);
  busy.send(get('/slow?ms=1000'));
  await sleep(200);
  const stopped = server.stop();
  await idle.end();
  await assert.rejects(raw(server).then((c) => c.until(/never/)));
  await busy.end();
  assert.match(busy.text, /^HTTP\/1\.1 200[\s\S]*Connection: close[\s\S]*slow\n$/);
  assert.deepEqual([(await stopped).connections, server.stderr], [0, '']);
});

test('SIGTERM: streams of HTTP/2 are finished too', { skip }, async (t) => {
  const server = await serve(t);
  const session = http2.connect(server.url);
  const answer = h2(session, { ':path': '/slow?ms=1000' });
  const goaway = new Promise((resolve) => session.on('goaway', resolve));
  await sleep(200);
  const stopped = server.stop();
  assert.equal((await answer).body, 'slow\n');
  assert.equal(await goaway, 0);
  assert.equal((await stopped).connections, 0);
});

test('SIGTERM does not wait for ever', { skip }, async (t) => {
  const server = await serve(t, { stop_timeout_s: 1 });
  const busy = await raw(server);
  busy.send(get('/slow?ms=600000'));
  await sleep(200);
  await server.stop();
  assert.equal(busy.text, '');
});
