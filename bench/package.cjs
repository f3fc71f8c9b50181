// SPDX-License-Identifier: MIT
// The npm package's side of the comparison, a process of its own: for each photo it is sent,
// it answers with the milliseconds of every stage, as the package does them (tfjs, wasm).
// One thread. Uses the same node modules and the same weights as the golden tests.
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const jpeg = require('jpeg-js');
const tf = require('@tensorflow/tfjs');
const wasm = require('@tensorflow/tfjs-backend-wasm');

const [folder, models] = process.argv.slice(2);

async function open() {
	wasm.setWasmPaths(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm')) + '/');
	wasm.setThreadsCount(1);
	await tf.setBackend('wasm');
	await tf.ready();
	const faceapi = require(path.join(folder, 'dist/face-api.node-wasm.js'));
	await faceapi.nets.ssdMobilenetv1.loadFromDisk(models);
	await faceapi.nets.faceLandmark68Net.loadFromDisk(models);
	await faceapi.nets.faceRecognitionNet.loadFromDisk(models);
	return faceapi;
}

// The same steps as detectAllFaces().withFaceLandmarks().withFaceDescriptors(), one by one.
async function run(faceapi, file) {
	const at = [performance.now()];
	const image = jpeg.decode(fs.readFileSync(file), { useTArray: true, formatAsRGBA: false });
	const input = tf.tensor3d(image.data, [image.height, image.width, 3], 'int32');
	at.push(performance.now());
	const options = new faceapi.SsdMobilenetv1Options({ minConfidence: 0.5, maxResults: 100 });
	const detections = await faceapi.detectAllFaces(input, options);
	at.push(performance.now());
	const crops = await faceapi.extractFaceTensors(input, detections);
	const faces = [];
	for (const [i, crop] of crops.entries()) {
		const landmarks = await faceapi.nets.faceLandmark68Net.detectLandmarks(crop);
		faces.push(faceapi.extendWithFaceLandmarks({ detection: detections[i] }, landmarks));
	}
	at.push(performance.now());
	const chips = await faceapi.extractFaceTensors(input, faces.map((face) => face.alignedRect));
	for (const chip of chips) await faceapi.nets.faceRecognitionNet.computeFaceDescriptor(chip);
	at.push(performance.now());
	tf.dispose([input, ...crops, ...chips]);
	const ms = Object.fromEntries(['decode', 'detect', 'landmarks', 'embed'].map((stage, i) => [stage, at[i + 1] - at[i]]));
	return { faces: faces.length, ms };
}

open().then((faceapi) => {
	process.on('message', (file) => {
		run(faceapi, file).then((result) => process.send(result), (error) => process.send({ error: String(error) }));
	});
	process.send({ ready: true });
}, (error) => process.send({ error: String(error) }));
