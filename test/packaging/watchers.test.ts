/**
 * What the package's timers and paths do on a real host: sign the audit log, and tell an administrator's program what waits.
 * The tests of this file are steps: each needs the ones before.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { arrange, arrangeScript, AUDIT, describeInLab, ownHost } from "../lab/host.ts";
import { DEB, installedHost } from "./installed-host.ts";

const HELPER = "/usr/libexec/sallyport/sallyport-helper";
const CHECKPOINTS = "/var/log/sallyport/checkpoints.jsonl";
const [KEY, PUBLIC] = ["/var/lib/sallyport/checkpoint.key", "/var/log/sallyport/checkpoint.pub"];
const GRANTS = "/var/lib/sallyport/grants";
const [TELLER, TOLD] = ["/usr/local/sbin/tell", "/var/told"];
const WATCHERS = [
  "sallyport-checkpoint.timer",
  "sallyport-checkpoint.path",
  "sallyport-notify.path",
  "sallyport-notify.timer",
];
const NOTIFYING = WATCHERS.slice(2);
const SLOW = { timeout: 60_000, interval: 500 };

describeInLab("the package's watchers", () => {
  const host = ownHost();
  const { apt, as, clear, purge, states } = installedHost(host);
  const sallyport = (...words: string[]) => as("root", "sallyport", ...words);
  const denied = async (times: number): Promise<void> => {
    for (let at = 0; at < times; at += 1)
      await as("agent", "sudo", "-n", HELPER, "service", "stop", "cron");
  };
  const checkpoints = async (): Promise<{ seq: number }[]> => {
    const { stdout } = await as("root", "cat", CHECKPOINTS);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { seq: number });
  };
  const journal = async (unit: string): Promise<string> =>
    await arrange(host, "journalctl", "--no-pager", "-o", "cat", "-u", unit);

  beforeAll(async () => {
    await clear();
    const { status, stderr } = await apt("install", DEB);
    expect(status, stderr).toBe(0);
    await arrange(host, "sallyport", "setup-sudo", "--user", "agent");
  }, 300_000);
  afterAll(async () => {
    await arrangeScript(host, `rm -rf ${TELLER} ${TOLD} /var/copy`);
    await purge();
  }, 120_000);

  test("watch at once and after a reboot, and systemd finds no fault in them", async () => {
    expect(await states(...WATCHERS)).toEqual(WATCHERS.map(() => "active"));
    const enabled = await arrange(host, "systemctl", "is-enabled", ...WATCHERS);
    expect(enabled.trim().split("\n")).toEqual(WATCHERS.map(() => "enabled"));
    const units = [...WATCHERS, "sallyport-checkpoint.service", "sallyport-notify.service"];
    const found = await as("root", "systemd-analyze", "verify", "--man=no", ...units);
    expect(found).toMatchObject({ status: 0, stdout: "", stderr: "" });
  });

  test("the log is signed by a unit that may do nothing else, with a key of root's alone", async () => {
    await denied(3);
    await arrange(host, "systemctl", "start", "sallyport-checkpoint.service");
    expect(await journal("sallyport-checkpoint.service")).toMatch(/^signed: seq \d+ at .+, hash /m);
    const [first] = await checkpoints();
    expect(first?.seq).toBeGreaterThan(2);
    expect(await arrange(host, "stat", "-c", "%A %U %n", KEY, PUBLIC, CHECKPOINTS)).toBe(
      `-rw------- root ${KEY}\n-rw-r--r-- root ${PUBLIC}\n-rw-r----- root ${CHECKPOINTS}\n`,
    );
    const pem = (await sallyport("audit", "checkpoint", "--public-key")).stdout;
    expect(pem).toBe(await arrange(host, "cat", PUBLIC));
    await arrangeScript(host, `install -d /var/copy; cp ${PUBLIC} /var/copy/key.pem`);
    const verified = await sallyport("audit", "verify", "--key", "/var/copy/key.pem", "--json");
    expect(JSON.parse(verified.stdout)).toMatchObject({
      success: true,
      checkpoints: { count: 1, signaturesChecked: true, last: { seq: first?.seq } },
    });
  });

  test("nothing is signed twice, and nobody but root signs", async () => {
    expect((await sallyport("audit", "checkpoint")).stdout).toMatch(/^nothing new since seq \d+$/m);
    expect(await checkpoints()).toHaveLength(1);
    const asked = await as("agent", "sallyport", "audit", "checkpoint", "--json");
    expect(asked.status).toBe(77);
    expect(JSON.parse(asked.stdout)).toMatchObject({ error: { code: "not_root" } });
    const key = await as("agent", "cat", KEY);
    expect(key.status).toBe(1);
  });

  test("lock-down has it signed at once", async () => {
    await denied(2);
    await arrange(host, "touch", "/var/lib/sallyport/lockdown");
    await expect.poll(async () => (await checkpoints()).length, SLOW).toBe(2);
    await arrange(host, "rm", "/var/lib/sallyport/lockdown");
  });

  test("many who sign at once make checkpoints that hold, and one key", async () => {
    await denied(1);
    const signing = "for i in 1 2 3 4; do sallyport audit checkpoint & done; wait";
    await arrangeScript(host, signing);
    const verified = await sallyport("audit", "verify", "--key", "/var/copy/key.pem", "--json");
    expect(JSON.parse(verified.stdout)).toMatchObject({ success: true });
    expect((await checkpoints()).length).toBeGreaterThan(2);
  });

  const TAMPERED: [name: string, lines: string, found: RegExp][] = [
    ["its end cut off", `sed -i '$d' ${AUDIT}`, /and the log ends at record \d+: it was cut/],
    ["all of it emptied", `: >${AUDIT}`, /and the log ends at record 0: it was cut/],
    [
      "all of it gone, and begun anew",
      `rm ${AUDIT}; for i in $(seq 40); do ${HELPER} service stop cron >/dev/null || :; done`,
      /is not the one that was signed/,
    ],
    ["a record edited", `sed -i '2s/not_allowed/allow/' ${AUDIT}`, /broken in \d+ place/],
    ["a record taken out", `sed -i 2d ${AUDIT}`, /broken in \d+ place/],
    ["a record put in", `sed -i 2p ${AUDIT}`, /broken in \d+ place/],
    ["records exchanged", `sed -i '2{h;d};3G' ${AUDIT}`, /broken in \d+ place/],
    [
      "a checkpoint edited",
      `sed -i '1s/"seq":/"seq":1/' ${CHECKPOINTS}`,
      /its signature is not that of this key/,
    ],
    ["another key", `rm ${KEY} ${PUBLIC}`, /its signature is not that of this key|cannot be read/],
    [
      "the log others'",
      `chown agent ${CHECKPOINTS}`,
      /checkpoints\.jsonl belongs to uid 1001|its signature/,
    ],
  ];
  test.each(TAMPERED)("with %s nothing is signed, and that is loud", async (_, lines, found) => {
    const saved = "/var/copy/log";
    const { stdout: before } = await sallyport("audit", "verify", "--json");
    expect(JSON.parse(before)).toMatchObject({ success: true });
    await arrangeScript(host, `cp -a /var/log/sallyport ${saved}; cp -a ${KEY} /var/copy/own.key`);
    try {
      await arrangeScript(host, lines);
      const signing = await sallyport("audit", "checkpoint");
      expect(signing.status).not.toBe(0);
      expect(signing.stderr).toMatch(found);
      expect(signing.stdout).toBe("");
      const started = await as("root", "systemctl", "start", "sallyport-checkpoint.service");
      expect(started.status).not.toBe(0);
    } finally {
      await arrangeScript(
        host,
        `rm -rf /var/log/sallyport; mv ${saved} /var/log/sallyport; mv /var/copy/own.key ${KEY}
systemctl reset-failed`,
      );
    }
  });

  test("a log that was cut is found by verify and by doctor", async () => {
    await arrangeScript(host, `cp -a /var/log/sallyport /var/copy/log; sed -i '$d' ${AUDIT}`);
    const verified = await sallyport("audit", "verify", "--key", "/var/copy/key.pem");
    expect(verified.status).toBe(1);
    expect(verified.stderr).toMatch(/^sallyport: the audit log is not the one that was signed: /m);
    const doctor = JSON.parse((await sallyport("doctor", "--json")).stdout) as {
      findings: { check: string; state: string; reason: string }[];
    };
    expect(doctor.findings.find(({ check }) => check === "audit log")).toMatchObject({
      state: "fail",
      reason: expect.stringContaining("it was cut"),
    });
    await arrangeScript(host, "rm -rf /var/log/sallyport; mv /var/copy/log /var/log/sallyport");
  });

  test("who has a key is told when the checkpoints are gone", async () => {
    await arrange(host, "mv", CHECKPOINTS, "/var/copy/");
    const verified = await sallyport("audit", "verify", "--key", "/var/copy/key.pem");
    expect(verified).toMatchObject({ status: 1 });
    expect(verified.stderr).toContain("there are no checkpoints");
    await arrange(host, "mv", "/var/copy/checkpoints.jsonl", CHECKPOINTS);
  });

  const wish = (subject: string, claim = "it is broken"): string =>
    JSON.stringify({
      id: "of the file",
      uid: 1001,
      subject,
      claim,
      asked: "2026-07-22T10:00:00.000Z",
      stands: "pending",
    });
  const waits = async (id: string, text: string): Promise<void> => {
    const name = `${GRANTS}/1001-${id}`;
    await arrangeScript(
      host,
      `install -d -m 700 ${GRANTS}; umask 077; cat >${GRANTS}/new <<'END'\n${text}\nEND\nmv ${GRANTS}/new ${name}`,
    );
  };
  const teller = async (
    body: string,
    settings = `[${TELLER}, --mail]`,
    seconds = 30,
  ): Promise<void> =>
    void (await arrangeScript(
      host,
      `rm -rf ${TOLD} ${GRANTS} /etc/sallyport/settings.yaml /var/lib/sallyport/notified.json
cat >${TELLER} <<'END'\n#!/bin/sh\n${body}\nEND
chmod 755 ${TELLER}
cat >/etc/sallyport/settings.yaml <<'END'\nnotify: { command: ${settings}, seconds: ${seconds} }\nEND`,
    ));
  const told = async (): Promise<Record<string, unknown>[]> =>
    (await as("root", "cat", TOLD)).stdout
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const id = (letter: string): string => letter.repeat(32);

  test("a wish is told once, in one object, by itself", { timeout: 120_000 }, async () => {
    // Who looks sees all of it or nothing.
    await teller(
      `all=$(cat; echo "$*"; env | cut -d= -f1 | sort); printf '%s\\n' "$all" >>${TOLD}`,
    );
    await waits(id("a"), wish("service stop ssh", "urgent\u001b[2J\u202e"));
    await expect.poll(told, SLOW).toEqual([
      {
        v: 1,
        event: "waiting",
        host: expect.any(String),
        id: id("a"),
        uid: 1001,
        asked: "2026-07-22T10:00:00.000Z",
        subject: "service stop ssh",
        claim: "urgent\u001b[2J\u202e",
        show: `sudo sallyport show ${id("a")}`,
      },
    ]);
    const text = await arrange(host, "cat", TOLD);
    expect(text).toContain(String.raw`urgent\u001b[2J\u202e`);
    expect(
      text
        .split("\n")
        .slice(1)
        .filter((line) => line !== ""),
    ).toEqual(["--mail", "LC_ALL", "PATH", "PWD"]);
    await waits(id("b"), wish("service stop docker"));
    await expect.poll(async () => (await told()).length, SLOW).toBe(2);
    const unit = "sallyport-notify.service";
    await expect.poll(() => states(unit), SLOW).toEqual(["inactive"]);
    expect(await sallyport("notify")).toMatchObject({ status: 0, stdout: "" });
    expect(await told()).toHaveLength(2);
  });

  test("what an agent asks for is told, as it was asked", async () => {
    await arrangeScript(host, `rm ${GRANTS}/*`);
    const words = ["request", "--why", "it hangs", "service", "stop", "fail2ban"];
    const asked = await as("agent", "sallyport", ...words);
    expect(asked.status, asked.stderr).toBe(0);
    await expect
      .poll(told, SLOW)
      .toContainEqual(
        expect.objectContaining({ uid: 1001, subject: "service stop fail2ban", claim: "it hangs" }),
      );
  });

  test("the same wish, asked again after it was decided, is told again", async () => {
    await arrangeScript(host, `rm ${GRANTS}/*`);
    await waits(id("a"), wish("service stop ssh"));
    await expect.poll(async () => (await told()).length, SLOW).toBe(4);
  });

  const FAILING: [name: string, body: string, why: RegExp, seconds?: number][] = [
    ["fails", `echo once >>${TOLD}; exit 3`, /ended with 3/],
    ["hangs", `echo once >>${TOLD}; sleep 1000`, /took longer than 1 s/, 1],
    ["reads nothing and says much", `echo once >>${TOLD}; yes | head -c 5000000; exit 1`, /with 1/],
    ["kills itself", `echo once >>${TOLD}; kill -9 $$`, /ended with a signal/],
  ];
  test.each(FAILING)(
    "a program that %s is tried three times, and changes nothing",
    { timeout: 120_000 },
    async (_, body, why, seconds = 30) => {
      await arrange(host, "systemctl", "stop", ...NOTIFYING, "sallyport-notify.service");
      await teller(body, `[${TELLER}]`, seconds);
      await waits(id("c"), wish("service stop ssh"));
      for (let at = 0; at < 3; at += 1) {
        const ended = await sallyport("notify");
        expect(ended.status).toBe(1);
        expect(ended.stderr).toMatch(why);
      }
      expect(await sallyport("notify")).toMatchObject({ status: 0, stderr: "" });
      expect(await arrange(host, "grep", "-c", "once", TOLD)).toBe("3\n");
      expect(await arrange(host, "ls", GRANTS)).toBe(`1001-${id("c")}\n`);
      await arrange(host, "systemctl", "start", ...NOTIFYING);
    },
  );

  const UNSAFE: [name: string, lines: string, why: RegExp][] = [
    ["an agent's program", `chown agent ${TELLER}`, /tell belongs to uid 1001/],
    ["a program that others write", `chmod 777 ${TELLER}`, /tell is writable by others/],
    ["a program in an agent's folder", "", /home\/agent belongs to uid 1001/],
    ["no program", `chmod 644 ${TELLER}`, /tell is no program/],
    ["an agent's folder of wishes", `chown agent ${GRANTS}`, /grants belongs to uid 1001/],
    ["an agent's settings", "chown agent /etc/sallyport/settings.yaml", /belongs to uid 1001/],
    ["malformed settings", "echo x >>/etc/sallyport/settings.yaml", /settings\.yaml:/],
  ];
  test.each(UNSAFE)("nothing is run by %s", async (name, lines, why) => {
    const folder = name === "a program in an agent's folder";
    await arrange(host, "systemctl", "stop", ...NOTIFYING, "sallyport-notify.service");
    await teller(`cat >>${TOLD}`, folder ? "[/home/agent/tell]" : `[${TELLER}]`);
    if (folder) await arrange(host, "cp", TELLER, "/home/agent/tell");
    await waits(id("d"), wish("service stop ssh"));
    await arrangeScript(host, lines);
    const ended = await sallyport("notify");
    expect(ended.status).toBe(71);
    expect(ended.stderr).toMatch(why);
    expect(await told()).toEqual([]);
    await arrangeScript(host, `chown root ${GRANTS} ${TELLER}; rm -f /home/agent/tell`);
  });

  test("what is no wish is passed over, and the others are told", async () => {
    await teller(`cat >>${TOLD}`);
    await waits(id("e"), "{");
    await waits(id("f"), wish("x".repeat(20_000), "y".repeat(5000)));
    await arrangeScript(
      host,
      `cd ${GRANTS}; ln -s /etc/shadow 1001-${id("1")}; mkfifo 1001-${id("2")}
mkdir 1001-${id("3")}; truncate -s 1G 1001-${id("4")}
touch ../evil; cp 1001-${id("f")} "1001-${id("5")} ; x"; sed s/pending/granted/ 1001-${id("f")} >1001-${id("6")}`,
    );
    const ended = await sallyport("notify", "--json");
    expect(ended.status).toBe(1);
    const { failed } = JSON.parse(ended.stdout) as { failed: { id: string }[] };
    expect(failed.map((one) => one.id).toSorted()).toEqual(["1", "2", "3", "4", "e"].map(id));
    const [one, ...more] = await told();
    expect(more).toEqual([]);
    expect(one).toMatchObject({
      id: id("f"),
      subject: `${"x".repeat(2048)}…`,
      claim: `${"y".repeat(512)}…`,
    });
  });

  test("an agent can neither run it nor see what was told", async () => {
    expect((await as("agent", "sallyport", "notify")).status).toBe(77);
    expect((await as("agent", "cat", "/var/lib/sallyport/notified.json")).status).toBe(1);
  });

  test("removal ends them, and signs the log once more", { timeout: 120_000 }, async () => {
    await arrangeScript(host, "rm -f /etc/sallyport/settings.yaml");
    await denied(1);
    const before = (await checkpoints()).length;
    expect((await apt("remove", "sallyport")).status).toBe(0);
    expect((await checkpoints()).length).toBe(before + 1);
    expect(await states(...WATCHERS)).toEqual(WATCHERS.map(() => "inactive"));
  });
});
