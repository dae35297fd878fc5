/**
 * Reads a site's own policy and writes the module that takes the place of helper/policy.ts.
 *
 *   services:
 *     postgresql: { allow: [status, logs, restart], guard: [stop] }
 *   packages:
 *     postgresql-client: { allow: [install, upgrade, info] }
 *   system: { allow: [update], guard: [upgrade] }
 *   deadlineSeconds: { service: 300 }
 *
 * What is not listed is denied. Anything unknown is an error that names file, line and key.
 */
import { readFileSync } from "node:fs";
import { isMap, isScalar, parseDocument, type Document } from "yaml";
import { z } from "zod";
import { linesOf } from "../agent/line-places.ts";
import {
  NAMED_PACKAGE_ACTIONS,
  SERVICE_ACTIONS,
  SYSTEM_PACKAGE_ACTIONS,
  type Verdict,
} from "../protocol/operation.ts";

export class SitePolicyError extends Error {}

/** systemd.unit(5) names without templates, paths or globs. */
const SERVICE_NAME = /^[A-Za-z0-9_-]+(?:\.(?:service|socket|timer|path|target))?$/;
/** Debian Policy 5.6.1, and nothing in which apt would see an operator (`+` or `-` at the end). */
const PACKAGE_NAME = /^[a-z0-9](?:[a-z0-9+.-]*[a-z0-9])?$/;

function row(actions: readonly [string, ...string[]]) {
  const list = z.array(z.enum(actions)).default([]);
  return z
    .strictObject({ allow: list, guard: list })
    .refine(({ allow, guard }) => !allow.some((action) => guard.includes(action)), {
      message: "an action is both allowed and guarded",
    })
    .transform(({ allow, guard }) =>
      Object.fromEntries([
        ...allow.map((action) => [action, "allow"] as const),
        ...guard.map((action) => [action, "guard"] as const),
      ]),
    );
}

const seconds = z.int().min(1).max(86_400);
const sitePolicy = z.strictObject({
  services: z.record(z.string().regex(SERVICE_NAME), row(SERVICE_ACTIONS)).default({}),
  packages: z.record(z.string().regex(PACKAGE_NAME), row(NAMED_PACKAGE_ACTIONS)).default({}),
  system: row(SYSTEM_PACKAGE_ACTIONS).default({}),
  deadlineSeconds: z
    .strictObject({
      read: seconds.default(30),
      service: seconds.default(120),
      package: seconds.default(1800),
      idle: seconds.default(600),
      life: seconds.default(86_400),
    })
    .prefault({}),
});

/** The text of the module. Throws SitePolicyError where the file cannot be read or is not a policy. */
export function readSitePolicy(file: string): string {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new SitePolicyError(`${file}: cannot be read`);
  }
  const lines = linesOf(text);
  const document = parseDocument(text, { prettyErrors: false });
  const [broken] = [...document.errors, ...document.warnings];
  if (broken !== undefined) {
    throw new SitePolicyError(`${file}:${lines.linePos(broken.pos[0]).line}: ${broken.message}`);
  }
  const { data, error } = sitePolicy.safeParse(document.toJS());
  if (data === undefined) {
    const { path, keys, message } = firstIssue(error);
    const key = [...path, ...keys].join(".") || "the whole file";
    const { line } = lines.linePos(offsetOf(document, [...path, ...keys]));
    throw new SitePolicyError(`${file}:${line}: ${key}: ${message}`);
  }
  const { services, packages, system, deadlineSeconds } = data;
  const verdicts = Object.fromEntries([
    ...wishes("service", services),
    ...wishes("package", packages),
    ...wishes("package", { "": system }),
  ]);
  return [
    `export const VERDICTS = ${JSON.stringify(verdicts)};`,
    `export const DEADLINE_SECONDS = ${JSON.stringify(deadlineSeconds)};`,
  ].join("\n");
}

/** The verdicts by the words of a request, as helper/policy.ts has them. */
function wishes(kind: string, rows: Record<string, Record<string, Verdict>>): [string, Verdict][] {
  return Object.entries(rows).flatMap(([name, verdicts]) =>
    Object.entries(verdicts).map(([action, verdict]): [string, Verdict] => [
      `${kind} ${action} ${name}`.trim(),
      verdict,
    ]),
  );
}

function firstIssue(error: z.ZodError): {
  path: (string | number)[];
  keys: string[];
  message: string;
} {
  const [issue] = error.issues;
  const path = (issue?.path ?? []).filter((part) => typeof part !== "symbol");
  const keys = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  return { path, keys, message: issue?.message ?? "not a policy" };
}

/** Where the key at `path` stands in the text; for a missing one, the nearest thing around it. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  if (path.length === 0) return document.contents?.range?.[0] ?? 0;
  const parent = document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
    : undefined;
  if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0] ?? 0;
  const node = document.getIn(path, true);
  if (isScalar(node)) return node.range?.[0] ?? 0;
  return offsetOf(document, path.slice(0, -1));
}
