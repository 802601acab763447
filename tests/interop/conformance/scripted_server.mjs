// An Engine.IO server that does what a case wants, right or wrong, for one client that runs as a child. It notes what a client may not do.
import http from 'node:http';

import {decode, encode, separator} from './engine_io_session.mjs';
import {acceptWebSocket} from './links.mjs';
import {check, end, Inbox, start} from './suite.mjs';

const calm = {pingInterval: 20_000, pingTimeout: 20_000, maxPayload: 1_000_000};

/** One session, as the server has it. What comes is in `next`, without pongs, which are counted. */
class ServedSession {
    #inbox = new Inbox();
    #queue = [];
    pongs = 0;

    constructor(server, sid) {
        Object.assign(this, {server, sid});
        this.ended = new Promise((done) => {
            this.over = (why) => {
                this.isOver = true;
                this.#inbox.close(`the client ended the session: ${why}`);
                done(why);
            };
        });
    }

    next() {
        return this.#inbox.next();
    }

    get held() {
        return this.#inbox.held;
    }

    take(one) {
        if (one === '3') {
            ++this.pongs;
        } else if (one === '1') {
            this.over('close');
        } else if (typeof one === 'string' && one[0] !== '4') {
            this.server.wrong(`the packet ${one}`);
        } else {
            this.#inbox.push(one);
        }
    }

    send(...packets) {
        if (this.link) {
            this.link.send(...packets);
        } else {
            this.#queue.push(...packets);
            this.answer();
        }
    }

    /** Answers the waiting GET, if there is something to say. */
    answer() {
        if (this.waiting && this.#queue.length) {
            this.reply(200, this.#queue.splice(0).map(encode).join(separator));
        }
    }

    reply(status, body = '') {
        const {waiting} = this;
        this.waiting = undefined;
        waiting?.writeHead(status, {'Content-Type': 'text/plain; charset=UTF-8'});
        waiting?.end(body);
    }

    cut() {
        this.link?.cut();
        this.waiting?.destroy();
    }

    async read(link) {
        this.link = link;
        try {
            for (const one of this.#queue.splice(0)) {
                link.send(one);
            }
            for (;;) {
                this.take(await link.next());
            }
        } catch (error) {
            this.over(error.message);
        }
    }
}

export class ScriptedServer {
    #sessions = new Inbox();
    opened = [];    // when each was asked for
    upgrades = [];  // WebSockets of a session that polls
    faults = [];
    requests = 0;

