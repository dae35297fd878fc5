/**
 * One sudoers rule for 50 hosts: `sallyport bootstrap-cluster-sudo`, what Ansible needs for the same, and what ssh(1)
 * and sudo(8) alone need. All from the same place, with the same keys and password, to the same servers, side by side.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { HELPER_PATHS } from "../../sudoers/helper-path.ts";
import { renderRule, type Rule } from "../../sudoers/rules.ts";
import { ANSIBLE, withAnsible } from "./ansible.ts";
import { HOME, openController, type Controller, type Cost } from "./enclosure.ts";
import type { BenchHost } from "./host.ts";
import { quantile, spread } from "./quantile.ts";
import type { Report } from "./report.ts";

const PROGRAM = resolve(import.meta.dirname, "../../dist/sallyport");
const HOSTS = Number(process.env["BENCH_HOSTS"] ?? 50);
const ROUNDS = Number(process.env["BENCH_ROUNDS"] ?? 3);
/** 127 MB on the way to each, unpacked there: fewer will do. */
const UPLOADS = 8;
const [TICK_MS, SAID_CHARACTERS] = [10, 4000];
const [PORT, PASSWORD, OPS] = [20_000, "lab-ops-password", 1000];

/** `pid`: all of it ends with this one; `sshd`: the first process in it. */
type Server = { port: string; pid: string; sshd: string; pin: string };

async function startServers(host: BenchHost, count: number, kind: "bare" | "helper") {
  await host.put(new URL("servers.sh", import.meta.url).pathname, "/root/servers.sh");
  const words = ["/root/servers.sh", String(count), String(PORT), kind];
  return (await host.root(words))
    .trimEnd()
    .split("\n")
    .map((line): Server => {
      const [port = "", pid = "", sshd = "", type, key] = line.split(" ");
      return { port, pid, sshd, pin: `[127.0.0.1]:${port} ${type} ${key}` };
    });
}

const INVENTORY = ["-i", `${HOME}/hosts.yaml`] as const;
const BOOTSTRAP = [PROGRAM, "bootstrap-cluster-sudo", "--json", "--password-fd", "3"] as const;
const AT_ONCE = ["--serial", "100%", "--forks", "50"] as const;
/** Ansible at its best: no facts, one process on a host for each step, as many hosts at once as there are. */
const SETTINGS = [
  "ANSIBLE_PIPELINING=1",
  "ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3",
  "ANSIBLE_HOST_KEY_CHECKING=1",
] as const;
const PLAY = [
  "-f",
  "50",
  "--become-password-file",
  `${HOME}/password`,
  `${HOME}/play.yaml`,
] as const;
const COMMANDS = {
  ansible: ["/usr/bin/env", ...SETTINGS, ANSIBLE, ...INVENTORY, ...PLAY],
  "xargs ssh": ["/bin/sh", `${HOME}/floor.sh`],
  sallyport: [...BOOTSTRAP, ...INVENTORY, ...AT_ONCE],
  "sallyport as it is": [...BOOTSTRAP, ...INVENTORY],
} as const;
type Name = keyof typeof COMMANDS;

function prepare(host: BenchHost, controller: Controller, servers: readonly Server[]): Rule {
  const rule = renderRule(OPS, HELPER_PATHS[1]);
  if (rule.kind !== "rule") throw new Error(rule.kind);
  controller.write(".ssh/id_ed25519", readFileSync(host.key));
  controller.write(".ssh/known_hosts", servers.map(({ pin }) => `${pin}\n`).join(""));
  const hosts = servers.map(({ port }) => `    s${port}: { ansible_port: ${port} }\n`);
  const vars = "ansible_host: 127.0.0.1, ansible_user: ops";
  controller.write("hosts.yaml", `all:\n  vars: { ${vars} }\n  hosts:\n${hosts.join("")}`);
  controller.write("rule", rule.text);
  controller.write(
    "play.yaml",
    `- hosts: all
  gather_facts: false
  become: true
  tasks:
    - ansible.builtin.copy:
        src: ${HOME}/rule
        dest: ${rule.path}
        owner: root
        group: root
        mode: "0440"
        validate: /usr/sbin/visudo -cf %s
`,
  );
  controller.write("ports", servers.map(({ port }) => `${port}\n`).join(""));
  // Not atomic, nothing put back, nothing proven, and written again at the second run.
  const there = `umask 227; cat >${rule.path}.new; visudo -c -q -f ${rule.path}.new && mv -f ${rule.path}.new ${rule.path}`;
  controller.write(
    "floor.sh",
    `cat ${HOME}/password ${HOME}/rule >${HOME}/input
exec xargs -a ${HOME}/ports -P 50 -I PORT sh -c 'exec ssh -T -o BatchMode=yes -p PORT ops@127.0.0.1 "$0" <${HOME}/input' \\
    "sudo -k -S -p '' sh -euc '${there}'"
`,
  );
  return rule;
}

