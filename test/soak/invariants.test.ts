/** That each invariant of a soak can fail: what would break it is planted on a real host, and is named. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtDeb } from "../packaging/deb.ts";
import { describeInLab } from "../lab/host.ts";
import { askOnce, askSession } from "./asking.ts";
import { LOGS, prepare, type Ground } from "./ground.ts";
import { examine } from "./invariants.ts";
import { openLab, type Lab, type Machine } from "./machine.ts";
import { memoryFindings } from "./memory.ts";
import { grantFlaws } from "./records-invariant.ts";
import { settle } from "./rest.ts";
import { beginStory } from "./story.ts";
import { written } from "./spelling.ts";
import { markFlaws } from "./unsandboxed-invariant.ts";
import { MARKS } from "./unsandboxed-operations.ts";

const PATIENCE_MS = 500;
const LOG = `${LOGS}/audit.jsonl`;

/** `plant` and `undo` are for sh(1), where `$secret`, `$hex` and `$base64` are a person's password. */
type Row = { what: string; plant: string; undo: string; broken: string; flaw: RegExp };
const KEEP_LOG = `cp -p ${LOG} /root/log`;
const LOG_BACK = `cat /root/log >${LOG}`;
/** From where the last restart begins. */
const CUT = `last=$(grep -n '"phase":"begin","argv":."service","restart","nginx"' /root/log | tail -n 1)
head -n $((\${last%%:*} - 1)) /root/log >${LOG}`;
const KEEP_DPKG = "cp /var/log/dpkg.log /root/dpkg.log";
const DPKG_BACK = "cat /root/dpkg.log >/var/log/dpkg.log";

