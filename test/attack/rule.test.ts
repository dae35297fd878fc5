/** The sudoers rule under all five builds of sudo: what else it could be made to grant. */
import { beforeAll, describe, expect, test } from "vitest";
import { renderRule } from "../../sudoers/rules.ts";
import { arrangeScript, describeInLab, HELPER, sudoHosts } from "../lab/host.ts";
import { ATTRIBUTES, expectOutcome, type Attribute } from "./attributes.ts";
import { callAs, ENVIRONMENT, seenBySpy, WITH_SPY, type Called } from "./caller.ts";

const SUDO = "/usr/bin/sudo";
const VERSION = [HELPER, "version"];
const EVIL = "/tmp/attack-rule";

/**
 * refused: by sudo itself. harmless: some builds refuse it, others give the answer that the helper
 * always gives; what matters is that there is no third way.
 */
type Row = readonly [title: string, run: readonly string[], outcome: "refused" | "harmless"];
const ROWS: readonly Row[] = [
  ["V02: -u '#-1'", [SUDO, "-n", "-u", "#-1", ...VERSION], "refused"],
  ["V02: -u '#4294967295'", [SUDO, "-n", "-u", "#4294967295", ...VERSION], "refused"],
  ["V02: -u '#-01'", [SUDO, "-n", "-u", "#-01", ...VERSION], "refused"],
  ["V02: -u '#4294967296'", [SUDO, "-n", "-u", "#4294967296", ...VERSION], "refused"],
  ["V02: -u ops", [SUDO, "-n", "-u", "ops", ...VERSION], "refused"],
  ["V02: -u '#1000'", [SUDO, "-n", "-u", "#1000", ...VERSION], "refused"],
  ["V02: -u with no such user", [SUDO, "-n", "-u", "nobody-here", ...VERSION], "refused"],
  ["V02: -g ops", [SUDO, "-n", "-g", "ops", ...VERSION], "refused"],
  ["V02: -g shadow", [SUDO, "-n", "-u", "root", "-g", "shadow", ...VERSION], "refused"],
  ["V04: -R /tmp", [SUDO, "-n", "-R", "/tmp", ...VERSION], "refused"],
  ["V05: -h otherhost", [SUDO, "-n", "-h", "otherhost", ...VERSION], "refused"],
  ["V05: --host=otherhost", [SUDO, "-n", "--host=otherhost", ...VERSION], "refused"],
  ["V03: -e /etc/shadow", [SUDO, "-n", "-e", "/etc/shadow"], "refused"],
  ["V03: -e HELPER", [SUDO, "-n", "-e", HELPER], "refused"],
  ["V15: -E", [SUDO, "-n", "-E", ...VERSION], "harmless"],
  ["V15: --preserve-env", [SUDO, "-n", "--preserve-env=LD_PRELOAD,EDITOR", ...VERSION], "harmless"],
  ["V15: NODE_OPTIONS= before it", [SUDO, "-n", "NODE_OPTIONS=--inspect", ...VERSION], "refused"],
  ["V15: LD_PRELOAD= before it", [SUDO, "-n", `LD_PRELOAD=${EVIL}/x.so`, ...VERSION], "refused"],
  ["V17: -D /tmp", [SUDO, "-n", "-D", "/tmp", ...VERSION], "refused"],
  ["V16: -C 10", [SUDO, "-n", "-C", "10", ...VERSION], "refused"],
  ["V16: -s", [SUDO, "-n", "-s", ...VERSION], "refused"],
  ["V16: -i", [SUDO, "-n", "-i", ...VERSION], "refused"],
  ["V16: -s alone", [SUDO, "-n", "-s"], "refused"],
  ["V16: -S with nothing to read", [SUDO, "-S", "-p", "", "/usr/bin/id"], "refused"],
  ["V16: -A with a hostile askpass", [SUDO, "-A", "/usr/bin/id"], "refused"],
  ["V16: another command", [SUDO, "-n", "/usr/bin/id"], "refused"],
  ["V16: a shell", [SUDO, "-n", "/bin/sh", "-c", "id"], "refused"],
  ["V16: no command", [SUDO, "-n"], "refused"],
  ["V16: helper;id", [SUDO, "-n", `${HELPER};id`], "refused"],
  ["V16: the helper and a word in one", [SUDO, "-n", `${HELPER} version`], "refused"],
  ["V16: the helper and a newline", [SUDO, "-n", `${HELPER}\n`, "version"], "refused"],
  ["V16: the beginning of its name", [SUDO, "-n", HELPER.slice(0, -1)], "refused"],
  ["V16: its name and more", [SUDO, "-n", `${HELPER}2`], "refused"],
  ["V16: its directory", [SUDO, "-n", HELPER.replace(/[^/]*$/, "")], "refused"],
  ["V16: its bare name", [SUDO, "-n", "sallyport-helper", "version"], "refused"],
  ["V18: a copy of it", [SUDO, "-n", `${EVIL}/copy/sallyport-helper`, "version"], "refused"],
  [
    "V17: a slash too many",
    [SUDO, "-n", `/${HELPER.replace("/libexec", "//libexec")}`, "version"],
    "harmless",
  ],
  [
    "V17: /x/../x/helper",
    [SUDO, "-n", HELPER.replace("/usr", "/usr/../usr"), "version"],
    "harmless",
  ],
  [
    "V17: a symlink of the caller's",
    [SUDO, "-n", `${EVIL}/link/sallyport-helper`, "version"],
    "harmless",
  ],
  ["V17: a path from here", [SUDO, "-n", "./link/sallyport-helper", "version"], "harmless"],
  [
    "N02: a path that is an option of Node's",
    [SUDO, "-n", "--", "--env-file=/link/sallyport-helper", "version"],
    "harmless",
  ],
  [
    "N02: another one",
    [SUDO, "-n", "--", "--experimental-config-file=/link/sallyport-helper", "version"],
    "harmless",
  ],
  ["V01: a backslash at the end, with -s", [SUDO, "-n", "-s", "version\\"], "refused"],
  ["V01: 64 KiB of backslashes, with -s", [SUDO, "-n", "-s", "\\".repeat(65_536)], "refused"],
  ["V16: -l of a shell", [SUDO, "-n", "-l", "/bin/sh"], "refused"],
  ["V02: -u root", [SUDO, "-n", "-u", "root", ...VERSION], "harmless"],
  ["V02: -u '#0'", [SUDO, "-n", "-u", "#0", ...VERSION], "harmless"],
  ["V15: -H", [SUDO, "-n", "-H", ...VERSION], "harmless"],
  ["V15: -P", [SUDO, "-n", "-P", ...VERSION], "harmless"],
  ["V12: -k", [SUDO, "-n", "-k", ...VERSION], "harmless"],
];
/** As whoever runs it, with no rule of its own. */
const OTHERS: readonly Row[] = [
  ["V12: a user without a rule", [SUDO, "-n", ...VERSION], "refused"],
  ["V12: a user without a rule, as agent", [SUDO, "-n", "-u", "agent", ...VERSION], "refused"],
];

