/** Placeholder until agent/mcp/ is merged: a request's words in, the answer out. */
import type { Client } from "../client.ts";
import { parseRequest } from "../request.ts";
import { answer, type Handler } from "./http-server.ts";
import { asker } from "./recorded-client.ts";
import { carriesToken } from "./token.ts";

export function mcpEndpoint(client: Client, token: () => string): Handler {
  return async (request, response) => {
    if (!carriesToken(request.headers.authorization, token()))
      return answer(response, 401, { error: "unauthorized" });
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const wish = parseRequest(JSON.parse(text) as string[]);
    if (wish === null) return answer(response, 400, { error: "usage" });
    const given = await asker.run({ client: "test", tool: "t" }, () => client.ask(wish));
    answer(response, 200, given);
  };
}
