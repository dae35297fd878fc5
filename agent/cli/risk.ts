import type { Command } from "commander";
export function registerRisk(program: Command): void {
  program.command("risk").action(async () => {
    const t = performance.now();
    const { openGrammar } = await import("../risk/grammar.ts");
    const parse = await openGrammar();
    const u = performance.now();
    const { readFileSync } = await import("node:fs");
    const rows = readFileSync("/work/shared/data/risk/tuning.jsonl", "utf8").trim().split("\n").map((l) => JSON.parse(l).command as string);
    let bad = 0;
    for (let k = 0; k < 3; k++) { const a = performance.now(); bad = 0; for (const r of rows) { const p = parse(r); if (p === null || p.broken) bad++; }
    console.log(u - t, ((performance.now() - a) / rows.length) * 1000, bad, process.uptime()); }
  });
}
