// What the tests of the page use: the program, Chromium, and a page of it; each test has its own, and ends what it started.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const modules = createRequire(resolve(process.env.BROWSER_MODULES, "node_modules/none.js"));
const { chromium } = modules("playwright-core");
const pictures = resolve(process.env.BROWSER_PICTURES);
mkdirSync(pictures, { recursive: true });

/// Everything here happens within this, on a slow machine too.
export const patience = 60000;

function start_program(words) {
    const [name, ...given] = JSON.parse(process.env.BROWSER_PROGRAM);
    const program = spawn(name, [...given, ...words], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((tell) => program.once("exit", (code, signal) => tell({ code, signal })));
    const url = new Promise((found, failed) => {
        let text = "";
        program.once("error", failed);
        program.once("exit", (code, signal) => failed(new Error(`the program ended with ${code ?? signal}: ${text}`)));
        program.stdout.on("data", (bytes) => {
            text += bytes;
            const address = /http:\/\/\S+/.exec(text);
            if (address) {
                found(address[0]);
            }
        });
    });
    return { program, url, ended };
}

function start_browser(profile) {
    return chromium.launchPersistentContext(profile, {
        executablePath: process.env.BROWSER ?? "/usr/bin/chromium",
        args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"],
        viewport: { width: 1200, height: 900 },
        reducedMotion: "no-preference",
        timeout: patience,
    });
}

/// Runs `act(studio)` with a program, a browser and an open page, in which `before` has run first.
export async function with_studio(act, { pace = "0.5", before } = {}) {
    const { program, url, ended } = start_program(["--pace", pace]);
    const profile = mkdtempSync(join(tmpdir(), "dashboard-"));
    let browser;
    try {
        const address = await url;
        browser = await start_browser(profile);
        browser.setDefaultTimeout(patience);
        const page = browser.pages()[0] ?? await browser.newPage();
        const faults = [];
        page.on("pageerror", (error) => faults.push(error.message));
        await page.addInitScript(note_states);
        if (before) {
            await page.addInitScript(before);
        }
        await page.goto(address);
        await act(new studio(page, address));
        if (faults.length > 0) {
            throw new Error(`the page failed: ${faults.join("; ")}`);
        }
    } finally {
        await browser?.close();
        program.kill("SIGTERM");
        const end = await ended;
        rmSync(profile, { recursive: true, force: true });
        if (end.code !== 0 && end.signal !== "SIGTERM") {
            throw new Error(`the program ended with ${end.code ?? end.signal}`);
        }
    }
}

// In the page: keeps what the badge showed, in order, and how far each bar was.
function note_states() {
    window.seen = { states: [], bars: {} };
    const look = () => {
        const state = document.querySelector("#badge")?.dataset.state;
        if (state && window.seen.states.at(-1) !== state) {
            window.seen.states.push(state);
        }
        for (const bar of document.querySelectorAll("[role=progressbar]")) {
            const now = Number(bar.getAttribute("aria-valuenow"));
            const all = window.seen.bars[bar.getAttribute("aria-label")] ??= [];
            if (all.at(-1) !== now) {
                all.push(now);
            }
        }
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
}

class studio {
    constructor(page, address) {
        this.page = page;
        this.address = address;
    }

    button(name) {
        return this.page.getByRole("button", { name });
    }

    state_is(...states) {
        return this.page.locator(states.map((one) => `#badge[data-state="${one}"]`).join(", ")).waitFor();
    }

    /// What the badge has shown since this was asked last.
    states() {
        return this.page.evaluate(() => window.seen.states.splice(0, window.seen.states.length - 1));
    }

    bar(title) {
        return this.page.evaluate((of) => window.seen.bars[of] ?? [], title);
    }

    /// Asks for a job, and tells its id once it is in the page.
    async generate(kind) {
        await this.page.locator("[data-job]").first().waitFor(); // what there was before has come
        const known = await this.page.locator("[data-job]").evaluateAll((all) => all.map((one) => one.dataset.job));
        await this.page.getByLabel("New job").selectOption(kind);
        await this.button("Generate").click();
        const found = await this.page.waitForFunction((old) =>
            [...document.querySelectorAll("[data-job]")].map((one) => one.dataset.job).find((id) => !old.includes(id)), known);
        return found.jsonValue();
    }

    job(id, status) {
        return this.page.locator(`[data-job="${id}"]${status ? `[data-status="${status}"]` : ""}`);
    }

    command(id) {
        return this.page.locator(`[data-command*="${id}"]`);
    }

    /// The job has ended well, and though the plugin may have been asked for it more than once, it ran once.
    async completed_once(id) {
        await this.job(id, "completed").waitFor();
        const runs = await this.command(id).getAttribute("data-runs");
        if (runs !== "1") {
            throw new Error(`the command of ${id} was run ${runs} times`);
        }
    }

    /// The bar moves on: three more values than now, each above the one before.
    async moves_on(title) {
        const before = (await this.bar(title)).length;
        await this.page.waitForFunction(([of, n]) => (window.seen.bars[of]?.length ?? 0) >= n + 3, [title, before]);
        const since = (await this.bar(title)).slice(before);
        if (since.some((value, i) => i > 0 && value <= since[i - 1])) {
            throw new Error(`the bar of ${title} went back: ${since}`);
        }
    }

    title_of(id) {
        return this.job(id).locator("strong").innerText();
    }

    async metrics() {
        const answer = await fetch(`${this.address}ws-metrics`);
        return answer.ok ? answer.json() : null;
    }

    picture(name) {
        return this.page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
    }
}
