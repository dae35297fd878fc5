/** `sallyport watch` on a real terminal, behind sudo: nothing moves, hides or takes the place of what a key acts on. */
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, expect, test } from "vitest";
import {
  arrangeScript,
  describeInLab,
  endOf,
  ownHost,
  setUp,
  start,
  type Host,
} from "../lab/host.ts";
import { approve, decide, SALLYPORT, stands, STEP, STORE, wait, WISH, placed } from "./grants.ts";
import { atTerminal } from "./person.ts";

const PATIENCE_MS = 20_000;

async function watch(place: Host) {
  const person = await atTerminal(place, "watch");
  await person.until((text) => text.includes("q quit"));
  const quit = async (): Promise<number | null> => {
    person.type("q");
    return await person.ended();
  };
  return { ...person, quit };
}

describeInLab("watch", () => {
  beforeAll(async () => await setUp(ownHost()));

  test("what is typed before the facts are seen decides nothing; what is typed after them does", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      const other = await wait(place, STEP, "to look around");
      const { screen, type, until, quit } = await watch(place);
      await until((text) => text.includes(`  ${other}  pending`));
      type("j");
      await until((text) => text.includes(`> ${id}  pending`));
      type("ay\r");
      await until((text) => text.includes("approve this, all of the"));
      await pause(1500);
      expect(await stands(place, id)).toBe("pending");
      type("n\r");
      await until((text) => /nothing was decided[\s\S]*q quit/.test(text));
      type("\x1b[B");
      await until((text) => text.includes(`> ${other}  pending`));
      type("\r");
      await until((text) => text.includes('the agent claims: "to look around"'));
      type("a");
      await until((text) => /approve this, all of the \d+ lines above\? \[y\/N\]$/.test(text));
      type("y\r");
      await until((text) => text.includes(`> ${other}  granted`));
      type("k");
      await until((text) => text.includes(`> ${id}  pending`));
      type("d");
      await until((text) => text.includes("deny this, all of the"));
      type("y\r");
      await until((text) => text.includes(`> ${id}  denied`));
      expect([await stands(place, id), await stands(place, other)]).toEqual(["denied", "granted"]);
      expect(await quit()).toBe(0);
      // Beyond what the list uses: how readline(3) asks.
      expect(screen.unknown.join("")).toMatch(/^(?:"\\u001b\[(?:\d+G|0J)")*$/);
    });
  });

  test.each([
    ["^C", "\x03"],
    ["^D", "\x04"],
  ])("%s at the question is a no, and the list goes on", async (_name, key) => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      const { type, until, quit } = await watch(place);
      await until((text) => text.includes(id));
      type("j");
      await until((text) => text.includes(`> ${id}`));
      type("a");
      await until((text) => text.includes("[y/N]"));
      type(key);
      const text = await until((shown) => /nothing was decided[\s\S]*q quit$/.test(shown));
      expect(text).not.toContain("a bug");
      expect(await stands(place, id)).toBe("pending");
      expect(await quit()).toBe(0);
    });
  });

  test("a key acts on what was shown as chosen, or on nothing", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "));
      const other = await wait(place, STEP);
      const { type, until, quit, raw } = await watch(place);
      await until((text) => text.includes(other));
      type("a\r");
      await pause(300);
      type("j");
      await until((text) => text.includes(`> ${id}`));
      // Moved, but not yet seen.
      type("ja");
      await until((text) => text.includes(`> ${other}`));
      type("k");
      await until((text) => text.includes(`> ${id}`));
      await arrangeScript(place, `rm ${STORE}/*-${id}`);
      await until((text) => !text.split("\n").slice(-3).join("\n").includes(id));
      type("a");
      type("d");
      type("\x1b[a");
      await pause(1500);
      expect(raw()).not.toMatch(/this, all of the|\[y\/N\]|the agent claims/);
      expect(await stands(place, other)).toBe("pending");
      expect(await quit()).toBe(0);
    });
  });

  test("no wish moves or hides another, and there is a line for each", async () => {
    await placed(async (place) => {
      const evil = "\x1b[2J\x1b[1A\r\u202Egranted\u200B\n> ";
      const subjects = [
        WISH.join(" "),
        JSON.stringify({ argv: ["/bin/sh", evil] }),
        JSON.stringify({ [evil]: evil }),
        JSON.stringify({ argv: ["\u4E00".repeat(1000)] }),
        JSON.stringify({ argv: ["x".repeat(7000)] }),
      ];
      const ids: string[] = [];
      for (const subject of subjects) ids.push(await wait(place, subject, evil.repeat(10)));
      const { screen, until, type, quit } = await watch(place);
      const text = await until((shown) => shown.includes("5 in all"));
      const lines = text.split("\n").slice(-6, -1);
      expect(lines.map((line) => line.slice(0, 43))).toEqual(ids.map((id) => `  ${id}  pending`));
      expect(text).not.toMatch(/[\u202E\u200B]/);
      // More than the screen has lines for: those that are not shown are counted, and can be reached.
      for (let at = 0; at < 9; at += 1) await wait(place, JSON.stringify({ argv: [`${at}`] }));
      await until((shown) => shown.includes("0 above, 4 below"));
      for (let at = 0; at < 14; at += 1) {
        type("\x1b[B");
        await pause(100);
      }
      await until((shown) => shown.includes("4 above, 0 below"));
      type("\r");
      await until((shown) => shown.includes('"8"') && shown.endsWith("q quit"));
      expect(screen.unknown).toEqual([]);
      expect(await quit()).toBe(0);
    });
  });

  test("without a terminal it prints a line for each that comes, changes and goes", async () => {
    await placed(async (place) => {
      const id = await wait(place, WISH.join(" "), "\u202E");
      const script = `echo $$ >/mnt/pid; exec ${SALLYPORT} watch --json`;
      const child = start(place, "root", ["sh", "-c", script]);
      let text = "";
      child.stdout?.on("data", (some: Buffer) => (text += some.toString()));
      const lines = (): Record<string, unknown>[] =>
        text.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
      const until = async (count: number): Promise<void> => {
        for (const end = Date.now() + PATIENCE_MS; lines().length < count; await pause(50))
          if (Date.now() > end) throw new Error(text);
      };
      await until(1);
      await approve(place, id);
      await until(2);
      expect(await decide(place, "revoke", "--yes", id)).toMatchObject({ status: 0 });
      await until(3);
      await arrangeScript(place, "kill $(cat /mnt/pid)");
      await endOf(child);
      const event = "stands";
      expect(lines()).toMatchObject([
        { v: 1, event, grant: { id, stands: "pending", uid: 1001, subject: WISH.join(" ") } },
        { v: 1, event, grant: { id, stands: "granted", by: 1000 } },
        { v: 1, event: "gone", id },
      ]);
    });
  });
});
