// SPDX-License-Identifier: MIT
// Runs the npm package @vladmandic/face-api (tfjs, wasm backend) on its own sample photos and
// writes, for each network, the exact input tensor and what the network gave for it:
//
//   node make.mjs --package FOLDER [--out FOLDER] [--models FOLDER] [--force]
//
// OUT/index.json lists the cases; tensors are raw little-endian float32 files beside it.
// Values of a case: network, photo, input {file, shape}, outputs {name: {file, shape}}.
// Does nothing when OUT is complete and neither this script, its lock file, the package nor
// its models have changed since.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const FORMAT = 1;
const MODELS = ['ssd_mobilenetv1', 'tiny_face_detector', 'face_landmark_68', 'face_recognition'];
const PHOTOS = ['sample1.jpg', 'sample3.jpg', 'sample5.jpg'];
const TINY_SIZES = [224, 416];
const FACES_PER_PHOTO = 2;

function options() {
  const { values } = parseArgs({
    options: {
      package: { type: 'string' },
      models: { type: 'string' },
      out: { type: 'string', default: path.join(here, '../../build/golden') },
      force: { type: 'boolean', default: false },
    },
  });
  if (!values.package) throw new Error('usage: node make.mjs --package FOLDER [--out FOLDER]');
  const folder = path.resolve(values.package);
  return {
    folder,
    models: values.models ? path.resolve(values.models) : path.join(folder, 'model'),
    out: path.resolve(values.out),
    force: values.force,
  };
}

/** One hash over everything that decides the result. */
function fingerprint({ folder, models }) {
  const files = [
    fileURLToPath(import.meta.url),
    path.join(here, 'package-lock.json'),
    path.join(folder, 'package.json'),
    path.join(folder, 'dist/face-api.node-wasm.js'),
    ...PHOTOS.map((name) => path.join(folder, 'demo', name)),
    ...MODELS.flatMap((name) => [`${name}_model-weights_manifest.json`, `${name}_model.bin`])
      .map((name) => path.join(models, name)),
  ];
  const hash = createHash('sha256');
  for (const file of files) hash.update(fs.readFileSync(file));
  return hash.digest('hex');
}

function upToDate(out, print) {
  try {
    const index = JSON.parse(fs.readFileSync(path.join(out, 'index.json'), 'utf8'));
    if (index.format !== FORMAT || index.fingerprint !== print) return false;
    const tensors = index.cases.flatMap((one) => [one.input, ...Object.values(one.outputs)]);
    return tensors.every(({ file, shape }) => {
      const bytes = shape.reduce((a, b) => a * b, 4);
      return fs.statSync(path.join(out, file)).size === bytes;
    });
  } catch {
    return false;
  }
}

/** The package and its tfjs; both resolved from this folder, wherever the package lies. */
async function loadPackage(folder) {
  const require = createRequire(import.meta.url);
  const Module = require('node:module');
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function fromHere(request, parent, isMain, how) {
    const ours = request.startsWith('@tensorflow/') ? { paths: [here] } : how;
    return resolve.call(this, request, parent, isMain, ours);
  };
  const wasm = require('@tensorflow/tfjs-backend-wasm');
  const dist = path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  wasm.setWasmPaths(path.join(dist, 'wasm-out') + path.sep);
  const faceapi = require(path.join(folder, 'dist/face-api.node-wasm.js'));
  Module._resolveFilename = resolve;
  await faceapi.tf.setBackend('wasm');
  await faceapi.tf.ready();
  if (faceapi.tf.getBackend() !== 'wasm') throw new Error('tfjs did not take its wasm backend');
  return faceapi;
}

async function readPhoto(tf, file) {
  const { default: jpeg } = await import('jpeg-js');
  const { width, height, data } = jpeg.decode(fs.readFileSync(file), { useTArray: true });
  const rgb = new Int32Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * 4 + c];
  }
  return tf.tensor3d(rgb, [height, width, 3], 'int32');
}

class Writer {
  constructor(folder) {
    this.folder = folder;
    this.cases = [];
  }

  tensor(name, tensor) {
    const file = `${name}.f32`;
    const values = Float32Array.from(tensor.dataSync());
    fs.writeFileSync(path.join(this.folder, file), Buffer.from(values.buffer));
    return { file, shape: tensor.shape };
  }

  add(network, photo, input, outputs) {
    const name = `${String(this.cases.length).padStart(2, '0')}-${network}`;
    const written = {};
    for (const [key, value] of Object.entries(outputs)) {
      written[key] = this.tensor(`${name}-${key}`, value);
    }
    this.cases.push({
      network, photo, input: this.tensor(`${name}-input`, input), outputs: written,
    });
  }
}

