// The metrics panel: the hub's snapshot, asked for every second.
import { find, make, put } from "./page.js";

const seconds = (value) => value < 0.001 ? "< 1 ms" : value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`;
const span = (value) => value < 60 ? `${Math.floor(value)} s` : `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`;
const whole = (value) => value.toLocaleString("en-GB");

// What is shown, and where it stands in the snapshot.
const rows = [
    ["Up for", (all) => span(all.uptime_seconds)],
    ["Connections", (all) => whole(all.gauges.connections)],
    ["Connected so far", (all) => whole(all.counters.connects)],
    ["Disconnects", (all) => whole(all.disconnects.total)],
    ["Asked of tabs", (all) => whole(all.counters.requests_sent + all.counters.deliveries_sent)],
    ["Asked by tabs", (all) => whole(all.counters.requests_received)],
    ["Repeats not run", (all) => whole(all.counters.duplicates_suppressed)],
    ["Answers said again", (all) => whole(all.counters.answers_replayed)],
    ["Events sent", (all) => whole(all.counters.notifications_sent)],
    ["Back in the grace", (all) => whole(all.counters.detaches_cancelled)],
    ["Answer, median", (all) => seconds(all.latency.request.p50_seconds)],
    ["Answer, 99 %", (all) => seconds(all.latency.request.p99_seconds)],
];

export function show_metrics(url) {
    const list = find("#metrics");
    const values = rows.map(([name]) => {
        const value = make("dd", {}, "–");
        list.append(make("div", {}, make("dt", {}, name), value));
        return value;
    });

    async function refresh() {
        try {
            const answer = await fetch(url, { signal: AbortSignal.timeout(2000) });
            if (!answer.ok) {
                throw new Error(answer.statusText);
            }
            const all = await answer.json();
            rows.forEach(([, read], i) => put(values[i], read(all)));
            list.removeAttribute("data-stale");
            put(find("#metrics-age"), "live");
        } catch {
            list.setAttribute("data-stale", "");
            put(find("#metrics-age"), "backend away");
        }
        setTimeout(refresh, document.hidden ? 5000 : 1000);
    }
    refresh();
}
