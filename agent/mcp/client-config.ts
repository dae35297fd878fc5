/** What goes into the configuration of an MCP client; the form that most of them share. */

/** Where the daemon serves MCP, as long as its settings say nothing else. */
const DAEMON_URL = "http://127.0.0.1:7625/mcp";

export type ClientConfig = { mcpServers: { sallyport: object } };

/** `program`: what starts this command line. */
export function stdioConfig(program: string): ClientConfig {
  return { mcpServers: { sallyport: { command: program, args: ["mcp"] } } };
}

/** The token is the reader's to fill in: a printed one would end up in logs and screen shots. */
export function httpConfig(): ClientConfig {
  const headers = { Authorization: "Bearer TOKEN" };
  return { mcpServers: { sallyport: { type: "http", url: DAEMON_URL, headers } } };
}
