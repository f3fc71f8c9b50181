// SPDX-License-Identifier: MIT
// /metrics as Prometheus reads it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { missing, sample } from './photos.mjs';
import { serve } from './server.mjs';

let server, admin;
before(async () => { server = await serve(); admin = await server.administrator(); });
after(() => server.stop());

/** Reads the text format strictly: { values: 'name{labels}' -> number, types: name -> type }. */
function parse(text) {
  assert.ok(text.endsWith('\n'));
  const values = new Map(), types = new Map(), helped = new Set();
  for (const line of text.slice(0, -1).split('\n')) {
    const note = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line);
    if (note) {
      if (note[1] === 'TYPE') { assert.ok(!types.has(note[2]), `${note[2]} twice`); types.set(note[2], note[3]); } else helped.add(note[2]);
      continue;
    }
    const [, name, labels = '', value] = /^([a-z_]+)(\{(?:[a-z]+="[^"\\\n]*",?)+\})? (\S+)$/.exec(line) ?? assert.fail(`no sample: ${line}`);
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
    assert.ok(types.has(family) && helped.has(family), `${name} has no type or help`);
    assert.ok(!values.has(name + labels), `${name}${labels} twice`);
    assert.ok(Number.isFinite(+value), line);
    values.set(name + labels, +value);
  }
  return { values, types };
}
const look = async () => {
  const answer = await admin.get('/metrics');
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.type, /^text\/plain; version=0\.0\.4/);
  return parse(answer.text);
};

test('metrics are for administrators and keys with the scope', async () => {
  assert.equal((await server.get('/metrics')).status, 401);
  const key = async (scopes) => (await admin.post('/api/v1/keys', { name: scopes.join(), scopes })).body.key;
  const [metrics, groups] = [await key(['metrics']), await key(['groups:read'])];
  assert.ok(metrics && groups);
  assert.equal((await server.withKey(metrics).get('/metrics')).status, 200);
  assert.equal((await server.withKey(groups).get('/metrics')).status, 403);
});

test('requests are counted by route and status', async () => {
  const name = 'rollcall_http_requests_total{method="GET",route="/api/v1/groups/{id}",status="4xx"}';
  const before = (await look()).values.get(name) ?? 0;
  await admin.get('/api/v1/groups/none');
  await admin.get('/api/v1/groups/none');
  const { values, types } = await look();
  assert.equal(values.get(name), before + 2);
  assert.equal(types.get('rollcall_http_requests_total'), 'counter');
  const labels = 'method="GET",route="/api/v1/groups/{id}"';
  assert.equal(values.get(`rollcall_http_request_duration_seconds_count{${labels}}`), before + 2);
  assert.equal(values.get(`rollcall_http_request_duration_seconds_bucket{${labels},le="+Inf"}`), before + 2);
});

test('histograms rise from bucket to bucket', async () => {
  const { values } = await look();
  const last = new Map();
  for (const [name, value] of values) {
    const [, series] = /^(\w+_bucket\{.*),le="/.exec(name) ?? [];
    if (!series) continue;
    assert.ok(value >= (last.get(series) ?? 0), name);
    last.set(series, value);
  }
  assert.ok(last.size > 0);
});

test('the state of server, devices and database is told', async () => {
  const { values } = await look();
  assert.ok(values.get('rollcall_connections') >= 1);
  assert.equal(values.get('rollcall_queue_running'), 1);
  assert.equal(values.get('rollcall_devices_online'), 0);
  assert.ok(values.get('rollcall_database_bytes{file="database"}') > 0);
  assert.ok(values.get('process_resident_memory_bytes') > 1e6);
});

test('stages and decisions of recognition are counted', { skip: missing }, async () => {
  const photo = readFileSync(sample(1));
  const answer = await admin.request('POST', '/api/v1/identify', { body: photo, headers: { 'Content-Type': 'image/jpeg' } });
  assert.equal(answer.status, 200, answer.text);
  const { values } = await look();
  for (const stage of ['wait', 'decode', 'detect', 'landmarks', 'embed', 'search'])
    assert.equal(values.get(`rollcall_recognition_seconds_count{stage="${stage}"}`), 1, stage);
  assert.equal(values.get('rollcall_decisions_total{decision="unknown"}'), answer.body.faces.length);
});
