// Holds a Socket.IO v5 server, with the events of tests/interop/peers/socket_io_server, to its protocol, rule by rule.
//
//   node socket_io.mjs URL | PROGRAM | reference | -- COMMAND...   [--only TEXT]
//
// A program is started three times: with timings that no case comes up against; for the cases of timings with a ping each 300 ms, 600 ms
// for a pong and 1,000 ms to join a namespace, which a URL's server has to have; and with recovery, whose cases a URL's server is not asked.
import {EngineSession} from './engine_io_session.mjs';
import {packet, placeholder, prefix, sameNext, values} from './socket_io_packets.mjs';
import {check, pause, runAll, same, serverOf, wanted, within} from './suite.mjs';

const connectTimeout = 1_000;
const slack = 1_500; // ms a timer may be late on a busy machine
const asked = wanted('socket_io_server', 'node socket_io.mjs URL | PROGRAM | reference | -- COMMAND...; [--only TEXT]');
const base = `${await serverOf(asked, ['--port', '0', '--ping-interval', '20000', '--ping-timeout', '20000',
                                       '--connect-timeout', '20000'])}/socket.io/`;
const lively = `${await serverOf(asked, ['--port', '0', '--ping-interval', '300', '--ping-timeout', '600', '--connect-timeout',
                                         String(connectTimeout)])}/socket.io/`;
const grace = 1_500;
const recovering = asked.url ? undefined : `${await serverOf(asked, ['--port', '0', '--ping-interval', '20000', '--ping-timeout', '20000',
                                                                     '--connect-timeout', '20000', '--recovery', '--grace',
                                                                     String(grace)])}/socket.io/`;

const cases = [];
const kinds = ['websocket', 'polling', 'upgraded'];
const add = (name, run, more = {}) => cases.push({name, run, ...more});
// On every transport, with a session that has joined nothing yet.
const each = (name, run, more) =>
    kinds.forEach((kind) => add(`${kind}: ${name}`, async (defer) => run(await open(defer, kind, more?.at), defer), more));
// On one that has joined `/`.
const joined = (name, run, more) =>
    each(name, async (one, defer) => (await join(one), run(one, defer)), more);

async function open(defer, kind = 'websocket', at = base) {
    const made = await EngineSession.open(at, kind);
    defer(() => made.leave());
    return made;
}

async function join(one, namespace = '/', auth) {
    one.send(`40${prefix(namespace)}${auth === undefined ? '' : JSON.stringify(auth)}`);
    const {head, payload} = await packet(one);
    same(head, `40${prefix(namespace)}`);
    check(typeof payload.sid === 'string' && payload.sid.length > 0, 'no id');
    await sameNext(one, `42${prefix(namespace)}`, ['auth', auth ?? {}]);
    return payload.sid;
}

// Nothing else has come, and the session lives.
async function sameAlive(one, namespace = '/') {
    one.send(`42${prefix(namespace)}999["message-with-ack","alive"]`);
    await sameNext(one, `43${prefix(namespace)}999`, ['alive']);
}

// It is ended at once, not by a timeout.
async function sameEnded(one, ms = 3_000) {
    const why = await within(one.ended, 'the end of the session', ms);
    check(!why.startsWith('left'), why);
    await one.next().then((more) => check(false, `${more} came before the end`), () => {});
}

