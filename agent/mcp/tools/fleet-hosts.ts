/** `fleet_hosts`: which other hosts an operator lets agents ask. */
import { z } from "zod";
import { escapeLine } from "../../escape.ts";
import { patternSchema } from "../../operator/wire.ts";
import { refusedBy, unanswered } from "../fleet-outcome.ts";
import { refusal, success } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { untrustedLine } from "../untrusted.ts";

export const fleetPattern = patternSchema.describe(
  "which hosts: names, groups, web*, web[01-12]; commas add, :! takes away, :& asks for both",
);

const arguments_ = z.strictObject({ on: fleetPattern.optional() });

export const fleetHosts = defineTool({
  name: "fleet_hosts",
  title: "Hosts of the fleet",
  description:
    "Lists the other hosts that an operator lets you ask, with their groups; all of them without a pattern. Changes nothing.",
  offered: () => arguments_,
  accepted: arguments_,
  data: z.strictObject({
    hosts: z.int().nonnegative(),
    groups: z.array(
      z.strictObject({
        hosts: z.string().describe("names; web[01-12] are twelve"),
        count: z.int().positive(),
        groups: z.array(z.string()),
        offline: z.boolean().describe("taken out of use: not asked"),
      }),
    ),
  }),
  async run({ on = "all" }, call) {
    const asked = await call.askFleet({ v: 1, ask: "hosts", on });
    if (asked.kind !== "reply") return unanswered(asked.kind, on, false);
    const { reply } = asked;
    if (reply.kind === "refused") return refusedBy(reply.code, on);
    if (reply.kind !== "hosts") return refusal("bad_reply", on);
    const groups = reply.groups.map((group) => ({
      ...group,
      hosts: escapeLine(group.hosts),
      groups: group.groups.map(untrustedLine),
    }));
    const hosts = groups.reduce((all, { count }) => all + count, 0);
    const names = groups.slice(0, 20).map((group) => untrustedLine(group.hosts));
    return success(`${hosts} hosts: ${names.join(", ")}`, { data: { hosts, groups } });
  },
});
