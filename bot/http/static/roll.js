// A camera roll: while one collects, every photo that is added goes to it, one call each, so that hundreds of them need no more memory
// than a few. What is lost on the way is sent again; what the server has already is not.

import { Offline, Refusal, TooFast, call, send } from "./api.js";
import { byId } from "./dom.js";
import { phrase } from "./words.js";

const MAX = 20 * 1024 * 1024;
const TOGETHER = 2; // photos on their way at the same time
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const sourceOf = (file) => `${(file.name || "photo").slice(-200)} ${file.size} ${file.lastModified}`;

export class Roll {
  // `told(sentence)` is for what went wrong.
  constructor(told) {
    this.told = told;
    this.open = null; // what the server says of the roll that collects
    this.queue = []; // { file, source, at, roll }
    this.last = 0; // the place of the one that was added last
    this.all = 0;
    this.sent = 0;
    this.going = 0;
    this.ending = false;
    this.asked = 0;
    byId("roll-choose").addEventListener("click", () => byId("files").click());
    byId("roll-end").addEventListener("click", () => this.end());
  }

  get isOpen() {
    return this.open !== null;
  }

  // A card of a roll came or changed: look whether one collects. Many changes are one look.
  look() {
    clearTimeout(this.asked);
    this.asked = setTimeout(() => this.refresh().catch(() => {}), 300);
  }

  async refresh() {
    const answer = await call("/api/v1/rolls/open");
    this.open = answer.roll ? answer : null;
    if (!this.open) this.queue = [];
    if (!this.open && !this.going) this.all = this.sent = 0;
    this.show();
  }

  async begin() {
    this.open = await call("/api/v1/rolls", {});
    this.show();
  }

  async add(files) {
    try {
      if (!this.isOpen) await this.begin();
      else await this.refresh();
    } catch (error) {
      this.told(error instanceof Refusal ? error.message : phrase("Haggle does not answer. Choose these photos again in a moment."));
      return;
    }
    if (!this.isOpen) return;
    const there = new Set([...this.open.have, ...this.queue.map((one) => one.source)]);
    this.last = Math.max(this.last, this.open.next - 1);
    for (const file of files) {
      const source = sourceOf(file);
      if (there.has(source)) continue;
      there.add(source);
      this.queue.push({ file, source, at: ++this.last, roll: this.open.roll });
      this.all += 1;
    }
    this.show();
    while (this.going < TOGETHER && this.queue.length) this.work();
  }

  async work() {
    this.going += 1;
    for (let one = this.queue.shift(); one; one = this.queue.shift()) {
      try {
        const query = new URLSearchParams({ source: one.source, name: one.file.name || "photo", at: one.at, size: one.file.size });
        // What is too large is not sent, only told of: the card names it.
        const answer = await send(`/api/v1/rolls/${one.roll}/photos?${query}`, one.file.size > MAX ? one.file.slice(0, 0) : one.file);
        this.sent += 1;
        if (answer.error) this.told(answer.error);
      } catch (error) {
        await this.failed(one, error);
      }
      this.show();
    }
    this.going -= 1;
    this.show();
    if (this.ending && !this.going) this.end();
  }

  async failed(one, error) {
    if (error instanceof Offline || error instanceof TooFast) {
      this.queue.unshift(one);
      await wait(error instanceof TooFast ? error.seconds * 1000 : 3000);
      return;
    }
    if (!(error instanceof Refusal)) throw error;
    this.told(error.message);
    this.sent += 1;
    await this.refresh().catch(() => {}); // when the roll is closed, none of the others can come either
  }

  // Photos that are still on their way come first.
  async end() {
    this.ending = true;
    this.show();
    if (this.going || this.queue.length || !this.isOpen) return;
    try {
      await call(`/api/v1/rolls/${this.open.roll}/end`, {});
      this.open = null;
      this.all = this.sent = 0;
    } catch (error) {
      this.told(error instanceof Refusal ? error.message : phrase("Haggle does not answer. Press That’s all again in a moment."));
    }
    this.ending = false;
    this.show();
    byId("words").focus();
  }

  show() {
    byId("roll").hidden = !this.isOpen;
    const waits = this.sent < this.all;
    byId("roll-bar").hidden = !waits;
    byId("roll-bar").value = this.all ? this.sent / this.all : 0;
    byId("roll-end").disabled = this.ending || !(this.sent || (this.open && this.open.count));
    byId("roll-text").textContent = waits
      ? phrase("Camera roll: {sent} of {all} photos sent. If this page closes, choose the same photos again: it goes on.", { sent: this.sent, all: this.all })
      : this.sent ? phrase("Camera roll: {sent} photos sent. Add more, or press That’s all.", { sent: this.sent })
      : phrase("Camera roll: photos that you add here now are parted into items.");
  }
}
