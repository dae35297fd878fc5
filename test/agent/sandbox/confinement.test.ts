/** What a container's launcher tells of its control group, of both versions, and what of it does not hold. */
import { expect, test } from "vitest";
import { groupGaps, readConfinement } from "../../../agent/sandbox/confinement.ts";
import { profileFor, profileSchema } from "../../../agent/sandbox/profile.ts";

const PROFILE = profileFor("bash", profileSchema.parse({}));
const HELD = { memoryBytes: 268_435_456, cpus: 0.5, processes: 11 };

test.each<[string, string[], ReturnType<typeof readConfinement>["group"], string[]]>([
  ["version 1", ["memory 268435456", "period 100000", "quota 50000", "processes 11"], HELD, []],
  ["version 2", ["memory 268435456", "share 50000 100000", "processes 11"], HELD, []],
  [
    "version 2, memory without a limit",
    ["memory max", "share 50000 100000", "processes 11"],
    null,
    ["memory", "cpu"],
  ],
  [
    "version 2, time without a limit",
    ["memory 268435456", "share max 100000", "processes 11"],
    null,
    ["memory", "cpu"],
  ],
  [
    "version 1, time without a limit",
    ["memory 268435456", "period 100000", "quota -1", "processes 11"],
    null,
    ["memory", "cpu"],
  ],
  [
    "version 2, more than was asked for",
    ["memory 536870912", "share 100000 100000", "processes 11"],
    { memoryBytes: 536_870_912, cpus: 1, processes: 11 },
    ["memory", "cpu"],
  ],
  ["none that can be read", [], null, ["memory", "cpu"]],
])("%s", (_, lines, group, missing) => {
  const found = readConfinement(lines.map((line) => `group ${line}\n`).join(""));
  expect(found.group).toEqual(group);
  expect(groupGaps(found, PROFILE)).toEqual(missing);
});
