import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ask } from "../../agent/client.ts";
import type { Host } from "../../agent/host.ts";
import { PLAIN_REPLY } from "./plain-reply.ts";
import { standInHost } from "./stand-in-host.ts";

const STATUS = { kind: "service", action: "status", name: "nginx" } as const;

let folder: string;
let host: Host;

/** A stand-in host: `sudo` is a script, and so is the helper. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sallyport-client-"));
  host = standInHost(folder);
  program("helper", `printf '%s\\n' '${JSON.stringify(PLAIN_REPLY)}'`);
});

afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

/** sudo that refuses to run anything, with these words; `-l` lists what is named. */
function refusing(words: string, lists = "nothing"): void {
  program("sudo", `[ "$2" = -l ] && { [ "$4" = '${lists}' ]; exit; }\necho '${words}' >&2\nexit 1`);
}

function rule(uid: number): void {
  writeFileSync(join(host.rules, `zz-sallyport-uid${uid}`), "");
}

const PASSWORD = "sudo: a password is required";

test("without sudo it says so", async () => {
  expect(await ask(STATUS, host)).toEqual({ kind: "sudo_missing" });
});

test("V26: with doas only it says that doas is not supported", async () => {
  program("doas", "");
  expect(await ask(STATUS, host)).toEqual({
    kind: "unsupported_elevator",
    found: join(folder, "doas"),
  });
});

test("without a helper it is not set up", async () => {
  program("sudo", "exit 0");
  rmSync(join(folder, "helper"));
  expect(await ask(STATUS, host)).toEqual({ kind: "not_set_up", uid: 1000 });
});

test("under no_new_privs sudo is not even started", async () => {
  program("sudo", `touch ${join(folder, "started")}`);
  writeFileSync(host.processStatus, "Name:\tnode\nNoNewPrivs:\t1\n");
  expect(await ask(STATUS, host)).toEqual({ kind: "no_new_privs" });
  expect(() => readFileSync(join(folder, "started"))).toThrow("ENOENT");
});

test.each([
  ["sudo", 'sudo: The "no new privileges" flag is set'],
  ["sudo-rs", "sudo: The no new privileges flag is set"],
])("no_new_privs is also understood from %s", async (_, words) => {
  refusing(words);
  expect(await ask(STATUS, host)).toEqual({ kind: "no_new_privs" });
});

test("a name with NUL is never sent", async () => {
  expect(await ask({ ...STATUS, name: "a\0b" }, host)).toEqual({ kind: "unsendable" });
});

test.each([PASSWORD, "sudo: interactive authentication is required"])(
  "%s, and no rule: the rule is missing",
  async (words) => {
    refusing(words);
    expect(await ask(STATUS, host)).toEqual({ kind: "rule_missing", uid: 1000, others: "none" });
  },
);

test("a rule directory that cannot be read: missing, and nothing is claimed about others", async () => {
  refusing(PASSWORD);
  host = { ...host, rules: join(folder, "unreadable") };
  expect(await ask(STATUS, host)).toEqual({ kind: "rule_missing", uid: 1000, others: "unknown" });
});

test("rules of others only: the rule is for another user", async () => {
  refusing(PASSWORD);
  rule(1001);
  rule(999);
  expect(await ask(STATUS, host)).toEqual({
    kind: "rule_other_user",
    uid: 1000,
    owners: [999, 1001],
  });
});

test("a rule of one's own that does not act is told apart", async () => {
  refusing(PASSWORD);
  rule(1000);
  expect(await ask(STATUS, host)).toEqual({ kind: "rule_without_effect", uid: 1000 });
});

test("a rule for the other installed helper is told apart", async () => {
  program("helper-2", "");
  refusing(PASSWORD, join(folder, "helper-2"));
  expect(await ask(STATUS, host)).toEqual({
    kind: "helper_differs",
    helper: join(folder, "helper"),
    granted: join(folder, "helper-2"),
  });
});

test("an account that PAM refuses is not mistaken for a missing rule", async () => {
  const account = "sudo: account validation failure, is your account locked?";
  refusing(`${account}\n${PASSWORD}`);
  expect(await ask(STATUS, host)).toEqual({ kind: "sudo_refused", text: account });
});

test("any other refusal keeps sudo's words", async () => {
  const words = "sudo: /etc/sudo.conf is owned by uid 1000, should be 0";
  refusing(words);
  expect(await ask(STATUS, host)).toEqual({ kind: "sudo_refused", text: words });
});

test.each([
  ["no JSON", "echo hello"],
  ["no output", "exit 0"],
  ["more than 1 MiB", "head -c 2000000 /dev/zero"],
  ["a contradicting status", `echo '${JSON.stringify(PLAIN_REPLY)}'; exit 77`],
])("%s is a bad reply", async (_, body) => {
  program("sudo", body);
  expect(await ask(STATUS, host)).toMatchObject({ kind: "bad_reply" });
});

test("a bad reply of a helper of another build is explained by that", async () => {
  program("sudo", "echo hello");
  host = { ...host, helperSha256: "0".repeat(64) };
  expect(await ask(STATUS, host)).toEqual({
    kind: "helper_differs",
    helper: join(folder, "helper"),
    granted: null,
  });
});

test("a helper of this build that replies badly is not said to differ", async () => {
  program("sudo", "echo hello");
  const bytes = readFileSync(join(folder, "helper"));
  host = { ...host, helperSha256: createHash("sha256").update(bytes).digest("hex") };
  expect(await ask(STATUS, host)).toMatchObject({ kind: "bad_reply" });
});

test("a request that only this side understands means that the helper differs", async () => {
  const error = { code: "usage", message: "usage: ..." };
  program("sudo", `echo '${JSON.stringify({ ...PLAIN_REPLY, success: false, error })}'; exit 64`);
  host = { ...host, helperSha256: "0".repeat(64) };
  expect(await ask(STATUS, host)).toMatchObject({ kind: "helper_differs" });
});

test("sudo gets the helper's words as arguments, in a written-out environment, with nothing on stdin", async () => {
  process.env["SALLYPORT_CANARY"] = "leaked";
  program(
    "sudo",
    `for word; do printf '%s\\n' "$word"; done >${folder}/argv
     { env; pwd; cat; } >${folder}/seen
     shift 2; exec "$@"`,
  );
  expect(await ask({ ...STATUS, name: "a b;$(id)" }, host)).toEqual({
    kind: "reply",
    reply: PLAIN_REPLY,
  });
  expect(readFileSync(join(folder, "argv"), "utf8").split("\n")).toEqual([
    "-n",
    "--",
    join(folder, "helper"),
    "service",
    "status",
    "a b;$(id)",
    "",
  ]);
  const seen = readFileSync(join(folder, "seen"), "utf8");
  expect(seen).toContain("LC_ALL=C\n");
  expect(seen).not.toContain("SALLYPORT_CANARY");
  delete process.env["SALLYPORT_CANARY"];
});

test("root asks the helper without sudo", async () => {
  expect(await ask(STATUS, { ...host, euid: 0 })).toEqual({ kind: "reply", reply: PLAIN_REPLY });
});
