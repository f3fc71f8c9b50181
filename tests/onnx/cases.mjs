// SPDX-License-Identifier: MIT
import { model } from './encode.mjs';

// Small networks, every operator that the loader knows with several attributes and opsets.
// Each is (opset, input dims or several, what to build, options): see net().

let seed = 1;
export function random() {
	seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
	return seed / 2 ** 32;
}
export const floats = (dims, low = -1, high = 1) =>
	Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => low + (high - low) * random());

class Builder {
	constructor(opset, inputs) {
		Object.assign(this, { opset, inputs, nodes: [], weights: {}, outputs: [] });
	}
	w(dims, low, high) {
		const name = `w${Object.keys(this.weights).length}`;
		this.weights[name] = { dims, data: floats(dims, low, high) };
		return name;
	}
	c(data, dims = [data.length], type = 'float', lists = false) {
		const name = `w${Object.keys(this.weights).length}`;
		this.weights[name] = { dims, data, type, lists };
		return name;
	}
	i64(data, dims = [data.length]) {
		return this.c(data, dims, 'int64');
	}
	op(op, inputs, attributes = {}, outputs = 1) {
		const at = this.nodes.length;
		const names = Array.from({ length: outputs }, (_, k) => `t${at}_${k}`);
		this.nodes.push({ op, inputs, attributes, outputs: names, name: `${op}_${at}` });
		return outputs === 1 ? names[0] : names;
	}
	conv(x, o, i, k = 3, attributes = {}) {
		return this.op('Conv', [x, this.w([o, i, k, k]), this.w([o])], { kernel_shape: [k, k], ...attributes });
	}
}

export const cases = [];

// `dims` of input x (and y, z); build(b, x, ...) gives the output or outputs. Options: `to`,
// the size that our loader is asked for instead of the file's; `tolerance`; `range`.
function net(name, opset, dims, build, options = {}) {
	for (const version of [opset].flat()) {
		const many = Array.isArray(dims[0]) ? dims : [dims];
		const make = (size) => {
			seed = 7;
			const inputs = Object.fromEntries(many.map((d, k) =>
				['xyz'[k], size && d.length === 4 ? [d[0], d[1], ...size] : d]));
			const b = new Builder(version, inputs);
			b.outputs = [build(b, ...Object.keys(inputs))].flat();
			return b;
		};
		cases.push({ name: [opset].flat().length > 1 ? `${name}, opset ${version}` : name, file: make(), reference: options.to ? make(options.to) : null, ...options });
	}
}

const image = [1, 6, 9, 11];

// --- convolutions
net('conv 3x3', 11, image, (b, x) => b.conv(x, 5, 6));
net('conv without bias', 7, image, (b, x) => b.op('Conv', [x, b.w([4, 6, 3, 3])]));
net('conv 1x1 stride 2', 11, image, (b, x) => b.conv(x, 7, 6, 1, { strides: [2, 2] }));
net('conv pads', 11, image, (b, x) => b.conv(x, 5, 6, 3, { pads: [1, 0, 2, 1], strides: [2, 1] }));
net('conv wide pads', 11, image, (b, x) => b.conv(x, 5, 6, 3, { pads: [3, 4, 5, 3] }));
net('conv dilation', 11, image, (b, x) => b.conv(x, 5, 6, 3, { dilations: [2, 3], pads: [2, 3, 2, 3] }));
net('conv groups', 11, image, (b, x) => b.op('Conv', [x, b.w([4, 3, 3, 3]), b.w([4])], { group: 2, pads: [1, 1, 1, 1] }));
net('conv three groups', 13, image, (b, x) => b.op('Conv', [x, b.w([9, 2, 1, 1])], { group: 3 }));
net('depthwise', 11, image, (b, x) => b.op('Conv', [x, b.w([6, 1, 3, 3]), b.w([6])], { group: 6, pads: [1, 1, 1, 1] }));
net('depthwise 5x5 stride 2', 11, image, (b, x) => b.op('Conv', [x, b.w([6, 1, 5, 5])], { group: 6, pads: [2, 2, 2, 2], strides: [2, 2] }));
net('depthwise multiplier', 11, image, (b, x) => b.op('Conv', [x, b.w([12, 1, 3, 3]), b.w([12])], { group: 6 }));
net('conv of one channel', 11, [1, 1, 8, 8], (b, x) => b.conv(x, 1, 1, 3, { pads: [1, 1, 1, 1] }));
net('conv 1x3', 11, image, (b, x) => b.op('Conv', [x, b.w([4, 6, 1, 3])], { kernel_shape: [1, 3], pads: [0, 1, 0, 1] }));
for (const auto_pad of ['SAME_UPPER', 'SAME_LOWER', 'VALID', 'NOTSET'])
	net(`conv ${auto_pad}`, 11, image, (b, x) => b.conv(x, 4, 6, 4, { auto_pad, strides: [2, 2] }));

