// Our client talks to npm's socket.io server: socket_io_client_by_npm.mjs PROGRAM [PART-OF-A-NAME].
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import net from "node:net";
import { check, next, pause, require, runAll, same, test, until } from "./support/bench.mjs";

const { Server } = require("socket.io");
const program = process.argv[2];

// A server that can be killed and come back on its port. Sockets come to `next`, in their order.
class Reference {
  constructor(options = {}) {
    this.options = { pingInterval: 300, pingTimeout: 200, ...options };
    this.waiting = [];
    this.came = [];
    this.joined = 0;
  }

  async start(port = 0) {
    this.http = createServer();
    this.io = new Server(this.http, this.options);
    this.io.use((socket, then) => {
      this.asked = (this.asked ?? 0) + 1;
      this.auth = socket.handshake.auth;
      const refused = Object.assign(new Error("unauthorized"), { data: { code: 4001 } });
      then(socket.handshake.auth.token === "secret" ? undefined : refused);
    });
    for (const name of ["/", "/custom"]) {
      this.io.of(name).on("connection", (socket) => this.take(socket));
    }
    await new Promise((done) => this.http.listen(port, "127.0.0.1", done));
    this.port = this.http.address().port;
    return this;
  }

  take(socket) {
    ++this.joined;
    socket.on("hello", (said) => {
      socket.said = said;
      const waits = this.waiting.shift();
      waits ? waits(socket) : this.came.push(socket);
    });
  }

  // The next socket that has said hello.
  socket(ms = 5000) {
    if (this.came.length > 0) {
      return Promise.resolve(this.came.shift());
    }
    return new Promise((done, failed) => {
      const timer = setTimeout(() => failed(new Error(`no client within ${ms} ms`)), ms);
      this.waiting.push((socket) => {
        clearTimeout(timer);
        done(socket);
      });
    });
  }

  async end() {
    this.http.closeAllConnections();
    await new Promise((done) => this.io.close(done));
  }
}

// Between the two: it can stop to carry anything, with its connections open.
class Relay {
  constructor(to) {
    this.to = to;
    this.frozen = false;
    this.links = new Set();
    this.closed = 0;
  }

  async start() {
    this.server = net.createServer((from) => {
      const to = net.connect(this.to, "127.0.0.1");
      this.links.add(from).add(to);
      const carry = (a, b) => a.on("data", (bytes) => this.frozen || b.write(bytes));
      carry(from, to);
      carry(to, from);
      for (const [one, other] of [[from, to], [to, from]]) {
        one.on("error", () => {});
        one.on("close", () => {
          this.links.delete(one);
          this.closed += one === from ? 1 : 0;
          other.destroy();
        });
      }
    });
    await new Promise((done) => this.server.listen(0, "127.0.0.1", done));
    this.port = this.server.address().port;
    return this;
  }

  end() {
    this.links.forEach((one) => one.destroy());
    this.server.close();
  }
}

class Client {
  constructor(port, token, ...flags) {
    this.child = spawn(program, [...flags, `http://127.0.0.1:${port}`, token], { stdio: ["ignore", "inherit", "pipe"] });
    this.words = "";
    this.child.stderr.on("data", (text) => (this.words += text));
    this.over = new Promise((done) => this.child.on("exit", (code, signal) => done(signal ?? code)));
  }

  async code(ms = 5000) {
    const late = Symbol();
    const code = await Promise.race([this.over, pause(ms).then(() => late)]);
    check(code !== late, `the client did not end within ${ms} ms`);
    check(!this.words.includes("runtime error") && !this.words.includes("Sanitizer"), this.words);
    return code;
  }

  async end() {
    this.child.kill("SIGKILL");
    await this.over;
  }
}

async function meeting(run, { flags = [], server = {}, relayed = false } = {}) {
  const there = await new Reference(server).start();
  const relay = relayed ? await new Relay(there.port).start() : undefined;
  const us = new Client(relay?.port ?? there.port, "secret", ...flags);
  try {
    await run(await there.socket(), { there, us, relay });
  } finally {
    await us.end();
    relay?.end();
    await there.end();
  }
}

const result = async (socket, event, values, ms, retries) => {
  socket.emit("please-call", event, values, ms, retries);
  return next(socket, "call-result", 10000);
};

const kinds = { websocket: ["websocket"], polling: ["polling"], upgrade: ["polling", "websocket"] };

