/** `fleet_package`: one request about packages, on many hosts. */
import { z } from "zod";
import { NAMED_PACKAGE_ACTIONS, SYSTEM_PACKAGE_ACTIONS } from "../../../protocol/operation.ts";
import { isRead } from "../../client.ts";
import { parseRequest } from "../../request.ts";
import { fleetData, fleetOutcome } from "../fleet-outcome.ts";
import { refusal } from "../outcome.ts";
import { ANY_NAME, defineTool, nameFrom } from "../tool.ts";
import { fleetPattern } from "./fleet-hosts.ts";
import { together } from "./fleet-service.ts";

export const fleetPackage = defineTool({
  name: "fleet_package",
  title: "Packages of the fleet",
  description: `Asks many hosts for the version of a package, or changes it there as root (with name), or acts on their whole systems (${SYSTEM_PACKAGE_ACTIONS.join(", ")} without name): one host first, then more, and no further ones after a failure. Each host's own policy decides.`,
  offered({ packageReads, packageChanges, systemChanges }) {
    const { actions, names } = together(packageReads, packageChanges);
    const words = [...new Set([...actions, ...systemChanges])];
    if (words.length === 0) return null;
    const action = z.enum(words);
    if (names?.length === 0) return z.strictObject({ on: fleetPattern, action });
    return z.strictObject({
      on: fleetPattern,
      action,
      name: nameFrom(names).optional().describe("leave it out to act on the whole system"),
    });
  },
  accepted: z.strictObject({
    on: fleetPattern,
    action: z.enum([...NAMED_PACKAGE_ACTIONS, ...SYSTEM_PACKAGE_ACTIONS]),
    name: ANY_NAME.optional(),
  }),
  data: fleetData,
  async run({ on, action, name }, call) {
    const argv = ["package", action, ...(name === undefined ? [] : [name])];
    const request = parseRequest(argv);
    if (request === null) {
      const wish = name === undefined ? `${action} needs a name` : `${action} takes no name`;
      return refusal("malformed", wish);
    }
    const asked = await call.askFleet({ v: 1, ask: "request", on, argv });
    return fleetOutcome(asked, `${argv.join(" ")} on ${on}`, !isRead(request));
  },
});
