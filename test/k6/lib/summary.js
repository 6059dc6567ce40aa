// The text at the end of a run. Our own, since the usual one is fetched from the network.

/** For `export const handleSummary = summary("smoke")`. SUMMARY_FILE=x.json also writes all figures there. */
export function summary(title) {
  return (data) => {
    const outputs = { stdout: textOf(title, data) };
    if (__ENV.SUMMARY_FILE) outputs[__ENV.SUMMARY_FILE] = JSON.stringify(data, null, 2);
    return outputs;
  };
}

function textOf(title, data) {
  const lines = ["", `Fairlead, ${title}`];
  for (const [name, metric] of Object.entries(data.metrics).sort(([left], [right]) => left.localeCompare(right))) {
    lines.push(`  ${name.padEnd(44)} ${figures(metric)}`);
    for (const [limit, verdict] of Object.entries(metric.thresholds || {})) lines.push(`    ${verdict.ok ? "kept  " : "BROKEN"} ${limit}`);
  }
  const failed = checksOf(data.root_group).filter((one) => one.fails > 0);
  for (const one of failed) lines.push(`  FAILED ${one.fails} of ${one.fails + one.passes}: ${one.name}`);
  return `${lines.join("\n")}\n`;
}

function figures(metric) {
  const { values } = metric;
  if (metric.type === "rate") return `${(values.rate * 100).toFixed(2)} %`;
  if (metric.type === "counter") return `${values.count} (${values.rate.toFixed(1)}/s)`;
  if (metric.type === "gauge") return `${values.value}`;
  const unit = metric.contains === "time" ? " ms" : "";
  return ["med", "p(95)", "p(99)", "max"].filter((key) => key in values)
    .map((key) => `${key} ${values[key].toFixed(2)}${unit}`).join("  ");
}

function checksOf(group) {
  if (!group) return [];
  return [...(group.checks || []), ...(group.groups || []).flatMap(checksOf)];
}
