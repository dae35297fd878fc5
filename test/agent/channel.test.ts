/** Which way to the helper is taken; sudo, the helper and systemd's socket are stand-ins. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openClient, type Client } from "../../agent/client.ts";
import type { Host } from "../../agent/host.ts";
import { PLAIN_REPLY } from "./plain-reply.ts";
import { standInHost } from "./stand-in-host.ts";

const STATUS = { kind: "service", action: "status", name: "nginx" } as const;
const RESTART = { ...STATUS, action: "restart" } as const;

let folder: string;
let host: Host;
let client: Client;
let server: Server | undefined;

/** Lines for sh(1): a helper's session that numbers its replies and notes what it was asked. */
const SESSION = `
say() { printf '%s\\n' '${JSON.stringify({ ...PLAIN_REPLY, requestId: "ID" })}' | sed "s/ID/$$.$1/"; }
echo "$0 $*" >>FOLDER/starts
say 0
number=0
while read -r line; do
  number=$((number + 1))
  echo "$line" >>FOLDER/asked
  case $line in *restart*) [ ! -e FOLDER/dies ] || exit 0 ;; esac
  say $number
done
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sallyport-channel-"));
  host = standInHost(folder);
  program("helper", SESSION.replaceAll("FOLDER", folder));
  program("sudo", `echo sudo >>${folder}/starts; shift 2; exec "$@"`);
  client = openClient(host);
});

afterEach(() => {
  void client.close();
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

function program(name: string, body: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${body}\n`);
  chmodSync(join(folder, name), 0o755);
}

function noNewPrivs(value: number): void {
  writeFileSync(join(folder, "status"), `Name:\tnode\nNoNewPrivs:\t${value}\n`);
}

async function listen(): Promise<void> {
  server = createServer((socket) => {
    const reply = (number: number): string =>
      `${JSON.stringify({ ...PLAIN_REPLY, requestId: `socket.${number}` })}\n`;
    let number = 0;
    socket.write(reply(0));
    socket.on("data", () => socket.write(reply((number += 1))));
  });
  await new Promise<void>((ready) => server?.listen(host.socket, ready));
}

const starts = (): string[] => readFileSync(join(folder, "starts"), "utf8").trimEnd().split("\n");
const requestId = (answer: Awaited<ReturnType<Client["ask"]>>): string =>
  answer.kind === "reply" ? answer.reply.requestId : answer.kind;

test("without a way it says what is missing", async () => {
  rmSync(join(folder, "helper"));
  expect(await client.ask(STATUS)).toEqual({ kind: "not_set_up", uid: 1000 });
  noNewPrivs(1);
  program("helper", "");
  expect(await client.ask(STATUS)).toEqual({ kind: "no_new_privs" });
});

test("a socket that does not let this user in is named where sudo cannot work", async () => {
  writeFileSync(host.socket, "");
  noNewPrivs(1);
  expect(await client.ask(STATUS)).toEqual({ kind: "socket_refused", code: "ECONNREFUSED" });
  noNewPrivs(0);
  expect(requestId(await client.ask(STATUS))).toMatch(/^\d+\.1$/);
});

test("sudo's refusal is explained as in any other request", async () => {
  program("sudo", "echo 'sudo: a password is required' >&2; exit 1");
  expect(await client.ask(STATUS)).toEqual({ kind: "rule_missing", uid: 1000, others: "none" });
});

test.each([
  ["echo hello", "it is not one JSON object"],
  ["exit 3", "it ended with status 3"],
  ["kill -9 $$", "it ended with status none"],
])("a helper that does %j is a bad reply", async (body, reason) => {
  program("helper", body);
  expect(await client.ask(STATUS)).toEqual({ kind: "bad_reply", reason });
});

test("NUL is never sent", async () => {
  expect(await client.ask({ ...STATUS, name: "a\0b" })).toEqual({ kind: "unsendable" });
});

test("one start of sudo serves many requests", async () => {
  const ids = [];
  for (let asked = 0; asked < 5; asked += 1) ids.push(requestId(await client.ask(STATUS)));
  expect(ids.map((id) => id.replace(/^\d+/, ""))).toEqual([".1", ".2", ".3", ".4", ".5"]);
  expect(starts()).toEqual(["sudo", `${host.helpers[0]} session`]);
});

test("reads at once take four sessions at most; a change waits for none of them", async () => {
  const reads = Array.from({ length: 20 }, () => client.ask(STATUS));
  const answers = await Promise.all([...reads, client.ask(RESTART)]);
  expect(answers.map(({ kind }) => kind)).toEqual(Array.from({ length: 21 }, () => "reply"));
  expect(starts().filter((line) => line === "sudo")).toHaveLength(5);
});

test("root starts the helper itself", async () => {
  client = openClient({ ...host, euid: 0 });
  expect((await client.ask(STATUS)).kind).toBe("reply");
  expect(starts()).toEqual([`${host.helpers[0]} session`]);
});

test("the socket is taken before sudo, also under no_new_privs", async () => {
  await listen();
  noNewPrivs(1);
  expect(requestId(await client.ask(STATUS))).toBe("socket.1");
  expect(requestId(await client.ask(STATUS))).toBe("socket.2");
});

test("a change during which the helper died is not asked again; the next one has a new session", async () => {
  writeFileSync(join(folder, "dies"), "");
  const answer = await client.ask(RESTART);
  expect(answer).toMatchObject({ kind: "unknown_outcome" });
  rmSync(join(folder, "dies"));
  expect(requestId(await client.ask(RESTART))).toMatch(/\.1$/);
  expect(readFileSync(join(folder, "asked"), "utf8").trimEnd().split("\n")).toHaveLength(2);
  expect(client.restarts()).toBe(1);
});
