import { spawnSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { runtime } from "../../../scripts/runtime.ts";
import { callTool } from "./call-tool.ts";
import { stage, strike, type Daemon, type Stage } from "./stage.ts";

afterEach(strike);

const RESTART = { name: "nginx", action: "restart" };
const UNSHARE = ["unshare", ...(process.getuid?.() === 0 ? ["-m"] : ["-rm"])];
const [unshare = "", ...how] = UNSHARE;
const canMount = spawnSync(unshare, [...how, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
const noDisk = !canMount && process.env["CI"] !== "true";

/** Starts it with a state directory on a disk of 4 MiB that only it sees; `first` is done there before. */
async function onSmallDisk(first: string): Promise<{ on: Stage; daemon: Daemon }> {
  const on = stage();
  const tokenFile = join(on.folder, "token");
  on.configure({ tokenFile });
  const script = `cd / && mount -t tmpfs -o size=4m,mode=0700 tmpfs "$0" && ${first}; exec "$@"`;
  const through = [...UNSHARE, "sh", "-c", script, on.state];
  return { on, daemon: await on.start({ through, tokenFile }) };
}

const FILL = "head -c 8m /dev/zero";

test.skipIf(noDisk)(
  "a full disk: what would change something is refused and not asked, reads go on",
  async () => {
    const { on, daemon } = await onSmallDisk("true");
    expect((await callTool(daemon, "service_control", RESTART)).outcome?.code).toBeNull();
    const before = on.audit().length;

    const inside = join("/proc", String(daemon.child.pid), "root", on.state, "fill");
    spawnSync("sh", ["-c", `${FILL} >"$0"`, inside]);
    const refused = await callTool(daemon, "service_control", RESTART);
    expect(refused.outcome).toMatchObject({ ok: false, code: "not_recorded", requestId: null });
    expect(on.audit()).toHaveLength(before);
    expect((await callTool(daemon, "service_status", { name: "nginx" })).outcome?.ok).toBe(true);
    const { text } = await daemon.get("/metrics");
    expect(text).toContain("sallyport_ledger_writable 0\n");
    expect(text).toContain('sallyport_refusals_total{code="not_recorded"} 1\n');
    expect(daemon.log("ledger")).toMatchObject([{ level: "error" }]);

    rmSync(inside);
    expect((await callTool(daemon, "service_control", RESTART)).outcome?.ok).toBe(true);
    expect(daemon.log("ledger")).toMatchObject([{ level: "error" }, { level: "info" }]);
    expect((await daemon.get("/metrics")).text).toContain("sallyport_ledger_writable 1\n");
    expect((await daemon.stop()).status).toBe(0);
  },
);

test.skipIf(noDisk)(
  "a disk that is full at the start: it serves reads, and says what is missing",
  async () => {
    const { on, daemon } = await onSmallDisk(`${FILL} >"$0/fill" 2>/dev/null`);
    await daemon.healthy();
    expect((await callTool(daemon, "service_control", RESTART)).outcome?.code).toBe("not_recorded");
    expect((await callTool(daemon, "service_status", { name: "nginx" })).outcome?.ok).toBe(true);
    expect(daemon.log("ledger")).toMatchObject([{ level: "error" }]);
    rmSync(join("/proc", String(daemon.child.pid), "root", on.state, "fill"));
    expect((await callTool(daemon, "service_control", RESTART)).outcome?.ok).toBe(true);
  },
);

test("a database that is none: it serves reads, and what is there is not overwritten", async () => {
  const on = stage();
  const text = "not a database\n".repeat(1000);
  writeFileSync(join(on.state, "requests.sqlite"), text);
  const daemon = await on.start();
  expect((await callTool(daemon, "service_control", RESTART)).outcome?.code).toBe("not_recorded");
  expect((await callTool(daemon, "service_status", { name: "nginx" })).outcome?.ok).toBe(true);
  await daemon.stop();
  const { stdout } = spawnSync("head", ["-c", "15", join(on.state, "requests.sqlite")]);
  expect(stdout.toString()).toBe("not a database\n");
});

test("each row tells who asked for what, how it ended, and by which id the audit log knows it", async () => {
  const on = stage();
  const daemon = await on.start();
  await daemon.healthy();
  await callTool(daemon, "service_control", RESTART);
  await callTool(daemon, "service_control", { ...RESTART, name: "sshd" });
  await callTool(daemon, "service_status", { name: "nginx" });
  await daemon.stop();
  const [begun, refused, read] = on.audit().filter(({ phase }) => phase !== "end");
  const row = { client: "token", outcome: "known", time: expect.stringMatching(/^\d{4}-.*Z$/) };
  const change = { ...row, tool: "service_control" };
  expect(on.rows()).toMatchObject([
    { ...change, argv: '["service","restart","nginx"]', code: "ok", requestId: begun?.requestId },
    {
      ...change,
      argv: '["service","restart","sshd"]',
      code: "not_allowed",
      requestId: refused?.requestId,
    },
    { ...row, tool: "service_status", code: "ok", requestId: read?.requestId },
  ]);
});

test("it keeps as many of the newest rows as it is told, give or take a thousand", () => {
  const on = stage();
  const ledger = resolve(import.meta.dirname, "../../../agent/daemon/ledger.ts");
  // A process of its own: SQLite is in the pinned Node, not in every one.
  const script = `
    const { openLedger } = await import(process.argv[1]);
    const ledger = openLedger(process.argv[2], { complain: console.error, found: console.error }, 500);
    const asked = { client: "c", tool: "t", argv: ["service", "status", "nginx"] };
    const outcome = { code: "ok", durationMs: 1.5, requestId: "r", known: true };
    for (let count = 0; count < 2500; count++) ledger.end(ledger.begin(asked, false), outcome);
    ledger.close();`;
  const args = ["--input-type=module", "-e", script, ledger, on.state];
  expect(spawnSync(runtime(), args, { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  const rows = on.rows();
  expect(rows).toHaveLength(1000);
  expect(rows.at(-1)).toMatchObject({ id: 2500, durationMs: 2, outcome: "known" });
});
