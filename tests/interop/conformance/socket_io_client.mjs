// Holds a Socket.IO v5 client, with the events of tests/interop/peers/socket_io_client, to its protocol: a server that a case scripts, right
// or wrong, talks to it.
//
//   node socket_io_client.mjs PROGRAM | reference | -- COMMAND...   [--only TEXT]
//
// The command is run with a URL, a token and `--transports LIST` behind it, once a case.
import {ScriptedServer} from './scripted_server.mjs';
import {packet, placeholder, sameNext, values} from './socket_io_packets.mjs';
import {check, pause, runAll, same, wanted, within} from './suite.mjs';

const asked = wanted('socket_io_client', 'node socket_io_client.mjs PROGRAM | reference | -- COMMAND...; [--only TEXT]');
const cases = [];
const add = (name, run, how = {}, more = {}) => cases.push({name, patience: 15_000, ...more, run: async (defer) => {
    const server = await ScriptedServer.run(defer, asked, how);
    await run(server);
    same(server.faults, [], 'what a client may not do');
}});
const kinds = {websocket: 'websocket', polling: 'polling', upgraded: 'polling,websocket'};
const each = (name, run, more) => Object.entries(kinds).forEach(([kind, transports]) =>
    add(`${kind}: ${name}`, async (server) => run(await join(server), server), {transports}, more));

// The client joins, and greets: for the `n`th time.
async function join(server, n = 1) {
    const one = await server.session();
    await sameNext(one, '40', {token: 'TOKEN'});
    one.send(`40{"sid":"session-${n}"}`);
    await sameNext(one, '42', ['hello', {n}]);
    return one;
}

// Nothing else has come, and the client answers.
async function sameAlive(one) {
    one.send('42990["add",40,2]');
    await sameNext(one, '43990', [42]);
}

// Joining
for (const [kind, transports] of Object.entries(kinds)) {
    add(`${kind}: CONNECT with auth comes first, and nothing before its answer`, async (server) => {
        const one = await server.session();
        await sameNext(one, '40', {token: 'TOKEN'});
        await pause(200);
        check(one.held === 0, 'something came before the answer');
        one.send('40{"sid":"x"}');
        await sameNext(one, '42', ['hello', {n: 1}]);
        await sameAlive(one);
    }, {transports});
    add(`${kind}: a refused CONNECT is the end, without a storm`, async (server) => {
        const one = await server.session();
        await packet(one);
        one.send('44{"message":"not you","data":{"code":4001,"why":["a",1]}}');
        same(await within(server.child.ended, 'the exit'), 3);
        check(server.opened.length === 1 && one.held === 0, `${server.opened.length} sessions`);
    }, {transports});
}
add('a refused CONNECT without data', async (server) => {
    await packet(await server.session().then((one) => (one.send('44{"message":"Invalid namespace"}'), one)));
    same(await within(server.child.ended, 'the exit'), 3);
    check(server.opened.length === 1, `${server.opened.length} sessions`);
});
add('the answer to CONNECT may say more than is known', async (server) => {
    const one = await server.session();
    await packet(one);
    one.send('40{"sid":"x","pid":"y","more":{"a":[1]}}');
    await sameNext(one, '42', ['hello', {n: 1}]);
});

// Acks of the server's events
each('acks with all kinds of arguments', async (one) => {
    for (const [i, all] of values.entries()) {
        one.send(`42${i}${JSON.stringify(['echo', ...all])}`);
        await sameNext(one, `43${i}`, all);
    }
});
each('ack ids to 2^53-1', async (one) => {
    for (const id of ['0', '1', '4294967296', '9007199254740990', '9007199254740991']) {
        one.send(`42${id}["add",1,${id}0]`.replace(/,\d+\]/, ',1]'));
        await sameNext(one, `43${id}`, [2]);
    }
});
each('acks come when they are ready', async (one) => {
    one.send('421["slow-echo",150,"late"]', '422["never"]', '423["slow-echo",10,{"soon":1}]', '424["add",1,2]');
    await sameNext(one, '434', [3]);
    await sameNext(one, '433', [{soon: 1}]);
    await sameNext(one, '431', ['late']);
});
each('acks of many events keep their order', async (one) => {
    one.send(...Array.from({length: 100}, (_, i) => `42${i}["add",${i},${i}]`));
    for (let i = 0; i < 100; ++i) {
        await sameNext(one, `43${i}`, [2 * i]);
    }
});
add('an event without an id is not acked; one that nobody handles is no harm', async (server) => {
    const one = await join(server);
    one.send('42["add",1,2]', '42["echo","x"]', '42["nobody",1]', '42["never"]');
    await sameAlive(one);
});
add('blanks and escapes', async (server) => {
    const one = await join(server);
    one.send('421[ "\\u0065cho" ,\n "\\ud83d\\ude00" ]');
    await sameNext(one, '431', ['😀']);
});

