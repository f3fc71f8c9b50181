// SPDX-License-Identifier: MIT
// The description of the API and the server's table of routes say the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { json } from './helpers.mjs';
import { Schemas } from './openapi.mjs';
import { serve } from './server.mjs';

let server, doc, routes;
// Pages, their parts, and the older systems have descriptions of their own.
const isOurs = ({ path, legacy }) => !legacy && (path.startsWith('/api/') || /^\/[a-z]+z$|^\/metrics$/.test(path));

before(async () => {
  server = await serve();
  doc = (await server.get('/api/v1/openapi.json')).body;
  routes = json(server.home, ['serve', '--list-routes']).routes.filter(isOurs);
});
after(() => server.stop());

const name = (method, path) => `${method.toUpperCase()} ${path.replaceAll('...}', '}')}`;
const methods = ['get', 'put', 'post', 'delete', 'patch'];
const operations = () => Object.entries(doc.paths).flatMap(([path, item]) =>
  Object.entries(item).filter(([method]) => methods.includes(method)).map(([method, operation]) => ({ method, path, item, operation })));

test('every route is described, and every call that is described exists', () => {
  assert.ok(routes.length > 10);
  const described = new Set(operations().map(({ method, path }) => name(method, path)));
  const there = new Set(routes.map(({ method, path }) => name(method, path)));
  assert.deepEqual([...there].filter((one) => !described.has(one)), [], 'routes that are not described');
  assert.deepEqual([...described].filter((one) => !there.has(one)), [], 'descriptions without a route');
});

test('calls have ids of their own, summaries, their parameters, and a tag that is explained', () => {
  const ids = operations().map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length, 'an operationId is there twice, or missing');
  const tags = new Set(doc.tags.map((tag) => tag.name)), schemas = new Schemas(doc);
  for (const { method, path, item, operation } of operations()) {
    assert.ok(operation.summary, name(method, path));
    assert.ok(operation.tags?.every((tag) => tags.has(tag)), `${name(method, path)}: tags ${operation.tags}`);
    const wanted = [...path.matchAll(/\{([^}]*)\}/g)].map((m) => m[1]).sort();
    const given = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) => schemas.resolve(one));
    assert.deepEqual(given.filter((one) => one.in === 'path').map((one) => one.name).sort(), wanted, name(method, path));
  }
});

test('a body is described where one is taken, and nowhere else', () => {
  for (const { method, path, body_max } of routes) {
    const operation = doc.paths[path.replaceAll('...}', '}')]?.[method.toLowerCase()];
    if (operation?.requestBody) assert.ok(body_max > 0, `${method} ${path} takes no body`);
    if (method === 'PUT' || method === 'PATCH') assert.ok(operation?.requestBody, `${method} ${path}: no body is described`);
  }
});

test('what a header or parameter may lead to is described', () => {
  const leads = { 'Idempotency-Key': '422', 'If-Match': '412', cursor: '400', limit: '400' }, schemas = new Schemas(doc), missing = [];
  for (const { method, path, item, operation } of operations())
    for (const given of [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) => schemas.resolve(one)))
      if (leads[given.name] && !operation.responses[leads[given.name]]) missing.push(`${name(method, path)}: ${leads[given.name]}`);
  assert.deepEqual(missing, []);
});

test('every reference leads somewhere', () => {
  const schemas = new Schemas(doc);
  const look = (node) => {
    if (node === null || typeof node !== 'object') return;
    if (typeof node.$ref === 'string') schemas.resolve(node);
    Object.values(node).forEach(look);
  };
  look(doc);
});

test('the description can be kept: a second look brings 304', async () => {
  const first = await server.get('/api/v1/openapi.json');
  assert.equal(first.type, 'application/json');
  assert.match(first.headers.get('cache-control'), /max-age/);
  const again = await server.get('/api/v1/openapi.json', { 'If-None-Match': first.headers.get('etag') });
  assert.equal(again.status, 304);
});

test('an answer that is not as described is found', async () => {
  const { Description } = await import('./openapi.mjs');
  const description = new Description(doc);
  const good = { id: '0192f0a0-0000-7000-8000-000000000000', name: '3a', start: '08:00', grace_minutes: null, members: 0 };
  const check = (body, status = 200) => description.check('GET', '/api/v1/groups/x', { status, type: 'application/json', text: '{}', body });
  check(good);
  assert.throws(() => check({ ...good, members: '0' }), /members: is string/);
  assert.throws(() => check({ ...good, colour: 'red' }), /colour: is not described/);
  assert.throws(() => check({ ...good, start: '25.00' }), /start/);
  assert.throws(() => check(good, 202), /is not described/);
  const { members, ...less } = good;
  assert.throws(() => check(less), /members: is missing/);
});
