/** All that is fuzzed, by the name that `npm run fuzz` takes. */
import { audit } from "./targets/audit.ts";
import { inventory } from "./targets/inventory.ts";
import { mcp } from "./targets/mcp.ts";
import { request } from "./targets/request.ts";
import { risk } from "./targets/risk.ts";
import { sessionLines } from "./targets/session.ts";
import { workflow } from "./targets/workflow.ts";

export const TARGETS = { request, session: sessionLines, inventory, workflow, mcp, risk, audit };
