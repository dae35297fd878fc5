import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { examineSocket } from "../../../agent/doctor/socket.ts";
import { thisHost, type Host } from "../../../agent/host.ts";
import { PLAIN_REPLY } from "../plain-reply.ts";

let folder: string;
let host: Host;
let server: Server;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sallyport-socket-"));
  host = { ...thisHost(), socket: join(folder, "socket"), socketUnits: [join(folder, "unit")] };
});
afterEach(() => {
  server?.close();
  rmSync(folder, { recursive: true });
});

async function listen(mode: number, says: string): Promise<void> {
  server = createServer((socket) => socket.end(says));
  await new Promise<void>((ready) => server.listen(host.socket, ready));
  chmodSync(host.socket, mode);
}

const HELLO = `${JSON.stringify({ ...PLAIN_REPLY, requestId: "s.0" })}\n`;

test("a host without it has one way less", async () => {
  expect(await examineSocket(host)).toMatchObject({
    state: "ok",
    reason: expect.stringMatching(/none/),
  });
});

test("one that is gone, though systemd has its unit, is missed", async () => {
  writeFileSync(join(folder, "unit"), "");
  expect(await examineSocket(host)).toMatchObject({
    state: "warn",
    hint: "systemctl restart sallyport-helper.socket",
  });
});

test("what is no socket fails", async () => {
  writeFileSync(host.socket, "");
  expect(await examineSocket(host)).toMatchObject({
    state: "fail",
    reason: expect.stringMatching(/not root's socket/),
  });
});

test("one that lets everybody in fails", async () => {
  await listen(0o666, HELLO);
  expect(await examineSocket(host)).toMatchObject({
    state: "fail",
    reason: expect.stringMatching(/everybody/),
  });
});

test.each(["", "hello\n"])("one behind which nothing begins (%j) fails", async (says) => {
  await listen(0o660, says);
  expect(await examineSocket(host)).toMatchObject({
    state: "fail",
    reason: expect.stringMatching(/no session begins/),
  });
});

test("one behind which a session begins is ok, and says for whom", async () => {
  await listen(0o660, HELLO);
  expect(await examineSocket(host)).toMatchObject({
    state: "ok",
    reason: expect.stringMatching(/group \d+$/),
  });
});
