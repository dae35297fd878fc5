/** A step of a workflow as it is once the file was understood. */
import type { Request } from "../../protocol/operation.ts";
import type { Template } from "./template.ts";

export const WHENS = ["success", "failure", "always"] as const;
/** What became of a need lets a step run: it succeeded; it ran and did not; it is over, one way or another. */
export type When = (typeof WHENS)[number];

export const JOINS = ["all", "any"] as const;
export type Join = (typeof JOINS)[number];

export const LANGUAGES = ["bash", "python", "node"] as const;

export type Act =
  /** `text`: as its author wrote it; null where it is a list of words already. */
  | { kind: "run"; argv: readonly string[]; text: string | null }
  | { kind: "code"; language: (typeof LANGUAGES)[number]; text: string }
  /** Goes to the helper, which needs no password. */
  | { kind: "request"; request: Request };

export type Step = {
  id: string;
  act: Act;
  needs: readonly string[];
  when: When;
  join: Join;
  /** Null: the helper has its own deadlines. */
  timeoutMs: number | null;
  env: readonly (readonly [name: string, value: Template])[];
  stdin: Template | null;
  /** Absolute; null: where the run was asked for. */
  cwd: string | null;
  sudoLock: boolean;
  /** False is a wish. */
  sandbox: boolean;
  locked: boolean;
  /** Of a step that may be repeated; 0 for all others. */
  retries: number;
  idempotent: boolean;
};

export const INPUT_TYPES = ["string", "integer", "boolean", "enum"] as const;

export type Input = {
  name: string;
  type: (typeof INPUT_TYPES)[number];
  /** Of an enum. */
  values: readonly string[];
  /** Null: it must be given. */
  default: string | null;
  secret: boolean;
};

/** `steps` in an order in which each stands after those that it needs. */
export type Workflow = { name: string; inputs: readonly Input[]; steps: readonly Step[] };
