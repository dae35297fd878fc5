/** Hosts that only speak as our scripts do: for what is about many of them, and not about any one. */
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { BootstrapTarget } from "../../inventory/bootstrap.ts";
import type { RemoteProcess, Transport } from "../../inventory/transport.ts";

export type FakeHost = {
  name: string;
  group?: string;
  /** Null: sudo asks for none. */
  password: string | null;
  /** Hangs up when it has asked. */
  hangsUp?: boolean;
};

const SCRIPT_BYTES = 8192;
const HEADER_LINES = 10;

/** `given`: each password that a host was given, in their order. */
export function fakeHosts(hosts: readonly FakeHost[]): {
  targets: BootstrapTarget[];
  transport: Transport;
  given: [host: string, password: string][];
} {
  const given: [string, string][] = [];
  const process = (host: FakeHost): RemoteProcess => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    let over: (status: number | null) => void = () => {};
    const ended = new Promise<number | null>((done) => (over = done));
    const end = async (status: number | null): Promise<void> => {
      await sleep(1); // both outputs are read first
      over(status);
    };
    let [heard, asked] = [Buffer.alloc(0), false];
    const answered = (mark: string, lines: readonly string[]): void => {
      stdout.write([mark, ...lines, `${mark} end`, ""].join("\n"));
      void end(0);
    };
    stdin.on("data", (bytes: Buffer) => {
      heard = Buffer.concat([heard, bytes]);
      const [mark = "", ...words] = heard.subarray(SCRIPT_BYTES).toString("latin1").split("\n");
      if (!["install", "uninstall"].includes(words[0] ?? "")) {
        if (words.length < 3) return;
        const system = ["system Linux x86_64", "sudo Sudo version 1.9.16", "helper none"];
        return answered(mark, ["login 1000", "uid 1000", ...system, "effect unknown"]);
      }
      const sizes = words.slice(6, HEADER_LINES - 1).map(Number);
      const header = [mark, ...words.slice(0, HEADER_LINES - 1), ""].join("\n").length;
      const files = SCRIPT_BYTES + header + sizes.reduce((sum, size) => sum + size, 0);
      if (words.length < HEADER_LINES || heard.length < files) return;
      if (host.password !== null && !asked) {
        asked = true;
        stderr.write(mark);
        if (host.hangsUp === true) void sleep(200).then(() => end(null));
      }
      const line = heard.subarray(files).toString();
      if (host.password !== null && !line.endsWith("\n")) return;
      if (host.password !== null) given.push([host.name, line.trimEnd()]);
      if (host.hangsUp === true) return;
      // As PAM takes its time, with what is right and with what is wrong.
      void sleep(10).then(() => {
        if (host.password !== null && line !== `${host.password}\n`) stderr.write(mark);
        else answered(mark, ["uploaded 0", "state installed", "status 0"]);
      });
    });
    stdin.on("finish", () => void end(1));
    return { stdin, stdout, stderr, ended };
  };
  const known = new Map(hosts.map((host) => [host.name, host]));
  const targets = hosts.map(({ name, group }) => {
    const none = { port: null, user: null, identityFile: null, proxy: null, offline: null };
    return { name, address: name, passwordGroup: group ?? null, ...none };
  });
  const transport: Transport = {
    connect: async ({ name }) => {
      const host = known.get(name);
      if (host === undefined) return { kind: "unreachable", reason: "no such host" };
      const start = async (): Promise<RemoteProcess> => process(host);
      const open = { isOpen: () => true, close: async () => {} };
      const connection = { via: "ssh2", newPins: [], start, ...open } as const;
      return { kind: "connected", connection };
    },
    close: async () => {},
  };
  return { targets, transport, given };
}
