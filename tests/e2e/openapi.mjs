// SPDX-License-Identifier: MIT
// Holds answers against the server's own description of them (/api/v1/openapi.json).
import assert from 'node:assert/strict';

// Refusals that come before the handler, of any call.
const anyCall = new Set([413, 429, 503]);
// What says nothing about whether a value is right.
const notes = new Set(['description', 'format', 'default', 'example', 'examples', 'title', 'deprecated', 'readOnly', 'contentMediaType', 'contentEncoding']);

const typeOf = (v) => v === null ? 'null' : Array.isArray(v) ? 'array' : Number.isInteger(v) ? 'integer' : typeof v;
const same = (a, b) => { try { assert.deepEqual(a, b); return true; } catch { return false; } };

/** The part of JSON Schema 2020-12 that the description uses; a keyword it does not know is an error. */
export class Schemas {
  constructor(doc) { this.doc = doc; }

  resolve(node) {
    for (let i = 0; node?.$ref !== undefined; i++) {
      assert.ok(i < 20 && node.$ref.startsWith('#/'), `reference ${node.$ref}`);
      const to = node.$ref.slice(2).split('/').reduce((at, name) => at?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], this.doc);
      assert.ok(to !== undefined, `${node.$ref} is not there`);
      node = to;
    }
    return node;
  }

  /** What is wrong with a value: lines "path: what"; none when it is as the schema says. */
  wrong(schema, value, at = '$', open = false) {
    if (schema === true) return [];
    schema = this.resolve(schema);
    return Object.entries(schema).flatMap(([word, is]) => {
      if (notes.has(word)) return [];
      assert.ok(Object.hasOwn(rules, word), `the schema's keyword '${word}' is not known here (${at})`);
      return rules[word].call(this, is, value, at, schema, open);
    }).concat(this.unknown(schema, value, at, open));
  }

  // An answer has nothing that is not described, though clients must bear it.
  unknown(schema, value, at, open) {
    if (typeOf(value) !== 'object' || open || schema.additionalProperties !== undefined) return [];
    if (!schema.properties || schema.allOf) return [];
    return Object.keys(value).filter((name) => !Object.hasOwn(schema.properties, name)).map((name) => `${at}.${name}: is not described`);
  }
}

