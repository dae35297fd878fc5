import type { Report } from "./report.ts";
import type { BenchHost } from "./host.ts";
export async function benchThousand(_host: BenchHost): Promise<Report> { return { samples: [], figures: [] }; }
