// A card as elements, and its edit in place: only the parts that changed are made anew, and the focus stays where it was.

import { icon, make, photoUrl } from "./dom.js";
import { phrase } from "./words.js";

const moodWords = (mood) => ({ good: phrase("Done:"), bad: phrase("Problem:"), warn: phrase("Attention:"), busy: phrase("Working:") })[mood];

// `act`: { press(button, node), copy(button, node), look(photos, index), about(card) }
export function makeCard(card, act) {
  const node = make("article", { className: "card" });
  node.append(...["head", "text", "photos", "lines", "files", "buttons"].map((name) => make("div", { className: `card-${name}` })));
  patchCard(node, null, card, act);
  return node;
}

// Answers what changed, in words for a screen reader; nothing when the card is new.
export function patchCard(node, old, card, act) {
  const [head, text, photos, lines, files, buttons] = node.children;
  const differs = (...names) => !old || names.some((name) => JSON.stringify(old[name]) !== JSON.stringify(card[name]));
  node.dataset.mood = card.mood || "";
  if (differs("title", "mood", "subject")) fill(head, heading(card, act));
  if (differs("text")) fill(text, paragraphs(card.text));
  if (differs("photos")) fill(photos, strip(card.photos || [], act));
  if (differs("lines")) fill(lines, list(card.lines || [], old ? old.lines || [] : null));
  if (differs("files")) fill(files, (card.files || []).map(file));
  if (differs("buttons")) keepingFocus(buttons, () => fill(buttons, rows(card.buttons || [], act)));
  for (const one of node.querySelectorAll(".button[aria-busy]")) one.removeAttribute("aria-busy");
  return old ? wordsOfEdit(old, card) : "";
}

function fill(node, children) {
  node.replaceChildren(...children);
  node.hidden = !children.length;
}

function heading(card, act) {
  if (!card.title && !card.mood) return [];
  const about = card.subject && card.subject[0] === "item" && card.title
    ? make("button", { className: "quiet about-this", type: "button", "aria-label": phrase("Add to {title}", { title: card.title }), title: phrase("Write or add photos about this") }, icon("reply"))
    : null;
  if (about) about.addEventListener("click", () => act.about(card));
  return [mark(card.mood), card.title && make("h3", { text: card.title }), about].filter(Boolean);
}

function mark(mood) {
  if (!moodWords(mood)) return null;
  return make("span", { className: "mark", data: { mood } }, icon(mood), make("span", { className: "unseen", text: moodWords(mood) }));
}

function paragraphs(text) {
  return (text || "").split(/\n{2,}/).filter(Boolean).map((part) => make("p", { text: part }));
}

function strip(photos, act) {
  return photos.map((photo, index) => {
    if (photo.dark) return chart(photo, () => act.look(photos, index));
    const image = make("img", { src: photoUrl(photo.sha256, "small"), alt: photo.alt || phrase("Photo {number}", { number: index + 1 }), width: 96, height: 96, loading: "lazy", decoding: "async" });
    const mark = photo.mark ? make("span", { className: "thumb-mark", text: photo.mark, "aria-hidden": "true" }) : null;
    const node = make("button", { className: "thumb", type: "button", title: phrase("Enlarge") }, image, mark);
    node.addEventListener("click", () => act.look(photos, index));
    return node;
  });
}

// A chart is as wide as the card, in the page's own colours.
function chart(photo, look) {
  const dark = make("source", { srcset: photoUrl(photo.dark, "large"), media: "(prefers-color-scheme: dark)" });
  const light = make("img", { src: photoUrl(photo.sha256, "large"), alt: photo.alt || phrase("Chart"), width: 400, loading: "lazy", decoding: "async" });
  const node = make("button", { className: "thumb chart", type: "button", title: phrase("Enlarge") }, make("picture", {}, dark, light));
  node.addEventListener("click", look);
  return node;
}

function list(lines, old) {
  if (!lines.length) return [];
  const known = old && old.length && new Set(old.map((line) => JSON.stringify(line))); // a card that fills up is not lit up whole
  return [make("dl", {}, ...lines.map((line) => row(line, known && !known.has(JSON.stringify(line)))))];
}

function row(line, fresh) {
  const node = make("div", { className: "row", data: { mood: line.mood || "" } });
  if (line.weak) node.classList.add("weak");
  if (!line.label) node.classList.add("plain");
  if (fresh) node.classList.add("fresh");
  const value = make("dd", {}, mark(line.mood), make("span", { className: "value", text: line.value || "" }));
  if (line.weak) value.append(make("span", { className: "badge", text: phrase("check") }));
  if (line.note) value.append(make("span", { className: "note", text: line.note }));
  node.append(make("dt", { text: line.label || "" }), value);
  return node;
}

// A file is made when it is opened: `path` is on our own page, and whoever is not signed in gets nothing there.
function file(one) {
  const attributes = { className: "file", href: one.path, target: "_blank", rel: "noopener", data: { key: one.name } };
  return make("a", attributes, icon("paper"), make("span", { text: one.name }));
}

function rows(buttons, act) {
  return buttons.filter((row) => row.length).map((row) => make("div", { className: "button-row" }, ...row.map((one) => button(one, act)).filter(Boolean)));
}

function button(one, act) {
  if (one.url) return link(one);
  const node = make("button", { className: `button ${one.style || ""}`, type: "button", data: { key: one.id || one.label } });
  if (one.copy) node.append(icon("copy"));
  node.append(make("span", { text: one.label }));
  node.addEventListener("click", () => (one.copy ? act.copy(one, node) : act.press(one, node)));
  return node;
}

// Only the web and our own pages: a link that runs something is no link.
function link(one) {
  const inside = one.url.startsWith("/") && !one.url.startsWith("//");
  if (!inside && !/^https?:\/\//i.test(one.url)) return null;
  return make("a", { className: `button ${one.style || ""}`, href: one.url, target: "_blank", rel: "noopener noreferrer", data: { key: one.label } }, icon("open"), make("span", { text: one.label }));
}

function keepingFocus(node, change) {
  const held = node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  change();
  if (held === null) return;
  const again = [...node.querySelectorAll("[data-key]")].find((one) => one.dataset.key === held) || node.closest("article");
  if (again.tagName === "ARTICLE") again.tabIndex = -1;
  again.focus({ preventScroll: true });
}

const wordsOfLine = (line) => [line.label, line.value, line.note].filter(Boolean).join(", ");

export function wordsOf(card) {
  const asked = (card.buttons || []).flat().map((one) => one.label);
  return [moodWords(card.mood), card.title, card.text, ...(card.lines || []).map(wordsOfLine), asked.length ? phrase("Buttons: {names}", { names: asked.join(", ") }) : ""]
    .filter(Boolean).join(". ");
}

function wordsOfEdit(old, card) {
  const known = new Set((old.lines || []).map(wordsOfLine));
  const news = (card.lines || []).filter((line) => !known.has(wordsOfLine(line))).map(wordsOfLine);
  if (card.text !== old.text && card.text) news.unshift(card.text);
  if (!news.length && card.title === old.title) return "";
  return [card.title, ...news].filter(Boolean).join(". ");
}
