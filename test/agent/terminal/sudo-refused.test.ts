/** Steps that get no sudo, on five builds of it, and why. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arrangeScript, describeInLab } from "../../lab/host.ts";
import {
  everywhere,
  PASSWORD,
  prepareTerminals,
  processes,
  ROOT,
  runSteps,
  sudoersWith,
  terminalHosts,
  the,
  tickets,
} from "./terminal-host.ts";

/** PAM lines around the password: each question is counted, and answered after some time. */
const countedPam = (seconds: number): string => `
printf '#!/bin/sh\\necho asked >>/run/questions\\n' >/usr/bin/question
printf '#!/bin/sh\\nsleep ${seconds}\\n' >/usr/bin/slow
chmod 755 /usr/bin/question /usr/bin/slow
: >/run/questions
chmod 666 /run/questions
for service in sudo sudo-i; do
{ echo 'auth optional pam_exec.so quiet /usr/bin/question'
echo '@include common-auth'
echo 'auth required pam_exec.so quiet /usr/bin/slow'
echo '@include common-account'
echo 'session required pam_permit.so'; } >/etc/pam.d/$service
done`;

const EXPIRED = "chage --expiredate 1 ops";
const NO_GROUP = "sed -i '/^%sudo/d' /etc/sudoers";

type Row = {
  name: string;
  lines?: string;
  wrapper?: string[];
  why: object;
  /** Of sudo-rs 0.2.5, which tells less. */
  whyR5?: object;
  /** The builds that know it. */
  only?: RegExp;
};
const REFUSALS: Row[] = [
  { name: "a wrong password", why: { kind: "wrong_password" } },
  { name: "no sudo", lines: "rm /usr/bin/sudo", why: { kind: "no_sudo" } },
  {
    name: "no_new_privs",
    wrapper: ["setpriv", "--no-new-privs"],
    why: { kind: "no_new_privs" },
  },
  { name: "a user whom no rule is for", lines: NO_GROUP, why: { kind: "not_in_sudoers" } },
  {
    name: "an expired account",
    lines: EXPIRED,
    why: expect.objectContaining({ kind: "account_unusable" }),
  },
  { name: "a locked account", lines: "usermod --lock ops", why: { kind: "wrong_password" } },
  {
    name: "NOPASSWD for everything",
    lines: `${NO_GROUP}\n${sudoersWith("ops ALL=(ALL) NOPASSWD: ALL")}`,
    why: { kind: "no_password_needed" },
  },
  {
    name: "timestamp_timeout=0",
    lines: sudoersWith("Defaults timestamp_timeout=0"),
    why: { kind: "no_tickets" },
  },
  {
    name: "targetpw",
    lines: sudoersWith("Defaults targetpw"),
    why: { kind: "password_of_another", user: "root" },
    whyR5: { kind: "no_tickets" },
  },
  {
    name: "rootpw",
    lines: sudoersWith("Defaults rootpw"),
    why: { kind: "password_of_another", user: "root" },
    whyR5: { kind: "no_tickets" },
  },
  // sudo-rs knows neither of these two, and says so at each call.
  {
    name: "timestamp_type=global",
    lines: sudoersWith("Defaults timestamp_type=global"),
    why: { kind: "tickets_shared" },
    only: /sudo-[ABC]$/,
  },
  {
    name: "timestamp_type=ppid",
    lines: sudoersWith("Defaults timestamp_type=ppid"),
    why: { kind: "tickets_by_parent" },
    only: /sudo-[ABC]$/,
  },
];

describeInLab("a step with sudo", () => {
  let close = (): void => {};
  beforeAll(async () => {
    close = await prepareTerminals();
  });
  afterAll(() => close());

  describe("is refused, and leaves nothing", () => {
    test.each(REFUSALS)("for $name", async ({ name, why, whyR5 = why, only = /./, ...stage }) => {
      const password = name === "a wrong password" ? "wrong" : PASSWORD;
      const hosts = terminalHosts(only);
      const seen = await Promise.all(
        hosts.map(async (host) => {
          const [result] = await runSteps(host, [ROOT], { ...stage, password });
          const left = [await processes(host), await tickets(host)];
          return [host.name, { end: result?.end, output: result?.output, left }];
        }),
      );
      const expected = hosts.map((host) => {
        const end = { kind: "refused", why: host.name === "sudo-R5" ? whyR5 : why };
        return [host.name, { end, output: "", left: [[], 0] }];
      });
      expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(expected));
    });
  });

  test("with a wrong password is told within 5 s, and four of them try it once", async () => {
    const seen = await everywhere(async (host) => {
      const stage = { lines: countedPam(0), password: "wrong" };
      const results = await runSteps(host, [ROOT, ROOT, ROOT, ROOT], stage);
      const asked = await arrangeScript(host, "wc -l </run/questions");
      return {
        ends: results.map(({ end }) => end),
        late: results.filter(({ wholeMs }) => wholeMs > 5000).length,
        // sudo asks a second time, and is ended there, unanswered.
        asked: Number(asked) <= 2,
      };
    });
    const end = { kind: "refused", why: { kind: "wrong_password" } };
    expect(seen).toEqual(the({ ends: [end, end, end, end], late: 0, asked: true }));
  });

  test("waits for a PAM that takes its time", async () => {
    const seen = await everywhere(async (host) => {
      const [result] = await runSteps(host, [ROOT], { lines: countedPam(6) });
      return { end: result?.end, output: result?.output, slow: (result?.wholeMs ?? 0) > 6000 };
    });
    expect(seen).toEqual(the({ end: { kind: "exited", status: 0 }, output: "0\n", slow: true }));
  });
});
