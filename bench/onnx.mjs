// SPDX-License-Identifier: MIT
// Our ONNX networks against onnxruntime on one thread: both in turns in the same run, so that
// whatever else the machine does hits both. Needs build/bench/onnx_run and the packages of
// tests/onnx:  node bench/onnx.mjs [FOLDER]   (default $ROLLCALL_ONNX_MODELS, ../shared/models)
// Prints medians of ROUNDS (20) rounds of 10 runs each, the ratio of ours to theirs, and what
// share of it is arithmetic.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const ort = createRequire(join(root, 'tests/onnx/make.mjs'))('onnxruntime-node');
const folder = process.argv[2] ?? process.env.ROLLCALL_ONNX_MODELS ?? join(root, '../shared/models');
const rounds = +(process.env.ROUNDS ?? 20), runs = 10;

// The last number is theirs: a file that takes this size by itself.
const networks = [
	['face_detection_yunet_2023mar.onnx', 640, 640],
	['yunet_s_dynamic.onnx', 480, 640],
	['face_detection_yunet_2023mar.onnx', 320, 320, 'yunet_s_dynamic.onnx'],
	['MobileFaceNet.onnx', 112, 112],
	['2.7_80x80_MiniFASNetV2.onnx', 80, 80],
	['4_0_0_80x80_MiniFASNetV1SE.onnx', 80, 80],
].filter(([file]) => existsSync(join(folder, file)));

const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

// Our side, one question a line.
function ours(file, height, width) {
	const child = spawn(join(root, 'build/bench/onnx_run'), [join(folder, file), height, width], { stdio: ['pipe', 'pipe', 'inherit'] });
	const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
	const ask = async (question) => {
		child.stdin.write(`${question}\n`);
		const { value, done } = await lines.next();
		if (done) throw new Error(`onnx_run ended: ${file}`);
		return value;
	};
	return { ask, end: () => child.stdin.end() };
}

async function compare([file, height, width, theirs = file]) {
	const session = await ort.InferenceSession.create(join(folder, theirs), { intraOpNumThreads: 1, interOpNumThreads: 1 });
	const data = new Float32Array(3 * height * width).map((_, i) => (i * 7919) % 256);
	const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', data, [1, 3, height, width]) };
	const mine = ours(file, height, width), we = [], they = [];
	await session.run(feeds);
	for (let round = 0; round < rounds; round++) {
		we.push(...(await mine.ask(`time ${runs}`)).split(' ').map(Number));
		for (let i = 0; i < runs; i++) {
			const start = performance.now();
			await session.run(feeds);
			they.push(performance.now() - start);
		}
	}
	const flops = +(await mine.ask('flops'));
	mine.end();
	await session.release();
	const a = median(we), b = median(they);
	console.log(`${`${file} ${width}x${height}`.padEnd(44)} ${a.toFixed(2).padStart(7)} ms  ${b.toFixed(2).padStart(7)} ms  ${(a / b).toFixed(2)}  ${(flops / a / 1e6).toFixed(0).padStart(4)} GFLOP/s`);
}

if (!networks.length) console.log(`no ONNX models in ${folder}: nothing to compare with onnxruntime`);
else console.log(`${'network'.padEnd(44)}      ours   onnxruntime  ratio`);
for (const network of networks) await compare(network);
