/** What a file may say about code: rule by rule, imports language by language, limits. */
import { z } from "zod";
import { ruleSchema } from "./finding-schema.ts";
import { DEFAULT_CODE_POLICY, type CodePolicy } from "./finding.ts";

const names = z.array(z.string().min(1).max(128)).max(1000);

const importsSchema = z.strictObject({
  /** Without it: whatever no rule speaks against. */
  allowed: names.nullable().default(null),
  forbidden: names.default([]),
  required: names.default([]),
});

const { bytes, nodes, depth } = DEFAULT_CODE_POLICY.limits;

export const codeSettingsSchema = z.strictObject({
  rules: z.partialRecord(ruleSchema, z.enum(["refuse", "warn", "allow"])).default({}),
  /** Modules by their names: of node without `node:`. */
  imports: z
    .strictObject({ node: importsSchema.optional(), python: importsSchema.optional() })
    .default({}),
  limits: z
    .strictObject({
      /** Of the program's text, in any language. */
      bytes: z
        .int()
        .min(1)
        .max(1 << 20)
        .default(bytes),
      nodes: z.int().min(1).max(1_000_000).default(nodes),
      depth: z.int().min(1).max(1000).default(depth),
    })
    .prefault({}),
});

export type CodeSettings = z.output<typeof codeSettingsSchema>;

export function codePolicyFor(
  language: "bash" | "python" | "node",
  { rules, imports, limits }: CodeSettings,
): CodePolicy {
  const given = language === "bash" ? undefined : imports[language];
  return {
    rules: { ...DEFAULT_CODE_POLICY.rules, ...rules },
    imports: given ?? DEFAULT_CODE_POLICY.imports,
    limits,
  };
}
