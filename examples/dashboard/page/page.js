// What all parts of the page use: elements, ids, the log, and words for screen readers.
export const find = (selector) => document.querySelector(selector);

/// make("li", { class: "row" }, child, "text", ...)
export function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
}

/// Writes only what has changed, so that nothing is announced or painted twice.
export function put(element, text) {
    if (element.textContent !== text) {
        element.textContent = text;
    }
}

let count = 0;
const page = Math.random().toString(36).slice(2, 8);
/// An id that no other page uses.
export const new_id = (kind) => `${kind}-${page}-${++count}`;

export const clock = (when = new Date()) => when.toLocaleTimeString("en-GB");

/// A line in the log; its kind decides its colour.
export function tell(kind, text) {
    const list = find("#happened");
    list.prepend(make("li", { "data-kind": kind }, make("time", {}, clock()), make("span", {}, text)));
    while (list.children.length > 60) {
        list.lastElementChild.remove();
    }
}

let due;
/// Tells a screen reader, once it is quiet: of several words in a row the last.
export function say(text) {
    clearTimeout(due);
    due = setTimeout(() => put(find("#said"), text), 500);
}
