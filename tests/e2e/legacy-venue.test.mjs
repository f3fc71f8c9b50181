// SPDX-License-Identifier: MIT
// The venue clients: what they send, byte for byte, and what they wait for.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { run } from './helpers.mjs';
import { missing, nobody, portrait, withModels } from './photos.mjs';
import { serve } from './server.mjs';

let server, admin;
before(async () => {
  server = await serve({ env: withModels.env });
  admin = await server.administrator();
});
after(() => server.stop());

const dataUrl = (bytes) => `data:image/jpeg;base64,${bytes.toString('base64')}`;

/** Sends the bytes that the original client sends; gives the head and the body of the answer. */
async function raw(text) {
  const { hostname, port } = new URL(server.base);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8');
  socket.on('data', (part) => { answer += part; });
  socket.write(text);
  await new Promise((resolve, reject) => { socket.on('close', resolve).on('error', reject); });
  const at = answer.indexOf('\r\n\r\n');
  return { status: Number(answer.slice(9, 12)), head: answer.slice(0, at).toLowerCase(), body: answer.slice(at + 4) };
}

/** As Python's requests sends JSON. */
const pythonPost = (path, json, headers = '') => {
  const body = JSON.stringify(json);
  return raw(`POST ${path} HTTP/1.1\r\nHost: ${new URL(server.base).host}\r\nUser-Agent: python-requests/2.31.0\r\n`
    + `Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: close\r\n${headers}`
    + `Content-Length: ${Buffer.byteLength(body)}\r\nContent-Type: application/json\r\n\r\n${body}`);
};
const signedIn = () => Object.entries(admin.headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');

/** Form-data as a browser's FormData sends it. */
function addFace(name, bytes, type = 'image/jpeg') {
  const form = new FormData();
  if (bytes) form.set('image', new Blob([bytes], { type }), 'face.jpg');
  if (name) form.set('name', name);
  return admin.request('POST', '/add_face', { body: form });
}

test('who sends no key is refused, and so is who sends a wrong one', async () => {
  const answer = await pythonPost('/recognize_faces', { image: 'data:image/jpeg;base64,AAAA' });
  assert.equal(answer.status, 401);
  assert.deepEqual(JSON.parse(answer.body), { error: 'Unauthorized' });
  const wrong = await pythonPost('/recognize_faces', { image: 'x' }, 'X-API-KEY: wrong\r\n');
  assert.equal(wrong.status, 401);
  assert.equal((await server.get('/get-all-venues')).status, 401);
});

test('every origin may call', async () => {
  const host = new URL(server.base).host;
  const preflight = await raw(`OPTIONS /get-attendance HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://localhost:3000\r\n`
    + 'Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\nConnection: close\r\n\r\n');
  assert.match(preflight.head, /access-control-allow-origin: \*/);
  assert.match(preflight.head, /access-control-allow-headers: .*content-type/);
  const answer = await raw(`GET /get-all-venues HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://localhost:3000\r\nConnection: close\r\n\r\n`);
  assert.match(answer.head, /access-control-allow-origin: \*/);
});

test('what is missing is said in the old words', async () => {
  for (const [path, json, error] of [
    ['/recognize_faces', {}, 'Image data is required'],
    ['/recognize_faces', { image: '' }, 'Image data is required'],
    ['/get-attendance', { venue_id: '0190f3c4-0000-7000-8000-000000000000' }, 'venue_id and image are required'],
    ['/get-attendance', { image: 'data:' }, 'venue_id and image are required'],
    ['/get-attendance', { venue_id: 'abc', image: 'data:image/jpeg;base64,AAAA' }, 'Invalid venue_id format'],
    ['/create-attendance-venue', { name: 'Hall' }, 'Name and date_time are required'],
    ['/create-attendance-venue', { date_time: '2026-03-02 10:00' }, 'Name and date_time are required'],
    ['/create-attendance-venue', { name: 'Hall', date_time: '02.03.2026' }, 'Invalid date_time format. Expected format: YYYY-MM-DD HH:MM:SS'],
    ['/create-attendance-venue', { name: 'Hall', date_time: '2026-02-30 10:00:00' }, 'Invalid date_time format. Expected format: YYYY-MM-DD HH:MM:SS'],
  ]) {
    const answer = await admin.post(path, json);
    assert.equal(answer.status, 400, path);
    assert.deepEqual(answer.body, { error });
  }
  assert.deepEqual((await addFace('Ana')).body, { error: 'Image and name are required' });
  const gone = await admin.post('/get-attendance', { venue_id: '0190f3c4-0000-7000-8000-000000000000', image: 'data:image/jpeg;base64,AAAA' });
  assert.equal(gone.status, 404);
  assert.deepEqual(gone.body, { error: 'Venue not found' });
});

test('venues are made and listed with their local time', async () => {
  const made = await pythonPost('/create-attendance-venue', { name: 'Hall A', date_time: '2026-03-02 10:00:30' }, signedIn());
  assert.equal(made.status, 201, made.body);
  const { message, venue_id: id } = JSON.parse(made.body);
  assert.equal(message, 'Venue created successfully!');
  const again = await admin.post('/create-attendance-venue', { name: 'hall a', date_time: '2026-03-02 14:00' });
  assert.equal(again.status, 201, again.text);
  assert.notEqual(again.body.venue_id, id);
  const same = await admin.post('/create-attendance-venue', { name: 'Hall A', date_time: '2026-03-02 10:00:30' });
  assert.equal(same.body.venue_id, id);
  const { venues } = (await admin.get('/get-all-venues')).body;
  assert.deepEqual(venues.find((venue) => venue._id === id),
    { _id: id, name: 'Hall A', date_time: '2026-03-02 10:00:30', attendance: [] });
  assert.deepEqual(venues.find((venue) => venue._id === again.body.venue_id),
    { _id: again.body.venue_id, name: 'hall a 14:00:00', date_time: '2026-03-02 14:00:00', attendance: [] });
});

test('a photo names the known once, and others as Unknown', { skip: missing }, async () => {
  const added = await addFace('Ana', portrait('Ana'));
  assert.equal(added.status, 200, added.text);
  assert.deepEqual(added.body, { success: true });
  assert.equal((await addFace('Nobody', nobody())).status, 400);
  const known = await pythonPost('/recognize_faces', { image: dataUrl(portrait('Ana')) }, signedIn());
  assert.equal(known.status, 200, known.body);
  assert.deepEqual(JSON.parse(known.body), { names: ['Ana'] });
  assert.deepEqual((await admin.post('/recognize_faces', { image: dataUrl(portrait('Bea')) })).body, { names: ['Unknown'] });
  assert.deepEqual((await admin.post('/recognize_faces', { image: dataUrl(nobody()) })).body, { names: [] });
  assert.equal((await admin.post('/recognize_faces', { image: 'data:image/jpeg;base64,AAAA' })).status, 400);
});

test('attendance holds each name once and never Unknown', { skip: missing }, async () => {
  const now = new Date();
  const pad = (n) => String(n).padStart(2, '0');
  const today = `${now.getFullYear()}-${pad(now.getMonth() + 1)}-${pad(now.getDate())}`;
  for (const day of [today, '2026-03-03']) {
    const venue = (await admin.post('/create-attendance-venue', { name: `Gym ${day}`, date_time: `${day} 08:00` })).body.venue_id;
    const take = (photo) => admin.post('/get-attendance', { venue_id: venue, image: dataUrl(photo) });
    const first = await take(portrait('Ana'));
    assert.equal(first.status, 200, first.text);
    assert.deepEqual(first.body, { message: 'Attendance updated successfully', venue_id: venue, attendance: ['Ana'], recognized_names: ['Ana'] });
    assert.deepEqual((await take(portrait('Ana'))).body.attendance, ['Ana']);
    const stranger = await take(portrait('Bea'));
    assert.deepEqual(stranger.body.attendance, ['Ana']);
    assert.deepEqual(stranger.body.recognized_names, ['Unknown']);
    const { venues } = (await admin.get('/get-all-venues')).body;
    assert.deepEqual(venues.find((one) => one._id === venue).attendance, ['Ana']);
  }
  assert.equal(run(server.home, ['audit', 'verify']).status, 0);
});

test('opened to the network, who has no key may, but not with a wrong one', async (t) => {
  const open = await serve({ env: { ...withModels.env, ROLLCALL_LEGACY_OPEN: 'lan' } });
  t.after(() => open.stop());
  const made = await open.post('/create-attendance-venue', { name: 'Yard', date_time: '2026-03-02 10:00' });
  assert.equal(made.status, 201, made.text);
  assert.equal((await open.get('/get-all-venues')).body.venues.length, 1);
  assert.equal((await open.get('/get-all-venues', { 'X-API-KEY': 'wrong' })).status, 401);
  assert.equal((await open.get('/api/v1/groups')).status, 401);
  const { entries } = JSON.parse(run(open.home, ['audit', 'list', '--json']).stdout);
  assert.ok(entries.some(({ action, actor }) => action === 'venue.add' && /^address:(127|::1)/.test(actor)), JSON.stringify(entries));
});
