// npm's `ws` as the same peer: what the suite finds in ours it must find there.
//
//   node reference.mjs server [PORT]      echoes, and says `listening on PORT`
//   node reference.mjs client URL         echoes until the server closes
//
// `ws` is looked for where NODE_MODULES says, else beside this file.
import {createRequire} from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(process.env.NODE_MODULES ?? import.meta.dirname, 'x.js'));
const {WebSocket, WebSocketServer} = require('ws');
const [role, where] = process.argv.slice(2);
const maxPayload = 32 << 20;

function echo(socket) {
    socket.on('message', (data, binary) => socket.send(data, {binary}));
    socket.on('error', () => {});
}

if (role === 'server') {
    const server = new WebSocketServer({host: '127.0.0.1', port: Number(where ?? 0), maxPayload, perMessageDeflate: {threshold: 0}});
    server.on('listening', () => console.log(`listening on ${server.address().port}`));
    server.on('connection', echo);
} else {
    echo(new WebSocket(where, {maxPayload, perMessageDeflate: {threshold: 0}}));
}
