// The commands, offered when a message begins with "/".

import { byId, make } from "./dom.js";

export class Palette {
  constructor(words, grow, fetchCommands) {
    this.words = words;
    this.grow = grow;
    this.fetchCommands = fetchCommands;
    this.node = byId("palette");
    this.list = byId("palette-list");
    this.commands = [];
    this.found = [];
    this.at = 0;
  }

  get isOpen() {
    return !this.node.hidden;
  }

  // Fetches the commands; when that fails, typing asks again. What was typed meanwhile is offered as soon as they are here.
  load() {
    this.loading ??= this.fetchCommands().then((commands) => {
      this.commands = commands;
      this.update();
    }, () => {}).finally(() => (this.loading = null));
  }

  update() {
    if (!this.commands.length) this.load();
    const typed = /^\/(\S*)$/.exec(this.words.value);
    if (!typed) return this.close();
    const wanted = typed[1].toLowerCase();
    const names = (one) => [one.name, ...(one.aliases || "").split(" ").filter(Boolean)];
    const begins = this.commands.filter((one) => names(one).some((name) => name.startsWith(wanted)));
    const speaks = this.commands.filter((one) => !begins.includes(one) && wanted.length > 1 && one.summary.toLowerCase().includes(wanted));
    this.found = [...begins, ...speaks];
    if (!this.found.length) return this.close();
    this.list.replaceChildren(...this.found.map((one, place) => this.option(one, place)));
    this.node.hidden = false;
    this.words.setAttribute("aria-expanded", "true");
    this.select(0);
  }

  option(one, place) {
    const node = make("li", { role: "option", id: `command-${place}`, className: "option" },
      make("span", { className: "option-name", text: `/${one.name}` }), make("span", { className: "option-summary", text: one.summary }),
      make("span", { className: "option-example", text: one.example }));
    node.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the message box keeps the focus
      this.select(place);
      this.choose();
    });
    return node;
  }

  select(place) {
    this.at = (place + this.found.length) % this.found.length;
    [...this.list.children].forEach((node, index) => node.setAttribute("aria-selected", String(index === this.at)));
    this.words.setAttribute("aria-activedescendant", `command-${this.at}`);
    this.list.children[this.at].scrollIntoView({ block: "nearest" });
  }

  choose() {
    this.words.value = `/${this.found[this.at].name} `;
    this.close();
    this.grow();
  }

  // True when the key was for the palette. Enter on a command that is written out sends it.
  key(event) {
    if (!this.isOpen) return false;
    if (event.key === "Enter" && this.words.value === `/${this.found[this.at].name}`) return false;
    const act = {
      ArrowDown: () => this.select(this.at + 1), ArrowUp: () => this.select(this.at - 1), Escape: () => this.close(),
      Enter: () => this.choose(), Tab: () => this.choose(),
    }[event.key];
    if (!act) return false;
    event.preventDefault();
    act();
    return true;
  }

  close() {
    this.node.hidden = true;
    this.words.setAttribute("aria-expanded", "false");
    this.words.removeAttribute("aria-activedescendant");
  }
}
