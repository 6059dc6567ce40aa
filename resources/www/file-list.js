// What the server has, the newest first, and the way to delete it.

import { announce, button, made, part, place, sizeText, timeText } from "./page.js";

const mostRows = 200;
const listingAge = 1200; // milliseconds for which the server may still show the listing that it made before

let timer = 0;
let lastTurn = 0;

/** Now, and once more when the server no longer shows the listing that it may have kept. */
export function refreshTwice() {
  refresh();
  refreshLater();
}

function refreshLater() {
  clearTimeout(timer);
  timer = setTimeout(refresh, listingAge);
}

export async function refresh() {
  const turn = ++lastTurn;
  let response, listing;
  try {
    response = await fetch(`${place}?format=json&sort=time&order=desc`, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (response.ok) listing = await response.json();
  } catch {
    listing = undefined;
  }
  if (turn !== lastTurn) return; // a later one is under way
  const isMissing = response !== undefined && [403, 404, 405].includes(response.status);
  part("unavailable").hidden = !isMissing;
  part("send").hidden = part("stored").hidden = isMissing;
  if (Array.isArray(listing?.entries)) showList(listing);
  else part("list-note").textContent = response ? `The list cannot be read: answer ${response.status}.` : "The server cannot be reached. Is it running?";
}

function showList({ entries, truncated }) {
  const body = part("list").tBodies[0];
  const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const rows = entries.slice(0, mostRows).map((entry) => {
    const key = JSON.stringify([entry.name, entry.type, entry.size, entry.modified]);
    return known.get(key) ?? rowOf(entry, key);
  });
  // What stands as it was stays in place: a row that is taken out and put back loses the keyboard.
  for (const row of [...body.rows]) if (!rows.includes(row)) row.remove();
  rows.forEach((row, index) => {
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
  });
  part("list").hidden = rows.length === 0;
  const count = entries.length === 1 ? "1 entry." : `${entries.length} entries.`;
  const isShort = truncated || entries.length > mostRows;
  part("list-note").textContent = entries.length === 0 ? "Nothing yet." : isShort ? `${count} The newest ${rows.length} are shown.` : count;
}

function rowOf(entry, key) {
  const isFolder = entry.type === "directory";
  const row = document.createElement("tr");
  row.dataset.key = key;
  const link = made("a", isFolder ? `${entry.name}/` : entry.name);
  link.href = place + encodeURIComponent(entry.name) + (isFolder ? "/" : "");
  const name = document.createElement("th");
  name.scope = "row";
  name.append(link);
  const time = made("time", timeText(entry.modified));
  time.dateTime = entry.modified;
  const when = document.createElement("td");
  when.append(time);
  const remove = document.createElement("td");
  if (isFolder) remove.append(made("span", "a folder", "hint"));
  else remove.append(removeButton(entry.name, row));
  row.append(name, made("td", isFolder ? "" : sizeText(entry.size)), when, remove);
  return row;
}

/** Asks once more before it deletes: there is no way back. */
function removeButton(name, row) {
  let isSure = false;
  const ask = (sure) => {
    isSure = sure;
    one.textContent = sure ? "For good?" : "Delete";
    one.setAttribute("aria-label", sure ? `Delete ${name} for good?` : `Delete ${name}`);
  };
  const one = button("Delete", `Delete ${name}`, () => {
    if (isSure) return remove(name, row);
    ask(true);
    announce(`Press again to delete ${name} for good.`);
  });
  one.addEventListener("blur", () => ask(false));
  return one;
}

async function remove(name, row) {
  const answer = await fetch(place + encodeURIComponent(name), { method: "DELETE", headers: { Accept: "application/problem+json" } }).catch(() => null);
  const isGone = answer !== null && [204, 404].includes(answer.status);
  if (isGone) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    (next?.querySelector("button") ?? next?.querySelector("a") ?? part("stored-title")).focus();
    row.remove();
  }
  if (isGone) announce(answer.status === 204 ? `${name} is deleted.` : `${name} was not there any more.`);
  else announce(answer ? `${name} was not deleted: answer ${answer.status}.` : `${name}: the server cannot be reached.`);
  refreshLater();
}
