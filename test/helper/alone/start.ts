/** What a helper refuses to start for, each in this process: so not in a thread, where mutants are tried. */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { refuseToStart } from "../../../helper/defence.ts";

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
    process.env["A_NODE_OPTIONS"] = "";
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

  test("does nothing for one that has root's rights by its file only", () => {
    // There is no such file here, and no way back to root.
    const started = vi.spyOn(process, "getuid").mockReturnValue(1000);
    const refusal = refuseToStart();
    started.mockRestore();
    expect(refusal?.error.code).toBe("not_root");
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
