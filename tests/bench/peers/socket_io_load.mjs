// npm's socket.io-client: so many acknowledged events in flight, each with its timeout, on one connection.
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const text = { type: "string" };
const { values } = parseArgs({
  options: { modules: text, port: text, watch: text, seconds: text, "warm-up": text, "in-flight": text, connections: text, bytes: text },
  strict: false,
});
const require = createRequire(values.modules + "/");
const { io } = require("socket.io-client");
const inFlight = Number(values["in-flight"] ?? 1);
const payload = { action: "sync", shop_id: 4711, done: false, ratio: 0.25, tags: ["a", "b"], note: "hundred bytes." };
const socket = io(`http://127.0.0.1:${values.port}`, { transports: ["websocket"] });

const cpuOf = (pid) =>
  readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]), 0) / 1000;
const own = () => process.cpuUsage().user + process.cpuUsage().system;

const begun = process.hrtime.bigint();
const times = [];
let begin = 0n;
let answers = 0;
let clientCpu = 0;
let serverCpu = 0;

function look(asked) {
  const now = process.hrtime.bigint();
  ++answers;
  if (begin === 0n) {
    if (Number(now - begun) / 1e9 >= Number(values["warm-up"])) {
      [begin, answers, clientCpu, serverCpu] = [now, 0, own(), cpuOf(values.watch)];
    }
    return;
  }
  times.push(Number(now - asked) / 1000);
  const seconds = Number(now - begin) / 1e9;
  if (seconds >= Number(values.seconds)) {
    finish(seconds);
  }
}

function finish(seconds) {
  const cpu = { client_cpu_us: (own() - clientCpu) / answers, server_cpu_us: (cpuOf(values.watch) - serverCpu) / answers };
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.floor(part * (times.length - 1))];
  console.log(JSON.stringify({ requests: answers, seconds, rate: answers / seconds, ...cpu, p50_us: at(0.5), p99_us: at(0.99) }));
  process.exit(0);
}

async function ask() {
  for (;;) {
    const asked = process.hrtime.bigint();
    await socket.timeout(5000).emitWithAck("text", payload);
    look(asked);
  }
}

socket.on("connect", () => {
  for (let i = 0; i < inFlight; ++i) {
    ask();
  }
});
