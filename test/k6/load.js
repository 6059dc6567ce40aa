// Load: visits at a steady rate that a small machine carries with ease; answers have to be fast and complete.
// The rate is fixed (open model): a server that slows down gets no fewer visitors for it.
import { sleep } from "k6";
import { get, requireServer, scaled, scaledLoad, visit } from "./lib/site.js";
import { isStored, makeDocument, post } from "./lib/documents.js";
import { summary } from "./lib/summary.js";

export const options = {
  scenarios: {
    visitors: {
      executor: "ramping-arrival-rate",
      exec: "visitor",
      startRate: scaledLoad(10),
      timeUnit: "1s",
      preAllocatedVUs: scaledLoad(100),
      maxVUs: scaledLoad(400),
      stages: [
        { target: scaledLoad(100), duration: scaled(15) },
        { target: scaledLoad(100), duration: scaled(60) },
        { target: scaledLoad(10), duration: scaled(5) },
      ],
    },
    senders: {
      executor: "constant-arrival-rate",
      exec: "sender",
      rate: scaledLoad(10),
      timeUnit: "1s",
      duration: scaled(80),
      preAllocatedVUs: scaledLoad(20),
      maxVUs: scaledLoad(100),
    },
  },
  thresholds: {
    checks: ["rate>0.99"],
    http_req_failed: ["rate<0.01"],
    "http_req_duration{scenario:visitors}": ["p(95)<100", "p(99)<250"],
    "http_req_duration{scenario:senders}": ["p(95)<500", "p(99)<1000"],
    dropped_iterations: ["count==0"],
  },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
};

export const setup = requireServer;

export function visitor() {
  for (const [path, type] of visit) get(path, type);
  sleep(0.5 + Math.random()); // the reader reads; the connection idles
}

export function sender() {
  isStored(post(makeDocument(2000, __VU, __ITER)));
}

export const handleSummary = summary("load");
