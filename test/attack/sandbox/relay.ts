/** Between Sallyport and a real daemon: gives more to each container than was asked for, as a wrapper on a host might. */
import { once } from "node:events";
import { chmodSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";

/** `added`: keys of HostConfig, in place of those that were asked for. Ends with `close()`. */
export async function relay(
  from: string,
  to: string,
  added: Readonly<Record<string, unknown>>,
): Promise<Server> {
  const server = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      const { method, url: path = "", headers } = incoming;
      const sent = path.includes("/containers/create") ? withMore(body, added) : body;
      const rest = { ...headers, "content-length": String(Buffer.byteLength(sent)) };
      const outgoing = request({ socketPath: to, method, path, headers: rest }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        // A stream of events has nothing to say for a while.
        response.flushHeaders();
        answer.pipe(response);
      });
      response.on("close", () => outgoing.destroy());
      outgoing.on("error", () => response.destroy());
      outgoing.end(sent);
    });
  });
  server.on("upgrade", ({ method, url, rawHeaders }, inner) => {
    const outer = connect(to);
    const lines = rawHeaders.map((word, at) => (at % 2 === 0 ? `${word}: ` : `${word}\r\n`));
    outer.write(`${method} ${url} HTTP/1.1\r\n${lines.join("")}\r\n`);
    for (const socket of [inner, outer]) socket.on("error", () => outer.destroy());
    inner.pipe(outer).pipe(inner);
  });
  server.listen(from);
  await once(server, "listening");
  chmodSync(from, 0o666);
  return server;
}

function withMore(body: string, added: Readonly<Record<string, unknown>>): string {
  const spec = JSON.parse(body) as { HostConfig: object };
  return JSON.stringify({ ...spec, HostConfig: { ...spec.HostConfig, ...added } });
}
