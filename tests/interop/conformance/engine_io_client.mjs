// Holds the Engine.IO v4 side of a Socket.IO client to its protocol: handshake, heartbeat, polling, upgrade, and coming back.
//
//   node engine_io_client.mjs PROGRAM | reference | -- COMMAND...   [--only TEXT]
//
// The command is run as socket_io_client.mjs does.
import {opcodes} from './frames.mjs';
import {ScriptedServer} from './scripted_server.mjs';
import {sameNext} from './socket_io_packets.mjs';
import {check, pause, runAll, same, wanted, within} from './suite.mjs';

const slack = 2_000; // ms a timer may be late on a busy machine
const asked = wanted('socket_io_client', 'node engine_io_client.mjs PROGRAM | reference | -- COMMAND...; [--only TEXT]');
const cases = [];
const add = (name, run, how = {}, more = {}) => cases.push({name, patience: 15_000, ...more, run: async (defer) => {
    const server = await ScriptedServer.run(defer, asked, how);
    await run(server);
    same(server.faults, [], 'what a client may not do');
}});
const kinds = {websocket: 'websocket', polling: 'polling', upgraded: 'polling,websocket'};
const each = (name, run, how = {}, more = {}) => Object.entries(kinds).forEach(([kind, transports]) =>
    add(`${kind}: ${name}`, (server) => run(server, kind), {transports, ...how}, more[kind]));

async function join(server, n = 1) {
    const one = await server.session();
    await sameNext(one, '40', {token: 'TOKEN'});
    one.send(`40{"sid":"session-${n}"}`);
    await sameNext(one, '42', ['hello', {n}]);
    return one;
}

// As join, and the upgrade is over where there is one.
async function settled(server, kind, n = 1) {
    const one = await join(server, n);
    while (kind === 'upgraded' && !one.upgraded) {
        await pause(5);
    }
    return one;
}

async function sameAlive(one) {
    one.send('42990["add",40,2]');
    await sameNext(one, '43990', [42]);
}

async function until(holds, what) {
    await within((async () => {
        while (!holds()) {
            await pause(5);
        }
    })(), what);
}

// Handshake
add('websocket: nothing is said before the open packet', async (server) => {
    const one = await server.session();
    await pause(200);
    check(one.held === 0, 'something came');
    one.send(server.opening(one, []));
    await sameNext(one, '40', {token: 'TOKEN'});
}, {open: false});
each('paths, versions and transports are as they should be', async (server, kind) => {
    await sameAlive(await settled(server, kind)); // the server notes what is not
});
add('websocket: there is no request by polling, and no upgrade', async (server) => {
    await sameAlive(await join(server));
    same([server.requests, server.upgrades.length], [0, 0]);
});
add('polling: there is no WebSocket', async (server) => {
    await sameAlive(await join(server));
    await pause(200);
    same(server.upgrades.length, 0);
}, {transports: 'polling'});
add('upgraded: no WebSocket where none is offered', async (server) => {
    await sameAlive(await join(server));
    await pause(300);
    same(server.upgrades.length, 0);
}, {transports: 'polling,websocket', offers: []});
each('unknown members of the open packet are no harm', async (server, kind) => {
    await sameAlive(await settled(server, kind));
}, {terms: {more: {a: [1]}}});

