/** The helper as a process: many requests, from standard input. */
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readFileSync, readSync, rmSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { builtHelper, start, type Said } from "../built-helper.ts";
import { called, LOG, OWN, when, withStandIns } from "../stand-ins.ts";

// First: who builds goes to another folder, and the stand-ins keep this process where it is.
const helper = await builtHelper();
withStandIns();

describe("a session", () => {
  const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
  const VERSION = line({ argv: ["version"] });
  const STATUS = { argv: ["service", "status", "nginx"] };
  function open(): ReturnType<typeof start> & { write: (text: string | Buffer) => void } {
    const session = start(helper, ["session"]);
    return { ...session, write: (text) => void session.child.stdin?.write(text) };
  }
  async function talk(input: string | Buffer): Promise<Said[]> {
    const { child, read, ended, said } = open();
    read();
    child.stdin?.end(input);
    expect(await ended).toBe(0);
    return said();
  }
  const codes = (all: Said[]): unknown[] => all.map(({ data, error }) => error?.code ?? data?.kind);

  test("tells its version first, answers line after line, and ends with its input", async () => {
    const all = await talk(`${VERSION}garbage\n${VERSION}${line({ argv: ["policy"] })}`);
    expect(codes(all)).toEqual(["version", "version", "usage", "version", "policy"]);
    const [id] = /^\d+-\d+/.exec(all[0]?.requestId ?? "") ?? [];
    expect(all.map(({ requestId }) => requestId)).toEqual([0, 1, 2, 3, 4].map((n) => `${id}.${n}`));
  });

  test.each([
    "",
    "null",
    "{}",
    '{"argv":"version"}',
    '{"argv":["version",1]}',
    '{"argv":["version"],"uid":0}',
    '{"argv":["version"],"stream":"yes"}',
    '{"argv":["version"],"stream":1}',
  ])("%j is no request, and the record says what it was", async (text) => {
    expect(codes(await talk(`${text}\n${VERSION}`))).toEqual(["version", "usage", "version"]);
    const record = JSON.parse(readFileSync(LOG, "utf8")) as { argv: string[] };
    expect(record.argv).toEqual(["session", text]);
  });

  test("what has no line feed is no request", async () => {
    expect(codes(await talk(VERSION.trimEnd()))).toEqual(["version"]);
  });

  test("a word is what it was, wherever its bytes were cut", async () => {
    const { child, read, told, write, ended } = open();
    read();
    await told(1);
    const bytes = Buffer.from(line({ argv: ["service", "status", "é\u{1F600}"] }));
    for (let at = 0; at < bytes.length; at += 1) {
      write(bytes.subarray(at, at + 1));
      if (at > 28) await sleep(5);
    }
    expect(codes(await told(2))).toEqual(["version", "not_allowed"]);
    const record = JSON.parse(readFileSync(LOG, "utf8")) as { argv: string[] };
    expect(record.argv).toEqual(["service", "status", "é\u{1F600}"]);
    child.stdin?.end();
    expect(await ended).toBe(0);
  });

  test("a line that is longer than any request is none, in one piece or in many", async () => {
    const longest = VERSION.trimEnd().padStart(65_536);
    expect(codes(await talk(`${longest}\n${VERSION}`))).toEqual(["version", "version", "version"]);
    const { child, read, told, write, ended } = open();
    read();
    await told(1);
    write(longest);
    await sleep(200);
    write(` \n${VERSION}`);
    expect(codes(await told(3))).toEqual(["version", "usage", "version"]);
    const record = JSON.parse(readFileSync(LOG, "utf8")) as { argv: string[] };
    expect(record.argv).toEqual(["session", "a line that is too long"]);
    child.stdin?.end();
    expect(await ended).toBe(0);
  });

  test("passes on what a program says to who asks for it", async () => {
    when("show", "echo first");
    const [, ...plain] = await talk(line(STATUS) + line({ ...STATUS, stream: false }));
    expect(plain.map(({ success }) => success)).toEqual([true, true]);
    const [, ...streamed] = await talk(line({ ...STATUS, stream: true }));
    expect(streamed).toHaveLength(2);
    expect(streamed[0]).toMatchObject({ v: 1, stream: "stdout", text: /^first/ });
    expect(streamed[0]?.requestId).toBe(streamed[1]?.requestId);
  });

  test("passes on what a change says, from the process that makes it", async () => {
    when("restart", "echo restarting; exit 0");
    const RESTART = { argv: ["service", "restart", "nginx"] };
    const [, plain] = await talk(line(RESTART));
    expect(plain).toMatchObject({ success: true, stdout: "restarting\n" });
    const [version, ...all] = await talk(line({ ...RESTART, stream: true }));
    expect(all.at(-1)).toMatchObject({ success: true, stdout: "restarting\n" });
    expect(all.map(({ text = "" }) => text).join("")).toContain("restarting\n");
    const id = version?.requestId?.replace(/\.0$/, ".1");
    expect(new Set(all.map(({ requestId }) => requestId))).toEqual(new Set([id]));
  });

  test("no signal that sudo relays ends it", async () => {
    const { child, read, told, write } = open();
    read();
    await told(1);
    for (const signal of ["SIGHUP", "SIGTERM", "SIGUSR1", "SIGALRM"] as const) child.kill(signal);
    write(VERSION);
    expect(codes(await told(2))).toEqual(["version", "version"]);
  });

  test("a caller that reads late gets every line whole", async () => {
    const { child, read, ended, said } = open();
    child.stdin?.end(line({ argv: ["policy"] }).repeat(150));
    await sleep(700);
    read();
    expect(await ended).toBe(0);
    expect(codes(said())).toEqual(["version", ...Array.from({ length: 150 }, () => "policy")]);
  });

  test("a caller that has gone is not answered, and nothing more is read", async () => {
    const { child, read, told, write, ended } = open();
    read();
    await told(1);
    child.stdout?.destroy();
    const began = Date.now();
    write(`garbage\n${line(STATUS)}`);
    expect(await ended).toBe(64);
    // At once: ten seconds are for one that does not read.
    expect(Date.now() - began).toBeLessThan(8000);
    expect(called()).toEqual([]);
  });

  // These wait for most of their time, and look at no record.
  describe.concurrent("in its time", () => {
    test("one that ends by itself does nothing more, and its last word waits until it is taken", async () => {
      const path = `${OWN}/replies`;
      spawnSync("/usr/bin/mkfifo", [path]);
      const fifo = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      // Another opening: whether one blocks is for all who share it.
      const theirs = openSync(path, constants.O_WRONLY);
      const { child, ended } = start(helper, ["session"], {}, theirs);
      const bytes = Buffer.alloc(4096);
      const first = (): string => {
        try {
          return bytes.toString("latin1", 0, readSync(fifo, bytes));
        } catch {
          return "";
        }
      };
      await vi.waitFor(() => expect(first()).toMatch(/"version".*\n$/), 10_000);
      for (const size of [4096, 1])
        try {
          for (;;) writeSync(fifo, "x".repeat(size));
        } catch {} // it is full
      await sleep(4800);
      expect(child.exitCode).toBe(null);
      child.stdin?.write(line(STATUS));
      await sleep(300);
      expect(child.exitCode).toBe(null);
      let said = "";
      await vi.waitFor(() => expect((said += first()).split("\n")).toHaveLength(2), 10_000);
      expect(said).toMatch(/x\{"v":1,"end":"[\d-]+"\}\n$/);
      expect(await ended).toBe(0);
      expect(called()).toEqual([]);
      for (const fd of [fifo, theirs]) closeSync(fd);
      rmSync(path);
    });

    test("ends when it has been idle, and says so", async () => {
      const began = Date.now();
      const { read, told, ended, write } = open();
      read();
      await told(1);
      // What is asked in time begins its four seconds anew.
      for (let asked = 0; asked < 2; asked += 1) {
        await sleep(1200);
        write(VERSION);
      }
      expect(await ended).toBe(0);
      expect(Date.now() - began).toBeGreaterThan(6300);
      const all = await told(4);
      expect(codes(all)).toEqual(["version", "version", "version", undefined]);
      expect(all[3]).toEqual({ v: 1, end: all[0]?.requestId?.replace(/\.0$/, "") });
    });

    test("ends when it is old, however busy it is", async () => {
      const began = Date.now();
      const { read, told, ended, write, child } = open();
      read();
      await told(1);
      // Were it not for its age, it would be asked for longer than is waited for.
      for (let asked = 0; asked < 100 && child.exitCode === null; asked += 1) {
        write(VERSION);
        await sleep(200);
      }
      expect(await ended).toBe(0);
      expect(Date.now() - began).toBeGreaterThan(9900);
      expect(Date.now() - began).toBeLessThan(19_000);
      expect((await told(0)).at(-1)).toHaveProperty("end");
    });

    test("a caller that never reads is given up after ten seconds", async () => {
      const { ended, write } = open();
      const began = Date.now();
      write(line({ argv: ["policy"] }).repeat(300));
      expect(await ended).toBe(0);
      expect(Date.now() - began).toBeGreaterThan(9500);
      expect(Date.now() - began).toBeLessThan(20_000);
    });
  });
});
