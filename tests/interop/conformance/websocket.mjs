// Holds a WebSocket peer that echoes to the rules: a server by its URL, or a client by its command.
//
//   node websocket.mjs server ws://127.0.0.1:PORT/            drives the server there
//   node websocket.mjs client -- COMMAND...                   runs the command with a URL behind it, once a case
//
// --reference: without the cases that are known to be beyond npm's ws. --deflate: offer and accept permessage-deflate, too. --only TEXT: the cases with TEXT in their name. Fails if a case does.
import {spawn} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import net from 'node:net';
import zlib from 'node:zlib';

import {FrameReader} from './frames.mjs';
import {deflateCases, websocketCases} from './websocket_cases.mjs';

const patience = 5_000; // ms a case may take

function options(list) {
    const made = {command: []};
    const rest = [...list];
    made.role = rest.shift();
    while (rest.length) {
        const one = rest.shift();
        if (one === '--') {
            made.command = rest.splice(0);
        } else if (one === '--deflate') {
            made.deflate = true;
        } else if (one === '--reference') {
            made.reference = true;
        } else if (one === '--only') {
            made.only = rest.shift();
        } else {
            made.url = new URL(one);
        }
    }
    return made;
}

const accept = (key) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

// One direction each, with its window from message to message unless it forgets.
class Deflation {
    constructor(text, own) {
        const other = own === 'client' ? 'server' : 'client';
        const bits = (who) => Number(new RegExp(`${who}_max_window_bits=(\\d+)`).exec(text)?.[1] ?? 15);
        this.out = {bits: Math.max(bits(own), 9), forgets: text.includes(`${own}_no_context_takeover`), before: Buffer.alloc(0)};
        this.in = {bits: bits(other), forgets: text.includes(`${other}_no_context_takeover`), before: Buffer.alloc(0)};
    }

    deflate(message) {
        const {bits, forgets, before} = this.out;
        const dictionary = before.subarray(-((1 << bits) - 262));
        const made = zlib.deflateRawSync(message, {windowBits: bits, finishFlush: zlib.constants.Z_SYNC_FLUSH,
                                                   ...(dictionary.length ? {dictionary} : {})});
        if (!forgets) {
            this.out.before = Buffer.concat([before, message]).subarray(-32768);
        }
        return made.subarray(0, -4);
    }

    inflate(payload) {
        const {forgets, before, bits} = this.in;
        const dictionary = before.subarray(-(1 << bits));
        const made = zlib.inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]), {
            windowBits: Math.max(bits, 9), finishFlush: zlib.constants.Z_SYNC_FLUSH, ...(dictionary.length ? {dictionary} : {})});
        if (!forgets) {
            this.in.before = Buffer.concat([before, made]).subarray(-32768);
        }
        return made;
    }
}

// Resolves with the bytes behind the head, and the head.
function readHead(socket) {
    return new Promise((resolve, reject) => {
        let bytes = Buffer.alloc(0);
        const read = (chunk) => {
            bytes = Buffer.concat([bytes, chunk]);
            const end = bytes.indexOf('\r\n\r\n');
            if (end !== -1) {
                socket.off('data', read);
                socket.pause();
                resolve({head: bytes.subarray(0, end).toString(), rest: bytes.subarray(end + 4)});
            }
        };
        socket.on('data', read);
        socket.once('close', () => reject(new Error('the handshake was not answered')));
    });
}

const header = (head, name) => new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1]?.trim() ?? '';

async function askServer(url, extension) {
    const socket = net.connect({host: url.hostname, port: Number(url.port)});
    socket.setNoDelay(true);
    socket.on('error', () => {});
    const key = randomBytes(16).toString('base64');
    socket.write(`GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
                 `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n` +
                 `${extension ? `Sec-WebSocket-Extensions: ${extension}\r\n` : ''}\r\n`);
    const {head, rest} = await readHead(socket);
    if (!head.startsWith('HTTP/1.1 101') || header(head, 'Sec-WebSocket-Accept') !== accept(key)) {
        throw new Error(`no WebSocket: ${head.split('\r\n')[0]}`);
    }
    return {socket, rest, agreed: header(head, 'Sec-WebSocket-Extensions')};
}

async function answerClient(listener, command, extension) {
    const child = spawn(command[0], [...command.slice(1), `ws://127.0.0.1:${listener.address().port}/`], {stdio: 'ignore'});
    const socket = await new Promise((resolve) => listener.once('connection', resolve));
    socket.setNoDelay(true);
    socket.on('error', () => {});
    const {head, rest} = await readHead(socket);
    const offered = header(head, 'Sec-WebSocket-Extensions');
    const agreed = extension && offered.includes('permessage-deflate') ? extension : '';
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
                 `Sec-WebSocket-Accept: ${accept(header(head, 'Sec-WebSocket-Key'))}\r\n` +
                 `${agreed ? `Sec-WebSocket-Extensions: ${agreed}\r\n` : ''}\r\n`);
    return {socket, rest, agreed, child};
}

// What of an offer the server's answer does not keep (RFC 7692 §7.1); undefined when it fits.
function brokenPromise(offer, answer) {
    const limit = (text, who) => Number(new RegExp(`${who}_max_window_bits=(\\d+)`).exec(text)?.[1] ?? NaN);
    if (offer.includes('server_no_context_takeover') && !answer.includes('server_no_context_takeover')) {
        return 'the server does not say that it forgets';
    }
    if (limit(offer, 'server') && !(limit(answer, 'server') <= limit(offer, 'server'))) {
        return 'the server does not repeat the limit to its window';
    }
    if (answer.includes('client_max_window_bits') && !(limit(answer, 'client') && offer.includes('client_max_window_bits'))) {
        return 'the server limits a window that it may not';
    }
    return undefined;
}

