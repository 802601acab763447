// Our client talks to npm's socket.io server: socket_io_client_by_npm.mjs PROGRAM [PART-OF-A-NAME].
import { spawn } from "node:child_process";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";
import { check, next, pause, require, runAll, same, test, until } from "./support/bench.mjs";

const { Server } = require("socket.io");
const program = process.argv[2];

class Reference {
  static async start(port = 0, options = {}) {
    const made = new Reference();
    made.http = createHttpServer();
    made.io = new Server(made.http, { pingInterval: 300, pingTimeout: 200, ...options });
    made.joined = [];
    made.hellos = [];
    made.io.use((socket, go) => {
      made.asked = (made.asked ?? 0) + 1;
      const error = new Error("unauthorized");
      error.data = { code: 4001 };
      go(socket.handshake.auth.token === "good" ? undefined : error);
    });
    made.io.on("connection", (socket) => {
      made.joined.push(socket);
      socket.on("hello", (said) => made.hellos.push(said));
    });
    await new Promise((done) => made.http.listen(port, "127.0.0.1", done));
    made.port = made.http.address().port;
    return made;
  }

  async socket(number = 1) {
    await until(() => this.joined.length >= number, `connection ${number}`);
    return this.joined[number - 1];
  }

  async end() {
    this.io.disconnectSockets(true);
    this.http.closeAllConnections();
    await new Promise((done) => this.io.close(done));
  }
}

function client(port, token = "good") {
  const child = spawn(program, [`http://127.0.0.1:${port}`, token], { stdio: ["ignore", "inherit", "ignore"] });
  child.over = new Promise((done) => child.once("exit", done));
  return child;
}

async function with_client(run, options = {}) {
  const server = await Reference.start(0, options);
  const child = client(server.port);
  try {
    await run(await server.socket(), server, child);
  } finally {
    child.kill("SIGKILL");
    await child.over;
    await server.end();
  }
}

test("joins, says hello, and acknowledges", () =>
  with_client(async (socket, server) => {
    await until(() => server.hellos.length === 1, "hello");
    same(server.hellos, [{ n: 1 }]);
    same(await socket.timeout(1000).emitWithAck("add", 2, 3), 5);
    const all = await new Promise((done) => socket.emit("echo", 1, "ä\u2028", { x: [null] }, (...back) => done(back)));
    same(all, [1, "ä\u2028", { x: [null] }]);
    const slow = socket.timeout(1000).emitWithAck("slow-echo", 100, "late");
    same(await socket.timeout(1000).emitWithAck("add", 1, 1), 2);
    same(await slow, "late");
    const silent = await socket.timeout(100).emitWithAck("never").catch((error) => error);
    check(silent instanceof Error, "never was acknowledged");
    const unknown = await socket.timeout(100).emitWithAck("unknown").catch((error) => error);
    check(unknown instanceof Error, "what has no handler was acknowledged");
  }));

test("carries binary data both ways", () =>
  with_client(async (socket) => {
    const bytes = Buffer.from([0, 255, 10]);
    same(await socket.timeout(1000).emitWithAck("echo", bytes), bytes);
    const all = await new Promise((done) => socket.emit("echo", { a: bytes, b: [bytes] }, bytes, (...back) => done(back)));
    same(all, [{ a: bytes, b: [bytes] }, bytes]);
    const large = Buffer.alloc(500000, 3);
    same(await socket.timeout(2000).emitWithAck("echo", large), large);
  }));

test("calls, waits so long, and tries again", () =>
  with_client(async (socket) => {
    let calls = 0;
    socket.on("sum", (a, b, ack) => ack(a + b));
    socket.on("third-time", (ack) => ++calls === 3 && ack("yes"));
    socket.on("unanswered", () => ++calls);
    const asked = async (...call) => {
      const result = next(socket, "call-result");
      socket.emit("please-call", ...call);
      return result;
    };
    same(await asked("sum", [1, 2], 500, 0), { ok: true, value: 3 });
    same(await asked("third-time", [], 100, 3), { ok: true, value: "yes" });
    same(calls, 3);
    calls = 0;
    same(await asked("unanswered", [1], 50, 2), { ok: false, error: "timeout" });
    same(calls, 3);
  }));

test("is refused once and for all", async () => {
  const server = await Reference.start();
  const child = client(server.port, "bad");
  try {
    same(await child.over, 3);
    same(server.asked, 1);
  } finally {
    await server.end();
  }
});

test("leaves when it is told to", () =>
  with_client(async (socket, _, child) => {
    const reason = next(socket, "disconnect");
    socket.emit("quit");
    same((await reason)[0], "client namespace disconnect");
    same(await child.over, 0);
  }));

test("comes back when its transport was closed, or it was disconnected", () =>
  with_client(async (socket, server) => {
    socket.conn.close();
    const second = await server.socket(2);
    same(await second.timeout(1000).emitWithAck("add", 1, 2), 3);
    second.disconnect(true);
    const third = await server.socket(3);
    same(await third.timeout(1000).emitWithAck("add", 1, 2), 3);
    await until(() => server.hellos.at(-1)?.n === 3, "the third hello"); // the first may have met the closing
  }));

test("comes back to a server that was away", async () => {
  const first = await Reference.start();
  const child = client(first.port);
  try {
    await first.socket();
    await first.end();
    await pause(300);
    const second = await Reference.start(first.port);
    try {
      same(await (await second.socket()).timeout(1000).emitWithAck("add", 4, 4), 8);
      await until(() => second.hellos.length === 1, "hello");
      same(second.hellos, [{ n: 2 }]);
    } finally {
      child.kill("SIGKILL");
      await second.end();
    }
  } finally {
    child.kill("SIGKILL");
    await child.over;
  }
});

test("notices a link that has fallen silent", async () => {
  const server = await Reference.start();
  const frozen = [];
  const cut = [];
  const proxy = createServer((near) => {
    const far = connect(server.port, "127.0.0.1");
    near.on("error", () => {}).pipe(far.on("error", () => {}));
    far.pipe(near);
    cut.push(() => (near.destroy(), far.destroy()));
    frozen.push(() => (near.unpipe(far), far.unpipe(near), near.pause(), far.pause()));
  });
  await new Promise((done) => proxy.listen(0, "127.0.0.1", done));
  const child = client(proxy.address().port);
  try {
    await server.socket();
    frozen.forEach((freeze) => freeze());
    const begin = Date.now();
    const second = await server.socket(2);
    check(Date.now() - begin < 2000, `it took ${Date.now() - begin} ms`);
    same(await second.timeout(1000).emitWithAck("add", 1, 2), 3);
  } finally {
    child.kill("SIGKILL");
    cut.forEach((end) => end());
    proxy.close();
    await server.end();
  }
});

await runAll();
