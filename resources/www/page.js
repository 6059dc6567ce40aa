// What the parts of the page of files share. Names and messages are put on the page as text, never as markup: neither
// what a file nor what a server says is ours.

export const place = "/files/";

export const part = (id) => document.getElementById(id);

/** Said aloud by screen readers: what became of a file, not each step on its way. */
export function announce(text) {
  part("status").textContent = text;
}

export function made(tag, text, name = "") {
  return Object.assign(document.createElement(tag), { textContent: text, className: name });
}

export function button(text, label, action) {
  const one = Object.assign(document.createElement("button"), { type: "button", textContent: text, className: "stop small" });
  one.setAttribute("aria-label", label);
  one.addEventListener("click", action);
  return one;
}

export function sizeText(bytes) {
  if (bytes < 1024) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  const power = Math.min(Math.floor(Math.log2(bytes) / 10), 4);
  return `${(bytes / 1024 ** power).toFixed(1)} ${["", "KiB", "MiB", "GiB", "TiB"][power]}`;
}

export function timeText(iso) {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? iso : time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