// --- what is folded into convolutions
const norm = (b, x, c, attributes = {}) => b.op('BatchNormalization', [x, b.w([c], 0.5, 2), b.w([c]), b.w([c]), b.w([c], 0.1, 3)], attributes);
net('conv and batch norm', [7, 9, 14, 15], image, (b, x) => norm(b, b.conv(x, 5, 6), 5, { epsilon: { f: 1e-3 } }));
net('depthwise and batch norm', 11, image, (b, x) => norm(b, b.op('Conv', [x, b.w([6, 1, 3, 3]), b.w([6])], { group: 6 }), 6));
net('conv, batch norm twice, relu', 11, image, (b, x) => b.op('Relu', [norm(b, norm(b, b.conv(x, 5, 6), 5), 5)]));
net('batch norm before conv', 11, image, (b, x) => b.conv(norm(b, x, 6), 5, 6));
net('batch norm before padded conv', 11, image, (b, x) => b.conv(norm(b, x, 6), 5, 6, 3, { pads: [1, 1, 1, 1] }));
net('batch norm before groups', 11, image, (b, x) => b.op('Conv', [norm(b, x, 6), b.w([4, 3, 3, 3]), b.w([4])], { group: 2 }));
net('batch norm before depthwise', 11, image, (b, x) => b.op('Conv', [norm(b, x, 6), b.w([6, 1, 3, 3])], { group: 6 }));
net('scale before padded conv', 11, image, (b, x) => b.conv(b.op('Mul', [x, b.w([6, 1, 1])]), 5, 6, 3, { pads: [1, 1, 1, 1] }));
net('batch norm alone', 11, image, (b, x) => norm(b, x, 6));
net('batch norm of a row', 11, [1, 12], (b, x) => norm(b, x, 12));
net('batch norm of three dimensions', 11, [1, 6, 7], (b, x) => norm(b, x, 6));
net('batch norm of a conv used twice', 11, image, (b, x) => { const y = b.conv(x, 6, 6); return b.op('Add', [norm(b, y, 6), y]); });
net('conv, mul, add', 11, image, (b, x) => b.op('Add', [b.op('Mul', [b.conv(x, 5, 6), b.w([5, 1, 1])]), b.w([1, 5, 1, 1])]));
net('conv, sub, div', 11, image, (b, x) => b.op('Div', [b.op('Sub', [b.conv(x, 5, 6), b.w([5, 1, 1])]), b.w([1, 5, 1, 1], 1, 2)]));
net('constant minus conv', 11, image, (b, x) => b.op('Sub', [b.w([5, 1, 1]), b.conv(x, 5, 6)]));
net('conv and clip', 11, image, (b, x) => b.op('Clip', [b.conv(x, 5, 6), b.c([-0.5], []), b.c([0.75], [])]));
net('relu, then clip', 11, image, (b, x) => b.op('Clip', [b.op('Relu', [b.conv(x, 5, 6)]), b.c([0.2], []), b.c([0.75], [])]));
net('scale after relu', 11, image, (b, x) => b.op('Mul', [b.op('Relu', [b.conv(x, 5, 6)]), b.w([5, 1, 1])]));
net('a convolution that is an output too', 11, image, (b, x) => { const y = b.conv(x, 5, 6); return [y, b.op('Relu', [y]), b.op('Sigmoid', [y])]; });

// --- chains that are done row by row, and what may follow a convolution
const wide = [1, 16, 48, 96];
const same3 = { pads: [1, 1, 1, 1] };
const depth = (b, x, c, attributes = same3) => b.op('Conv', [x, b.w([c, 1, 3, 3]), b.w([c])], { group: c, ...attributes });
net('chain: point, depth', 11, wide, (b, x) => b.op('Relu', [depth(b, b.conv(x, 24, 16, 1), 24)]));
net('chain: conv, point, depth, pool', 11, wide, (b, x) => {
	const y = depth(b, b.conv(b.op('Relu', [b.conv(x, 24, 16, 3, { ...same3 })]), 32, 24, 1), 32);
	return b.conv(b.op('MaxPool', [b.op('Relu', [y])], { kernel_shape: [2, 2], strides: [2, 2] }), 5, 32, 1);
});
net('chain: stride 2 and odd sizes', 11, [1, 16, 55, 91], (b, x) => depth(b, depth(b, b.conv(x, 37, 16, 1), 37, { pads: [1, 1, 1, 1], strides: [2, 2] }), 37));
net('chain: pads on one side', 11, wide, (b, x) => b.conv(b.conv(x, 32, 16, 3, { pads: [2, 0, 0, 1] }), 7, 32, 3, { pads: [0, 2, 1, 0], strides: [2, 1] }));
net('chain: an inner result is an output', 11, wide, (b, x) => { const y = b.conv(x, 24, 16, 1); return [depth(b, y, 24), y]; });
net('chain: prelu between', 11, wide, (b, x) => b.op('PRelu', [depth(b, b.op('PRelu', [b.conv(x, 24, 16, 1), b.w([24, 1, 1])]), 24), b.w([24, 1, 1])]));
net('chain: sum at the end', 11, wide, (b, x) => { const y = b.conv(x, 24, 16, 1); return b.op('Relu', [b.op('Add', [y, b.conv(depth(b, b.conv(y, 40, 24, 1), 40), 24, 40, 1)])]); });
for (const o of [1, 4, 15, 16, 17, 31, 32, 33, 48, 50]) {
	net(`${o} channels`, 11, [1, o, 6, 17], (b, x) => b.conv(depth(b, b.conv(x, o, o, 3, same3), o), o, o, 1));
	net(`${o} pixels a line`, 11, [1, 3, 5, o], (b, x) => b.conv(depth(b, b.conv(x, 20, 3, 3, same3), 20), 33, 20, 1));
}
net('depthwise 7x7 of all', 11, [1, 20, 7, 7], (b, x) => b.op('Conv', [x, b.w([20, 1, 7, 7])], { group: 20 }));
net('depthwise stride 3', 11, [1, 20, 11, 11], (b, x) => b.op('Conv', [x, b.w([20, 1, 3, 3])], { group: 20, strides: [3, 3] }));
net('conv 5x5 stride 3', 11, [1, 5, 23, 27], (b, x) => b.conv(x, 18, 5, 5, { strides: [3, 3], pads: [2, 2, 2, 2] }));
net('conv 1x1 stride 3', 11, [1, 5, 23, 27], (b, x) => b.conv(x, 18, 5, 1, { strides: [3, 3] }));
net('conv 17x1', 11, [1, 2, 33, 5], (b, x) => b.op('Conv', [x, b.w([3, 2, 17, 1])]));
net('conv and sum of something small', 11, image, (b, x) => b.op('Add', [b.conv(x, 5, 6, 1), b.w([1, 5, 1, 1])]));
net('conv and sum, swapped', 11, image, (b, x) => b.op('Add', [b.conv(x, 6, 6, 1), b.op('Sigmoid', [x])]));
net('conv and sum with its input', 11, image, (b, x) => b.op('Add', [x, b.conv(x, 6, 6, 3, same3)]));
net('sum of two convs', 11, image, (b, x) => b.op('Add', [b.conv(x, 5, 6, 1), b.conv(x, 5, 6, 3, same3)]));
net('sum of two convs, stretched', 11, image, (b, x) => b.op('Add', [b.conv(x, 5, 6, 1), b.conv(b.op('GlobalAveragePool', [x]), 5, 6, 1)]));
net('conv and leaky', 11, image, (b, x) => b.op('LeakyRelu', [b.conv(x, 19, 6)], { alpha: { f: 0.2 } }));
net('conv, relu, leaky', 11, image, (b, x) => b.op('LeakyRelu', [b.op('Clip', [b.conv(x, 19, 6), b.c([-0.3], [])])], { alpha: { f: 0.2 } }));
net('matmul of many rows', 11, [1, 100, 33], (b, x) => b.op('MatMul', [x, b.w([33, 50])]));