// Heartbeat
const lively = {pingInterval: 300, pingTimeout: 200};
each('each ping is answered by one pong', async (server, kind) => {
    const one = await settled(server, kind);
    for (let n = 1; n <= 3; ++n) {
        one.send('2');
        await until(() => one.pongs === n, `the pong ${n}`);
    }
    await sameAlive(one);
    same(one.pongs, 3);
});
add('websocket: a ping of RFC 6455 is answered by its pong', async (server) => {
    const one = await join(server);
    one.link.raw({opcode: opcodes.ping, payload: 'are you there'});
    same(await one.link.pongs.next(), 'are you there');
    same(one.pongs, 0);
});
each('a session without pings is left in time, and followed by another', async (server) => {
    const one = await server.session();
    const begin = Date.now();
    await sameNext(one, '40', {token: 'TOKEN'});
    one.send('40{"sid":"x"}');
    await within(one.ended, 'the end of a silent session', 500 + slack);
    check(Date.now() - begin >= 450, 'it came too early');
    await server.session();
}, {terms: lively});
add('websocket: messages are no pings', async (server) => {
    const one = await join(server);
    const begin = Date.now();
    while (!one.isOver) {
        check(Date.now() - begin < 500 + slack, 'it goes on');
        one.send('42["nobody"]');
        await pause(30);
    }
}, {terms: lively});
each('a session with pings stays', async (server, kind) => {
    const one = await settled(server, kind);
    for (let n = 1; n <= 5; ++n) {
        one.send('2');
        await until(() => one.pongs === n, `the pong ${n}`);
        await pause(200);
    }
    await sameAlive(one);
    check(server.opened.length === 1, `${server.opened.length} sessions`);
}, {terms: {pingInterval: 300, pingTimeout: 400}});
add('websocket: the terms of the handshake count, not those of another', async (server) => {
    const one = await join(server);
    await pause(700);
    await sameAlive(one);
    await within(one.ended, 'the end', 300 + slack);
}, {terms: {pingInterval: 600, pingTimeout: 400}});

// The end of a session
const followed = async (server, kind, how) => {
    const one = await settled(server, kind);
    how(one);
    if (kind !== 'polling') {
        await within(one.ended, 'the end', 3_000);
    }
    await sameAlive(await settled(server, kind, 2));
};
each('a close packet ends the session, and another follows', (server, kind) => followed(server, kind, (one) => one.send('1')), {},
     Object.fromEntries(['websocket', 'upgraded'].map((kind) => [kind, {beyond: 'engine.io-client looks at it by polling alone'}])));
for (const kind of ['websocket', 'upgraded']) {
    add(`${kind}: a Close frame ends the session, and another follows`,
        (server) => followed(server, kind, (one) => one.link.close()), {transports: kinds[kind]});
    for (const [what, ...packets] of [['an unknown packet', '9'], ['a word', 'xyz'], ['nothing', '']]) {
        add(`${kind}: ${what} ends the session, and another follows`, (server) => followed(server, kind, (one) => one.link.send(...packets)),
            {transports: kinds[kind]});
    }
    add(`${kind}: a frame that is masked ends the session, and another follows`, (server) => followed(server, kind, (one) =>
        one.link.raw({opcode: opcodes.text, payload: '4x', masked: true})), {transports: kinds[kind]});
    add(`${kind}: text that is no UTF-8 ends the session, and another follows`, (server) => followed(server, kind, (one) =>
        one.link.raw({opcode: opcodes.text, payload: Buffer.from('34ff', 'hex')})), {transports: kinds[kind]});
}
for (const status of [400, 404, 500]) {
    add(`polling: a GET that is answered by ${status} ends the session, and another follows`,
        async (server) => {
            const one = await join(server);
            await until(() => one.waiting, 'the GET');
            one.reply(status, '{"code":1,"message":"Session ID unknown"}');
            await sameAlive(await join(server, 2));
        }, {transports: 'polling'});
    add(`polling: a POST that is answered by ${status} ends the session, and another follows`, async (server) => {
        const one = await join(server);
        server.onPost = () => status;
        one.send('421["add",1,2]');
        const next = server.session();
        await next.then(() => (server.onPost = undefined));
        await sameNext(await next, '40', {token: 'TOKEN'});
    }, {transports: 'polling'});
}
for (const [what, body] of [['an unknown packet', '9'], ['nothing between', '6\x1e\x1e6'], ['a word', 'xyz']]) {
    add(`polling: a payload of ${what} ends the session, and another follows`, async (server) => {
        const one = await join(server);
        await until(() => one.waiting, 'the GET');
        one.reply(200, body);
        await sameNext(await server.session(), '40', {token: 'TOKEN'});
    }, {transports: 'polling'});
}

