// npm's socket.io-client talks to our server: socket_io_server_by_npm.mjs PROGRAM [PART-OF-A-NAME].
import { Program, check, next, pause, require, runAll, same, test, until } from "./support/bench.mjs";

const { io } = require("socket.io-client");
const program = process.argv[2];
const kinds = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };

async function serving(run, ...flags) {
  const server = await Program.start(program, "--port", "0", ...flags);
  const sockets = [];
  const join = (name = "/", options = {}) => {
    const made = io(server.url + name, { forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 100, ...options });
    sockets.push(made);
    return made;
  };
  try {
    await run(join, server);
  } finally {
    sockets.forEach((one) => one.close());
    await server.end();
  }
}

const connected = async (socket) => {
  if (!socket.connected) {
    await next(socket, "connect");
  }
  return socket;
};

for (const [kind, transports] of Object.entries(kinds)) {
  test(`${kind}: auth, acks both ways, timeouts, binary, namespaces and rooms`, () =>
    serving(async (join, server) => {
      const socket = join("/", { transports, auth: { token: "t", n: 1 } });
      same(await next(socket, "auth"), { token: "t", n: 1 });
      if (kind === "upgrade") {
        await until(() => socket.io.engine.transport.name === "websocket", "the upgrade");
      } else {
        check(socket.io.engine.transport.name === kind, "the wrong transport");
      }

      same(await socket.emitWithAck("message-with-ack"), undefined);
      same(await new Promise((done) => socket.emit("message-with-ack", 1, "2", { 3: [null, true] }, (...all) => done(all))), [
        1,
        "2",
        { 3: [null, true] },
      ]);
      const back = next(socket, "message-back");
      socket.emit("message", "ä \u{1f600} \u2028", -1.5);
      same(await back, ["ä \u{1f600} \u2028", -1.5]);

      socket.on("server-request", (question, ack) => question !== "never" && ack(question, "answered"));
      same(await socket.emitWithAck("ask-me", "what?", 1000), { ok: true, answer: ["what?", "answered"] });
      same(await socket.emitWithAck("ask-me", "never", 50), { ok: false, error: "timeout" });
      const late = await socket.timeout(100).emitWithAck("no-ack").catch((error) => error);
      check(late instanceof Error && late.message.includes("timed out"), "no-ack was acknowledged");

      const bytes = Buffer.from([0, 1, 2, 255]);
      same(await socket.emitWithAck("message-with-ack", bytes), bytes);
      same(await socket.emitWithAck("message-with-ack", { a: [bytes, { b: bytes }] }), { a: [bytes, { b: bytes }] });
      const binaryBack = next(socket, "message-back");
      socket.emit("message", bytes, "and", Buffer.alloc(100000, 7));
      same(await binaryBack, [bytes, "and", Buffer.alloc(100000, 7)]);
      socket.off("server-request");
      socket.on("server-request", (_, ack) => ack(bytes));
      const answered = await socket.emitWithAck("ask-me", "bytes", 1000);
      same(answered, { ok: true, answer: [bytes] });

      const custom = await connected(socket.io.socket("/custom", { auth: { token: "t", n: 1 } }));
      same(await custom.emitWithAck("message-with-ack", "custom"), "custom");
      check(custom.id !== socket.id, "two namespaces have one id");

      const other = await connected(join("/", { transports }));
      same(await socket.emitWithAck("join", "red"), true);
      same(await other.emitWithAck("join", "red"), true);
      const heard = [];
      socket.on("room-msg", (said) => heard.push(["own", said]));
      other.on("room-msg", (said) => heard.push(["other", said]));
      custom.on("room-msg", (said) => heard.push(["custom", said]));
      same(await socket.emitWithAck("to-room", "red", { n: 1 }), true);
      same(await other.emitWithAck("leave", "red"), true);
      same(await socket.emitWithAck("to-room", "red", { n: 2 }), true);
      await pause(50);
      same(heard, [["other", { n: 1 }]]);
      check((await socket.emitWithAck("stats")).clients === 2, "the server counts other sockets");
      check(server.child.exitCode === null, "the server has ended");
    }));

  test(`${kind}: the server is killed and comes back`, () =>
    serving(async (join, server) => {
      const socket = await connected(join("/", { transports }));
      const gone = next(socket, "disconnect");
      await server.end();
      await gone;
      const kept = socket.emitWithAck("message-with-ack", "kept");
      const again = await Program.start(program, "--port", String(server.port));
      try {
        same(await kept, "kept");
      } finally {
        await again.end();
      }
    }));
}

