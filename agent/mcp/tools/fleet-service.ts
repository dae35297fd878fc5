/** `fleet_service`: one request about a service, on many hosts. */
import { z } from "zod";
import { SERVICE_ACTIONS } from "../../../protocol/operation.ts";
import { isRead } from "../../client.ts";
import { argvOf } from "../../request.ts";
import { fleetData, fleetOutcome } from "../fleet-outcome.ts";
import type { Choice } from "../effective-policy.ts";
import { ANY_NAME, defineTool, nameFrom } from "../tool.ts";
import { fleetPattern } from "./fleet-hosts.ts";

export const fleetService = defineTool({
  name: "fleet_service",
  title: "Services of the fleet",
  description:
    "Asks many hosts at once about a service, or changes it there as root: one host first, then more, and no further ones after a failure. Each host's own policy decides.",
  offered({ serviceReads, serviceChanges }) {
    const { actions, names } = together(serviceReads, serviceChanges);
    if (actions.length === 0) return null;
    return z.strictObject({ on: fleetPattern, action: z.enum(actions), name: nameFrom(names) });
  },
  accepted: z.strictObject({ on: fleetPattern, action: z.enum(SERVICE_ACTIONS), name: ANY_NAME }),
  data: fleetData,
  async run({ on, action, name }, call) {
    const request = { kind: "service", action, name } as const;
    const argv = argvOf(request);
    const asked = await call.askFleet({ v: 1, ask: "request", on, argv });
    return fleetOutcome(asked, `${argv.join(" ")} on ${on}`, !isRead(request));
  },
});

/** What this host's policy offers, reading and changing: the best guess at what those hosts' do. */
export function together(reads: Choice, changes: Choice): Choice {
  const names =
    reads.names === null || changes.names === null
      ? null
      : [...new Set([...reads.names, ...changes.names])];
  return { actions: [...new Set([...reads.actions, ...changes.actions])], names };
}
