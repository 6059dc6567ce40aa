// What the scripts share: where the server is, and what a good answer looks like.
import http from "k6/http";
import { check } from "k6";

export const baseUrl = (__ENV.BASE_URL || "http://localhost:8080").replace(/\/+$/, "");
export const uploadUrl = `${baseUrl}/upload`;

/** Times scale with DURATION_SCALE, so that a long test can be tried in seconds: 0.1 is a tenth. */
export function scaled(seconds) {
  return `${Math.max(1, Math.round(seconds * Number(__ENV.DURATION_SCALE || 1)))}s`;
}

/** Rates and numbers of users scale with LOAD_SCALE. */
export function scaledLoad(count) {
  return Math.max(1, Math.round(count * Number(__ENV.LOAD_SCALE || 1)));
}

/** What a browser fetches for one visit: path and media type. */
export const visit = [
  ["/", "text/html"],
  ["/style.css", "text/css"],
  ["/app.js", "javascript"],
  ["/mark.svg", "image/svg+xml"],
  ["/harbour.png", "image/png"],
];

/** Asks for one path and checks the answer as a browser would need it. */
export function get(path, type, parameters = {}) {
  const answer = http.get(`${baseUrl}${path}`, { tags: { name: path }, ...parameters });
  check(answer, {
    "status is 200": (a) => a.status === 200,
    "media type fits": (a) => (a.headers["Content-Type"] || "").includes(type),
    "nosniff is there": (a) => a.headers["X-Content-Type-Options"] === "nosniff",
    "body is whole": (a) => !a.body || a.body.length > 0,
  });
  return answer;
}

/** Ends the test in setup() when there is no server, with a plain message in place of thousands of errors. */
export function requireServer() {
  const answer = http.get(`${baseUrl}/readyz`, { responseCallback: http.expectedStatuses({ min: 0, max: 599 }) });
  if (answer.status !== 200) throw new Error(`no ready server at ${baseUrl} (/readyz: ${answer.status}); set BASE_URL`);
}
