// The jobs: what the backend tells of them, as cards with progress, a queue, and what is finished.
import { find, make, new_id, put, say, tell } from "./page.js";

const status_words = {
    queued: "waits",
    generating: "generating",
    encoding: "encoding",
    publishing: "the plugin publishes it",
    completed: "completed",
    failed: "failed",
};

const titles = ["Harbour at dawn", "Paper boats", "The long corridor", "Rain on a tin roof", "Two chairs", "Night bus", "Salt and wind",
    "A map of sparrows", "Slow lanterns", "The last ferry"];

export function show_jobs(link) {
    const jobs = new Map();

    const change = (of, apply) => {
        const job = jobs.get(of.id);
        if (job) {
            apply(job);
            show(job);
        }
    };

    link.on("status_change", (job) => {
        const before = jobs.get(job.id)?.status;
        jobs.set(job.id, job);
        show(job);
        if (before !== job.status) {
            tell("job", `${job.title}: ${status_words[job.status]}`);
        }
    });
    link.on("progress", (now) => change(now, (job) => Object.assign(job, { clip: now.clip, percent: now.percent })));
    link.on("clip_completed", (now) => change(now, (job) => Object.assign(job, { clip: now.clip, percent: 0 })));
    link.on("encoding_progress", (now) => change(now, (job) => { job.encoded = now.percent; }));
    link.on("completed", (now) => change(now, (job) => {
        Object.assign(job, now, { status: "completed" });
        tell("done", `${job.title}: completed`);
        say(`${job.title} is completed.`);
    }));
    link.on("error", (now) => change(now, (job) => {
        Object.assign(job, now, { status: "failed" });
        tell("failed", `${job.title}: ${now.message}`);
        say(`${job.title} failed: ${now.message}.`);
    }));

    // Events of a lost link are lost: who comes back asks how things stand.
    let asking = false;
    link.on("connect", () => {
        if (asking) {
            return; // it is sent again by itself
        }
        asking = true;
        link.emit("jobs", (error, all) => {
            asking = false;
            for (const job of error ? [] : all.jobs) {
                jobs.set(job.id, job);
                show(job);
            }
        });
    });

    function generate(kind) {
        const title = titles[jobs.size % titles.length];
        link.emit("generate", { request_id: new_id("generate"), title, kind }, (error, answer) => {
            if (error || answer?.error) {
                say(`${title} could not be asked for.`);
                tell("failed", `${title}: ${error ? "the backend did not answer" : answer.error.message}`);
            }
        });
    }

    return { generate };
}

const place_of = (job) => job.status === "queued" ? "queue" : ["completed", "failed"].includes(job.status) ? "finished" : "running";

function show(job) {
    const place = place_of(job);
    const list = find(`#${place}`);
    let item = find(`[data-job="${CSS.escape(job.id)}"]`);
    if (item && item.parentElement !== list) {
        item.remove();
        item = null;
    }
    if (!item) {
        item = place === "running" ? make_card(job) : make_row(job);
        if (place === "finished") {
            list.prepend(item);
        } else {
            list.append(item);
        }
    }
    item.dataset.status = job.status;
    if (place === "running") {
        fill_card(item, job);
    } else {
        fill_row(item, job);
    }
    for (const name of ["queue", "finished"]) {
        put(find(`#${name}-count`), String(find(`#${name}`).children.length));
    }
}

function make_card(job) {
    const bar = make("div", { class: "bar", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": job.title });
    for (let i = 0; i < job.clips; ++i) {
        bar.append(make("span", { class: "part clip" }, make("i")));
    }
    bar.append(make("span", { class: "part encode" }, make("i")), make("span", { class: "part publish" }, make("i")));
    return make("li", { class: "card", "data-job": job.id },
        make("div", { class: "line" }, make("strong", {}, job.title), make("span", { class: "percent" })),
        bar,
        make("p", { class: "detail" }));
}

function fill_card(card, job) {
    const done = [];
    for (let i = 0; i < job.clips; ++i) {
        done.push(i < job.clip ? 100 : i === job.clip ? job.percent : 0);
    }
    const publishing = job.status === "publishing";
    done.push(publishing ? 100 : job.encoded, publishing ? 30 : 0);
    const bar = card.querySelector(".bar");
    done.forEach((percent, i) => bar.children[i].style.setProperty("--done", percent / 100));
    const clips = done.slice(0, job.clips).reduce((sum, one) => sum + one, 0) / job.clips;
    const all = Math.round(clips * 0.7 + done[job.clips] * 0.25 + (publishing ? 2 : 0));
    const detail = job.status === "generating" ? `Clip ${Math.min(job.clip + 1, job.clips)} of ${job.clips}`
        : job.status === "encoding" ? "Encoding" : "The plugin in this tab publishes it";
    bar.setAttribute("aria-valuenow", all);
    bar.setAttribute("aria-valuetext", `${all} %, ${detail}`);
    put(card.querySelector(".percent"), `${all} %`);
    put(card.querySelector(".detail"), detail);
}

function make_row(job) {
    return make("li", { class: "row", "data-job": job.id },
        make("span", { class: "mark", "aria-hidden": "true" }),
        make("strong", {}, job.title),
        make("span", { class: "detail" }));
}

function fill_row(row, job) {
    const times = (n) => n === 1 ? "once" : `${n} times`;
    row.dataset.asked = job.asked;
    row.dataset.answers = job.answers;
    const detail = job.status === "queued" ? `${job.clips} ${job.clips === 1 ? "clip" : "clips"}`
        : job.status === "failed" ? `failed: ${job.message}`
        : `asked ${times(job.asked)}, answered ${times(job.answers)}`;
    put(row.querySelector(".detail"), detail);
}
