/** The audit log against what systemd and dpkg have written down themselves. */
import type { Act } from "./audit-log.ts";
import type { Machine } from "./machine.ts";

/** The clock is one, but systemd writes a moment later than it acts, and dpkg whole seconds. */
const [SLACK_MS, SECOND_MS] = [250, 1000];
/** How long what was begun may go on when its helper was killed. */
const UNKNOWN_MS = 180_000;

/** By systemd's ids of messages (systemd.journal-fields(7), sd-messages(3)): which actions do that to a unit. */
const MESSAGES: Readonly<Record<string, { what: string; actions: readonly string[] }>> = {
  "7d4958e842da4a758f6c1cdc7b36dcc5": { what: "starts", actions: ["start", "restart"] },
  de5b426a63be47a7b6ac3eaac82e2f6f: { what: "stops", actions: ["stop", "restart"] },
  d34d037fff1847e6ae669a370e694725: { what: "reloads", actions: ["reload"] },
};
/** What must be seen of a success. systemd(1) merges a reload with a restart that is waiting or under way. */
const ALWAYS: Readonly<Record<string, readonly string[]>> = {
  restart: ["starts"],
  reload: ["reloads", "starts"],
};

type Happening = { at: number; boot: string; what: string; actions: readonly string[] };

const within = (act: Act, at: number, slack: number): boolean =>
  at >= act.from - slack && at <= (act.to ?? act.from + UNKNOWN_MS) + slack;

const READ =
  "journalctl --all --quiet -o json --output-fields=MESSAGE_ID,_SOURCE_REALTIME_TIMESTAMP _PID=1 UNIT=nginx.service";

/** `since`: in milliseconds; nothing else than the helper acts on nginx from then on, but for the boots. */
export async function unitFlaws(
  machine: Machine,
  acts: readonly Act[],
  since: number,
): Promise<string[]> {
  const happened = (await linesOf(machine, READ)).flatMap((line) => happeningIn(line) ?? []);
  const ends = new Map<string, number>();
  for (const boot of new Set(acts.map((act) => act.boot.replaceAll("-", ""))))
    ends.set(boot, await lastOf(machine, boot));
  const ofNginx = acts.filter(({ words }) => words[0] === "service" && words[2] === "nginx");
  const sameBoot = (act: Act, { boot }: Happening): boolean =>
    act.boot.replaceAll("-", "") === boot;
  const booted = new Set<string>();
  const unknown = happened
    .filter(({ at }) => at > since)
    .filter((one) => {
      const { at, boot, actions } = one;
      const fits = (act: Act): boolean =>
        sameBoot(act, one) && actions.includes(act.words[1] ?? "") && within(act, at, SLACK_MS);
      if (ofNginx.some(fits)) return false;
      // Each boot starts it once.
      const first = one.what === "starts" && !booted.has(boot) && boot !== happened[0]?.boot;
      booted.add(boot);
      return !first;
    });
  const traceless = ofNginx.filter((act) => {
    const { words, code, to } = act;
    const what = ALWAYS[words[1] ?? ""];
    if (what === undefined || to === null || code !== null) return false;
    // The journal may have lost its last moments with the power.
    if ((ends.get(act.boot.replaceAll("-", "")) ?? 0) < to + SLACK_MS) return false;
    return !happened.some(
      (one) => what.includes(one.what) && sameBoot(act, one) && within(act, one.at, SLACK_MS),
    );
  });
  const gone = [...ends].filter(([, end]) => end === 0).map(([boot]) => boot);
  return [
    ...gone.map((boot) => `of boot ${boot} there are records, and no journal of systemd's`),
    ...unknown.map(
      ({ at, what }) => `nginx ${what} at ${stamp(at)}, and no request on record did that`,
    ),
    ...traceless.map(
      ({ words, from }) =>
        `${words.join(" ")} at ${stamp(from)} succeeded on record, and systemd did nothing`,
    ),
  ];
}

