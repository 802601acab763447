// Holds an Engine.IO v4 server that echoes every message under /engine.io/ to its protocol, rule by rule.
//
//   node engine_io.mjs URL | PROGRAM | reference | -- COMMAND...   [--only TEXT]
//
// The server forbids pages of http://forbidden.invalid. A program is started twice: with timings that no case comes up against, and, for
// the cases of timings, with a ping each 300 ms, 600 ms for a pong and 600 ms for an upgrade; a URL's server has to have those.
import http from 'node:http';
import net from 'node:net';

import {EngineSession, openPolling, query, separator} from './engine_io_session.mjs';
import {opcodes} from './frames.mjs';
import {openWebSocket, request} from './links.mjs';
import {check, pause, runAll, same, serverOf, wanted, within} from './suite.mjs';

const upgradeTimeout = 600;
const slack = 1_500; // ms a timer may be late on a busy machine
const asked = wanted('engine_io_server', 'node engine_io.mjs URL | PROGRAM | reference | -- COMMAND...; [--only TEXT]');
const base = `${await serverOf(asked, ['--port', '0', '--ping-interval', '20000', '--ping-timeout', '20000'])}/engine.io/`;
const lively = `${await serverOf(asked, ['--port', '0', '--ping-interval', '300', '--ping-timeout', '600', '--upgrade-timeout',
                                         String(upgradeTimeout)])}/engine.io/`;

const cases = [];
const add = (name, run, more = {}) => cases.push({name, run, ...more});
const kinds = ['polling', 'websocket', 'upgraded'];

async function session(defer, kind, {at = base, ...how} = {}) {
    const made = await EngineSession.open(at, kind, how);
    defer(() => made.leave());
    return made;
}

async function webSocket(defer, parameters, headers, at = base) {
    const link = await openWebSocket(query(at, {transport: 'websocket', ...parameters}), headers);
    if (link.next) {
        defer(() => link.cut());
    }
    return link;
}

const polled = (sid, more = {}, at = base) => query(at, {transport: 'polling', sid, ...more});
const post = (sid, body, more = {}) => request(polled(sid), {method: 'POST', body, ...more});
const code = ({body}) => JSON.parse(body).code;

function sameError(answer, wantedCode, status = 400) {
    check(answer.status === status, `answered by ${answer.status} ${answer.body}`);
    const {code: seen, message, ...rest} = JSON.parse(answer.body);
    check([wantedCode].flat().includes(seen), `code ${seen}`);
    check(typeof message === 'string' && message.length > 0, 'no message');
    same(rest, {}, 'more than code and message');
}

// The session behind this id has ended.
async function sameGone(sid, at = base) {
    sameError(await within(request(polled(sid, {}, at)), 'the GET of a session that ended'), 1);
}

async function sameEnd(link, what) {
    return within(link.ended, what);
}

async function sameEcho(one, ...packets) {
    await one.send(...packets);
    for (const packet of packets) {
        same(await one.next(), packet);
    }
}

// A session without anything behind it: what the suite polls, it polls by itself.
async function bare() {
    const {sid} = await openPolling(base);
    return sid;
}

