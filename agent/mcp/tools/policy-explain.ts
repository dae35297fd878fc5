/** `policy_explain`: what may be asked for on this host, and what a verdict means. */
import { z } from "zod";
import {
  NAMED_PACKAGE_ACTIONS,
  SERVICE_ACTIONS,
  SYSTEM_PACKAGE_ACTIONS,
  type Verdict,
} from "../../../protocol/operation.ts";
import type { PolicyData } from "../../../protocol/reply.ts";
import { outcomeOf } from "../outcome.ts";
import { ANY_NAME, defineTool } from "../tool.ts";
import { untrustedLine } from "../untrusted.ts";

const ACTIONS = [
  ...new Set([...SERVICE_ACTIONS, ...NAMED_PACKAGE_ACTIONS, ...SYSTEM_PACKAGE_ACTIONS]),
];

const MEANING: Record<Verdict, { meaning: string; remedy: string | null }> = {
  allow: { meaning: "done at once when asked for", remedy: null },
  guard: {
    meaning: "refused unless a person grants it",
    remedy: "ask a person to do it or to grant it",
  },
  deny: {
    meaning: "refused; nobody can grant it",
    remedy: "only an administrator can change the policy of this host",
  },
};

const rowSchema = z.strictObject({
  kind: z.string(),
  name: z.string().nullable().describe("null: the whole system"),
  allow: z.array(z.string()),
  guard: z.array(z.string()),
});
type Row = z.infer<typeof rowSchema>;

const question = z.strictObject({
  kind: z.enum(["service", "package"]).optional(),
  action: z.enum(ACTIONS).optional(),
  name: ANY_NAME.optional().describe("leave it out, with kind and action, for the whole system"),
});
type Question = z.infer<typeof question>;

export const policyExplain = defineTool({
  name: "policy_explain",
  title: "Policy of this host",
  description:
    "Tells whether something may be done on this host, and what a person would have to do otherwise: give kind, action and name. Without arguments it lists everything that may be asked for; what is not listed is refused. Changes nothing.",
  offered: () => question,
  accepted: question,
  data: z.strictObject({
    policyHash: z.string(),
    asked: z
      .strictObject({
        request: z.string(),
        verdict: z.enum(["allow", "guard", "deny"]),
        meaning: z.string(),
        remedy: z.string().nullable(),
      })
      .nullable()
      .describe("the answer, where kind and action were given"),
    table: z.array(rowSchema).describe("what matches the arguments; what is not in it is denied"),
  }),
  async run(asked, call) {
    const request = { kind: "policy" } as const;
    return outcomeOf(await call.ask(request), request, ({ data }) => {
      if (data?.kind !== "policy") return { summary: "no policy", data: null };
      const answer = verdictOn(asked, data);
      const table = rowsOf(data, asked);
      const summary = answer === null ? tableText(table) : `${answer.request}: ${answer.meaning}`;
      return { summary, data: { policyHash: data.policyHash, asked: answer, table } };
    });
  },
});

function verdictOn({ kind, action, name }: Question, { verdicts }: PolicyData) {
  if (kind === undefined || action === undefined) return null;
  const wish = [kind, action, ...(name === undefined ? [] : [name])].join(" ");
  const verdict = Object.hasOwn(verdicts, wish) ? (verdicts[wish] ?? "deny") : "deny";
  return { request: untrustedLine(wish), verdict, ...MEANING[verdict] };
}

/** One row for each kind and name, in the order of the policy. */
function rowsOf({ verdicts }: PolicyData, asked: Question): Row[] {
  const rows = new Map<string, Row>();
  for (const [wish, verdict] of Object.entries(verdicts)) {
    const [kind = "", action = "", name = null] = wish.split(" ");
    if (verdict === "deny") continue;
    if (asked.kind !== undefined && asked.kind !== kind) continue;
    if (asked.action !== undefined && asked.action !== action) continue;
    if (asked.name !== undefined && asked.name !== name) continue;
    const key = `${kind} ${name ?? ""}`;
    const row = rows.get(key) ?? { kind, name, allow: [], guard: [] };
    rows.set(key, row);
    row[verdict].push(action);
  }
  return [...rows.values()];
}

function tableText(rows: readonly Row[]): string {
  if (rows.length === 0) return "nothing of this kind may be asked for";
  return rows
    .map(({ kind, name, allow, guard }) => {
      const parts = [
        `${kind} ${name ?? "(whole system)"}: ${allow.join(" ") || "nothing"} at once`,
      ];
      if (guard.length > 0) parts.push(`${guard.join(" ")} with a person's grant`);
      return parts.join("; ");
    })
    .join("\n");
}