// Connecting to namespaces
each('CONNECT is answered by an id, which is not that of the transport', async (one) => {
    check(await join(one) !== one.handshake.sid, 'the same id');
    await sameAlive(one);
});
each('nothing is said before CONNECT', async (one) => {
    await one.send('3');
    check(one.inbox.held === 0, 'a packet came');
    await join(one);
});
each('CONNECT to a namespace, with and without a comma', async (one, defer) => {
    await join(one, '/custom');
    await sameAlive(one, '/custom');
    const other = await open(defer);
    other.send('40/custom');
    check((await packet(other)).head === '40/custom,', 'not joined');
    await sameNext(other, '42/custom,', ['auth', {}]);
});
each('auth reaches the namespace', async (one) => {
    await join(one, '/', {token: 'ä"😀', list: [1, null, {a: true}], n: -1.5});
    await join(one, '/custom', {token: 'another'});
    await join(one, '/admin', {token: 'secret'});
    await sameAlive(one, '/admin');
});
each('several namespaces have ids of their own', async (one) => {
    const all = [await join(one), await join(one, '/custom'), await join(one, '/admin', {token: 'secret'})];
    check(new Set(all).size === 3, `${all}`);
    for (const namespace of ['/', '/custom', '/admin']) {
        await sameAlive(one, namespace);
    }
});
each('several CONNECTs at once', async (one) => {
    one.send('40', '40/custom,', '40/nowhere,');
    const heads = [];
    for (let i = 0; i < 5; ++i) {
        heads.push((await packet(one)).head);
    }
    same(heads.sort(), ['40', '40/custom,', '42', '42/custom,', '44/nowhere,']);
});
each('an unknown namespace is refused, others may be joined', async (one) => {
    for (const namespace of ['/nowhere', '/nowhere/at/all', '/custom2', '/Custom', '/custom?a=b', '/ä']) {
        one.send(`40${namespace},`);
        await sameNext(one, `44${namespace},`, {message: 'Invalid namespace'});
    }
    await join(one);
    one.send('40/random');
    await sameNext(one, '44/random,', {message: 'Invalid namespace'});
    await sameAlive(one);
});
each('a namespace refuses, with data, and lets in later', async (one) => {
    await join(one);
    for (const auth of ['', '{}', '{"token":"wrong"}', '{"token":["secret"]}']) {
        one.send(`40/admin,${auth}`);
        await sameNext(one, '44/admin,', {message: 'unauthorized', data: {code: 4001}});
    }
    await sameAlive(one);
    await join(one, '/admin', {token: 'secret'});
    await sameAlive(one, '/admin');
});
each('an event to a namespace that refused ends the session', async (one) => {
    await join(one);
    one.send('40/admin,{"token":"wrong"}');
    await packet(one);
    one.send('42/admin,["message"]');
    await sameEnded(one);
});
each('joining nothing ends the session in time', async (one) => {
    await sameEnded(one, connectTimeout + slack);
    check(Date.now() - one.begun >= connectTimeout - 50, 'it came too early');
}, {at: lively});
each('being refused everywhere ends the session in time', async (one) => {
    one.send('40/nowhere,');
    await packet(one);
    await sameEnded(one, connectTimeout + slack);
}, {at: lively});
for (const [what, ...first] of [
    ['an event', '42["message",1]'], ['an event with ack', '420["message-with-ack",1]'], ['an ack', '430[]'], ['DISCONNECT', '41'],
    ['a binary event', '451-["message",{"_placeholder":true,"num":0}]', Buffer.from([1])], ['CONNECT_ERROR', '44{"message":"x"}'],
    ['an event to /custom', '42/custom,["message"]'], ['bytes', Buffer.from([1])],
]) {
    each(`${what} before CONNECT ends the session`, async (one) => {
        one.send(...first);
        await sameEnded(one);
    });
}
for (const [what, packets] of [
    ['a second CONNECT', ['40']], ['a second CONNECT with auth', ['40{"a":1}']],
    ['an event to a namespace that was not joined', ['42/custom,["message",1]']],
    ['an event to a namespace that is not there', ['42/nowhere,["message",1]']], ['an ack to a namespace that was not joined', ['43/custom,0[]']],
    ['DISCONNECT of a namespace that was not joined', ['41/custom,']], ['CONNECT_ERROR', ['44{"message":"x"}']],
]) {
    joined(`${what} ends the session`, async (one) => {
        one.send(...packets);
        await sameEnded(one);
    });
}
for (const [what, payload] of [['a list', '[]'], ['a string', '"x"'], ['a number in brackets', '[1]'], ['null', 'null'], ['true', 'true'],
                               ['no JSON', '{"a"'], ['more than JSON', '{}x']]) {
    each(`CONNECT with ${what} ends the session`, async (one) => {
        one.send(`40${payload}`);
        await sameEnded(one);
    });
}

