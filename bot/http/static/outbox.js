// What was said and has not reached the server yet. Each message keeps its id, so sending it twice says it once.

import { Offline, Refusal, TooFast, call } from "./api.js";
import { phrase } from "./words.js";

const KEPT = "haggle-outbox";

export const newId = () => crypto.randomUUID ? crypto.randomUUID() : Array.from(crypto.getRandomValues(new Uint8Array(16)), (one) => one.toString(16).padStart(2, "0")).join("");

// An entry: { id, text, photos (sha256), press, message, uploads (promise or null), state: waiting | sent | failed, error }.
// `changed(entry)` is called whenever its state moves.
export class Outbox {
  constructor(changed) {
    this.changed = changed;
    this.entries = [];
    this.sending = false;
    this.timer = 0;
    window.addEventListener("online", () => this.flush());
  }

  restore() {
    let kept = [];
    try {
      kept = JSON.parse(localStorage.getItem(KEPT) || "[]");
    } catch {
      localStorage.removeItem(KEPT);
    }
    for (const one of kept) this.entries.push({ press: "", uploads: null, state: "waiting", error: "", ...one });
    this.flush();
    return [...this.entries];
  }

  add(entry) {
    const made = { id: newId(), text: "", photos: [], press: "", message: "", uploads: null, state: "waiting", error: "", ...entry };
    this.entries.push(made);
    this.keep();
    this.flush();
    return made;
  }

  again(entry) {
    entry.state = "waiting";
    this.changed(entry);
    this.flush();
  }

  drop(entry) {
    this.entries = this.entries.filter((one) => one !== entry);
    this.keep();
  }

  async flush() {
    clearTimeout(this.timer);
    if (this.sending) return;
    this.sending = true;
    let wait = 0;
    for (let entry = this.next(); entry && !wait; entry = this.next()) wait = await this.send(entry);
    this.sending = false;
    if (wait) this.timer = setTimeout(() => this.flush(), wait);
  }

  next() {
    return this.entries.find((one) => one.state === "waiting");
  }

  // Answers how many milliseconds to wait before going on; 0 when it went well.
  async send(entry) {
    try {
      if (entry.uploads) {
        entry.photos = await entry.uploads;
        entry.uploads = null;
      }
      if (!entry.text && !entry.press && !entry.photos.length) throw new Refusal(phrase("None of these photos could be used."));
      const { id, text, photos, press, message } = entry;
      await call("/api/v1/chat/messages", { event_id: id, text, photos, press, message });
      entry.state = "sent";
      this.drop(entry);
    } catch (error) {
      if (error instanceof TooFast) return error.seconds * 1000;
      if (error instanceof Offline) return 3000;
      entry.state = "failed";
      entry.error = error.message;
    }
    this.keep();
    this.changed(entry);
    return 0;
  }

  // Photos that are still on their way are in this page's memory only; pressing a button much later is nobody's wish.
  keep() {
    const kept = this.entries.filter((one) => !one.uploads && !one.press).map(({ id, text, photos, message }) => ({ id, text, photos, message }));
    localStorage.setItem(KEPT, JSON.stringify(kept));
  }
}
