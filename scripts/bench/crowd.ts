/**
 * A mock: many SSH servers at once, more than any lab has. One process that listens on all addresses of 127.0.0.0/8,
 * so that each address is a host; all have one key, and let in whoever has signed. To our look at a host each answers
 * as one that is already current; it knows nothing else. A second port takes connections and never says a word.
 * usage: crowd.ts PORT SILENT-PORT HELPER-SHA256 BUILD-ID
 */
import { createServer } from "node:net";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import { REMOTE_COMMAND, scriptBlock } from "../../inventory/transport.ts";

const [port, silentPort, helper = "", buildId = ""] = process.argv.slice(2);
const SCRIPT_BYTES = scriptBlock("").length;
const key = ssh2.utils.generateKeyPairSync("ed25519");
const VERSION = JSON.stringify({ v: 1, success: true, data: { kind: "version", buildId } });

/** The words of look.sh on such a host. */
function looks(mark: string): string {
  const lines = ["login 1000", "uid 1000", "system Linux x86_64", "sudo Sudo version 1.9.13p3"];
  const said = [mark, ...lines, `helper ${helper}`, `effect ${VERSION}`, `${mark} end`];
  return said.map((line) => `${line}\n`).join("");
}

function answer(channel: ServerChannel): void {
  let [heard, answered] = [Buffer.alloc(0), false];
  const end = (text: string): void => {
    channel.write(text);
    channel.exit(0);
    channel.end();
  };
  channel.on("data", (chunk: Buffer) => {
    heard = Buffer.concat([heard, chunk]);
    if (answered || heard.length < SCRIPT_BYTES) return;
    // What OpenSSH's master connection runs: it waits for the end of its input.
    if (heard.toString("utf8", 0, 64).startsWith("echo sallyport is in\n")) {
      answered = true;
      channel.write("sallyport is in\n");
      channel.once("end", () => end(""));
      return;
    }
    const lines = heard.toString("utf8", SCRIPT_BYTES).split("\n");
    if (lines.length < 4) return; // MARK, USER, HELPER
    answered = true;
    end(looks(lines[0] ?? ""));
  });
}

function serve(connection: Connection): void {
  connection.on("error", () => {}); // the other side may just go
  connection.on("authentication", (login) => {
    if (login.method === "publickey") login.accept();
    else login.reject(["publickey"]);
  });
  connection.on("session", (accept) => {
    accept().on("exec", (take, refuse, { command }) => {
      if (command === REMOTE_COMMAND) answer(take());
      else refuse();
    });
  });
}

const silent = createServer((socket) => void socket.on("error", () => {}));
silent.listen(Number(silentPort), "0.0.0.0");
new ssh2.Server({ hostKeys: [key.private] }, serve).listen(Number(port), "0.0.0.0", () => {
  process.stdout.write(`${key.public}\n`);
});