// Events
joined('events with all kinds of arguments', async (one) => {
    for (const all of values) {
        one.send(`42${JSON.stringify(['message', ...all])}`);
        await sameNext(one, '42', ['message-back', ...all]);
    }
});
each('events in a namespace', async (one) => {
    await join(one, '/custom');
    one.send('42/custom,["message",1]', '42/custom,["message",{"a":"/,["}]');
    await sameNext(one, '42/custom,', ['message-back', 1]);
    await sameNext(one, '42/custom,', ['message-back', {a: '/,['}]);
});
joined('the namespace / may be named', async (one) => {
    one.send('42/,["message",1]');
    await sameNext(one, '42', ['message-back', 1]);
});
joined('blanks in the JSON', async (one) => {
    one.send('42[ "message" ,\n 1 ]');
    await sameNext(one, '42', ['message-back', 1]);
});
joined('names and values by escapes', async (one) => {
    one.send('42["\\u006dessage","\\ud83d\\ude00"]');
    await sameNext(one, '42', ['message-back', '😀']);
});
joined('events keep their order, within each namespace', async (one) => {
    await join(one, '/custom');
    one.send(...Array.from({length: 60}, (_, i) => `42${i % 2 ? '/custom,' : ''}["message",${i}]`));
    const next = {'42': 0, '42/custom,': 1};
    for (let i = 0; i < 60; ++i) {
        const {head, payload} = await packet(one);
        same(payload, ['message-back', next[head]]);
        next[head] += 2;
    }
});
joined('an event that nobody handles is no harm', async (one) => {
    one.send('42["nobody",1]', '42[5,"a number as name"]', '42[""]', '42["__proto__"]', '42["constructor",1]');
    await sameAlive(one);
});
for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']) {
    joined(`the reserved name ${name} ends the session`, async (one) => {
        one.send(`42["${name}"]`);
        await sameEnded(one);
    });
}
joined('names that are almost reserved', async (one) => {
    one.send('42["connected"]', '42["Connect"]', '42["error"]', '42["reconnect"]', '42["message","connect"]');
    await sameNext(one, '42', ['message-back', 'connect']);
    await sameAlive(one);
});

// Acks of the client's events
joined('acks with all kinds of arguments', async (one) => {
    for (const [i, all] of values.entries()) {
        one.send(`42${i}${JSON.stringify(['message-with-ack', ...all])}`);
        await sameNext(one, `43${i}`, all);
    }
});
joined('ack ids to 2^53-1', async (one) => {
    for (const id of ['0', '1', '10', '4294967296', '9007199254740990', '9007199254740991']) {
        one.send(`42${id}["message-with-ack",${id}]`);
        await sameNext(one, `43${id}`, [Number(id)]);
    }
});
for (const id of ['9007199254740993', '18446744073709551616', '9'.repeat(100)]) {
    joined(`the ack id ${id.slice(0, 25)}${id.length > 25 ? '...' : ''}: the end, or the same id`, async (one) => {
        one.send(`42${id}["message-with-ack",1]`);
        const seen = await packet(one).catch(() => undefined);
        check(seen === undefined || seen.head === `43${id}`, `${seen?.head}`);
    }, id.length < 100 ? {beyond: 'JavaScript rounds it'} : {});
}
joined('an ack id may be used again, and by another namespace', async (one) => {
    await join(one, '/custom');
    one.send('427["message-with-ack",1]', '42/custom,7["message-with-ack",2]');
    same([await packet(one), await packet(one)].map(({head, payload}) => head + payload).sort(), ['43/custom,72', '4371']);
    one.send('427["message-with-ack",3]');
    await sameNext(one, '437', [3]);
});
joined('an event without an id is not acked', async (one) => {
    one.send('42["message-with-ack",1]', '42["slow-ack",1]');
    await sameAlive(one);
});
joined('acks come when they are ready', async (one) => {
    one.send('421["slow-ack",120]', '422["no-ack"]', '423["slow-ack",20]', '424["message-with-ack","now"]');
    await sameNext(one, '434', ['now']);
    await sameNext(one, '433', [20]);
    await sameNext(one, '431', [120]);
    await sameAlive(one);
});
joined('what a handler counts', async (one) => {
    const key = `k${Math.random()}`;
    one.send(`421["flaky","${key}",2,{"p":1}]`, `422["flaky","${key}",2,{"p":1}]`, `423["flaky","${key}",2,{"p":1}]`, `424["attempts","${key}"]`);
    await sameNext(one, '433', [{attempts: 3, payload: {p: 1}}]);
    await sameNext(one, '434', [3]);
});

