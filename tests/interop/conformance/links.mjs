// Links as raw as the suites need them: HTTP requests, and WebSocket connections of either side.
import {createHash, randomBytes} from 'node:crypto';
import http from 'node:http';

import {closePayload, frame, FrameReader, opcodes} from './frames.mjs';
import {Inbox} from './suite.mjs';

/** One request: {status, headers, body}, or {status: 0} when the connection ended instead. `cancel` of the promise cuts it. */
export function request(url, {method = 'GET', body, headers = {}, agent = false} = {}) {
    let sent;
    const answer = new Promise((done) => {
        const length = body === undefined ? {} : {'Content-Length': Buffer.byteLength(body)};
        sent = http.request(url, {method, agent, headers: {...length, ...headers}}, (response) => {
            const parts = [];
            response.on('data', (part) => parts.push(part));
            response.on('end', () => done({status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString()}));
            response.on('error', () => done({status: 0}));
        });
        sent.on('error', () => done({status: 0}));
        sent.on('upgrade', (_, socket) => {
            socket.destroy();
            done({status: 101});
        });
        sent.end(body);
    });
    answer.cancel = () => sent.destroy();
    return answer;
}

/** A WebSocket connection whose messages are strings and Buffers. `ended` resolves with the peer's close code; null: without one. */
export class WebSocketLink {
    inbox = new Inbox();
    pongs = new Inbox();
    #peerClosed;

    constructor(socket, rest, masked) {
        this.socket = socket;
        this.masked = masked;
        socket.setNoDelay(true);
        const reader = new FrameReader(!masked);
        let over;
        this.ended = new Promise((done) => {
            over = (why) => {
                this.inbox.close(`the WebSocket ended: ${why}`);
                this.pongs.close('the WebSocket ended');
                done(this.#peerClosed ?? null);
            };
        });
        const take = (bytes) => {
            try {
                reader.read(bytes).forEach((one) => this.#take(one));
            } catch (error) {
                this.wrong = error.message;
                over(error.message);
                socket.destroy();
            }
        };
        socket.on('data', take);
        socket.on('error', () => {});
        socket.on('end', () => socket.end());
        socket.on('close', () => over(this.#peerClosed ?? 'without a Close frame'));
        if (rest.length) {
            take(rest);
        }
        socket.resume();
    }

    #take({what, payload}) {
        if (what === 'ping') {
            this.raw({opcode: opcodes.pong, payload});
        } else if (what === 'pong') {
            this.pongs.push(payload.toString());
        } else if (what === 'close') {
            this.#peerClosed = payload.length ? payload.readUInt16BE(0) : 1005;
            this.raw({opcode: opcodes.close, payload: payload.subarray(0, 2)});
            this.socket.end();
        } else {
            this.inbox.push(what === 'text' ? payload.toString() : Buffer.from(payload));
        }
    }

    raw(...frames) {
        this.socket.write(Buffer.concat(frames.map((one) => frame({masked: this.masked, ...one}))));
    }

    send(...messages) {
        this.raw(...messages.map((one) => ({opcode: typeof one === 'string' ? opcodes.text : opcodes.binary, payload: one})));
    }

    next() {
        return this.inbox.next();
    }

    close(code = 1000) {
        this.raw({opcode: opcodes.close, payload: closePayload(code)});
    }

    cut() {
        this.socket.destroy();
    }
}

/** Opens a WebSocket: the link, or {status, body} when it is refused. */
export function openWebSocket(url, headers = {}) {
    return new Promise((done) => {
        const sent = http.request(url, {agent: false, headers: {
            Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
            'Sec-WebSocket-Key': randomBytes(16).toString('base64'), ...headers}});
        sent.on('upgrade', (_, socket, rest) => done(new WebSocketLink(socket, rest, true)));
        sent.on('response', (response) => {
            const parts = [];
            response.on('error', () => {});
            response.on('data', (part) => parts.push(part));
            response.on('close', () => done({status: response.statusCode, body: Buffer.concat(parts).toString()}));
        });
        sent.on('error', () => done({status: 0}));
        sent.end();
    });
}

/** The server's answer to a client that asks for a WebSocket. */
export function acceptWebSocket(asked, socket, rest) {
    const digest = createHash('sha1').update(`${asked.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${digest}\r\n\r\n`);
    return new WebSocketLink(socket, rest, false);
}