test("a namespace refuses, with its data, and lets in; an unknown one is invalid", () =>
  serving(async (join) => {
    const refused = join("/admin", { auth: { token: "wrong" } });
    const error = await next(refused, "connect_error");
    check(error.message === "unauthorized", error.message);
    same(error.data, { code: 4001 });
    refused.auth = { token: "secret" };
    refused.connect();
    await next(refused, "connect");
    same(await refused.emitWithAck("message-with-ack", "in"), "in");
    const unknown = await next(join("/nowhere"), "connect_error");
    check(unknown.message === "Invalid namespace", unknown.message);
  }));

test("retries of an emit run the handler once, and others are answered meanwhile", () =>
  serving(async (join) => {
    const slow = await connected(join("/", { retries: 3, ackTimeout: 200 }));
    const other = await connected(join());
    let attempts = 0;
    slow.io.engine.on("packetCreate", (packet) => (attempts += String(packet.data).includes("slow-job") ? 1 : 0));
    const begin = Date.now();
    const job = slow.emitWithAck("slow-job", { request_id: "r-1", ms: 700 });
    await pause(250);
    const meanwhile = Date.now();
    same(await other.emitWithAck("message-with-ack", 1), 1);
    same(await slow.volatile.emitWithAck("message-with-ack", 2), 2);
    check(Date.now() - meanwhile < 150, `others waited for ${Date.now() - meanwhile} ms`);
    same(await job, { runs: 1 });
    check(Date.now() - begin >= 690, "it was too fast");
    check(attempts >= 2, `there were ${attempts} attempts`);
    same(await slow.emitWithAck("slow-job", { request_id: "r-1", ms: 700 }), { runs: 1 });
    same(await slow.emitWithAck("slow-job", { request_id: "r-2", ms: 0 }), { runs: 1 });
  }));

test("retries reach a handler that does not always answer", () =>
  serving(async (join) => {
    const socket = await connected(join("/", { retries: 3, ackTimeout: 100 }));
    same(await socket.emitWithAck("flaky", "k", 2, { p: 1 }), { attempts: 3, payload: { p: 1 } });
    same(await socket.emitWithAck("attempts", "k"), 3);
  }));

test("a command is answered by an event of its own, from whichever socket of the user asked, and each answer is acknowledged", () =>
  serving(async (join) => {
    const page = await connected(join("/plugin", { auth: { user: "42" }, reconnection: false }));
    const stranger = await connected(join("/plugin", { auth: { user: "43" } }));
    const ask = (request_id, ms = 3000) => stranger.emitWithAck("plugin", { user: "42", request_id, ms });
    const command = (socket) => new Promise((done) => socket.once("plugin_command", (what, ack) => done([what, ack])));

    let came = command(page);
    const fine = ask("r-1");
    const [what, ack] = await came;
    same([what.request_id, what.action, what.payload.user], ["r-1", "publish", "42"]);
    ack();
    const theirs = { request_id: "r-1", success: true, data: "forged", error: null };
    same(await stranger.timeout(1000).emitWithAck("plugin_response", theirs), undefined);
    const ours = { request_id: "r-1", success: true, data: { shelf: "A" }, error: null };
    same(await page.timeout(1000).emitWithAck("plugin_response", ours), undefined);
    same(await fine, { ok: true, words: "", data: { shelf: "A" } });
    same(await page.timeout(1000).emitWithAck("plugin_response", ours), undefined); // a repeat of its own, with another ack id
    check((await stranger.emitWithAck("late")) >= 1, "the stranger's answer was not counted");

    came = command(page);
    const no = ask("r-2");
    (await came)[1]();
    page.emit("plugin_response", { request_id: "r-2", success: false, data: 7, error: "The shelf is full" });
    const refused = await no;
    check(!refused.ok && refused.words.endsWith(": The shelf is full") && refused.data === 7, JSON.stringify(refused));

    came = command(page);
    const through = ask("r-3");
    (await came)[1]();
    page.close();
    const again = await connected(join("/plugin", { auth: { user: "42" } }));
    again.emit("plugin_response", { request_id: "r-3", success: true, data: "later", error: null });
    same(await through, { ok: true, words: "", data: "later" });

    const silent = await ask("r-4", 150);
    check(!silent.ok && silent.words.includes("deadline"), JSON.stringify(silent));
    same(await again.timeout(1000).emitWithAck("plugin_response", { request_id: "r-4", success: true, data: 1, error: null }), undefined);
  }));

