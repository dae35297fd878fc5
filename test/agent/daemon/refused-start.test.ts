import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { runtime } from "../../../scripts/runtime.ts";
import { stage, strike, type Stage } from "./stage.ts";

afterEach(strike);

type Start = Parameters<Stage["start"]>[0];
const GOOD_TOKEN = `${"t".repeat(43)}\n`;

/** What is wrong with the host, the words of the refusal, and the command that helps. */
const REFUSED: [string, (on: Stage) => Start | void, RegExp, RegExp | null][] = [
  [
    "root",
    () => ({ host: { euid: 0 } }),
    /^the daemon must not run as root: /,
    /^systemctl start sallyport.socket$/,
  ],
  [
    "no state directory",
    () => ({ options: { stateDir: "relative" } }),
    /^no state directory: /,
    /^systemctl /,
  ],
  [
    "a state directory that is not there",
    (on) => rmSync(on.state, { recursive: true }),
    /^the state directory \S+ is not there$/,
    /^mkdir -m 700 /,
  ],
  [
    "a state directory that others can write",
    (on) => chmodSync(on.state, 0o770),
    /^others can write the state directory /,
    /^chmod go-w /,
  ],
  [
    "a settings file that is named and not there",
    (on) => rmSync(on.config),
    /daemon.yaml: there is no such file$/,
    null,
  ],
  [
    "a settings file that others can write",
    (on) => chmodSync(on.config, 0o666),
    /daemon.yaml: others can write it$/,
    /^chmod go-w /,
  ],
  [
    "a setting that is unknown",
    (on) => on.configure("logLevel: info\nprot: 1\n"),
    /daemon.yaml:2:1: prot: there is no such setting$/,
    null,
  ],
  [
    "an address of every interface",
    (on) => on.configure("listen: 0.0.0.0:7625\n"),
    /daemon.yaml:1:9: listen: 0.0.0.0 is not a loopback address/,
    null,
  ],
  [
    "a host name",
    (on) => on.configure("listen: example.org:7625\n"),
    /daemon.yaml:1:9: listen: example.org is not a loopback address/,
    null,
  ],
  [
    "a token that its group can read",
    (on) => writeFileSync(join(on.state, "token"), GOOD_TOKEN, { mode: 0o640 }),
    /^others can read the token file /,
    /^chmod 600 /,
  ],
  [
    "a token that is a link",
    (on) => {
      writeFileSync(join(on.folder, "elsewhere"), GOOD_TOKEN, { mode: 0o600 });
      symlinkSync(join(on.folder, "elsewhere"), join(on.state, "token"));
    },
    /^there can be no token file at \S+ \(it is a symbolic link\)$/,
    /^ls -ld /,
  ],
  [
    "a token that is a folder",
    (on) => mkdirSync(join(on.state, "token")),
    /^the token file \S+ is no file$/,
    /^ls -ld /,
  ],
  [
    "an empty token",
    (on) => writeFileSync(join(on.state, "token"), "", { mode: 0o600 }),
    /^the token file \S+ holds no token: /,
    /^ls -ld /,
  ],
  [
    "a short token",
    (on) => writeFileSync(join(on.state, "token"), "secret\n", { mode: 0o600 }),
    /^the token file \S+ holds no token: /,
    /^ls -ld /,
  ],
  [
    "nowhere to make a token",
    (on) => on.configure({ tokenFile: join(on.folder, "nowhere/token") }),
    /^there can be no token file at \S+ \(ENOENT\)$/,
    /^ls -ld /,
  ],
];

test.each(REFUSED)("%s: it refuses to start with status 78", async (_, spoil, cause, hint) => {
  const on = stage();
  const daemon = await on.start(spoil(on) ?? {});
  const [said = "", hinted, ...more] = daemon.text().trimEnd().split("\n");
  expect(said.replace("sallyport: ", "")).toMatch(cause);
  expect(hinted?.replace("sallyport: hint: ", "") ?? null).toEqual(
    hint === null ? null : expect.stringMatching(hint),
  );
  expect(more).toEqual([]);
  expect(await daemon.ended).toEqual({ status: 78, signal: null });
});

test("the command line itself: one JSON object where it is asked for, and the same status", () => {
  const program = resolve(import.meta.dirname, "../../../agent/cli/sallyport.ts");
  const args = [program, "daemon", "--json"];
  const env = { PATH: process.env["PATH"] };
  const { status, stdout, stderr } = spawnSync(runtime(), args, { encoding: "utf8", env });
  expect({ status, stderr }).toEqual({ status: 78, stderr: "" });
  const cause =
    process.getuid?.() === 0 ? /^the daemon must not run as root/ : /^no state directory/;
  expect(JSON.parse(stdout)).toEqual({
    v: 1,
    success: false,
    error: {
      code: "config",
      message: expect.stringMatching(cause),
      hint: "systemctl start sallyport.socket",
    },
  });
});

test("a passed socket that other hosts can reach is refused", async () => {
  const daemon = await stage().start({ activate: ["0.0.0.0:0"] });
  expect(daemon.text()).toMatch(/^sallyport: the socket that was passed listens on 0\.0\.0\.0, /);
  expect((await daemon.ended).status).toBe(78);
});

test("an address that is taken: it refuses to start, and the other goes on", async () => {
  const on = stage();
  const first = await on.start();
  const other = stage({ listen: first.at });
  const second = await other.start();
  expect(second.text()).toContain(`something else listens on ${first.at}\n`);
  expect((await second.ended).status).toBe(69);
  expect((await first.get("/healthz")).status).toBeLessThan(504);
});

test("a state directory that another daemon uses: it refuses to start, and touches nothing", async () => {
  const on = stage();
  const first = await on.start();
  const second = await on.start();
  expect(second.text()).toContain(`another daemon uses ${on.state}\n`);
  expect((await second.ended).status).toBe(75);
  expect((await first.stop()).status).toBe(0);
});

test("the first start makes a token of 32 random bytes that its user alone can read", async () => {
  const on = stage();
  const first = await on.start();
  expect(first.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(statSync(join(on.state, "token")).mode & 0o777).toBe(0o600);
  await first.stop();
  const second = await on.start();
  expect(second.token).toBe(first.token);
  const elsewhere = await stage().start();
  expect(elsewhere.token).not.toBe(first.token);
});
