// Upload: documents of several sizes at a fixed rate, and those that have to be refused among them.
// The receipts (Location of every 201) are in the server's upload folder; durability is what test/ proves with kill -9.
import http from "k6/http";
import { check } from "k6";
import { Counter, Rate } from "k6/metrics";
import { requireServer, scaled, scaledLoad } from "./lib/site.js";
import { isStored, makeDocument, post } from "./lib/documents.js";
import { summary } from "./lib/summary.js";

const stored = new Counter("documents_stored");
const twice = new Rate("names_given_twice");
const maxBody = Number(__ENV.MAX_BODY || 1048576); // uploads.max_body of the server
const sizes = [200, 1000, 10_000, 100_000, Math.floor(maxBody / 2)];

export const options = {
  scenarios: {
    good: {
      executor: "constant-arrival-rate", exec: "good", rate: scaledLoad(50), timeUnit: "1s", duration: scaled(60),
      preAllocatedVUs: scaledLoad(50), maxVUs: scaledLoad(300),
    },
    bad: {
      executor: "constant-arrival-rate", exec: "bad", rate: scaledLoad(10), timeUnit: "1s", duration: scaled(60),
      preAllocatedVUs: scaledLoad(10), maxVUs: scaledLoad(100),
    },
  },
  thresholds: {
    checks: ["rate>0.99"],
    "http_req_failed{scenario:good}": ["rate<0.01"],
    "http_req_duration{scenario:good}": ["p(95)<500", "p(99)<1500"],
    "checks{scenario:bad}": ["rate==1"],
    names_given_twice: ["rate==0"],
    documents_stored: ["count>0"],
    dropped_iterations: ["count==0"],
  },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
};

export const setup = requireServer;

const seen = new Set(); // of this user alone: k6 users share nothing

export function good() {
  const answer = post(makeDocument(sizes[__ITER % sizes.length], __VU, __ITER));
  if (!isStored(answer)) return;
  const place = answer.headers["Location"];
  twice.add(seen.has(place));
  seen.add(place);
  stored.add(1);
}

function refused(status, name, body, type) {
  const answer = post(body, type, { responseCallback: http.expectedStatuses(status) });
  check(answer, {
    [`${name} is ${status}`]: (a) => a.status === status,
    "a refusal has a body": (a) => (a.body || "").length > 0,
  });
}

export function bad() {
  switch (__ITER % 4) {
    case 0: return refused(400, "broken JSON", "{\"vessel\": ");
    case 1: return refused(400, "too deep a document", "[".repeat(1000) + "]".repeat(1000));
    case 2: return refused(413, "too large a document", makeDocument(maxBody + 1000, __VU, __ITER));
    default: return refused(415, "another media type", "vessel=Marieke", "application/x-www-form-urlencoded");
  }
}

export const handleSummary = summary("upload");
