// Sends files by PUT, a few at a time, and says what became of each.

import { refreshTwice } from "./file-list.js";
import { announce, button, made, part, place, sizeText } from "./page.js";

const atOnce = 2;

const waiting = [];
const sending = new Set();
const counts = { stored: 0, failed: 0 };

export function add(files) {
  for (const file of files) waiting.push(new Transfer(file, file.name));
  sendNext();
}

export function cancelAll() {
  [...waiting, ...sending].forEach((one) => one.cancel());
}

function sendNext() {
  while (sending.size < atOnce && waiting.length > 0) waiting.shift().send();
  part("cancel-all").hidden = sending.size + waiting.length < 2;
}

const meanings = {
  400: "The server does not take this name, or the file arrived damaged.",
  403: "The server does not take requests under this name (its setting “hosts”).",
  404: "Nothing takes files at this address.",
  405: "The server takes no files by PUT here.",
  408: "The file took too long to arrive.",
  409: "This name is taken by something that is no file.",
  412: "There is a file of this name already.",
  413: "The file is larger than the server takes, or its share of the disk is used up.",
  415: "The server takes no files of this type.",
  503: "The server is busy. Nothing was stored; try again in a moment.",
  507: "The server's disk is full. Nothing was stored.",
};

/** One file on its way, and its line on the page. */
class Transfer {
  constructor(file, name) {
    this.file = file;
    this.name = name;
    this.replaces = false;
    this.line = document.createElement("li");
    this.progress = Object.assign(document.createElement("progress"), { max: Math.max(file.size, 1), value: 0 });
    part("transfers").append(this.line);
    this.show("wait", "Waiting.", [["Cancel", () => this.cancel()]]);
  }

  send() {
    sending.add(this);
    const request = new XMLHttpRequest();
    this.request = request;
    this.isAllSent = false;
    request.open("PUT", place + encodeURIComponent(this.name));
    request.setRequestHeader("Accept", "application/json, application/problem+json");
    request.setRequestHeader("Content-Type", this.file.type || "application/octet-stream");
    if (!this.replaces) request.setRequestHeader("If-None-Match", "*");
    request.upload.onprogress = ({ loaded }) => this.showProgress(loaded);
    request.upload.onload = () => {
      this.isAllSent = true;
      this.said.textContent = "All sent. Waiting for the server to say that it is stored.";
    };
    request.onload = () => this.end(() => this.showAnswer(request));
    request.onerror = () => this.end(() => this.fail("The connection was lost." + this.doubt()));
    request.onabort = () => this.end(() => this.fail("Cancelled." + this.doubt()));
    this.progress.value = 0;
    this.show("wait", "Sending …", [["Cancel", () => this.cancel()]], true);
    request.send(this.file);
  }

  end(tell) {
    sending.delete(this);
    tell();
    sendNext();
    refreshTwice();
  }

  cancel() {
    const index = waiting.indexOf(this);
    if (index < 0) return this.request.abort();
    waiting.splice(index, 1);
    this.fail("Cancelled before it was sent.");
    sendNext();
  }

  again(changes) {
    Object.assign(this, changes);
    this.show("wait", "Waiting.", [["Cancel", () => this.cancel()]]);
    waiting.push(this);
    sendNext();
  }

  doubt() {
    return this.isAllSent ? " Whether it was stored before that is not known here: look below." : " It was not stored.";
  }

  showProgress(loaded) {
    this.progress.value = loaded;
    this.said.textContent = `${sizeText(loaded)} of ${sizeText(this.file.size)} sent`;
  }

  showAnswer(request) {
    if (request.status !== 201 && request.status !== 204) return this.showRefusal(request);
    const what = request.status === 201 ? "Stored" : "Stored in place of the old one";
    const isOnDisk = request.getResponseHeader("Fairlead-Durability") === "full";
    this.show("good", isOnDisk ? `${what}: it is on the disk.` : `${what}.`, []);
    const digest = /^"([0-9a-f]{64})"$/.exec(request.getResponseHeader("ETag") ?? "");
    if (digest) this.line.append(made("p", `SHA-256 ${digest[1]}`, "digest"));
    counts.stored++;
    announceWithTotal(`${this.name} is stored.`);
  }

  showRefusal(request) {
    const isTaken = request.status === 409 || request.status === 412;
    const meaning = meanings[request.status] ?? "The server did not take the file.";
    const id = request.getResponseHeader("X-Request-Id");
    const details = [isTaken ? "" : problemIn(request).detail, `Answer ${request.status}${id ? `, request ${id}` : ""}.`];
    const offers = [["Try again", () => this.again({})]];
    if (request.status === 412) offers.splice(0, 1, ["Replace it", () => this.again({ replaces: true })]);
    if (isTaken) offers.push(["Keep both", () => this.again({ name: nextName(this.name) })]);
    this.fail(meaning, offers);
    this.said.textContent = [meaning, ...details].filter(Boolean).join(" ");
  }

  fail(text, offers = [["Try again", () => this.again({})]]) {
    this.show("bad", text, offers);
    counts.failed++;
    announceWithTotal(`${this.name}: ${text}`);
  }

  /** The line anew; the keyboard stays in it, where it was on one of its buttons. */
  show(state, text, offers, isUnderWay = false) {
    this.progress.setAttribute("aria-label", `Upload of ${this.name}`);
    const hadFocus = this.line.contains(document.activeElement);
    this.said = made("p", text, "said");
    this.line.dataset.state = state;
    const buttons = offers.map(([label, action]) => button(label, `${label}: ${this.name}`, action));
    const head = [made("strong", this.name), made("span", sizeText(this.file.size), "hint")];
    this.line.replaceChildren(...head, ...(isUnderWay ? [this.progress] : []), this.said, ...buttons);
    if (hadFocus) (buttons[0] ?? part("chosen")).focus();
  }
}

/** "note.txt", "note (2).txt", "note (3).txt". */
function nextName(name) {
  const [, stem, number, end] = /^(.+?)(?: \((\d+)\))?(\.[^.]*)?$/.exec(name) ?? [null, name];
  return `${stem} (${Number(number ?? 1) + 1})${end ?? ""}`;
}

function problemIn(request) {
  if (!/[/+]json\b/.test(request.getResponseHeader("Content-Type") ?? "")) return {};
  try {
    return JSON.parse(request.responseText) ?? {};
  } catch {
    return {};
  }
}

function announceWithTotal(text) {
  const left = sending.size + waiting.length;
  announce(`${text} ${counts.stored} stored${counts.failed ? `, ${counts.failed} not` : ""}${left ? `, ${left} to go` : ""}.`);
}
