// The conversation: posts in their order, edits without jumps, what is out of sight announced.

import { makeCard, patchCard, wordsOf } from "./cards.js";
import { byId, icon, make, photoUrl } from "./dom.js";
import { phrase, written } from "./words.js";

const BESIDE = 12; // pixels above a card that begins the window
const NEAR = 90; // pixels from the end that still count as being at the end
const TIME = { hour: "numeric", minute: "2-digit" };
const DAY = { weekday: "long", month: "long", day: "numeric" };
const WHOLE = { dateStyle: "medium", timeStyle: "short" };

export class List {
  constructor(act) {
    this.act = act;
    this.posts = new Map(); // id -> { data, node, card }
    this.mine = new Map(); // id of an outbox entry -> { entry, node }
    this.chat = byId("chat");
    this.scroll = byId("scroll");
    this.moved = byId("moved");
    this.down = byId("down");
    this.atEnd = true;
    this.scroll.addEventListener("scroll", () => this.look(), { passive: true });
    this.down.addEventListener("click", () => this.toEnd(true));
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.scroll);
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.chat);
  }

  get oldest() {
    return this.sorted()[0] || "";
  }

  get isEmpty() {
    return !this.posts.size && !this.mine.size;
  }

  sorted() {
    return [...this.posts.keys()].sort();
  }

  // Answers what to announce. `quiet` when a page of history is shown.
  take(data, quiet = false) {
    const known = this.posts.get(data.id);
    if (known && data.changed <= known.data.changed) return "";
    if (known) return this.edit(known, data);
    const settled = data.mine && this.settle(data);
    const node = data.mine ? this.said(data) : this.told(data);
    if (settled) settled.replaceWith(node.item);
    else this.place(data.id, node.item);
    this.posts.set(data.id, { data, ...node });
    this.days();
    if (!this.atEnd && !quiet) this.down.hidden = false;
    return quiet || data.mine ? "" : node.words;
  }

  gone(id) {
    const known = this.posts.get(id);
    if (!known) return;
    this.steady(known.item, () => known.item.remove());
    this.posts.delete(id);
    this.days();
  }

  told(data) {
    const item = make("li", { className: "post", data: { id: data.id } });
    const act = { ...this.act, press: (button, node) => this.act.press(button, node, data.message), about: (card) => this.act.about(card, data.message) };
    const card = makeCard(data.card, act);
    item.append(card, this.stamp(data.at));
    return { item, card, act, words: wordsOf(data.card) };
  }

  edit(known, data) {
    let words = "";
    this.steady(known.item, () => {
      words = patchCard(known.card, known.data.card, data.card, known.act);
    });
    known.data = data;
    if (words && !this.inSight(known.item)) this.point(known.item, data.card.title);
    return words;
  }

  said(data) {
    const item = make("li", { className: "post mine", data: { id: data.id } });
    item.append(this.bubbleOf(data), this.stamp(data.at));
    return { item, card: null, act: null, words: "" };
  }

  bubbleOf(data) {
    const look = (index) => this.act.look(data.photos.map((sha256) => ({ sha256 })), index);
    return bubble(data.text, (data.photos || []).map((one) => photoUrl(one, "small")), look);
  }

  // The reader's language is another one now: what the page itself says about each post is said anew.
  again() {
    for (const { data, item, card, act } of this.posts.values()) {
      if (card) patchCard(card, null, data.card, act);
      else item.querySelector(".bubble").replaceWith(this.bubbleOf(data));
      item.querySelector(":scope > time").replaceWith(this.stamp(data.at));
    }
    for (const { entry } of this.mine.values()) this.fate(entry);
    this.days();
    if (this.atEnd) this.toEnd();
  }

  // What was just written shows at once; the server's own row takes its place.
  expect(entry, thumbs) {
    const item = make("li", { className: "post mine" });
    item.append(bubble(entry.text, thumbs, null), make("p", { className: "fate" }));
    this.mine.set(entry.id, { entry, item });
    this.chat.append(item);
    this.fate(entry);
    this.days();
    this.toEnd();
  }

  fate(entry) {
    const known = this.mine.get(entry.id);
    if (!known) return;
    const line = known.item.querySelector(".fate");
    known.item.dataset.state = entry.state;
    line.replaceChildren(make("span", { text: { waiting: phrase("Sending…"), sent: phrase("Sent"), failed: entry.error }[entry.state] }));
    if (entry.state !== "failed") return;
    const again = make("button", { className: "quiet", type: "button", text: phrase("Send again") });
    again.addEventListener("click", () => this.act.again(entry));
    const away = make("button", { className: "quiet", type: "button", text: phrase("Remove") });
    away.addEventListener("click", () => {
      this.mine.delete(entry.id);
      known.item.remove();
      this.act.drop(entry);
    });
    line.append(again, away);
  }

  // The row of ours that the server's row stands for: by its id, else the oldest with the same words and photos.
  settle(data) {
    const photos = JSON.stringify(data.photos || []);
    for (const [id, { entry, item }] of this.mine) {
      const same = data.event ? data.event === id : entry.text.trim() === data.text.trim() && JSON.stringify(entry.photos) === photos;
      if (!same) continue;
      this.mine.delete(id);
      for (const image of item.querySelectorAll("img[src^='blob:']")) URL.revokeObjectURL(image.src);
      return item;
    }
    return null;
  }

  place(id, item) {
    const next = this.sorted().find((one) => one > id);
    const waiting = [...this.mine.values()][0];
    const before = next ? this.posts.get(next).item : waiting ? waiting.item : null;
    this.steady(before, () => this.chat.insertBefore(item, before));
  }

  // Changing something above what is being read must not move what is being read.
  steady(item, change) {
    const above = item && item.getBoundingClientRect().top < this.scroll.getBoundingClientRect().top;
    const height = this.scroll.scrollHeight;
    change();
    if (this.atEnd) this.toEnd();
    else if (above) this.scroll.scrollTop += this.scroll.scrollHeight - height;
  }

  days() {
    for (const one of this.chat.querySelectorAll(".day")) one.remove();
    let last = "";
    for (const id of this.sorted()) {
      const { data, item } = this.posts.get(id);
      const on = written(data.at, DAY);
      if (on !== last) item.before(make("li", { className: "day", text: on === written(new Date(), DAY) ? phrase("Today") : on }));
      last = on;
    }
  }

  stamp(at) {
    return make("time", { datetime: at, text: written(at, TIME), title: written(at, WHOLE) });
  }

  look() {
    this.atEnd = this.scroll.scrollTop > this.end() - NEAR;
    if (this.atEnd) this.down.hidden = true;
    if (this.pointed && this.inSight(this.pointed)) this.moved.hidden = true;
  }

  inSight(item) {
    const place = item.getBoundingClientRect();
    const window = this.scroll.getBoundingClientRect();
    return place.bottom > window.top + 20 && place.top < window.bottom - 20;
  }

  point(item, title) {
    this.pointed = item;
    this.moved.dataset.way = item.getBoundingClientRect().top < this.scroll.getBoundingClientRect().top ? "up" : "down";
    this.moved.replaceChildren(icon("back"), make("span", { text: phrase("Changed: {title}", { title: title || phrase("a card") }) }));
    this.moved.hidden = false;
    this.moved.onclick = () => {
      this.atEnd = false;
      item.scrollIntoView({ block: "center", behavior: calm() ? "auto" : "smooth" });
      this.moved.hidden = true;
    };
  }

  // Where the newest is read: the very end, or the beginning of a card that is longer than the window.
  end() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroll;
    const last = this.chat.lastElementChild;
    if (!last || last.offsetHeight <= clientHeight) return scrollHeight - clientHeight;
    return last.getBoundingClientRect().top - this.scroll.getBoundingClientRect().top + scrollTop - BESIDE;
  }

  toEnd(smooth = false) {
    const [last, end] = [this.chat.lastElementChild, this.end()];
    const reading = last === this.newest && this.scroll.scrollTop > end; // further down in a long card: let them
    this.atEnd = true;
    this.down.hidden = true;
    this.newest = last;
    if (!reading) this.scroll.scrollTo({ top: end, behavior: smooth && !calm() ? "smooth" : "auto" });
  }
}

const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function bubble(text, thumbs, open) {
  const node = make("div", { className: "bubble" });
  if (thumbs.length) {
    node.append(make("div", { className: "bubble-photos" }, ...thumbs.map((url, index) => {
      const image = make("img", { src: url, alt: phrase("Photo {number}", { number: index + 1 }), width: 84, height: 84, decoding: "async" });
      if (!open) return make("span", { className: "thumb" }, image);
      const button = make("button", { className: "thumb", type: "button", title: phrase("Enlarge") }, image);
      button.addEventListener("click", () => open(index));
      return button;
    })));
  }
  if (text) node.append(make("p", { text }));
  return node;
}
