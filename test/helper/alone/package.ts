/** How far a package action may reach: in which order its manager is asked, and what is not done for its answer. */
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { packages } from "../../../helper/package.ts";
import type { PackageRequest } from "../../../protocol/operation.ts";
import { called, ID, OWN, putProgram, when, withStandIns } from "../stand-ins.ts";

withStandIns();
beforeEach(() => {
  for (const name of ["dnf", "zypper", "pacman"]) rmSync(`/usr/bin/${name}`, { force: true });
});

const APT =
  "apt-get --quiet --yes -o DPkg::Lock::Timeout=60 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold";
const DRY = APT.replace(" ", " --simulate ");
const HEAL = "dpkg --force-confold --configure --pending";
const FLAG = "dpkg-query -Wf ${db:Status-Eflag} -- git";
const ADD = "--no-remove --no-install-recommends install -- git";

const within = (ms = 20_000) => ({
  requestId: ID,
  tell: null,
  deadline: Date.now() + ms,
  graceMs: 0,
});
const ask = async (action: string, name: string | null, ms?: number) =>
  await packages({ kind: "package", action, name } as PackageRequest, within(ms));
const problem = (code: string, message: string): object => ({ code, message, reason: message });
const BUSY = problem("busy", "another process is using the package manager");
/** In the place of apt-get, which is the first that is looked for. */
function withPacman(): void {
  rmSync("/usr/bin/apt-get");
  putProgram("pacman");
}

test("an installation mends, tries, and is made, without a question to anybody", async () => {
  expect(await ask("install", "git")).toMatchObject({ outcome: { exitCode: 0 }, error: null });
  expect(called()).toEqual([HEAL, FLAG, `${DRY} ${ADD}`, `${APT} ${ADD}`]);
  expect(readFileSync(`${OWN}/surroundings`, "utf8")).toBe("noninteractive none 1\n");
});

test("who reads along is told what mends and what is made, and not what was only tried", async () => {
  when("--pending", "echo mended");
  when("--simulate", "echo Inst git; exit 0");
  when("install", "echo Setting up git");
  let heard = "";
  const tell = (_: string, text: string): Promise<void> => {
    heard += text;
    return Promise.resolve();
  };
  const request: PackageRequest = { kind: "package", action: "install", name: "git" };
  expect((await packages(request, { ...within(), tell })).error).toBeNull();
  expect(heard).toMatch(/mended[^]*Setting up git/);
  expect(heard).not.toContain("Inst");
});

const REMOVE = "-o Dpkg::Options::=--force-remove-reinstreq remove -- git";
test.each([
  ["install", "reinstreq", ADD],
  ["upgrade", "reinstreq", "--no-remove --only-upgrade install -- git"],
  ["remove", "okreinstreq", REMOVE],
])(
  "%s of what dpkg flags as %s installs it once more, or is its end",
  async (action, flag, verb) => {
    when("-Wf", `printf ${flag}`);
    expect((await ask(action, "git")).error).toBeNull();
    const again = (apt: string): string => `${apt.replace(" ", " --reinstall ")} ${verb}`;
    const dry = APT.replace(" ", " --simulate --reinstall ");
    expect(called()).toEqual([HEAL, FLAG, `${dry} ${verb}`, again(APT)]);
  },
);

test("what concerns the whole system is not tried before, and names nothing", async () => {
  expect((await ask("update", null)).error).toBeNull();
  expect(called()).toEqual([HEAL, `${APT} update`]);
});

test.each<[string, string, string, string | null]>([
  ["a removal that takes only what was named is made", "remove", "Remv git [1:2.39]", null],
  ["a removal that takes another too is only tried", "remove", "Remv git\\nPurg ufw", "ufw"],
  ["a removal that takes two others is only tried", "remove", "Remv ufw\\nRemv sudo", "ufw sudo"],
  ["an installation that removes it is only tried", "install", "Remv git", "git"],
  ["an upgrade that removes another is only tried", "upgrade", "Remv ufw", "ufw"],
])("%s", async (_, action, says, others) => {
  when("--simulate", `printf '${says}\\n'; exit 0`);
  const { error } = await ask(action, "git");
  const refusal = problem("not_allowed", `would also remove ${others}`);
  expect(error).toEqual(others === null ? null : refusal);
  expect(called()).toHaveLength(others === null ? 4 : 3);
});