// --- matrices
net('gemm', [7, 9, 11, 13], [1, 12], (b, x) => b.op('Gemm', [x, b.w([12, 5]), b.w([5])]));
net('gemm turned', 11, [3, 12], (b, x) => b.op('Gemm', [x, b.w([5, 12]), b.w([1, 5])], { transB: 1, alpha: { f: 0.5 }, beta: { f: 2 } }));
net('gemm, one bias', 11, [1, 12], (b, x) => b.op('Gemm', [x, b.w([12, 5]), b.w([1])]));
net('gemm without bias and relu', 11, [1, 12], (b, x) => b.op('Relu', [b.op('Gemm', [x, b.w([12, 5])])]));
net('gemm, batch norm, gemm', 11, [1, 12], (b, x) => b.op('Gemm', [norm(b, b.op('Gemm', [x, b.w([12, 5])]), 5), b.w([5, 3])]));
net('matmul', 11, [1, 12], (b, x) => b.op('MatMul', [x, b.w([12, 5])]));
net('matmul and add', 11, [1, 7, 12], (b, x) => b.op('Add', [b.op('MatMul', [x, b.w([12, 5])]), b.w([5])]));
net('matmul of four dimensions', 11, [1, 3, 7, 12], (b, x) => b.op('MatMul', [x, b.w([12, 5])]));
net('matmul of two results', 11, [[1, 2, 5, 4], [1, 2, 4, 3]], (b, x, y) => b.op('MatMul', [x, y]));
net('matmul of two rows of results', 11, [[5, 4], [4, 3]], (b, x, y) => b.op('MatMul', [x, y]));
net('matmul, constant first', 11, [4, 3], (b, x) => b.op('MatMul', [b.w([5, 4]), x]));
net('matmul of stacks, one shared', 11, [[3, 5, 4], [4, 2]], (b, x, y) => b.op('MatMul', [x, y]));
net('flatten and gemm', 11, [1, 6, 5, 5], (b, x) => b.op('Gemm', [b.op('Flatten', [b.conv(x, 4, 6)]), b.w([36, 3])]));

// --- element by element
for (const op of ['Abs', 'Ceil', 'Floor', 'Neg', 'Sigmoid', 'Relu', 'Tanh', 'Exp', 'Softplus', 'Erf'])
	net(op, 13, image, (b, x) => b.op(op, [x]), { range: [-3, 3] });
for (const op of ['Sqrt', 'Log', 'Reciprocal'])
	net(op, 13, image, (b, x) => b.op(op, [x]), { range: [0.1, 9] });
net('HardSwish', [14, 21], image, (b, x) => b.op('HardSwish', [x]), { range: [-5, 5] });
net('HardSigmoid', 11, image, (b, x) => b.op('HardSigmoid', [x], { alpha: { f: 0.3 }, beta: { f: 0.4 } }), { range: [-5, 5] });
net('HardSigmoid as exported', 11, image, (b, x) => b.op('HardSigmoid', [x]), { range: [-5, 5] });
net('LeakyRelu', [7, 16], image, (b, x) => b.op('LeakyRelu', [x], { alpha: { f: 0.2 } }));
net('LeakyRelu, default', 11, image, (b, x) => b.op('LeakyRelu', [x]));
net('LeakyRelu, steep', 11, image, (b, x) => b.op('LeakyRelu', [x], { alpha: { f: 1.5 } }));
net('LeakyRelu, negative', 11, image, (b, x) => b.op('LeakyRelu', [x], { alpha: { f: -0.5 } }));
net('Elu', 11, image, (b, x) => b.op('Elu', [x], { alpha: { f: 0.7 } }));
net('PRelu a channel', [7, 9, 16], image, (b, x) => b.op('PRelu', [x, b.w([6, 1, 1])]));
net('PRelu one', 11, image, (b, x) => b.op('PRelu', [x, b.w([1])]));
net('PRelu a column', 11, image, (b, x) => b.op('PRelu', [x, b.w([11])]));
net('PRelu everywhere', 11, image, (b, x) => b.op('PRelu', [x, b.w([6, 9, 11])]));
net('PRelu of a row', 11, [1, 12], (b, x) => b.op('PRelu', [x, b.w([12])]));
net('Clip, attributes', [7, 10], image, (b, x) => b.op('Clip', [x], { min: { f: -0.25 }, max: { f: 0.5 } }));
net('Clip, only max', 7, image, (b, x) => b.op('Clip', [x], { max: { f: 0.5 } }));
net('Clip, inputs', [11, 13], image, (b, x) => b.op('Clip', [x, b.c([-0.25], []), b.c([0.5], [])]));
net('Clip, one input', 12, image, (b, x) => b.op('Clip', [x, '', b.c([0.5], [])]));
net('Clip, no limit', 12, image, (b, x) => b.op('Relu', [b.op('Clip', [x])]));
net('Pow 2', 13, image, (b, x) => b.op('Pow', [x, b.c([2], [])]));
net('Pow 0.5', 13, image, (b, x) => b.op('Pow', [x, b.c([0.5], [])]), { range: [0.1, 4] });

