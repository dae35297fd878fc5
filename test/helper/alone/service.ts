/** What a service action becomes, and which units are not what their names say. */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { expect, test } from "vitest";
import { service } from "../../../helper/service.ts";
import type { ServiceRequest } from "../../../protocol/operation.ts";
import {
  ALL,
  ask,
  called,
  DATA,
  OWN,
  recorded,
  SHOWN,
  STATE,
  systemctl,
  SYSTEMD,
  when,
  withStandIns,
  ID,
} from "../stand-ins.ts";

withStandIns();

test("logs are the last 200 lines of exactly this unit", async () => {
  expect((await ask("service", "logs", "nginx")).status).toBe(0);
  expect(called()).toEqual([
    systemctl(`show --property=${ALL}`),
    "journalctl --no-pager --quiet --lines=200 --unit=nginx.service",
  ]);
});

test("a change is looked at, made, and its state is told", async () => {
  const { reply } = await ask("service", "restart", "nginx");
  expect([reply?.error, reply?.data]).toEqual([null, DATA]);
  expect(called()).toEqual([
    systemctl(`show --property=${ALL}`),
    systemctl("restart"),
    systemctl(`show --property=${STATE}`),
  ]);
});

test("a name with a dot is the unit itself", async () => {
  writeFileSync(`${OWN}/shown`, SHOWN.replace("nginx.service", "snapd.socket"));
  expect((await ask("service", "status", "snapd.socket")).status).toBe(0);
  expect(called()).toEqual([systemctl(`show --property=${STATE}`, "snapd.socket")]);
});

test.each<[string, string, string, string, string]>([
  [
    "an alias",
    SHOWN.replace("nginx", "apache2"),
    "not_allowed",
    "the name is an alias of another unit",
    "the name is an alias of another unit",
  ],
  [
    "a unit whose file others can write",
    SHOWN.replace("/etc/hostname", `${OWN}/loose`),
    "unsafe",
    "others can change what the unit runs or reads",
    `${OWN}/loose can be written by others`,
  ],
  [
    "a unit whose program others can write",
    SHOWN.replace("/bin/true ;", `${OWN}/loose ;`),
    "unsafe",
    "others can change what the unit runs or reads",
    `${OWN}/loose can be written by others`,
  ],
])("%s is not restarted, and the end says so", async (_, shown, code, message, rule) => {
  writeFileSync(`${OWN}/shown`, shown);
  writeFileSync(`${OWN}/loose`, "");
  chmodSync(`${OWN}/loose`, 0o666);
  expect((await ask("service", "restart", "nginx")).reply?.error).toEqual({ code, message });
  expect(called()).toHaveLength(1);
  expect(recorded().at(-1)).toEqual(["end", code, rule]);
});

test.each([
  "/etc/systemd/system/nginx.service.d",
  "/run/systemd/system/nginx.service.d",
  "/etc/nginx",
])("what others can write in %s stops a restart", async (folder) => {
  const there = existsSync(folder);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/loose.conf`, "");
  chmodSync(`${folder}/loose.conf`, 0o666);
  try {
    const { reply } = await ask("service", "restart", "nginx");
    expect(reply?.error?.code).toBe("unsafe");
  } finally {
    rmSync(`${folder}/loose.conf`);
    if (!there) rmSync(folder, { recursive: true });
  }
});

test("a directory that a unit's command names is no part of the unit", async () => {
  mkdirSync(`${OWN}/open`, { recursive: true });
  chmodSync(`${OWN}/open`, 0o777);
  writeFileSync(`${OWN}/shown`, SHOWN.replace("/etc/passwd", `${OWN}/open`));
  expect((await ask("service", "restart", "nginx")).reply?.error).toBeNull();
});

test("what systemctl cannot show is not restarted, and its failure is told", async () => {
  when("show", "exit 4");
  const { reply, status } = await ask("service", "restart", "nginx");
  expect([status, reply?.error?.code, reply?.exitCode]).toEqual([1, "failed", 4]);
  expect(called()).toHaveLength(1);
  expect(recorded().at(-1)).toMatchObject(["end", "allow", expect.any(String)]);
});

test("without systemd there is nothing to ask", async () => {
  rmSync(SYSTEMD, { recursive: true });
  const { reply, status } = await ask("service", "status", "nginx");
  expect([status, reply?.error]).toEqual([
    69,
    { code: "unavailable", message: "systemd is not running" },
  ]);
  expect(called()).toEqual([]);
});

test.each([
  ["start", ["start", "kill --signal=KILL"]],
  ["stop", ["stop", "kill --signal=KILL"]],
  ["restart", ["restart", "kill --signal=KILL"]],
  ["reload", ["reload"]],
] as const)(
  "a %s that hangs is stopped, and what it started with it where it starts",
  async (action, words) => {
    when(action, "sleep 20");
    when("kill", `sleep 0.2; echo ended >>${OWN}/called`);
    const call = { tell: null, words: [], requestId: ID, detached: true, started: Date.now() };
    const within = { ...call, deadline: Date.now() + 3000, graceMs: 0 };
    const request: ServiceRequest = { kind: "service", action, name: "nginx" };
    expect(await service(request, within as never)).toMatchObject({
      outcome: { timedOut: true },
      data: DATA,
    });
    const [, ...acted] = called();
    const ended = words.length > 1 ? ["ended"] : [];
    expect(acted).toEqual([...words.map((word) => systemctl(word)), ...ended]);
  },
);

test("what systemd does not say of a unit is empty, and has no number", async () => {
  writeFileSync(`${OWN}/shown`, "Id=nginx.service\n");
  const { reply } = await ask("service", "status", "nginx");
  expect(reply?.data).toEqual({
    kind: "service",
    unit: "nginx.service",
    LoadState: "",
    ActiveState: "",
    SubState: "",
    UnitFileState: "",
    MainPID: 0,
  });
});

test("a file that is not there, and a word that is no whole path, are no part of the unit", async () => {
  writeFileSync(`${OWN}/loose`, "");
  chmodSync(`${OWN}/loose`, 0o666);
  const words = `/etc/nowhere/file ${relative(process.cwd(), `${OWN}/loose`)}`;
  writeFileSync(`${OWN}/shown`, SHOWN.replace("/etc/passwd", words));
  expect((await ask("service", "restart", "nginx")).reply?.error).toBeNull();
});

test("what is not there yet is part of the unit where others could put it there", async () => {
  mkdirSync(`${OWN}/open`, { recursive: true });
  chmodSync(`${OWN}/open`, 0o777);
  writeFileSync(`${OWN}/shown`, SHOWN.replace("/etc/passwd", `${OWN}/open/file`));
  expect((await ask("service", "restart", "nginx")).reply?.error?.code).toBe("unsafe");
});
