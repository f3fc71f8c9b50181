// SPDX-License-Identifier: MIT
// A WebSocket client of text messages that keeps what comes, and the close code.
import { randomBytes } from 'node:crypto';
import { connect as open } from 'node:net';

function frame(opcode, bytes) {
  const mask = randomBytes(4), long = bytes.length > 125;
  const head = Buffer.from([0x80 | opcode, 0x80 | (long ? 126 : bytes.length), ...(long ? [bytes.length >> 8, bytes.length & 255] : [])]);
  return Buffer.concat([head, mask, bytes.map((byte, i) => byte ^ mask[i & 3])]);
}

/** Takes one frame off the bytes: {opcode, data, left}, or null when it is not there as a whole. */
function unframe(bytes) {
  if (bytes.length < 2) return null;
  const kind = bytes[1] & 127, head = kind === 126 ? 4 : kind === 127 ? 10 : 2;
  if (bytes.length < head) return null;
  const len = kind === 126 ? bytes.readUInt16BE(2) : kind === 127 ? Number(bytes.readBigUInt64BE(2)) : kind;
  if (bytes.length < head + len) return null;
  return { opcode: bytes[0] & 15, data: bytes.subarray(head, head + len), left: bytes.subarray(head + len) };
}

export async function connect(base, path, headers = {}) {
  const { hostname, port, host } = new URL(base);
  const socket = open(Number(port), hostname), waiting = [], messages = [];
  let left = Buffer.alloc(0), upgraded, refused, gone;
  const ready = new Promise((resolve, reject) => { upgraded = resolve; refused = reject; });
  const closed = new Promise((resolve) => { gone = resolve; });
  const hand = (text) => (waiting.length ? waiting.shift()(text) : messages.push(text));
  let shaken = false, code = 1006;
  socket.on('data', (part) => {
    left = Buffer.concat([left, part]);
    if (!shaken) {
      const at = left.indexOf('\r\n\r\n');
      if (at < 0) return;
      const status = left.toString('latin1', 9, 12);
      if (status !== '101') { refused(new Error(status)); return void socket.destroy(); }
      shaken = true;
      left = left.subarray(at + 4);
      upgraded();
    }
    for (let one = unframe(left); one; one = unframe(left)) {
      left = one.left;
      if (one.opcode === 1) hand(one.data.toString());
      else if (one.opcode === 8) { code = one.data.length >= 2 ? one.data.readUInt16BE(0) : 1005; socket.end(frame(8, one.data)); }
      else if (one.opcode === 9) socket.write(frame(10, one.data));
    }
  }).on('close', () => { gone(code); refused(new Error('closed')); }).on('error', () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n`
    + `Sec-WebSocket-Version: 13\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  await ready;
  return {
    closed,
    send: (text) => socket.write(frame(1, Buffer.from(text))),
    next: () => (messages.length ? Promise.resolve(messages.shift()) : new Promise((resolve) => { waiting.push(resolve); })),
    close: () => socket.write(frame(8, Buffer.from([3, 232]))),
  };
}
