/** Where the helper lies: who could have changed it, what else leads to it, and who starts it. */
import { beforeAll, expect, test } from "vitest";
import {
  describeInLab,
  exec,
  HELPER,
  ownHost,
  records,
  setUp,
  type Ended,
  type Host,
} from "../lab/host.ts";
import { callAs, readTrace, TRACED, WITH_SPY, type Called, type Case } from "./caller.ts";

const DIRECTORY = HELPER.replace(/\/[^/]*$/, "");
const SUDO = ["/usr/bin/sudo", "-n"];
const READ = [HELPER, "service", "status", "nginx"];

/** A helper of its own in a mount namespace, then `lines`, then the caller. */
function withCopy(lines: string): readonly string[] {
  const script = `umask 022
mount -t tmpfs -o mode=755 none /usr/local
mount -t tmpfs -o mode=1777 none /tmp
mkdir -p ${DIRECTORY}
cp /opt/sallyport/sallyport-helper ${HELPER}
${lines}
exec "$@"`;
  return ["unshare", "--mount", "sh", "-euc", script, "sh"];
}

type Row = readonly [title: string, lines: string];
const WRITABLE: readonly Row[] = [
  ["I01: the helper is its group's to write", `chmod 775 ${HELPER}`],
  ["I01: the helper is everybody's to write", `chmod 757 ${HELPER}`],
  ["I01: the helper is the agent's", `chown agent ${HELPER}`],
  ["I01: an ACL lets the agent write the helper", `setfacl -m u:agent:rwx ${HELPER}`],
  ["I01: its directory is the agent's", `chown agent ${DIRECTORY}`],
  ["I01: its directory is everybody's to write", `chmod 777 ${DIRECTORY}`],
  ["I01: an ACL lets the agent write its directory", `setfacl -m u:agent:rwx ${DIRECTORY}`],
  ["I01: a directory above it is its group's to write", `chmod 775 /usr/local/libexec`],
  ["I01: a directory above it is like /tmp", `chmod 1777 /usr/local`],
  [
    "V17: the path is a symlink to a copy of the agent's",
    `mv ${HELPER} /tmp/copy; chown agent /tmp/copy; ln -s /tmp/copy ${HELPER}`,
  ],
  [
    "V17: the path is a symlink to a copy of root's in the agent's directory",
    `mkdir /tmp/a; mv ${HELPER} /tmp/a/copy; chown agent /tmp/a; ln -s /tmp/a/copy ${HELPER}`,
  ],
  [
    "V17: the path leads through a symlink of the agent's",
    `mv /usr/local/libexec /tmp/libexec; chown -h agent /tmp/libexec; ln -s /tmp/libexec /usr/local/libexec`,
  ],
];

/** systemctl takes its time, and says so. */
const ACTING = "/run/attack.acting";
const SLOW_SPY = `mkdir -p /mnt/slow
mount -t tmpfs none /mnt/slow
cp /usr/bin/systemctl /mnt/slow/spy
printf '#!/bin/sh\\n>${ACTING}\\nuntil [ -e ${ACTING}.go ]; do sleep 0.02; done\\nexec /mnt/slow/spy "$@"\\n' >/mnt/slow/systemctl
chmod 755 /mnt/slow/systemctl
mount --bind /mnt/slow/systemctl /usr/bin/systemctl
rm -f ${ACTING}*`;
/** Runs the helper as the agent, does `lines` while it acts, and prints its answer. */
const MEANWHILE = (lines: string): string => `${SLOW_SPY}
setpriv --reuid=agent --regid=agent --init-groups -- sudo -n ${READ.join(" ")} >/tmp/answer &
for try in $(seq 1500); do [ ! -e ${ACTING} ] || break; sleep 0.02; done
[ -e ${ACTING} ]
${lines}
>${ACTING}.go
wait $!
cat /tmp/answer
rm -f ${ACTING}*`;