// Acks of the server's events
async function question(one, ms = 2000, namespace = '/') {
    one.send(`42${prefix(namespace)}77["ask-me","what?",${ms}]`);
    const seen = await packet(one);
    same(seen.payload, ['server-request', 'what?']);
    const id = new RegExp(`^42${prefix(namespace)}(\\d+)$`).exec(seen.head)?.[1];
    check(id !== undefined && Number.isSafeInteger(Number(id)), `${seen.head}`);
    return id;
}

joined('the server takes acks with all kinds of arguments', async (one) => {
    for (const all of values.slice(0, 8)) {
        const id = await question(one);
        one.send(`43${id}${JSON.stringify(all)}`);
        await sameNext(one, '4377', [{ok: true, answer: all}]);
    }
});
joined('the server takes acks in a namespace', async (one) => {
    await join(one, '/custom');
    const id = await question(one, 2000, '/custom');
    one.send(`43/custom,${id}["x"]`);
    await sameNext(one, '43/custom,77', [{ok: true, answer: ['x']}]);
});
joined('an ack that does not come, and then does', async (one) => {
    const id = await question(one, 60);
    await sameNext(one, '4377', [{ok: false, error: 'timeout'}]);
    one.send(`43${id}["late"]`);
    await sameAlive(one);
});
joined('an ack that comes twice', async (one) => {
    const id = await question(one);
    one.send(`43${id}["first"]`, `43${id}["second"]`);
    await sameNext(one, '4377', [{ok: true, answer: ['first']}]);
    await sameAlive(one);
});
joined('acks that nobody waits for', async (one) => {
    one.send('430["x"]', '4312345[]', '439007199254740991[1]');
    await sameAlive(one);
    const id = await question(one);
    one.send(`43${Number(id) + 1}["x"]`);
    await sameAlive(one);
    one.send(`43${id}["y"]`);
    await sameNext(one, '4377', [{ok: true, answer: ['y']}]);
});
add('an ack from another session is not taken', async (defer) => {
    const [one, other] = [await open(defer), await open(defer)];
    await join(one);
    await join(other);
    const id = await question(one, 100);
    other.send(`43${id}["stolen"]`);
    await sameAlive(other);
    await sameNext(one, '4377', [{ok: false, error: 'timeout'}]);
});
add('an ack in another namespace is not taken', async (defer) => {
    const one = await open(defer);
    await join(one);
    await join(one, '/custom');
    const id = await question(one, 100);
    one.send(`43/custom,${id}["astray"]`);
    await sameNext(one, '4377', [{ok: false, error: 'timeout'}]);
});

