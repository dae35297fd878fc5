/** From an agent's call to another host's helper: the built daemon, the built operator's process, real SSH and sudo. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { callTool } from "../agent/daemon/call-tool.ts";
import { ask, type Daemon } from "../agent/daemon/stage.ts";
import {
  arrange,
  arrangeScript,
  describeInLab,
  exec,
  ownHost,
  records,
  start,
  type Host,
  type User,
} from "../lab/host.ts";
import { asOperator, pin, withServers, type Server } from "./ssh-place.ts";

const PROGRAM = "/opt/sallyport/sallyport";
const INVENTORY = "/home/ops/inventory.yaml";
const SOCKET = "/run/sallyport-operator/operator.sock";
const STATE = "/var/lib/sallyport-test";

type Told = {
  ok: boolean;
  code: string | null;
  reason: string;
  data: {
    asked: number;
    answers: { hosts: string; code: string | null; state: unknown }[];
    groups: { hosts: string; count: number; offline: boolean }[];
  } | null;
};

/** Starts a program that goes on running; `kill` ends it and waits for that. */
async function running(place: Host, user: User, words: readonly string[], listening: RegExp) {
  const pidFile = `/tmp/${user}.pid`;
  const script = `echo $$ >${pidFile}; exec "$@"`;
  const child = start(place, user, ["/bin/sh", "-c", script, "sh", ...words]);
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (log += text));
  const ended = once(child, "close");
  while (!listening.test(log)) {
    if (child.exitCode !== null) throw new Error(log);
    await sleep(20);
  }
  return {
    log: () => log,
    async kill(): Promise<unknown> {
      await arrangeScript(place, `kill -TERM $(cat ${pidFile})`);
      return (await ended)[0];
    },
  };
}

async function arrangePlace(place: Host, servers: readonly Server[]): Promise<void> {
  const lines = servers.map(({ port }, at) => `    web${at + 1}: { ansible_port: ${port} }\n`);
  const input = `web:
  vars: { ansible_host: 127.0.0.1 }
  hosts:
${lines.join("")}    dead: { ansible_port: 1 }
    gr1080: { offline: being repaired at /srv/secret }
`;
  await exec(place, "ops", ["sh", "-c", `cat >${INVENTORY}`], { input });
  const set = await exec(
    place,
    "ops",
    [
      PROGRAM,
      "bootstrap-cluster-sudo",
      "-i",
      INVENTORY,
      "--limit",
      "web[1-2]",
      "--password-fd",
      "0",
    ],
    { input: "lab-ops-password\n", timeoutMs: 100_000 },
  );
  expect(set.stderr).toBe("");
  // As an administrator would: the operator's, and the daemon's group may pass.
  await arrangeScript(
    place,
    `mount -t tmpfs -o mode=755 none /run/sallyport-operator 2>/dev/null || { mkdir -p /run/sallyport-operator; mount -t tmpfs none /run/sallyport-operator; }
chown ops:agent /run/sallyport-operator
chmod 2710 /run/sallyport-operator
install -d -m 700 -o agent -g agent ${STATE}
cat >${STATE}/daemon.yaml <<'YAML'
listen: ${STATE}/daemon.sock
fleet: { operatorSocket: ${SOCKET} }
YAML
chmod 644 ${STATE}/daemon.yaml`,
  );
}

