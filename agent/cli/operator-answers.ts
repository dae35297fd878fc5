/** What many hosts answered, for an agent: alike ones as one, without a word of where they are. */
import { fold } from "../../inventory/fold.ts";
import type { InventoryHost } from "../../inventory/target.ts";
import type { Reply } from "../../protocol/reply.ts";
import { headAndTail } from "../mcp/untrusted.ts";
import {
  HOST_CODES,
  OUTPUT_MAX,
  OUTPUTS_MAX,
  type AnswerGroup,
  type HostCode,
  type HostGroup,
  type HostState,
} from "../operator/wire.ts";
import type { RequestAnswer } from "./fleet-request.ts";

export function hostGroups(hosts: readonly InventoryHost[]): HostGroup[] {
  return alike(hosts, ({ groups, offline }) => ({
    groups: [...groups],
    offline: offline !== null,
  }));
}

/** A host's own reason is for the operator: it may name addresses, users and keys. */
export function answerGroups(answers: readonly RequestAnswer[]): AnswerGroup[] {
  const groups = alike(answers, ({ code, reply }) => ({
    code: codeOf(code),
    ...saidIn(reply),
  }));
  let left = OUTPUTS_MAX;
  return groups.map((group) => {
    const fits = group.output.length <= left;
    left -= fits ? group.output.length : 0;
    return fits ? group : { ...group, output: "", truncated: true };
  });
}

/** For the operator: why, by hosts. */
export function reasons(answers: readonly RequestAnswer[]): object[] {
  const bad = answers.filter(({ code }) => code !== null);
  return alike(bad, ({ code, message }) => ({ code, message })).slice(0, 20);
}

type Named = { name: string };

function alike<Item extends Named, Fact extends object>(
  items: readonly Item[],
  factOf: (item: Item) => Fact,
): (Fact & { hosts: string; count: number })[] {
  const found = new Map<string, { fact: Fact; names: string[] }>();
  for (const item of items) {
    const fact = factOf(item);
    const key = JSON.stringify(fact);
    const before = found.get(key);
    if (before === undefined) found.set(key, { fact, names: [item.name] });
    else before.names.push(item.name);
  }
  return [...found.values()].map(({ fact, names }) => ({
    hosts: fold(names),
    count: names.length,
    ...fact,
  }));
}

function codeOf(code: string | null): HostCode | null {
  if (code === null) return null;
  return HOST_CODES.find((known) => known === code) ?? "internal";
}

/** What is told in typed fields need not be told in a program's words, which are each host's own. */
function saidIn(reply: Reply | null): Pick<AnswerGroup, "state" | "output" | "truncated"> {
  const state = reply === null ? null : stateOf(reply);
  if (reply === null || (state !== null && reply.error === null))
    return { state, output: "", truncated: false };
  return { state, ...outputOf(reply) };
}

/** Without what is each host's own. */
function stateOf({ data }: Reply): HostState | null {
  if (data?.kind === "package") return data;
  if (data?.kind !== "service") return null;
  const { MainPID: _, ...state } = data;
  return state;
}

function outputOf({ error, stdout, stderr, truncated }: Reply): {
  output: string;
  truncated: boolean;
} {
  const said = error === null || stderr === "" ? stdout : stderr;
  const output = headAndTail(said, OUTPUT_MAX);
  return { output, truncated: truncated || output !== said };
}
