// Who asks, for the scripts about users and rates. The server has to be that of guarded.json.
import http from "k6/http";
import { baseUrl, requireServer } from "./site.js";

/** Of the file of users. bob is in no group. */
export const passwords = { ann: "wonder-of-ann", bob: "builder-of-bob" };

/** The rate of /limited. */
export const rate = { perSecond: 5, burst: 10 };

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 of ASCII. */
function base64(text) {
  let out = "";
  for (let at = 0; at < text.length; at += 3) {
    const [first, second = 0, third = 0] = [0, 1, 2].map((next) => text.charCodeAt(at + next) || 0);
    const bits = (first << 16) | (second << 8) | third;
    out += [18, 12, 6, 0].map((shift) => alphabet[(bits >> shift) & 63]).join("");
  }
  const missing = (3 - (text.length % 3)) % 3;
  return out.slice(0, out.length - missing) + "=".repeat(missing);
}

/** The fields of a request from `address`, by `user` where there is one. */
export function fieldsOf(address, user, password) {
  const credentials = user === undefined ? {} : { Authorization: `Basic ${base64(`${user}:${password}`)}` };
  return { "X-Forwarded-For": address, ...credentials };
}

/** An address that hardly anybody else has: of 198.18.0.0/15, which is for tests. */
export function anyAddress() {
  const part = () => Math.floor(Math.random() * 256);
  return `198.${18 + Math.floor(Math.random() * 2)}.${part()}.${part()}`;
}

/** A request of which each of these statuses is as it should be. */
export function ask(path, headers, statuses, method = "GET") {
  const parameters = { headers, tags: { name: path }, responseCallback: http.expectedStatuses(...statuses) };
  return method === "HEAD" ? http.head(`${baseUrl}${path}`, parameters) : http.get(`${baseUrl}${path}`, parameters);
}

/** Ends the test in setup() when the server is not the right one. */
export function requireGuardedServer() {
  requireServer();
  const anyStatus = [{ min: 0, max: 599 }];
  const team = ask("/team/about.html", fieldsOf(anyAddress()), anyStatus);
  if (team.status !== 401) throw new Error(`/team/about.html is ${team.status}, not 401: start the server with test/k6/guarded.json`);
  const known = ask("/team/about.html", fieldsOf(anyAddress(), "ann", passwords.ann), anyStatus);
  if (known.status !== 200) throw new Error(`ann gets ${known.status}: FAIRLEAD_AUTH_USERS has to name a file with ann and bob`);
  const limited = ask("/limited/about.html", fieldsOf(anyAddress()), anyStatus);
  if (!limited.headers["Ratelimit"]) throw new Error("/limited has no rate: start the server with test/k6/guarded.json");
}