// Bytes
const [small, large] = [Buffer.from([0, 1, 254, 255]), Buffer.alloc(150_000, 0xfe)];
each('binary events, and binary acks', async (one) => {
    one.send(`451-0${JSON.stringify(['echo', placeholder(0)])}`, small);
    await sameNext(one, '461-0', [placeholder(0)], [small]);
    one.send(`452-1${JSON.stringify(['echo', {a: [placeholder(0), 'x']}, placeholder(1)])}`, small, large);
    await sameNext(one, '462-1', [{a: [placeholder(0), 'x']}, placeholder(1)], [small, large]);
    const ten = Array.from({length: 10}, (_, i) => placeholder(i));
    const bytes = ten.map((_, i) => Buffer.from([i]));
    one.send(`4510-2${JSON.stringify(['echo', ...ten])}`, ...bytes);
    await sameNext(one, '4610-2', ten, bytes);
});
add('placeholders in another order than their attachments', async (server) => {
    const one = await join(server);
    one.send(`452-1${JSON.stringify(['echo', placeholder(1), placeholder(0)])}`, small, large);
    const {head, payload, bytes} = await packet(one);
    same(head, '462-1');
    same(payload.map(({num}) => bytes[num]), [large, small]);
});

// Acks of the client's events
async function call(one, ms, retries, all = [1, {a: 'ä'}]) {
    one.send(`42${JSON.stringify(['please-call', 'compute', all, ms, retries])}`);
}

async function attempt(one, all = [1, {a: 'ä'}]) {
    const {head, payload, bytes} = await packet(one);
    same([payload, bytes], [['compute', ...all], []]);
    const id = /^42(\d+)$/.exec(head)?.[1];
    check(id !== undefined && Number.isSafeInteger(Number(id)), `${head} is no event with an id`);
    return id;
}

each('a call gets its ack', async (one) => {
    for (const value of [null, 'x', {a: [1]}, 0]) {
        await call(one, 2_000, 0);
        one.send(`43${await attempt(one)}${JSON.stringify([value])}`);
        await sameNext(one, '42', ['call-result', {ok: true, value}]);
    }
});
each('a call gets bytes', async (one) => {
    await call(one, 2_000, 0);
    one.send(`461-${await attempt(one)}${JSON.stringify([placeholder(0)])}`, small);
    await sameNext(one, '451-', ['call-result', {ok: true, value: placeholder(0)}], [small]);
});
add('a call that is never acked is tried as often as it may be, with other ids', async (server) => {
    const one = await join(server);
    await call(one, 100, 2);
    const ids = [await attempt(one), await attempt(one), await attempt(one)];
    check(new Set(ids).size === 3, `${ids}`);
    const {head, payload} = await packet(one);
    same([head, payload[0], payload[1].ok], ['42', 'call-result', false]);
    await sameAlive(one);
});
add('the ack of a later attempt counts', async (server) => {
    const one = await join(server);
    await call(one, 100, 3);
    await attempt(one);
    one.send(`43${await attempt(one)}["second"]`);
    await sameNext(one, '42', ['call-result', {ok: true, value: 'second'}]);
    await sameAlive(one);
});
add('a late ack gives no second result', async (server) => {
    const one = await join(server);
    await call(one, 100, 0);
    const id = await attempt(one);
    const {payload} = await packet(one);
    same(payload[1].ok, false);
    one.send(`43${id}["late"]`);
    await sameAlive(one);
});
add('a late ack of the first attempt, and the ack of the second, give one result', async (server) => {
    const one = await join(server);
    await call(one, 150, 3);
    const first = await attempt(one);
    const second = await attempt(one);
    one.send(`43${first}["a"]`, `43${second}["a"]`);
    await sameNext(one, '42', ['call-result', {ok: true, value: 'a'}]);
    await sameAlive(one);
});
add('an ack that comes twice counts once', async (server) => {
    const one = await join(server);
    await call(one, 2_000, 1);
    const id = await attempt(one);
    one.send(`43${id}["first"]`, `43${id}["second"]`);
    await sameNext(one, '42', ['call-result', {ok: true, value: 'first'}]);
    await sameAlive(one);
});
add('acks that nobody waits for are no harm', async (server) => {
    const one = await join(server);
    one.send('43123["x"]', '439007199254740991[]', `461-5${JSON.stringify([placeholder(0)])}`, small);
    await call(one, 2_000, 0);
    const id = await attempt(one);
    one.send(`43${Number(id) + 7}["no"]`, `43${id}["yes"]`);
    await sameNext(one, '42', ['call-result', {ok: true, value: 'yes'}]);
    await sameAlive(one);
});
add('calls at once get each its own ack, in any order', async (server) => {
    const one = await join(server);
    for (let i = 0; i < 10; ++i) {
        await call(one, 5_000, 0, [i]);
    }
    const ids = [];
    for (let i = 0; i < 10; ++i) {
        ids.push(await attempt(one, [i]));
    }
    for (const i of [...ids.keys()].reverse()) {
        one.send(`43${ids[i]}["for ${i}"]`);
        await sameNext(one, '42', ['call-result', {ok: true, value: `for ${i}`}]);
    }
});

