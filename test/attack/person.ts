/** A person at a real terminal in a place of a test's own, who runs a command as root with a password. */
import { setTimeout as pause } from "node:timers/promises";
import { terminal, type Terminal } from "../agent/cli/screen.ts";
import { endOf, start, type Host } from "../lab/host.ts";
import { SALLYPORT } from "./grants.ts";

const [COLUMNS, ROWS] = [100, 12];
const PATIENCE_MS = 20_000;

export type Person = {
  screen: Terminal;
  raw: () => string;
  type: (keys: string) => void;
  /** What the screen shows once that holds. */
  until: (holds: (text: string) => boolean) => Promise<string>;
  /** The exit status of the command. */
  ended: () => Promise<number | null>;
};

/** As `ops`, whose password is typed; `words` of the command line. The first line is the terminal's name. */
export async function atTerminal(place: Host, ...words: string[]): Promise<Person> {
  const sudo = `exec sudo -k ${SALLYPORT} ${words.join(" ")}`;
  const command = `stty rows ${ROWS} cols ${COLUMNS}; tty; ${sudo}`;
  const child = start(place, "ops", ["script", "-qfec", command, "/dev/null"], { TERM: "xterm" });
  const screen = terminal(COLUMNS, ROWS);
  let raw = "";
  const text = (): string => screen.lines().join("\n");
  child.stdout?.setEncoding("utf8").on("data", (some: string) => {
    raw += some;
    screen.write(some);
  });
  const type = (keys: string): void => void child.stdin?.write(keys);
  const until = async (holds: (text: string) => boolean): Promise<string> => {
    for (const end = Date.now() + PATIENCE_MS; !holds(text()); await pause(50))
      if (Date.now() > end) throw new Error(`the screen shows:\n${text()}`);
    return text();
  };
  await until((shown) => /password for ops/i.test(shown));
  type("lab-ops-password\r");
  return { screen, raw: () => raw, type, until, ended: async () => (await endOf(child)).status };
}
