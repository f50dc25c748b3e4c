// What the page says in the reader's language: the server puts its own words into the page where they are not English.

const block = document.getElementById("page-words");
const told = block ? JSON.parse(block.textContent) : {};

// `parts` fill the {braces} of a message.
export function phrase(message, parts = {}) {
  return (told[message] || message).replace(/\{(\w+)\}/g, (all, name) => (name in parts ? String(parts[name]) : all));
}

// Days and times are written in that language too; an English page follows the browser, which knows the country.
export const languages = document.documentElement.lang === "en" ? undefined : document.documentElement.lang;