/** What does not hide another is planted at once. */
const ROUNDS: { rows: Row[]; along?: string[] }[] = [
  {
    rows: [
      {
        what: "a record is taken out",
        plant: `${KEEP_LOG}; sed -i '/"service","stop","cron"/d' ${LOG}`,
        undo: LOG_BACK,
        broken: "audit verify",
        flaw: /records are missing/,
      },
    ],
    along: ["answers are on record"],
  },
  {
    rows: [
      {
        what: "the end of the log is cut off, which root has signed",
        plant: `${KEEP_LOG}; ${CUT}`,
        undo: LOG_BACK,
        broken: "audit verify",
        flaw: /it was cut/,
      },
      {
        what: "an answer is not on record",
        plant: "",
        undo: "",
        broken: "answers are on record",
        flaw: /service restart nginx was answered ok, on record: $/,
      },
    ],
    along: ["units and record"],
  },
  {
    rows: [
      {
        what: "the rule is gone",
        plant: "mv /etc/sudoers.d/zz-sallyport-uid1001 /root/rule",
        undo: "mv /root/rule /etc/sudoers.d/zz-sallyport-uid1001",
        broken: "sudo",
        flaw: /the agent's rule: status 1/,
      },
      {
        what: "dpkg knows nothing of what is on record",
        plant: `${KEEP_DPKG}; sed -i /htop/d /var/log/dpkg.log`,
        undo: DPKG_BACK,
        broken: "packages and record",
        flaw: /package install htop at .* succeeded on record, and dpkg says not-installed/,
      },
      {
        what: "systemd knows nothing of what is on record",
        plant: "journalctl --rotate; journalctl --vacuum-time=1ms; logger on; journalctl --sync",
        undo: "",
        broken: "units and record",
        flaw: /service restart nginx at .* succeeded on record, and systemd did nothing/,
      },
    ],
  },
  {
    rows: [
      {
        what: "a step ran outside of the sandbox that nobody granted",
        plant: `echo planted >>${MARKS}`,
        undo: `rm ${MARKS}`,
        broken: "steps outside of sandboxes",
        flaw: /^step planted ran 1 times, granted 0$/,
      },
      {
        what: "the log ends in mid-record",
        plant: `${KEEP_LOG}; printf '{"v":1' >>${LOG}`,
        undo: LOG_BACK,
        broken: "audit verify",
        flaw: /not whole/,
      },
      {
        what: "a user may do without a password what the rule does not say",
        plant: `(umask 337; echo 'agent ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/planted)`,
        undo: "rm /etc/sudoers.d/planted",
        broken: "sudo",
        flaw: /may do more/,
      },
      {
        what: "a package is left half configured",
        plant: "dpkg --unpack /srv/repo/git_1.0_all.deb",
        undo: "dpkg --purge git",
        broken: "dpkg",
        flaw: /dpkg --audit: .*git/s,
      },
      {
        what: "a package is installed by hand",
        plant: "dpkg --install /srv/repo/trash-cli_1.0_all.deb",
        undo: "dpkg --purge trash-cli",
        broken: "packages and record",
        flaw: /dpkg: install trash-cli:all .*no request on record did that/,
      },
      {
        what: "a unit is restarted by hand",
        plant: "systemctl restart nginx; journalctl --sync",
        undo: "",
        broken: "units and record",
        flaw: /nginx starts at .*no request on record did that/,
      },
      {
        what: "a user's process is left over",
        plant:
          "setsid setpriv --reuid=agent --clear-groups sleep 77199 </dev/null >/dev/null 2>&1 &",
        undo: "pkill -fx 'sleep 77199'",
        broken: "no orphan process",
        flaw: /^agent sleep 77199$/,
      },
      {
        what: "root's process is left over",
        plant: "setsid sleep 77198 </dev/null >/dev/null 2>&1 &",
        undo: "pkill -fx 'sleep 77198'",
        broken: "no orphan process",
        flaw: /^root sleep 77198$/,
      },
      {
        what: "a mount is left over",
        plant: "mount -t tmpfs none /mnt",
        undo: "umount /mnt",
        broken: "no mount",
        flaw: /^\/mnt tmpfs$/,
      },
      {
        what: "a staging folder is left over",
        plant: "mkdir /run/sallyport-planted",
        undo: "rmdir /run/sallyport-planted",
        broken: "no file half made",
        flaw: /^\/run\/sallyport-planted$/,
      },
      ...["secret", "hex", "base64"].map((how) => ({
        what: `a password is in a file, as ${how}`,
        plant: `printf 'some\\0%smore' "$${how}" >/var/tmp/planted-${how}`,
        undo: `rm /var/tmp/planted-${how}`,
        broken: "no secret on disk",
        flaw: new RegExp(`^a secret is in /var/tmp/planted-${how}$`),
      })),
      {
        what: "a password is in the journal",
        plant: 'logger "$secret"; journalctl --sync',
        undo: "",
        broken: "no secret on disk",
        flaw: /the journal$/,
      },
    ],
  },
];

