// The link to the backend: npm's socket.io-client, and the badge that says how it stands.
import { clock, find, put, say, tell } from "./page.js";

const words = {
    connected: "Connected",
    polling: "Polling",
    connecting: "Connecting",
    disconnected: "Disconnected",
};

export function open_link(url, auth) {
    const socket = io(url, {
        auth,
        retries: 30, // each emit waits for its ack, and is sent again without one
        ackTimeout: 1000,
        reconnectionDelay: 300,
        reconnectionDelayMax: 1500,
        timeout: 3000,
    });
    const badge = find("#badge");
    const tip = find("#badge-tip");
    let last = null; // when it was connected last
    let since = null;
    let tries = 0;

    function describe(state) {
        const by = state === "connected" ? "By WebSocket" : state === "polling" ? "By long polling" : null;
        if (by) {
            return `${by} since ${clock(since)}`;
        }
        return last ? `Last connected at ${clock(last)}${tries > 1 ? `, attempt ${tries}` : ""}` : "Not connected yet";
    }

    function show(state) {
        const changed = badge.dataset.state !== state;
        badge.dataset.state = state;
        put(find("#badge-text"), words[state]);
        put(tip, describe(state));
        if (changed) {
            say(`${words[state]}.`);
            if (state !== "connecting") {
                tell(state, state === "connected" ? "Connected by WebSocket" : state === "polling" ? "Connected by long polling" : "Disconnected");
            }
        }
    }

    const carried_by = () => socket.io.engine?.transport?.name;
    const show_connected = () => show(carried_by() === "websocket" ? "connected" : "polling");

    socket.on("connect", () => {
        since = new Date();
        tries = 0;
        show_connected();
        socket.io.engine.on("upgrade", show_connected);
        look_for_a_way_back();
    });
    socket.on("disconnect", (reason) => {
        last = new Date();
        show("disconnected");
        tell("note", `The link was lost: ${reason}`);
    });
    socket.on("connect_error", () => show("disconnected"));
    socket.io.on("reconnect_attempt", (attempt) => {
        tries = attempt;
        show("connecting");
    });

    // socket.io-client stays with polling once it is there. A WebSocket that opens on the side tells that the way is free again.
    let looking = false;
    async function look_for_a_way_back() {
        if (looking) {
            return;
        }
        looking = true;
        let pause = 3000;
        do {
            await new Promise((resume) => setTimeout(resume, pause));
            pause = Math.min(pause * 2, 60000);
        } while (socket.connected && carried_by() === "polling" && !(await websockets_pass()));
        looking = false;
        if (socket.connected && carried_by() === "polling") {
            tell("note", "WebSockets pass again");
            reconnect();
        }
    }

    function websockets_pass() {
        const probe = new WebSocket(`${url.replace(/^http/, "ws")}/socket.io/?EIO=4&transport=websocket`);
        return new Promise((answer) => {
            const end = setTimeout(() => probe.close(), 3000);
            probe.onmessage = () => answer(true);
            probe.onclose = () => answer(false);
            probe.onerror = () => answer(false);
            probe.addEventListener("message", () => probe.close());
            probe.addEventListener("close", () => clearTimeout(end));
        });
    }

    function reconnect() {
        socket.disconnect();
        show("connecting");
        socket.connect();
    }

    find("#reconnect").addEventListener("click", reconnect);

    // The tooltip comes by pointer and by keyboard, and Escape sends it away.
    for (const [event, shown] of [["pointerenter", true], ["focus", true], ["pointerleave", false], ["blur", false]]) {
        badge.addEventListener(event, () => tip.toggleAttribute("data-shown", shown));
    }
    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape") {
            tip.removeAttribute("data-shown");
        }
    });

    return socket;
}