function sameHandshake(shaken, upgrades) {
    same(Object.keys(shaken).sort(), ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades']);
    check(typeof shaken.sid === 'string' && shaken.sid.length > 0, 'no session id');
    same(shaken.upgrades, upgrades);
    for (const key of ['pingInterval', 'pingTimeout', 'maxPayload']) {
        check(Number.isInteger(shaken[key]) && shaken[key] > 0, `${key} is ${shaken[key]}`);
    }
}

// Handshake
add('handshake by polling: an open packet with five keys', async () => {
    const answer = await request(query(base, {transport: 'polling'}));
    check(answer.status === 200, `status ${answer.status}`);
    check(/^text\/plain; *charset=utf-8$/i.test(answer.headers['content-type']), `type ${answer.headers['content-type']}`);
    check(answer.body[0] === '0' && !answer.body.includes(separator), answer.body);
    sameHandshake(JSON.parse(answer.body.slice(1)), ['websocket']);
});
add('handshake by WebSocket: an open packet without upgrades', async (defer) => {
    const link = await webSocket(defer);
    const opened = await link.next();
    check(typeof opened === 'string' && opened[0] === '0', `${opened}`);
    sameHandshake(JSON.parse(opened.slice(1)), []);
});
add('handshake: each session has an id of its own', async (defer) => {
    const all = [await bare(), await bare(), (await session(defer, 'websocket')).handshake.sid];
    check(new Set(all).size === 3, `${all}`);
});
add('handshake: parameters that the protocol does not know are ignored', async () => {
    const answer = await request(query(base, {transport: 'polling', t: 'x1', b64: '1', other: ''}));
    check(answer.status === 200, `status ${answer.status}`);
});

// Errors
const unknown = 'there-is-no-such-session';
for (const [what, url, method, wantedCode] of [
    ['no transport', `${base}?EIO=4`, 'GET', 0],
    ['an unknown transport', query(base, {transport: 'pigeon'}), 'GET', 0],
    ['an empty transport', query(base, {transport: ''}), 'GET', 0],
    ['a transport named constructor', query(base, {transport: 'constructor'}), 'GET', 0],
    ['a POST without a session', query(base, {transport: 'polling'}), 'POST', 2],
    ['a PUT without a session', query(base, {transport: 'polling'}), 'PUT', 2],
    ['a DELETE without a session', query(base, {transport: 'polling'}), 'DELETE', 2],
    ['WebSocket without an upgrade', query(base, {transport: 'websocket'}), 'GET', 3],
    ['no version', `${base}?transport=polling`, 'GET', 5],
    ['version 3', `${base}?transport=polling&EIO=3`, 'GET', 5],
    ['version 5', `${base}?transport=polling&EIO=5`, 'GET', 5],
    ['version abc', `${base}?transport=polling&EIO=abc`, 'GET', 5],
    ['a GET of an unknown session', polled(unknown), 'GET', 1],
    ['a POST to an unknown session', polled(unknown), 'POST', 1],
    ['a session named __proto__', polled('__proto__'), 'GET', 1],
    ['a session named constructor', polled('constructor'), 'POST', 1],
]) {
    add(`error: ${what}`, async () => sameError(await request(url, {method, body: method === 'GET' ? undefined : '4x'}), wantedCode));
}
add('error: a forbidden origin, by polling', async () =>
    sameError(await request(query(base, {transport: 'polling'}), {headers: {Origin: 'http://forbidden.invalid'}}), 4, 403));
add('error: a forbidden origin, by WebSocket', async (defer) => {
    const refused = await webSocket(defer, {}, {Origin: 'http://forbidden.invalid'});
    check([400, 403].includes(refused.status), `status ${refused.status}`);
});
for (const [what, parameters] of [['an unknown session', {sid: unknown}], ['an unknown transport', {transport: 'pigeon'}],
                                  ['version 3', {EIO: '3'}], ['polling as the transport', {transport: 'polling'}]]) {
    add(`error: a WebSocket with ${what}`, async (defer) => {
        const link = await webSocket(defer, parameters);
        if (link.next) {
            const first = await link.next().catch(() => undefined);
            check(first === undefined, `it was answered by ${first}`);
            await sameEnd(link, 'the end of the WebSocket');
        } else {
            check(link.status === 400, `status ${link.status}`);
        }
    });
}
add('error: a WebSocket without a version', async (defer) => {
    const link = await openWebSocket(`${base}?transport=websocket`);
    if (link.next) {
        defer(() => link.cut());
        check(await link.next().catch(() => undefined) === undefined, 'it was answered');
    } else {
        check(link.status === 400, `status ${link.status}`);
    }
});
add('error: another transport within a session, or another version, does not end it', async (defer) => {
    const one = await session(defer, 'polling');
    sameError(await request(query(base, {transport: 'websocket', sid: one.handshake.sid})), 3);
    sameError(await request(polled(one.handshake.sid, {EIO: '3'})), [3, 5]);
    await sameEcho(one, '4still here');
});
add('error: polling a session on WebSocket does not end it', async (defer) => {
    const one = await session(defer, 'websocket');
    sameError(await request(polled(one.handshake.sid)), 3);
    await sameEcho(one, '4still here');
});
add('error: a PUT to a session', async (defer) => {
    const one = await session(defer, 'polling');
    const {status} = await request(polled(one.handshake.sid), {method: 'PUT', body: '4x'});
    check(status >= 400 && status < 500, `status ${status}`);
}, {beyond: 'engine.io answers 500'});

// Messages, on every transport
const texts = ['', 'hello', 'ä€😀', '"quoted\\ \n', '\u0000\u2028', 'b', '2', 'x'.repeat(200_000)];
for (const kind of kinds) {
    add(`messages by ${kind}: texts`, async (defer) => {
        const one = await session(defer, kind);
        for (const text of texts) {
            await sameEcho(one, `4${text}`);
        }
    });
    add(`messages by ${kind}: bytes`, async (defer) => {
        const one = await session(defer, kind);
        const all = Buffer.from(Array.from({length: 256}, (_, i) => i));
        for (const size of [1, 2, 3, 4, 256]) {
            await sameEcho(one, all.subarray(0, size));
        }
        await sameEcho(one, Buffer.alloc(200_000, 0xfe));
    });
    add(`messages by ${kind}: texts and bytes keep their order`, async (defer) => {
        const one = await session(defer, kind);
        const packets = Array.from({length: 60}, (_, i) => i % 3 ? `4message ${i}` : Buffer.from([i, 0, 255]));
        for (let at = 0; at < packets.length; at += 20) {
            one.send(...packets.slice(at, at + 20));
        }
        for (const packet of packets) {
            same(await one.next(), packet);
        }
    });
    add(`messages by ${kind}: a pong that nobody asked for is no harm`, async (defer) => {
        const one = await session(defer, kind);
        await sameEcho(one, '4a');
        await one.send('3');
        await sameEcho(one, '4b');
    });
}
add('messages by websocket: the separator of polling is text', async (defer) => {
    await sameEcho(await session(defer, 'websocket'), `4a${separator}4b`);
});
add('messages by websocket: in fragments, with a ping of RFC 6455 between', async (defer) => {
    const {link} = await session(defer, 'websocket');
    link.raw({opcode: opcodes.text, payload: '4frag', fin: false}, {opcode: opcodes.ping, payload: '?'},
             {opcode: opcodes.continuation, payload: 'ments'});
    same(await link.pongs.next(), '?');
});
add('messages by websocket: as long as maxPayload', async (defer) => {
    const one = await session(defer, 'websocket');
    await sameEcho(one, `4${'x'.repeat(one.handshake.maxPayload - 1)}`);
});
add('messages by websocket: longer than maxPayload', async (defer) => {
    const one = await session(defer, 'websocket');
    one.send(`4${'x'.repeat(one.handshake.maxPayload)}`);
    check([1009, null].includes(await sameEnd(one.link, 'the end')), 'another close code');
});

// Polling
add('polling: POST is answered by ok', async () => {
    const answer = await post(await bare(), '4hello');
    same([answer.status, answer.body], [200, 'ok']);
});
add('polling: a GET is answered at once by what is there, in one payload', async () => {
    const sid = await bare();
    await post(sid, ['4one', 'bAQIDBA==', '4two'].join(separator));
    const answer = await request(polled(sid));
    check(/^text\/plain; *charset=utf-8$/i.test(answer.headers['content-type']), `type ${answer.headers['content-type']}`);
    same(answer.body.split(separator), ['4one', 'bAQIDBA==', '4two']);
});
add('polling: a GET waits for something to say', async () => {
    const sid = await bare();
    let answered = false;
    const waiting = request(polled(sid)).then((answer) => (answered = true, answer));
    const before = await post(sid, '3');
    same([before.status, answered], [200, false]);
    await post(sid, '4now');
    same((await waiting).body, '4now');
});
add('polling: a request on a connection of its own, or on a kept one', async (defer) => {
    const agent = new http.Agent({keepAlive: true, maxSockets: 1});
    defer(() => agent.destroy());
    const sid = await bare();
    for (let i = 0; i < 5; ++i) {
        same((await post(sid, `4${i}`, {agent: i % 2 ? agent : false})).body, 'ok');
        same((await request(polled(sid), {agent})).body, `4${i}`);
    }
});
add('polling: a payload as long as maxPayload', async () => {
    const {sid, maxPayload} = await openPolling(base);
    same((await post(sid, `4${'x'.repeat(maxPayload - 1)}`)).body, 'ok');
    check((await request(polled(sid))).body.length === maxPayload, 'it came back otherwise');
});
add('polling: a payload longer than maxPayload', async () => {
    const {sid, maxPayload} = await openPolling(base);
    check([413, 0].includes((await post(sid, `4${'x'.repeat(maxPayload)}`)).status), 'it was taken');
});
add('polling: a payload longer than maxPayload, in chunks', async () => {
    const {sid, maxPayload} = await openPolling(base);
    const sent = http.request(polled(sid), {method: 'POST', agent: false});
    const answered = new Promise((done) => {
        sent.on('response', (answer) => (answer.resume(), done(answer.statusCode)));
        sent.on('error', () => done(0));
    });
    sent.write(`4${'x'.repeat(maxPayload >> 1)}`);
    sent.write('x'.repeat(maxPayload));
    sent.end();
    check([413, 0].includes(await answered), 'it was taken');
});
add('polling: two GETs at once end the session', async () => {
    const sid = await bare();
    const statuses = (await Promise.all([request(polled(sid)), request(polled(sid))])).map(({status}) => status);
    check(statuses.includes(400), `${statuses}`);
    await sameGone(sid);
});
add('polling: two POSTs at once end the session', async (defer) => {
    const sid = await bare();
    const half = net.connect(Number(new URL(base).port), new URL(base).hostname);
    defer(() => half.destroy());
    half.on('error', () => {});
    const {pathname, search, host} = new URL(polled(sid));
    half.write(`POST ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 10\r\n\r\n4`);
    // The half of a body and the other POST are on two connections: the first may come later.
    let status = 200;
    for (let i = 0; status === 200 && i < 50; ++i) {
        ({status} = await post(sid, '4x'));
    }
    check(status === 400, `status ${status}`);
    await sameGone(sid);
});
add('polling: a GET that the client cuts ends the session', async () => {
    const sid = await bare();
    const waiting = request(polled(sid));
    await post(sid, '3');
    waiting.cancel();
    await waiting;
    let last = {status: 200};
    for (let i = 0; i < 100 && !(last.status === 400 && code(last) === 1); ++i) {
        last = await post(sid, '3');
    }
    sameError(last, 1);
});
add('polling: of a POST that the client cuts nothing is taken', async () => {
    const sid = await bare();
    const sent = http.request(polled(sid), {method: 'POST', agent: false, headers: {'Content-Length': 10}});
    sent.on('error', () => {});
    const waiting = request(polled(sid));
    await new Promise((done) => sent.write('4x', done));
    await post(unknown, '4x'); // so that the server has seen both
    sent.destroy();
    await post(sid, '4y');
    const {status, body} = await waiting; // the session may end, or go on
    check(status !== 200 || ['1', '6', '4y'].includes(body), `the GET was answered by ${body}`);
});
for (const [what, body, more] of [
    ['an unknown type', '7'], ['a word', 'abc'], ['nothing', ''], ['a separator alone', separator],
    ['a packet of nothing between', `4a${separator}${separator}4b`],
    ['a separator at the end', `4a${separator}`], ['an unknown type behind a message', `4a${separator}9`], ['a capital', 'B'],
    ['base64 that is none', 'b!!!!', {beyond: 'engine.io decodes what it can'}],
    ['base64 that breaks off', 'bAQI', {beyond: 'engine.io decodes what it can'}],
    ['a ping', '2'], ['a ping behind a message', `4a${separator}2`], ['a probe', '2probe'],
]) {
    add(`polling: a payload with ${what} ends the session`, async () => {
        const sid = await bare();
        await post(sid, body);
        const answer = await request(polled(sid));
        if (answer.status === 200) { // what came before it, or the server's good-bye
            check(answer.body.split(separator).every((one) => ['4a', '6', '1'].includes(one)), answer.body);
        }
        await sameGone(sid);
    }, more);
}
add('polling: a close packet ends the session, and the waiting GET', async () => {
    const sid = await bare();
    const waiting = request(polled(sid));
    await post(sid, '3');
    same((await post(sid, '1')).body, 'ok');
    const {status, body} = await waiting;
    check(status === 400 || ['1', '6'].includes(body), `the GET was answered by ${status} ${body}`);
    await sameGone(sid);
});

// WebSocket
for (const kind of ['websocket', 'upgraded']) {
    for (const [what, packet] of [['an unknown type', '7'], ['a word', 'abc'], ['nothing', ''], ['a ping', '2'], ['a ping with data', '2probe'],
                                  ['base64 as in polling', 'B123']]) {
        add(`${kind}: a packet of ${what} ends it`, async (defer) => {
            const one = await session(defer, kind);
            one.send(packet);
            await sameEnd(one.link, 'the end');
            await sameGone(one.handshake.sid);
        });
    }
    add(`${kind}: text that is no UTF-8 ends it`, async (defer) => {
        const one = await session(defer, kind);
        one.link.raw({opcode: opcodes.text, payload: Buffer.from('34ff', 'hex')});
        check([1007, null].includes(await sameEnd(one.link, 'the end')), 'another close code');
    });
    add(`${kind}: a close packet ends it`, async (defer) => {
        const one = await session(defer, kind);
        one.send('1');
        await sameEnd(one.link, 'the end');
        await sameGone(one.handshake.sid);
    }, {beyond: 'engine.io does not look at it and ends the session for want of pongs'});
    add(`${kind}: a Close frame is answered, and ends it`, async (defer) => {
        const one = await session(defer, kind);
        one.link.close(1000);
        same(await sameEnd(one.link, 'the end'), 1000);
        await sameGone(one.handshake.sid);
    });
    add(`${kind}: a cut connection ends it`, async (defer) => {
        const one = await session(defer, kind);
        const {link} = one;
        link.cut();
        let last = {status: 400, body: '{}'};
        for (let i = 0; i < 100 && code(last) !== 1; ++i) {
            last = await request(polled(one.handshake.sid));
            await pause(2);
        }
        sameError(last, 1);
    });
    add(`${kind}: another WebSocket of the same session is refused, and the first stays`, async (defer) => {
        const one = await session(defer, kind);
        const other = await webSocket(defer, {sid: one.handshake.sid});
        if (other.next) {
            other.send('2probe');
            const first = await other.next().catch(() => undefined);
            check(first === undefined || kind === 'websocket', `it was answered by ${first}`);
        }
        await sameEcho(one, '4still here');
    });
}

// Heartbeat
for (const kind of kinds) {
    const more = kind === 'upgraded' ? {beyond: 'engine.io forgets a pong that is due while it upgrades'} : {};
    add(`heartbeat by ${kind}: the server pings, and goes on when it is answered`, async (defer) => {
        const begin = Date.now();
        const one = await session(defer, kind, {at: lively});
        const {pingInterval} = one.handshake;
        while (one.pings < 3) {
            check(!one.isOver && Date.now() - begin < 3 * pingInterval + slack, `${one.pings} pings`);
            await pause(5);
        }
        check(Date.now() - begin >= 3 * pingInterval - 20, 'they came too early');
        await sameEcho(one, '4still here');
    });
    add(`heartbeat by ${kind}: a missing pong ends the session`, async (defer) => {
        const one = await session(defer, kind, {at: lively, pongs: false});
        const {pingInterval, pingTimeout} = one.handshake;
        await within(one.ended, 'the end', pingInterval + pingTimeout + slack);
        check(Date.now() - one.begun >= pingInterval + pingTimeout - 50, 'it came too early');
        check(one.pings === 1, `${one.pings} pings`);
        await sameGone(one.handshake.sid, lively);
    }, more);
    add(`heartbeat by ${kind}: messages are no pongs`, async (defer) => {
        const one = await session(defer, kind, {at: lively, pongs: false});
        const {pingInterval, pingTimeout} = one.handshake;
        const begin = Date.now();
        while (!one.isOver) {
            check(Date.now() - begin < pingInterval + 2 * pingTimeout + slack, 'it goes on');
            await one.send('4x');
            await pause(20);
        }
    }, more);
}
add('heartbeat by polling: a ping waits for the next GET', async () => {
    const {sid, pingInterval} = await openPolling(lively);
    await pause(pingInterval + 50);
    same((await request(polled(sid, {}, lively))).body, '2');
});
add('heartbeat by polling: a session that nobody polls ends', async () => {
    const {sid, pingInterval, pingTimeout} = await openPolling(lively);
    await pause(pingInterval + pingTimeout + 300);
    await sameGone(sid, lively);
});

// Upgrade
async function probed(defer, sid) {
    const link = await webSocket(defer, {sid});
    check(link.next, `the WebSocket was refused: ${link.status}`);
    link.send('2probe');
    same(await link.next(), '3probe');
    return link;
}

async function sameUpgraded(link, text) {
    link.send(`4${text}`);
    for (;;) {
        const packet = await link.next();
        if (packet !== '2') {
            same(packet, `4${text}`);
            return;
        }
        link.send('3');
    }
}

add('upgrade: the waiting GET is answered by a noop, then the WebSocket is the session', async (defer) => {
    const sid = await bare();
    const waiting = request(polled(sid));
    const link = await probed(defer, sid);
    const {status, body} = await within(waiting, 'the GET is answered');
    same([status, body], [200, '6']);
    link.send('5');
    await sameUpgraded(link, 'hello');
    sameError(await request(polled(sid)), [1, 3]);
    await sameUpgraded(link, 'still here');
});
add('upgrade: a GET behind the probe is answered by a noop', async (defer) => {
    const sid = await bare();
    const link = await probed(defer, sid);
    same((await within(request(polled(sid)), 'the GET is answered')).body, '6');
    link.send('5');
    await sameUpgraded(link, 'hello');
});
add('upgrade: what nobody polled comes by WebSocket, in order', async (defer) => {
    const sid = await bare();
    await post(sid, ['4a', 'bAQID', '4c'].join(separator));
    const link = await probed(defer, sid);
    link.send('5', '4d', '4e');
    same([await link.next(), await link.next(), await link.next(), await link.next(), await link.next()],
         ['4a', Buffer.from([1, 2, 3]), '4c', '4d', '4e']);
});
add('upgrade: order holds across it', async (defer) => {
    const sid = await bare();
    const seen = [];
    const waiting = (async () => { // until the noop says that the client is to pause
        for (;;) {
            const packets = (await request(polled(sid))).body.split(separator);
            seen.push(...packets.filter((one) => one !== '6' && one !== '2'));
            if (packets.includes('6')) {
                return;
            }
        }
    })();
    for (let i = 0; i < 10; ++i) {
        await post(sid, `4${i}`);
    }
    const link = await probed(defer, sid);
    for (let i = 10; i < 20; ++i) {
        await post(sid, `4${i}`);
    }
    await within(waiting, 'the noop');
    link.send('5', ...Array.from({length: 10}, (_, i) => `4${i + 20}`));
    while (seen.length < 30) {
        const packet = await link.next();
        if (packet !== '2') {
            seen.push(packet);
        }
    }
    same(seen, Array.from({length: 30}, (_, i) => `4${i}`));
});
for (const [what, packets] of [['another probe', ['2porbe']], ['a ping without data', ['2']], ['a message', ['4hello']], ['an unknown packet', ['9']],
                               ['nothing', ['']], ['bytes', [Buffer.from('2probe')]], ['a message behind the probe', ['2probe', '4hello']]]) {
    add(`upgrade: ${what} ends the WebSocket, not the session`, async (defer) => {
        const one = await session(defer, 'polling');
        const link = await webSocket(defer, {sid: one.handshake.sid});
        link.send(...packets);
        await sameEnd(link, 'the end of the WebSocket');
        await sameEcho(one, '4still here');
    });
}
add('upgrade: an upgrade packet without a probe ends the WebSocket, not the session', async (defer) => {
    const one = await session(defer, 'polling');
    const link = await webSocket(defer, {sid: one.handshake.sid});
    link.send('5');
    await sameEnd(link, 'the end of the WebSocket');
    await sameEcho(one, '4still here');
}, {beyond: 'engine.io upgrades'});
add('upgrade: a WebSocket that is cut before the end leaves the session', async (defer) => {
    const one = await session(defer, 'polling');
    const link = await probed(defer, one.handshake.sid);
    link.cut();
    await sameEcho(one, '4still here');
});
add('upgrade: a second WebSocket while one upgrades is refused', async (defer) => {
    const sid = await bare();
    const link = await probed(defer, sid);
    const other = await webSocket(defer, {sid});
    if (other.next) {
        other.send('2probe');
        check(await other.next().catch(() => undefined) === undefined, 'it was answered');
    }
    link.send('5');
    await sameUpgraded(link, 'hello');
});
add('upgrade: another try may follow one that failed', async (defer) => {
    const sid = await bare();
    const failed = await webSocket(defer, {sid});
    failed.send('2wrong');
    await sameEnd(failed, 'the end of the first');
    const link = await probed(defer, sid);
    link.send('5');
    await sameUpgraded(link, 'hello');
});
for (const [what, probes] of [['without a probe', []], ['behind the probe', ['2probe']]]) {
    add(`upgrade: silence ${what} ends the WebSocket in time, not the session`, async (defer) => {
        const one = await session(defer, 'polling', {at: lively});
        const begin = Date.now();
        const link = await webSocket(defer, {sid: one.handshake.sid}, {}, lively);
        link.send(...probes);
        await within(link.ended, 'the end of the WebSocket', upgradeTimeout + slack);
        check(Date.now() - begin >= upgradeTimeout - 50, 'it came too early');
        await sameEcho(one, '4still here');
    });
}
add('upgrade: a session that ends meanwhile takes the WebSocket along', async (defer) => {
    const sid = await bare();
    const link = await probed(defer, sid);
    same((await post(sid, '1')).body, 'ok');
    await sameEnd(link, 'the end of the WebSocket');
    await sameGone(sid);
});

// Many at once
add('100 sessions at once, each with its own echo', async (defer) => {
    const all = await Promise.all(Array.from({length: 100}, (_, i) => session(defer, kinds[i % 3])));
    await Promise.all(all.map((one, i) => sameEcho(one, `4${i}`, Buffer.from([i]))));
}, {alone: true});

await runAll(cases, asked);