describeInLab("a soak's invariants", () => {
  let lab: Lab;
  let ground: Ground;
  let machine: Machine;
  const broken = async () =>
    (await examine(ground, new Map(), PATIENCE_MS)).filter(({ flaws }) => flaws.length > 0);

  beforeAll(() => void builtDeb(), 300_000);
  beforeAll(async () => {
    lab = await openLab(1);
    ground = await prepare(
      lab,
      beginStory(() => {}),
    );
    machine = lab.machines[0] ?? machine;
    await askSession(ground, machine, [
      ["service", "restart", "nginx"],
      ["package", "install", "htop"],
    ]);
    await askOnce(ground, machine, "agent", ["service", "stop", "cron"]);
    await machine.script("sallyport audit checkpoint");
    await askOnce(ground, machine, "agent", ["service", "restart", "nginx"]);
    await machine.script("sallyport audit checkpoint");
    await settle(ground);
  });
  afterAll(async () => await lab.close());

  test("hold on a host where nothing is wrong", async () => {
    expect(await broken()).toEqual([]);
  });

  test("name what was begun, and who was not told, while a host is said to be locked down", async () => {
    const { lockdowns } = ground.story;
    const from = Date.now();
    await sleep(300);
    await askOnce(ground, machine, "agent", ["service", "restart", "nginx"]);
    await askOnce(ground, machine, "agent", ["service", "stop", "cron"]);
    lockdowns.push({ host: machine.name, from, to: Date.now() + 1 });
    await machine.script("sallyport audit checkpoint"); // what comes next cuts off the last restart
    const found = await broken().finally(() => lockdowns.pop());
    const flaws = found.flatMap(({ flaws: all }) => all.map((one) => one.replace(/ while.*/, "")));
    expect(found.map(({ invariant }) => invariant)).toEqual(["lock-downs"]);
    expect(flaws).toEqual([
      "service restart nginx was begun",
      "service restart nginx was answered ok",
      "service stop cron was answered not_allowed",
    ]);
  });

  test.each(ROUNDS)(
    "name what is planted: $rows.0.what, and more",
    async ({ rows, along = [] }) => {
      const [secret = "", hex = "", , base64 = ""] = written(ground.password);
      const words = `secret=${secret} hex=${hex} base64=${base64}\n`;
      const all = (part: "plant" | "undo"): string => rows.map((row) => `${row[part]}\n`).join("");
      await machine.script(words + all("plant"));
      const found = await broken().finally(() => machine.script(all("undo")));
      const missed = rows.filter(({ broken: invariant, flaw }) => {
        const flaws = found.find((one) => one.invariant === invariant)?.flaws ?? [];
        return !flaws.some((one) => flaw.test(one));
      });
      expect(
        missed.map(({ what }) => what),
        JSON.stringify(found),
      ).toEqual([]);
      const expected = new Set([...along, ...rows.map((row) => row.broken)]);
      expect(new Set(found.map(({ invariant }) => invariant))).toEqual(expected);
    },
  );
});

test("a grant that is used once too often is named", () => {
  const id = "0".repeat(32);
  const note = { phase: "note" as const, time: "", boot: "", requestId: "", argv: [] };
  const given = {
    ...note,
    uid: 0,
    decision: "reported",
    rule: `grant ${id} granted by uid 1000 for uid 1001, 2 uses`,
  };
  const used = { ...note, uid: 1001, decision: "used", rule: `grant ${id} by uid 1000: ` };
  const entries = [given, used, used].map((one, at) => ({ ...one, seq: at + 1 }));
  expect(grantFlaws(entries)).toEqual([]);
  expect(grantFlaws([...entries, { ...used, seq: 4 }])).toEqual([
    `record 4 uses grant ${id} once too often`,
  ]);
});

test("a step that ran more often than its grant was used is named", () => {
  const note = { phase: "note" as const, seq: 1, time: "", boot: "", requestId: "", uid: 1001 };
  const argv = ["grant", "use", '{"kind":"step","run":"r","step":"w-a"}'];
  const used = { ...note, argv, decision: "used", rule: "" };
  expect(markFlaws(["w-a"], [used])).toEqual([]);
  expect(markFlaws(["w-a"], [{ ...used, decision: "pending" }])).toHaveLength(1);
  expect(markFlaws(["w-a", "w-a", "w"], [used])).toEqual([
    "step w-a ran 2 times, granted 1",
    "step w ran 1 times, granted 0",
  ]);
});

test("memory that grows is named, noise is not", () => {
  const life = (grow: number) =>
    new Map([
      [
        "h1 sallyport 1/2",
        Array.from({ length: 60 }, (_, at) => ({
          at: at * 10,
          bytes: 1e8 + at * grow + (at % 7) * 1e6,
        })),
      ],
    ]);
  expect(memoryFindings(life(0))).toMatchObject([{ flaws: [] }]);
  expect(memoryFindings(life(1e6))).toMatchObject([
    { invariant: "memory of sallyport", flaws: [expect.stringMatching(/MiB a minute$/)] },
  ]);
});