for (const [kind, transports] of Object.entries(kinds)) {
  const flags = ["--transports", transports.join(",")];

  test(`${kind}: auth, acks both ways, timeouts and retries, binary, and a clean end`, () =>
    meeting(async (socket, { there, us }) => {
      same(there.auth, { token: "secret" });
      same(socket.said, { n: 1 });
      const last = transports[transports.length - 1];
      await until(() => socket.conn.transport.name === last, `the transport ${last}`);

      check((await socket.emitWithAck("add", 2, 3)) === 5, "2 + 3");
      same(await socket.emitWithAck("echo"), undefined);
      same(await new Promise((done) => socket.emit("echo", "ä", null, [1, { x: 1.5 }], (...all) => done(all))), ["ä", null, [1, { x: 1.5 }]]);
      const bytes = Buffer.from([0, 1, 30, 254, 255]);
      same(await socket.emitWithAck("echo", bytes), bytes);
      same(await new Promise((done) => socket.emit("echo", { a: [bytes, { b: bytes }] }, bytes, (...all) => done(all))), [
        { a: [bytes, { b: bytes }] },
        bytes,
      ]);
      const both = [socket.emitWithAck("slow-echo", 150, "slow"), socket.emitWithAck("add", 1, 1)];
      check((await Promise.race(both)) === 2, "a slow answer held up a quick one");
      check((await both[0]) === "slow", "slow-echo");
      const late = await socket.timeout(100).emitWithAck("never").catch((error) => error);
      check(late instanceof Error, "never was acknowledged");
      const unknown = await socket.timeout(100).emitWithAck("unknown").catch((error) => error);
      check(unknown instanceof Error, "what has no handler was acknowledged");

      socket.on("double", (value, ack) => ack(value * 2));
      same(await result(socket, "double", [21], 500, 0), { ok: true, value: 42 });
      const big = Buffer.alloc(200_000, 7);
      check(big.equals(await socket.emitWithAck("echo", big)), "200 kB back");
      let deaf = 0;
      socket.on("deaf", () => ++deaf);
      same(await result(socket, "deaf", [], 100, 0), { ok: false, error: "timeout" });
      check(deaf === 1, `${deaf} attempts without a retry`);
      deaf = 0;
      const begin = Date.now();
      same(await result(socket, "deaf", [], 100, 2), { ok: false, error: "timeout" });
      const took = Date.now() - begin;
      check(deaf === 3, `${deaf} attempts with 2 retries`);
      check(took >= 290 && took < 1500, `3 attempts of 100 ms took ${took} ms`);
      const acks = [];
      socket.on("third", (value, ack) => acks.push(ack) === 3 && ack(value));
      same(await result(socket, "third", ["v"], 100, 5), { ok: true, value: "v" });
      check(acks.length === 3, `${acks.length} attempts until the third is answered`);
      acks[0]("too late");
      acks[1]("too late");
      check((await socket.emitWithAck("add", 1, 2)) === 3, "after late acks");

      socket.emit("quit");
      same((await next(socket, "disconnect"))[0], "client namespace disconnect");
      check((await us.code()) === 0, "quit");
    }, { flags }));

  test(`${kind}: refused with another token, once, and for good`, async () => {
    const there = await new Reference().start();
    const us = new Client(there.port, "wrong", ...flags);
    check((await us.code()) === 3, "the exit code of a refusal");
    check(there.asked === 1 && there.joined === 0, `asked ${there.asked} times`);
    await there.end();
  });

  test(`${kind}: a server that is killed and comes back`, () =>
    meeting(async (socket, { there }) => {
      await there.end();
      await pause(300);
      await there.start(there.port);
      const again = await there.socket(3000);
      same(again.said, { n: 2 });
      check(again.id !== socket.id, "the same session");
      check((await again.emitWithAck("add", 20, 22)) === 42, "after the restart");
    }, { flags }));

  test(`${kind}: a frozen server is noticed within 2 s`, () =>
    meeting(async (socket, { there, relay }) => {
      await until(() => socket.conn.transport.name === transports[transports.length - 1], "the transport");
      await pause(350); // behind a ping
      relay.frozen = true;
      const closed = relay.closed;
      const begin = Date.now();
      await until(() => relay.closed > closed, "the end of the frozen link", 2000);
      console.log(`  noticed after ${Date.now() - begin} ms`);
      relay.frozen = false;
      same((await there.socket(4000)).said, { n: 2 });
    }, { flags, relayed: true }));
}

test("a namespace of its own", () =>
  meeting(async (socket) => {
    check(socket.nsp.name === "/custom", socket.nsp.name);
    check((await socket.emitWithAck("add", 1, 2)) === 3, "1 + 2");
    const bytes = Buffer.from([1, 2]);
    same(await socket.emitWithAck("echo", bytes), bytes);
  }, { flags: ["--namespace", "/custom"] }));

