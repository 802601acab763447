// The page: puts the link, the jobs, the plugin and the metrics together.
import { open_link } from "./link.js";
import { show_jobs } from "./jobs.js";
import { start_plugin } from "./plugin.js";
import { show_metrics } from "./metrics.js";
import { find, say, tell } from "./page.js";

const { port } = await (await fetch("/link")).json();
const link = open_link(`${location.protocol}//${location.hostname}:${port}`, { user: "42" });
const jobs = show_jobs(link);
start_plugin(link);
show_metrics("/ws-metrics");

find("#new-job").addEventListener("submit", (event) => {
    event.preventDefault();
    jobs.generate(find("#kind").value);
});

for (const button of document.querySelectorAll("[data-break]")) {
    button.addEventListener("click", async () => {
        const what = button.dataset.break;
        const is_switch = button.hasAttribute("aria-pressed");
        const on = is_switch && button.getAttribute("aria-pressed") !== "true";
        try {
            const answer = await fetch(`/break/${what}${is_switch ? (on ? "/on" : "/off") : ""}`, { method: "POST" });
            if (!answer.ok) {
                throw new Error(await answer.text());
            }
            if (is_switch) {
                button.setAttribute("aria-pressed", String(on));
            }
            tell("break", `${button.textContent}${is_switch ? (on ? ": on" : ": off") : ""}`);
        } catch (error) {
            say(`That did not work: ${error.message}`);
        }
    });
}

// A page that was reloaded asks how the switches stand.
const standing = await (await fetch("/break")).json();
for (const [what, on] of Object.entries(standing)) {
    find(`[data-break="${what}"]`).setAttribute("aria-pressed", String(on));
}
