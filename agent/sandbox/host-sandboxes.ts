/** The sandboxes of this process: one queue for all who ask, by the settings of this host, and each run on record. */
import { chooseBackends } from "./choice.ts";
import type { Flaw } from "../settings-file.ts";
import {
  executor,
  type Executed,
  type Execution,
  type Executor,
  type SandboxEvent,
} from "./executor.ts";
import { sandboxLine } from "./record.ts";
import { openRecords, type SandboxRecords } from "./records.ts";
import { readSandboxSettings, type SandboxSettings } from "./settings.ts";

export type HostSandboxes = Executor & {
  /** As they were when they were first asked for. */
  settings(): SandboxSettings | Flaw;
};

type Ask = {
  /** Where runs are remembered. */
  folder: string;
  /** Who asks, where a run does not say it. */
  by: string;
  file?: string;
  watch?: (event: SandboxEvent) => void;
  /** Told each run that has ended, in one line of plain words: see record.ts. */
  report?: (line: string) => void;
  /** Runs are not remembered, or one was found that had outlived its maker. */
  say: (text: string) => void;
};

/** Nothing is read before it is asked for, and nothing opened before the first run. */
export function hostSandboxes({ folder, by, file, watch, report, say }: Ask): HostSandboxes {
  let known: SandboxSettings | Flaw | null = null;
  let opened: Executor | null = null;
  let records: SandboxRecords | null = null;

  function settings(): SandboxSettings | Flaw {
    known ??= readSandboxSettings(file);
    return known;
  }
  function open(given: SandboxSettings): Executor {
    if (opened !== null) return opened;
    const watchers = [watch, remember()];
    opened = executor({
      backends: chooseBackends(given),
      ...queueOf(given),
      watch: (event) => {
        for (const tell of watchers) tell?.(event);
        if (event.kind === "ended") report?.(sandboxLine(event));
      },
    });
    return opened;
  }
  function remember(): ((event: SandboxEvent) => void) | undefined {
    const found = openRecords(folder, (error) =>
      say(`a sandboxed run is not on record: ${String(error)}`),
    );
    if ("flaw" in found) {
      say(`sandboxed runs are not on record: ${found.flaw}`);
      return undefined;
    }
    records = found;
    const left = found.sweep();
    if (left > 0) say(`${left} sandboxes had outlived what started them, and were ended`);
    return (event) => found.watch(event);
  }

  return {
    settings,
    async run(execution: Execution, asker = by): Promise<Executed> {
      const given = settings();
      if ("flaw" in given) {
        return { kind: "settings", flaw: given.flaw, hint: given.hint ?? null };
      }
      return await open(given).run(execution, asker);
    },
    health() {
      const given = settings();
      return (opened ?? executor("flaw" in given ? {} : queueOf(given))).health();
    },
    async close() {
      await opened?.close();
      records?.close();
      records = null;
    },
  };
}

function queueOf({ atOnce, waiting, code }: SandboxSettings) {
  return { atOnce, waiting, code };
}