test("the server disconnects a socket, whose transport stays", () =>
  serving(async (join) => {
    const socket = await connected(join());
    const custom = await connected(socket.io.socket("/custom"));
    socket.emit("server-disconnect");
    same((await next(socket, "disconnect"))[0] ?? "", "io server disconnect");
    same(await custom.emitWithAck("message-with-ack", "still"), "still");
    socket.connect();
    await next(socket, "connect");
    same(await socket.emitWithAck("message-with-ack", "back"), "back");
  }));

test("a socket leaves its namespace and comes back on the same transport", () =>
  serving(async (join) => {
    const custom = await connected(join("/custom"));
    const socket = await connected(custom.io.socket("/"));
    socket.disconnect();
    await until(async () => {
      const watcher = await connected(join());
      const { clients } = await watcher.emitWithAck("stats");
      watcher.close();
      return clients === 1;
    }, "the socket's end");
    same(await custom.emitWithAck("message-with-ack", 1), 1);
    socket.connect();
    await connected(socket);
    same(await socket.emitWithAck("message-with-ack", 2), 2);
  }));

test("a connection that is cut comes back by itself, as another session", () =>
  serving(async (join) => {
    for (const transports of Object.values(kinds)) {
      const socket = await connected(join("/", { transports }));
      const id = socket.id;
      socket.emit("kill-tcp");
      await next(socket, "disconnect");
      await next(socket, "connect");
      check(socket.id !== id, "it is the same session");
      same(await socket.emitWithAck("message-with-ack", 1), 1);
    }
  }));

test("a server that freezes is noticed, and found again", () =>
  serving(async (join, server) => {
    const socket = await connected(join());
    server.child.kill("SIGSTOP");
    const reason = await next(socket, "disconnect");
    check(String(reason).includes("ping timeout"), String(reason));
    server.child.kill("SIGCONT");
    await next(socket, "connect", 10000);
    same(await socket.emitWithAck("message-with-ack", 1), 1);
  }));

test("nothing is lost or turned around in an upgrade", () =>
  serving(async (join) => {
    const socket = await connected(join());
    const heard = [];
    socket.on("message-back", (n) => heard.push(n));
    for (let n = 0; n !== 200; ++n) {
      socket.emit("message", n, n % 10 === 0 ? Buffer.from([n]) : null);
      if (n % 20 === 0) {
        await pause(1);
      }
    }
    await until(() => heard.length === 200, "all messages");
    same(heard, [...Array(200).keys()]);
    await until(() => socket.io.engine.transport.name === "websocket", "the upgrade");
  }));

// Recovery

const recovering = (run, ...flags) => serving(run, "--recovery", ...flags);

// A socket that keeps what was pushed to it, and a cut of its connection that ends when it is back.
async function pushed(join, options) {
  const socket = await connected(join("/", options));
  const heard = [];
  socket.on("pushed", (n) => heard.push(n));
  const cut = async () => {
    const gone = next(socket, "disconnect");
    const id = socket.id;
    socket.emit("kill-tcp");
    await gone;
    await next(socket, "connect", 10000);
    return socket.id === id;
  };
  return { socket, heard, cut };
}

for (const [kind, transports] of Object.entries(kinds)) {
  test(`${kind}: what is pushed while the link is cut arrives once and in order, and the socket was recovered`, () =>
    recovering(async (join) => {
      const { socket, heard, cut } = await pushed(join, { transports });
      for (const round of [1, 2, 3]) {
        socket.emit("push-later", 0, 3);
        socket.emit("push-later", 60, 50);
        await pause(5);
        check(await cut(), `round ${round}: another session`);
        check(socket.recovered === true, `round ${round}: not recovered`);
        await until(() => heard.length >= 53 * round, `round ${round}: all pushes`);
        await pause(30);
        same(heard.slice(53 * (round - 1)), [0, 1, 2, ...Array(50).keys()]);
        same(await socket.emitWithAck("message-with-ack", round), round);
      }
    }));
}

