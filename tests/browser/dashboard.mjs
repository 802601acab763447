// The dashboard in a browser: what a person would see of a link that freezes, breaks, is blocked, and comes back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { patience, with_studio } from "./browser.mjs";

const limit = { timeout: 3 * patience };

test("jobs move on and complete, and the badge is green by WebSocket", limit, () => with_studio(async (studio) => {
    await studio.state_is("connected");
    assert.deepEqual((await studio.states()).filter((state) => state === "disconnected"), []);
    await studio.moves_on("Harbour at dawn");
    await studio.picture("running");
    await studio.job("job-1", "completed").waitFor();
    await studio.completed_once("job-2");
    assert.equal(await studio.page.locator("#finished-count").innerText(), String(await studio.page.locator("#finished > li").count()));
    assert.match(await (await fetch(`${studio.address}healthz`)).text(), /ok/);
    assert.match(await (await fetch(`${studio.address}metrics`)).text(), /^# HELP /m);
    assert.equal((await studio.metrics()).gauges.connections, 1);
}));

test("a job that fails, and one that the plugin refuses, say why", limit, () => with_studio(async (studio) => {
    await studio.state_is("connected");
    const broken = await studio.generate("broken");
    const refused = await studio.generate("refused");
    await studio.job(broken, "failed").getByText("The encoder ran out of frames").waitFor();
    await studio.job(refused, "failed").getByText("The shelf is full").waitFor();
    await studio.picture("failed");
}, { pace: "0.2" }));

test("a job completes through a frozen link, and the page was told by the heartbeat", limit, () => with_studio(async (studio) => {
    await studio.state_is("connected");
    await studio.page.locator('#running [data-job="job-2"]').waitFor();
    await studio.states();
    await studio.button("Freeze the link").click();
    await studio.state_is("disconnected", "connecting");
    await studio.picture("frozen");
    await studio.state_is("connected");
    const states = await studio.states();
    assert.ok(states.includes("disconnected"), `the badge went by ${states}`);
    await studio.completed_once("job-2");
    await studio.completed_once("job-1");
}));

test("what went on behind a frozen link is in the page when it is back", limit, () => with_studio(async (studio) => {
    await studio.job("job-3", "completed").waitFor();
    for (let was_in_time = false; !was_in_time;) { // a slow machine freezes the link when all is over
        const id = await studio.generate("broken");
        await studio.button("Freeze the link").click();
        await studio.state_is("disconnected", "connecting");
        was_in_time = await studio.job(id).getAttribute("data-status") !== "failed";
        await studio.job(id, "failed").getByText("The encoder ran out of frames").waitFor();
        await studio.state_is("connected");
    }
}, { pace: "0.3" }));

test("a job completes through a restart of the backend, asked for again and run once", limit, () => with_studio(async (studio) => {
    await studio.state_is("connected");
    for (let id = "job-2"; id;) {
        await studio.job(id, "publishing").waitFor();
        await studio.states();
        await studio.button("Restart the backend").click();
        await studio.state_is("disconnected", "connecting");
        await studio.picture("restarting");
        await studio.state_is("connected");
        assert.ok((await studio.states()).includes("disconnected"));
        await studio.completed_once(id);
        const was_in_time = Number(await studio.job(id).getAttribute("data-asked")) >= 2; // before the plugin had answered
        id = was_in_time ? null : await studio.generate("short");
    }
    await studio.completed_once("job-1");
    const { uptime_seconds: uptime } = await studio.metrics();
    assert.ok(uptime < 60, `the hub is ${uptime} s old`);
}));

test("where WebSockets are blocked progress comes by polling, and the page finds the way back", limit, () => with_studio(async (studio) => {
    await studio.state_is("connected");
    await studio.button("Block WebSockets").click();
    await studio.state_is("polling");
    const id = await studio.generate("film");
    const title = await studio.title_of(id);
    await studio.job(id, "generating").waitFor();
    await studio.moves_on(title);
    assert.equal(await studio.page.locator("#badge").getAttribute("data-state"), "polling");
    await studio.picture("polling");
    await studio.states();
    await studio.button("Block WebSockets").click();
    await studio.state_is("connected");
    await studio.completed_once(id);
}));

test("a page that was connected by polling says so when its WebSocket comes after all", limit, () => with_studio(async (studio) => {
    await studio.state_is("connected");
    assert.ok((await studio.states()).includes("polling"));
    assert.match(await studio.page.locator("#badge-tip").textContent(), /By WebSocket since/);
}, { before: late_websocket }));

test("a plugin's answer counts once though its acks are dropped", limit, () => with_studio(async (studio) => {
    await studio.state_is("connected");
    await studio.job("job-2", "generating").waitFor();
    await studio.button("Drop acks").click();
    await studio.page.waitForFunction(() => Number(document.querySelector('[data-command*="job-2"]')?.dataset.sent) >= 3);
    await studio.picture("acks-dropped");
    await studio.button("Drop acks").click();
    await studio.page.locator('[data-command*="job-2"][data-state="acknowledged"]').waitFor();
    await studio.completed_once("job-2");
    assert.equal(await studio.job("job-2").getAttribute("data-answers"), "1");
    const { counters } = await studio.metrics();
    assert.ok(counters.duplicates_suppressed + counters.answers_replayed >= 1, "no repeat was suppressed");
}, { pace: "1" }));

test("a killed connection is back by itself, and Reconnect reopens it", limit, () => with_studio(async (studio) => {
    await studio.state_is("connected");
    await studio.states();
    await studio.button("Kill the connection").click();
    await studio.state_is("disconnected", "connecting");
    await studio.state_is("connected");
    assert.ok((await studio.states()).includes("disconnected"));
    await studio.button("Reconnect").click();
    await studio.state_is("connected");
    assert.ok((await studio.states()).length > 0);
    await studio.completed_once("job-1");
}));

test("it is used by keyboard, and the badge tells when it was connected last", limit, () => with_studio(async (studio) => {
    const { page } = studio;
    await studio.state_is("connected");
    await page.keyboard.press("Tab"); // the link that skips
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "badge");
    const tip = page.getByRole("tooltip");
    await tip.waitFor();
    assert.match(await tip.innerText(), /By WebSocket since \d\d:\d\d:\d\d/);
    await studio.picture("tooltip");
    await page.keyboard.press("Escape");
    await tip.waitFor({ state: "hidden" });
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "reconnect");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await page.locator('[data-break="acks"][aria-pressed="true"]').waitFor();
    const nameless = await page.locator("button, select, [role=progressbar], [role=log], section").evaluateAll((all) =>
        all.filter((one) => !one.labels?.length && !one.ariaLabel && !one.getAttribute("aria-labelledby") && !one.innerText.trim()).length);
    assert.equal(nameless, 0);
}));

