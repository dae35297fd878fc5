/** How a program is started, and what is kept of it. Real programs, in this mount namespace. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { run } from "../../../helper/run.ts";

/** Of this process alone: what has the same is ended with it, wherever on this machine it runs. */
const ID = `1-${process.pid}`;
const within = (changed = {}) => ({
  requestId: ID,
  tell: null,
  deadline: Date.now() + 20_000,
  graceMs: 0,
  ...changed,
});
const script = async (text: string, changed = {}, extra = {}) =>
  await run(["/bin/sh", "-c", text], within(changed), extra);

beforeAll(() => mkdirSync("/run/sallyport", { recursive: true }));

test("its streams and its exit code are told apart", async () => {
  expect(await script("echo out; echo err >&2; exit 3")).toEqual({
    exitCode: 3,
    stdout: "out\n",
    stderr: "err\n",
    truncated: false,
    timedOut: false,
  });
});

test("a signal is no exit code", async () => {
  expect((await script("kill -9 $$")).exitCode).toBeNull();
});

test("its environment is written out, and its input is empty", async () => {
  process.env["HOSTILE"] = "1";
  const { stdout } = await run(["/usr/bin/env"], within(), { EXTRA: "x" });
  expect(stdout.trimEnd().split("\n").toSorted()).toEqual(
    [
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      "LANG=C.UTF-8",
      "LC_ALL=C.UTF-8",
      "SYSTEMD_PAGER=cat",
      "SYSTEMD_PAGERSECURE=1",
      "SYSTEMD_COLORS=0",
      "EXTRA=x",
      `SALLYPORT_REQUEST=${ID}`,
    ].toSorted(),
  );
  expect((await script(`cat; pwd; ls /run/sallyport | grep ^${ID} || :`)).stdout).toBe("/\n");
});

test("no shell sees its words, and one that is not there throws", async () => {
  expect((await run(["/bin/echo", "$HOME; id", "*"], within())).stdout).toBe("$HOME; id *\n");
  await expect(run(["/nowhere"], within())).rejects.toThrow("ENOENT");
});

test("of long output the beginning and the end are kept, and how much is left out", async () => {
  const exact = await script("head -c 65536 /dev/zero | tr '\\0' x");
  expect(exact).toMatchObject({ truncated: false, stdout: "x".repeat(65_536) });
  const { stdout, truncated } = await script(
    "printf BEGIN; head -c 65530 /dev/zero | tr '\\0' x; printf END",
  );
  expect(truncated).toBe(true);
  expect(stdout).toBe(`BEGIN${"x".repeat(32_763)}\n[2 bytes left out]\n${"x".repeat(32_765)}END`);
  const long = await script("head -c 70000 /dev/zero >&2; echo ok");
  expect(long).toMatchObject({ truncated: true, stdout: "ok\n" });
  expect(long.stderr).toContain("\n[4464 bytes left out]\n");
});

test("after the deadline nothing of it is left", async () => {
  const [began, long] = [Date.now(), `61.${process.pid}`];
  const ended = await script(`sleep ${long} & sleep ${long}`, { deadline: Date.now() + 200 });
  expect(ended).toMatchObject({ timedOut: true, exitCode: null });
  expect(Date.now() - began).toBeLessThan(8000);
  expect((await script(`pgrep -fx 'sleep ${long}' || echo none`)).stdout).toBe("none\n");
});

test("with patience it may end by itself", async () => {
  const text = "trap 'echo ended; exit 5' TERM; echo begun; while :; do sleep 0.05; done";
  const ended = await script(text, { deadline: Date.now() + 3000, graceMs: 5000 });
  expect(ended).toMatchObject({ timedOut: true, exitCode: 5, stdout: "begun\nended\n" });
});

test("what it says is passed on as it comes, whole characters at a time", async () => {
  const told: [string, string][] = [];
  const folder = mkdtempSync(join(tmpdir(), "sallyport-run-"));
  const heard = join(folder, "heard");
  const tell = (stream: "stdout" | "stderr", text: string) => {
    told.push([stream, text]);
    if (text === "caf") writeFileSync(heard, "");
    return Promise.resolve();
  };
  const { stdout } = await script(
    `printf 'caf\\303'; until [ -e ${heard} ]; do sleep 0.05; done; printf '\\251'; echo no >&2; sleep 0.3`,
    { tell },
  );
  rmSync(folder, { recursive: true });
  expect(stdout).toBe("café");
  const from = (stream: string) => told.filter(([of]) => of === stream).map(([, text]) => text);
  expect(from("stdout")).toEqual(["caf", "é"]);
  expect(from("stderr")).toEqual(["no\n"]);
});

test("what it says last is passed on too, however soon it ends", async () => {
  const told: string[] = [];
  const tell = (_: string, text: string) => {
    told.push(text);
    return Promise.resolve();
  };
  await script("printf last", { tell });
  expect(told).toEqual(["last"]);
});
