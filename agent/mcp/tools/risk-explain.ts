/** `risk_explain`: what a command may do. It is not run, and the helper is not asked. */
import { z } from "zod";
import { AXES, LEVELS } from "../../risk/level.ts";
import { success } from "../outcome.ts";
import { defineTool } from "../tool.ts";
import { untrustedLine } from "../untrusted.ts";

/** More is not sent; what is longer than a command that is read is CRITICAL for that alone. */
const LONGEST = 65_536;

const arguments_ = z.strictObject({
  command: z.string().min(1).max(LONGEST).describe("a text as a shell would be given it"),
});

export const riskExplain = defineTool({
  name: "risk_explain",
  title: "Risk of a command",
  description:
    "Tells what a shell command may do, without running it: SAFE (no side effects), CAUTION (changes state or uses the network) or CRITICAL (needs root or destroys data), with reasons and safer ways. Ask before you ask a person to run it. It permits nothing.",
  offered: () => arguments_,
  accepted: arguments_,
  data: z.strictObject({
    level: z.enum(LEVELS),
    axes: z.strictObject(
      Object.fromEntries(AXES.map((axis) => [axis, z.boolean()])) as Record<
        (typeof AXES)[number],
        z.ZodBoolean
      >,
    ),
    reasons: z.array(
      z.strictObject({
        rule: z.string(),
        span: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
        text: z.string(),
      }),
    ),
  }),
  async run({ command }) {
    // Loaded only here: no other tool should take longer for it.
    const { openRisk } = await import("../../risk/open.ts");
    const data = (await openRisk()).riskOf(command);
    const reasons = data.reasons.map(({ rule, text }) => `${rule}: ${text}`);
    const summary = [`${data.level}: ${untrustedLine(command)}`, ...reasons].join("\n");
    return success(summary, { data });
  },
});
