// SPDX-License-Identifier: MIT
// Photos for the tests of recognition: crops of the model package's own samples, and broken
// files made here. Nothing of it is kept.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { models, root } from './helpers.mjs';

/** The folder with sample1.jpg to sample6.jpg, or null. */
export function samples() {
  for (const path of [process.env.ROLLCALL_SAMPLES, join(root, 'build/samples')])
    if (path && existsSync(join(path, 'sample4.jpg'))) return path;
  return null;
}

const jpegtran = spawnSync('jpegtran', ['-help']).error === undefined;

/** Why these tests cannot run here, or false: for a test's `skip`. */
export const missing = !models() ? 'no face models: set ROLLCALL_MODELS'
  : !samples() ? 'no sample photos: set ROLLCALL_SAMPLES'
  : !jpegtran ? 'jpegtran is not installed' : false;

/**
 * Options of a run that needs the models. On one thread: tests run side by side, and several
 * threads that wait for each other on busy cores take many times as long.
 */
const settings = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
writeFileSync(join(settings, 'config'), 'threads = 1\n');
process.on('exit', () => rmSync(settings, { recursive: true, force: true }));
export const withModels = { env: { ROLLCALL_MODELS: models() ?? '', ROLLCALL_CONFIG: join(settings, 'config') } };

export const sample = (n) => join(samples(), `sample${n}.jpg`);

/** One face each; made-up names of strangers. */
export const crops = {
  Ana: [1, '464x560+208+176'],
  Bea: [1, '544x560+656+272'],
  Cleo: [1, '576x640+1264+32'],
  Dora: [4, '304x640+528+0'],
  Emma: [4, '320x480+1184+48'],
};

/** A part of a sample as JPEG bytes; left and top are multiples of 16. */
export function crop(n, area) {
  return execFileSync('jpegtran', ['-copy', 'none', '-crop', area, sample(n)], { maxBuffer: 1 << 26 });
}

const cropped = new Map();
export function portrait(name) {
  if (!cropped.has(name)) cropped.set(name, crop(...crops[name]));
  return cropped.get(name);
}

/** A part of a sample without a face, as large as Ana's portrait. */
export const nobody = () => crop(1, '464x560+1328+720');

/** The same picture in other bytes: a JPEG may be followed by anything. */
export const copy = (bytes, i) => Buffer.concat([bytes, Buffer.from(`copy ${i}`)]);

export function put(path, bytes) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

/** A folder to import: DIR/<name>/1.jpg for each name. */
export function people(dir, names = Object.keys(crops)) {
  for (const name of names) put(join(dir, name, '1.jpg'), portrait(name));
  return dir;
}

/** The bytes of a file of a home, to see that nothing changed; SQLite's own index may come and go. */
export function picture(home) {
  if (!existsSync(home)) return [];
  return readdirSync(home).filter((name) => !/-(shm|wal)$/.test(name)).sort()
    .map((name) => [name, createHash('sha256').update(readFileSync(join(home, name))).digest('hex')]);
}

const be32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n >>> 0); return b; };

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}

/** A PNG whose header says a size, and which holds no pixels. */
export function emptyPng(width, height) {
  const body = Buffer.concat([Buffer.from('IHDR'), be32(width), be32(height), Buffer.from([8, 2, 0, 0, 0])]);
  const end = Buffer.from('IEND');
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    be32(13), body, be32(crc32(body)), be32(0), end, be32(crc32(end))]);
}

/** The same JPEG with another size in its header. */
export function lyingJpeg(bytes, width, height) {
  const out = Buffer.from(bytes);
  for (let i = 2; i + 9 < out.length && out[i] === 0xff; i += 2 + out.readUInt16BE(i + 2)) {
    const frame = out[i + 1] >= 0xc0 && out[i + 1] <= 0xc2;
    if (!frame) continue;
    out.writeUInt16BE(height, i + 5);
    out.writeUInt16BE(width, i + 7);
    return out;
  }
  return assert.fail('no frame header');
}

/** Files that are no photo, and what the error must say. */
export const broken = () => ({
  'text.jpg': [Buffer.from('this is not a photo\n'), /not a JPEG, PNG or WebP/],
  'empty.png': [Buffer.alloc(0), /./],
  'two-bytes.jpeg': [Buffer.from([0xff, 0xd8]), /./],
  'header-only.jpg': [portrait('Ana').subarray(0, 300), /./],
  'huge.png': [emptyPng(60000, 60000), /megapixel|too large|pixels|limit/i],
  'wide.png': [emptyPng(0x7fffffff, 1), /too large|pixels|limit|side/i],
  'no-pixels.png': [emptyPng(64, 64), /./],
  'lies.jpg': [lyingJpeg(portrait('Ana'), 65500, 65500), /megapixel|too large|pixels|limit/i],
});
