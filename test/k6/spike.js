// Spike: far more connections at once than the server admits. It has to shed with 503 and Retry-After, serve the
// admitted ones well, answer /livez throughout, and be itself again afterwards.
//
// Start the server with a low limit: FAIRLEAD_LIMITS_CONNECTIONS=200 FAIRLEAD_LIMITS_CONNECTIONS_HARD=5000. With a
// limit that the spike does not reach, nothing is shed, and the threshold on `shed` says so (SHED_EXPECTED=0: none is).
import http from "k6/http";
import { check, sleep } from "k6";
import { Counter, Rate, Trend } from "k6/metrics";
import { baseUrl, requireServer, scaled, scaledLoad } from "./lib/site.js";
import { summary } from "./lib/summary.js";

const shed = new Counter("shed");                       // answers 503: expected, and counted apart
const shedWell = new Rate("shed_with_retry_after");     // of these, with a usable Retry-After
const served = new Counter("served");
const servedTime = new Trend("served_duration", true);  // of the admitted ones alone
const broken = new Rate("broken_requests");             // neither 200 nor 503: resets, time-outs, 500

const isShedExpected = (__ENV.SHED_EXPECTED || "1") !== "0";

export const options = {
  scenarios: {
    crowd: {
      executor: "ramping-vus",
      exec: "crowd",
      startVUs: scaledLoad(20),
      stages: [
        { target: scaledLoad(20), duration: scaled(10) },
        { target: scaledLoad(2000), duration: scaled(5) },
        { target: scaledLoad(2000), duration: scaled(20) },
        { target: scaledLoad(20), duration: scaled(5) },
      ],
      gracefulRampDown: "5s",
    },
    watchman: {
      executor: "constant-arrival-rate",
      exec: "watchman",
      rate: 2,
      timeUnit: "1s",
      duration: scaled(40),
      preAllocatedVUs: 5,
      maxVUs: 20,
    },
    afterwards: {
      executor: "constant-vus",
      exec: "afterwards",
      vus: scaledLoad(20),
      startTime: `${parseInt(scaled(40)) + 10}s`, // past the longest Retry-After
      duration: scaled(10),
    },
  },
  thresholds: {
    shed: [isShedExpected ? "count>0" : "count==0"],
    ...(isShedExpected ? { shed_with_retry_after: ["rate==1"] } : {}),
    served: ["count>0"],
    served_duration: ["p(95)<1000"],
    broken_requests: ["rate<0.01"],
    "checks{scenario:watchman}": ["rate==1"],
    "checks{scenario:afterwards}": ["rate==1"],
  },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
};

http.setResponseCallback(http.expectedStatuses(200, 503));

export const setup = requireServer;

export function crowd() {
  const answer = http.get(`${baseUrl}/about.html`, { tags: { name: "/about.html" }, timeout: "10s" });
  broken.add(answer.status !== 200 && answer.status !== 503);
  if (answer.status === 503) {
    const wait = Number(answer.headers["Retry-After"]);
    shed.add(1);
    shedWell.add(Number.isInteger(wait) && wait > 0);
    sleep(Math.min(wait || 1, 10)); // as a polite client does
    return;
  }
  if (answer.status === 200) {
    served.add(1);
    servedTime.add(answer.timings.duration);
  }
  sleep(1);
}

/** Health is never shed. */
export function watchman() {
  const answer = http.get(`${baseUrl}/livez`, { tags: { name: "/livez" }, timeout: "5s" });
  check(answer, { "/livez answers during the spike": (a) => a.status === 200 });
}

export function afterwards() {
  const answer = http.get(`${baseUrl}/index.html`, { tags: { name: "/index.html" } });
  check(answer, { "served as before": (a) => a.status === 200 });
  sleep(0.5);
}

export const handleSummary = summary("spike");
