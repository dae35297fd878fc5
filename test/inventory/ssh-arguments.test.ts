/** What ssh(1) itself makes of the words that name a target. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { SSH, sshArguments } from "../../inventory/ssh-arguments.ts";

const TARGET = { address: "h1", port: null, user: null, identityFile: null, proxy: null };

/** ssh_config(5) keywords in lowercase, and the value of each. */
function asRead(target: Parameters<typeof sshArguments>[0]): Map<string, string> {
  const words = ["-G", "-F", "none", ...sshArguments(target)];
  const { stdout, stderr } = spawnSync(SSH, words, { encoding: "utf8" });
  expect(stderr).toBe("");
  const pairs = stdout.trimEnd().split("\n");
  return new Map(
    pairs.map((line): [string, string] => {
      const at = line.indexOf(" ");
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
}

test.each([
  "/home/ops/.ssh/id",
  "/home/ops/my keys/id",
  "/keys/-o StrictHostKeyChecking=no",
  '/keys/a"b',
  "/keys/it's",
  "/keys/back\\slash",
  "/keys/ends with \\",
])("the key file %s is one file, and no option", (identityFile) => {
  const read = asRead({ ...TARGET, identityFile });
  expect(read.get("identityfile")).toBe(identityFile);
  expect(read.get("stricthostkeychecking")).toBe("ask");
});

test("address, port, user and hops are what they are", () => {
  const proxy = { kind: "jump", hops: ["ops@gate:2222", "inner"] } as const;
  const read = asRead({ ...TARGET, port: 2200, user: "DOM\\ops", proxy });
  expect(read.get("hostname")).toBe("h1");
  expect(read.get("port")).toBe("2200");
  expect(read.get("user")).toBe("DOM\\ops");
  expect(read.get("proxyjump")).toBe("ops@gate:2222,inner");
});
