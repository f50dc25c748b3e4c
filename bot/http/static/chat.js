// The page: puts the parts together.

import { Offline, Refusal, Stream, TooFast, call } from "./api.js";
import { Bell } from "./bell.js";
import { byId, icon, make } from "./dom.js";
import { List } from "./list.js";
import { Outbox } from "./outbox.js";
import { Palette } from "./palette.js";
import { Roll } from "./roll.js";
import { Tray } from "./tray.js";
import { Viewer } from "./viewer.js";
import { phrase, speak, spoken } from "./words.js";

const words = byId("words");
const viewer = new Viewer();
let about = ""; // the posted card that the next message is about
let aboutTitle = "";
let workingUntil = 0;

const outbox = new Outbox((entry) => {
  list.fate(entry);
  if (entry.state === "sent") working(true);
  if (entry.state === "failed" && entry.press) toast(entry.error);
});
const list = new List({
  press(button, node, message) {
    if (node.hasAttribute("aria-busy")) return;
    node.setAttribute("aria-busy", "true");
    setTimeout(() => node.removeAttribute("aria-busy"), 15_000);
    outbox.add({ press: button.id, message });
  },
  copy,
  look: (photos, index) => viewer.open(photos, index),
  about(card, message) {
    about = message;
    aboutTitle = card.title;
    byId("about-text").textContent = phrase("About {title}", { title: aboutTitle });
    byId("about").hidden = false;
    words.focus();
  },
  again: (entry) => outbox.again(entry),
  drop: (entry) => outbox.drop(entry),
});
const tray = new Tray(() => ready());
const roll = new Roll((sentence) => toast(sentence));
const MOST = 24; // photos of one item
const palette = new Palette(words, () => grow(), async () => (await call("/api/v1/commands")).commands);
const bell = new Bell({ press: (id) => outbox.add({ press: id, message: "" }), say: toast });
const stream = new Stream({ news: (data) => (data.flood ? load() : take(data)), notices: (unread) => bell.count(unread), language, state });

function take(data) {
  const before = list.posts.size;
  for (const post of data.posts) announce(list.take(post));
  if (data.posts.some(isOfRoll)) roll.look();
  for (const id of data.gone || []) list.gone(id);
  if (data.posts.some((post) => !post.mine)) {
    working(false);
    for (const one of document.querySelectorAll(".button[aria-busy]")) one.removeAttribute("aria-busy");
  }
  if (list.posts.size !== before) empty();
}

async function load(before = "") {
  try {
    const page = await call(`/api/v1/chat?limit=50${before ? `&before=${before}` : ""}`);
    for (const post of before ? [...page.posts].reverse() : page.posts) list.take(post, true);
    if (page.posts.some(isOfRoll)) roll.look();
    if (before || page.posts.length === list.posts.size) byId("older").hidden = !page.more;
    if (!before) stream.start(page.cursor);
    empty();
    if (!before) list.toEnd();
  } catch (error) {
    if (error instanceof Refusal) return state("left");
    if (!(error instanceof Offline || error instanceof TooFast)) throw error;
    state("wait");
    setTimeout(() => load(before), 2000);
  }
}

// What the reader's language is: another one than the page's when they chose it meanwhile, here or elsewhere.
async function language(code) {
  clearTimeout(language.timer);
  if (code === spoken()) return;
  try {
    const told = await call("/api/v1/words");
    speak(told);
    byId("me").textContent = told.me;
  } catch (error) {
    if (error instanceof Refusal) return; // signed out: the stream says so
    if (!(error instanceof Offline || error instanceof TooFast)) throw error;
    language.timer = setTimeout(() => language(code), 2000);
    return;
  }
  for (const one of [list, bell, tray]) one.again();
  roll.show();
  palette.load();
  state(byId("line").dataset.state);
  byId("about-text").textContent = phrase("About {title}", { title: aboutTitle });
}

function empty() {
  byId("empty").hidden = !list.isEmpty;
}

// Said politely and one after the other; a burst is not read twice.
function announce(text) {
  if (!text) return;
  const line = make("p", { text });
  byId("announcer").append(line);
  setTimeout(() => line.remove(), 20_000);
}

function toast(text) {
  const node = byId("toast");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => (node.hidden = true), 8000);
}

