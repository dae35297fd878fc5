/** `sallyport bootstrap-cluster-sudo` as an operator runs it: the built program, real SSH, real sudo. */
import { once } from "node:events";
import { expect, test } from "vitest";
import {
  arrange,
  arrangeScript,
  describeInLab,
  exec,
  ownHost,
  start,
  type Ended,
  type Host,
} from "../lab/host.ts";
import { terminal } from "../agent/cli/screen.ts";
import { asOperator, pin, withServers, type Server } from "./ssh-place.ts";

const PASSWORD = "lab-ops-password\n";

async function put(place: Host, inventory: string): Promise<void> {
  await exec(place, "ops", ["sh", "-c", "cat >/home/ops/inventory.yaml"], { input: inventory });
}

async function bootstrap(place: Host, words: readonly string[], input = PASSWORD): Promise<Ended> {
  const program = [
    "/opt/sallyport/sallyport",
    "--bootstrap-cluster-sudo",
    "-i",
    "/home/ops/inventory.yaml",
  ];
  const descriptor = input === "" ? ["--no-input"] : ["--password-fd", "0"];
  return await exec(place, "ops", [...program, ...descriptor, ...words], {
    input,
    timeoutMs: 100_000,
  });
}

async function fleet(place: Host, words: readonly string[]): Promise<Ended> {
  const program = ["/opt/sallyport/sallyport", ...words, "-i", "/home/ops/inventory.yaml"];
  return await exec(place, "ops", program);
}

const inventoryOf = (servers: readonly Server[], more = ""): string =>
  `all:\n  vars: { ansible_host: 127.0.0.1 }\n  hosts:\n${servers
    .map(({ port }, at) => `    web${at + 1}: { ansible_port: ${port} }\n`)
    .join("")}${more}`;

/** The lines of the hosts, without what stands after their state. */
const states = ({ stdout }: Ended): string[] =>
  stdout
    .split("\n\n")[0]
    ?.split("\n")
    .map((line) => line.split(/\s+/).slice(0, 2).join(" "))
    .toSorted() ?? [];

type Session = { lines: string[]; raw: string; status: number | null };

/** On a pseudo terminal; `answers`: the keys for each question, in their order. */
async function onTerminal(
  place: Host,
  options: string,
  answers: readonly string[],
): Promise<Session> {
  const command = `/opt/sallyport/sallyport bootstrap-cluster-sudo -i /home/ops/inventory.yaml ${options}`;
  const child = start(
    place,
    "ops",
    ["script", "-qfec", `stty rows 24 cols 80; ${command}`, "/dev/null"],
    {
      TERM: "xterm",
    },
  );
  const screen = terminal(80, 24);
  let [raw, answered] = ["", 0];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
    screen.write(text);
    const asked = raw.split("Password for").length - 1;
    if (asked > answered) child.stdin?.write(answers[answered++] ?? "");
  });
  const [status] = (await once(child, "close")) as [number | null];
  expect(screen.unknown).toEqual([]);
  return { lines: screen.lines(), raw, status };
}

