/** Whether anybody but root could change a file, tried on files of all kinds. */
import { spawnSync } from "node:child_process";
import { chownSync, chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { distrust, distrustAny, refuseToStart } from "../../../helper/defence.ts";

const PLACE = "/run/sallyport/trust";
const FILE = `${PLACE}/a/file`;

beforeEach(() => {
  rmSync(PLACE, { recursive: true, force: true });
  mkdirSync(`${PLACE}/a`, { recursive: true, mode: 0o755 });
  writeFileSync(FILE, "", { mode: 0o644 });
});

describe("a file is not trusted", () => {
  test.each([
    ["that is another's", () => chownSync(FILE, 1000, 0), `${FILE} is not owned by root`],
    ["that its group can write", () => chmodSync(FILE, 0o664), `${FILE} can be written by others`],
    ["that all can write", () => chmodSync(FILE, 0o646), `${FILE} can be written by others`],
    [
      "in another's folder",
      () => chownSync(`${PLACE}/a`, 1000, 0),
      `${PLACE}/a is not owned by root`,
    ],
    [
      "below a folder that all can write, sticky or not",
      () => chmodSync(PLACE, 0o1777),
      `${PLACE} can be written by others`,
    ],
    [
      "that is a link to what others can write",
      () => {
        writeFileSync(`${PLACE}/open`, "");
        chmodSync(`${PLACE}/open`, 0o666);
        rmSync(FILE);
        symlinkSync(`${PLACE}/open`, FILE);
      },
      `${PLACE}/open can be written by others`,
    ],
    [
      "that is a link to nothing",
      () => {
        rmSync(FILE);
        symlinkSync("/nowhere", FILE);
      },
      `${FILE} leads nowhere`,
    ],
    [
      "that is not there, in another's folder",
      () => {
        rmSync(FILE);
        chownSync(`${PLACE}/a`, 1000, 0);
      },
      `${PLACE}/a is not owned by root`,
    ],
    [
      "that is a link in another's folder",
      () => {
        writeFileSync(`${PLACE}/own`, "");
        rmSync(FILE);
        symlinkSync(`${PLACE}/own`, FILE);
        chownSync(`${PLACE}/a`, 1000, 0);
      },
      `${PLACE}/a is not owned by root`,
    ],
  ])("%s", (_, arrange, flaw) => {
    arrange();
    expect(distrust(FILE)).toBe(flaw);
  });
});

test("a file of root's is trusted, there or not, and what others may read is no flaw", () => {
  expect(distrust(FILE)).toBeNull();
  chmodSync(FILE, 0o755);
  expect(distrust(FILE)).toBeNull();
  expect(distrust(`${PLACE}/a/b/c`)).toBeNull();
  expect(distrust("/")).toBeNull();
});

test("of several the first flaw is told, at any depth", () => {
  mkdirSync(`${PLACE}/b/c`, { recursive: true });
  writeFileSync(`${PLACE}/b/c/deep`, "");
  expect(distrustAny([])).toBeNull();
  expect(distrustAny([FILE, PLACE, `${PLACE}/missing`])).toBeNull();
  chmodSync(`${PLACE}/b/c/deep`, 0o666);
  expect(distrustAny([FILE, `${PLACE}/b`])).toBe(`${PLACE}/b/c/deep can be written by others`);
  chmodSync(`${PLACE}/b`, 0o777);
  expect(distrustAny([`${PLACE}/b`])).toBe(`${PLACE}/b can be written by others`);
  // A link is not gone into; what it names is looked at.
  symlinkSync(`${PLACE}/b`, `${PLACE}/a/link`);
  expect(distrustAny([`${PLACE}/a`])).toBe(`${PLACE}/b can be written by others`);
});

describe("this process", () => {
  const ours = { ...process.env };
  beforeEach(() => {
    for (const name of Object.keys(process.env))
      if (/^(?:NODE|LD|OPENSSL|SSL|PKG|BUN|UV)_/.test(name)) delete process.env[name];
    process.env["SUDO_UID"] = "1000";
    return () => Object.assign(process.env, ours);
  });
  const run = (program: string, ...words: string[]): void =>
    expect(spawnSync(program, words, { encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  const limit = (name: string, soft: string): void =>
    run("/usr/bin/prlimit", `--pid=${process.pid}`, `--${name}=${soft}:`);

  test("acts where nothing is amiss, and from the root folder, with files that others cannot write", () => {
    process.chdir("/etc");
    process.umask(0);
    expect(refuseToStart()).toBeNull();
    expect(process.cwd()).toBe("/");
    expect(process.umask()).toBe(0o022);
    process.env["NODES_"] = "NODE_";
    expect(refuseToStart()).toBeNull();
  });

  const wrong = (code: string, message: string, reason = message): object => ({
    outcome: { exitCode: null, stdout: "", stderr: "", truncated: false, timedOut: false },
    data: null,
    error: { code, message, reason },
  });

  test("does nothing for another than root", () => {
    process.seteuid?.(1000);
    const refusal = refuseToStart();
    process.seteuid?.(0);
    expect(refusal).toEqual(wrong("not_root", "the helper must be started by root, through sudo"));
  });

  test("does nothing for a caller who cannot be told", () => {
    process.env["SUDO_UID"] = "x";
    expect(refuseToStart()).toEqual(wrong("unsafe", "it cannot be told who is asking"));
  });

  test.each(
    "NODE_OPTIONS LD_PRELOAD OPENSSL_CONF SSL_CERT_DIR PKG_EXECPATH BUN_BE_BUN UV_X".split(" "),
  )("does nothing where %s is set", (name) => {
    process.env[name] = "";
    const refusal = refuseToStart();
    delete process.env[name];
    expect(refusal).toEqual(wrong("unsafe", "hostile environment variable", name));
  });

  test.each([
    ["fsize", "file size", 2 ** 32],
    ["data", "data size", 2 ** 32],
    ["as", "address space", 2 ** 32],
    ["cpu", "cpu time", 3600],
    ["nofile", "open files", 256],
    ["stack", "stack size", 2 ** 20],
  ])("does nothing under a limit on %s below its floor", (option, name, floor) => {
    const unlimited = option === "nofile" ? "4096" : option === "stack" ? "8388608" : "unlimited";
    limit(option, String(floor));
    expect(refuseToStart()).toBeNull();
    limit(option, String(floor - 1));
    const refusal = refuseToStart();
    limit(option, unlimited);
    const reason = `${name} ${floor - 1} is below ${floor}`;
    expect(refusal).toEqual(wrong("unsafe", "a resource limit is too low", reason));
  });

  test("does nothing where others can change its own file", () => {
    const place = dirname(process.execPath);
    run("/usr/bin/mount", "-t", "tmpfs", "-o", "mode=777", "none", place);
    const refusal = refuseToStart();
    run("/usr/bin/umount", place);
    const message = "others can change the helper or a directory above it";
    expect(refusal).toEqual(wrong("unsafe", message, `${place} can be written by others`));
  });
});
