/** What is refused before anything starts, and the queue. */
import { describe, expect, test } from "vitest";
import { executor, type Executed } from "../../../agent/sandbox/executor.ts";
import { isVariable } from "../../../agent/sandbox/bubblewrap.ts";
import { keptOutput } from "../../../agent/sandbox/kept-output.ts";
import { profileFor, profileSchema } from "../../../agent/sandbox/profile.ts";
import { startRefusal } from "../../../agent/sandbox/refusal.ts";

test.each([
  "LD_PRELOAD",
  "LD_LIBRARY_PATH",
  "LD_AUDIT",
  "GLIBC_TUNABLES",
  "GCONV_PATH",
  "BASH_ENV",
  "BASHOPTS",
  "BASH_FUNC_exec%%",
  "ENV",
  "SHELLOPTS",
  "PS4",
  "IFS",
  "A=B",
  "A B",
  "1A",
  "Ä",
  "",
])("%j is no variable for a sandbox: it would act on what starts the program", (name) => {
  expect(isVariable(name)).toBe(false);
});

test.each(["PATH", "_", "NODE_OPTIONS", "a1"])("%j is one", (name) => {
  expect(isVariable(name)).toBe(true);
});

test.each([
  [{ memory: 1 }, "memory"],
  [{ memoryMiB: 1 }, "memoryMiB"],
  [{ seconds: 0 }, "seconds"],
  [{ processes: 1.5 }, "processes"],
  [{ bestEffort: ["network"] }, "bestEffort"],
])("a profile with %j is an error", (settings, key) => {
  const { error } = profileSchema.safeParse(settings);
  expect(JSON.stringify(error?.issues)).toContain(key);
});

test("processes follow the language unless they are given", () => {
  const settings = profileSchema.parse({});
  expect([profileFor("bash", settings).processes, profileFor("node", settings).processes]).toEqual([
    10, 32,
  ]);
  expect(profileFor("node", { ...settings, processes: 12 }).processes).toBe(12);
});

test.each([
  ["bwrap: No permissions to creating new namespace, likely because …", "namespaces_blocked"],
  ["bwrap: setting up uid map: Permission denied", "namespaces_blocked"],
  ["bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted", "namespaces_blocked"],
  ["bwrap: Can't mount proc on /newroot/proc: Operation not permitted", "proc_blocked"],
  ["bwrap: Can't find source path /usr", "not_started"],
])("%s", (said, kind) => {
  expect(startRefusal(said)).toMatchObject({ kind, said });
});

describe("kept output", () => {
  test.each([0, 1, 29, 30])("of %i bytes is whole", (length) => {
    const kept = keptOutput(30);
    for (let at = 0; at < length; at += 1) kept.add(Buffer.from("x"));
    expect([kept.text(), kept.truncated()]).toEqual(["x".repeat(length), false]);
  });

  test.each([1, 7, 1000])("that came in chunks of %i has its beginning and its end", (size) => {
    const kept = keptOutput(30);
    const all = Array.from({ length: 5000 }, (_, at) => `${at},`).join("");
    for (let at = 0; at < all.length; at += size) kept.add(Buffer.from(all.slice(at, at + size)));
    expect(kept.truncated()).toBe(true);
    const [head, note, tail] = kept.text().split("\n");
    expect([head, tail]).toEqual([all.slice(0, 10), all.slice(-20)]);
    expect(note).toBe(`… ${all.length - 30} bytes left out …`);
  });
});

test("who comes when as many run and wait as may is refused; the others have their turn", async () => {
  const sandboxes = executor({ atOnce: 1, waiting: 2 });
  const run = (signal: AbortSignal | null = null): Promise<Executed> =>
    sandboxes.run({
      program: { kind: "command", argv: ["true"] },
      profile: profileFor(null, profileSchema.parse({})),
      env: {},
      stdin: null,
      workspace: null,
      signal,
      output: () => undefined,
    });
  const all = [run(), run(), run(), run(), run()];
  expect(sandboxes.health()).toMatchObject({ running: 1, waiting: 2, refused: 2 });
  const kinds = (await Promise.all(all)).map(({ kind }) => kind);
  expect(kinds.map((kind) => kind === "queue_full")).toEqual([false, false, false, true, true]);
  expect(await run()).not.toMatchObject({ kind: "queue_full" });
  expect(sandboxes.health()).toMatchObject({ running: 0, waiting: 0, oldestMs: null });

  const stop = new AbortController();
  const waiting = [run(), run(stop.signal), run(stop.signal)];
  expect(await run(stop.signal)).toMatchObject({ kind: "queue_full" });
  stop.abort();
  expect(sandboxes.health()).toMatchObject({ running: 1, waiting: 0 });
  expect(await waiting[1]).toMatchObject({ kind: "ran", end: { by: "cancel" }, confinement: null });
  expect(await run()).not.toMatchObject({ kind: "queue_full" });
  await Promise.all(waiting);
});
