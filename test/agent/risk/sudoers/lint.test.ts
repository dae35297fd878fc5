/** Which sudoers rules are told to amount to root, read by cvtsudoers and by our own reader. */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCvtsudoers } from "../../../../agent/risk/sudoers/cvtsudoers.ts";
import type { SudoersFile } from "../../../../agent/risk/sudoers/grant.ts";
import { lint } from "../../../../agent/risk/sudoers/lint.ts";
import { readSudoersText } from "../../../../agent/risk/sudoers/text.ts";

const OURS = () => null;
const rules = (file: SudoersFile, flaw: (path: string) => string | null = OURS): string[] =>
  lint(file, flaw).map(({ rule, level }) => `${level} ${rule.replace("sudoers.", "")}`);

/** A line, and what is found in it. */
const ROWS: [line: string, found: string[]][] = [
  ["bob ALL=(ALL:ALL) ALL", ["CRITICAL all"]],
  ["%wheel ALL=(ALL) NOPASSWD: ALL", ["CRITICAL all"]],
  ["bob ALL=(ALL) ALL, !/bin/sh", ["CRITICAL all", "CRITICAL exceptions"]],
  ["bob ALL=(root) /bin/bash", ["CRITICAL any-shell"]],
  ["bob ALL=(root) /usr/bin/vim", ["CRITICAL any-editor"]],
  ["bob ALL=(root) /usr/bin/vim /etc/hosts", ["CRITICAL editor"]],
  ["bob ALL=(root) /usr/bin/less /var/log/syslog", ["CRITICAL pager"]],
  ["bob ALL=(root) /usr/bin/python3", ["CRITICAL any-interpreter"]],
  ["bob ALL=(root) /usr/bin/find", ["CRITICAL any-starts"]],
  ["bob ALL=(root) /usr/bin/systemctl", ["CRITICAL any-services"]],
  ["bob ALL=(root) /usr/bin/apt-get", ["CRITICAL any-packages"]],
  ["bob ALL=(root) /usr/bin/docker", ["CRITICAL any-containers"]],
  ["bob ALL=(root) /usr/bin/cat", ["CRITICAL any-reads"]],
  ["bob ALL=(root) /bin/cat /var/log/*", ["CRITICAL wildcard-arguments"]],
  ["bob ALL=(root) /usr/bin/systemctl restart *", ["CRITICAL wildcard-arguments"]],
  ["bob ALL=(root) /opt/app/*", ["CRITICAL wildcard-program"]],
  ["bob ALL=(root) /opt/app/", ["CRITICAL folder"]],
  ["bob ALL=(root) SETENV: /opt/app/run", ["CRITICAL setenv"]],
  ["bob ALL=(root) sudoedit /etc/sudoers", ["CRITICAL edit-system"]],
  ["bob ALL=(root) sudoedit /srv/*/conf", ["CRITICAL edit-pattern"]],
  ["Defaults !env_reset", ["CRITICAL environment"]],
  ['Defaults env_keep += "LD_PRELOAD PYTHONPATH"', ["CRITICAL environment"]],
  ["bob ALL=(root) sudoedit /srv/x/conf", ["CAUTION edit"]],
  ["bob ALL=(root) /usr/bin/systemctl restart nginx", []],
  ["bob ALL=(root) /usr/bin/systemctl restart nginx, /usr/bin/systemctl stop nginx", []],
  ["bob ALL=(www-data) /bin/sh", []],
  ["root ALL=(ALL:ALL) ALL", []],
  ["#1000 ALL=(root) CWD=/ NOPASSWD: NOSETENV: /usr/libexec/sallyport/sallyport-helper", []],
];

test.each(ROWS)("%s", (line, found) => {
  const unique = [...new Set(rules(readSudoersText(`${line}\n`)))];
  expect(unique.toSorted()).toEqual([...new Set(found)].toSorted());
});

test("who can write a program, or the script that is run, is root", () => {
  const flaw = (path: string): string | null =>
    path === "/opt/run" || path === "/opt/x.py" ? `${path} belongs to uid 1000` : null;
  expect(rules(readSudoersText("bob ALL=(root) /opt/run\n"), flaw)).toEqual(["CRITICAL writable"]);
  expect(rules(readSudoersText("bob ALL=(root) /usr/bin/python3 /opt/x.py\n"), flaw)).toEqual([
    "CRITICAL writable-script",
  ]);
});

test("aliases, continued lines, comments and tags that go on are read", () => {
  const text = `User_Alias OPS = bob, %ops # people
Cmnd_Alias SH = /bin/sh, \\
    /bin/zsh
OPS ALL=(root) NOPASSWD: SH, PASSWD: /usr/bin/id
@includedir /etc/sudoers.d
`;
  const { grants } = readSudoersText(text);
  expect(grants.map(({ command, withoutPassword }) => [command, withoutPassword])).toEqual([
    ["/bin/sh", true],
    ["/bin/zsh", true],
    ["/usr/bin/id", false],
  ]);
  expect(grants[0]?.users).toEqual(["bob", "%ops"]);
});

/** Of the lab's trees: the same program as on a host of that distribution. */
const trees = globSync(join(homedir(), ".cache/sallyport/trees/*.*/usr/bin/cvtsudoers")).map(
  (file) => file.replace(/\/usr\/bin\/cvtsudoers$/, ""),
);

// The lab makes the trees before any test; a run without a lab says so itself (test/lab/start.ts).
describe.each(trees)("cvtsudoers of %s", (tree) => {
  test.each(ROWS)("and our own reader say the same of %s", (line) => {
    const words = [tree, "/usr/bin/cvtsudoers", "-e", "-f", "json", "-"];
    const { stdout } = spawnSync("/usr/sbin/chroot", words, {
      input: `${line}\n`,
      encoding: "utf8",
    });
    const read = readCvtsudoers(stdout);
    expect(read).not.toBeNull();
    const mine = readSudoersText(`${line}\n`);
    expect([...new Set(rules(read ?? { grants: [], defaults: [] }))]).toEqual([
      ...new Set(rules(mine)),
    ]);
  });

  test("something else than its JSON is not taken for sudoers", () => {
    expect(readCvtsudoers("{")).toBeNull();
    expect(readCvtsudoers('{"User_Specs":[{"User_List":"bob"}]}')).toBeNull();
  });
});