// Bytes
const [small, other, large] = [Buffer.from([0, 1, 254, 255]), Buffer.from('4x'), Buffer.alloc(150_000, 0xfe)];
joined('binary events', async (one) => {
    for (const bytes of [small, other, large]) {
        one.send(`451-${JSON.stringify(['message', placeholder(0)])}`, bytes);
        await sameNext(one, '451-', ['message-back', placeholder(0)], [bytes]);
    }
});
joined('binary events with several attachments, within others', async (one) => {
    const all = [{a: [placeholder(0), {b: placeholder(1)}], c: null}, 'text', placeholder(2)];
    one.send(`453-${JSON.stringify(['message', ...all])}`, small, other, large);
    await sameNext(one, '453-', ['message-back', ...all], [small, other, large]);
});
joined('placeholders in another order than their attachments', async (one) => {
    one.send(`452-${JSON.stringify(['message', placeholder(1), placeholder(0)])}`, small, other);
    const {head, payload, bytes} = await packet(one);
    same([head, payload[0]], ['452-', 'message-back']);
    same(payload.slice(1).map(({num}) => bytes[num]), [other, small]);
});
joined('ten attachments, which are the most', async (one) => {
    const all = Array.from({length: 10}, (_, i) => placeholder(i));
    const bytes = all.map((_, i) => Buffer.from([i]));
    one.send(`4510-${JSON.stringify(['message', ...all])}`, ...bytes);
    await sameNext(one, '4510-', ['message-back', ...all], bytes);
});
each('binary events in a namespace', async (one) => {
    await join(one, '/custom');
    one.send(`451-/custom,${JSON.stringify(['message', placeholder(0)])}`, small);
    await sameNext(one, '451-/custom,', ['message-back', placeholder(0)], [small]);
});
joined('binary acks from the server', async (one) => {
    one.send(`451-5${JSON.stringify(['message-with-ack', placeholder(0)])}`, small);
    await sameNext(one, '461-5', [placeholder(0)], [small]);
    one.send(`452-6${JSON.stringify(['message-with-ack', {a: placeholder(0)}, placeholder(1)])}`, small, large);
    await sameNext(one, '462-6', [{a: placeholder(0)}, placeholder(1)], [small, large]);
});
joined('binary acks from the client', async (one) => {
    const id = await question(one);
    one.send(`462-${id}${JSON.stringify([placeholder(0), [placeholder(1)]])}`, small, other);
    await sameNext(one, '462-77', [{ok: true, answer: [placeholder(0), [placeholder(1)]]}], [small, other]);
});
joined('a late binary ack is taken with its attachments', async (one) => {
    const id = await question(one, 60);
    await sameNext(one, '4377', [{ok: false, error: 'timeout'}]);
    one.send(`461-${id}${JSON.stringify([placeholder(0)])}`, small);
    await sameAlive(one);
});
joined('binary and plain events keep their order', async (one) => {
    for (let i = 0; i < 20; ++i) {
        one.send(...i % 2 ? [`42["message",${i}]`] : [`451-["message",${i},{"_placeholder":true,"num":0}]`, Buffer.from([i])]);
    }
    for (let i = 0; i < 20; ++i) {
        await (i % 2 ? sameNext(one, '42', ['message-back', i]) : sameNext(one, '451-', ['message-back', i, placeholder(0)], [Buffer.from([i])]));
    }
});
for (const [what, packets, more] of [
    ['eleven attachments', [`4511-${JSON.stringify(['message', ...Array.from({length: 11}, (_, i) => placeholder(i))])}`]],
    ['a million attachments', ['451000000-["message"]']], ['more attachments than numbers reach', [`45${'9'.repeat(40)}-["message"]`]],
    ['a number of attachments that is none', ['45x-["message"]']], ['a part of an attachment', ['451.5-["message"]']],
    ['less than no attachment', ['45-1-["message"]']], ['attachments without their end', ['451["message"]']],
    ['no number of attachments', ['45["message"]']],
    ['an empty number of attachments', ['45-["message"]', '42["message",1]']],
    ['text while an attachment is due', ['451-["message",{"_placeholder":true,"num":0}]', '42["message",1]']],
    ['an attachment too many', ['451-["nobody",{"_placeholder":true,"num":0}]', small, small]], ['an attachment of nothing', [small]],
    ['a placeholder beyond its attachments', ['451-["message",{"_placeholder":true,"num":1}]', small]],
    ['a placeholder below them', ['451-["message",{"_placeholder":true,"num":-1}]', small]],
    ['a placeholder with text', ['451-["message",{"_placeholder":true,"num":"0"}]', small]],
    ['a placeholder without a number', ['451-["message",{"_placeholder":true}]', small]],
    ['a binary event that is no list', ['451-{"_placeholder":true,"num":0}']],
    ['a binary event with a reserved name', ['451-["connect",{"_placeholder":true,"num":0}]']],
    ['a binary ack that is no list', ['461-0{"_placeholder":true,"num":0}']],
]) {
    joined(`${what}: the session ends`, async (one) => {
        one.send(...packets);
        await sameEnded(one);
    }, more);
}

