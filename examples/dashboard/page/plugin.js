// The plugin, a stub: takes plugin_command {request_id, action, payload}, and answers with plugin_response
// {request_id, success, data, error}, an event of its own that is sent until it is acknowledged.
import { find, make, put, tell } from "./page.js";

const states = {
    running: "runs",
    answering: "answers",
    acknowledged: "acknowledged",
    lost: "not acknowledged",
};

// What a command does: here, nothing that outlives the tab.
async function execute(action, payload) {
    await new Promise((done) => setTimeout(done, 700));
    if (action !== "publish") {
        throw new Error(`The plugin has no action ${action}`);
    }
    if (payload.kind === "refused") {
        throw new Error("The shelf is full");
    }
    return { shelf: "A", title: payload.title };
}

export function start_plugin(link) {
    const commands = new Map(kept());

    link.on("plugin_command", async (command, received) => {
        if (typeof received === "function") {
            received({ received: true });
        }
        const one = commands.get(command.request_id) ?? { id: command.request_id, action: command.action, runs: 0, sent: 0 };
        if (one.runs > 0) { // the backend has forgotten that it asked: the command runs once, its answer is said again
            tell("note", `Asked again: ${one.id}`);
            if (one.response && one.state !== "answering") {
                answer(one);
            }
            return;
        }
        commands.set(one.id, one);
        one.state = "running";
        one.runs += 1;
        show(one);
        try {
            const data = await execute(command.action, command.payload);
            one.response = { request_id: one.id, success: true, data, error: null };
        } catch (error) {
            one.response = { request_id: one.id, success: false, data: null, error: error.message };
        }
        answer(one);
    });

    // Counts what really leaves: socket.io-client sends again by itself.
    link.onAnyOutgoing((name, response) => {
        const one = name === "plugin_response" && commands.get(response.request_id);
        if (one) {
            one.sent += 1;
            show(one);
        }
    });

    function answer(one) {
        one.state = "answering";
        show(one);
        link.emit("plugin_response", one.response, (error) => {
            one.state = error ? "lost" : "acknowledged";
            show(one);
            keep(commands);
        });
    }

    for (const one of commands.values()) {
        show(one);
    }
}

// A reload of the page is no second plugin.
function kept() {
    const all = JSON.parse(sessionStorage.getItem("commands") ?? "[]");
    return all.map((one) => [one.id, one]);
}

function keep(commands) {
    const answered = [...commands.values()].filter((one) => one.response).slice(-100);
    sessionStorage.setItem("commands", JSON.stringify(answered));
}

function show(one) {
    const list = find("#commands");
    let row = list.querySelector(`[data-command="${CSS.escape(one.id)}"]`);
    if (!row) {
        row = make("li", { "data-command": one.id },
            make("span", { class: "what" }, `${one.action} `, make("code", {}, one.id)),
            make("span", { class: "state" }),
            make("span", { class: "times" }));
        list.prepend(row);
        while (list.children.length > 5) {
            list.lastElementChild.remove();
        }
    }
    row.dataset.state = one.state;
    row.dataset.runs = one.runs;
    row.dataset.sent = one.sent;
    put(row.querySelector(".state"), states[one.state]);
    const times = (n) => n === 1 ? "once" : `${n} times`;
    put(row.querySelector(".times"), `ran ${times(one.runs)}, ${one.sent === 0 ? "no answer sent yet" : `answer sent ${times(one.sent)}`}`);
}