test("pushes right before, during and behind the cut arrive once and in order", () =>
  recovering(async (join) => {
    const { socket, heard, cut } = await pushed(join, { transports: ["websocket"] });
    socket.emit("push-later", 0, 200);
    check(await cut(), "another session");
    socket.emit("push-later", 0, 10);
    await until(() => heard.length >= 210, "all pushes");
    await pause(50);
    same(heard, [...Array(200).keys(), ...Array(10).keys()]);
  }));

test("a quiet link that got nothing yet is recovered", () =>
  recovering(async (join) => {
    const socket = join("/", { transports: ["websocket"] });
    socket.onAny(() => {});
    await next(socket, "connect");
    const quiet = socket.io.socket("/custom"); // where `auth` is all that comes; here it is kept from it
    const id = await new Promise((done) => quiet.once("connect", () => done(quiet.id)));
    delete quiet._lastOffset;
    quiet.emitEvent = function (all) {
      Object.getPrototypeOf(quiet).emitEvent.call(this, all);
      delete this._lastOffset;
    };
    socket.emit("kill-tcp");
    await next(quiet, "disconnect");
    const again = [];
    quiet.on("auth", (...all) => again.push(all));
    await next(quiet, "connect", 10000);
    check(quiet.recovered === true && quiet.id === id, "not recovered");
    await until(() => again.length > 0, "what it has missed");
  }));

test("user data whose last argument is a string, or looks like an offset, does no harm", () =>
  recovering(async (join) => {
    const { socket, heard, cut } = await pushed(join, { transports: ["websocket"] });
    const back = [];
    socket.on("message-back", (...all) => back.push(all.slice(0, -1)));
    await until(() => socket._lastOffset !== undefined, "the first event");
    for (const last of ["a string", "", "00000000-1", socket._lastOffset, "Q2abcde", "\u2028\"]"]) {
      socket.emit("message", 1, last);
      same(await socket.emitWithAck("message-with-ack", last), last);
      check(await cut(), `another session behind ${JSON.stringify(last)}`);
      check(socket.recovered, `not recovered behind ${JSON.stringify(last)}`);
    }
    same(back.length, 6);
    same(back[2], [1, "00000000-1"]);
    socket.emit("push-later", 0, 3);
    check(await cut(), "another session");
    await until(() => heard.length >= 3, "all pushes");
    same(heard, [0, 1, 2]);
  }));

test("binary data that was missed arrives, and rooms are kept", () =>
  recovering(async (join) => {
    const { socket, cut } = await pushed(join, { transports: ["websocket"] });
    const other = await connected(join());
    same(await socket.emitWithAck("join", "red"), true);
    const heard = [];
    socket.on("room-msg", (said) => heard.push(said));
    const gone = next(socket, "disconnect");
    socket.emit("kill-tcp");
    await gone;
    same(await other.emitWithAck("to-room", "red", { n: 1, bytes: Buffer.from([1, 2, 255]) }), true);
    same(await other.emitWithAck("to-room", "red", "text"), true);
    await next(socket, "connect", 10000);
    check(socket.recovered, "not recovered");
    await until(() => heard.length >= 2, "what was said in the room");
    same(heard, [{ n: 1, bytes: Buffer.from([1, 2, 255]) }, "text"]);
    check(await cut(), "another session");
    same(await other.emitWithAck("to-room", "red", 3), true);
    await until(() => heard.length >= 3, "what was said later");
    same(heard[2], 3);
  }));

test("a question of the server that the page has seen is not asked again, and may be answered behind the cut", () =>
  recovering(async (join) => {
    const { socket, cut } = await pushed(join, { transports: ["websocket"] });
    const asker = await connected(join());
    const answers = [];
    socket.on("server-request", (question, ack) => answers.push([question, ack]));
    socket.emit("slow-job", { request_id: "kept", ms: 300 });
    socket.emit("ask-me", "slow?", 3000);
    await until(() => answers.length === 1, "the question");
    check(await cut(), "another session");
    answers[0][1]("late");
    same(await asker.emitWithAck("message-with-ack", 1), 1);
    same(answers.length, 1);
  }));

