// Making elements. Data is only ever set as text or through checked attributes, never as markup.

export const byId = (id) => document.getElementById(id);

export function make(tag, options = {}, ...children) {
  const { text, className, data, ...attributes } = options;
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  for (const [name, value] of Object.entries(data || {})) node.dataset[name] = value;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

const SHAPES = {
  good: "M4.5 10.5l3.5 3.5 7.5-8",
  bad: "M5.5 5.5l9 9m0-9l-9 9",
  warn: "M10 4.5v7M10 15v.6",
  busy: "M10 3.5a6.5 6.5 0 1 0 6.5 6.5",
  photo: "M3 15.5v-9h3.5l1.2-2h4.6l1.2 2H17v9zM10 13.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4z",
  send: "M10 16.5v-13M4.5 9L10 3.500l5.500 5.500",
  close: "M5 5l10 10M15 5L5 15",
  back: "M12.500 4l-6 6 6 6",
  on: "M7.500 4l6 6-6 6",
  copy: "M7.500 7.500h8v8h-8zM12.500 7.500v-3h-8v8h3",
  open: "M8.500 5h-4v10.500H15v-4M11.500 4.500H16V9M16 4.500L9.500 11",
  bell: "M5.500 14V9a4.500 4.500 0 0 1 9 0v5l1.500 1.500H4zM8.500 17.500h3",
  paper: "M5.500 3h6l3.500 3.500V17h-9.500zM11.500 3v3.500H15M8 10.500h4.500M8 13.500h4.500",
  reply: "M8 5L3.500 9.500 8 14M4 9.500h8.500a4 4 0 0 1 4 4V15",
};

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

export const photoUrl = (sha256, size) => `/photos/${encodeURIComponent(sha256)}/${size}`;