for (const colorScheme of ["light", "dark"]) {
    test(`its text stands out, and it fits a phone: ${colorScheme}`, limit, () => with_studio(async ({ page }) => {
        await page.emulateMedia({ colorScheme });
        await page.locator('#badge[data-state="connected"]').waitFor();
        await page.locator("#finished > li").first().waitFor();
        await page.locator("#running > li").first().waitFor();
        assert.deepEqual(await page.evaluate(faint_texts), []);
        await page.screenshot({ path: `${process.env.BROWSER_PICTURES}/${colorScheme}.png`, fullPage: true });
        for (const width of [390, 320]) {
            await page.setViewportSize({ width, height: 800 });
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
        }
        await page.setViewportSize({ width: 390, height: 844 });
        await page.screenshot({ path: `${process.env.BROWSER_PICTURES}/${colorScheme}-phone.png`, fullPage: true });
    }));
}

// In the page: the upgrade waits until the badge has shown that polls carry the link.
function late_websocket() {
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        const early = data === "2probe" && !window.seen.states.includes("polling");
        early ? setTimeout(() => this.send(data), 20) : send.call(this, data);
    };
}

// In the page: texts with less contrast to their ground than WCAG's AA asks of small text.
function faint_texts() {
    const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
    const luminance = (colour) => channels(colour).slice(0, 3).map((value) => value / 255)
        .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
    const ground_of = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const ground = getComputedStyle(at).backgroundColor;
            if (channels(ground)[3] !== 0) {
                return ground;
            }
        }
        return "rgb(255, 255, 255)";
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        const element = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !element.checkVisibility({ visibilityProperty: true }) || element.closest("option, noscript")) {
            continue;
        }
        const [high, low] = [luminance(getComputedStyle(element).color), luminance(ground_of(element))].sort((a, b) => b - a);
        const contrast = (high + 0.05) / (low + 0.05);
        if (contrast < 4.5) {
            faint.push(`${texts.currentNode.data.trim()}: ${contrast.toFixed(2)}`);
        }
    }
    return faint;
}
