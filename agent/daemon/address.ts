/** Where the daemon may listen: on loopback or on a unix socket, never where another host could reach it. */
import { BlockList, isIP } from "node:net";

export type Listen =
  | { kind: "tcp"; address: string; port: number }
  | { kind: "unix"; path: string };

/** sockaddr_un holds 108 bytes, the final NUL included (unix(7)). */
export const UNIX_PATH_MAX_BYTES = 107;

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

export function isLoopback(address: string): boolean {
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 6 ? "ipv6" : "ipv4");
}

/** `127.0.0.1:7625`, `[::1]:7625`, `localhost:7625` or an absolute path; `flaw` says why it is none of these. */
export function readListen(text: string): Listen | { flaw: string } {
  if (text.startsWith("/")) {
    if (Buffer.byteLength(text) > UNIX_PATH_MAX_BYTES || text.includes("\0")) {
      return { flaw: `no unix socket can have this path: at most ${UNIX_PATH_MAX_BYTES} bytes` };
    }
    return { kind: "unix", path: text };
  }
  const [, v6, name, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const given = v6 ?? name;
  const port = Number(digits);
  if (given === undefined || port > 65_535) {
    return { flaw: "a loopback address and a port, or the path of a unix socket is expected" };
  }
  const address = given === "localhost" ? "127.0.0.1" : given;
  if (!isLoopback(address)) {
    return { flaw: `${given} is not a loopback address: other hosts must not reach root's door` };
  }
  return { kind: "tcp", address, port };
}

/** What a Host header may say: a name or an address, and a port if any. */
export function isHostHeader(text: string): boolean {
  return /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(
    text,
  );
}

export function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}