/** The batch as the package makes it, and normalised: the network's exact input. */
function batchOf(faceapi, photo, size, centred, normalise) {
  const { tf } = faceapi;
  return tf.tidy(() => {
    const batch = tf.cast(new faceapi.NetInput([photo]).toBatchTensor(size, centred), 'float32');
    return normalise(tf, batch);
  });
}

const minus = (mean) => (tf, x) => tf.div(tf.sub(x, tf.tensor1d(mean)), 255);
const NORMALISE = {
  ssd: (tf, x) => tf.sub(tf.div(x, 127.5), 1),
  tiny: minus([117.001, 114.697, 97.404]),
  face: minus([122.782, 117.001, 104.298]),
};

const cases = {
  ssd(faceapi, writer, photo, name) {
    const input = batchOf(faceapi, photo, 512, false, NORMALISE.ssd);
    const { boxes, scores } = faceapi.nets.ssdMobilenetv1.forwardInput(
      new faceapi.NetInput([photo]),
    );
    writer.add('ssd', name, input, { boxes: boxes[0], scores: scores[0] });
  },
  tiny(faceapi, writer, photo, name) {
    for (const size of TINY_SIZES) {
      const input = batchOf(faceapi, photo, size, false, NORMALISE.tiny);
      const grid = faceapi.nets.tinyFaceDetector.forwardInput(
        new faceapi.NetInput([photo]), size,
      );
      writer.add('tiny', name, input, { grid });
    }
  },
  faces(faceapi, writer, crop, name) {
    const netInput = () => new faceapi.NetInput([crop]);
    const { faceLandmark68Net: landmark, faceRecognitionNet: recognition } = faceapi.nets;
    writer.add('landmarks', name, batchOf(faceapi, crop, 112, true, NORMALISE.face), {
      points: landmark.runNet(netInput()),
      relative: landmark.forwardInput(netInput()),
    });
    writer.add('embed', name, batchOf(faceapi, crop, 150, true, NORMALISE.face), {
      descriptor: recognition.forwardInput(netInput()),
    });
  },
};

async function writePhoto(faceapi, writer, folder, name) {
  const photo = await readPhoto(faceapi.tf, path.join(folder, 'demo', name));
  cases.ssd(faceapi, writer, photo, name);
  cases.tiny(faceapi, writer, photo, name);
  const found = await faceapi.nets.ssdMobilenetv1.locateFaces(photo, { minConfidence: 0.5 });
  const boxes = found.slice(0, FACES_PER_PHOTO).map((face) => face.box);
  const crops = await faceapi.extractFaceTensors(photo, boxes);
  if (crops.length === 0) throw new Error(`the package finds no face in ${name}`);
  for (const crop of crops) cases.faces(faceapi, writer, crop, name);
}

async function main() {
  const { folder, models, out, force } = options();
  const print = fingerprint({ folder, models });
  const strange = fs.existsSync(out) && fs.readdirSync(out).length > 0
    && !fs.existsSync(path.join(out, 'index.json'));
  if (strange) throw new Error(`'${out}' holds something else, it is not replaced`);
  if (!force && upToDate(out, print)) {
    console.log(`golden: ${out} is up to date`);
    return;
  }
  const unfinished = `${out}.new`;
  fs.rmSync(unfinished, { recursive: true, force: true });
  fs.mkdirSync(unfinished, { recursive: true });
  const faceapi = await loadPackage(folder);
  const { ssdMobilenetv1, tinyFaceDetector, faceLandmark68Net, faceRecognitionNet } = faceapi.nets;
  for (const net of [ssdMobilenetv1, tinyFaceDetector, faceLandmark68Net, faceRecognitionNet]) {
    await net.loadFromDisk(models);
  }
  const writer = new Writer(unfinished);
  for (const name of PHOTOS) await writePhoto(faceapi, writer, folder, name);
  const index = {
    format: FORMAT, fingerprint: print, package: faceapi.version, cases: writer.cases,
  };
  fs.writeFileSync(path.join(unfinished, 'index.json'), `${JSON.stringify(index, null, 1)}\n`);
  fs.rmSync(out, { recursive: true, force: true });
  fs.renameSync(unfinished, out);
  console.log(`golden: ${writer.cases.length} cases written to ${out}`);
}

main().catch((error) => {
  console.error(`golden: ${error.message}`);
  process.exitCode = 1;
});