// What is no packet
for (const [what, text, more] of [
    ['a message of nothing', '4'], ['type 7', '47'], ['type 9', '49'], ['a letter', '4x'], ['a type of two digits', '4-1'],
    ['a blank', '4 2["message"]'],
    ['a payload that is an object', '42{"a":1}'], ['a payload that is a string', '42"message"'], ['a payload that is null', '42null'],
    ['an empty list', '42[]'], ['a list that does not end', '42["message",1'], ['more than a list', '42["message"]x'],
    ['two lists', '42["message"]["message"]'],
    ['no payload', '42', {beyond: 'socket.io takes it for an event without a name'}],
    ['an event named null', '42[null]'], ['an event named true', '42[true]'], ['an event named by a list', '42[["message"]]'],
    ['an event named by an object', '42[{"a":1}]'],
    ['a literal that JSON lacks', '42["message",NaN]'], ['single quotes', "42['message']"], ['a comma too many', '42["message",]'],
    ['half an escape', '42["message","\\u12"]'], ['a control character', '42["message","\u0001"]'],
    ['an ack that is an object', '430{"a":1}'], ['an ack that is a string', '430"x"'], ['an ack that is null', '430null'],
    ['DISCONNECT with a payload', '41{"a":1}'], ['an ack id below 0', '42-1["message-with-ack"]'],
    ['an ack id that is no integer', '421.5["message-with-ack"]'],
    ['a namespace without an end', '42/custom["message"]'],
]) {
    joined(`${what}: the session ends`, async (one) => {
        one.send(text);
        await sameEnded(one);
    }, more);
}
joined('a list of lists without an end: the session ends', async (one) => {
    one.send(`42["message",${'['.repeat(100_000)}`);
    await sameEnded(one);
});
joined('lists within lists, too deep: the session ends', async (one) => {
    one.send(`42["message",${'['.repeat(100_000)}${']'.repeat(100_000)}]`);
    await sameEnded(one);
}, {beyond: 'JSON.stringify runs out of stack'});
add('one session that breaks the rules does not disturb another', async (defer) => {
    const [one, bad] = [await open(defer), await open(defer)];
    await join(one);
    await join(bad);
    bad.send('42[]');
    await sameEnded(bad);
    await sameAlive(one);
});

// Leaving
joined('DISCONNECT leaves one namespace, without an answer', async (one) => {
    await join(one, '/custom');
    one.send('41');
    await sameAlive(one, '/custom');
    one.send('42["message"]');
    await sameEnded(one);
});
joined('DISCONNECT of a namespace, with and without a comma', async (one) => {
    for (const text of ['41/custom,', '41/custom']) {
        await join(one, '/custom');
        one.send(text);
        await sameAlive(one);
    }
});
joined('joining again gives another id', async (one) => {
    const first = await join(one, '/custom');
    one.send('41/custom,');
    await sameAlive(one);
    check(await join(one, '/custom') !== first, 'the same id');
    await sameAlive(one, '/custom');
    await sameAlive(one);
});
joined('joining again right behind DISCONNECT', async (one) => {
    one.send('41', '40');
    same((await packet(one)).head, '40');
    await sameNext(one, '42', ['auth', {}]);
    await sameAlive(one);
}, {beyond: 'socket.io still sees the session that was left'});
joined('what was asked before DISCONNECT is not answered', async (one) => {
    await join(one, '/custom');
    one.send('42/custom,5["slow-ack",50]', '41/custom,');
    await pause(100);
    await sameAlive(one);
});
joined('the server disconnects from one namespace: the transport stays', async (one) => {
    await join(one, '/custom');
    one.send('42["server-disconnect"]');
    await sameNext(one, '41', undefined);
    await sameAlive(one, '/custom');
    await join(one);
    await sameAlive(one);
    one.send('42/custom,["server-disconnect"]');
    await sameNext(one, '41/custom,', undefined);
    await sameAlive(one);
});
joined('the server cuts the connection', async (one) => {
    one.send('42["kill-tcp"]');
    await within(one.ended, 'the end', 2_000);
});

// Rooms and pushes
each('rooms reach those who are in them, but not who speaks', async (one, defer) => {
    const room = `r${Math.random()}`;
    const [two, three] = [await open(defer), await open(defer, 'polling')];
    for (const each of [one, two, three]) {
        await join(each);
        each.send(`421["join","${room}"]`);
        await sameNext(each, '431', [true]);
    }
    three.send(`422["leave","${room}"]`);
    await sameNext(three, '432', [true]);
    one.send(`423["to-room","${room}",{"n":1}]`);
    await sameNext(one, '433', [true]);
    await sameNext(two, '42', ['room-msg', {n: 1}]);
    await sameAlive(one);
    await sameAlive(three);
});
joined('pushes come in order', async (one) => {
    one.send('42["push-later",20,20]');
    for (let i = 0; i < 20; ++i) {
        await sameNext(one, '42', ['pushed', i]);
    }
});
joined('a room of another namespace is another', async (one, defer) => {
    const room = `r${Math.random()}`;
    const custom = await open(defer);
    await join(custom, '/custom');
    custom.send(`42/custom,1["join","${room}"]`);
    await packet(custom);
    one.send(`421["to-room","${room}",1]`);
    await sameNext(one, '431', [true]);
    await sameAlive(custom, '/custom');
});

