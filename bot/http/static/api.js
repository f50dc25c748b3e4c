// Talking with the server: calls, uploads with progress, and the stream of news.

import { phrase } from "./words.js";

export class Refusal extends Error {} // the server said no, and why
export class Offline extends Error {} // nobody answered: try again later
export class TooFast extends Error {
  constructor(seconds) {
    super("too fast");
    this.seconds = seconds;
  }
}

function judge(status, text, retryAfter) {
  if (status === 429) throw new TooFast(Number(retryAfter) || 1);
  if (status === 0 || status > 500) throw new Offline(); // 500 is a fault of ours, which the same call again would meet again
  let answer = {};
  try {
    answer = JSON.parse(text);
  } catch {
    throw status < 400 ? new Offline() : new Refusal(phrase("Haggle answered {status}.", { status }));
  }
  if (status >= 400) throw new Refusal(answer.error || phrase("Haggle answered {status}.", { status }));
  return answer;
}

export async function call(path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method: body ? "POST" : "GET",
      headers: { "X-Haggle": "1", ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
      cache: "no-store",
    });
  } catch {
    throw new Offline();
  }
  return judge(answer.status, await answer.text(), answer.headers.get("Retry-After"));
}

// One file, as it is: the browser reads it from the disk while it is sent.
export async function send(path, file) {
  let answer;
  try {
    answer = await fetch(path, { method: "PUT", headers: { "X-Haggle": "1" }, body: file });
  } catch {
    throw new Offline();
  }
  return judge(answer.status, await answer.text(), answer.headers.get("Retry-After"));
}

// fetch cannot tell how much was sent; XMLHttpRequest can.
export function upload(files, progress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const file of files) form.append("photos", file, file.name || "photo");
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/photos");
    request.setRequestHeader("X-Haggle", "1");
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onerror = () => reject(new Offline());
    request.onload = () => {
      try {
        resolve(judge(request.status, request.responseText, request.getResponseHeader("Retry-After")).photos);
      } catch (error) {
        reject(error);
      }
    };
    request.send(form);
  });
}

// Opens itself again for ever. `on.news(data)`, `on.notices(unread)`, `on.language(code)`, `on.state("live" | "wait" | "left")`.
export class Stream {
  constructor(on) {
    this.on = on;
    this.cursor = "";
    this.source = null;
    this.failed = 0;
    this.timer = 0;
    window.addEventListener("online", () => this.open());
    window.addEventListener("offline", () => this.on.state("wait"));
    // A laptop that slept holds a connection that nobody is at the other end of.
    let hidden = 0;
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) hidden = Date.now();
      else if (Date.now() - hidden > 30_000) this.open();
    });
    window.addEventListener("pagehide", () => this.close());
    window.addEventListener("pageshow", (event) => event.persisted && this.open());
  }

  start(cursor) {
    this.cursor = cursor;
    this.open();
  }

  open() {
    if (!this.cursor) return;
    this.close();
    const source = new EventSource(`/api/v1/events?since=${encodeURIComponent(this.cursor)}`);
    this.source = source;
    source.onopen = () => {
      this.failed = 0;
      this.on.state("live");
    };
    source.onerror = () => {
      this.on.state("wait");
      source.close(); // its own reconnecting gives up at the first answer that is an error
      if (this.source === source) this.later();
    };
    source.addEventListener("news", (event) => {
      const data = JSON.parse(event.data);
      this.cursor = data.cursor;
      this.on.news(data);
    });
    source.addEventListener("notices", (event) => this.on.notices(JSON.parse(event.data).unread));
    source.addEventListener("language", (event) => this.on.language(JSON.parse(event.data).language));
    source.addEventListener("left", () => {
      this.cursor = "";
      this.close();
      this.on.state("left");
    });
  }

  later() {
    clearTimeout(this.timer);
    this.failed += 1;
    this.timer = setTimeout(() => this.open(), Math.min(500 * 2 ** (this.failed - 1), 10_000));
  }

  close() {
    clearTimeout(this.timer);
    if (this.source) this.source.close();
    this.source = null;
  }
}
