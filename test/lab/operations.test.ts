/** docs/operations.md on a real host: every block of commands on it is run as it stands there. The tests of this file are steps. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installedHost } from "../packaging/installed-host.ts";
import { arrange, describeInLab, exec, ownHost, type User } from "./host.ts";

/** `shown`: lines of which each must be in what it prints. */
type Block = { title: string; user: User; script: string; shown: string[] };

const page = readFileSync(
  join(resolve(import.meta.dirname, "../.."), "docs/operations.md"),
  "utf8",
);

function blocksOf(text: string): Block[] {
  const found: Block[] = [];
  const parts = text.matchAll(/^## (.+)$|^```(\S+)(?: (\S+))?\n([\s\S]*?)^```$/gm);
  let section = "";
  for (const [, heading, language, user = "root", body = ""] of parts) {
    const last = found.at(-1);
    if (heading !== undefined) section = heading;
    else if (language === "sh") {
      const title = `${section}, block ${found.length + 1}, by ${user}`;
      found.push({ title, user: user as User, script: body, shown: [] });
    } else if (language === "text" && last !== undefined) last.shown = body.trim().split("\n");
    else throw new Error(`a block that nobody runs: ${language} ${body}`);
  }
  return found;
}

const blocks = blocksOf(page);

describe("the page", () => {
  test("has blocks of these users, and each fence is one", () => {
    expect(blocks.length).toBeGreaterThan(20);
    expect(new Set(blocks.map(({ user }) => user))).toEqual(new Set(["root", "agent"]));
    const shown = blocks.filter((block) => block.shown.length > 0);
    expect(page.match(/^```/gm)).toHaveLength(2 * (blocks.length + shown.length));
  });
});

describeInLab("on a host", () => {
  const host = ownHost();
  const { clear, purge } = installedHost(host);
  beforeAll(clear, 300_000);
  afterAll(async () => {
    await purge();
    const made = "incident-42 sallyport-role user-data sallyport.pem audit.ocsf".split(" ");
    await arrange(host, "rm", "-rf", ...made.map((name) => `/root/${name}`));
  }, 120_000);

  test.each(blocks)("$title", { timeout: 120_000 }, async ({ user, script, shown }) => {
    // Where dist/ is, as if the package had been put there; a line of it that fails ends the block.
    const lines = `cd /opt/sallyport\nset -eux\n${script.replace(/^! (.+)$/gm, "if $1; then exit 99; fi")}`;
    const { status, stdout, stderr } = await exec(host, user, ["/bin/sh", "-c", lines], {
      env: { DEBIAN_FRONTEND: "noninteractive" },
      timeoutMs: 110_000,
    });
    expect({
      status,
      stderr: status === 0 ? "" : stderr,
      stdout: status === 0 ? "" : stdout,
    }).toEqual({
      status: 0,
      stderr: "",
      stdout: "",
    });
    for (const line of shown) expect(stdout + stderr).toContain(line);
  });
});