const CARELESS = [
  "Defaults setenv",
  "Defaults !env_reset",
  'Defaults env_keep+="NODE_OPTIONS LD_PRELOAD LD_AUDIT BASH_ENV PATH SYSTEMD_PAGER NODE_V8_COVERAGE OPENSSL_CONF"',
  'Defaults env_check+="NODE_OPTIONS PKG_EXECPATH"',
];
const HOSTILE = [
  ...ENVIRONMENT,
  `NODE_OPTIONS=--require=${EVIL}/x.cjs`,
  `NODE_V8_COVERAGE=${EVIL}/coverage`,
  `LD_PRELOAD=${EVIL}/x.so`,
  `LD_AUDIT=${EVIL}/x.so`,
  `OPENSSL_CONF=${EVIL}/x`,
  "PKG_EXECPATH=PKG_INVOKE_NODEJS",
  `BASH_ENV=${EVIL}/x`,
  `PATH=${EVIL}`,
  `SYSTEMD_PAGER=${EVIL}/x`,
  `EDITOR=${EVIL}/x -- /etc/shadow`,
  `SUDO_EDITOR=${EVIL}/x -- /etc/shadow`,
  `SUDO_ASKPASS=${EVIL}/x`,
  `SHELL=${EVIL}/x`,
  "SUDO_UID=0",
  "LANG=tr_TR.UTF-8",
];

const rule = renderRule(1001, HELPER);
const text = rule.kind === "rule" ? rule.text : "";

/** Helper and rule in a mount namespace, so that no other test sees what this one does to them. */
function stage(extra = ""): readonly string[] {
  const script = `umask 022
mkdir -p /usr/local/libexec
mount -t tmpfs -o mode=755 none /usr/local/libexec
mkdir /usr/local/libexec/sallyport
>${HELPER}
mount --bind /opt/sallyport/sallyport-helper ${HELPER}
mount -t tmpfs -o mode=755 none /etc/sudoers.d
printf %s "$1" >/etc/sudoers.d/zz-sallyport-uid1001
chmod 440 /etc/sudoers.d/zz-sallyport-uid1001
mount -t tmpfs -o mode=1777 none /tmp
mkdir -p ${EVIL}/link ${EVIL}/copy '${EVIL}/--env-file=/link' '${EVIL}/--experimental-config-file=/link'
cp /usr/bin/id ${EVIL}/copy/sallyport-helper
for dir in ${EVIL}/link '${EVIL}/--env-file=/link' '${EVIL}/--experimental-config-file=/link'; do
  ln -s ${HELPER} "$dir/sallyport-helper"
done
# The caller may run what it likes as itself: an askpass.
printf '#!/bin/sh\\n[ "$(/usr/bin/id -u)" != 0 ] || echo ran >${EVIL}/canary\\n' >${EVIL}/x
chmod 755 ${EVIL}/x
chown -R agent: ${EVIL}
${extra}
shift
exec "$@"`;
  return ["unshare", "--mount", "sh", "-euc", script, "sh", text];
}

