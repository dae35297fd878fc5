import { expect, test } from "vitest";
import { knownFailures, readSudoVersion } from "../../../agent/doctor/sudo-version.ts";

function ids(flavour: "sudo" | "sudo-rs", text: string): string[] {
  return knownFailures({ flavour, text }).map(({ id }) => id);
}

test.each([
  ["Sudo version 1.9.13p3\nSudoers policy plugin version 1.9.13p3\n", "sudo", "1.9.13p3"],
  ["Sudo version 1.9.17p2", "sudo", "1.9.17p2"],
  ["\nsudo-rs 0.2.5\n", "sudo-rs", "0.2.5"],
])("%j is %s %s", (text, flavour, version) => {
  expect(readSudoVersion(text)).toEqual({ flavour, text: version });
});

test("anything else is not understood", () => {
  expect(readSudoVersion("doas 6.8.2")).toBeNull();
  expect(readSudoVersion("")).toBeNull();
});

test.each([
  ["V01", "CVE-2021-3156", ["1.9.5p1"], ["1.8.1", "1.9.5p2"]],
  ["V02", "CVE-2019-14287", ["1.8.27"], ["1.8.28"]],
  ["V03", "CVE-2023-22809", ["1.9.12p1"], ["1.9.12p2"]],
  ["V04", "CVE-2025-32463", ["1.9.14", "1.9.16p2", "1.9.17"], ["1.9.13p3", "1.9.17p1"]],
  ["V05", "CVE-2025-32462", ["1.9.13p3", "1.9.17"], ["1.9.17p1", "1.9.17p2"]],
  ["V09", "CVE-2023-42465", ["1.9.13p3"], ["1.9.15"]],
  ["V11", "CVE-2019-18634", ["1.8.30"], ["1.8.31"]],
])("%s: %s is known of %j, not of %j", (_, id, affected, safe) => {
  for (const version of affected) expect(ids("sudo", version)).toContain(id);
  for (const version of safe) expect(ids("sudo", version)).not.toContain(id);
});

test("V11, V12, V13: sudo-rs has a table of its own", () => {
  expect(ids("sudo-rs", "0.2.5")).toEqual([
    "CVE-2025-46717",
    "CVE-2025-46718",
    "GHSA-c978-wq47-pvvw",
  ]);
  expect(ids("sudo-rs", "0.2.7")).toEqual(["GHSA-q428-6v73-fc4q", "GHSA-c978-wq47-pvvw"]);
  expect(ids("sudo-rs", "0.2.15")).toEqual([]);
});
