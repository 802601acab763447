// What the suites of Engine.IO and Socket.IO share: cases, a report of those that fail, and peers as children.
//
// A suite runs on a URL of a server that is there, on a PROGRAM that it starts and ends, or on `reference`: npm's packages.
import {spawn} from 'node:child_process';
import path from 'node:path';
import {createInterface} from 'node:readline';

const patience = 5_000; // ms a case may take, unless it says otherwise
const atOnce = 6;       // cases that run side by side, each with sessions of its own
const children = new Set();

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export function check(holds, what) {
    if (!holds) {
        throw new Error(what);
    }
}

export function same(seen, wanted, what = '') {
    const text = (value) => JSON.stringify(value, (_, one) => one?.type === 'Buffer' ? `bytes ${Buffer.from(one.data).toString('hex')}` : one);
    check(text(seen) === text(wanted), `${what}${what ? ': ' : ''}${text(seen)?.slice(0, 300)} is not ${text(wanted)?.slice(0, 300)}`);
}

/** Rejects when `promise` is not there within `ms`. */
export function within(promise, what, ms = patience) {
    let timer;
    const late = new Promise((_, failed) => {
        timer = setTimeout(() => failed(new Error(`not within ${ms} ms: ${what}`)), ms);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A queue of what comes in: next() waits for one, and fails once the queue is closed and empty. */
export class Inbox {
    #waiting = [];
    #held = [];
    #over;

    push(one) {
        const first = this.#waiting.shift();
        if (first) {
            first.done(one);
        } else {
            this.#held.push(one);
        }
    }

    close(why) {
        this.#over ??= why;
        for (const one of this.#waiting.splice(0)) {
            one.failed(new Error(why));
        }
    }

    get held() {
        return this.#held.length;
    }

    next() {
        if (this.#held.length) {
            return Promise.resolve(this.#held.shift());
        }
        if (this.#over) {
            return Promise.reject(new Error(this.#over));
        }
        return new Promise((done, failed) => this.#waiting.push({done, failed}));
    }
}

/** Starts a command as a child that ends with the suite, at the latest. */
export function start(command, flags, how = {}) {
    const child = spawn(command[0], [...command.slice(1), ...flags], {stdio: ['ignore', 'pipe', 'inherit'], ...how});
    children.add(child);
    child.ended = new Promise((done) => child.once('exit', (code, signal) => {
        children.delete(child);
        done(code ?? signal);
    }));
    child.once('error', (error) => {
        console.log(`${command[0]}: ${error.message}`);
        process.exit(1);
    });
    return child;
}

export async function end(child) {
    child.kill('SIGKILL');
    await child.ended;
}

/** A program that says `listening on PORT`, as the origin of its URLs. */
async function serve(command, flags) {
    const child = start(command, flags);
    const lines = createInterface({input: child.stdout});
    const said = new Promise((done) => lines.once('line', done));
    const line = await within(Promise.race([said, child.ended.then((code) => `it ended: ${code}`)]), 'the server says its port', 20_000);
    const port = Number(/^listening on (\d+)$/.exec(line)?.[1]);
    check(port > 0, `the server said: ${line}`);
    return `http://127.0.0.1:${port}`;
}

/** What the command line wants: {reference, only, command or url}. `role`: what the reference is to play. */
export function wanted(role, usage) {
    const made = {};
    const rest = process.argv.slice(2);
    while (rest.length) {
        const one = rest.shift();
        if (one === '--only') {
            made.only = rest.shift();
        } else if (one === '--') {
            made.command = rest.splice(0);
        } else if (one === 'reference') {
            made.reference = true;
            made.command = [process.execPath, path.join(import.meta.dirname, 'socket_io_reference.mjs'), role];
        } else if (one.includes('://')) {
            made.url = one.replace(/\/$/, '');
        } else if (made.command || made.url) {
            made.only = one;
        } else {
            made.command = [one];
        }
    }
    if (!made.command && !made.url) {
        console.error(usage);
        process.exit(2);
    }
    return made;
}

/** The origin of the server under test: the one that is there, or one that is started with these flags. */
export async function serverOf(asked, flags) {
    return asked.url ?? await serve(asked.command, flags);
}

/**
 * Runs cases {name, run, beyond, alone}. `beyond` says why the reference fails a case, which then isn't run on it. `alone`: behind the others,
 * with nothing beside it.
 */
export async function runAll(cases, asked) {
    const chosen = cases.filter((one) => !(asked.reference && one.beyond) && (!asked.only || one.name.includes(asked.only)));
    let failed = 0;
    const run = async (one) => {
        const cleanups = [];
        try {
            await within(one.run((cleanup) => cleanups.push(cleanup)), 'the case ends', one.patience ?? patience);
        } catch (error) {
            ++failed;
            console.log(`FAILED ${one.name}: ${error.message}`);
        }
        for (const cleanup of cleanups) {
            await cleanup();
        }
    };
    const queue = chosen.filter((one) => !one.alone);
    await Promise.all(Array.from({length: atOnce}, async () => {
        while (queue.length) {
            await run(queue.shift());
        }
    }));
    for (const one of chosen.filter(({alone}) => alone)) {
        await run(one);
    }
    console.log(`${chosen.length - failed} of ${chosen.length} cases passed`);
    await Promise.all([...children].map(end));
    process.exit(failed || !chosen.length ? 1 : 0);
}
