// Runs the scripts of test/k6 without k6, each function a few times against a running server, so that a broken script
// fails here and not on the day when it is needed. Needs node 18 and curl. What it stands in for is the part of k6 that
// the scripts use; rates, times and thresholds are k6's alone.
//
//   node test/tools/check_k6.mjs http://127.0.0.1:8080 [SCRIPT...]

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const iterations = 5;
const sleepsReally = ["rates.js"]; // what is answered depends on the time between the requests

const executors = { // name: what it needs
  "constant-vus": ["vus", "duration"],
  "ramping-vus": ["startVUs", "stages"],
  "constant-arrival-rate": ["rate", "duration", "preAllocatedVUs"],
  "ramping-arrival-rate": ["startRate", "stages", "preAllocatedVUs"],
};
const ownMetrics = ["checks", "http_req_failed", "http_req_duration", "dropped_iterations", "iterations"];

/** The scripts find the stand-in as the package "k6", in a copy of their folder. */
function makeCopy() {
  const copy = mkdtempSync(join(tmpdir(), "fairlead-k6-"));
  cpSync(join(here, "..", "k6"), copy, { recursive: true });
  writeFileSync(join(copy, "package.json"), '{"type": "module"}');
  const stand = join(copy, "node_modules", "k6");
  mkdirSync(stand, { recursive: true });
  cpSync(join(here, "k6_stand_in.mjs"), join(stand, "index.mjs"));
  const exported = { ".": "./index.mjs" };
  for (const name of ["http", "metrics", "execution"]) {
    exported[`./${name}`] = `./${name}.mjs`;
    writeFileSync(join(stand, `${name}.mjs`), `import { ${name} } from "./index.mjs";\nexport default ${name};\n`
      + (name === "metrics" ? 'export { Counter, Gauge, Rate, Trend } from "./index.mjs";\n' : ""));
  }
  writeFileSync(join(stand, "package.json"), JSON.stringify({ name: "k6", type: "module", exports: exported }));
  return copy;
}

function faultsOfOptions(script, declared) {
  const faults = [];
  for (const [name, scenario] of Object.entries(script.options.scenarios ?? {})) {
    const needed = executors[scenario.executor];
    if (!needed) faults.push(`${name}: unknown executor ${scenario.executor}`);
    for (const key of needed ?? []) if (!(key in scenario)) faults.push(`${name}: ${key} is missing`);
    if (typeof script[scenario.exec] !== "function") faults.push(`${name}: no function ${scenario.exec}`);
  }
  for (const [name, limits] of Object.entries(script.options.thresholds ?? {})) {
    const metric = name.replace(/\{.*\}$/, "");
    if (!ownMetrics.includes(metric) && !declared.has(metric)) faults.push(`threshold on unknown metric ${metric}`);
    const scenario = /\{scenario:(.*)\}/.exec(name)?.[1];
    if (scenario && !(scenario in (script.options.scenarios ?? {}))) faults.push(`threshold on unknown scenario ${scenario}`);
    for (const limit of limits)
      if (!/^(rate|count|p\(\d+\)|med|max)(==|<|>|<=|>=)[\d.]+$/.test(limit)) faults.push(`threshold ${name}: ${limit}`);
  }
  return faults;
}

async function faultsOf(file, stand) {
  stand.reset();
  const script = await import(pathToFileURL(file));
  const faults = faultsOfOptions(script, stand.declared);
  const data = script.setup?.();
  const scenarios = script.options.scenarios ?? { default: { exec: "default" } };
  for (const { exec } of Object.values(scenarios)) {
    for (globalThis.__ITER = 0; globalThis.__ITER < iterations; globalThis.__ITER++) await script[exec]?.(data);
  }
  faults.push(...stand.faults());
  const text = script.handleSummary(stand.summaryData())?.stdout;
  if (typeof text !== "string" || !text.includes("http_req_duration")) faults.push("handleSummary gives no text");
  return faults;
}

async function main([baseUrl, ...wanted]) {
  if (!baseUrl) {
    console.error("usage: check_k6.mjs BASE_URL [SCRIPT...]");
    return 2;
  }
  globalThis.__ENV = { BASE_URL: baseUrl, SHED_EXPECTED: "0" };
  globalThis.__VU = 1;
  globalThis.__ITER = 0;
  const copy = makeCopy();
  let broken = 0;
  try {
    const stand = await import(pathToFileURL(join(copy, "node_modules", "k6", "index.mjs")));
    const scripts = wanted.length ? wanted : readdirSync(copy).filter((name) => name.endsWith(".js"));
    for (const name of scripts) {
      globalThis.sleepsReally = sleepsReally.includes(name);
      const faults = await faultsOf(join(copy, name), stand).catch((error) => [error.stack]);
      console.log(`${faults.length ? "FAIL" : "ok  "} ${name}`);
      for (const fault of faults) console.log(`     ${fault}`);
      broken += faults.length ? 1 : 0;
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
  return broken ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
