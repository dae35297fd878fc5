/** The sandboxes of this process: one queue for all who ask, by the settings of this host, and each run on record. */
import { chooseBackends } from "./choice.ts";
import type { Flaw } from "../settings-file.ts";
import type { Execution } from "./execute.ts";
import { executor, type Executed, type Executor, type SandboxEvent } from "./executor.ts";
import type { RootRecord } from "./root-record.ts";
import { sandboxLine } from "./record.ts";
import { openRecords, type SandboxRecords } from "./records.ts";
import type { SandboxRefusal } from "./refusal.ts";
import { readSandboxSettings, type SandboxSettings } from "./settings.ts";

/** `onRecord`: whether root's audit log has it, too. */
export type Recorded = Executed & { onRecord: boolean };

export type HostSandboxes = Omit<Executor, "run"> & {
  run(execution: Execution, by?: string): Promise<Recorded>;
  /** Runs so far that root's record does not have. */
  unrecorded(): number;
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
  /** Puts the same line on root's record, before the run is answered. Without it: nothing does. */
  record?: Pick<RootRecord, "put"> & Partial<RootRecord>;
  /** Runs are not remembered, or one was found that had outlived its maker. */
  say: (text: string) => void;
};

/** Nothing is read before it is asked for, and nothing opened before the first run. */
export function hostSandboxes({
  folder,
  by,
  file,
  watch,
  report,
  record,
  say,
}: Ask): HostSandboxes {
  let known: SandboxSettings | Flaw | null = null;
  let opened: Executor | null = null;
  let records: SandboxRecords | null = null;
  let unrecorded = 0;
  const lines = new WeakMap<Executed, string>();

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
        if (event.kind !== "ended") return;
        const line = sandboxLine(event);
        lines.set(event.executed, line);
        report?.(line);
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
    unrecorded: () => unrecorded,
    async run(execution, asker = by) {
      const given = settings();
      if ("flaw" in given) return { ...refusalFor(given), onRecord: false };
      const executed = await open(given).run(execution, asker);
      const onRecord = (await record?.put(lines.get(executed) ?? "")) === true;
      if (!onRecord) unrecorded += 1;
      return { ...executed, onRecord };
    },
    async look(code, signal) {
      const given = settings();
      if ("flaw" in given) return refusalFor(given);
      return await open(given).look(code, signal);
    },
    health() {
      const given = settings();
      return (opened ?? executor("flaw" in given ? {} : queueOf(given))).health();
    },
    async close() {
      await opened?.close();
      records?.close();
      records = null;
      await record?.close?.();
    },
  };
}

function refusalFor({ flaw, hint }: Flaw): SandboxRefusal {
  return { kind: "settings", flaw, hint: hint ?? null };
}

function queueOf({ atOnce, waiting, code }: SandboxSettings) {
  return { atOnce, waiting, code };
}