async function lastOf(machine: Machine, boot: string): Promise<number> {
  const [line] = await linesOf(machine, `journalctl --quiet -o json -n 1 _BOOT_ID=${boot}`);
  return line === undefined
    ? 0
    : Number((JSON.parse(line) as { __REALTIME_TIMESTAMP: string }).__REALTIME_TIMESTAMP) / 1000;
}

function happeningIn(line: string): Happening | null {
  const entry = JSON.parse(line) as Record<string, string>;
  const message = MESSAGES[entry["MESSAGE_ID"] ?? ""];
  const micros = entry["_SOURCE_REALTIME_TIMESTAMP"] ?? entry["__REALTIME_TIMESTAMP"];
  return message === undefined
    ? null
    : { at: Number(micros) / 1000, boot: entry["_BOOT_ID"] ?? "", ...message };
}

/** What comes along with a package of the lab. */
const ALONG: Readonly<Record<string, string>> = { "libcurl-lab": "curl" };
type Line = { at: number; words: string[] };

export async function packageFlaws(
  machine: Machine,
  acts: readonly Act[],
  since: number,
): Promise<string[]> {
  const lines = (await linesOf(machine, "cat /var/log/dpkg.log")).map(lineIn);
  const changes = acts.filter(({ words }) => words[0] === "package" && words[1] !== "info");
  return lines
    .filter(({ at }) => at > since)
    .filter((line) => isUnknown(line, changes))
    .map(
      ({ at, words }) =>
        `dpkg: ${words.join(" ")} at ${stamp(at)}, and no request on record did that`,
    )
    .concat(changes.flatMap((act) => tracelessChange(act, lines)));
}

/** Whatever is pending is configured before any package is changed; else a package is changed only by its name, or by all. */
function isUnknown({ at, words: [verb = "", full = ""] }: Line, changes: readonly Act[]): boolean {
  if (!["install", "upgrade", "remove", "purge", "configure"].includes(verb)) return false;
  const name = nameOf(full);
  return !changes.some((act) => {
    const asked = act.words[2];
    const meant =
      verb === "configure" || asked === undefined || asked === name || asked === ALONG[name];
    return meant && within(act, at, SECOND_MS);
  });
}

const DONE: Readonly<Record<string, readonly string[]>> = {
  install: ["installed"],
  remove: ["config-files", "not-installed"],
};

/** In none of the states that the package had meanwhile is it as the record says. */
function tracelessChange(act: Act, lines: readonly Line[]): string[] {
  const { words, from, to, code } = act;
  const [, action = "", name = ""] = words;
  const done = DONE[action];
  if (done === undefined || to === null || code !== null) return [];
  const states = lines
    .filter(
      ({ at, words: [verb, , full = ""] }) =>
        verb === "status" && nameOf(full) === name && at <= to + SECOND_MS,
    )
    .map(({ at, words: [, state = ""] }) => ({ at, state }));
  const before = states.filter(({ at }) => at < from - SECOND_MS).at(-1)?.state ?? "not-installed";
  const all = [
    before,
    ...states.filter(({ at }) => at >= from - SECOND_MS).map(({ state }) => state),
  ];
  if (all.some((state) => done.includes(state))) return [];
  return [
    `${words.join(" ")} at ${stamp(from)} succeeded on record, and dpkg says ${all.join(", ")}`,
  ];
}

/** `2026-01-31 23:59:59 status installed htop:all 1.1`, in UTC as the lab's hosts are. */
function lineIn(line: string): Line {
  const [day = "", time = "", ...words] = line.split(" ");
  return { at: Date.parse(`${day}T${time}Z`), words };
}

const nameOf = (full: string): string => full.replace(/:.*/, "");
const stamp = (at: number): string => new Date(at).toISOString();

async function linesOf(machine: Machine, command: string): Promise<string[]> {
  return (await machine.script(command)).split("\n").filter((line) => line !== "");
}