// A server that can't be had
each('a server that refuses is asked again, without a storm', async (server) => {
    await until(() => server.opened.length > 0, 'a try');
    await pause(1_500);
    const tries = server.opened.length;
    check(tries >= 2 && tries <= 16, `${tries} tries in 1,500 ms`);
    server.refuse = undefined;
    await join(server);
}, {refuse: () => 503});
for (const status of [200, 302, 404, 500]) {
    add(`websocket: ${status} instead of a WebSocket is followed by another try`, async (server) => {
        await until(() => server.opened.length >= 2, 'another try');
        server.refuse = undefined;
        await sameAlive(await join(server));
    }, {refuse: () => status});
}
each('a server that comes back after a while', async (server, kind) => {
    const one = await settled(server, kind);
    server.refuse = () => 503;
    one.cut();
    await until(() => server.opened.length >= 3, 'tries');
    server.refuse = undefined;
    await sameAlive(await settled(server, kind, 2));
});

// Polling
add('polling: several packets in one payload, texts and bytes', async (server) => {
    const one = await join(server);
    await until(() => one.waiting, 'the GET');
    one.send('421["add",1,2]', '451-2["echo",{"_placeholder":true,"num":0}]', Buffer.from([0, 255]), '423["add",3,4]', '6', '2');
    await sameNext(one, '431', [3]);
    await sameNext(one, '461-2', [{_placeholder: true, num: 0}], [Buffer.from([0, 255])]);
    await sameNext(one, '433', [7]);
    await until(() => one.pongs === 1, 'the pong');
}, {transports: 'polling'});
add('polling: a noop is followed by another GET', async (server) => {
    const one = await join(server);
    for (let i = 0; i < 3; ++i) {
        await until(() => one.waiting, 'the GET');
        one.reply(200, '6');
    }
    await sameAlive(one);
}, {transports: 'polling'});
add('polling: payloads keep to maxPayload', async (server) => {
    const one = await join(server);
    const words = 'x'.repeat(40);
    one.send(...Array.from({length: 30}, (_, i) => `42${i}["echo","${words}"]`));
    for (let i = 0; i < 30; ++i) {
        await sameNext(one, `43${i}`, [words]);
    }
}, {transports: 'polling', terms: {maxPayload: 150}});
add('polling: one GET and one POST at a time, and all in order', async (server) => {
    const one = await join(server);
    for (let i = 0; i < 60; ++i) {
        one.send(`42${i}["add",${i},1]`);
        if (i % 10 === 0) {
            await pause(3);
        }
    }
    for (let i = 0; i < 60; ++i) {
        await sameNext(one, `43${i}`, [i + 1]);
    }
}, {transports: 'polling'});
add('polling: a cut GET ends the session, and another follows', async (server) => {
    const one = await join(server);
    await until(() => one.waiting, 'the GET');
    one.cut();
    await sameAlive(await join(server, 2));
}, {transports: 'polling'});

// Upgrade
const both = {transports: 'polling,websocket'};
add('upgraded: behind the upgrade nothing is polled', async (server) => {
    const one = await settled(server, 'upgraded');
    const before = server.requests;
    await sameAlive(one);
    await pause(100);
    same([server.requests, server.upgrades.length], [before, 1]);
}, both);
add('upgraded: order holds across it', async (server) => {
    const one = await join(server);
    let sent = 0;
    while (!one.upgraded || sent < 100) {
        one.send(`42${sent}["add",${sent},1]`);
        ++sent;
        await pause(one.upgraded ? 0 : 2);
    }
    for (let i = 0; i < sent; ++i) {
        await sameNext(one, `43${i}`, [i + 1]);
    }
}, both);
for (const [what, how] of [
    ['refused', {refuse: (request) => request.headers.upgrade ? 503 : undefined}],
    ['answered by another packet than the pong', {onUpgrade: (_, link) => link.send('3wrong')}],
    ['answered by a message', {onUpgrade: (_, link) => link.send('4x')}],
    ['answered by nothing', {onUpgrade: () => {}}],
    ['closed', {onUpgrade: (_, link) => link.close()}],
    ['cut', {onUpgrade: (_, link) => link.cut()}],
]) {
    add(`upgraded: an upgrade that is ${what} leaves the session by polling`, async (server) => {
        const one = await join(server);
        for (let i = 0; i < 5; ++i) {
            await sameAlive(one);
            await pause(50);
        }
        check(server.opened.length === 1, `${server.opened.length} sessions`);
        check(server.refuse || server.upgrades.length === 1, `${server.upgrades.length} WebSockets`);
    }, {...both, ...how});
}

await runAll(cases, asked);