describeInLab("the helper's place", () => {
  let host: Host;
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  async function once(
    lines: string,
    run: readonly string[],
    user: "agent" | "root",
  ): Promise<Called> {
    const [called] = await callAs(host, [{ run }], { user, within: withCopy(lines) });
    if (called === undefined) throw new Error("not called");
    return called;
  }

  test.each(WRITABLE.map(([title, lines]) => ({ title, lines })))(
    "$title: unsafe, through sudo and by root, recorded, and nothing is done",
    async ({ lines }) => {
      const both = [
        await once(lines, [...SUDO, ...READ], "agent"),
        await once(lines, READ, "root"),
      ];
      const written = await records(host);
      for (const { status, reply } of both) {
        expect({ status, reply }).toMatchObject({
          status: 71,
          reply: { error: { code: "unsafe" } },
        });
        // Where it lies is for the log alone.
        expect(reply?.error?.message).not.toMatch(/\/(?:usr|tmp)/);
        expect(written.filter(({ requestId }) => requestId === reply?.requestId)).toMatchObject([
          { phase: "refused", decision: "unsafe" },
        ]);
      }
    },
  );

  test("I01: the same copy in a directory of root's answers, so the above are refused for their place", async () => {
    expect((await once("", [...SUDO, HELPER, "version"], "agent")).reply).toMatchObject({
      success: true,
    });
    expect((await once("", [HELPER, "version"], "root")).reply).toMatchObject({ success: true });
  });

  test("I01: started without sudo by a user, it says so, starts nothing and leaves no record", async () => {
    const before = (await records(host)).length;
    const cases: Case[] = [
      [HELPER, "version"],
      READ,
      [HELPER],
      [HELPER, "package", "install", "curl"],
    ].map((run) => ({ run }));
    const called = await callAs(host, cases, { within: TRACED });
    const trace = await readTrace(host);
    for (const { status, reply, pid } of called) {
      expect({ status, reply }).toMatchObject({
        status: 77,
        reply: { error: { code: "not_root" } },
      });
      expect(trace.family(pid)).toEqual([pid]);
    }
    expect(await records(host)).toHaveLength(before);
  });

  test("I01: a copy of the agent's own is not the rule's, is not root, and is unsafe for root", async () => {
    const copy = "/tmp/sallyport-helper";
    const lines = `cp ${HELPER} ${copy}; chown agent ${copy}`;
    expect(await once(lines, [...SUDO, copy, "version"], "agent")).toMatchObject({
      status: 1,
      stdout: "",
    });
    expect((await once(lines, [copy, "version"], "agent")).reply?.error?.code).toBe("not_root");
    expect((await once(lines, [copy, "version"], "root")).reply?.error?.code).toBe("unsafe");
  });

  test("V17: a hard link in a directory of the agent's is unsafe, but sudo starts what the rule names", async () => {
    const link = "/usr/local/agents/sallyport-helper";
    const lines = `mkdir /usr/local/agents; ln ${HELPER} ${link}; chown agent /usr/local/agents`;
    const called = await once(lines, [...SUDO, link, "version"], "agent");
    // 1.9.13 compares inodes, and then runs the rule's own path; later ones refuse.
    expect(called.reply).toMatchObject({ success: true, data: { kind: "version" } });
    expect((await once(lines, [link, "version"], "root")).reply?.error?.code).toBe("unsafe");
  });

  test("V17: a symlink of the agent's and /x/../x lead to the same helper with the same policy", async () => {
    const lines = `mkdir /tmp/x; ln -s ${HELPER} /tmp/x/sallyport-helper; chown -h agent /tmp/x /tmp/x/*`;
    const paths = ["/tmp/x/sallyport-helper", HELPER.replace("/local", "/local/../local")];
    for (const path of paths)
      for (const name of ["nginx", "cron"]) {
        const run = [...SUDO, path, "service", "status", name];
        const { reply, status } = await once(lines, run, "agent");
        if (name === "nginx") expect(reply).toMatchObject({ success: true });
        else
          expect({ status, reply }).toMatchObject({
            status: 77,
            reply: { error: { code: "not_allowed" } },
          });
      }
  });

  test.each([
    ["V18: written in place while it runs", `! printf x >>${HELPER}`, /Text file busy/],
    [
      "V18: renamed over while it runs",
      `printf '#!/bin/sh\\necho replaced\\n' >${HELPER}.new; chmod 755 ${HELPER}.new; mv -f ${HELPER}.new ${HELPER}`,
      /^$/,
    ],
    ["V18: deleted while it runs", `rm ${HELPER}`, /^$/],
    ["V18: made the agent's while it runs", `chown agent ${HELPER} ${DIRECTORY}`, /^$/],
  ])("%s, it ends what it began, by what it was", async (_, lines, said) => {
    const within = [...withCopy(""), ...WITH_SPY];
    const script = MEANWHILE(lines);
    const ended: Ended = await exec(host, "root", [...within, "sh", "-euc", script, "sh"]);
    expect(ended.status, ended.stderr).toBe(0);
    expect(ended.stderr).toMatch(said);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      success: true,
      data: { unit: "nginx.service" },
    });
  });

  test("V18: whatever replaced it is what the next call meets, and sudo's rule is by path", async () => {
    const lines = `cp /usr/bin/false ${HELPER}`;
    expect(await once(lines, [...SUDO, HELPER, "version"], "agent")).toMatchObject({
      status: 1,
      stdout: "",
    });
  });
});