/** The account's last day was in 1970: as \`chage -E 1\` writes it. */
const EXPIRED = `awk -F: -v OFS=: '$1 == "agent" { $8 = 1 } 1' /etc/shadow >/etc/sudoers.d/.shadow
chown root:shadow /etc/sudoers.d/.shadow
chmod 640 /etc/sudoers.d/.shadow
mount --bind /etc/sudoers.d/.shadow /etc/shadow`;

function expectNoThirdWay(called: Called | undefined, outcome: Row[2]): void {
  expect(called).toMatchObject({ late: false, obstacle: "" });
  if (called?.reply === null || outcome === "refused") {
    // 1 is sudo's own; Node and the helper have others.
    expect(called).toMatchObject({ status: 1, signal: 0, stdout: "" });
  } else {
    expect(called?.status).toBe(0);
    expect(called?.reply).toMatchObject({ success: true, data: { kind: "version" } });
  }
}

const BATTERY: readonly Attribute[] = ATTRIBUTES.filter(
  ({ title }) => !/sigpending|memlock|locks|msgqueue|rss|rtprio|as=3/.test(title),
);

describeInLab("the rule", () => {
  describe.each(sudoHosts().map((host) => ({ name: host.name, host })))("$name", ({ host }) => {
    let rows: Called[] = [];
    let others: Called[] = [];
    let expired: Called[] = [];
    let careless: Called[] = [];
    let attributes: Called[] = [];
    let plain: Called | undefined;
    let canary = "";

    beforeAll(async () => {
      const cases = ROWS.map(([, run]) => ({ run, cwd: EVIL, env: HOSTILE, kill: "20" }));
      const kept = ["sh", "-c", `"$@"; cat ${EVIL}/canary >/root/attack.canary || :`, "sh"];
      const within = [...stage(`${EVIL}/x >/dev/null; rm ${EVIL}/canary`), ...kept];
      [plain, ...rows] = await callAs(host, [{ run: [SUDO, "-n", ...VERSION] }, ...cases], {
        within,
      });
      canary = await arrangeScript(host, "cat /root/attack.canary; rm /root/attack.canary");
      others = await callAs(
        host,
        OTHERS.map(([, run]) => ({ run })),
        {
          user: "other",
          within: stage(),
        },
      );
      expired = await callAs(host, [{ run: [SUDO, "-n", ...VERSION] }], { within: stage(EXPIRED) });
      const read = [SUDO, "-n", HELPER, "service", "status", "nginx"];
      for (const line of CARELESS) {
        const site = stage(`printf '%s\\n' '${line}' >/etc/sudoers.d/a-careless-site`);
        const once = { run: read, env: HOSTILE, cwd: EVIL };
        careless.push(...(await callAs(host, [once], { within: [...site, ...WITH_SPY] })));
      }
      const battery = BATTERY.map(({ words, fields }) => ({ run: [...words, ...read], ...fields }));
      attributes = await callAs(host, battery, { within: [...stage(), ...WITH_SPY] });
    });

    test("answers what it is for", () => {
      expect(plain?.reply).toMatchObject({ success: true, data: { kind: "version" } });
    });

    test("V03: no editor, shell, askpass or pager of the caller's has run as root", () => {
      expect(canary).toBe("");
    });

    test.each(ROWS.map(([title, , outcome], at) => ({ title, outcome, at })))(
      "$title is $outcome",
      ({ outcome, at }) => {
        expectNoThirdWay(rows[at], outcome);
      },
    );

    test.each(OTHERS.map(([title], at) => ({ title, at })))("$title is refused", ({ at }) => {
      expectNoThirdWay(others[at], "refused");
    });

    test("I04: an expired account is refused", () => {
      expectNoThirdWay(expired[0], "refused");
    });

    test.each(CARELESS.map((line, at) => ({ line, at })))(
      "V15: a site's `$line` lets nothing in",
      ({ at }) => {
        expect(careless[at]).toMatchObject({ status: 0, reply: { success: true } });
        const [environment = ""] = seenBySpy(careless[at]?.reply ?? null)["env"] ?? [];
        expect(environment).toContain("PATH=/usr/sbin:/usr/bin:/sbin:/bin\0LANG=C.UTF-8");
        expect(environment).not.toContain(EVIL);
      },
    );

    test.each(BATTERY.map((attribute, at) => ({ ...attribute, at })))(
      "$title: $outcome",
      ({ at, ...attribute }) => {
        expectOutcome(attributes[at], attribute);
      },
    );
  });
});
