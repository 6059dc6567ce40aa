// Rates: one client far over its rate beside others who keep to theirs. The one is refused with 429, what it gets is its
// rate, and the others notice nothing. Each client has an address of its own, told by X-Forwarded-For.
// The server has to be that of guarded.json.
import { check, sleep } from "k6";
import exec from "k6/execution";
import { Counter, Rate } from "k6/metrics";
import { scaled, scaledLoad } from "./lib/site.js";
import { anyAddress, ask, fieldsOf, rate, requireGuardedServer } from "./lib/guarded.js";
import { summary } from "./lib/summary.js";

const served = new Counter("loud_served");
const refused = new Counter("loud_refused");
const othersRefused = new Rate("others_refused");

const whole = scaled(60);
const clients = scaledLoad(20);
const perLoudTurn = 10;
// A second more than the test takes, since answers are counted when they come.
const most = rate.burst + rate.perSecond * (parseInt(whole) + 1);
// So that those who ask once more in a run begin anew.
const run = Math.floor(Math.random() * 256);

export const options = {
  scenarios: {
    others: {
      executor: "constant-arrival-rate", exec: "other", rate: clients * (rate.perSecond - 1), timeUnit: "1s", duration: whole,
      preAllocatedVUs: 2 * clients, maxVUs: 10 * clients,
    },
    loud: {
      executor: "constant-arrival-rate", exec: "loud", rate: rate.perSecond, timeUnit: "1s", duration: whole,
      preAllocatedVUs: 5, maxVUs: 20,
    },
    patient: { executor: "constant-vus", exec: "patient", vus: 1, duration: whole },
  },
  thresholds: {
    checks: ["rate==1"],
    others_refused: ["rate==0"],
    "http_req_duration{scenario:others}": ["p(95)<100", "p(99)<250"],
    loud_refused: ["count>0"],
    loud_served: ["count>0", `count<=${most}`],
    dropped_iterations: ["count==0"],
  },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
};

export const setup = requireGuardedServer;

// RateLimit and its policy are lists of structured fields: "requests";r=9;t=1
const left = (answer) => /^"requests";r=(\d+);t=(\d+)$/.exec(answer.headers["Ratelimit"] || "");
const tellsPolicy = (answer) => answer.headers["Ratelimit-Policy"] === `"requests";q=${rate.perSecond};w=1`;
const waitOf = (answer) => Number(answer.headers["Retry-After"]);

function askLimited(address) {
  const answer = ask("/limited/about.html", fieldsOf(address), [200, 429]);
  if (answer.status === 429) check(answer, {
    "429 says when to come back": (a) => Number.isInteger(waitOf(a)) && waitOf(a) >= 1,
    "429 has nothing left to give": (a) => left(a) !== null && Number(left(a)[1]) === 0 && Number(left(a)[2]) > 0,
  });
  check(answer, {
    "served or refused by the rate": (a) => a.status === 200 || a.status === 429,
    "the policy is told": tellsPolicy,
    "what is left is told": (a) => left(a) !== null && Number(left(a)[1]) < rate.burst,
  });
  return answer;
}

/** In turn each of those who ask four times in a second, where five are allowed. */
export function other() {
  const client = exec.scenario.iterationInTest % clients;
  const answer = askLimited(`198.18.${run}.${client % 250}`);
  othersRefused.add(answer.status !== 200);
}

/** Ten times the rate, all from one address. */
export function loud() {
  for (let turn = 0; turn < perLoudTurn; turn++)
    (askLimited(`198.19.${run}.1`).status === 200 ? served : refused).add(1);
}

/** Asks until it is refused, waits as long as it is told to, and is let in. */
export function patient() {
  const address = anyAddress();
  let answer;
  for (let turn = 0; turn < 10 * rate.burst; turn++) {
    answer = askLimited(address);
    if (answer.status === 429) break;
  }
  check(answer, { "who asks too often is refused": (a) => a.status === 429 });
  sleep(waitOf(answer) || 1);
  check(askLimited(address), { "after Retry-After it is let in": (a) => a.status === 200 });
}

export const handleSummary = summary("rates");