describeInLab("a bootstrap over SSH", () => {
  test(
    "one password sets up three hosts; after that none is asked for, and requests work",
    { timeout: 150_000 },
    async () => {
      await withServers(ownHost(), 2310, ["", "", ""], async (servers) => {
        await asOperator(ownHost(), servers.map(pin), async (place) => {
          await put(place, inventoryOf(servers));
          const first = await bootstrap(place, []);
          expect(first.stderr).toBe("");
          expect(states(first)).toEqual(["web1 installed", "web2 installed", "web3 installed"]);
          expect(first.stdout).toContain("3  installed: web[1-3]\n");
          expect(first.status).toBe(0);
          const second = await bootstrap(place, [], "");
          expect(states(second)).toEqual([
            "web1 already-current",
            "web2 already-current",
            "web3 already-current",
          ]);
          expect(second.status).toBe(0);
          const read = await fleet(place, ["service", "status", "nginx", "--on", "all"]);
          expect(read.stdout).toMatch(/^web\[1-3\]:\n {2}nginx\.service: \w+ \(\w+\)/);
          expect(read.status).toBe(0);
          const refused = await fleet(place, ["service", "stop", "ssh", "--on", "web1,web2"]);
          expect(refused.stdout).toContain("web1:\n  grant_required: a person must grant");
          expect(refused.stdout).toContain("web2:\n  not_done: ");
          expect(refused.status).toBe(77);
          const none = await fleet(place, ["package", "info", "curl", "--on", "db"]);
          expect(none).toMatchObject({ status: 64, stdout: "" });
          for (const server of servers)
            await arrange(server.place, "test", "-e", "/etc/sudoers.d/zz-sallyport-uid1000");
        });
      });
    },
  );

  test(
    "every host that is not set up has a stated reason, and the others are",
    { timeout: 150_000 },
    async () => {
      const noKeys = "mount -t tmpfs -o mode=755,uid=1000,gid=1000 none /home/ops\n";
      await withServers(ownHost(), 2320, ["", noKeys, "", ""], async (servers) => {
        const [good, closed, changed, unknown] = servers;
        if (
          good === undefined ||
          closed === undefined ||
          changed === undefined ||
          unknown === undefined
        )
          throw new Error();
        const known = [pin(good), pin(closed), pin({ ...changed, hostKey: good.hostKey })];
        await asOperator(ownHost(), known, async (place) => {
          await put(
            place,
            inventoryOf(
              servers,
              "    dead: { ansible_port: 1 }\n    gr1080: { offline: being repaired }\n",
            ),
          );
          const ended = await bootstrap(place, []);
          expect(states(ended)).toEqual([
            "dead unreachable",
            "gr1080 offline",
            "web1 installed",
            "web2 auth-failed",
            "web3 host-key-changed",
            "web4 host-key-unknown",
          ]);
          expect(ended.status).toBe(69);
          const pinned = await bootstrap(place, ["--accept-new", "--limit", "web3:web4"]);
          expect(states(pinned)).toEqual(["web3 host-key-changed", "web4 installed"]);
          expect(pinned.stdout).toMatch(/new host keys: \[127\.0\.0\.1\]:2323 \(ED25519\)/);
        });
      });
    },
  );

  test(
    "a login shell that talks, a host that is jumped through: each hop's key is verified, whatever ~/.ssh says",
    { timeout: 150_000 },
    async () => {
      const noisy = `cp -a /home/ops /tmp/ops
mount -t tmpfs -o mode=755,uid=1000,gid=1000 none /home/ops
cp -a /tmp/ops/. /home/ops
rm -rf /tmp/ops
{ echo 'echo welcome; echo sallyport is in; echo beware >&2'; cat /home/ops/.bashrc; } >/home/ops/.new
mv /home/ops/.new /home/ops/.bashrc
`;
      await withServers(ownHost(), 2330, ["", noisy], async (servers) => {
        const [hop, behind] = servers;
        if (hop === undefined || behind === undefined) throw new Error("no servers");
        const inventory = `all:
  hosts:
    web:
      ansible_host: 127.0.0.1
      ansible_port: ${behind.port}
      ansible_ssh_common_args: -o ProxyJump=127.0.0.1:${hop.port}
`;
        await asOperator(ownHost(), [pin(behind)], async (place) => {
          const careless = "StrictHostKeyChecking no\nUser ops\n";
          await exec(place, "ops", ["sh", "-c", "cat >/home/ops/.ssh/config"], { input: careless });
          await put(place, inventory);
          const refused = await bootstrap(place, []);
          expect(states(refused)).toEqual(["web host-key-unknown"]);
          await exec(place, "ops", ["sh", "-c", "cat >>/home/ops/.ssh/known_hosts"], {
            input: `${pin(hop)}\n`,
          });
          const ended = await bootstrap(place, []);
          expect(ended.stdout).toMatch(/^web {2}installed\n/);
          expect(ended.status).toBe(0);
        });
      });
    },
  );

  test(
    "a connection that is cut in the middle: the next run heals, and nothing is left",
    { timeout: 150_000 },
    async () => {
      await withServers(ownHost(), 2340, [""], async (servers) => {
        const [server] = servers;
        if (server === undefined) throw new Error("no server");
        await asOperator(ownHost(), [pin(server)], async (place) => {
          await put(place, inventoryOf(servers));
          const running = bootstrap(place, []);
          await arrangeScript(
            server.place,
            `until ls -d /tmp/sallyport.* >/dev/null 2>&1; do sleep 0.02; done
for pid in $(pgrep -f '^sshd: ops'); do
  [ "$(readlink /proc/$pid/ns/mnt)" != "$(readlink /proc/self/ns/mnt)" ] || kill -KILL $pid
done`,
          );
          const cut = await running;
          expect(states(cut)).toEqual(["web1 failed"]);
          expect(cut.status).toBe(1);
          await arrangeScript(
            server.place,
            "while ls -d /tmp/sallyport.* >/dev/null 2>&1; do sleep 0.1; done",
          );
          await arrange(server.place, "visudo", "-c");
          const next = await bootstrap(place, []);
          expect(["web1 installed", "web1 already-current"]).toContain(states(next)[0]);
          const left = "ls -A /tmp; ls -A /etc/sudoers.d | grep '[.]' || :";
          expect(await arrangeScript(server.place, left)).toBe("");
        });
      });
    },
  );

  test(
    "on a terminal the password is asked for once, without echo; ^C at the question begins no host",
    { timeout: 150_000 },
    async () => {
      await withServers(ownHost(), 2350, [""], async (servers) => {
        await asOperator(ownHost(), servers.map(pin), async (place) => {
          await put(place, inventoryOf(servers));
          const left = await onTerminal(place, "", ["\x03"]);
          expect(left.lines.join("\n")).toContain("wrong-password");
          const { lines, raw } = await onTerminal(place, "", ["lab-ops-passwordé\x7f\r"]);
          expect(lines).toEqual([
            "Password for sudo on 1 host:",
            "web1  installed",
            "",
            "    1  installed: web1",
          ]);
          expect(raw.replaceAll("\x1b[2m", "")).toMatch(/web1 {2}(?:connecting|looking)/);
          expect(left.raw + raw).not.toContain("lab-ops");
        });
      });
    },
  );

  test(
    "a password for each group: one that is refused stops its own group, and the others are done",
    { timeout: 150_000 },
    async () => {
      await withServers(ownHost(), 2360, ["", "", ""], async (servers) => {
        await asOperator(ownHost(), servers.map(pin), async (place) => {
          const groups = ["db", "db", "web"].map((group, at) => {
            const host = `ansible_host: 127.0.0.1, ansible_port: ${servers[at]?.port}`;
            return `${group}${at}: { hosts: { h${at + 1}: { ${host} } } }`;
          });
          const [one, two, web] = groups;
          await put(place, `db:\n  children:\n    ${one}\n    ${two}\n${web}\n`);
          const { lines, status } = await onTerminal(place, "--ask-per-group", [
            "wrong\r",
            "lab-ops-password\r",
          ]);
          expect(lines.slice(0, 2)).toEqual([
            "Password for sudo on 2 hosts of db:",
            "Password for sudo on 1 host of web2:",
          ]);
          expect(lines.slice(2, 5).toSorted()).toEqual([
            "h1  wrong-password  sudo refused the password",
            "h2  not-done",
            "h3  installed",
          ]);
          expect(status).toBe(77);
        });
      });
    },
  );

  test("--jsonl: phases, ends and a recap, one object a line", { timeout: 150_000 }, async () => {
    await withServers(ownHost(), 2370, [""], async (servers) => {
      await asOperator(ownHost(), servers.map(pin), async (place) => {
        await put(place, inventoryOf(servers, "    dead: { ansible_port: 1 }\n"));
        const { stdout, status } = await bootstrap(place, ["--jsonl"]);
        const events = stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        const phases = events.filter(({ event, name }) => event === "phase" && name === "web1");
        expect(phases.map(({ phase }) => phase)).toEqual([
          "connecting",
          "looking",
          "waiting",
          "uploading",
          "changing",
        ]);
        expect(events).toContainEqual({
          v: 1,
          event: "end",
          name: "web1",
          state: "installed",
          reason: "",
          newPins: [],
          sudo: null,
          sentBytes: expect.any(Number),
        });
        expect(events.at(-1)).toEqual({
          v: 1,
          event: "recap",
          success: false,
          counts: { unreachable: 1, installed: 1 },
          states: [
            {
              state: "unreachable",
              count: 1,
              hosts: "dead",
              reasons: [{ reason: "connect ECONNREFUSED 127.0.0.1:1", count: 1, hosts: "dead" }],
              next: "ssh -p 1 127.0.0.1 true",
            },
            { state: "installed", count: 1, hosts: "web1", reasons: [], next: null },
          ],
          newPins: [],
        });
        expect(status).toBe(69);
      });
    });
  });
});
