/** How the script is run on this machine: another script notes what it is given. Needs root, as setup-sudo does. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runTransaction } from "../../sudoers/install.ts";
import type { Report } from "../../sudoers/report.ts";
import { renderRule, type Rule } from "../../sudoers/rules.ts";
import { transactionArguments, type Task } from "../../sudoers/transaction.ts";

const rule = renderRule(1001, "/usr/local/libexec/sallyport/sallyport-helper") as Rule;
const build = { sha256: "ab".repeat(32), bytes: 7, buildId: "cd".repeat(32) };
const task: Task = { kind: "install", rule, build, lineSha256: null };

// What never answers is soon found out.
vi.setConfig({ testTimeout: 15_000 });

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "install-"));
});
afterEach(() => {
  vi.unstubAllGlobals();
  rmSync(folder, { recursive: true });
});
/** Folders that the script was given and that are there still: others of this machine's are not its own. */
function uploadsLeft(): string[] {
  const given = noted("uploads");
  for (const upload of given) expect(upload).toMatch(/^\/run\/sallyport-\w{6}$/);
  return given.filter((upload) => existsSync(upload));
}

/** `lines`: the script, as the build would have written it in. */
async function run(lines: string): Promise<Report> {
  vi.stubGlobal("TRANSACTION_SCRIPT", `cd ${folder}\necho "$3" >>uploads\n${lines}\n`);
  return await runTransaction(task, "/etc/hostname", "/etc/passwd");
}
const noted = (name: string): string[] =>
  readFileSync(join(folder, name), "utf8").trimEnd().split("\n");

test("it is given its words, and its files in a folder of root's that is gone afterwards", async () => {
  const report = await run(`printf '%s\\n' "$0" "$@" >words
stat -c '%a %u %F' "$3" "$0" "$3/rule" >modes
readlink "$3/helper" "$3/line" >links
cat "$3/rule" >rule
ls "$3" >files
echo state installed`);
  expect(report).toMatchObject({ kind: "change", state: "installed", cause: null });
  const [script = "", ...words] = noted("words");
  const upload = words[2] ?? "";
  expect(script).toBe(`${upload}/transaction.sh`);
  expect(words).toEqual(transactionArguments(task, upload));
  const file = "600 0 regular file";
  expect(noted("modes")).toEqual(["700 0 directory", file, file]);
  expect(noted("links")).toEqual(["/etc/hostname", "/etc/passwd"]);
  expect(readFileSync(join(folder, "rule"), "utf8")).toBe(rule.text);
  expect(noted("files")).toEqual(["helper", "line", "rule", "transaction.sh"]);
  expect([noted("uploads"), uploadsLeft()]).toEqual([[upload], []]);
});

test("it starts in the root folder, with an environment that is written out, and no input", async () => {
  vi.stubEnv("HOSTILE", "1");
  vi.stubGlobal(
    "TRANSACTION_SCRIPT",
    `pwd >${folder}/where
/usr/bin/env >${folder}/environment
/usr/bin/cat >${folder}/input
readlink /proc/self/fd/2 "/proc/$PPID/fd/2" >${folder}/errors
echo state removed`,
  );
  expect(await runTransaction(task, "/x", "/x")).toMatchObject({ state: "removed" });
  vi.unstubAllEnvs();
  expect(noted("where")).toEqual(["/"]);
  const own = noted("environment").filter((line) => !/^(?:PWD|_|SHLVL|OLDPWD)=/.test(line));
  expect(own.toSorted()).toEqual(["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]);
  expect(readFileSync(join(folder, "input"), "utf8")).toBe("");
  // What goes wrong in it is read by who has started it.
  const [its, ours] = noted("errors");
  expect(its).toBe(ours);
});

test("of an answer without end only the beginning is kept, and its folder is gone", async () => {
  const report = await run("head -c 4000000 /dev/zero | tr '\\0' x; echo; echo state installed");
  if (report.kind !== "no_answer") throw new Error(report.kind);
  expect(report.text).toMatch(/^x+$/);
  expect(report.text.length).toBeGreaterThanOrEqual(2 ** 20);
  expect(report.text.length).toBeLessThan(2 ** 21);
  expect(uploadsLeft()).toEqual([]);
});

test("an answer that is no report is none, and its folder is gone", async () => {
  const halves = "printf '\\303'; sleep 0.2; printf '\\251\\n'";
  expect(await run(halves)).toEqual({ kind: "no_answer", text: "é\n" });
  expect(await run("exit 1")).toEqual({ kind: "no_answer", text: "" });
  expect(uploadsLeft()).toEqual([]);
});

test.each(["SIGHUP", "SIGINT", "SIGTERM"] as const)(
  "%s to this process is the script's, which is waited for, and then nobody's",
  async (signal) => {
    const word = signal.slice(3);
    const before = process.listeners(signal);
    const running =
      run(`trap 'kill $!; sleep 0.2; echo state rolled-back; echo cause interrupted; exit 1' ${word}
: >ready
sleep 20 & wait`);
    const added = (): NodeJS.SignalsListener[] =>
      process.listeners(signal).filter((one) => !before.includes(one));
    await vi.waitFor(() => readFileSync(join(folder, "ready")), 10_000);
    for (const listener of added()) listener(signal);
    expect(await running).toMatchObject({ state: "rolled-back", cause: "interrupted" });
    expect(added()).toEqual([]);
  },
);