// Recovery
const recovery = (name, run, more) => recovering && kinds.forEach((kind) =>
    add(`recovery: ${kind}: ${name}`, async (defer) => run((at = recovering) => open(defer, kind, at)), more));

// Joins, and hears all to the greeting of a connection: {sid, pid, events, offset: the last one}. The offsets are taken away.
async function joinAgain(one, said = {}, namespace = '/') {
    const made = {events: []};
    one.send(`40${prefix(namespace)}${JSON.stringify(said)}`);
    for (;;) {
        const {head, payload, bytes} = await packet(one);
        if (head === `40${prefix(namespace)}`) {
            Object.assign(made, payload);
            check([made.sid, made.pid].every((word) => typeof word === 'string' && word.length > 0), 'sid or pid is missing');
            continue;
        }
        made.offset = payload.pop();
        check(typeof made.offset === 'string', 'an event without an offset');
        if (made.sid !== undefined && payload[0] === 'auth') {
            return made;
        }
        made.events.push(bytes.length > 0 ? [...payload, ...bytes] : payload);
    }
}

// The next event, without its offset.
async function eventAt(one, of) {
    const {payload} = await packet(one);
    of.offset = payload.pop();
    return payload;
}

async function cut(one) {
    one.send('42["kill-tcp"]');
    await within(one.ended, 'the cut', 2_000);
}

const sameSession = (one, other, is = true) => check((one.sid === other.sid && one.pid === other.pid) === is, is ? 'another session' : 'the same session');

