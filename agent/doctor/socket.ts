/** systemd's socket to the helper: whom it lets in, and whether a session begins behind it. */
import { existsSync, lstatSync } from "node:fs";
import { mayConnect, sessionBySocket } from "../channel.ts";
import type { Host } from "../host.ts";
import { finding, type Finding } from "./finding.ts";

const CHECK = "helper socket";
const UNIT = "systemctl status sallyport-helper.socket";
/** Not start: a socket whose file was deleted counts as started. */
const RESTART = "systemctl restart sallyport-helper.socket";

export async function examineSocket(host: Host): Promise<Finding> {
  const socket = lstatSync(host.socket, { throwIfNoEntry: false });
  if (socket === undefined)
    return host.socketUnits.some((file) => existsSync(file))
      ? finding(CHECK, "warn", "it is not there, though systemd has a unit for it", RESTART)
      : finding(CHECK, "ok", "there is none: sudo is the only way");
  if (!socket.isSocket() || socket.uid !== 0)
    return finding(CHECK, "fail", `${host.socket} is not root's socket`, UNIT);
  if ((socket.mode & 0o007) !== 0)
    return finding(
      CHECK,
      "fail",
      "everybody may connect to it",
      "systemctl cat sallyport-helper.socket",
    );
  if (host.euid !== 0 && !mayConnect(host))
    return finding(CHECK, "ok", "it does not let this user in");
  const session = await sessionBySocket(host);
  if (session === null || "code" in session)
    return finding(CHECK, "fail", `no session begins: ${session?.code ?? "it is gone"}`, UNIT);
  await session.close();
  return finding(CHECK, "ok", `a session begins, for root and the group ${socket.gid}`);
}