/** `thereMs`: processor time of all sessions on the servers, for each of them, with whatever ran in them. */
type Both = Cost & { thereMs: number };
type Cluster = {
  run: (name: string, words: readonly string[]) => Promise<Both>;
  /** Removes the rule everywhere. */
  forget: () => Promise<void>;
  /** Throws unless all have the one rule. */
  check: () => Promise<void>;
};

async function withServers<T>(
  host: BenchHost,
  count: number,
  kind: "bare" | "helper",
  visit: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const servers = await startServers(host, count, kind);
  const controller = await openController(host, PASSWORD);
  const there = (): number => servers.reduce((sum, { sshd }) => sum + cpuOfSessions(host, sshd), 0);
  try {
    const rule = prepare(host, controller, servers);
    const files = servers.map(({ sshd }) => `/proc/${sshd}/root${rule.path}`);
    return await visit({
      run: async (name, words) => {
        const before = there();
        const cost = await controller.run(words);
        if (cost.status === 0) return { ...cost, thereMs: (there() - before) / count };
        const said = `${cost.stdout}${cost.stderr}`.slice(0, SAID_CHARACTERS);
        throw new Error(`${name}: status ${cost.status}\n${said}`);
      },
      forget: async () => void (await host.root(["/usr/bin/rm", "-f", ...files])),
      check: async () => {
        const text = await host.root(["/usr/bin/cat", ...files]);
        if (text !== rule.text.repeat(count)) throw new Error("not all hosts have the rule");
      },
    });
  } finally {
    await controller.close();
    await host.root(["/usr/bin/kill", "-KILL", ...servers.map(({ pid }) => pid)]);
  }
}

/** Milliseconds of the processes that this server of the host has waited for, and those that they have. */
function cpuOfSessions(host: BenchHost, sshd: string): number {
  const stat = readFileSync(`/proc/${host.pid}/root/proc/${sshd}/stat`, "utf8");
  const [user = 0, system = 0] = (stat.split(") ")[1] ?? "").split(" ").slice(13, 15).map(Number);
  return (user + system) * TICK_MS;
}

type Turn = "first" | "again";

export async function benchCluster(host: BenchHost): Promise<Report> {
  const compared = await withAnsible(host);
  const names = (Object.keys(COMMANDS) as Name[]).filter((name) => name !== "ansible" || compared);
  const costs = new Map<string, Both[]>();
  const note = (name: string, turn: Turn, cost: Both): unknown =>
    costs.set(`${name}, ${turn}`, [...(costs.get(`${name}, ${turn}`) ?? []), cost]);
  await withServers(host, HOSTS, "helper", async ({ run, forget, check }) => {
    for (let round = 0; round < ROUNDS; round += 1)
      for (const name of names) {
        await forget();
        for (const turn of ["first", "again"] as const)
          note(name, turn, await run(name, COMMANDS[name]));
        await check();
      }
  });
  let sentMiB = 0;
  await withServers(host, UPLOADS, "bare", async ({ run }) => {
    const cost = await run("upload", COMMANDS.sallyport);
    note(`sallyport, ${UPLOADS} hosts without helper`, "first", cost);
    sentMiB = sentBytesIn(cost.stdout) / 2 ** 20;
  });

  const of = (name: Name, turn: Turn, what: "wallMs" | "cpuMs" = "wallMs"): number =>
    quantile(
      (costs.get(`${name}, ${turn}`) ?? []).map((cost) => cost[what]),
      0.5,
    );
  const ratio = (over: Name, under: Name, turn: Turn): number => of(over, turn) / of(under, turn);
  const cpu = (turn: Turn): number => of("sallyport", turn, "cpuMs") / of("ansible", turn, "cpuMs");
  return {
    samples: [...costs].map(([name, runs]) => ({
      name,
      ...spread(runs.map(({ wallMs }) => wallMs)),
      cpuMs: quantile(
        runs.map(({ cpuMs }) => cpuMs),
        0.5,
      ),
      thereMs: quantile(
        runs.map(({ thereMs }) => thereMs),
        0.5,
      ),
      peakMiB: Math.max(...runs.map(({ peakMiB }) => peakMiB)),
    })),
    figures: [
      ...(compared
        ? [
            {
              name: "ansible first / sallyport first",
              value: ratio("ansible", "sallyport", "first"),
              atLeast: 5,
            },
            {
              name: "ansible again / sallyport again",
              value: ratio("ansible", "sallyport", "again"),
              atLeast: 6,
            },
            { name: "cpu here: sallyport first / ansible first", value: cpu("first"), atMost: 0.2 },
            { name: "cpu here: sallyport again / ansible again", value: cpu("again"), atMost: 0.2 },
          ]
        : []),
      {
        name: "sallyport first / xargs ssh first",
        value: ratio("sallyport", "xargs ssh", "first"),
        atMost: 1,
      },
      { name: `helper sent to ${UPLOADS} hosts, MiB`, value: sentMiB, atMost: null },
    ],
  };
}

function sentBytesIn(stdout: string): number {
  const reply = JSON.parse(stdout) as { data: { hosts: { sentBytes: number }[] } };
  return reply.data.hosts.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
}
