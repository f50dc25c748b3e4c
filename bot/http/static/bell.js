// The bell: how many notices are unread, their list, read and dismissed. The number comes with the stream, the list when it is opened.

import { Offline, Refusal, TooFast, call } from "./api.js";
import { byId, icon, make } from "./dom.js";
import { phrase, written } from "./words.js";

const MOODS = { success: "good", warning: "warn", critical: "bad" };
const words = (severity) => ({ info: phrase("News:"), success: phrase("Done:"), warning: phrase("Attention:"), critical: phrase("Critical:") })[severity];
const MOST = 100; // the server counts no further
const WHEN = { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" };

export class Bell {
  // `act`: { press(id), say(sentence) }
  constructor(act) {
    this.act = act;
    this.unread = 0;
    this.button = byId("bell");
    this.panel = byId("notices");
    this.list = byId("notices-list");
    this.button.prepend(icon("bell"));
    byId("notices-close").prepend(icon("close"));
    this.button.addEventListener("click", () => this.open());
    byId("notices-close").addEventListener("click", () => this.panel.close());
    byId("notices-read").addEventListener("click", () => this.change("/api/v1/notices/read", {}));
    byId("notices-older").addEventListener("click", () => this.load(this.list.children.length));
    this.panel.addEventListener("click", (event) => event.target === this.panel && this.panel.close());
    this.panel.addEventListener("close", () => this.button.setAttribute("aria-expanded", "false"));
  }

  count(unread) {
    const moved = unread !== this.unread;
    this.unread = unread;
    const said = unread >= MOST ? `${MOST - 1}+` : String(unread);
    byId("bell-count").textContent = said;
    byId("bell-count").hidden = !unread;
    byId("notices-read").disabled = !unread;
    this.button.setAttribute("aria-label", unread ? phrase("Notices, {count} unread", { count: said }) : phrase("Notices"));
    if (moved && this.panel.open) this.load();
  }

  // The reader's language is another one now.
  again() {
    this.count(this.unread);
    if (this.panel.open) this.load();
  }

  open() {
    this.list.replaceChildren();
    this.panel.showModal();
    this.button.setAttribute("aria-expanded", "true");
    this.load();
  }

  async load(skip = 0) {
    await this.tried(async () => {
      const page = await call(`/api/v1/notices?skip=${skip}`);
      const rows = page.notices.map((one) => this.row(one));
      if (skip) this.list.append(...rows);
      else this.list.replaceChildren(...rows);
      byId("notices-none").hidden = Boolean(this.list.children.length);
      byId("notices-older").hidden = !page.more;
      this.count(page.unread);
    });
  }

  row(one) {
    const node = make("li", { className: "told", data: { mood: one.solved ? "good" : MOODS[one.severity] || "", read: one.read } });
    const state = one.solved ? phrase("solved") : one.read ? "" : phrase("unread");
    node.append(
      make("p", { className: "told-title" }, make("span", { className: "unseen", text: words(one.severity) }), make("span", { text: one.title })),
      one.body ? make("p", { className: "told-body", text: one.body }) : "",
      make("p", { className: "told-when" }, make("time", { datetime: one.at, text: written(one.at, WHEN) }), state ? make("span", { className: "badge", text: state }) : null),
      make("div", { className: "button-row" }, ...this.buttons(one)),
    );
    return node;
  }

  buttons(one) {
    const about = `: ${one.title}`;
    const made = [];
    if (one.label) made.push(this.deed(one.label, one.label + about, () => this.show(one)));
    if (!one.read) made.push(this.deed(phrase("Got it"), phrase("Got it") + about, () => this.change("/api/v1/notices/read", { ids: [one.id] })));
    if (!one.stays) made.push(this.deed(phrase("Dismiss"), phrase("Dismiss") + about, () => this.change("/api/v1/notices/dismiss", { id: one.id })));
    return made;
  }

  deed(label, name, does) {
    const node = make("button", { className: "button", type: "button", text: label, "aria-label": name });
    node.addEventListener("click", does);
    return node;
  }

  show(one) {
    this.panel.close();
    this.act.press(one.open);
  }

  async change(path, body) {
    await this.tried(async () => {
      await call(path, body);
      await this.load();
      byId("notices-close").focus();
    });
  }

  async tried(does) {
    try {
      await does();
    } catch (error) {
      if (error instanceof Refusal) this.act.say(error.message);
      else if (error instanceof Offline || error instanceof TooFast) this.act.say(phrase("No connection to Haggle. Try again in a moment."));
      else throw error;
    }
  }
}
