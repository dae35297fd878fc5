/** A caller on a terminal: pagers, and commands typed back into its shell. */
import { beforeAll, expect, test } from "vitest";
import { describeInLab, HELPER, ownHost, setUp, type Host } from "../lab/host.ts";
import {
  callAs,
  CHILDS_DESCRIPTORS,
  ENVIRONMENT,
  readTrace,
  seenBySpy,
  TRACED,
  WITH_SPY,
  type Called,
} from "./caller.ts";

const EVIL = "/home/agent/pager";
const HOSTILE = [
  ...ENVIRONMENT,
  `PAGER=${EVIL}`,
  `SYSTEMD_PAGER=${EVIL}`,
  "SYSTEMD_PAGERSECURE=0",
  "LESS=+!id",
  `LESSOPEN=|${EVIL} %s`,
  "LESSSECURE=0",
  "TERM=xterm",
  "COLUMNS=10",
];
const SUDO = ["/usr/bin/sudo", "-n", HELPER];
const READS = ["status", "logs"].map((action) => ["service", action, "nginx"]);

/** A terminal turns line feeds into carriage return and line feed. */
function oneObject({ stdout }: Called): Record<string, unknown> {
  expect(stdout).toMatch(/^\{[^\n]*\}\r\n$/);
  return JSON.parse(stdout) as Record<string, unknown>;
}

describeInLab("on a terminal", () => {
  let host: Host;
  let real: Called[] = [];
  let spied: Called[] = [];
  let [byRoot, redirected]: (Called | undefined)[] = [];
  let executed: string[] = [];

  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
    const cases = READS.map((words) => ({ run: [...SUDO, ...words], env: HOSTILE, pty: "1" }));
    real = await callAs(host, cases, { within: TRACED });
    executed = [...(await readTrace(host)).executed.values()].flat();
    spied = await callAs(host, cases, { within: WITH_SPY });
    const run = [HELPER, "service", "status", "nginx"];
    // Typed ahead, as a person does: `q` for a pager, and a command for a shell that nobody started.
    const type = "q!touch /tmp/typed\n";
    [byRoot, redirected] = await callAs(
      host,
      [
        { run, pty: "1", type },
        { run: ["/bin/sh", "-c", '"$@" </dev/tty >/dev/tty 2>&1', "sh", ...run], pty: "1", type },
      ],
      { user: "root", within: WITH_SPY },
    );
  });

  test("V22: no pager, editor or shell is started, whatever the environment names", () => {
    const programs = executed.map((call) => /^execve\("([^"]*)"/.exec(call)?.[1]);
    const ctl = ["/usr/bin/systemctl", "/usr/bin/journalctl"];
    const caller = ["/usr/bin/setpriv", "/usr/bin/perl", "/usr/bin/sudo"];
    expect(new Set(programs)).toEqual(new Set([...caller, HELPER, ...ctl]));
  });

  test("V22: every program of systemd is told to use no pager", () => {
    const calls = executed.filter((call) =>
      /^execve\("\/usr\/bin\/(?:system|journal)ctl"/.test(call),
    );
    expect(calls).toHaveLength(3);
    for (const call of calls) {
      expect(call).toContain('"--no-pager"');
      expect(call).toContain('"SYSTEMD_PAGER=cat", "SYSTEMD_PAGERSECURE=1", "SYSTEMD_COLORS=0"');
      expect(call).not.toContain(EVIL);
    }
  });

  test.each(READS.map((words, at) => ({ action: words[1], at })))(
    "V22: service $action answers one object without an escape sequence",
    ({ at }) => {
      const called = real[at] as Called;
      expect(called.status).toBe(0);
      expect(oneObject(called)).toMatchObject({ success: true, data: { unit: "nginx.service" } });
      expect(called.stdout).not.toContain("\u001b");
    },
  );

  test("V24: a child has no terminal, no descriptor of one, and its own session", () => {
    const called = spied[0] as Called;
    const reply = { ...oneObject(called) } as unknown as NonNullable<Called["reply"]>;
    expect(seenBySpy(reply)).toMatchObject({
      session: ["own"],
      terminal: ["0"],
      tty: ["No such device or address"],
      fd: CHILDS_DESCRIPTORS.map((path): unknown => expect.stringMatching(path)),
    });
  });

  test("V24: nothing could be typed into the terminal, neither through sudo nor by root without it", () => {
    for (const called of [spied[0], byRoot, redirected]) {
      const reply = JSON.parse(
        /^\{.*\}\r?$/m.exec(called?.stdout ?? "")?.[0] ?? "",
      ) as Called["reply"];
      expect(seenBySpy(reply)["typed"]).toBeUndefined();
      expect(seenBySpy(reply)["session"]).toEqual(["own"]);
    }
  });

  test("V24: on this kernel a program that has the terminal could, so the spy would have", async () => {
    const [called] = await callAs(host, [{ run: ["/usr/bin/systemctl"], pty: "1" }], {
      user: "root",
      within: WITH_SPY,
    });
    expect(called?.stdout).toMatch(/^spy typed 30\r$/m);
  });
});
