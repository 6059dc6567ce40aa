// Smoke: one user, every feature once, a few seconds. Run it first and after each deployment.
import http from "k6/http";
import { check, group } from "k6";
import { baseUrl, get, requireServer, visit } from "./lib/site.js";
import { isStored, makeDocument, post } from "./lib/documents.js";
import { summary } from "./lib/summary.js";

export const options = {
  vus: 1,
  iterations: 3,
  thresholds: {
    checks: ["rate==1"],
    http_req_failed: ["rate==0"],
    http_req_duration: ["p(95)<500"],
  },
  summaryTrendStats: ["med", "p(95)", "p(99)", "max"],
};

export const setup = requireServer;

/** An answer that is meant to be a refusal does not count as a failed request. */
function refusal(status) {
  return { responseCallback: http.expectedStatuses(status) };
}

export default function () {
  group("files", () => {
    for (const [path, type] of visit) get(path, type);
    const page = http.get(`${baseUrl}/index.html`);
    const again = http.get(`${baseUrl}/index.html`, { headers: { "If-None-Match": page.headers["Etag"] }, ...refusal(304) });
    check(again, { "an unchanged page is 304": (a) => a.status === 304 });
    const part = http.get(`${baseUrl}/harbour.png`, { headers: { Range: "bytes=0-99" }, ...refusal(206) });
    check(part, { "a range is 206 with its length": (a) => a.status === 206 && a.headers["Content-Length"] === "100" });
    const coded = http.get(`${baseUrl}/style.css`, { headers: { "Accept-Encoding": "gzip" } });
    check(coded, { "a text comes compressed": (a) => a.headers["Content-Encoding"] === "gzip" && a.headers["Vary"] === "Accept-Encoding" });
    const head = http.head(`${baseUrl}/index.html`);
    check(head, { "HEAD tells the length": (a) => Number(a.headers["Content-Length"]) > 0 });
  });

  group("refusals", () => {
    check(http.get(`${baseUrl}/no-such-page.html`, refusal(404)), { "unknown is 404": (a) => a.status === 404 });
    check(http.get(`${baseUrl}/%2e%2e%2fetc/passwd`, refusal({ min: 400, max: 403 })),
      { "traversal is 400 or 403": (a) => a.status === 400 || a.status === 403 });
    check(http.get(`${baseUrl}/program.exe`, refusal(415)), { "a type that is not listed is 415": (a) => a.status === 415 });
    check(http.del(`${baseUrl}/index.html`, null, refusal(405)),
      { "a method that is not taken is 405 with Allow": (a) => a.status === 405 && !!a.headers["Allow"] });
  });

  group("uploads", () => {
    isStored(post(makeDocument(1000, __VU, __ITER)));
    check(post("{\"broken\": ", "application/json", refusal(400)), { "broken JSON is 400": (a) => a.status === 400 });
    check(post("{}", "text/plain", refusal(415)), { "another type is 415": (a) => a.status === 415 });
  });

  group("health", () => {
    for (const path of ["/livez", "/readyz", "/healthz"])
      check(http.get(`${baseUrl}${path}`), { [`${path} is 200`]: (a) => a.status === 200 });
  });
}

export const handleSummary = summary("smoke");
