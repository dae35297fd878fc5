/** The audit log, and what callers were told, against the times at which a host was locked down. */
import { actsIn, type Entry } from "./audit-log.ts";
import type { Claim, Lockdown } from "./story.ts";

/** Who had looked a moment before may have had to write down still what it asked a person for, or took. */
const SLACK_MS = 250;
/** What is answered before anybody looks whether the host is locked down, or when that cannot be written down. */
const OTHERWISE: readonly (string | null)[] = ["usage", "internal", "unsafe"];

/** What was begun or decided meanwhile, and what was refused and was not told why. */
export function lockdownFlaws(
  lockdowns: readonly Lockdown[],
  entries: readonly Entry[],
  claims: readonly Claim[],
): string[] {
  return lockdowns.flatMap(({ from, to }) => {
    const within = (at: number, slack = 0): boolean => at > from + slack && at < to;
    const since = `while the host was locked down since ${new Date(from).toISOString()}`;
    const begun = actsIn(entries).filter((act) => within(act.from));
    const taken = entries.filter(
      ({ phase, decision, time }) =>
        phase === "note" &&
        ["pending", "used"].includes(decision) &&
        within(Date.parse(time), SLACK_MS),
    );
    const told = claimsWithin(claims, from, to).filter(
      ({ code }) => code !== "locked_down" && !OTHERWISE.includes(code),
    );
    return [
      ...begun.map((act) => `${act.words.join(" ")} was begun ${since}`),
      ...taken.map(({ seq, decision }) => `record ${seq}: a grant is ${decision} ${since}`),
      ...told.map(({ words, code }) => `${words.join(" ")} was answered ${code ?? "ok"} ${since}`),
    ];
  });
}

/** Of requests that were asked and answered meanwhile. */
export function claimsWithin(claims: readonly Claim[], from: number, to: number): Claim[] {
  return claims.filter(
    (one) =>
      one.from > from + SLACK_MS &&
      one.to < to &&
      ["service", "package"].includes(one.words[0] ?? ""),
  );
}
