// What the screens share: pictures, tables, numbers, files, errors.

/** The element with an id. */
export const at = (id) => document.getElementById(id);

const sheets = new Map();

/** Shows a picture of the library. Its colours are rules of its own, so that it has a tree of its own. */
export function show(host, svg) {
  host.svg = svg;
  const style = svg.match(/<style>([^]*?)<\/style>/);
  if (!sheets.has(style[1])) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`${style[1]} svg{display:block;width:100%;height:auto}`);
    sheets.set(style[1], sheet);
  }
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheets.get(style[1])];
  const picture = new DOMParser().parseFromString(svg.replace(style[0], ""), "image/svg+xml").documentElement;
  root.replaceChildren(document.adoptNode(picture));
}

/** Pixels for a picture: as many as its place has. */
export const width = (host) => Math.round(Math.max(280, host.clientWidth));

/** Calls back when the width has changed and stays. */
export function onResize(callback) {
  let timer, before = window.innerWidth;
  window.addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (window.innerWidth === before) return;
      before = window.innerWidth;
      callback();
    }, 150);
  });
}

/** A number with four significant digits, as the command line shows it. */
export function significant(number) {
  if (number === null || number === undefined || Number.isNaN(number)) return "–";
  const size = Math.abs(number);
  if (size !== 0 && (size < 1e-3 || size >= 1e4)) return number.toExponential(3).replace("e+", "e");
  const digits = size === 0 ? 0 : Math.floor(Math.log10(size));
  return number.toFixed(Math.max(0, 3 - digits));
}

/** Fills a table's body: rows of cells, which are text, or text and class. */
export function fill(table, rows) {
  table.hidden = false;
  table.tBodies[0].replaceChildren(...rows.map((cells) => {
    const row = document.createElement("tr");
    cells.forEach((cell, n) => {
      const [text, kind] = Array.isArray(cell) ? cell : [cell, ""];
      const element = document.createElement(n === 0 ? "th" : "td");
      if (n === 0) element.scope = "row";
      element.textContent = text;
      element.className = kind;
      row.append(element);
    });
    return row;
  }));
}

/** What the package says, with its options by the labels of their fields, and its devices by their names on this page. What
 * a file holds that is no character to read is shown as such. */
export const inLabels = (said) => said
  .replace(/[\u0000-\u001f\u007f]/g, "\ufffd")
  .replace(/`Device\.(\w+)\(\)`/g, (_, name) => `the device ${name.toUpperCase()}`)
  .replace(/\boptions\.(\w+)/g, (option, name) => {
    const field = document.querySelector(`form [name="${name}"]`);
    return field ? `“${field.labels[0].firstChild.textContent.trim()}”` : option;
  });

/** Says what went wrong, or takes that back. */
export function tellError(element, error) {
  element.hidden = !error;
  element.textContent = error ? inLabels(error.message) : "";
}

/** Offers a file for saving. */
export function save(name, content, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Number fields of a form, or of a part of it, that are filled in, and its other fields. */
export function fields(form) {
  const entries = [...form.querySelectorAll("[name]")].filter(({ value }) => value.trim() !== "");
  return Object.fromEntries(entries.map(({ name, value, type }) => [name, type === "number" ? Number(value) : value]));
}