// --- two operands
const stretched = [
	[image, image], [image, [1, 6, 1, 1]], [image, [1, 1, 9, 11]], [image, [1, 1, 1, 11]], [image, [9, 1]], [[1, 6, 1, 1], [1, 1, 9, 11]],
	[image, [1]], [[1, 6, 9, 1], [1, 1, 1, 11]], [[2, 3, 4], [3, 1]], [[2, 1, 4], [3, 1]], [[1, 6, 9, 1], [1, 6, 1, 11]], [[2, 1, 3, 1, 2], [1, 4, 1, 5, 1]],
];
for (const op of ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min']) {
	stretched.forEach((dims, k) => {
		if (k > 2 && op !== 'Sub') return;
		net(`${op} of results ${dims.join(' and ')}`, 13, dims, (b, x, y) => b.op(op, [x, y]), { range: [0.5, 2] });
		net(`${op} of a constant ${dims.join(' and ')}`, 13, dims[0], (b, x) => b.op(op, [x, b.w(dims[1], 0.5, 2)]));
		net(`${op} after a constant ${dims.join(' and ')}`, 13, dims[0], (b, x) => b.op(op, [b.w(dims[1], 0.5, 2), x]), { range: [0.5, 2] });
	});
}
net('Add with relu', 7, [image, image], (b, x, y) => b.op('Relu', [b.op('Add', [x, y])]));
net('Add twice the same', 11, image, (b, x) => { const y = b.op('Sigmoid', [x]); return b.op('Add', [y, y]); });
net('Sum, Max, Min of three', 13, [image, image, [1, 6, 1, 1]], (b, x, y, z) => [b.op('Sum', [x, y, z]), b.op('Max', [x, y, z]), b.op('Min', [x, y, z])]);
net('Add of an image and its transpose', 11, [1, 4, 4, 4], (b, x) => b.op('Add', [x, b.op('Transpose', [x], { perm: [0, 3, 2, 1] })]));
net('squeeze and excite', 11, image, (b, x) => {
	const y = b.conv(x, 8, 6);
	const s = b.op('Sigmoid', [b.conv(b.op('Relu', [b.conv(b.op('GlobalAveragePool', [y]), 2, 8, 1)]), 8, 2, 1)]);
	return b.op('Add', [y, b.op('Mul', [y, s])]);
});

