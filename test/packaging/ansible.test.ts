/** The Ansible role, played from this machine by Debian's ansible-core on hosts with an sshd of their own. */
import { spawn } from "node:child_process";
import { appendFileSync, copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { renderRule } from "../../sudoers/rules.ts";
import { pin, withServers, type Server } from "../inventory/ssh-place.ts";
import { arrange, arrangeScript, describeInLab, exec, ownHost, type Host } from "../lab/host.ts";
import { builtDeb, lacks, run } from "./deb.ts";

const dist = resolve(import.meta.dirname, "../../dist");
const packaged = resolve(import.meta.dirname, "../../packaging/ansible/roles");

/** Where systemd does not run, a package's maintainer scripts leave the host's own alone. */
const HOST = "mount -t tmpfs none /run/systemd";
const OVERRIDE = "/etc/sudoers.d/zzzz";

/** All that a run may touch, and leave. */
const SEEN = `find /etc /usr /opt /var/cache/sallyport.deb /var/lib/sallyport* /var/tmp /tmp /home -xdev \\
  -path /opt/sallyport -prune -o -path '*/.ansible*' -prune -o -path /home/ops -prune -o -printf '%M %u:%g %p %l\\n' 2>/dev/null | sort
cat /etc/sudoers.d/* /etc/passwd | sha256sum`;

type Played = { status: number | null; changed: number; said: string };

/** One play of the role on a server. */
async function play(
  { place, port }: Server,
  roles: string,
  variables: object,
  { check = false } = {},
): Promise<Played> {
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const site = [{ hosts: "all", become: true, gather_facts: false, roles: ["sallyport"] }];
  const ssh = `-F /dev/null -o UserKnownHostsFile=${join(folder, "known_hosts")} -o StrictHostKeyChecking=yes`;
  const host = {
    ansible_host: "127.0.0.1",
    ansible_port: port,
    ansible_user: "ops",
    ansible_become_password: "lab-ops-password",
    ansible_ssh_private_key_file: inject("lab")?.key,
    ansible_ssh_common_args: ssh,
    ansible_python_interpreter: "/usr/bin/python3",
  };
  const inventory = file("inventory.yml", JSON.stringify({ all: { hosts: { place: host } } }));
  const words = [
    "ansible-playbook",
    "-i",
    inventory,
    "-e",
    JSON.stringify(variables),
    file("site.yml", JSON.stringify(site)),
    ...(check ? ["--check"] : []),
  ];
  const child = spawn("/usr/bin/nsenter", [`--net=/proc/${place.pid}/ns/net`, ...words], {
    cwd: folder,
    env: {
      HOME: folder,
      PATH: "/usr/bin:/bin",
      LC_ALL: "C.UTF-8",
      ANSIBLE_LOCAL_TEMP: join(folder, "local"),
      ANSIBLE_NOCOLOR: "1",
      ANSIBLE_PIPELINING: "1",
      ANSIBLE_ROLES_PATH: roles,
      ANSIBLE_SSH_ARGS: "-o ControlMaster=auto -o ControlPersist=3s",
      ANSIBLE_SSH_CONTROL_PATH_DIR: join(folder, "control"),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const status = await new Promise<number | null>((done) => child.on("close", done));
  return { status, changed: Number(/\schanged=(\d+)/.exec(said)?.[1]), said };
}

let folder = "";
/** The role that `sallyport export ansible` writes, and a helper that is not the one it is for. */
let exported = "";
let other = "";

type Way = {
  name: string;
  roles: () => string;
  variables: () => object;
  wrong: () => object;
  helper: string;
};
const WAYS: Way[] = [
  {
    name: "from the package",
    roles: () => packaged,
    variables: () => ({ sallyport_package: builtDeb(), sallyport_users: ["agent"] }),
    wrong: () => ({ sallyport_package_sha256: "0".repeat(64) }),
    helper: "/usr/libexec/sallyport/sallyport-helper",
  },
  {
    name: "from the helper alone",
    roles: () => exported,
    variables: () => ({ sallyport_helper: join(dist, "sallyport-helper") }),
    wrong: () => ({ sallyport_helper: other }),
    helper: "/usr/local/libexec/sallyport/sallyport-helper",
  },
];

describeInLab("the Ansible role", { skip: lacks("ansible-playbook") }, () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sallyport-ansible-"));
    // Not `roles`: Ansible looks there first, wherever it is told to look.
    exported = join(folder, "exported");
    other = join(folder, "other-helper");
    copyFileSync("/usr/bin/true", other);
    const output = join(exported, "sallyport");
    run(join(dist, "sallyport"), ["export", "ansible", "--output", output, "--user", "1001"]);
    builtDeb();
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(WAYS)(
    "$name: a check changes nothing, a run sets it up, another changes nothing, absent removes it",
    { timeout: 400_000 },
    async ({ roles, variables, wrong, helper }) => {
      const rule = renderRule(1001, helper);
      if (rule.kind !== "rule") throw new Error(rule.kind);
      await withServers(ownHost(), 2501, [HOST], async ([server]) => {
        if (server === undefined) throw new Error("no server");
        const { place } = server;
        writeFileSync(join(folder, "known_hosts"), `${pin(server)}\n`);
        const seen = () => arrange(place, "sh", "-c", SEEN);
        const told = async (more: object = {}, options = {}): Promise<Played> =>
          await play(server, roles(), { ...variables(), ...more }, options);
        const bare = await seen();

        const foreseen = await told({}, { check: true });
        expect(foreseen, foreseen.said).toMatchObject({ status: 0 });
        expect(foreseen.changed).toBeGreaterThan(0);
        const mistaken = await told(wrong());
        expect(mistaken, mistaken.said).toMatchObject({ status: 2, changed: 0 });
        expect(mistaken.said).toMatch(/sallyport: \S+ is not there, or does not have the digest/);
        expect(await seen()).toBe(bare);

        const first = await told();
        expect(first, first.said).toMatchObject({ status: 0 });
        expect(first.changed).toBeGreaterThan(0);
        expect(await arrange(place, "cat", rule.path)).toBe(rule.text);
        expect(await works(place, helper)).toBe(true);

        const whole = await seen();
        for (const check of [false, true]) {
          const again = await told({}, { check });
          expect(again, again.said).toMatchObject({ status: 0, changed: 0 });
        }
        const removal = await told({ sallyport_state: "absent" }, { check: true });
        expect(removal, removal.said).toMatchObject({ status: 0 });
        expect(removal.changed).toBeGreaterThan(0);
        expect(await seen()).toBe(whole);

        const removed = await told({ sallyport_state: "absent" });
        expect(removed, removed.said).toMatchObject({ status: 0 });
        expect(removed.changed).toBeGreaterThan(0);
        expect(await arrangeScript(place, `ls -A /etc/sudoers.d ${helper} 2>&1 || :`)).not.toMatch(
          /zz-sallyport|helper$/m,
        );
        expect(await works(place, helper)).toBe(false);
        const absent = await told({ sallyport_state: "absent" });
        expect(absent, absent.said).toMatchObject({ status: 0, changed: 0 });
      });
    },
  );

  test.each(WAYS)(
    "$name: a rule that does not work is taken back, and the play fails with the reason",
    { timeout: 200_000 },
    async ({ roles, variables, helper }) => {
      const lines = `${HOST}\necho 'agent ALL=(ALL) PASSWD: ALL' >${OVERRIDE}; chmod 440 ${OVERRIDE}`;
      await withServers(ownHost(), 2501, [lines], async ([server]) => {
        if (server === undefined) throw new Error("no server");
        const { place } = server;
        writeFileSync(join(folder, "known_hosts"), `${pin(server)}\n`);
        const before = await arrange(place, "ls", "-lA", "/etc/sudoers.d");
        const played = await play(server, roles(), variables());
        expect(played, played.said).toMatchObject({ status: 2 });
        expect(played.said).toMatch(/"msg": "sallyport: .*(refuses the helper|: refused: )/);
        expect(await arrange(place, "ls", "-lA", "/etc/sudoers.d")).toBe(before);
        expect(await works(place, helper)).toBe(false);
      });
    },
  );

  test(
    "an exported rule is for the user and with the bytes it was exported with",
    { timeout: 200_000 },
    async () => {
      await withServers(ownHost(), 2501, [HOST], async ([server]) => {
        if (server === undefined) throw new Error("no server");
        const { place } = server;
        writeFileSync(join(folder, "known_hosts"), `${pin(server)}\n`);
        const variables = { sallyport_helper: join(dist, "sallyport-helper") };
        const before = await arrange(place, "sh", "-c", SEEN);

        const rule = { user: "other", uid: 1001, sha256: "0".repeat(64) };
        const renumbered = await play(server, exported, { ...variables, sallyport_rules: [rule] });
        expect(renumbered, renumbered.said).toMatchObject({ status: 2, changed: 0 });
        expect(renumbered.said).toContain("other is not the user with the number 1001");

        const edited = join(folder, "edited");
        cpSync(exported, edited, { recursive: true });
        appendFileSync(
          join(edited, "sallyport/files/rules/1001"),
          "other ALL=(ALL) NOPASSWD: ALL\n",
        );
        const refused = await play(server, edited, variables);
        expect(refused, refused.said).toMatchObject({ status: 2, changed: 0 });
        expect(refused.said).toMatch(
          /sallyport: rolled-back: upload: .*rule is not what was announced/,
        );
        expect(await arrange(place, "sh", "-c", SEEN)).toBe(before);
      });
    },
  );
});

async function works(place: Host, helper: string): Promise<boolean> {
  const { stdout } = await exec(place, "agent", ["/usr/bin/sudo", "-n", helper, "version"]);
  return stdout.includes('"success":true');
}
