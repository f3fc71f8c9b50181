// SPDX-License-Identifier: MIT
// A mail server for tests: takes what it is sent and keeps it.
import { createServer } from 'node:net';
import { TLSSocket } from 'node:tls';
import { once } from 'node:events';

/** One client; RFC 5321 as far as a well-behaved one needs it. `tls` {key, cert}: offers STARTTLS. */
function talk(socket, server) {
  let left = '', data = null, asked = false, mail = { to: [] };
  const say = (line) => socket.write(`${line}\r\n`);
  const replies = {
    EHLO() {
      const lines = ['mail.test', ...(server.tls && !socket.encrypted ? ['STARTTLS'] : []), 'AUTH PLAIN', '8BITMIME'];
      lines.forEach((line, i) => say(`250${i + 1 < lines.length ? '-' : ' '}${line}`));
    },
    STARTTLS() {
      say('220 go ahead');
      socket.removeAllListeners('data');
      socket = new TLSSocket(socket, { isServer: true, ...server.tls });
      socket.setEncoding('utf8').on('data', take).on('error', () => {});
    },
    AUTH(line) {
      const given = line.split(' ')[2];
      if (!given) { asked = true; return say('334 '); }
      return signIn(given);
    },
    MAIL(line) { mail.from = /<(.*?)>/.exec(line)[1]; say('250 ok'); },
    RCPT(line) { mail.to.push(/<(.*?)>/.exec(line)[1]); say('250 ok'); },
    DATA() { data = []; say('354 go on'); },
    QUIT() { say('221 bye'); socket.end(); },
  };
  function signIn(text) {
    const [, user, password] = Buffer.from(text, 'base64').toString().split('\0');
    mail.account = { user, password };
    say(server.password && password !== server.password ? '535 no' : '235 ok');
  }
  function one(line) {
    if (asked) { asked = false; return signIn(line); }
    if (data === null) return (replies[line.split(' ')[0].toUpperCase()] ?? (() => say('502 what?')))(line);
    if (line !== '.') return void data.push(line.replace(/^\./, ''));
    server.mails.push({ ...mail, encrypted: Boolean(socket.encrypted), text: data.join('\r\n') });
    data = null;
    mail = { to: [] };
    return say('250 taken');
  }
  function take(part) {
    left += part;
    for (let at = left.indexOf('\r\n'); at >= 0; at = left.indexOf('\r\n')) {
      const line = left.slice(0, at);
      left = left.slice(at + 2);
      one(line);
    }
  }
  socket.setEncoding('utf8').on('data', take).on('error', () => {});
  say('220 mail.test ESMTP');
}

export async function smtp({ password, tls } = {}) {
  const server = { mails: [], password, tls };
  const listener = createServer((socket) => talk(socket, server)).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return Object.assign(server, { port: listener.address().port, stop: () => listener.close() });
}

/** The parts of a multipart message: {type, name, body}, decoded. */
export function parts(text) {
  const boundary = /boundary="?([^"\r\n;]+)/.exec(text)[1];
  return text.split(`--${boundary}`).slice(1, -1).map((part) => {
    const at = part.indexOf('\r\n\r\n'), head = part.slice(0, at), body = part.slice(at + 4);
    const base64 = /transfer-encoding: base64/i.test(head);
    return { type: /content-type: ([^;\r\n]+)/i.exec(head)?.[1], name: /filename="([^"]*)"/.exec(head)?.[1],
      body: base64 ? Buffer.from(body, 'base64').toString() : body.replace(/=\r\n/g, '').replace(/=([0-9A-F]{2})/g, (_, x) => String.fromCharCode(parseInt(x, 16))) };
  });
}
