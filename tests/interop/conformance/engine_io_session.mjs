// A client's Engine.IO session over either transport, or over both: it polls and answers pings by itself, unless it is told not to.
import http from 'node:http';

import {openWebSocket, request} from './links.mjs';
import {check, Inbox} from './suite.mjs';

export const separator = '\x1e';
export const decode = (packet) => packet[0] === 'b' ? Buffer.from(packet.slice(1), 'base64') : packet;
export const encode = (packet) => typeof packet === 'string' ? packet : `b${packet.toString('base64')}`;

export const query = (base, parameters) => `${base}?${new URLSearchParams({EIO: '4', ...parameters})}`;

/** The handshake over HTTP, and nothing else. */
export async function openPolling(base, headers = {}) {
    const answer = await request(query(base, {transport: 'polling'}), {headers});
    check(answer.status === 200 && answer.body[0] === '0', `no session: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body.slice(1));
}

export class EngineSession {
    inbox = new Inbox();
    pings = 0;
    #sending = Promise.resolve();
    #over;

    /** kind: polling, websocket or upgraded. */
    static async open(base, kind, {pongs = true} = {}) {
        const made = new EngineSession();
        Object.assign(made, {base, kind, pongs, begun: Date.now()});
        made.ended = new Promise((done) => {
            made.#over = (why) => {
                made.isOver = true;
                made.inbox.close(`the session ended: ${why}`);
                made.agent?.destroy();
                done(why);
            };
        });
        if (kind === 'websocket') {
            made.link = await openWebSocket(query(base, {transport: 'websocket'}));
            check(made.link.next, `no WebSocket: ${made.link.status}`);
            const opened = await made.link.next();
            check(opened[0] === '0', `${opened} instead of a session`);
            made.handshake = JSON.parse(opened.slice(1));
            made.#read();
            return made;
        }
        made.agent = new http.Agent({keepAlive: true});
        made.handshake = await openPolling(base);
        if (kind === 'upgraded') {
            await made.#upgrade();
        } else {
            made.#poll();
        }
        return made;
    }

    get url() {
        return query(this.base, {transport: 'polling', sid: this.handshake.sid});
    }

    async #upgrade() {
        this.link = await openWebSocket(query(this.base, {transport: 'websocket', sid: this.handshake.sid}));
        check(this.link.next, `no upgrade: ${this.link.status}`);
        this.link.send('2probe');
        const answer = await this.link.next();
        check(answer === '3probe', `${answer} instead of 3probe`);
        this.link.send('5');
        this.#read();
    }

    async #read() {
        try {
            for (;;) {
                this.#take(await this.link.next());
            }
        } catch (error) {
            this.#over(error.message);
        }
    }

    async #poll() {
        while (!this.isOver) {
            const answer = await request(this.url, {agent: this.agent});
            if (answer.status !== 200) {
                this.#over(`GET was answered by ${answer.status} ${answer.body ?? ''}`);
                return;
            }
            answer.body.split(separator).forEach((packet) => this.#take(decode(packet)));
        }
    }

    #take(packet) {
        if (packet === '2') {
            ++this.pings;
            if (this.pongs) {
                this.send('3');
            }
        } else if (packet === '1') {
            this.#over('close');
        } else if (packet !== '6') {
            this.inbox.push(packet);
        }
    }

    /** Packets: strings with their type, or Buffers. Resolves when they are taken. */
    send(...packets) {
        if (this.link) {
            this.link.send(...packets);
            return Promise.resolve();
        }
        this.#sending = this.#sending.then(async () => {
            if (!this.isOver) {
                const headers = {'Content-Type': 'text/plain;charset=UTF-8'};
                this.posted = await request(this.url, {method: 'POST', body: packets.map(encode).join(separator), headers, agent: this.agent});
            }
        });
        return this.#sending;
    }

    next() {
        return this.inbox.next();
    }

    /** Leaves, without a word where that ends the session anyhow. */
    async leave() {
        this.pongs = false;
        if (this.link) {
            this.link.cut();
        } else if (!this.isOver) {
            await this.send('1');
        }
        this.#over('left');
    }
}
