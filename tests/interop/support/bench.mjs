// What the scripts share: the program under test as a child, checks, and one test after the other.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const require = createRequire(join(process.env.REJOINDER_INTEROP_MODULES, "package.json"));

export function check(holds, what) {
  if (!holds) {
    throw new Error(what);
  }
}

export function same(seen, wanted) {
  const text = (value) => JSON.stringify(value, (_, one) => (one?.type === "Buffer" ? { bytes: one.data } : one));
  check(text(seen) === text(wanted), `${text(seen)} is not ${text(wanted)}`);
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// The next time that an emitter says this, within `ms`.
export function next(emitter, name, ms = 3000) {
  return new Promise((done, failed) => {
    const timer = setTimeout(() => failed(new Error(`no ${name} within ${ms} ms`)), ms);
    emitter.once(name, (...all) => {
      clearTimeout(timer);
      done(all.length > 1 ? all : all[0]);
    });
  });
}

export async function until(holds, what, ms = 5000) {
  const end = Date.now() + ms;
  while (!(await holds())) {
    check(Date.now() < end, `not within ${ms} ms: ${what}`);
    await pause(10);
  }
}

export class Program {
  static async start(path, ...flags) {
    const made = new Program();
    made.child = spawn(path, flags, { stdio: ["ignore", "pipe", "inherit"] });
    const line = await next(createInterface({ input: made.child.stdout }), "line", 20000);
    made.port = Number(line.split(" ").pop());
    check(made.port > 0, `it said: ${line}`);
    return made;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async end(signal = "SIGKILL") {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const over = next(this.child, "exit");
      this.child.kill(signal);
      await over;
    }
  }
}

const tests = [];

export function test(name, run) {
  tests.push({ name, run });
}

// Runs those whose name holds the last argument, or all.
export async function runAll() {
  const wanted = process.argv[3] ?? "";
  let failed = 0;
  for (const { name, run } of tests.filter((one) => one.name.includes(wanted))) {
    const begin = Date.now();
    try {
      await run();
      console.log(`passed: ${name} (${Date.now() - begin} ms)`);
    } catch (error) {
      ++failed;
      console.log(`FAILED: ${name}: ${error.stack}`);
    }
  }
  console.log(failed === 0 ? "all passed" : `${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
