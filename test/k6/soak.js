// Soak: a modest load for long (30 minutes; DURATION_SCALE=16 makes it a night). What leaks or creeps shows in the
// second half being slower than the first; watch the server's memory and open files at its /metrics meanwhile.
import { sleep } from "k6";
import exec from "k6/execution";
import { Trend } from "k6/metrics";
import { get, requireServer, scaled, scaledLoad, visit } from "./lib/site.js";
import { isStored, makeDocument, post } from "./lib/documents.js";
import { summary } from "./lib/summary.js";

const firstHalf = new Trend("first_half_duration", true);
const secondHalf = new Trend("second_half_duration", true);
const whole = scaled(1800);

export const options = {
  scenarios: {
    visitors: { executor: "constant-vus", exec: "visitor", vus: scaledLoad(30), duration: whole },
    senders: {
      executor: "constant-arrival-rate", exec: "sender", rate: scaledLoad(2), timeUnit: "1s", duration: whole,
      preAllocatedVUs: scaledLoad(5), maxVUs: scaledLoad(50),
    },
  },
  thresholds: {
    checks: ["rate>0.999"],
    http_req_failed: ["rate<0.001"],
    first_half_duration: ["p(95)<100"],
    second_half_duration: ["p(95)<100"], // the same: nothing creeps
    dropped_iterations: ["count==0"],
  },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
};

export const setup = requireServer;

export function visitor() {
  const half = exec.instance.currentTestRunDuration < (parseInt(whole) * 1000) / 2 ? firstHalf : secondHalf;
  for (const [path, type] of visit) half.add(get(path, type).timings.duration);
  sleep(0.5 + Math.random());
}

export function sender() {
  isStored(post(makeDocument(4000, __VU, __ITER)));
}

export const handleSummary = summary("soak");
