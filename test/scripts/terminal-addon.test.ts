/** The addon as an executable finds it: the one of its build, from root's place, or none. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { COMMAND_LINE_OPTIONS } from "../../scripts/interpreter.ts";
import { pack } from "../../scripts/pack.ts";
import { compileTerminalAddon } from "../../scripts/terminal-addon.ts";
import type { DriverResult } from "../agent/terminal/driver.ts";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "sallyport-addon-"));
afterAll(() => rmSync(folder, { recursive: true }));

const addon = join(folder, "compiled.node");
const place = join(folder, "bin");
beforeAll(async () => {
  compileTerminalAddon(root, addon);
  const { outputFiles } = await build({
    entryPoints: [join(root, "test/agent/terminal/driver.ts")],
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node24",
    write: false,
    logLevel: "error",
    define: {
      SESSION_SCRIPT: JSON.stringify(readFileSync(join(root, "agent/terminal/session.sh"), "utf8")),
      PTY_SHA256: JSON.stringify(createHash("sha256").update(readFileSync(addon)).digest("hex")),
    },
  });
  const work = join(folder, "work");
  for (const path of [place, work, join(folder, "lib/sallyport")])
    mkdirSync(path, { recursive: true });
  const was = process.env["TMPDIR"];
  await pack(outputFiles[0]?.text ?? "", "driver", work, place, COMMAND_LINE_OPTIONS);
  if (was === undefined) delete process.env["TMPDIR"];
}, 300_000);

const BESIDE = () => join(place, "pty.node");
const PACKAGED = () => join(folder, "lib/sallyport/pty.node");

/** What the step said, or why there was none. */
function run(): string {
  const plan = { steps: [{ argv: ["/bin/echo", "in a terminal"], locked: false }] };
  const { stdout, stderr } = spawnSync(join(place, "driver"), {
    input: `\n${JSON.stringify(plan)}`,
    encoding: "utf8",
    cwd: folder,
    env: { HOME: folder, NODE_PATH: folder, LD_LIBRARY_PATH: folder },
  });
  if (stdout === "") return stderr;
  const [result] = JSON.parse(stdout) as DriverResult[];
  return result?.end.kind === "lost" ? result.end.reason : (result?.output ?? "");
}

type Row = { name: string; arrange: () => void; says: RegExp };
const REFUSED: Row[] = [
  { name: "is not there", arrange: () => {}, says: /are missing/ },
  {
    name: "is only where others could put it",
    arrange: () => {
      for (const path of ["pty.node", "build/Release/pty.node", ".cache/pty.node"]) {
        mkdirSync(join(folder, path, ".."), { recursive: true });
        copyFileSync(addon, join(folder, path));
      }
    },
    says: /are missing/,
  },
  {
    name: "is of another build",
    arrange: () => {
      copyFileSync(addon, BESIDE());
      appendFileSync(BESIDE(), "x");
      chmodSync(BESIDE(), 0o644);
    },
    says: /not the one of this build/,
  },
  {
    name: "can be written by others",
    arrange: () => {
      copyFileSync(addon, BESIDE());
      chmodSync(BESIDE(), 0o664);
    },
    says: /others can write/,
  },
  {
    name: "belongs to somebody else",
    arrange: () => {
      copyFileSync(addon, BESIDE());
      chmodSync(BESIDE(), 0o644);
      chownSync(BESIDE(), 1234, 1234);
    },
    says: /others can write/,
  },
];
test.each(REFUSED)("N06: an addon that $name is not loaded", ({ arrange, says }) => {
  rmSync(BESIDE(), { force: true });
  arrange();
  const said = run();
  rmSync(BESIDE(), { force: true });
  expect(said).toMatch(/^no terminals: /);
  expect(said).toMatch(says);
});

test.each([
  ["beside the executable", BESIDE],
  ["where the package has it", PACKAGED],
])("the addon of its build is loaded %s", (_, where) => {
  copyFileSync(addon, where());
  chmodSync(where(), 0o644);
  const said = run();
  rmSync(where());
  expect(said).toBe("in a terminal\n");
});

test("no end of a terminal is open in what is started later", () => {
  const script = `
    const loaded = { exports: {} };
    process.dlopen(loaded, process.argv[1]);
    const { master, slave } = loaded.exports.open(80, 24);
    const { spawnSync } = require("node:child_process");
    const { stdout } = spawnSync("/bin/ls", ["-l", "/proc/self/fd"], { encoding: "utf8" });
    process.stdout.write(stdout.match(/ptmx|pts/g)?.join() ?? "none");
    require("node:fs").closeSync(slave);
    require("node:fs").closeSync(master);`;
  const { stdout } = spawnSync(process.execPath, ["-e", script, addon], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect(stdout).toBe("none");
});
