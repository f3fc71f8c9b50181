// SPDX-License-Identifier: MIT
// Writes small ONNX networks and what onnxruntime gives for them, for tests/unit/test_onnx.c:
//   node tests/onnx/make.mjs --out FOLDER [--models FOLDER] [--samples FOLDER]
// With --models, also what it gives for the real files there, for random numbers and for
// parts of the sample photos. Does nothing when what is there was made by this same script.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import jpeg from 'jpeg-js';
import * as ort from 'onnxruntime-node';
import { cases, floats, wrong } from './cases.mjs';
import { model } from './encode.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({ options: { out: { type: 'string' }, models: { type: 'string' }, samples: { type: 'string' } } });

// What each real file takes: size of the input, range or normalisation, order of colours.
const real = [
	{ file: 'face_detection_yunet_2023mar.onnx', size: [640, 640], bgr: true },
	{ file: 'yunet_s_dynamic.onnx', size: [640, 640], bgr: true },
	{ file: 'yunet_s_dynamic.onnx', size: [320, 416], bgr: true },
	// The same network: this one has a fixed size and is made to take another.
	{ file: 'face_detection_yunet_2023mar.onnx', size: [320, 416], bgr: true, reference: 'yunet_s_dynamic.onnx' },
	{ file: 'MobileFaceNet.onnx', size: [112, 112], mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
	{ file: '2.7_80x80_MiniFASNetV2.onnx', size: [80, 80], bgr: true },
	{ file: '4_0_0_80x80_MiniFASNetV1SE.onnx', size: [80, 80], bgr: true },
];

const present = options.models && existsSync(options.models) ? real.filter((r) => existsSync(join(options.models, r.file)) && existsSync(join(options.models, r.reference ?? r.file))) : [];

// Changes with the scripts, the runtime and the models.
function stamp() {
	const hash = createHash('sha256');
	for (const name of ['make.mjs', 'cases.mjs', 'encode.mjs', 'package-lock.json']) hash.update(readFileSync(join(here, name)));
	for (const r of present) hash.update(`${r.file} ${statSync(join(options.models, r.file)).size}`);
	return hash.digest('hex');
}

const session = (source) => ort.InferenceSession.create(source, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 });

// Raw floats into the folder, giving { file, dims }.
let files = 0;
function write(folder, data, dims) {
	const file = `${String(files++).padStart(4, '0')}.f32`;
	writeFileSync(join(folder, file), Buffer.from(data.buffer, data.byteOffset, data.byteLength));
	return { file, dims };
}

async function run(folder, source, inputs) {
	const s = await session(source);
	const result = await s.run(Object.fromEntries(s.inputNames.map((name, i) => [name, new ort.Tensor('float32', inputs[i].data, inputs[i].dims)])));
	const out = s.outputNames.map((name) => ({ name, ...write(folder, result[name].data, result[name].dims) }));
	await s.release();
	return { inputs: inputs.map((x, i) => ({ name: s.inputNames[i], ...write(folder, x.data, x.dims) })), outputs: out };
}

async function small(folder, c) {
	const file = `${String(files++).padStart(4, '0')}.onnx`;
	const bytes = model(c.file);
	writeFileSync(join(folder, file), bytes);
	const inputs = Object.values((c.reference ?? c.file).inputs).map((dims) => ({ dims, data: floats(dims, ...(c.range ?? [-1, 1])) }));
	const done = await run(folder, c.reference ? model(c.reference) : bytes, inputs);
	return { name: c.name, model: file, size: c.to ?? [0, 0], tolerance: c.tolerance ?? 1e-4, ...done };
}

// An RGB image as the network takes it, shrunk by picking pixels.
function prepare(image, r) {
	const [h, w] = r.size, data = new Float32Array(3 * h * w);
	for (let c = 0; c < 3; c++)
		for (let y = 0; y < h; y++)
			for (let x = 0; x < w; x++) {
				const from = image.data[(Math.floor(y * image.height / h) * image.width + Math.floor(x * image.width / w)) * 4 + (r.bgr ? 2 - c : c)];
				data[(c * h + y) * w + x] = r.mean ? (from / 255 - r.mean[c]) / r.std[c] : from;
			}
	return { dims: [1, 3, h, w], data };
}

// A part of an image: x, y, width, height as shares.
function crop(image, [x, y, w, h]) {
	const left = Math.floor(x * image.width), top = Math.floor(y * image.height);
	const width = Math.floor(w * image.width), height = Math.floor(h * image.height), data = new Uint8Array(width * height * 4);
	for (let row = 0; row < height; row++) {
		const at = ((top + row) * image.width + left) * 4;
		data.set(image.data.subarray(at, at + width * 4), row * width * 4);
	}
	return { width, height, data };
}

async function whole(folder, r, photos) {
	const dims = [1, 3, ...r.size], range = r.mean ? [-2, 2] : [0, 255];
	const inputs = [{ name: 'random', dims, data: floats(dims, ...range) }];
	photos.forEach((p, i) => inputs.push({ name: `photo ${i + 1}`, ...prepare(p, r) }));
	photos.slice(0, 2).forEach((p, i) => inputs.push({ name: `part of photo ${i + 1}`, ...prepare(crop(p, [0.3, 0.1, 0.3, 0.4]), r) }));
	const done = [];
	for (const x of inputs)
		done.push({ name: `${r.file} ${r.size[1]}x${r.size[0]}, ${x.name}`, real: r.file, size: r.size, tolerance: 1e-3, ...await run(folder, join(options.models, r.reference ?? r.file), [x]) });
	return done;
}

const index = join(options.out, 'index.json');
const version = stamp();
if (!existsSync(index) || JSON.parse(readFileSync(index)).stamp !== version) {
	const folder = `${options.out}.new`, done = [];
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	for (const c of cases) {
		try {
			done.push(await small(folder, c));
		} catch (error) {
			throw new Error(`${c.name}: ${error.message}`);
		}
	}
	const photos = [1, 2, 3].map((n) => join(options.samples ?? '', `sample${n}.jpg`)).filter((p) => existsSync(p)).map((p) => jpeg.decode(readFileSync(p), { useTArray: true }));
	for (const r of present) done.push(...await whole(folder, r, photos));
	const refused = wrong.map(({ name, bytes, code, reason, size = [0, 0] }) => {
		const file = `${String(files++).padStart(4, '0')}.onnx`;
		writeFileSync(join(folder, file), bytes);
		return { name, model: file, code, reason, size };
	});
	writeFileSync(join(folder, 'index.json'), JSON.stringify({ format: 1, stamp: version, cases: done, wrong: refused }));
	rmSync(options.out, { recursive: true, force: true });
	renameSync(folder, options.out);
}
console.log(`${JSON.parse(readFileSync(index)).cases.length} cases in ${options.out}`);
