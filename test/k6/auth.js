// Auth: Basic credentials and rules of access at a steady rate. Those who are known are served fast, beside others who
// name wrong passwords and people who do not exist, and one after the other of whom guesses until he has to wait.
// The server has to be that of guarded.json.
import { check } from "k6";
import { Rate } from "k6/metrics";
import { scaled, scaledLoad } from "./lib/site.js";
import { anyAddress, ask, fieldsOf, passwords, requireGuardedServer } from "./lib/guarded.js";
import { summary } from "./lib/summary.js";

const freeFailures = 10; // of an address; those behind them have to wait
const told = new Rate("strangers_told_apart"); // whether the answer says who exists

const steadily = (exec, rate) => ({
  executor: "constant-arrival-rate", exec, rate: scaledLoad(rate), timeUnit: "1s", duration: scaled(60),
  preAllocatedVUs: scaledLoad(2 * rate), maxVUs: scaledLoad(10 * rate),
});

export const options = {
  scenarios: {
    members: steadily("member", 50),
    others: steadily("other", 20),
    strangers: steadily("stranger", 2),
    guessers: { executor: "constant-vus", exec: "guesser", vus: 1, duration: scaled(60) },
  },
  thresholds: {
    checks: ["rate==1"],
    "http_req_failed{scenario:members}": ["rate==0"],
    "http_req_duration{scenario:members}": ["p(95)<100", "p(99)<500"],
    "http_req_duration{scenario:others}": ["p(95)<100", "p(99)<500"],
    "http_req_duration{scenario:strangers}": ["p(95)<2000"], // a hash each, beside those of who guesses
    strangers_told_apart: ["rate==0"],
    dropped_iterations: ["count==0"],
  },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
};

export const setup = requireGuardedServer;

const isPrivate = (answer) => /private|no-cache|no-store/.test(answer.headers["Cache-Control"] || "");
const asksForName = (answer) => (answer.headers["Www-Authenticate"] || "").startsWith('Basic realm="The office"');

/** Who may: by group, and as one of all users. */
export function member() {
  const [user, path] = [["ann", "/team/about.html"], ["ann", "/team/contact.html"], ["bob", "/team/contact.html"]][__ITER % 3];
  const answer = ask(path, fieldsOf("198.51.100.1", user, passwords[user]), [200], __ITER % 2 ? "HEAD" : "GET");
  check(answer, {
    "who may is served": (a) => a.status === 200 && a.headers["Content-Type"].includes("text/html"),
    "shared caches keep none of it": isPrivate,
  });
}

/** Who may not, though he is known; who does not say who he is; and who need not. What exists does not matter. */
export function other() {
  const path = __ITER % 2 ? "/team/about.html" : "/team/no-such-page.html";
  const known = ask(path, fieldsOf("198.51.100.2", "bob", passwords.bob), [403]);
  check(known, { "who is known and may not is 403, without a challenge": (a) => a.status === 403 && !a.headers["Www-Authenticate"] });
  const nobody = ask(path, fieldsOf("198.51.100.3"), [401]);
  check(nobody, { "nobody is asked for a name": (a) => a.status === 401 && asksForName(a) });
  const anybody = ask("/about.html", fieldsOf("198.51.100.4", "ann", "wrong"), [200]);
  check(anybody, { "a wrong password closes no public page": (a) => a.status === 200 });
}

/** A wrong password, and somebody who does not exist: one answer for both. Each from an address that fails once. */
export function stranger() {
  const [wrong, unknown] = ["ann", "zoe"].map((user) => ask("/team/about.html", fieldsOf(anyAddress(), user, "wrong"), [401]));
  check(wrong, { "a wrong password is 401": (a) => a.status === 401 && asksForName(a) });
  check(unknown, { "an unknown user is 401": (a) => a.status === 401 && asksForName(a) });
  const shown = (answer) => [answer.status, answer.headers["Www-Authenticate"], answer.headers["Content-Length"],
    Object.keys(answer.headers).sort().join()].join(" ");
  told.add(shown(wrong) !== shown(unknown));
}

/** Guesses until it has to wait; then the right password does not help there, nor a wrong one, and elsewhere it does. */
export function guesser() {
  const address = anyAddress();
  let failed = 0;
  let answer;
  for (let guess = 0; guess <= freeFailures; guess++) {
    answer = ask("/team/about.html", fieldsOf(address, "ann", `guess ${guess}`), [401, 429]);
    if (answer.status === 429) break;
    failed++;
  }
  check(answer, {
    "who guesses has to wait": (a) => a.status === 429,
    "and is told how long": (a) => Number.isInteger(Number(a.headers["Retry-After"])) && Number(a.headers["Retry-After"]) > 0,
  });
  check(failed, { "after ten guesses, not before": (count) => count === freeFailures });
  const right = ask("/team/about.html", fieldsOf(address, "ann", passwords.ann), [429]);
  check(right, { "the right password looks like a guess there": (a) => a.status === 429 });
  const elsewhere = ask("/team/about.html", fieldsOf(anyAddress(), "ann", passwords.ann), [200]);
  check(elsewhere, { "elsewhere nobody waits for it": (a) => a.status === 200 });
}

export const handleSummary = summary("auth");
