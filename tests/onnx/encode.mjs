// SPDX-License-Identifier: MIT
// Writes small ONNX files: the protobuf wire format (protobuf.dev/programming-guides/encoding)
// of the messages in onnx.proto of the ONNX project, field numbers from there.

function varint(n) {
	const bytes = [];
	let x = BigInt.asUintN(64, BigInt(n));
	do {
		bytes.push(Number(x & 127n) | (x > 127n ? 128 : 0));
		x >>= 7n;
	} while (x > 0n);
	return Buffer.from(bytes);
}

const field = (number, type, ...parts) => Buffer.concat([varint((number << 3) | type), ...parts]);
const bytes = (number, data) => {
	const body = typeof data === 'string' ? Buffer.from(data) : data;
	return field(number, 2, varint(body.length), body);
};
const int = (number, value) => field(number, 0, varint(value));
const float = (number, value) => {
	const b = Buffer.alloc(4);
	b.writeFloatLE(value);
	return field(number, 5, b);
};

const types = { float: 1, int32: 6, int64: 7, bool: 9, half: 10, double: 11 };

// { type, dims, data } to a TensorProto. `lists` writes typed lists instead of raw bytes.
// `external` says that the data is elsewhere.
export function tensor({ type = 'float', dims, data, lists = false, external = false }, name = '') {
	const head = [...dims.map((d) => int(1, d)), int(2, types[type]), bytes(8, name)];
	if (external) return Buffer.concat([...head, bytes(13, bytes(1, 'location')), int(14, 1)]);
	if (lists && type === 'float') return Buffer.concat([...head, bytes(4, Buffer.from(new Float32Array(data).buffer))]);
	if (lists) return Buffer.concat([...head, bytes(type === 'int64' ? 7 : 5, Buffer.concat(data.map(varint)))]);
	const arrays = { float: Float32Array, int32: Int32Array, double: Float64Array, half: Uint16Array, bool: Uint8Array };
	const raw = type === 'int64' ? BigInt64Array.from(data, BigInt) : arrays[type].from(data);
	return Buffer.concat([...head, bytes(9, Buffer.from(raw.buffer))]);
}

// 3 is an int, {f: 3} a float, 'x' text, [1, 2] ints, {floats: []}, {tensor}.
function attribute(name, value) {
	const type = (n) => int(20, n);
	const body = (() => {
		if (typeof value === 'number') return [int(3, value), type(2)];
		if (typeof value === 'string') return [bytes(4, value), type(3)];
		if (Array.isArray(value)) return [...value.map((v) => int(8, v)), type(7)];
		if (value.f !== undefined) return [float(2, value.f), type(1)];
		if (value.floats) return [...value.floats.map((v) => float(7, v)), type(6)];
		return [bytes(5, tensor(value.tensor)), type(4)];
	})();
	return Buffer.concat([bytes(1, name), ...body]);
}

const node = (n) => Buffer.concat([
	...n.inputs.map((x) => bytes(1, x)), ...n.outputs.map((x) => bytes(2, x)), bytes(3, n.name), bytes(4, n.op),
	...Object.entries(n.attributes).map(([k, v]) => bytes(5, attribute(k, v))),
	...(n.domain ? [bytes(7, n.domain)] : []),
]);

const port = (name, dims) => Buffer.concat([bytes(1, name), bytes(2, bytes(1, Buffer.concat([
	int(1, 1), ...(dims ? [bytes(2, Buffer.concat(dims.map((d) => bytes(1, typeof d === 'string' ? bytes(2, d) : int(1, d)))))] : []),
])))]);

// { opset, ir, nodes, weights: {name: tensor}, inputs: {name: dims}, outputs: [name] }
export function model(m) {
	const graph = Buffer.concat([
		...m.nodes.map((n) => bytes(1, node(n))), bytes(2, 'test'),
		...Object.entries(m.weights).map(([name, t]) => bytes(5, tensor(t, name))),
		...Object.entries(m.inputs).map(([name, dims]) => bytes(11, port(name, dims))),
		...m.outputs.map((name) => bytes(12, port(name))),
	]);
	return Buffer.concat([int(1, m.ir ?? 8), bytes(7, graph), bytes(8, Buffer.concat([bytes(1, ''), int(2, m.opset)]))]);
}
