/** One answer of `ssh -G` for many hosts, beside what ssh(1) itself says of each of them. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { answerForAll } from "../../inventory/ssh-config-files.ts";
import { SSH, sshArguments } from "../../inventory/ssh-arguments.ts";
import { readSshSettings } from "../../inventory/ssh-settings.ts";
import { put } from "./inventory-file.ts";

const AROUND = { home: "/home/ops", user: "ops", env: {} };
const target = (address: string, port: number | null = null) => {
  return { address, port, user: null, identityFile: null, proxy: null };
};

function ask(config: string, asked: ReturnType<typeof target>) {
  const words = ["-v", "-G", "-F", config, ...sshArguments(asked)];
  const { status, stdout, stderr } = spawnSync(SSH, words, { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return { stdout, stderr };
}

const ALONE = "Host web*\n  User deploy\n";
const CONFIGS: readonly { name: string; text: string; shared: boolean }[] = [
  { name: "nothing", text: "", shared: true },
  {
    name: "the same for all",
    text: "User deploy\nPort 2022\nHost *\n  HashKnownHosts yes\n  IdentityFile ~/.ssh/%h-%p\n",
    shared: true,
  },
  { name: "a file that is included", text: `Include ${put("Compression yes\n")}\n`, shared: true },
  { name: "a host", text: ALONE, shared: false },
  { name: "a host, in other words", text: '  hOsT="web*"\n  User deploy\n', shared: false },
  { name: "all but a host", text: "Host * !web1\n  User deploy\n", shared: false },
  { name: "a match", text: "Match host web1\n  User deploy\n", shared: false },
  {
    name: "a match for all, which may hide one",
    text: "Match all\n  User deploy\n",
    shared: false,
  },
  { name: "a host in a file that is included", text: `Include ${put(ALONE)}\n`, shared: false },
  { name: "a name made of the name", text: "HostName %h.example.org\n", shared: false },
  { name: "another name", text: "HostName web1.example.org\n", shared: false },
  { name: "names that are looked up", text: "CanonicalizeHostname yes\n", shared: false },
  { name: "a setting with the first in it", text: "ProxyJump web01\n", shared: false },
];

test.each(CONFIGS)("$name: one answer for all is $shared, and is what ssh(1) says", (config) => {
  const file = put(config.text);
  const first = target("web0", 22);
  const { stdout, stderr } = ask(file, first);
  const answer = answerForAll(stdout, stderr, first);
  expect(answer !== null).toBe(config.shared);
  for (const other of [target("web1", 2222), target("10.0.0.7", 22), target("fe80::1", 65535)]) {
    const text = answer?.(other) ?? null;
    expect(text !== null).toBe(config.shared);
    if (text !== null)
      expect(readSshSettings(text, AROUND)).toEqual(
        readSshSettings(ask(file, other).stdout, AROUND),
      );
  }
});

test("where no port is asked for, it is that of the file", () => {
  const file = put("Port 2022\n");
  const { stdout, stderr } = ask(file, target("web0"));
  const text = answerForAll(stdout, stderr, target("web0"))?.(target("web1")) ?? "";
  expect(readSshSettings(text, AROUND)).toMatchObject({ host: "web1", port: 2022 });
});

test.each(["WEB1", "web_1", "fe80::1%eth0", "yes", "-v"])("%s is asked for itself", (address) => {
  const { stdout, stderr } = ask(put(""), target("web0"));
  expect(answerForAll(stdout, stderr, target("web0"))?.(target(address))).toBeNull();
});

test("a host that another setting names is asked for itself", () => {
  const file = put("ProxyJump web1\n");
  const { stdout, stderr } = ask(file, target("web0"));
  const answer = answerForAll(stdout, stderr, target("web0"));
  expect(answer?.(target("web1"))).toBeNull();
  expect(answer?.(target("web2"))).toContain("proxyjump web1\n");
});

test("where ssh(1) does not say which files it read, or one cannot be read, nothing is shared", () => {
  const { stdout, stderr } = ask(put(""), target("web0"));
  expect(answerForAll(stdout, "", target("web0"))).toBeNull();
  const gone = stderr.replaceAll(/data .*/g, "data /nowhere/config");
  expect(answerForAll(stdout, gone, target("web0"))).toBeNull();
});