describeInLab("an agent's call to other hosts", () => {
  test(
    "goes through the operator's process to the helper of each, and no further than --limit",
    { timeout: 200_000 },
    async () => {
      await withServers(ownHost(), 2420, ["", "", ""], async (servers) => {
        await asOperator(ownHost(), servers.map(pin), async (place) => {
          await arrangePlace(place, servers);
          const words = [PROGRAM, "operator", "-i", INVENTORY, "--limit", "all:!web3"];
          const root = await exec(place, "root", words);
          expect(root).toMatchObject({ status: 78, stdout: "" });
          expect(root.stderr).toContain("must not run as root");

          const daemonWords = ["daemon", "--config", `${STATE}/daemon.yaml`, "--state-dir", STATE];
          const daemon = await running(place, "agent", [PROGRAM, ...daemonWords], /"start"/);
          const token = (await arrange(place, "cat", `${STATE}/token`)).trim();
          const socketPath = `/proc/${place.pid}/root${STATE}/daemon.sock`;
          const get: Daemon["get"] = (path, more) => ask({ path, token, socketPath, ...more });
          const call = async (tool: string, args: Record<string, string>): Promise<Told> =>
            (await callTool({ get } as Daemon, tool, args)).outcome as unknown as Told;

          expect(await call("fleet_hosts", {})).toMatchObject({ code: "unavailable" });
          const operator = await running(place, "ops", words, /"start"/);
          expect(await arrange(place, "stat", "-c", "%A %U %G", SOCKET)).toBe(
            "srw-rw---- ops agent\n",
          );
          const other = await exec(place, "other", [
            "perl",
            "-MIO::Socket::UNIX",
            "-e",
            `exit(IO::Socket::UNIX->new(Peer => "${SOCKET}") ? 0 : 1)`,
          ]);
          expect(other.status).toBe(1);

          const hosts = await call("fleet_hosts", {});
          expect(hosts.data?.groups).toMatchObject([
            { hosts: "dead,web[1-2]", count: 3, offline: false },
            { hosts: "gr1080", count: 1, offline: true },
          ]);

          const status = await call("fleet_service", {
            on: "web?",
            action: "status",
            name: "nginx",
          });
          expect(status).toMatchObject({
            ok: true,
            data: { asked: 2, answers: [{ hosts: "web[1-2]", code: null }] },
          });
          const restart = await call("fleet_service", {
            on: "web1,web2",
            action: "restart",
            name: "nginx",
          });
          expect(restart).toMatchObject({ ok: true, data: { asked: 2 } });
          for (const { place: server } of servers.slice(0, 2))
            expect((await records(server)).map(({ argv }) => argv)).toContainEqual([
              "service",
              "restart",
              "nginx",
            ]);

          const guarded = await call("fleet_service", { on: "web?", action: "stop", name: "ssh" });
          expect(guarded).toMatchObject({
            ok: false,
            code: "grant_required",
            data: {
              answers: [
                { hosts: "web1", code: "grant_required" },
                { hosts: "web2", code: "not_done" },
              ],
            },
          });
          const outside = await call("fleet_service", { on: "web", action: "stop", name: "cron" });
          expect(outside.ok).toBe(false);
          const info = await call("fleet_package", { on: "web*", action: "info", name: "curl" });
          expect(info).toMatchObject({
            code: "unavailable",
            data: {
              asked: 4,
              answers: expect.arrayContaining([
                expect.objectContaining({ hosts: "web[1-2]", code: null }),
                expect.objectContaining({ hosts: "dead", code: "unreachable" }),
                expect.objectContaining({ hosts: "gr1080", code: "offline" }),
              ]),
            },
          });
          for (const on of ["web3", "nowhere", "all:!all"])
            expect(
              await call("fleet_service", { on, action: "status", name: "nginx" }),
            ).toMatchObject({ code: "malformed", data: null });
          const third = servers[2]?.place;
          if (third === undefined) throw new Error("no server");
          await expect(records(third)).rejects.toThrow("No such file");

          const told = JSON.stringify([hosts, status, restart, guarded, outside, info]);
          expect(told).not.toMatch(/127\.0\.0\.1|\/home|\/srv\/secret|\/run|id_ed25519|"ops"/);
          expect(operator.log()).toContain('"argv":["service","stop","ssh"]');
          expect(operator.log()).toMatch(/"reasons":\[\{"hosts":"dead"/);

          expect(await operator.kill()).toBe(0);
          expect(await arrange(place, "ls", "-A", "/run/sallyport-operator")).toBe("");
          expect(await call("fleet_hosts", {})).toMatchObject({ code: "unavailable" });
          expect(await daemon.kill()).toBe(0);
        });
      });
    },
  );
});
