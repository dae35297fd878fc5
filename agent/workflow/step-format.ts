/** What may stand in a step, and what it means; whether the steps make a whole, check.ts says. */
import { z } from "zod";
import {
  NAMED_PACKAGE_ACTIONS,
  SERVICE_ACTIONS,
  SYSTEM_PACKAGE_ACTIONS,
} from "../../protocol/operation.ts";
import { parseRequest } from "../request.ts";
import { durationMs } from "./duration.ts";
import { JOINS, LANGUAGES, WHENS, type Act, type Step } from "./step.ts";
import { NAME, parseTemplate, referenceIn, type Template } from "./template.ts";

/** An argument of a program is at most 128 KiB on Linux (execve(2), MAX_ARG_STRLEN). */
const MAX_TEXT = 100 * 1024;
const MAX_RETRIES = 10;
/** Without a `timeout`. */
const USUAL_TIMEOUT_MS = 10 * 60_000;
const MOST_TIMEOUT_MS = 24 * 60 * 60_000;

export const text = z
  .string()
  .max(MAX_TEXT, `must be at most ${MAX_TEXT} characters`)
  .refine((value) => !value.includes("\0"), "must not contain NUL");
export const flag = z
  .enum(["true", "false"], "must be true or false")
  .transform((word) => word === "true");
export const name = text.regex(NAME, "must be a letter, then letters, digits, - and _, 64 at most");

/** In a command a reference would be read by a shell; in a name it would hide what is asked for. */
const literal = text.superRefine((value, context) => {
  const found = referenceIn(value);
  if (found !== null) context.addIssue({ code: "custom", message: bindInstead(found) });
});

function bindInstead(reference: string): string {
  const shown = reference.endsWith("}") ? reference : `${reference}}`;
  return `${JSON.stringify(shown)} is never pasted into what runs\nenv: { VALUE: "${shown}" }, and "$VALUE" in the command`;
}

const template = text.transform((value, context): Template => {
  const parsed = parseTemplate(value);
  if (!("flaw" in parsed)) return parsed;
  context.addIssue({ code: "custom", message: parsed.flaw });
  return [];
});

const variable = z.string().regex(/^[A-Za-z_]\w{0,127}$/, "is no name of a variable");

const duration = text.transform((value, context) => {
  const ms = durationMs(value);
  if (ms !== null && ms > 0 && ms <= MOST_TIMEOUT_MS) return ms;
  context.addIssue({
    code: "custom",
    message: "must be a time like 30s, 10m or 2h, a day at most",
  });
  return 0;
});

const count = text
  .regex(/^\d{1,2}$/, "must be a whole number")
  .transform(Number)
  .refine((value) => value <= MAX_RETRIES, `must be at most ${MAX_RETRIES}`);

const absolute = literal.regex(/^\//, "must be an absolute path");

const stepSchema = z.strictObject({
  id: name,
  run: z
    .union([literal, z.array(literal).min(1)], "must be a command's text, or a list of its words")
    .optional(),
  service: z.strictObject({ action: z.enum(SERVICE_ACTIONS), name: literal }).optional(),
  package: z
    .strictObject({
      action: z.enum([...new Set([...NAMED_PACKAGE_ACTIONS, ...SYSTEM_PACKAGE_ACTIONS])]),
      name: literal.optional(),
    })
    .optional(),
  code: z.strictObject({ language: z.enum(LANGUAGES), text: literal }).optional(),
  needs: z.array(text).default([]),
  when: z.enum(WHENS).default("success"),
  join: z.enum(JOINS).default("all"),
  timeout: duration.optional(),
  env: z.record(variable, template).optional(),
  stdin: template.optional(),
  cwd: absolute.optional(),
  sudoLock: flag.default(false),
  sandbox: flag.optional(),
  locked: flag.default(false),
  retries: count.default(0),
  idempotent: flag.default(false),
});
type Raw = z.output<typeof stepSchema>;

/** A step, or null after `complain` was told what is wrong with it. */
export const stepFormat = stepSchema.transform((raw, context): Step => {
  const complain = (key: keyof Raw, message: string): void =>
    context.addIssue({ code: "custom", path: [key], message });
  const act = actOf(raw, complain);
  for (const [key, message] of contradictions(raw, act)) complain(key, message);
  return {
    id: raw.id,
    act: act ?? { kind: "run", argv: [], text: null },
    needs: raw.needs,
    when: raw.when,
    join: raw.join,
    timeoutMs: act?.kind === "request" ? null : (raw.timeout ?? USUAL_TIMEOUT_MS),
    env: Object.entries(raw.env ?? {}),
    stdin: raw.stdin ?? null,
    cwd: raw.cwd ?? null,
    sudoLock: raw.sudoLock,
    sandbox: raw.sandbox ?? !raw.sudoLock,
    locked: raw.locked,
    retries: raw.retries,
    idempotent: raw.idempotent,
  };
});

type Complain = (key: keyof Raw, message: string) => void;
const ACTS = ["run", "service", "package", "code"] as const;

function actOf(raw: Raw, complain: Complain): Act | null {
  const given = ACTS.filter((key) => raw[key] !== undefined);
  if (given.length !== 1) {
    complain("id", `one of ${ACTS.join(", ")} says what it does, and ${given.length} do`);
    return null;
  }
  const { run, code } = raw;
  if (typeof run === "string") return { kind: "run", argv: ["/bin/sh", "-c", run], text: run };
  if (run !== undefined) {
    if (run[0] === "") complain("run", "its first word names no program");
    return { kind: "run", argv: run, text: null };
  }
  if (code !== undefined) return { kind: "code", ...code };
  return requestOf(raw, complain);
}

function requestOf({ service, package: packed }: Raw, complain: Complain): Act | null {
  const kind = service === undefined ? "package" : "service";
  const words = service ?? packed;
  const request = parseRequest(
    [kind, words?.action, words?.name].filter((word) => word !== undefined),
  );
  if (request !== null) return { kind: "request", request };
  complain(
    kind,
    words?.name === undefined ? "this action needs a name" : "this action takes no such name",
  );
  return null;
}

/** They choose which program a command is: what a person was shown would not be what runs. */
const CHOOSES_PROGRAM =
  /^(?:PATH|IFS|ENV|BASH_ENV|BASHOPTS|SHELLOPTS|PS4|HOME|TMPDIR|SHELL|LD_.*|SUDO_.*|BASH_FUNC_.*|GLIBC_.*|LOCPATH|GCONV_PATH)$/;

function contradictions(raw: Raw, act: Act | null): [keyof Raw, string][] {
  const found: [keyof Raw, string][] = [];
  const { sudoLock, env, retries, idempotent } = raw;
  if (sudoLock && act !== null && act.kind !== "run")
    found.push([
      "sudoLock",
      "only a run step can use sudo; service and package steps need no password",
    ]);
  if (sudoLock && raw.sandbox === true)
    found.push(["sandbox", "a sudo-locked step runs in a terminal of its own, not in a sandbox"]);
  if (act?.kind === "request")
    for (const key of ["timeout", "env", "stdin", "cwd", "sandbox"] as const)
      if (raw[key] !== undefined)
        found.push([key, "means nothing here: the helper does this step"]);
  if (retries > 0 && !idempotent)
    found.push(["retries", "only a step that says idempotent: true is repeated"]);
  if (sudoLock)
    for (const variableName of Object.keys(env ?? {}))
      if (CHOOSES_PROGRAM.test(variableName))
        found.push([
          "env",
          `${variableName} would change what the shown command is; set it in the command`,
        ]);
  return found;
}