const isText = (v) => typeof v === 'string';
const isNumber = (v) => typeof v === 'number';
const rules = {
  type(is, v, at) {
    const types = [is].flat(), is_ = typeOf(v);
    return types.includes(is_) || (is_ === 'integer' && types.includes('number')) ? [] : [`${at}: is ${is_}, not ${types.join(' or ')}`];
  },
  enum: (is, v, at) => is.some((one) => same(one, v)) ? [] : [`${at}: ${JSON.stringify(v)} is none of ${is.join(', ')}`],
  const: (is, v, at) => same(is, v) ? [] : [`${at}: ${JSON.stringify(v)} is not ${JSON.stringify(is)}`],
  pattern: (is, v, at) => !isText(v) || new RegExp(is, 'u').test(v) ? [] : [`${at}: '${v}' does not match ${is}`],
  minLength: (is, v, at) => !isText(v) || [...v].length >= is ? [] : [`${at}: is too short`],
  maxLength: (is, v, at) => !isText(v) || [...v].length <= is ? [] : [`${at}: is too long`],
  minimum: (is, v, at) => !isNumber(v) || v >= is ? [] : [`${at}: ${v} is below ${is}`],
  maximum: (is, v, at) => !isNumber(v) || v <= is ? [] : [`${at}: ${v} is above ${is}`],
  exclusiveMinimum: (is, v, at) => !isNumber(v) || v > is ? [] : [`${at}: ${v} is not above ${is}`],
  exclusiveMaximum: (is, v, at) => !isNumber(v) || v < is ? [] : [`${at}: ${v} is not below ${is}`],
  minItems: (is, v, at) => !Array.isArray(v) || v.length >= is ? [] : [`${at}: has too few items`],
  maxItems: (is, v, at) => !Array.isArray(v) || v.length <= is ? [] : [`${at}: has too many items`],
  uniqueItems: (is, v, at) => !is || !Array.isArray(v) || v.every((a, i) => v.findIndex((b) => same(a, b)) === i) ? [] : [`${at}: has an item twice`],
  items(is, v, at) { return Array.isArray(v) ? v.flatMap((item, i) => this.wrong(is, item, `${at}[${i}]`)) : []; },
  required: (is, v, at) => typeOf(v) !== 'object' ? [] : is.filter((name) => !Object.hasOwn(v, name)).map((name) => `${at}.${name}: is missing`),
  properties(is, v, at) {
    if (typeOf(v) !== 'object') return [];
    return Object.keys(is).filter((name) => Object.hasOwn(v, name)).flatMap((name) => this.wrong(is[name], v[name], `${at}.${name}`));
  },
  additionalProperties(is, v, at, schema) {
    if (typeOf(v) !== 'object' || is === true) return [];
    return Object.keys(v).filter((name) => !Object.hasOwn(schema.properties ?? {}, name))
      .flatMap((name) => is === false ? [`${at}.${name}: may not be there`] : this.wrong(is, v[name], `${at}.${name}`));
  },
  allOf(is, v, at) { return is.flatMap((one) => this.wrong(one, v, at, true)); },
  anyOf(is, v, at) { return choose.call(this, is, v, at, (n) => n >= 1); },
  oneOf(is, v, at) { return choose.call(this, is, v, at, (n) => n === 1); },
};

function choose(is, v, at, good) {
  const each = is.map((one) => this.wrong(one, v, at));
  const fits = each.filter((wrong) => wrong.length === 0).length;
  if (good(fits)) return [];
  const nearest = [...each].sort((a, b) => a.length - b.length)[0];
  return [`${at}: fits ${fits} of ${is.length} alternatives`, ...(fits === 0 ? nearest : [])];
}

/** Describes the calls of a server. */
export class Description {
  constructor(doc) {
    this.doc = doc;
    this.schemas = new Schemas(doc);
    this.paths = Object.keys(doc.paths).map((path) => ({
      path, plain: !path.includes('{'),
      matches: new RegExp(`^${path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{[^}]*\}/g, '[^/]+')}$`),
    })).sort((a, b) => b.plain - a.plain);
  }

  operation(method, path) {
    const found = this.paths.find((one) => one.matches.test(path.split('?')[0]));
    return found && this.doc.paths[found.path][method.toLowerCase()];
  }

  /** Throws unless the answer to that call is one that is described; calls that are not are none of ours. */
  check(method, path, { status, type, text, body }) {
    const operation = this.operation(method, path);
    if (!operation) return;
    const call = `${method} ${path}: ${status}`;
    let described = operation.responses[status];
    if (!described && (anyCall.has(status) || operation.responses[`${Math.floor(status / 100)}XX`]))
      described = operation.responses[`${Math.floor(status / 100)}XX`] ?? operation.responses.default;
    assert.ok(described, `${call} is not described (${Object.keys(operation.responses).join(', ')}): ${text.slice(0, 300)}`);
    described = this.schemas.resolve(described);
    if (!described.content) {
      assert.equal(text, '', `${call}: an answer without content has one`);
      return;
    }
    const kind = type.split(';')[0];
    const content = described.content[kind] ?? described.content['*/*'];
    assert.ok(content, `${call}: '${kind}' is not one of ${Object.keys(described.content).join(', ')}`);
    if (!/json/.test(kind) || !content.schema) return;
    const wrong = this.schemas.wrong(content.schema, body);
    assert.equal(wrong.join('\n'), '', `${call} is not as described:\n${JSON.stringify(body).slice(0, 600)}`);
  }
}