// Coming back
each('a lost session is followed by another, with a CONNECT of its own', async (one, server) => {
    await sameAlive(one);
    one.cut();
    const two = await join(server, 2);
    await sameAlive(two);
    two.cut();
    await sameAlive(await join(server, 3));
});
add('a session that is lost before the answer to CONNECT', async (server) => {
    const one = await server.session();
    await packet(one);
    one.cut();
    await sameAlive(await join(server, 1));
});
add('an ack that was due in a session is not said in the next', async (server) => {
    const one = await join(server);
    one.send('425["slow-echo",300,"x"]');
    await sameAlive(one);
    one.cut();
    const two = await join(server, 2);
    await pause(350);
    await sameAlive(two);
}, {}, {beyond: 'socket.io-client acks in the next session'});

// Leaving
each('quit says DISCONNECT, and exits', async (one, server) => {
    one.send('42["quit"]');
    const said = await one.next().catch(() => undefined);
    check(said === undefined || said === '41', `${said}`);
    same(await within(server.child.ended, 'the exit'), 0);
    check(server.opened.length === 1, `${server.opened.length} sessions`);
});

// What is no packet: the client ends the session at once, and comes back
const wrongs = [
    ['what no message is', [['4'], ['47'], ['4x'], ['42'], ['42{}'], ['42[]'], ['42null'], ['42"x"'], ['42[null]'], ['42[true]'], ['42["echo"'],
    ['42["echo"]x'],
                            ['42["echo",NaN]']].filter(([text]) => !(asked.reference && text === '42'))],
    ['reserved names', ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'].map((name) => [`42["${name}"]`])],
    ['acks that are none', [['430{}'], ['430"x"'], ['430null'], ['43x[]']].filter(([text]) => !(asked.reference && text === '43x[]'))],
    ['attachments that are none', [
        [small], ['451-["echo",{"_placeholder":true,"num":0}]', '42["echo"]'], ['451-["echo",{"_placeholder":true,"num":1}]', small],
        ['451-["echo",{"_placeholder":true,"num":-1}]', small], ['451-["echo",{"_placeholder":true,"num":"0"}]', small], ['45x-["echo"]'],
        ['451["echo"]'],
        ['4511-["echo"]'], ['451000000000-["echo"]'], ['451-["echo",{"_placeholder":true,"num":0}]', small, small]]],
];
for (const [what, all] of wrongs) {
    add(`${what} end the session, and another follows`, async (server) => {
        let n = 0;
        for (const packets of all) {
            const one = await join(server, ++n);
            one.send(...packets);
            await within(one.ended, `the end of the session at ${packets[0]}`, 3_000);
        }
        await sameAlive(await join(server, ++n));
    }, {}, {patience: 30_000});
}

await runAll(cases, asked);