    /**
     * how: {transports, terms, upgrades, open: whether sessions are opened by themselves, refuse: (request) => status, onUpgrade: (session,
     * link), onPost: (session) => status}
     */
    static async run(defer, asked, how = {}) {
        const made = new ScriptedServer();
        Object.assign(made, {transports: 'websocket', open: true, ...how, terms: {...calm, ...how.terms}});
        made.http = http.createServer((request, response) => made.#request(request, response));
        made.http.keepAliveTimeout = 60_000;
        made.http.on('upgrade', (request, socket, rest) => made.#webSocket(request, socket, rest));
        await new Promise((done) => made.http.listen(0, '127.0.0.1', done));
        const url = `http://127.0.0.1:${made.http.address().port}`;
        made.child = start(asked.command, [url, 'TOKEN', '--transports', made.transports], {stdio: ['ignore', 'ignore', 'ignore']});
        defer(async () => {
            await end(made.child);
            made.http.closeAllConnections();
            made.http.close();
        });
        return made;
    }

    wrong(what) {
        this.faults.push(what);
    }

    /** The next session that the client opens. */
    async session() {
        const exited = this.child.ended.then((code) => check(false, `the client has exited: ${code}`));
        return Promise.race([this.#sessions.next(), exited]);
    }

    #asked(request, transport) {
        const url = new URL(request.url, 'http://x');
        const asked = Object.fromEntries(url.searchParams);
        if (url.pathname !== '/socket.io/' || asked.EIO !== '4' || asked.transport !== transport) {
            this.wrong(`${request.method} ${request.url}`);
        }
        return asked;
    }

    #begin() {
        const made = new ServedSession(this, `s${this.opened.length}`);
        this.opened.push(Date.now());
        this.current = made;
        return made;
    }

    opening(session, upgrades) {
        return `0${JSON.stringify({sid: session.sid, upgrades, ...this.terms})}`;
    }

    #webSocket(request, socket, rest) {
        socket.on('error', () => {});
        const {sid} = this.#asked(request, 'websocket');
        const refused = this.refuse?.(request);
        if (refused !== undefined) {
            if (sid === undefined) {
                this.opened.push(Date.now());
            }
            socket.end(`HTTP/1.1 ${refused} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
            return;
        }
        const link = acceptWebSocket(request, socket, rest);
        if (sid !== undefined) {
            this.#upgrade(sid, link);
            return;
        }
        const made = this.#begin();
        if (this.open) {
            link.send(this.opening(made, []));
        }
        made.read(link);
        this.#sessions.push(made);
    }

    async #upgrade(sid, link) {
        const session = this.current;
        if (session?.sid !== sid) {
            this.wrong(`an upgrade of ${sid}`);
        }
        this.upgrades.push(link);
        const probe = await link.next().catch((error) => error.message);
        if (probe !== '2probe') {
            this.wrong(`${probe} as the probe`);
        }
        if (this.onUpgrade) {
            this.onUpgrade(session, link);
            return;
        }
        link.send('3probe');
        session.pausing = true;
        session.reply(200, '6');
        const done = await link.next().catch((error) => error.message);
        if (done !== '5' || session.waiting || session.posting) {
            this.wrong(`${done} behind the probe${session.waiting ? ', with a GET' : ''}${session.posting ? ', with a POST' : ''}`);
        }
        session.upgraded = true;
        session.read(link);
    }

    #request(request, response) {
        ++this.requests;
        request.on('error', () => {});
        const {sid} = this.#asked(request, 'polling');
        const refused = this.refuse?.(request);
        if (refused !== undefined) {
            if (sid === undefined) {
                this.opened.push(Date.now());
            }
            request.resume();
            response.writeHead(refused).end();
            return;
        }
        if (sid === undefined) {
            if (request.method !== 'GET') {
                this.wrong(`${request.method} for the handshake`);
            }
            const made = this.#begin();
            response.writeHead(200, {'Content-Type': 'text/plain; charset=UTF-8'});
            response.end(this.opening(made, this.offers ?? ['websocket']));
            this.#sessions.push(made);
        } else if (this.current?.sid !== sid || this.current.upgraded) {
            this.wrong(`${request.method} in the session ${sid}`);
            request.resume();
            response.writeHead(400, {'Content-Type': 'application/json'}).end('{"code":1,"message":"Session ID unknown"}');
        } else if (request.method === 'GET') {
            this.#poll(this.current, response);
        } else {
            this.#post(this.current, request, response);
        }
    }

    #poll(session, response) {
        if (session.waiting) {
            this.wrong('two GETs at once');
        }
        session.waiting = response;
        response.on('close', () => {
            if (session.waiting === response) {
                session.waiting = undefined;
                session.over('it cut the GET');
            }
        });
        if (session.pausing) {
            session.reply(200, '6');
        }
        session.answer();
    }

    #post(session, request, response) {
        if (session.posting) {
            this.wrong('two POSTs at once');
        }
        session.posting = true;
        const parts = [];
        request.on('data', (part) => parts.push(part));
        request.on('end', () => setTimeout(() => { // so that a second one could be seen
            session.posting = false;
            const body = Buffer.concat(parts);
            const packets = body.toString().split(separator);
            if (packets.length > 1 && body.length > this.terms.maxPayload) {
                this.wrong(`a payload of ${body.length} bytes`);
            }
            const status = this.onPost?.(session) ?? 200;
            response.writeHead(status, {'Content-Type': 'text/html'}).end(status === 200 ? 'ok' : '');
            if (status === 200) {
                packets.forEach((one) => session.take(decode(one)));
            }
        }, 5));
    }
}
