/** What this host's policy offers, as the helper tells it: the closed lists in the tools' schemas. */
import {
  NAMED_PACKAGE_ACTIONS,
  SERVICE_ACTIONS,
  SYSTEM_PACKAGE_ACTIONS,
} from "../../protocol/operation.ts";
import type { PolicyData } from "../../protocol/reply.ts";
import type { Answer, Client } from "../client.ts";

/** How old a policy may be that tools are listed from, in milliseconds. The helper always decides anew. */
const FRESH_MS = 60_000;

/** Actions and names of one kind that are allowed or guarded; `names` is null where nobody could say. */
export type Choice = { actions: readonly string[]; names: readonly string[] | null };
export type Offer = {
  serviceReads: Choice;
  serviceChanges: Choice;
  packageReads: Choice;
  packageChanges: Choice;
  /** Package actions that concern the whole system. */
  systemChanges: readonly string[];
};

const SERVICE_READS = ["status", "logs"] as const;
export const SERVICE_CHANGES = SERVICE_ACTIONS.filter(
  (action) => action !== "status" && action !== "logs",
);
export const PACKAGE_CHANGES = NAMED_PACKAGE_ACTIONS.filter((action) => action !== "info");

/** What the protocol has words for: offered where the policy cannot be asked for. */
const EVERYTHING: Offer = {
  serviceReads: { actions: SERVICE_READS, names: null },
  serviceChanges: { actions: SERVICE_CHANGES, names: null },
  packageReads: { actions: ["info"], names: null },
  packageChanges: { actions: PACKAGE_CHANGES, names: null },
  systemChanges: SYSTEM_PACKAGE_ACTIONS,
};

export type EffectivePolicy = {
  /** What to list tools from: at most a minute old, or everything where the policy is not to be had. */
  offer(): Promise<Offer>;
  /** Asks the helper now. */
  ask(): Promise<Answer>;
};

export function effectivePolicy(client: Client, now = () => performance.now()): EffectivePolicy {
  let known: { offer: Offer; at: number } | null = null;
  let asking: Promise<Answer> | null = null;

  async function fetch(): Promise<Answer> {
    const answer = await client.ask({ kind: "policy" });
    const data = answer.kind === "reply" ? answer.reply.data : null;
    known = data?.kind === "policy" ? { offer: offerOf(data), at: now() } : null;
    return answer;
  }
  function ask(): Promise<Answer> {
    asking ??= fetch().finally(() => {
      asking = null;
    });
    return asking;
  }
  return {
    ask,
    async offer() {
      if (known === null || now() - known.at > FRESH_MS) await ask();
      return known?.offer ?? EVERYTHING;
    },
  };
}

function offerOf({ verdicts }: PolicyData): Offer {
  const wishes = Object.entries(verdicts)
    .filter(([, verdict]) => verdict !== "deny")
    .map(([wish]) => wish.split(" "));
  const choice = (kind: string, actions: readonly string[]): Choice => {
    const own = wishes.filter(([its, action = "", name]) => {
      return its === kind && actions.includes(action) && name !== undefined;
    });
    return {
      actions: distinct(own.map(([, action = ""]) => action)),
      names: distinct(own.map(([, , name = ""]) => name)),
    };
  };
  return {
    serviceReads: choice("service", SERVICE_READS),
    serviceChanges: choice("service", SERVICE_CHANGES),
    packageReads: choice("package", ["info"]),
    packageChanges: choice("package", PACKAGE_CHANGES),
    systemChanges: distinct(
      wishes.flatMap(([kind, action = "", name]) =>
        kind === "package" && name === undefined ? [action] : [],
      ),
    ),
  };
}

function distinct(words: readonly string[]): string[] {
  return [...new Set(words)];
}
