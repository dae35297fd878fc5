/** Rows of hosts on a real pseudo terminal: what a person sees is what a screen shows that does as it is told. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { terminal, type Terminal } from "./screen.ts";

const DEMO = join(import.meta.dirname, "display-demo.ts");
const [COLUMNS, ROWS] = [80, 24];
/** With this each picture ends. */
const DRAWN = "\x1b[J";

type Seen = { screen: Terminal; status: number | null; raw: string };
type During = { screen: Terminal; raw: string; device: string; type: (keys: string) => void };

/** `during`: called after everything that was printed. */
async function demo(
  words: readonly (string | number)[],
  during: (seen: During) => void = () => {},
  env: Record<string, string> = {},
): Promise<Seen> {
  const program = [process.execPath, "--no-warnings", DEMO, ...words].join(" ");
  const command = `stty rows ${ROWS} cols ${COLUMNS}; exec ${program}`;
  const child = spawn("script", ["-qfec", command, "/dev/null"], {
    env: { PATH: "/usr/bin:/bin", TERM: "xterm", SHELL: "/bin/sh", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const screen = terminal(COLUMNS, ROWS);
  let raw = "";
  let device = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    raw += text;
    screen.write(text);
    device = device === "" ? (/^(\/dev\S+)\r\n/.exec(raw)?.[1] ?? "") : device;
    if (device !== "") during({ screen, raw, device, type: (keys) => child.stdin.write(keys) });
  });
  const [status] = (await once(child, "close")) as [number | null];
  return { screen, status, raw };
}

/** The last line of each picture that was drawn, whether or not it was alone in what came at once. */
function lastLines(raw: string): (string | undefined)[] {
  const screen = terminal(COLUMNS, ROWS);
  return raw.split(DRAWN).map((part) => {
    screen.write(`${part}${DRAWN}`);
    return screen.lines().at(-1);
  });
}

const endOf = (at: number): string =>
  at % 10 === 0 ? "unreachable  no route to host" : "installed";
const lineOf = (hosts: number, at: number): string =>
  `${`web${at}`.padEnd(`web${hosts}`.length)}  ${endOf(at)}`;
const linesOf = (hosts: number): string[] =>
  Array.from({ length: hosts }, (_, at) => lineOf(hosts, at + 1));

test("a few hosts are rows in the order of the inventory, and stay as their plain lines", async () => {
  let most = 0;
  const { screen, raw } = await demo([12, 1], (seen) => {
    most = Math.max(most, seen.screen.lines().length);
  });
  expect(screen.lines().slice(1)).toEqual([...linesOf(12), "done"]);
  expect(most).toBeLessThanOrEqual(14); // the name of the terminal, 12 rows, "done"
  expect(screen.unknown).toEqual([]);
  expect(raw).toContain("\x1b[31munreachable\x1b[0m");
});

test("200 hosts on 24 rows: those under way are drawn, each that has ended stands above once", async () => {
  const { screen, raw } = await demo([200, 2]);
  const [, ...lines] = screen.lines();
  expect(lines.toSorted()).toEqual([...linesOf(200), "done"].toSorted());
  expect(lastLines(raw)).toContain("…      18 more under way, 160 waiting");
  expect(screen.unknown).toEqual([]);
});

test.each([
  ["NO_COLOR: no colour, and the rest as it was", { NO_COLOR: "1" }, false],
  ["an empty NO_COLOR forbids nothing", { NO_COLOR: "" }, true],
] as const)("%s", async (_, env, coloured) => {
  const { raw, screen } = await demo([3, 0.5], () => {}, env);
  // oxlint-disable-next-line no-control-regex
  expect(/\x1b\[\d+m/.test(raw)).toBe(coloured);
  expect(screen.lines().slice(1)).toEqual([...linesOf(3), "done"]);
});

test("a dumb terminal is given plain lines, without a control character", async () => {
  const { raw } = await demo([3, 0.3], () => {}, { TERM: "dumb" });
  expect(raw.replace(/^.*\r\n/, "")).toBe([...linesOf(3), "done", ""].join("\r\n"));
});

test.each([
  ["narrower, so that its lines are broken", 12, 20, 24],
  ["lower than its rows", 20, 80, 10],
  ["wider and higher", 30, 120, 50],
])("a terminal that becomes %s", async (_, hosts, columns, rows) => {
  let resized = false;
  const { screen } = await demo([hosts, 1, "resize"], (seen) => {
    if (resized || !seen.raw.includes("looking") || !seen.raw.endsWith(DRAWN)) return;
    resized = true;
    seen.screen.resize(columns, rows);
    execFileSync("stty", ["-F", seen.device, "rows", String(rows), "cols", String(columns)]);
  });
  expect(resized).toBe(true);
  const text = screen.lines().slice(1);
  const whole = linesOf(hosts).flatMap((line) =>
    line.length > columns ? [line.slice(0, columns), line.slice(columns)] : [line],
  );
  // What had scrolled off a screen that became lower is still there: nobody can draw over it.
  const stale = text.filter((line) => /looking|connecting|changing/.test(line));
  expect(stale.length).toBeLessThanOrEqual(rows < 20 ? 11 : 0);
  const kept = text.filter((line) => !stale.includes(line));
  expect([...new Set(kept)].toSorted()).toEqual(
    [...new Set(whole.map((line) => line.trimEnd())), "done"].toSorted(),
  );
});

test("while a password is asked for nothing is drawn; what has ended stands above, the rest below", async () => {
  let asked: number | null = null;
  let during = "";
  const { screen, raw } = await demo([30, 1.5, "ask"], (seen) => {
    if (asked !== null) during = seen.raw.slice(asked);
    if (asked !== null || !seen.raw.includes("Password for sudo: ")) return;
    asked = seen.raw.length;
    setTimeout(() => {
      expect(during).toBe("");
      expect(seen.screen.lines().at(-1)).toBe("Password for sudo:");
      seen.type("secret\r");
    }, 1200);
  });
  expect(asked).not.toBe(null);
  const lines = screen.lines().slice(1);
  expect(lines.filter((line) => line === "Password for sudo:")).toHaveLength(1);
  expect(lines.slice(lines.indexOf("Password for sudo:") + 1, -1)).toEqual(
    expect.arrayContaining(["password", "web2   installed"]),
  );
  expect(lines.filter((line) => line.startsWith("web")).toSorted()).toEqual(linesOf(30).toSorted());
  expect(raw).not.toContain("secret");
});

test("^C in the middle: its words stand above the rows, and every host has its line", async () => {
  let pressed = false;
  const { screen, status } = await demo([200, 30], (seen) => {
    if (pressed || !seen.raw.includes("looking")) return;
    pressed = true;
    seen.type("\x03");
  });
  const lines = screen.lines().slice(1);
  expect(lines.filter((line) => line === "no other is begun")).toHaveLength(1);
  const hosts = lines.filter((line) => line.startsWith("web"));
  expect(hosts).toHaveLength(200);
  expect(hosts.filter((line) => line.endsWith("not-done")).length).toBeGreaterThanOrEqual(120);
  expect(lines.join("\n")).not.toMatch(/looking|changing/);
  expect(lines.at(-1)).toBe("done");
  expect(status).toBe(0);
});

test("^C twice: the cursor is below the rows, at the beginning of a line", async () => {
  let presses = 0;
  const { screen, status, raw } = await demo([12, 60], (seen) => {
    // The rows are drawn before the first, and again below its words before the second.
    const rows = presses === 0 ? /web12/ : /no other[^]*web12/;
    if (presses === 2 || !rows.test(seen.raw) || !seen.raw.endsWith(DRAWN)) return;
    seen.type("\x03");
    presses += 1;
  });
  expect(status).toBe(130);
  expect(screen.lines().at(-2)).toMatch(/^web12 /);
  expect(screen.lines().at(-1)).toBe("^C");
  expect(raw).not.toContain("\x1b[?");
});

test("a bug ends with its own words below what has ended, and no row is left", async () => {
  const { screen, status } = await demo([12, 1, "fail"]);
  const text = screen.lines().join("\n");
  expect(text).toMatch(/web10 {2}unreachable[\s\S]*Error: a bug/);
  expect(text).not.toMatch(/^web\d+ +(?:looking|connecting)/m);
  expect(status).toBe(1);
});
