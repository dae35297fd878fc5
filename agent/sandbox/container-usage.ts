/** What a container uses at this moment, as its daemon counts it. */
import type { ContainerApi } from "./container-api.ts";
import type { Usage } from "./tree-usage.ts";

/** Of control groups of both versions; docker leaves out what there is none of. */
type Stats = {
  pids_stats?: { current?: number };
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  memory_stats?: { usage?: number; stats?: Record<string, number> };
};

/** Null where it has ended. */
export async function containerUsage(api: ContainerApi, id: string): Promise<Usage | null> {
  const query = "stream=false&one-shot=true";
  const answer = api.ask("GET", `/containers/${id}/stats?${query}`).catch(() => null);
  const stats = (await answer) as Stats | null;
  const processes = stats?.pids_stats?.current ?? 0;
  if (stats === null || processes === 0) return null;
  const { usage = 0, stats: parts = {} } = stats.memory_stats ?? {};
  // Files that are in memory only because they were read are nobody's, as in tree-usage.ts.
  const files = parts["total_inactive_file"] ?? parts["inactive_file"] ?? 0;
  return {
    processes,
    memoryBytes: Math.max(0, usage - files),
    cpuMs: Math.round((stats.cpu_stats?.cpu_usage?.total_usage ?? 0) / 1e6),
  };
}
