/** The alert rules, by Prometheus' own tool; and by what the daemon really exposes. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { parse } from "yaml";
import { callTool } from "./call-tool.ts";
import { stage, strike, until } from "./stage.ts";

afterEach(strike);

const folder = resolve(import.meta.dirname, "../../../packaging/prometheus");
const rules = join(folder, "sallyport.rules.yml");
const { error } = spawnSync("promtool", ["--version"]);
const promtool = error === undefined;

/** promtool is in Debian's package `prometheus`. */
test.skipIf(!promtool && process.env["CI"] !== "true").each([
  [["check", "rules", rules], /SUCCESS: \d+ rules found/],
  [["test", "rules", join(folder, "sallyport.rules.test.yml")], /SUCCESS/],
])("promtool %j succeeds", (args, said) => {
  const { status, stdout, stderr } = spawnSync("promtool", args, { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(said);
});

test("every alert has a severity, a summary, a description and a test of its own", () => {
  const { groups } = parse(readFileSync(rules, "utf8")) as {
    groups: { rules: { alert: string; labels: object; annotations: object }[] }[];
  };
  const tested = readFileSync(join(folder, "sallyport.rules.test.yml"), "utf8");
  for (const { alert, labels, annotations } of groups.flatMap((group) => group.rules)) {
    expect(labels).toEqual({ severity: expect.stringMatching(/^(warning|critical)$/) });
    expect(Object.keys(annotations)).toEqual(["summary", "description"]);
    expect(tested).toMatch(new RegExp(`alertname: ${alert}\\s+exp_alerts:`));
    expect(tested).toContain(`alertname: ${alert} }`);
  }
});

test("every metric that a rule asks for is one that the daemon exposes", async () => {
  const on = stage();
  const daemon = await on.start();
  await daemon.healthy();
  await callTool(daemon, "service_control", { name: "nginx", action: "restart" });
  const asked = readFileSync(rules, "utf8").match(/\bsallyport_\w+/g) ?? [];
  expect(asked.length).toBeGreaterThan(8);
  // Seen only after something is lost.
  const wanted = new Set(asked);
  expect(wanted.delete("sallyport_unknown_outcome_last_time_seconds")).toBe(true);
  await until(async () => {
    const { text } = await daemon.get("/metrics");
    return [...wanted].every((name) => new RegExp(`^${name}[{ ]`, "m").test(text));
  });
});