test("a job that runs through the cut runs once, and its retry gets the answer", () =>
  recovering(async (join) => {
    const { socket, cut } = await pushed(join, { transports: ["websocket"], retries: 5, ackTimeout: 400 });
    const job = socket.emitWithAck("slow-job", { request_id: "through", ms: 900 });
    await pause(100);
    const gone = next(socket, "disconnect");
    socket.io.engine.transport.ws._socket?.destroy?.() ?? socket.io.engine.transport.ws.close();
    await gone;
    await next(socket, "connect", 10000);
    check(socket.recovered, "not recovered");
    same(await job, { runs: 1 });
  }));

test("a job that runs through the cut into another session of the user runs once, and its retry gets the answer", () =>
  serving(async (join) => {
    const socket = await connected(join("/", { transports: ["websocket"], retries: 5, ackTimeout: 300, auth: { user: "u" } }));
    const id = socket.id;
    const jobs = ["running", "done"].map((name, i) => socket.emitWithAck("slow-job", { request_id: name, ms: i ? 0 : 800 }));
    await pause(100);
    socket.io.engine.transport.ws.close();
    await next(socket, "disconnect");
    await next(socket, "connect", 10000);
    check(socket.id !== id, "the same session");
    same(await Promise.all(jobs), [{ runs: 1 }, { runs: 1 }]);
    same(await socket.emitWithAck("slow-job", { request_id: "running", ms: 800 }), { runs: 1 });
    const other = await connected(join("/", { auth: { user: "v" } }));
    same(await other.emitWithAck("slow-job", { request_id: "other", ms: 0 }), { runs: 1 });
  }, "--keys-of-users"));

test("who was disconnected, or left, gets a new session", () =>
  recovering(async (join) => {
    const socket = await connected(join("/", { transports: ["websocket"] }));
    let id = socket.id;
    await next(socket, "auth").catch(() => {});
    socket.emit("server-disconnect");
    await next(socket, "disconnect");
    socket.connect();
    await next(socket, "connect");
    check(!socket.recovered && socket.id !== id, "recovered after a disconnect");
    id = socket.id;
    socket.disconnect();
    socket.connect();
    await next(socket, "connect");
    check(!socket.recovered && socket.id !== id, "recovered after it left");
  }));

test("after the grace, or with a pid that nobody has, a socket is not recovered", () =>
  recovering(async (join) => {
    const socket = await connected(join("/", { transports: ["websocket"], reconnectionDelay: 900, reconnectionDelayMax: 900, randomizationFactor: 0 }));
    const id = socket.id;
    socket.emit("kill-tcp");
    await next(socket, "disconnect");
    await next(socket, "connect", 10000);
    check(!socket.recovered && socket.id !== id, "recovered after the grace");
    const stranger = join("/", { transports: ["websocket"], auth: { pid: "0".repeat(40), offset: "00000000-1" } });
    await next(stranger, "connect");
    check(!stranger.recovered, "recovered with a pid that nobody has");
    same(await stranger.emitWithAck("message-with-ack", 1), 1);
  }, "--grace", "300"));

test("without recovery there is no pid, and events have no offset", () =>
  serving(async (join) => {
    const socket = join("/", { transports: ["websocket"], auth: { a: 1 } });
    same(await next(socket, "auth"), { a: 1 });
    check(socket._pid === undefined, "there is a pid");
  }));

test("200 clients at once", () =>
  serving(
    async (join) => {
      const all = await Promise.all([...Array(200).keys()].map((n) => connected(join("/", { transports: n % 4 ? ["websocket"] : ["polling"] }))));
      const answers = await Promise.all(all.map((one, n) => one.emitWithAck("message-with-ack", n)));
      same(answers, [...all.keys()]);
      check((await all[0].emitWithAck("stats")).clients === 200, "the server counts other sockets");
    },
    "--ping-interval",
    "5000",
    "--ping-timeout",
    "3000",
    "--connect-timeout",
    "10000",
  ));

test("pushes arrive in order, and those to who is not there are lost", () =>
  serving(async (join) => {
    const socket = await connected(join());
    const heard = [];
    socket.on("pushed", (n) => heard.push(n));
    socket.emit("push-later", 20, 5);
    await until(() => heard.length === 5, "all pushes");
    same(heard, [0, 1, 2, 3, 4]);
  }));

await runAll();
