/** The helper as a process: one request, from argv. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ask, builtHelper } from "../built-helper.ts";
import { called, OWN, when, withStandIns } from "../stand-ins.ts";

// First: who builds goes to another folder, and the stand-ins keep this process where it is.
const helper = await builtHelper();
withStandIns();

describe("one request", () => {
  test("is answered by one line, whose id is of this moment and this process", async () => {
    const before = Date.now();
    const { status, said, pid } = await ask(helper, ["version"]);
    expect([status, said.length, said[0]?.data?.kind]).toEqual([0, 1, "version"]);
    const [time, process] = (said[0]?.requestId ?? "").split("-").map(Number);
    expect(process).toBe(pid);
    expect(time).toBeGreaterThanOrEqual(before - 1000);
    expect(time).toBeLessThanOrEqual(Date.now());
    expect(said[0]?.durationMs).toBeLessThan(10_000);
  });

  test.each([[[]], [["x"]], [["ses", "sion"]], [["session", "x"]], [["version", "x"]]])(
    "%j is none",
    async (words) => {
      const { status, said } = await ask(helper, words);
      expect([status, said.length, said[0]?.error?.code]).toEqual([64, 1, "usage"]);
    },
  );

  test.each(["5-6", "15-67.8", "5-6.78"])("has the id %s where it was handed over", async (id) => {
    const { said } = await ask(helper, ["version"], { SALLYPORT_DETACHED: id });
    expect(said[0]?.requestId).toBe(id);
  });

  test.each(["", "x5-6", "5-6x", "5-6.", "-6", "5-", "5-6.x", "5x6", "5-6.7x", "5-x"])(
    "has an id of its own where %j is no id",
    async (id) => {
      const { said, pid } = await ask(helper, ["version"], { SALLYPORT_DETACHED: id });
      expect(said[0]?.requestId).toMatch(new RegExp(`^\\d+-${pid}$`));
    },
  );

  const LOGS = ["service", "logs", "nginx"];
  test("is read along by who asked for it, and only where it was handed over", async () => {
    when("--quiet", "echo first");
    const over = { SALLYPORT_DETACHED: "5-6" };
    const streamed = await ask(helper, LOGS, { ...over, SALLYPORT_STREAM: "1" });
    const told = streamed.said.slice(0, -1).filter(({ text }) => text?.startsWith("first"));
    expect(told).toEqual([
      { v: 1, requestId: "5-6", stream: "stdout", text: expect.stringMatching(/^first\n/) },
    ]);
    expect(streamed.said.at(-1)).toMatchObject({ success: true, requestId: "5-6" });
    expect((await ask(helper, LOGS, over)).said).toHaveLength(1);
    expect((await ask(helper, LOGS, { SALLYPORT_STREAM: "1" })).said).toHaveLength(1);
  });

  const RESTART = ["service", "restart", "nginx"];
  /** Who started systemctl: its program, its session, what it was told. */
  const BY = `echo "by $(tr '\\0' ' ' </proc/$PPID/cmdline)" >>${OWN}/called
cut -d ' ' -f 6 /proc/$PPID/stat >${OWN}/session
tr '\\0' '\\n' </proc/$PPID/environ | grep ^SALLYPORT_ | sort >>${OWN}/called`;

  test("that changes something is done by a process that sudo does not know, under its id", async () => {
    when("restart", BY);
    const { status, said, pid } = await ask(helper, RESTART);
    expect([status, said.length, said[0]?.success]).toEqual([0, 1, true]);
    expect(said[0]?.requestId).toMatch(new RegExp(`^\\d+-${pid}$`));
    expect(called()).toContain("by /proc/self/exe service restart nginx ");
    expect(called().filter((line) => line.startsWith("SALLYPORT_"))).toEqual([
      `SALLYPORT_DETACHED=${said[0]?.requestId}`,
    ]);
    const own = readFileSync("/proc/self/stat", "latin1").split(") ")[1]?.split(" ")[3];
    expect(readFileSync(`${OWN}/session`, "latin1")).not.toBe(`${own}\n`);
  });

  test("is not handed over again by the one that it was handed to", async () => {
    when("restart", BY);
    expect((await ask(helper, RESTART, { SALLYPORT_DETACHED: "5-6" })).status).toBe(0);
    expect(called()).toContain(`by ${helper} service restart nginx `);
  });
});