test("what changes more than can be read is only tried", async () => {
  when("--simulate", "head -c 70000 /dev/zero; exit 0");
  const { error } = await ask("install", "git");
  expect(error).toEqual(problem("not_allowed", "would change more than can be checked"));
  expect(called()).toHaveLength(3);
});

test.each<[string, string, object, number]>([
  ["cannot be done", "exit 100", problem("failed", "the program failed: exit code 100"), 100],
  ["has to wait for a lock", "echo 'E: Could not get lock /x' >&2; exit 100", BUSY, 100],
])("what %s is only tried", async (_, lines, error, exitCode) => {
  when("--simulate", lines);
  expect(await ask("install", "git")).toMatchObject({ error });
  expect(called()).toHaveLength(3);
  rmSync(`${OWN}/on---simulate`);
  when("install", `case $* in *--simulate*) ;; *) ${lines} ;; esac`);
  const ended = await ask("install", "git");
  expect(ended).toMatchObject({ error });
  // Nothing was done, so no program's end is told as that of the action.
  expect(ended.outcome.exitCode).toBe(error === BUSY ? null : exitCode);
});

test("a success is one whatever is said of locks, and a failure without such words is no waiting", async () => {
  when("install", "echo 'E: Could not get lock /x' >&2");
  expect((await ask("install", "git")).error).toBeNull();
  when("install", "echo 'E: Could not get lock /x'; exit 100");
  expect((await ask("install", "git")).error).toMatchObject({ code: "failed" });
});

test("what cannot be mended does not stand in the way; mending that takes all the time does", async () => {
  when("--pending", "exit 1");
  expect((await ask("remove", "git")).error).toBeNull();
  when("--pending", "sleep 20");
  rmSync(`${OWN}/called`);
  expect(await ask("remove", "git", 400)).toMatchObject({
    outcome: { timedOut: true },
    error: { code: "timeout" },
  });
  expect(called()).toEqual([HEAL]);
});

test("a manager that has no trial and needs no mending is asked once", async () => {
  withPacman();
  expect((await ask("install", "git")).error).toBeNull();
  expect(called()).toEqual(["pacman --noconfirm --noprogressbar -S --needed -- git"]);
});

test("what a manager does not have is not done", async () => {
  withPacman();
  const error = problem("unavailable", "this package manager cannot do that");
  expect(await ask("autoremove", null)).toMatchObject({ error });
  expect(called()).toEqual([]);
});

test("one that others could change is not started, nor looked for in vain", async () => {
  const error = problem("unavailable", "no known package manager is here");
  chmodSync("/usr/bin/apt-get", 0o777);
  expect(await ask("info", "git")).toMatchObject({ error });
  putProgram("pacman");
  expect(await ask("info", "git")).toMatchObject({ data: { manager: "pacman" } });
});

const KNOWN = "printf 'git:\\n  Installed: (none)\\n  Candidate: 1:2.39\\n'";

test("of a package are told both versions, by one question where one answers both", async () => {
  when("policy", KNOWN);
  const { data, error } = await ask("info", "git");
  const versions = { installed: null, candidate: "1:2.39" };
  expect([data, error]).toEqual([
    { kind: "package", name: "git", manager: "apt-get", ...versions },
    null,
  ]);
  expect(called()).toEqual(["apt-cache policy -- git"]);
});

test("by two where there are two; that neither knows it is an answer", async () => {
  withPacman();
  when("--query", "echo git 2.39-1; exit 0");
  when("--info", "printf 'Name : git\\nVersion : 2.40-1\\n'");
  const { data } = await ask("info", "git");
  expect(data).toMatchObject({ installed: "2.39-1", candidate: "2.40-1" });
  expect(called()).toEqual(["pacman --sync --info -- git", "pacman --query -- git"]);
  for (const word of ["--query", "--info"]) when(word, "echo no such package >&2; exit 1");
  expect(await ask("info", "git")).toMatchObject({
    outcome: { exitCode: 0, stderr: "no such package\n" },
    data: { installed: null, candidate: null },
    error: null,
  });
});

test.each(["--query", "--info"])("no answer in time to %s is none", async (word) => {
  withPacman();
  when(word, "sleep 20");
  const { data, error, outcome } = await ask("info", "git", 3000);
  expect([data, error?.code, outcome.timedOut]).toEqual([null, "timeout", true]);
});
