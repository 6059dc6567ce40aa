// The part of k6's modules that test/k6 uses, for check_k6.mjs. k6's calls block, so each request is a run of curl.

import { spawnSync } from "node:child_process";

const isSuccess = (status) => status >= 200 && status < 400;
let isExpected = isSuccess;
let checks = new Map(); // name: { passes, fails }
let times = [];
let unexpected = [];

/** Names of the metrics that the script made. */
export const declared = new Set();

export function reset() {
  isExpected = isSuccess;
  checks = new Map();
  times = [];
  unexpected = [];
  declared.clear();
}

/** What went wrong since reset(): failed checks and unexpected answers. */
export function faults() {
  const failed = [...checks].filter(([, { fails }]) => fails > 0).map(([name, { fails }]) => `failed ${fails} times: ${name}`);
  return [...failed, ...unexpected];
}

/** What k6 gives to handleSummary(), with the figures that are known here. */
export function summaryData() {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const all = [...checks].map(([name, { passes, fails }]) => ({ name, passes, fails }));
  const passes = all.reduce((sum, one) => sum + one.passes, 0);
  const fails = all.reduce((sum, one) => sum + one.fails, 0);
  return {
    root_group: { name: "", checks: all, groups: [] },
    metrics: {
      checks: { type: "rate", contains: "default", values: { rate: passes / Math.max(1, passes + fails), passes, fails }, thresholds: { "rate>0": { ok: passes > 0 } } },
      http_reqs: { type: "counter", contains: "default", values: { count: times.length, rate: times.length } },
      http_req_duration: { type: "trend", contains: "time", values: { med: at(0.5), "p(95)": at(0.95), "p(99)": at(0.99), max: at(1) } },
      vus: { type: "gauge", contains: "default", values: { value: 1, min: 1, max: 1 } },
    },
  };
}

/** Go's way of writing a field's name, which is how k6 shows it: "etag" is "Etag". */
const canonical = (name) => name.toLowerCase().replace(/(^|-)([a-z])/g, (_, dash, letter) => dash + letter.toUpperCase());

function parse(output) {
  const mark = output.lastIndexOf("\n");
  const seconds = Number(output.slice(mark + 1));
  let rest = output.slice(0, mark);
  let head;
  do { // a 100 (Continue) comes before the answer
    const end = rest.indexOf("\r\n\r\n");
    head = rest.slice(0, end).split("\r\n");
    rest = rest.slice(end + 4);
  } while (/^HTTP\/1\.1 1\d\d/.test(head[0]));
  const headers = {};
  for (const line of head.slice(1)) headers[canonical(line.slice(0, line.indexOf(":")))] = line.slice(line.indexOf(":") + 1).trim();
  return { status: Number(head[0].split(" ")[1]), headers, body: rest, milliseconds: seconds * 1000 };
}

function request(method, url, body, parameters = {}) {
  const line = ["-sS", "-i", "--path-as-is", "--max-time", "20", "-w", "\n%{time_total}"];
  line.push(...(method === "HEAD" ? ["--head"] : ["-X", method]));
  for (const [name, value] of Object.entries(parameters.headers ?? {})) line.push("-H", `${name}: ${value}`);
  if (body !== null && body !== undefined) line.push("--data-binary", "@-");
  const done = spawnSync("curl", [...line, url], { input: body ?? "", encoding: "latin1", maxBuffer: 64 * 1024 * 1024 });
  const { status, headers, body: content, milliseconds } = done.stdout.startsWith("HTTP/")
    ? parse(done.stdout) : { status: 0, headers: {}, body: null, milliseconds: 0 };
  times.push(milliseconds);
  const expected = parameters.responseCallback ?? isExpected;
  if (!expected(status)) unexpected.push(`${method} ${url}: unexpected ${status} ${done.stderr.trim()}`);
  return { status, headers, body: content, timings: { duration: milliseconds }, json: (key) => JSON.parse(content)[key] };
}

export const http = {
  get: (url, parameters) => request("GET", url, null, parameters),
  head: (url, parameters) => request("HEAD", url, null, parameters),
  post: (url, body, parameters) => request("POST", url, body, parameters),
  del: (url, body, parameters) => request("DELETE", url, body, parameters),
  expectedStatuses: (...allowed) => (status) =>
    allowed.some((one) => (typeof one === "number" ? one === status : status >= one.min && status <= one.max)),
  setResponseCallback: (callback) => { isExpected = callback; },
};

export function check(value, conditions) {
  let all = true;
  for (const [name, holds] of Object.entries(conditions)) {
    const count = checks.get(name) ?? { passes: 0, fails: 0 };
    checks.set(name, count);
    if (holds(value)) count.passes++;
    else { count.fails++; all = false; }
  }
  return all;
}

export const group = (name, body) => body();
/** Takes its time only in scripts that say so (check_k6.mjs): what they ask next depends on it. */
export function sleep(seconds) {
  if (!(seconds >= 0)) unexpected.push(`sleep(${seconds})`);
  else if (globalThis.sleepsReally) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000);
}

class Metric {
  constructor(name) { declared.add(this.name = name); }
  add(value) { if (!Number.isFinite(Number(value))) unexpected.push(`${this.name}.add(${value})`); }
}
export class Counter extends Metric {}
export class Gauge extends Metric {}
export class Rate extends Metric {}
export class Trend extends Metric {}
export const metrics = { Counter, Gauge, Rate, Trend };
export const execution = {
  instance: { currentTestRunDuration: 0 },
  scenario: { get iterationInTest() { return globalThis.__ITER; } },
};
