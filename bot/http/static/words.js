// What the page says in the reader's language. The page is written in English; the server puts its words into it where they are others, and
// tells them anew when the reader chooses another language while the page is open.

const block = document.getElementById("page-words");
const READ = ["aria-label", "title", "placeholder"];
let told = block ? JSON.parse(block.textContent) : {}; // by their English
const fixed = collect();
let formats = new Map();

export const spoken = () => document.documentElement.lang;

// `parts` fill the {braces} of a message.
export function phrase(message, parts = {}) {
  return (told[message] || message).replace(/\{(\w+)\}/g, (all, name) => (name in parts ? String(parts[name]) : all));
}

// A time, written by the options of Intl.DateTimeFormat in the reader's language; an English page follows the browser, which knows the country.
export function written(at, options) {
  if (!formats.has(options)) formats.set(options, new Intl.DateTimeFormat(spoken() === "en" ? undefined : spoken(), options));
  return formats.get(options).format(new Date(at));
}

// From now on in other words: what stands in the page from the beginning says them at once, what was made of phrases is its makers' to renew.
export function speak({ language, words }) {
  told = words;
  formats = new Map();
  document.documentElement.lang = language;
  for (const { node, name, message } of fixed) {
    if (name) node.setAttribute(name, phrase(message));
    else node.data = node.data.replace(node.data.trim(), () => phrase(message));
  }
}

// The texts and the read attributes of the page as it came, with the messages that they say.
function collect() {
  const messages = new Map(Object.entries(told).map(([message, said]) => [said, message]));
  const messageOf = (said) => messages.get(said) || said;
  const found = [];
  const walker = document.createTreeWalker(document.body);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE && node.data.trim()) found.push({ node, name: "", message: messageOf(node.data.trim()) });
    if (node.nodeType !== Node.ELEMENT_NODE) continue;
    for (const name of READ) if (node.getAttribute(name)) found.push({ node, name, message: messageOf(node.getAttribute(name)) });
  }
  return found;
}