recovery('an id and a secret, which differ, and offsets that differ', async (link) => {
    const [one, two] = [await link(), await link()];
    const [first, second] = [await joinAgain(one), await joinAgain(two)];
    const custom = await joinAgain(one, {}, '/custom');
    const all = [first, second, custom].flatMap(({sid, pid}) => [sid, pid]);
    check(new Set(all).size === 6, `${all}`);
    one.send('42["push-later",0,5]');
    const offsets = [];
    for (let i = 0; i < 5; ++i) {
        same(await eventAt(one, first), ['pushed', i]);
        offsets.push(first.offset);
    }
    check(new Set(offsets).size === 5, `${offsets}`);
    one.send('427["ask-me","what?",1000]');
    const {head, payload} = await packet(one);
    same(payload, ['server-request', 'what?']);
    check(/^42\d+$/.test(head), head);
});
recovery('what was missed comes once and in order, twice in a row', async (link) => {
    let one = await link();
    const first = await joinAgain(one);
    for (let round = 0; round < 2; ++round) {
        one.send(`42["push-later",60,10]`);
        await cut(one);
        await pause(120);
        one = await link();
        const again = await joinAgain(one, first);
        sameSession(first, again);
        same(again.events, Array.from({length: 10}, (_, i) => ['pushed', i]));
        first.offset = again.offset;
    }
    one.send('425["message-with-ack","alive"]');
    await sameNext(one, '435', ['alive']);
});
recovery('only what is behind the offset comes again', async (link) => {
    const one = await link();
    const first = await joinAgain(one);
    one.send('42["push-later",0,5]');
    for (let i = 0; i < 2; ++i) {
        same(await eventAt(one, first), ['pushed', i]);
    }
    await cut(one);
    const again = await joinAgain(await link(), first);
    sameSession(first, again);
    same(again.events, [['pushed', 2], ['pushed', 3], ['pushed', 4]]);
});
recovery('rooms are kept, and what was said in them, bytes too', async (link) => {
    const [one, other] = [await link(), await link()];
    const first = await joinAgain(one);
    await joinAgain(other);
    const room = `r${Math.random()}`;
    one.send(`421["join","${room}"]`);
    await sameNext(one, '431', [true]);
    await cut(one);
    other.send(`421["to-room","${room}",{"n":1}]`, `451-2["to-room","${room}",{"_placeholder":true,"num":0}]`, small);
    await sameNext(other, '431', [true]);
    await sameNext(other, '432', [true]);
    const back = await link();
    const again = await joinAgain(back, first);
    sameSession(first, again);
    same(again.events, [['room-msg', {n: 1}], ['room-msg', placeholder(0), small]]);
    other.send(`423["to-room","${room}",2]`);
    same(await eventAt(back, again), ['room-msg', 2]);
});
recovery('user data that ends with a string does no harm', async (link) => {
    let one = await link();
    const first = await joinAgain(one);
    for (const last of ['a string', '', first.offset, 'PENDING']) {
        one.send(`42${JSON.stringify(['message', 1, last])}`);
        same(await eventAt(one, first), ['message-back', 1, last]);
        await cut(one);
        one = await link();
        const again = await joinAgain(one, first);
        sameSession(first, again);
        same(again.events, []);
        first.offset = again.offset;
    }
});
recovery('who has seen nothing gets all', async (link) => {
    const one = await link();
    const first = await joinAgain(one);
    one.send('42["push-later",0,2]');
    await cut(one);
    const back = await link();
    const again = await joinAgain(back, {pid: first.pid}); // to the greeting, which it has not seen
    sameSession(first, again);
    same([await eventAt(back, again), await eventAt(back, again)], [['pushed', 0], ['pushed', 1]]);
}, {beyond: 'socket.io asks for an offset'});
recovery('the session of a link that is not known to be dead', async (link) => {
    const one = await link();
    const first = await joinAgain(one);
    const again = await joinAgain(await link(), first);
    sameSession(first, again);
}, {beyond: 'socket.io keeps it for the link'});
for (const [what, said] of [
    ['another pid', {pid: '0'.repeat(40)}], ['another offset', {offset: 'nothing'}], ['no pid', {pid: undefined}], ['a pid that is a list', {pid: ['x']}],
    ['an offset that is a number', {offset: 1}],
]) {
    recovery(`${what}: a new session`, async (link) => {
        const one = await link();
        const first = await joinAgain(one);
        await cut(one);
        const back = await link();
        const again = await joinAgain(back, {...first, events: undefined, ...said});
        sameSession(first, again, false);
        same(again.events, []);
        back.send('425["message-with-ack","alive"]');
        await sameNext(back, '435', ['alive']);
    });
}
recovery('a pid of another namespace: a new session', async (link) => {
    const one = await link();
    const first = await joinAgain(one);
    await cut(one);
    sameSession(first, await joinAgain(await link(), first, '/custom'), false);
});
recovery('who left, or was disconnected, gets a new session', async (link) => {
    const one = await link();
    const first = await joinAgain(one);
    await joinAgain(one, {}, '/custom');
    one.send('41');
    one.send('42/custom,["message",1]');
    await packet(one);
    const second = await joinAgain(one, first);
    sameSession(first, second, false);
    one.send('42["server-disconnect"]');
    await sameNext(one, '41', undefined);
    sameSession(second, await joinAgain(one, second), false);
});
recovery('after the grace: a new session', async (link) => {
    const one = await link();
    const first = await joinAgain(one);
    await cut(one);
    await pause(grace + 300);
    sameSession(first, await joinAgain(await link(), first), false);
});

// Over time
joined('a conversation goes on over pings', async (one) => {
    for (let i = 0; one.pings < 3; ++i) {
        one.send(`42["message",${i}]`);
        await sameNext(one, '42', ['message-back', i]);
        await pause(50);
    }
}, {at: lively});
add('a client that is gone is not counted', async (defer) => {
    const one = await open(defer);
    await join(one);
    const count = async () => {
        one.send('421["stats"]');
        return (await packet(one)).payload[0].clients;
    };
    const before = await count();
    const [two, three] = [await open(defer), await open(defer, 'polling')];
    await join(two);
    await join(three);
    same(await count(), before + 2);
    await two.leave();
    await three.leave();
    while (await count() !== before) {
        await pause(10);
    }
}, {alone: true});

await runAll(cases, asked);