// What came against what was expected; undefined when it fits.
function difference(test, found, ended) {
    const describe = ({what, payload}) =>
        what === 'close' ? `close ${payload.length ? payload.readUInt16BE(0) : 'without a code'}` : `${what} of ${payload.length} bytes`;
    const rest = [...found];
    const expected = [...test.expect];
    if (test.anyOrderOfPongs) {
        const order = (list, isPong) => [...list.filter(isPong), ...list.filter((one) => !isPong(one))];
        const closing = rest.filter(({what}) => what === 'close');
        rest.splice(0, rest.length, ...order(found.filter(({what}) => what !== 'close'), ({what}) => what === 'pong'), ...closing);
        const last = expected.pop();
        expected.splice(0, expected.length, ...order(expected, (one) => 'pong' in one), last);
    }
    for (const one of expected) {
        const [what] = Object.keys(one);
        const next = rest[0];
        if (what === 'fail' || what === 'close') {
            if (!next && what === 'fail' && ended) {
                continue;
            }
            const code = next?.what === 'close' ? (next.payload.length ? next.payload.readUInt16BE(0) : null) : undefined;
            if (code === undefined || !(one[what] === null ? code === null : one[what].includes(code))) {
                return `${what} ${one[what]}: ${next ? describe(next) : 'nothing'} came`;
            }
        } else if (next?.what !== what || Buffer.compare(next.payload, Buffer.from(one[what])) !== 0) {
            if (one.optional) {
                continue;
            }
            return `${what} of ${Buffer.from(one[what]).length} bytes: ${next ? describe(next) : 'nothing'} came`;
        }
        rest.shift();
    }
    return rest.length ? `${describe(rest[0])} came besides` : undefined;
}

function write(socket, bytes, piece) {
    if (!piece) {
        socket.write(bytes);
        return;
    }
    for (let at = 0; at < bytes.length; at += piece) {
        socket.write(bytes.subarray(at, at + piece));
    }
}

// The case's talk, over when the peer says Close, or ends, or takes too long.
function talk({socket, rest, peerMasks}, test, inflate) {
    return new Promise((resolve) => {
        const reader = new FrameReader(peerMasks, inflate);
        const found = [];
        const over = (ended, wrong) => {
            clearTimeout(timer);
            socket.destroy();
            resolve(wrong ?? difference(test, found, ended));
        };
        const timer = setTimeout(() => over(false, `too late, after ${found.length} events`), patience);
        const take = (bytes) => {
            try {
                found.push(...reader.read(bytes));
            } catch (error) {
                over(false, error.message);
                return;
            }
            if (found.at(-1)?.what === 'close') {
                over(true);
            }
        };
        socket.on('data', take);
        socket.once('close', () => over(true));
        if (rest.length) {
            take(rest);
        }
        write(socket, test.bytes, test.piece);
        socket.resume();
    });
}

async function run(wanted, test, listener, extension) {
    const isServer = wanted.role === 'server';
    const link = isServer ? await askServer(wanted.url, extension) : await answerClient(listener, wanted.command, extension);
    let ready = test;
    let inflate;
    if (extension) {
        if (!link.agreed) {
            link.socket.destroy();
            return 'permessage-deflate was not agreed on';
        }
        const broken = isServer ? brokenPromise(extension, link.agreed) : undefined;
        if (broken) {
            link.socket.destroy();
            return broken;
        }
        const deflation = new Deflation(link.agreed, isServer ? 'client' : 'server');
        inflate = (payload) => deflation.inflate(payload);
        ready = {...test, ...test.build((message) => deflation.deflate(message))};
    }
    const wrong = await talk({...link, peerMasks: !isServer}, ready, inflate);
    if (!link.child) {
        return wrong;
    }
    const exit = link.child.exitCode ?? await new Promise((resolve) => link.child.once('exit', resolve));
    return wrong ?? (exit === null ? 'the client was killed' : undefined);
}

const wanted = options(process.argv.slice(2));
if (!['server', 'client'].includes(wanted.role) || (wanted.role === 'server' ? !wanted.url : !wanted.command.length)) {
    console.error('node websocket.mjs server URL | client -- COMMAND...; [--deflate] [--reference] [--only TEXT]');
    process.exit(2);
}
const listener = net.createServer();
if (wanted.role === 'client') {
    await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
}
const todo = websocketCases(wanted.role === 'server').map((test) => [test]);
if (wanted.deflate) {
    const names = wanted.role === 'server'
        ? ['permessage-deflate', 'permessage-deflate; client_no_context_takeover; server_no_context_takeover',
           'permessage-deflate; client_max_window_bits=9; server_max_window_bits=9', 'permessage-deflate; server_max_window_bits=15']
        : ['permessage-deflate', 'permessage-deflate; client_no_context_takeover; server_no_context_takeover',
           'permessage-deflate; client_max_window_bits=9; server_max_window_bits=9'];
    for (const extension of names) {
        todo.push(...deflateCases(wanted.role === 'server', extension).map((test) => [test, extension]));
    }
}
let failed = 0;
let count = 0;
for (const [test, extension] of todo) {
    if ((wanted.only && !test.name.includes(wanted.only)) || (wanted.reference && test.beyond)) {
        continue;
    }
    ++count;
    const wrong = await run(wanted, test, listener, extension).catch((error) => error.message);
    if (wrong) {
        ++failed;
        console.log(`FAILED ${test.name}: ${wrong}`);
    }
}
listener.close();
console.log(`${count - failed} of ${count} cases passed`);
process.exit(failed ? 1 : 0);
