// npm's packages as the peers that the suites of Engine.IO and Socket.IO judge: what a suite finds in ours it must find there.
//
//   node socket_io_reference.mjs engine_io_server | socket_io_server [flags of our programs]      say `listening on PORT`
//   node socket_io_reference.mjs socket_io_client URL TOKEN [--transports LIST]
//
// The packages are looked for where REJOINDER_INTEROP_MODULES says, else beside this file.
import http from 'node:http';
import {createRequire} from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(process.env.REJOINDER_INTEROP_MODULES ?? import.meta.dirname, 'x.js'));
const [role, ...rest] = process.argv.slice(2);
const flag = (name, otherwise) => rest.includes(name) ? rest[rest.indexOf(name) + 1] : otherwise;
const number = (name, otherwise) => Number(flag(name, otherwise));

const engine = {
    pingInterval: number('--ping-interval', 300),
    pingTimeout: number('--ping-timeout', 200),
    maxHttpBufferSize: number('--max-payload', 1_000_000),
    upgradeTimeout: number('--upgrade-timeout', 10_000),
    transports: flag('--transports', 'polling,websocket').split(','),
};

function listen(attach) {
    const server = http.createServer();
    attach(server);
    server.listen(number('--port', 0), '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
}

function echo(server) {
    const allowRequest = (asked, decide) => decide(null, asked.headers.origin !== 'http://forbidden.invalid');
    require('engine.io').attach(server, {...engine, allowRequest, path: '/engine.io/'})
        .on('connection', (socket) => socket.on('data', (data) => socket.send(data)));
}

const calls = new Map();

function handle(io, socket) {
    socket.emit('auth', socket.handshake.auth);
    socket.on('message', (...all) => socket.emit('message-back', ...all));
    socket.on('message-with-ack', (...all) => all.at(-1) instanceof Function && all.pop()(...all));
    socket.on('no-ack', () => {});
    socket.on('slow-ack', (ms, ack) => setTimeout(() => ack?.(ms), ms));
    socket.on('flaky', (key, unanswered, payload, ack) => {
        calls.set(key, (calls.get(key) ?? 0) + 1);
        if (calls.get(key) > unanswered) {
            ack({attempts: calls.get(key), payload});
        }
    });
    socket.on('attempts', (key, ack) => ack(calls.get(key) ?? 0));
    socket.on('ask-me', (question, ms, ack) => socket.timeout(ms).emit('server-request', question, (error, ...all) =>
        ack(error ? {ok: false, error: 'timeout'} : {ok: true, answer: all})));
    socket.on('join', (room, ack) => (socket.join(room), ack(true)));
    socket.on('leave', (room, ack) => (socket.leave(room), ack(true)));
    socket.on('to-room', (room, payload, ack) => (socket.to(room).emit('room-msg', payload), ack(true)));
    socket.on('push-later', (ms, count) => setTimeout(() => {
        for (let i = 0; i < count; ++i) {
            socket.emit('pushed', i);
        }
    }, ms));
    socket.on('kill-tcp', function kill() {
        if (socket.conn.transport.name === 'polling' && !socket.conn.transport.req) {
            setTimeout(kill, 1); // the next poll is on its way
            return;
        }
        socket.conn.request.socket.destroy();
        socket.conn.transport.socket?._socket.destroy();
        socket.conn.transport.req?.socket.destroy();
    });
    socket.on('server-disconnect', () => socket.disconnect());
    socket.on('stats', (ack) => ack({clients: io.of('/').sockets.size, engine: {}}));
}

function serve(server) {
    const {Server} = require('socket.io');
    const recovery = rest.includes('--recovery') ? {connectionStateRecovery: {maxDisconnectionDuration: number('--grace', 5000)}} : {};
    const io = new Server(server, {...engine, ...recovery, connectTimeout: number('--connect-timeout', 1000)});
    for (const name of ['/', '/custom', '/admin']) {
        io.of(name).on('connection', (socket) => handle(io, socket));
    }
    io.of('/admin').use((socket, next) =>
        next(socket.handshake.auth.token === 'secret' ? undefined : Object.assign(new Error('unauthorized'), {data: {code: 4001}})));
}

function connect(url, token) {
    const {io} = require('socket.io-client');
    const socket = io(url, {auth: {token}, transports: flag('--transports', 'websocket').split(','), reconnectionDelay: 100,
                            reconnectionDelayMax: 1000});
    let count = 0;
    socket.on('connect', () => socket.emit('hello', {n: ++count}));
    socket.on('connect_error', () => socket.active || process.exit(3));
    socket.on('add', (a, b, ack) => ack?.(a + b));
    socket.on('echo', (...all) => all.at(-1) instanceof Function && all.pop()(...all));
    socket.on('slow-echo', (ms, value, ack) => setTimeout(() => ack?.(value), ms));
    socket.on('never', () => {});
    socket.on('please-call', async (event, all, ms, retries) => {
        let error;
        for (let i = 0; i <= retries; ++i) {
            try {
                socket.emit('call-result', {ok: true, value: await socket.timeout(ms).emitWithAck(event, ...all)});
                return;
            } catch (one) {
                error = one;
            }
        }
        socket.emit('call-result', {ok: false, error: error.message});
    });
    socket.on('quit', () => {
        socket.io.engine.once('close', () => process.exit(0));
        socket.disconnect();
    });
}

if (role === 'engine_io_server') {
    listen(echo);
} else if (role === 'socket_io_server') {
    listen(serve);
} else {
    connect(rest[0], rest[1]);
}