test("a namespace that is not there is a refusal", async () => {
  const there = await new Reference().start();
  const us = new Client(there.port, "secret", "--namespace", "/none");
  check((await us.code()) === 3, "the exit code of a refusal");
  await there.end();
});

test("a server without WebSockets leaves the client on polls", () =>
  meeting(async (socket) => {
    await pause(500);
    check(socket.conn.transport.name === "polling", socket.conn.transport.name);
    check((await socket.emitWithAck("add", 1, 2)) === 3, "1 + 2");
  }, { flags: ["--transports", "polling,websocket"], server: { transports: ["polling"] } }));

test("a client comes back when it was disconnected, with its transport or without, and when its transport was closed", () =>
  meeting(async (socket, { there }) => {
    socket.disconnect();
    const second = await there.socket(3000);
    same(second.said, { n: 2 });
    second.disconnect(true);
    const third = await there.socket(3000);
    same(third.said, { n: 3 });
    third.conn.close();
    const fourth = await there.socket(3000);
    same(fourth.said, { n: 4 });
    check((await fourth.emitWithAck("add", 1, 2)) === 3, "1 + 2");
  }));

test("events in both directions, in order, across the upgrade", () =>
  meeting(async (socket) => {
    const answers = [];
    for (let i = 0; i !== 300; ++i) {
      answers.push(socket.emitWithAck("add", i, 0));
      if (i % 10 === 0) {
        await pause(1);
      }
    }
    same(await Promise.all(answers), [...Array(300).keys()]);
  }, { flags: ["--transports", "polling,websocket"] }));

const recovers = { connectionStateRecovery: { maxDisconnectionDuration: 60_000 } };

// A server's socket that has said something, cut, and the same session's next one.
async function cutAndBack(there, socket, run = async () => {}) {
  socket.conn.transport.socket?._socket.destroy() ?? socket.conn.transport.req?.socket.destroy();
  await next(socket, "disconnect");
  await run();
  return there.socket(4000);
}

for (const [kind, transports] of Object.entries(kinds)) {
  test(`${kind}: a client whose link was cut gets its session back, with what it missed, twice in a row`, () =>
    meeting(async (socket, { there }) => {
      await until(() => socket.conn.transport.name === transports[transports.length - 1], "the transport");
      socket.join("red");
      socket.emit("repeat", "first");
      let one = socket;
      for (const round of [1, 2]) {
        await pause(50);
        const before = one;
        const again = await cutAndBack(there, one, async () => {
          there.io.to(before.id).emit("repeat", round, Buffer.from([round]));
          there.io.to("red").emit("repeat", "red");
          there.io.to("blue").emit("repeat", "blue");
        });
        check(again.recovered === true && again.id === before.id, `round ${round}: another session`);
        check(again.rooms.has("red"), `round ${round}: without its room`);
        same(again.handshake.auth.token, "secret");
        check((await again.emitWithAck("add", round, 1)) === round + 1, "an ack behind it");
        one = again;
        const bytes = Buffer.from([round]);
        same(await one.emitWithAck("repeated"), round === 1 ? [["first"], [1, bytes], ["red"]] : [["first"], [1, Buffer.from([1])], ["red"], [2, bytes], ["red"]]);
      }
    }, { flags: ["--transports", transports.join(",")], server: recovers }));
}

test("a client of a server that does not know its session begins anew", () =>
  meeting(async (socket, { there }) => {
    socket.emit("repeat", "first");
    await pause(50);
    await there.end();
    await pause(100);
    await there.start(there.port);
    const again = await there.socket(4000);
    check(!again.recovered && again.id !== socket.id, "recovered by a new server");
    same(await again.emitWithAck("repeated"), [["first"]]);
  }, { server: recovers }));

test("volatile events, which have no offset, keep their strings and harm none", () =>
  meeting(async (socket, { there }) => {
    socket.emit("repeat", "first");
    for (const all of [["a word"], [1, "PENDING"]]) {
      await pause(30); // what can't go out at once is dropped
      socket.volatile.emit("repeat", ...all);
    }
    await pause(30);
    const again = await cutAndBack(there, socket);
    check(again.recovered === true, "not recovered");
    same(await again.emitWithAck("repeated"), [["first"], ["a word"], [1, "PENDING"]]);
  }, { server: recovers }));

test("a large answer in pieces below the server's limit", () =>
  meeting(async (socket) => {
    const parts = [...Array(20).keys()].map((i) => socket.emitWithAck("echo", `${i}`.repeat(20_000)));
    (await Promise.all(parts)).forEach((text, i) => check(text === `${i}`.repeat(20_000), `part ${i}`));
  }, { flags: ["--transports", "polling"], server: { maxHttpBufferSize: 100_000 } }));

await runAll();
