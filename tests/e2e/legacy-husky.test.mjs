// SPDX-License-Identifier: MIT
// husky's pages and forms: what a browser sends, byte for byte, and what comes back.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { ok, run } from './helpers.mjs';
import { serve } from './server.mjs';

let server, admin;
before(async () => {
  server = await serve({ env: { LOGO_URL: 'https://school.example/logo.png' } });
  admin = await server.administrator();
});
after(() => server.stop());

const tokenOf = (page) => /name="csrf_token" value="([^"]+)"/.exec(page)?.[1];

/** A form as a browser sends it: urlencoded, cookie, Origin; `token` is that of the page. */
async function form(path, fields, { cookie = admin.headers.Cookie, token = admin.me.csrf_token, origin = server.base } = {}) {
  const body = new URLSearchParams({ ...(token ? { csrf_token: token } : {}), ...fields }).toString();
  const { hostname, port, host } = new URL(server.base);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.setEncoding('utf8').on('data', (part) => { answer += part; });
  socket.write(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}`
    + `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  await new Promise((resolve, reject) => { socket.on('close', resolve).on('error', reject); });
  const at = answer.indexOf('\r\n\r\n');
  return { status: Number(answer.slice(9, 12)), location: /^location: (.*)\r?$/im.exec(answer.slice(0, at))?.[1]?.trim(), body: answer.slice(at + 4) };
}
const page = async (path) => {
  const answer = await admin.get(path);
  assert.equal(answer.status, 200, answer.text);
  return answer.text;
};

test('who is not signed in sees and changes nothing', async () => {
  for (const path of ['/register', '/users', '/classes', '/attendance', '/analytics', '/export_csv'])
    assert.equal((await server.get(path)).status, 401, path);
  for (const path of ['/register', '/classes', '/edit_user/1', '/delete_user/1', '/reset_ids', '/reset_attendance'])
    assert.equal((await form(path, {}, { cookie: '', token: '' })).status, 401, path);
  assert.equal((await form('/classes', { action: 'add', classname: 'X' }, { token: 'wrong' })).status, 403);
  assert.equal((await form('/classes', { action: 'add', classname: 'X' }, { origin: 'https://evil.example' })).status, 403);
});

test('an empty database has the two classes; others come and go', async () => {
  const first = await page('/classes');
  assert.equal(tokenOf(first), admin.me.csrf_token);
  assert.match(first, /<td>Class A<\/td>[^]*<td>Class B<\/td>/);
  assert.match(first, /<img alt="" src="https:\/\/school.example\/logo.png">/);
  assert.equal((await form('/classes', { action: 'add', classname: '  Class   C ' })).status, 302);
  assert.match(await page('/classes'), /<td>Class C<\/td>/);
  const again = await form('/classes', { action: 'add', classname: 'class c' });
  assert.equal(again.status, 400);
  assert.equal((await form('/classes', { action: 'delete', classname: 'Class C' })).location, '/classes');
  assert.doesNotMatch(await page('/classes'), /Class C/);
});

test('users are registered by ID, under the rules of names', async () => {
  assert.match(await page('/register'), /<option>Class A<\/option>/);
  const added = await form('/register', { id: '6', name: '  Ana   <b>  ', class: 'Class A' });
  assert.equal(added.status, 302, added.body);
  assert.match(await page('/users'), /<td>6<\/td><td>Ana &lt;b&gt;<\/td><td>Class A<\/td>/);
  for (const fields of [{ id: '7', name: 'ANA <B>', class: 'Class A' }, { id: '6', name: 'Bea', class: 'Class A' },
    { id: '0', name: 'Bea', class: 'Class A' }, { id: '7', name: ' ', class: 'Class A' }, { id: '7', name: 'Bea', class: 'No such' }, { id: '7', name: 'Bea' }]) {
    const refused = await form('/register', fields);
    assert.equal(refused.status, 400, JSON.stringify(fields));
    assert.match(refused.body, /class="error"/);
  }
  assert.doesNotMatch(await page('/users'), /Bea/);
  assert.match(await page('/edit_user/6'), /value="Ana &lt;b&gt;"/);
  assert.equal((await form('/edit_user/6', { name: 'Ana', class: 'Class B' })).location, '/users');
  assert.match(await page('/users'), /<td>6<\/td><td>Ana<\/td><td>Class B<\/td>/);
  assert.equal((await admin.get('/edit_user/99')).status, 404);
});

test('a class with members is not deleted', async () => {
  const refused = await form('/classes', { action: 'delete', classname: 'Class B' });
  assert.equal(refused.status, 400);
  assert.match(refused.body, /Cannot delete &#39;Class B&#39; because 1 user\(s\) are still assigned to it\./);
});

test('attendance is listed, counted and exported, newest first', async () => {
  const empty = await admin.get('/export_csv');
  assert.equal(empty.text, 'ID,Name,Class,Timestamp\r\n');
  assert.equal(empty.headers.get('content-disposition'), 'attachment; filename=attendance.csv');
  const ofClass = await admin.get('/export_csv?class=Class%20A');
  assert.equal(ofClass.headers.get('content-disposition'), 'attachment; filename=attendance_Class_A.csv');
  assert.match(await page('/analytics'), /<h2>Class B<\/h2>\n<p>Registered: 1 Today: 0 Total: 0 <a href="\/export_csv\?class=Class%20B">/);
  assert.match(await page('/analytics'), /<td>Ana<\/td><td>Not yet<\/td>/);
  ok(server.home, ['roll', '--set', 'present', '--person', 'Ana', '--reason', 'was there']);
  const line = /^ID,Name,Class,Timestamp\r\n6,Ana,Class B,\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\r\n$/;
  assert.match((await admin.get('/export_csv')).text, line);
  assert.match((await admin.get('/export_csv?class=class%20b')).text, line);
  assert.equal((await admin.get('/export_csv?class=Class%20A')).text, 'ID,Name,Class,Timestamp\r\n');
  assert.match(await page('/analytics'), /<p>Registered: 1 Today: 1 Total: 1 /);
  assert.match(await page('/analytics'), /<td>Ana<\/td><td>Checked<\/td>/);
  assert.match(await page('/attendance?class=Class%20B'), /<td>6<\/td><td>Ana<\/td><td>Class B<\/td>/);
});

test('users are deleted and IDs taken away, by a form and nothing else', async () => {
  assert.equal((await admin.get('/delete_user/6')).status, 405);
  assert.match(await page('/users'), /<details><summary>Delete\?<\/summary><form method="post" action="\/delete_user\/6">/);
  assert.equal((await form('/register', { id: '8', name: 'Cleo', class: 'Class A' })).status, 302);
  assert.equal((await form('/delete_user/6', {})).location, '/users');
  assert.doesNotMatch(await page('/users'), />Ana</);
  assert.equal((await form('/reset_ids', {})).location, '/');
  assert.match(await page('/users'), /<td><\/td><td>Cleo<\/td>/);
  ok(server.home, ['roll', '--set', 'present', '--person', 'Cleo', '--reason', 'was there']);
  assert.match((await admin.get('/export_csv')).text, /Cleo/);
  assert.equal((await form('/reset_attendance', {})).location, '/');
  assert.equal((await admin.get('/export_csv')).text, 'ID,Name,Class,Timestamp\r\n');
  assert.equal(run(server.home, ['audit', 'verify']).status, 0);
});
