// Documents to upload, and the check that one was taken.
import http from "k6/http";
import { check } from "k6";
import { uploadUrl } from "./site.js";

/** A document of about `bytes` bytes that no other call makes. */
export function makeDocument(bytes, user, turn) {
  const document = { vessel: "Marieke", user, turn, sent: new Date().toISOString(), lines: [] };
  const line = { name: "spring", load: 12.5, fast: true };
  const room = bytes - JSON.stringify(document).length;
  for (let used = 0; used < room; used += JSON.stringify(line).length + 1) document.lines.push(line);
  return JSON.stringify(document);
}

export function post(body, type = "application/json", parameters = {}) {
  return http.post(uploadUrl, body, { headers: { "Content-Type": type }, tags: { name: "/upload" }, ...parameters });
}

export function isStored(answer) {
  return check(answer, {
    "status is 201": (a) => a.status === 201,
    "Location names it": (a) => /\/upload_\d{8}_\d{6}_[^/]+\.json$/.test(a.headers["Location"] || ""),
    "the answer names the same": (a) => a.status === 201 && a.json("filepath") === a.headers["Location"],
  });
}
