/** A lab host with the package on it: how its tests install it, look at systemd, and call the daemon as an agent does. */
import { arrange, arrangeScript, exec, type Ended, type Host, type User } from "../lab/host.ts";
import { builtDeb, DEB_NAME } from "./deb.ts";

export const DEB = `/opt/sallyport/${DEB_NAME}`;
export const SOCKETS = ["sallyport.socket", "sallyport-helper.socket"];
export const STATE = "/var/lib/sallyport-daemon";

/** A tool's structured content. */
export type Told = {
  ok: boolean;
  code: string | null;
  reason: string | null;
  remedy: string | null;
  requestId: string | null;
  data: Record<string, unknown> | null;
};

/** GET, or POST where there is a body, by the shortest HTTP client there is: lab hosts have none. */
const HTTP = String.raw`
use Socket;
my ($path, $token, $body) = @ARGV;
socket(my $socket, PF_INET, SOCK_STREAM, 0) or die "socket: $!";
connect($socket, pack_sockaddr_in(7625, INADDR_LOOPBACK)) or die "connect: $!";
my @head = ($body eq "" ? "GET $path HTTP/1.1" : "POST $path HTTP/1.1", "Host: 127.0.0.1:7625", "Connection: close");
push @head, "Authorization: Bearer $token" if $token ne "";
push @head, "Content-Type: application/json", "Accept: application/json, text/event-stream",
  "MCP-Protocol-Version: 2025-11-25", "Content-Length: " . length $body if $body ne "";
syswrite $socket, join("\r\n", @head, "", $body);
print while <$socket>;
`;

export function installedHost(host: Host) {
  const as = (user: User, ...argv: string[]): Promise<Ended> => exec(host, user, argv);
  const apt = (...words: string[]): Promise<Ended> =>
    exec(host, "root", ["apt-get", "-y", ...words], { timeoutMs: 120_000 });
  const http = async (path: string, token = "", body = ""): Promise<string> =>
    (await as("other", "perl", "-e", HTTP, path, token, body)).stdout;
  const token = async (): Promise<string> => (await arrange(host, "cat", `${STATE}/token`)).trim();

  return {
    host,
    as,
    apt,
    http,
    token,
    /** As if Sallyport had never been there. */
    clear: async (): Promise<void> => {
      builtDeb();
      await as("root", "/opt/sallyport/sallyport", "setup-sudo", "--user", "agent", "--uninstall");
      await arrange(
        host,
        "rm",
        "-rf",
        "/var/log/sallyport",
        "/etc/sallyport",
        "/var/lib/sallyport",
      );
      await arrangeScript(host, "rm -rf /run/sallyport*");
    },
    purge: async (): Promise<void> => {
      await apt("purge", "sallyport");
      await arrange(host, "rm", "-rf", "/var/log/sallyport");
    },
    states: async (...units: string[]): Promise<string[]> => {
      const { stdout } = await as("root", "systemctl", "is-active", ...units);
      return stdout.trim().split("\n");
    },
    show: async (unit: string, property: string): Promise<string> => {
      return (await arrange(host, "systemctl", "show", "--value", "-p", property, unit)).trim();
    },
    callTool: async (name: string, args: object): Promise<Told> => {
      const params = { name, arguments: args };
      const call = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
      const said = await http("/mcp", await token(), call);
      const answer = /(\{.*"result".*\})/.exec(said)?.[1];
      if (answer === undefined) throw new Error(`no result in ${JSON.stringify(said)}`);
      return (JSON.parse(answer) as { result: { structuredContent: Told } }).result
        .structuredContent;
    },
  };
}
