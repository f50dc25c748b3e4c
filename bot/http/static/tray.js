// Photos before they are sent: they go up at once, so that sending is quick; each shows how far it is and what is wrong with it.

import { Offline, TooFast, upload } from "./api.js";
import { byId, icon, make } from "./dom.js";
import { phrase } from "./words.js";

const MAX = 20 * 1024 * 1024;
const TOGETHER = 6; // files of one upload: results come while others are still on their way
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Tray {
  constructor(changed) {
    this.changed = changed;
    this.items = []; // { file, url, node, state: queued | up | done | failed, sha256, error }
    this.node = byId("tray");
    this.going = false;
  }

  get ready() {
    return this.items.filter((one) => one.state !== "failed");
  }

  add(files) {
    for (const file of files) {
      const item = { file, url: URL.createObjectURL(file), state: "queued", sha256: "", error: "" };
      item.done = new Promise((resolve) => (item.finish = resolve));
      item.node = this.tile(item);
      this.items.push(item);
      this.node.append(item.node);
      if (file.size > MAX) this.fail(item, phrase("{name} is {size} MB, and a photo may be 20 MB: choose a smaller version.", { name: file.name, size: (file.size / 1024 / 1024).toFixed(1) }));
    }
    this.show();
    this.go();
  }

  // Takes the photos that are fine out of the tray: their thumbnails, and a promise of their names once all of them are there.
  take() {
    const taken = this.ready;
    for (const item of taken) this.remove(item, false);
    const names = Promise.all(taken.map((one) => one.done)).then((all) => all.filter(Boolean));
    this.rest = [...(this.rest || []), ...taken.filter((one) => one.state !== "done")];
    return { thumbs: taken.map((one) => one.url), names };
  }

  tile(item) {
    const image = make("img", { src: item.url, alt: item.file.name || "photo" });
    image.addEventListener("error", () => image.replaceWith(make("span", { className: "nameless", text: item.file.name || "photo" }), icon("photo")));
    const away = make("button", { className: "away", type: "button" }, icon("close"));
    away.addEventListener("click", () => this.remove(item));
    const bar = make("progress", { max: 1, value: 0 });
    return this.named(item, make("li", { className: "tile", data: { state: "queued" } }, make("div", { className: "tile-photo" }, image, bar, away), make("p", { className: "tile-error", role: "alert" })));
  }

  named(item, node) {
    const name = item.file.name || phrase("photo");
    node.querySelector(".away").setAttribute("aria-label", phrase("Remove {name}", { name }));
    node.querySelector("progress").setAttribute("aria-label", phrase("Sending {name}", { name }));
    return node;
  }

  // The reader's language is another one now.
  again() {
    for (const one of this.items) this.named(one, one.node);
  }

  remove(item, forget = true) {
    const had = item.node.contains(document.activeElement);
    this.items = this.items.filter((one) => one !== item);
    item.node.remove();
    if (forget) {
      URL.revokeObjectURL(item.url);
      item.state = "removed";
      item.finish("");
    }
    this.show();
    if (had) byId("words").focus();
  }

  show() {
    this.node.hidden = !this.items.length;
    this.changed();
  }

  async go() {
    if (this.going) return;
    this.going = true;
    const queued = () => [...(this.rest || []), ...this.items].filter((one) => one.state === "queued").slice(0, TOGETHER);
    for (let batch = queued(); batch.length; batch = queued()) await this.send(batch);
    this.going = false;
    this.rest = [];
  }

  async send(batch) {
    for (const one of batch) this.state(one, "up");
    try {
      const answers = await upload(batch.map((one) => one.file), (loaded) => this.progress(batch, loaded));
      batch.forEach((one, place) => (answers[place].error ? this.fail(one, answers[place].error) : this.finish(one, answers[place].sha256)));
    } catch (error) {
      if (error instanceof Offline || error instanceof TooFast) {
        await wait(error instanceof TooFast ? error.seconds * 1000 : 3000);
        for (const one of batch) if (one.state === "up") this.state(one, "queued");
      } else {
        for (const one of batch) this.fail(one, error.message);
      }
    }
  }

  progress(batch, loaded) {
    let before = 0;
    for (const one of batch) {
      const bar = one.node.querySelector("progress");
      bar.value = Math.max(0, Math.min(1, (loaded - before) / one.file.size));
      before += one.file.size;
    }
  }

  finish(item, sha256) {
    if (item.state === "removed") return;
    item.sha256 = sha256;
    this.state(item, "done");
    item.finish(sha256);
  }

  // A photo that was sent off already and failed then comes back into the tray, so that nobody misses it.
  fail(item, sentence) {
    if (item.state === "removed") return;
    item.error = sentence;
    item.node.querySelector(".tile-error").textContent = sentence;
    this.state(item, "failed");
    item.finish("");
    if (!this.items.includes(item)) {
      this.items.push(item);
      this.node.append(item.node);
    }
    this.show();
    item.node.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  state(item, state) {
    item.state = state;
    item.node.dataset.state = state;
    this.changed();
  }
}