// --- pooling
net('MaxPool', [8, 11, 12], image, (b, x) => b.op('MaxPool', [x], { kernel_shape: [3, 2], strides: [2, 2] }));
net('MaxPool, default strides', 11, image, (b, x) => b.op('MaxPool', [x], { kernel_shape: [2, 2] }));
net('MaxPool, pads', 11, image, (b, x) => b.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }));
net('MaxPool, ceil', 11, image, (b, x) => b.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }));
net('MaxPool, ceil and pads', 11, image, (b, x) => b.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, pads: [1, 1, 0, 1] }));
net('MaxPool, dilated', 11, image, (b, x) => b.op('MaxPool', [x], { kernel_shape: [2, 2], dilations: [2, 3] }));
net('MaxPool, same', 11, image, (b, x) => b.op('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' }));
net('MaxPool of one cell', 11, image, (b, x) => b.op('MaxPool', [x], { kernel_shape: [1, 1], strides: [2, 2] }));
net('MaxPool, wide stride', 11, image, (b, x) => b.op('MaxPool', [x], { kernel_shape: [2, 2], strides: [3, 3] }));
net('AveragePool', [7, 11], image, (b, x) => b.op('AveragePool', [x], { kernel_shape: [3, 2], strides: [2, 2] }));
net('AveragePool, pads', 11, image, (b, x) => b.op('AveragePool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }));
net('AveragePool, pads counted', 11, image, (b, x) => b.op('AveragePool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 1 }));
net('AveragePool, ceil', 11, image, (b, x) => b.op('AveragePool', [x], { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 }));
net('AveragePool, same', 11, image, (b, x) => b.op('AveragePool', [x], { kernel_shape: [3, 3], strides: [2, 2], auto_pad: 'SAME_LOWER' }));
net('AveragePool of all', 11, image, (b, x) => b.op('AveragePool', [x], { kernel_shape: [9, 11] }));
net('GlobalAveragePool', 7, image, (b, x) => b.op('GlobalAveragePool', [x]));
net('GlobalMaxPool', 7, image, (b, x) => b.op('GlobalMaxPool', [x]));

// --- resizing
const scales = (b, s) => (b.opset >= 11 ? ['', b.c(s)] : [b.c(s)]);
net('Upsample, attribute', 7, image, (b, x) => b.op('Upsample', [x], { mode: 'nearest', scales: { floats: [1, 1, 2, 3] } }));
net('Upsample, input', 9, image, (b, x) => b.op('Upsample', [x, b.c([1, 1, 2, 2])], { mode: 'nearest' }));
net('Upsample, linear', 9, image, (b, x) => b.op('Upsample', [x, b.c([1, 1, 2, 2])], { mode: 'linear' }));
net('Resize of opset 10', 10, image, (b, x) => b.op('Resize', [x, b.c([1, 1, 1.5, 2.5])], { mode: 'nearest' }));
for (const coordinate_transformation_mode of ['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel']) {
	const a = { coordinate_transformation_mode };
	for (const nearest_mode of ['floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil']) {
		for (const s of [[1, 1, 2, 2], [1, 1, 1.7, 2.3], [1, 1, 0.6, 0.5]])
			net(`Resize nearest ${coordinate_transformation_mode} ${nearest_mode} by ${s.slice(2)}`, 13, image, (b, x) => b.op('Resize', [x, ...scales(b, s)], { mode: 'nearest', nearest_mode, ...a }));
	}
	for (const s of [[1, 1, 2, 2], [1, 1, 1.7, 2.3], [1, 1, 0.6, 0.5]])
		net(`Resize linear ${coordinate_transformation_mode} by ${s.slice(2)}`, 13, image, (b, x) => b.op('Resize', [x, ...scales(b, s)], { mode: 'linear', ...a }));
	net(`Resize linear ${coordinate_transformation_mode} to a size`, [11, 13], image, (b, x) => b.op('Resize', [x, b.c([]), b.c([]), b.i64([1, 6, 20, 7])], { mode: 'linear', ...a }));
	net(`Resize nearest ${coordinate_transformation_mode} to a size`, 13, image, (b, x) => b.op('Resize', [x, '', '', b.i64([1, 6, 20, 7])], { mode: 'nearest', ...a }));
}
net('Resize with axes', 18, image, (b, x) => b.op('Resize', [x, '', '', b.i64([18, 22])], { mode: 'nearest', axes: [2, 3], coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }));
net('Resize to the same', 13, image, (b, x) => b.op('Relu', [b.op('Resize', [x, ...scales(b, [1, 1, 1, 1])], { mode: 'nearest' })]));
net('pyramid', 11, [1, 4, 16, 16], (b, x) => {
	const a = b.conv(x, 8, 4, 3, { strides: [2, 2], pads: [1, 1, 1, 1] }), c = b.conv(a, 8, 8, 3, { strides: [2, 2], pads: [1, 1, 1, 1] });
	const up = b.op('Resize', [c, b.c([]), b.c([1, 1, 2, 2])], { mode: 'nearest', nearest_mode: 'floor', coordinate_transformation_mode: 'asymmetric' });
	return [b.op('Relu', [b.conv(b.op('Add', [a, up]), 3, 8)]), c];
});

// --- softmax and reductions
for (const axis of [1, 2, 3, -1]) net(`Softmax along ${axis}`, [11, 13], image, (b, x) => b.op('Softmax', [x], { axis }), { range: [-4, 4] });
net('Softmax, default axis', [7, 13], image, (b, x) => b.op('Softmax', [x]));
net('Softmax of a row', 13, [1, 10], (b, x) => b.op('Softmax', [x]));
for (const op of ['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL1', 'ReduceL2', 'ReduceSumSquare', 'ReduceProd']) {
	net(`${op} of rows and columns`, 11, image, (b, x) => b.op(op, [x], { axes: [2, 3], keepdims: 0 }));
	net(`${op} along 1`, [11, 18], image, (b, x) => (b.opset < 18 ? b.op(op, [x], { axes: [1] }) : b.op(op, [x, b.i64([1])])));
	net(`${op} of all`, 13, [1, 3, 4, 2], (b, x) => b.op(op, [x]));
}
net('ReduceSum', [11, 13], image, (b, x) => (b.opset < 13 ? b.op('ReduceSum', [x], { axes: [-1], keepdims: 0 }) : b.op('ReduceSum', [x, b.i64([-1])], { keepdims: 0 })));
net('ReduceMean as pooling', [11, 18], image, (b, x) => { const y = b.conv(x, 4, 6); return b.opset < 18 ? b.op('ReduceMean', [y], { axes: [2, 3] }) : b.op('ReduceMean', [y, b.i64([2, 3])]); });
net('LpNormalization', [1, 2].map((p) => 10 + p), [3, 12], (b, x) => b.op('LpNormalization', [x], { axis: 1, p: b.opset - 10 }));
net('LpNormalization of channels', 13, image, (b, x) => b.op('LpNormalization', [x], { axis: 1 }));
net('L2 norm spelled out', 11, [1, 12], (b, x) => {
	const n = b.op('Clip', [b.op('ReduceL2', [x], { axes: [1] }), b.c([1e-12], [])]);
	return b.op('Div', [x, b.op('Expand', [n, b.op('Shape', [x])])]);
});
net('L2 norm by squares', 13, [1, 12], (b, x) => {
	const s = b.op('ReduceSum', [b.op('Mul', [x, x]), b.i64([1])]);
	return b.op('Div', [x, b.op('Sqrt', [b.op('Add', [s, b.c([1e-10], [])])])]);
});
net('L2 norm by powers', 13, image, (b, x) => {
	const y = b.op('Flatten', [b.op('GlobalAveragePool', [x])]);
	return b.op('Div', [y, b.op('Pow', [b.op('ReduceSum', [b.op('Pow', [y, b.c([2], [])]), b.i64([-1])]), b.c([0.5], [])])]);
});

// --- shapes
net('Transpose to HWC', 11, image, (b, x) => b.op('Transpose', [x], { perm: [0, 2, 3, 1] }));
net('Transpose, default', 11, [2, 3, 4], (b, x) => b.op('Transpose', [x]));
for (const perm of [[0, 1, 3, 2], [0, 3, 1, 2], [0, 2, 1, 3], [3, 2, 1, 0]])
	net(`Transpose ${perm}`, 13, image, (b, x) => b.op('Transpose', [b.op('Relu', [x])], { perm }));
net('Transpose of a constant', 11, [1, 5], (b, x) => b.op('MatMul', [x, b.op('Transpose', [b.w([4, 5])], { perm: [1, 0] })]));
net('Reshape', [7, 13, 14], image, (b, x) => b.op('Reshape', [x, b.i64([1, 6, -1])]));
net('Reshape, keep', 11, image, (b, x) => b.op('Reshape', [x, b.i64([0, 0, -1])]));
net('Reshape to five', 11, image, (b, x) => b.op('Reshape', [b.conv(x, 6, 6), b.i64([1, 2, 3, 7, 9])]));
net('Reshape rows into columns', 11, image, (b, x) => b.op('Reshape', [b.conv(x, 6, 6), b.i64([1, 6, 9, 7])]));
net('head: transpose and reshape', 11, image, (b, x) => b.op('Sigmoid', [b.op('Reshape', [b.op('Transpose', [b.conv(x, 4, 6)], { perm: [0, 2, 3, 1] }), b.i64([1, -1, 2])])]));
net('head: reshape and transpose', 11, image, (b, x) => b.op('Transpose', [b.op('Reshape', [b.conv(x, 4, 6), b.i64([1, 4, -1])])], { perm: [0, 2, 1] }));
net('head: softmax of pairs', 13, image, (b, x) => b.op('Softmax', [b.op('Reshape', [b.op('Transpose', [b.conv(x, 4, 6)], { perm: [0, 2, 3, 1] }), b.i64([1, -1, 2])])], { axis: 2 }));
net('channel shuffle', 11, image, (b, x) => {
	const y = b.op('Transpose', [b.op('Reshape', [b.conv(x, 6, 6), b.i64([1, 2, 3, 7, 9])])], { perm: [0, 2, 1, 3, 4] });
	return b.conv(b.op('Reshape', [y, b.i64([1, 6, 7, 9])]), 3, 6);
});
for (const axis of [0, 1, 2, 3, 4, -1]) net(`Flatten ${axis}`, 11, image, (b, x) => b.op('Flatten', [b.op('Relu', [x])], { axis }));
net('Squeeze', [11, 13], [1, 6, 1, 1], (b, x) => { const y = b.conv(x, 4, 6, 1); return b.opset < 13 ? b.op('Squeeze', [y], { axes: [2, 3] }) : b.op('Squeeze', [y, b.i64([-1, -2])]); });
net('Squeeze all', 11, [1, 6, 1, 5], (b, x) => b.op('Squeeze', [b.op('Relu', [x])]));
net('Unsqueeze', [11, 13], [1, 6], (b, x) => { const y = b.op('Relu', [x]); return b.opset < 13 ? b.op('Unsqueeze', [y], { axes: [2, 3] }) : b.op('Unsqueeze', [y, b.i64([0, -1])]); });
net('row to image and conv', 11, [1, 24], (b, x) => b.conv(b.op('Reshape', [x, b.i64([1, 2, 3, 4])]), 5, 2, 2));
net('Identity and Dropout', [11, 13], image, (b, x) => b.op('Dropout', [b.op('Identity', [b.op('Relu', [x])])]));
net('Cast', 13, image, (b, x) => b.op('Cast', [b.op('Relu', [x])], { to: 1 }));
net('input as output', 13, image, (b, x) => b.op('Identity', [x]));
net('two names of one output', 13, image, (b, x) => { const y = b.op('Relu', [x]); return [y, b.op('Identity', [y])]; });

for (const axis of [1, 2, 3]) {
	net(`Concat along ${axis}`, 11, [image, image], (b, x, y) => b.op('Concat', [b.op('Relu', [x]), y, b.w(image)], { axis }));
	net(`Split along ${axis}`, [11, 13, 18], [1, 6, 12, 8], (b, x) => b.op('Split', [b.op('Relu', [x])], b.opset < 18 ? { axis } : { axis, num_outputs: 2 }, 2));
}
net('Concat of images of different orders', 11, [[1, 4, 5, 5], [1, 5, 5, 4]], (b, x, y) => b.op('Concat', [x, b.op('Transpose', [y], { perm: [0, 3, 1, 2] })], { axis: 1 }));
net('Concat of one', 11, image, (b, x) => b.op('Relu', [b.op('Concat', [x], { axis: 1 })]));
net('Split in sizes', [11, 13], image, (b, x) => (b.opset < 13 ? b.op('Split', [x], { axis: 1, split: [1, 3, 2] }, 3) : b.op('Split', [x, b.i64([1, 3, 2])], { axis: 1 }, 3)));
net('split, work, concat', 13, image, (b, x) => {
	const [p, q] = b.op('Split', [b.conv(x, 8, 6)], { axis: 1 }, 2);
	return b.conv(b.op('Concat', [p, b.op('Relu', [b.conv(q, 4, 4, 1)])], { axis: 1 }), 3, 8, 1);
});
net('Slice, attributes', 9, image, (b, x) => b.op('Slice', [x], { starts: [1, 2], ends: [5, 100], axes: [1, 3] }));
net('Slice, inputs', [10, 13], image, (b, x) => b.op('Slice', [b.op('Relu', [x]), b.i64([0, 1]), b.i64([-1, 9223372036854775807n]), b.i64([2, -1]), b.i64([2, 3])]));
net('Slice backwards', 13, image, (b, x) => b.op('Slice', [x, b.i64([-1]), b.i64([-9223372036854775807n]), b.i64([3]), b.i64([-1])]));
net('Slice of everything', 13, image, (b, x) => b.op('Relu', [b.op('Slice', [x, b.i64([0]), b.i64([100]), b.i64([1])])]));
net('focus', 11, [1, 3, 8, 8], (b, x) => {
	const part = (r, c) => b.op('Slice', [b.op('Slice', [x, b.i64([r]), b.i64([1000]), b.i64([2]), b.i64([2])]), b.i64([c]), b.i64([1000]), b.i64([3]), b.i64([2])]);
	return b.conv(b.op('Concat', [part(0, 0), part(1, 0), part(0, 1), part(1, 1)], { axis: 1 }), 4, 12);
});
net('Gather of one', 11, image, (b, x) => b.op('Gather', [x, b.i64([2], [])], { axis: 1 }));
net('Gather of several', 13, image, (b, x) => b.op('Gather', [b.op('Relu', [x]), b.i64([3, -1, 0, 3])], { axis: 2 }));
net('Expand', 13, [1, 6, 1, 1], (b, x) => b.op('Expand', [x, b.i64([1, 6, 3, 4])]));
net('Expand to more dimensions', 13, [3, 1], (b, x) => b.op('Expand', [x, b.i64([2, 3, 4])]));
for (const opset of [9, 11, 13, 18]) {
	const pad = (b, x, pads, attributes = {}, value = []) => (b.opset < 11 ? b.op('Pad', [x], { pads, ...attributes }) : b.op('Pad', [x, b.i64(pads), ...value], attributes));
	net(`Pad, opset ${opset}`, opset, image, (b, x) => pad(b, x, [0, 0, 1, 2, 0, 0, 3, 0]));
	net(`Pad channels, opset ${opset}`, opset, image, (b, x) => pad(b, x, [0, 1, 0, 0, 0, 2, 0, 0]));
	net(`Pad reflected, opset ${opset}`, opset, image, (b, x) => pad(b, x, [0, 0, 1, 2, 0, 0, 3, 0], { mode: 'reflect' }));
	net(`Pad with the edge, opset ${opset}`, opset, image, (b, x) => pad(b, x, [0, 0, 1, 2, 0, 0, 3, 1], { mode: 'edge' }));
}
net('Pad with a value', 11, image, (b, x) => b.op('Pad', [x, b.i64([0, 0, 1, 2, 0, 0, 3, 0]), b.c([1.5], [])]));
net('Pad some axes', 18, image, (b, x) => b.op('Pad', [x, b.i64([1, 2, 3, 4]), '', b.i64([2, -1])]));
net('Pad a row', 13, [1, 12], (b, x) => b.op('Pad', [x, b.i64([0, 1, 0, 2])]));
net('pad, then conv', 11, image, (b, x) => b.conv(b.op('Pad', [x, b.i64([0, 0, 1, 1, 0, 0, 1, 1])]), 4, 6));
net('DepthToSpace', [11, 13], [1, 8, 3, 5], (b, x) => b.op('DepthToSpace', [b.op('Relu', [x])], { blocksize: 2 }));
net('DepthToSpace, columns', 13, [1, 8, 3, 5], (b, x) => b.op('DepthToSpace', [x], { blocksize: 2, mode: 'CRD' }));
net('SpaceToDepth', 13, [1, 3, 4, 6], (b, x) => b.op('SpaceToDepth', [x], { blocksize: 2 }));

// --- arithmetic on shapes and constants
const rest = (b, x, last) => {
	const batch = b.op('Gather', [b.op('Shape', [x]), b.i64([0], [])], { axis: 0 });
	const first = b.opset < 13 ? b.op('Unsqueeze', [batch], { axes: [0] }) : b.op('Unsqueeze', [batch, b.i64([0])]);
	return b.op('Concat', [first, b.i64([-1]), b.i64([last])], { axis: 0 });
};
net('shape arithmetic: reshape', [11, 13], image, (b, x) => { const y = b.conv(x, 4, 6); return b.op('Reshape', [y, rest(b, y, 2)]); });
net('shape arithmetic: resize to another result', 13, [[1, 2, 9, 11], [1, 3, 4, 5]], (b, x, y) => {
	const hw = b.op('Slice', [b.op('Shape', [x]), b.i64([2]), b.i64([4]), b.i64([0])]);
	const c = b.op('Slice', [b.op('Shape', [y]), b.i64([0]), b.i64([2]), b.i64([0])]);
	return b.op('Add', [b.op('Resize', [y, '', '', b.op('Concat', [c, hw], { axis: 0 })], { mode: 'nearest' }), b.op('ReduceMean', [x], { axes: [1] })]);
});
net('shape arithmetic: sums and casts', 13, image, (b, x) => {
	const s = b.op('Cast', [b.op('Shape', [x])], { to: 1 });
	const half = b.op('Cast', [b.op('Floor', [b.op('Div', [b.op('Mul', [s, b.c([1, 1, 2, 2])]), b.c([1, 1, 1, 1])])])], { to: 7 });
	return b.op('Resize', [x, '', '', half], { mode: 'nearest', nearest_mode: 'floor', coordinate_transformation_mode: 'asymmetric' });
});
net('shape arithmetic: part of a shape', 15, image, (b, x) => {
	const n = b.op('ReduceProd', [b.op('Shape', [x], { start: 2 })], { keepdims: 1 });
	return b.op('Reshape', [x, b.op('Concat', [b.i64([1, 6]), n], { axis: 0 })]);
});
net('shape arithmetic: where and equal', 13, [1, 6, 1, 1], (b, x) => {
	const want = b.i64([1, -1, 3, 4]), ones = b.op('ConstantOfShape', [b.i64([4])], { value: { tensor: { type: 'int64', dims: [1], data: [1] } } });
	return b.op('Expand', [x, b.op('Where', [b.op('Equal', [want, b.op('Mul', [ones, b.i64([-1])])]), ones, want])]);
});
net('shape arithmetic: range', 13, image, (b, x) => b.op('Gather', [x, b.op('Range', [b.i64([1], []), b.i64([6], []), b.i64([2], [])])], { axis: 1 }));
net('Constant nodes', 13, image, (b, x) => {
	const k = b.op('Constant', [], { value: { tensor: { dims: [6, 1, 1], data: [1, 2, 3, 4, 5, 6] } } });
	return b.op('Mul', [b.op('Add', [x, k]), b.op('Constant', [], { value_float: { f: 0.5 } })]);
});
net('Constants of lists', 13, image, (b, x) => {
	const dims = b.op('Constant', [], { value_ints: [1, 3, -1] });
	return b.op('Mul', [b.op('Reshape', [x, dims]), b.op('Constant', [], { value_floats: { floats: [2] } })]);
});
net('weights of other types', 13, image, (b, x) => {
	const half = b.op('Cast', [b.c([0x3c00, 0xbc00, 0x3555, 0x0001, 0x7bff, 0x8000], [6, 1, 1], 'half')], { to: 1 });
	const wide = b.op('Cast', [b.c([1, 2.5, 3, 4, 5, 6], [6, 1, 1], 'double')], { to: 1 });
	return b.op('Add', [b.op('Mul', [x, half]), b.op('Add', [wide, b.c([1, 2, 3, 4, 5, 6], [6, 1, 1], 'float', true)])]);
});
net('weights scaled while loading', 13, image, (b, x) => b.op('Conv', [x, b.op('Mul', [b.w([4, 6, 1, 1]), b.c([0.5], [])])]));

// --- another size than the file's
const to = [12, 20];
net('other size: conv and pool', 11, [1, 3, 8, 8], (b, x) => b.op('MaxPool', [b.conv(x, 4, 3, 3, { pads: [1, 1, 1, 1] })], { kernel_shape: [2, 2], strides: [2, 2] }), { to });
net('other size: open reshape', 11, [1, 3, 8, 8], (b, x) => b.op('Reshape', [b.op('Transpose', [b.conv(x, 4, 3, 1)], { perm: [0, 2, 3, 1] }), b.i64([1, -1, 2])]), { to });
net('other size: fixed reshape', 11, [1, 3, 8, 8], (b, x) => {
	const cells = b.inputs.x[2] * b.inputs.x[3];
	return b.op('Reshape', [b.op('Transpose', [b.conv(x, 4, 3, 1)], { perm: [0, 2, 3, 1] }), b.i64([1, cells * 2, 2])]);
}, { to });
net('other size: fixed reshape of rows', 11, [1, 3, 8, 8], (b, x) => {
	const cells = b.inputs.x[2] * b.inputs.x[3];
	return b.op('Transpose', [b.op('Reshape', [b.conv(x, 4, 3, 1), b.i64([1, 4, cells])])], { perm: [0, 2, 1] });
}, { to });
net('other size: fixed shuffle', 11, [1, 3, 8, 8], (b, x) => {
	const [h, w] = b.inputs.x.slice(2);
	const y = b.op('Transpose', [b.op('Reshape', [b.conv(x, 4, 3, 1), b.i64([1, 2, 2, h, w])])], { perm: [0, 2, 1, 3, 4] });
	return b.op('Reshape', [y, b.i64([1, 4, h, w])]);
}, { to });
net('other size: fixed resize', 13, [1, 3, 8, 8], (b, x) => {
	const [h, w] = b.inputs.x.slice(2);
	const small = b.conv(x, 4, 3, 2, { strides: [2, 2] });
	return b.op('Add', [b.conv(x, 4, 3, 1), b.op('Resize', [small, '', '', b.i64([1, 4, h, w])], { mode: 'nearest', nearest_mode: 'floor', coordinate_transformation_mode: 'asymmetric' })]);
}, { to });
net('other size: computed shapes', 13, [1, 3, 8, 8], (b, x) => { const y = b.conv(x, 4, 3); return b.op('Reshape', [y, rest(b, y, 2)]); }, { to });

// --- what must be refused, with the code (base/err.h) and words of the reason
const FORMAT = -3, LIMIT = -4, ARG = -7, UNSUPPORTED = -8;
export const wrong = [];

function refuse(name, code, reason, build, { opset = 13, dims = image, change = (m) => m, size } = {}) {
	const b = new Builder(opset, { x: dims });
	b.outputs = [build(b, 'x')].flat();
	wrong.push({ name, code, reason, size, bytes: model(change(b)) });
}

wrong.push({ name: 'no protobuf', code: FORMAT, reason: 'no ONNX model', bytes: Buffer.from('this is no model') });
wrong.push({ name: 'nothing at all', code: FORMAT, reason: 'no ONNX model', bytes: Buffer.alloc(0) });
refuse('an old opset', UNSUPPORTED, 'opset 6', (b, x) => b.op('Relu', [x]), { opset: 6 });
refuse('a new opset', UNSUPPORTED, 'opset 99', (b, x) => b.op('Relu', [x]), { opset: 99 });
refuse('an unknown operator', UNSUPPORTED, "NonMaxSuppression 'NonMaxSuppression_0'", (b, x) => b.op('NonMaxSuppression', [x]));
refuse('a foreign operator', UNSUPPORTED, "operators of 'com.example'", (b, x) => { const y = b.op('Relu', [x]); b.nodes[0].domain = 'com.example'; return y; });
refuse('a cycle', FORMAT, "needs 't1_0', which no node before it makes", (b, x) => { b.op('Add', [x, 't1_0']); return b.op('Relu', ['t0_0']); });
refuse('a tensor that is not there', FORMAT, "needs 'nowhere'", (b, x) => b.op('Add', [x, 'nowhere']));
refuse('an output that is not there', FORMAT, "its output 'nowhere'", (b, x) => { b.op('Relu', [x]); return 'nowhere'; });
refuse('a tensor made twice', FORMAT, "'t0_0' is made twice", (b, x) => { b.op('Relu', [x]); b.nodes.push(b.nodes[0]); return 't0_0'; });
refuse('weights that are too short', FORMAT, 'bytes instead of', (b, x) => b.op('Conv', [x, b.c([1, 2, 3], [4, 6, 3, 3])]));
refuse('weights of a negative size', LIMIT, 'a side of', (b, x) => b.op('Conv', [x, b.c([1], [4, 6, 3, -3])]));
refuse('weights of many dimensions', LIMIT, 'more than 8 dimensions', (b, x) => b.op('Add', [x, b.c([1], [1, 1, 1, 1, 1, 1, 1, 1, 1])]));
refuse('weights that are not finite', FORMAT, 'not finite', (b, x) => b.op('Conv', [x, b.c(new Array(24).fill(NaN), [4, 6, 1, 1])]));
refuse('weights in another file', UNSUPPORTED, 'lies in another file', (b, x) => { const w = b.w([4, 6, 1, 1]); b.weights[w].external = true; return b.op('Conv', [x, w]); });
refuse('channels that do not fit', FORMAT, "Conv 'Conv_0': weights of 4x5 channels", (b, x) => b.conv(x, 4, 5));
refuse('groups that do not fit', FORMAT, 'in 4 groups', (b, x) => b.op('Conv', [x, b.w([4, 6, 1, 1])], { group: 4 }));
refuse('weights that are only known later', UNSUPPORTED, 'only known when it runs', (b, x) => b.op('Conv', [x, b.op('Relu', [x])]));
refuse('a window that is too large', ARG, "Conv 'Conv_0'", (b, x) => b.conv(x, 4, 6, 12));
refuse('a stride of 0', UNSUPPORTED, 'strides of 0', (b, x) => b.conv(x, 4, 6, 3, { strides: [0, 1] }));
refuse('one dimension', UNSUPPORTED, 'kernel_shape of 1 numbers', (b, x) => b.op('MaxPool', [b.op('Reshape', [x, b.i64([1, 6, 99])])], { kernel_shape: [2] }));
refuse('shapes that do not fit', FORMAT, "Add 'Add_0': operands that do not fit (11 and 7)", (b, x) => b.op('Add', [x, b.w([7])]));
refuse('a reshape that does not come out', FORMAT, 'does not fit its input', (b, x) => b.op('Reshape', [x, b.i64([1, 7, -1])]));
refuse('an axis that is not there', FORMAT, 'axis 4 of 4', (b, x) => b.op('Softmax', [x], { axis: 4 }));
refuse('a permutation that is none', FORMAT, 'a permutation that is none', (b, x) => b.op('Transpose', [x], { perm: [0, 1, 1, 3] }));
refuse('an empty slice', UNSUPPORTED, 'nothing is left', (b, x) => b.op('Slice', [x, b.i64([3]), b.i64([3]), b.i64([2])]));
refuse('a choice beyond the end', FORMAT, 'index 6 of 6', (b, x) => b.op('Gather', [x, b.i64([6])], { axis: 1 }));
refuse('cubic resizing', UNSUPPORTED, 'neither nearest nor linear', (b, x) => b.op('Resize', [x, '', b.c([1, 1, 2, 2])], { mode: 'cubic' }));
refuse('a resize to nothing', UNSUPPORTED, 'a scale of 0.01', (b, x) => b.op('Resize', [x, '', b.c([1, 1, 0.01, 1])]));
refuse('an expansion that is too large', LIMIT, 'too large', (b, x) => b.op('Expand', [x, b.i64([1000000, 6, 9, 11])]));
refuse('limits the wrong way round', UNSUPPORTED, 'leave nothing between them', (b, x) => b.op('Clip', [x, b.c([2], []), b.c([1], [])]));
refuse('an open size', ARG, 'leaves the size', (b, x) => b.op('Relu', [x]), { dims: [1, 3, 'height', 'width'] });
refuse('a size that does not fit', ARG, 'does not take a size of 7x5', (b, x) => b.op('Add', [x, b.w([1, 6, 9, 11])]), { size: [5, 7] });
refuse('indices of the largest', UNSUPPORTED, "its output 't0_1' is not made here", (b, x) => b.op('MaxPool', [x], { kernel_shape: [2, 2] }, 2));
refuse('no input that is needed', ARG, 'no output needs', (b) => b.op('Constant', [], { value_float: { f: 1 } }));
