"use strict";
// Elements, numbers and colours. Text from the data only ever becomes text: nothing here reads HTML.

/** An element: `on*` attributes are listeners, `style` is an object, null and false are left out. */
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [property, setting] of Object.entries(value)) element.style.setProperty(property, setting);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function section(id, title, ...children) {
  return make("section", { id }, make("h2", null, title), ...children);
}

/** Buttons of which one is chosen; `options` are pairs of value and text. */
function choice(label, options, chosen, choose) {
  const group = make("div", { class: "choice", role: "group", "aria-label": label });
  const show = (value) => {
    for (const [index, button] of [...group.children].entries()) button.setAttribute("aria-pressed", options[index][0] === value);
  };
  for (const [value, text] of options) {
    group.append(make("button", { type: "button", onclick: () => { show(value); choose(value); } }, text));
  }
  show(chosen);
  group.show = show;
  return group;
}

const percent = (fraction) => (typeof fraction === "number" ? `${(100 * fraction).toFixed(1)} %` : "-");
const bare = (fraction) => (typeof fraction === "number" ? (100 * fraction).toFixed(1) : "-");
const count = (number) => (typeof number === "number" ? number.toLocaleString("en-US") : "-");
const fixed = (number, digits) => (typeof number === "number" ? number.toFixed(digits) : "-");
const few = (number) => (number < 10000 ? String(number) : Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(number));

/** A number of a curve in few characters. */
function short(number) {
  if (typeof number !== "number") return "-";
  const size = Math.abs(number);
  if (size === 0 || (size >= 0.01 && size < 1e5)) return String(Number(number.toPrecision(4)));
  return Number(number.toPrecision(3)).toExponential();
}

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const dark = matchMedia("(prefers-color-scheme: dark)");
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const Tip = {
  show(event, lines) {
    const tip = document.getElementById("tip");
    tip.replaceChildren(...lines.map((line) => make("div", null, line)));
    tip.hidden = false;
    const box = event.clientX === undefined || event.type === "focusin" ? event.target.getBoundingClientRect() : null;
    const [x, y] = box ? [box.right, box.bottom] : [event.clientX + 14, event.clientY + 16];
    tip.style.left = `${Math.max(4, Math.min(x, innerWidth - tip.offsetWidth - 6))}px`;
    tip.style.top = `${y + tip.offsetHeight > innerHeight ? y - tip.offsetHeight - 30 : y}px`;
  },
  hide() {
    document.getElementById("tip").hidden = true;
  },
};

/** Where a figure of an evaluation is best, for the eye: a bar from 0 to 1. */
function meter(fraction) {
  return make("span", { class: "meter", role: "presentation" }, make("i", { style: { width: `${100 * (fraction || 0)}%` } }));
}

/** A description of an evaluation in few words. */
function describe(evaluation) {
  const { figures, epoch } = evaluation;
  return `${figures.split}, ${figures.weights} epoch${epoch ? ` (${epoch})` : ""}`;
}
