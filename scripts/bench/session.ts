/** Many requests through one start of the helper. */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { openSession, type Session } from "../../agent/session.ts";
import type { BenchHost } from "./host.ts";
import { quantile, spread, timed } from "./quantile.ts";
import type { Report } from "./report.ts";

const HELPER = "/usr/local/libexec/sallyport/sallyport-helper";
const STATUS = ["service", "status", "nginx"];
const ROUNDS = 300;
/** Requests after which memory must be what it was. */
const MANY = 100_000;
/** Requests before memory is looked at for the first time. */
const WARM = 5000;
const MEMORY_GROWTH_PERCENT = 10;

/** A command of the host, run once at each call; resolves to its milliseconds, without any way to it. */
export async function timerOf(host: BenchHost, command: readonly string[]) {
  await host.put(new URL("timer.pl", import.meta.url).pathname, "/root/timer.pl");
  const child = host.start("root", ["/usr/bin/perl", "/root/timer.pl", ...command]);
  if (child.stdin === null || child.stdout === null) throw new Error("no pipes");
  const { stdin } = child;
  const lines = createInterface(child.stdout);
  return {
    run: async (): Promise<number> => {
      stdin.write("\n");
      const [us] = (await once(lines, "line")) as [string];
      return Number(us) / 1000;
    },
    close: () => void stdin.end(),
  };
}

export async function benchSession(host: BenchHost): Promise<Report> {
  const child = host.start("agent", ["/usr/bin/sudo", "-n", HELPER, "session"]);
  if (child.stdin === null || child.stdout === null) throw new Error("no pipes");
  const session = await openSession({ input: child.stdin, output: child.stdout }, 30);
  if (session === null || "reason" in session) throw new Error("no session");
  const show = await timerOf(host, ["/usr/bin/systemctl", "show", "nginx.service"]);
  const [nothing, status, shown]: number[][] = [[], [], []];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      shown?.push(await show.run());
      status?.push(await timed(() => replyTo(session, STATUS)));
      nothing?.push(await timed(() => replyTo(session, ["version"])));
    }
    for (let request = 0; request < WARM; request += 1) await replyTo(session, ["version"]);
    const before = await residentMiB(host);
    for (let request = 0; request < MANY; request += 1) await replyTo(session, ["version"]);
    const after = await residentMiB(host);
    const growth = (after / before - 1) * 100;
    return {
      samples: [
        { name: "systemctl show", ...spread(shown ?? []) },
        { name: "session: service status", ...spread(status ?? []) },
        { name: "session: version (a request that does nothing)", ...spread(nothing ?? []) },
      ],
      figures: [
        {
          name: "session: service status, ms",
          value: quantile(status ?? [], 0.5),
          atMost: 1.15 * quantile(shown ?? [], 0.5) + 2,
        },
        { name: "session: version, ms", value: quantile(nothing ?? [], 0.5), atMost: 1 },
        { name: "helper in a session, MiB", value: after, atMost: 90 },
        {
          name: `helper's growth over ${MANY} requests, %`,
          value: growth,
          atMost: MEMORY_GROWTH_PERCENT,
        },
      ],
    };
  } finally {
    void session.close();
    show.close();
  }
}

async function replyTo(session: Session, argv: readonly string[]): Promise<void> {
  const answer = await session.ask(argv, 60, undefined);
  if (answer.kind !== "reply" || !answer.reply.success) throw new Error(JSON.stringify(answer));
}

/** Of the one session that runs. */
async function residentMiB(host: BenchHost): Promise<number> {
  const [pid] = (await host.root(["/usr/bin/pgrep", "-f", `^${HELPER} session`])).split("\n");
  const status = await host.root(["/usr/bin/cat", `/proc/${pid}/status`]);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
}
