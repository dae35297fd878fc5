/** `sallyport doctor` on real hosts: each control broken for real, on each build of sudo. */
import { expect, test } from "vitest";
import { COMMAND_LINE_PATH } from "../../sudoers/helper-path.ts";
import { describeInLab, HELPER, ownHost, type Host } from "./host.ts";
import {
  asked,
  everywhere,
  helperAt,
  onEveryHost,
  OTHER_PROGRAM,
  ruleOf,
  SET_UP,
  staged,
} from "./stage.ts";

type Row = { name: string; lines: string; check: string; state: "warn" | "fail"; reason: RegExp };

const ROWS: Row[] = [
  {
    name: "a helper that others can write",
    lines: `${SET_UP}umount ${HELPER}
cp /opt/sallyport/sallyport-helper ${HELPER}
chmod 757 ${HELPER}
`,
    check: "helper owner",
    state: "fail",
    reason: /writable by others/,
  },
  {
    name: "a directory above the helper that is not root's",
    lines: `${SET_UP}chown 1001 /usr/local/libexec\n`,
    check: "helper owner",
    state: "fail",
    reason: /belongs to uid 1001/,
  },
  {
    name: "another program in the helper's place",
    lines: OTHER_PROGRAM + ruleOf(1001),
    check: "helper build",
    state: "fail",
    reason: /not of this build/,
  },
  {
    name: "no rule",
    lines: helperAt(),
    check: "rule of uid 1001",
    state: "fail",
    reason: /no sudoers rule/,
  },
  {
    name: "everything without a password",
    lines: `${SET_UP}echo '#1001 ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/a-blanket
chmod 440 /etc/sudoers.d/a-blanket
`,
    check: "gate for uid 1001",
    state: "warn",
    reason: /only decoration/,
  },
  {
    name: "another program without a password",
    lines: `${SET_UP}echo '#1001 ALL=(root) NOPASSWD: /usr/bin/vi' >/etc/sudoers.d/a-vi
chmod 440 /etc/sudoers.d/a-vi
`,
    check: "other rules of uid 1001",
    state: "warn",
    reason: /"\/usr\/bin\/vi"/,
  },
  {
    name: "no command line of root's",
    lines: helperAt() + ruleOf(1001),
    check: "sudo sallyport",
    state: "warn",
    reason: /nobody can approve/,
  },
  {
    name: "a link to a program of the agent's before all others",
    lines: `${SET_UP}cp /bin/true /srv/sallyport; chown agent /srv/sallyport
ln -sf /srv/sallyport /usr/local/sbin/sallyport
`,
    check: "sudo sallyport",
    state: "fail",
    reason: /another's program: \/srv\/sallyport belongs to uid 1001/,
  },
  {
    name: "a link to a link of the agent's",
    lines: `${SET_UP}mkdir /srv/own; ln -s ${COMMAND_LINE_PATH} /srv/own/way; chown -hR agent /srv/own
ln -sf /srv/own/way /usr/local/sbin/sallyport
`,
    check: "sudo sallyport",
    state: "fail",
    reason: /another's program: \/srv\/own belongs to uid 1001/,
  },
  {
    name: "a link that leads nowhere",
    lines: `${SET_UP}umount ${COMMAND_LINE_PATH}; rm ${COMMAND_LINE_PATH}\n`,
    check: "sudo sallyport",
    state: "fail",
    reason: /leads nowhere/,
  },
  {
    name: "a command line of another build",
    lines: `${SET_UP}umount ${COMMAND_LINE_PATH}
printf '#!/bin/sh\\necho sallyport 0.0.9\\n' >${COMMAND_LINE_PATH}
chmod 755 ${COMMAND_LINE_PATH}
`,
    check: "sudo sallyport",
    state: "warn",
    reason: /another build/,
  },
  {
    name: "a malformed narrowing",
    lines: `${SET_UP}mkdir /etc/sallyport\necho '{' >/etc/sallyport/policy.json\n`,
    check: "policy",
    state: "fail",
    reason: /unusable/,
  },
];

type Finding = { check: string; state: string; reason: string; hint: string | null };

type Options = { user?: "agent" | "root"; wrapper?: string[] };

async function doctor(host: Host, lines: string, options: Options = {}) {
  const { status, stdout } = await staged(host, lines, ["doctor", "--json"], options);
  return { status, ...(JSON.parse(stdout) as { v: 1; success: boolean; findings: Finding[] }) };
}

function statesOf(findings: Finding[]): Record<string, string> {
  return Object.fromEntries(findings.map(({ check, state }) => [check, state]));
}

describeInLab("doctor", () => {
  test.each(ROWS)("sees $name", async ({ lines, check, state, reason }) => {
    const seen = await onEveryHost(async (host) => {
      const { status, success, findings } = await doctor(host, lines);
      return { status, success, finding: findings.find((found) => found.check === check) };
    });
    const finding = expect.objectContaining({ state, reason: expect.stringMatching(reason) });
    const success = state !== "fail";
    expect(seen).toEqual(everywhere({ status: success ? 0 : 1, success, finding }));
  });

  test("its JSON is one object of a fixed shape", async () => {
    const { status, ...object } = await doctor(ownHost(), SET_UP);
    expect(status).toBe(0);
    expect(Object.keys(object)).toEqual(["v", "success", "findings"]);
    const shapes = object.findings.map((finding) => Object.keys(finding).join());
    expect([...new Set(shapes)]).toEqual(["check,state,reason,hint"]);
  });

  test("sees no_new_privs", async () => {
    const { status, findings } = await doctor(ownHost(), SET_UP, {
      wrapper: ["setpriv", "--no-new-privs"],
    });
    expect(status).toBe(1);
    expect(statesOf(findings)).toMatchObject({ no_new_privs: "fail" });
  });

  test("sees a broken audit chain, as root", async () => {
    const lines = `${SET_UP}${asked(["policy"])}${asked(["service", "stop", "cron"])}
sed -i 's/not_allowed/allow/' /var/log/sallyport/audit.jsonl
`;
    const { status, findings } = await doctor(ownHost(), lines, { user: "root" });
    expect(status).toBe(1);
    expect(statesOf(findings)).toMatchObject({ "audit log": "fail" });
  });

  test("fails nothing where all is set up, and calls nothing ok that it could not try", async () => {
    const seen = await onEveryHost(async (host) => {
      const { status, findings } = await doctor(host, SET_UP);
      return { status, states: statesOf(findings) };
    });
    const states = expect.objectContaining({
      no_new_privs: "ok",
      "helper owner": "ok",
      "helper build": "ok",
      "rule of uid 1001": "ok",
      "gate for uid 1001": "ok",
      "other rules of uid 1001": "ok",
      "sudo file": "ok",
      "sudo sallyport": "ok",
      policy: "ok",
      timestamp_type: "unknown",
      "audit log": "unknown",
    });
    expect(seen).toEqual(everywhere({ status: 0, states }));
  });

  test("as root examines every user with a rule, the tickets and the audit chain", async () => {
    const lines = SET_UP + ruleOf(1002) + asked(["service", "stop", "cron"]);
    const { status, findings } = await doctor(ownHost(), lines, { user: "root" });
    expect(status).toBe(0);
    expect(statesOf(findings)).toMatchObject({
      "rule of uid 1001": "ok",
      "rule of uid 1002": "ok",
      "gate for uid 1001": "ok",
      timestamp_type: "ok",
      use_pty: "ok",
      "audit log": "ok",
    });
  });
});