function working(on) {
  byId("working").hidden = !on;
  clearTimeout(workingUntil);
  if (on) {
    workingUntil = setTimeout(() => working(false), 30_000);
    if (list.atEnd) list.toEnd();
  }
}

function state(now) {
  const line = byId("line");
  clearTimeout(state.timer);
  const show = () => {
    line.dataset.state = now;
    byId("line-text").textContent = { live: phrase("Connected"), wait: phrase("Not connected"), left: phrase("Signed out") }[now];
    byId("offline").hidden = now === "live";
    if (now === "left") {
      byId("offline").replaceChildren(phrase("You are signed out. Open the sign-in link from the terminal again."), " ", make("a", { href: "/", text: phrase("Reload") }));
    }
  };
  // A connection that comes back at once was no news.
  if (now === "wait") state.timer = setTimeout(show, 1500);
  else show();
  if (now === "live") outbox.flush();
}

function send(text) {
  list.expect(outbox.add({ text }), []);
  empty();
}

function submit() {
  const text = words.value.trim();
  const { thumbs, names } = tray.ready.length ? tray.take() : { thumbs: [], names: null };
  if (!text && !thumbs.length) return;
  list.expect(outbox.add({ text, uploads: names, message: about }), thumbs);
  words.value = "";
  forget();
  grow();
  empty();
}

function forget() {
  about = "";
  byId("about").hidden = true;
}

function grow() {
  words.style.height = "auto";
  words.style.height = `${Math.min(words.scrollHeight, 200)}px`;
  ready();
}

function ready() {
  byId("send").disabled = !words.value.trim() && !tray.ready.length;
}

async function copy(button, node) {
  const label = node.querySelector("span");
  const done = await toClipboard(button.copy);
  label.textContent = done ? phrase("Copied") : phrase("Select and copy it by hand");
  node.classList.toggle("copied", done);
  announce(label.textContent);
  setTimeout(() => {
    label.textContent = button.label;
    node.classList.remove("copied");
  }, 2000);
}

// Over plain http in the own network browsers have no clipboard, but the old way works still.
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = make("textarea", { className: "unseen", "aria-hidden": "true" });
    const back = document.activeElement;
    box.value = text;
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    if (back) back.focus({ preventScroll: true });
    return done;
  }
}

const isOfRoll = (post) => Boolean(post.card && post.card.subject && post.card.subject[0] === "roll");

// More than one item can have is a camera roll, whether one was asked for or not: it is confirmed on a card.
function add(files) {
  if (roll.isOpen || files.length > MOST) roll.add(files);
  else tray.add(files);
}

function photosOf(transfer) {
  return [...(transfer ? transfer.files : [])];
}

function listenToDrops() {
  const drop = byId("drop");
  let inside = 0;
  const holdsFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  window.addEventListener("dragenter", (event) => {
    if (!holdsFiles(event)) return;
    inside += 1;
    drop.hidden = false;
  });
  window.addEventListener("dragleave", (event) => {
    if (!holdsFiles(event)) return;
    inside -= 1;
    if (inside <= 0) drop.hidden = true;
  });
  window.addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  window.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    inside = 0;
    drop.hidden = true;
    add(photosOf(event.dataTransfer));
    words.focus();
  });
}

function listen() {
  byId("attach").append(icon("photo"));
  byId("send").append(icon("send"));
  for (const id of ["attach", "first-photos"]) byId(id).addEventListener("click", () => byId("files").click());
  byId("files").addEventListener("change", (event) => {
    add([...event.target.files]);
    event.target.value = "";
    words.focus();
  });
  for (const one of document.querySelectorAll("[data-say]")) one.addEventListener("click", () => send(one.dataset.say));
  byId("about-off").addEventListener("click", forget);
  byId("older").addEventListener("click", () => load(list.oldest));
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  words.addEventListener("input", () => {
    grow();
    palette.update();
  });
  words.addEventListener("blur", () => palette.close());
  words.addEventListener("keydown", (event) => {
    if (event.isComposing || palette.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      palette.close();
      submit();
    }
  });
  document.addEventListener("paste", (event) => {
    const files = photosOf(event.clipboardData);
    if (!files.length) return;
    event.preventDefault();
    add(files);
  });
  listenToDrops();
}

listen();
ready();
for (const entry of outbox.restore()) list.expect(entry, []);
await load();
palette.load();
if (matchMedia("(pointer: fine)").matches) words.focus();
