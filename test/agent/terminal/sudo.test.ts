/** Steps with real sudo, on five builds of it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { renewalIn } from "../../../agent/terminal/sudo-turn.ts";
import { arrangeScript, describeInLab, endOf, exec } from "../../lab/host.ts";
import {
  driverInput,
  everywhere,
  PASSWORD,
  prepareTerminals,
  processes,
  runSteps,
  shell,
  startDriver,
  sudoersWith,
  terminalHosts,
  the,
  tickets,
} from "./terminal-host.ts";

describeInLab("a step with sudo", () => {
  let close = (): void => {};
  beforeAll(async () => {
    close = await prepareTerminals();
  });
  afterAll(() => close());

  test.each(["Defaults use_pty", "Defaults !use_pty"])(
    "is root's, its output is its own, and afterwards there is no ticket: %s",
    async (line) => {
      const seen = await everywhere(async (host) => {
        const steps = ["one", "two", "three"].map((word) => ({
          argv: shell(`sudo -n sh -c 'id -u; tty >/dev/null; echo ${word}'; sudo -n -v; exit 7`),
        }));
        const results = await runSteps(host, steps, { lines: sudoersWith(line) });
        const left = [await processes(host), await tickets(host)];
        return { results: results.map(({ end, output }) => [end, output]), left };
      });
      const end = { kind: "exited", status: 7 };
      const results = ["one", "two", "three"].map((word) => [end, `0\n${word}\n`]);
      expect(seen).toEqual(the({ results, left: [[], 0] }));
    },
  );

  test("shares its ticket with no other step, whatever that tries", async () => {
    const seen = await everywhere(async (host) => {
      const folder = "/tmp/share";
      await arrangeScript(host, `rm -rf ${folder}; mkdir -m 777 ${folder}`);
      const wait = (file: string) => `while [ ! -e ${folder}/${file} ]; do sleep 0.05; done`;
      const [holder, thief, second] = await runSteps(host, [
        {
          argv: shell(`sudo -n -v && ps -o tty= $$ | tr -d ' ' >${folder}/tty
ps -o sess= $$ | tr -d ' ' >${folder}/session; : >${folder}/up
${wait("tried")}; ${wait("forgot")}; sudo -n id -u`),
        },
        {
          locked: false,
          argv: shell(`${wait("up")}; tty=/dev/$(cat ${folder}/tty)
sudo -n true && echo got
sudo -n true <$tty >$tty && echo got by reading
setsid --ctty sudo -n true <$tty && echo got by taking
SUDO_TTY=$tty sudo -n true && echo got by saying
sudo -n -l && echo listed
: >${folder}/tried`),
        },
        // Another ticket of the same run goes: the first must not go with it.
        {
          argv: shell(
            `${wait("up")}; sudo -n -v && sudo -k && ! sudo -n true && : >${folder}/forgot`,
          ),
        },
      ]);
      return {
        holder: [holder?.end, holder?.output],
        stolen: thief?.output.match(/^(?:got|listed|read).*/gm),
        second: second?.end,
      };
    });
    const exited = { kind: "exited", status: 0 };
    expect(seen).toEqual(the({ holder: [exited, "0\n"], stolen: null, second: exited }));
  });

  test("that asks for a password gets none: nobody answers, and nothing is written to its terminal", async () => {
    const seen = await everywhere(async (host) => {
      await arrangeScript(host, "rm -f /tmp/spied");
      // One step finds the number that sudo asked by; the other says it, and waits for an answer.
      const ask = (what: string) =>
        `printf '%s' "${what}"; timeout 1 head -c 1 </dev/tty | od -An -tx1`;
      // While sudo asks, its number stands in its arguments; PAM has it wait there until that has been seen.
      const lines = `printf '#!/bin/sh\\nfor look in $(seq 200); do [ ! -s /tmp/spied ] || exit 0; sleep 0.1; done\\n' >/usr/bin/seen
chmod 755 /usr/bin/seen
for service in sudo sudo-i; do sed -i '1i auth optional pam_exec.so quiet /usr/bin/seen' /etc/pam.d/$service; done`;
      const steps = [
        {
          locked: false,
          timeoutMs: 20_000,
          argv: shell(`while [ ! -s /tmp/spied ]; do
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -a '^[0-9a-f]\\{32\\}:%p:$' >/tmp/spying
mv /tmp/spying /tmp/spied; done`),
        },
        {
          argv: shell(`spied=$(sed 's/:%p:.*/:ops:/;q' /tmp/spied)
[ -n "$spied" ] || exit 9
${ask("Password for https://example.org: ")}
${ask("[sudo] password for ops: ")}
${ask("[sudo: $spied] Password: ")}
${ask("$spied")}; sudo -k
timeout --foreground 1 sudo -S -p "$spied" -v </dev/tty >/dev/null 2>&1 || echo "; refused"`),
        },
      ];
      const [, asking] = await runSteps(host, steps, { lines });
      return { end: asking?.end, asked: asking?.output.replaceAll(/[0-9a-f]{32}/g, "N") };
    });
    const asked =
      "Password for https://example.org: [sudo] password for ops: [sudo: N:ops:] Password: N:ops:; refused\n";
    expect(seen).toEqual(the({ end: { kind: "exited", status: 0 }, asked }));
  });

  test("leaves the password nowhere: arguments, environments, memory, recordings, files", async () => {
    const seen = await everywhere(async (host) => {
      await arrangeScript(host, "rm -rf /tmp/casts; mkdir -m 777 /tmp/casts");
      const driver = startDriver(host);
      const argv = shell("sudo -n sh -c 'sleep 8; echo end'; env");
      const steps = [
        { argv, castFile: "/tmp/casts/a.cast", env: { SHELL_ENV: "x" } },
        {
          argv: shell("sleep 8; ulimit -c unlimited; kill -SEGV $$"),
          castFile: "/tmp/casts/b.cast",
        },
      ];
      const ended = endOf(driver, driverInput({ steps }), 60_000);
      await exec(host, "root", [
        "sh",
        "-c",
        "until [ \"$(pgrep -fxc 'sleep 8')\" -ge 2 ]; do sleep 0.1; done; sleep 0.5",
      ]);
      // The program itself holds it to the end of the run; nobody else may.
      const search = `
my $secret = "${PASSWORD.slice(0, 8)}" . "${PASSWORD.slice(8)}";
for my $process (glob "/proc/[0-9]*") {
  next if $process eq "/proc/$$";
  my $name = readlink "$process/exe" || "";
  for my $file ("cmdline", "environ") {
    open my $in, "<", "$process/$file" or next; local $/; my $text = <$in> // "";
    print "$process/$file of $name\\n" if index($text, $secret) >= 0;
  }
  next if $name eq "/run/terminal/node";
  open my $maps, "<", "$process/maps" or next; open my $memory, "<", "$process/mem" or next;
  while (<$maps>) {
    /^([0-9a-f]+)-([0-9a-f]+) r/ or next; my ($from, $to) = (hex $1, hex $2);
    next if $to - $from > 1 << 28; sysseek $memory, $from, 0; sysread $memory, my $bytes, $to - $from or next;
    if (index($bytes, $secret) >= 0) { print "memory of $name\\n"; last }
  }
}`;
      const found = await exec(host, "root", ["/usr/bin/perl", "-e", search]);
      const { stdout } = await ended;
      const files = `grep -rlsF "$0" /tmp /home /run /var /dev/shm /root || :`;
      const inFiles = await exec(host, "root", ["sh", "-c", files, PASSWORD]);
      return {
        found: found.stdout + found.stderr,
        files: inFiles.stdout,
        said: stdout.includes(PASSWORD),
        casts: (await arrangeScript(host, "ls /tmp/casts; grep -c end /tmp/casts/a.cast")).split(
          "\n",
        ),
      };
    });
    const casts = ["a.cast", "b.cast", "1", ""];
    expect(seen).toEqual(the({ found: "", files: "", said: false, casts }));
  });

  test("outlives the time that sudo keeps a ticket for", async () => {
    const hosts = terminalHosts(/sudo-[ABC]$/);
    const seen = await Promise.all(
      hosts.map(async (host) => {
        const lines = sudoersWith("Defaults timestamp_timeout=0.2"); // 12 s
        const [result] = await runSteps(host, [{ argv: shell("sleep 14; sudo -n id -u") }], {
          lines,
        });
        return [host.name, result?.output];
      }),
    );
    expect(Object.fromEntries(seen)).toEqual(the("0\n", hosts));
  });

  const SPOKEN: [language: string, words: RegExp][] = [
    ["de_DE.UTF-8", /Passwort/],
    ["ja_JP.UTF-8", /パスワード/],
  ];
  test.each(SPOKEN)("works where everything speaks %s", async (language, words) => {
    const seen = await everywhere(async (host) => {
      const env = { LANG: language, LC_ALL: language, LANGUAGE: language.slice(0, 2) };
      const lines = `tar -xf /run/terminal/locales.tar -C /usr/lib/locale`;
      const argv = shell("sudo -n id -u; sudo -k; sudo -n true");
      const [right] = await runSteps(host, [{ argv, env }], { lines, env });
      const [wrong] = await runSteps(host, [{ argv, env }], { lines, env, password: "falsch" });
      // sudo-rs 0.2.5 speaks English only, and the others where their words are installed.
      const speaks = words.test(right?.output ?? "");
      return { root: right?.output.startsWith("0\n"), wrong: wrong?.end, speaks };
    });
    const wrong = { kind: "refused", why: { kind: "wrong_password" } };
    expect(seen).toMatchObject(the({ root: true, wrong }));
    expect(seen["sudo-A"]?.speaks).toBe(true);
  });

  test("ends with root's parts when it is stopped, also those that want to stay", async () => {
    const STAY = `trap "" HUP TERM INT; setsid sleep 300 & sleep 301 & wait; wait`;
    const seen = await everywhere(async (host) => {
      const argv = ["/usr/bin/sudo", "-n", "/bin/sh", "-c", STAY];
      const results = await runSteps(host, [
        { argv, timeoutMs: 500 },
        { argv, abortAfterMs: 1500 },
        { argv: shell(`sudo -n sh -c '${STAY}' & sleep 0.5; exit 3`) },
      ]);
      return {
        ends: results.map(({ end }) => end),
        left: [await processes(host), await tickets(host)],
      };
    });
    const ends = [{ kind: "timed-out" }, { kind: "cancelled" }, { kind: "exited", status: 3 }];
    expect(seen).toEqual(the({ ends, left: [[], 0] }));
  });

  const EXACT: [text: string, end: object][] = [
    ["exit 130", { kind: "exited", status: 130 }],
    ["exit 141", { kind: "exited", status: 141 }],
    ["kill -INT $$", { kind: "signalled", signal: "SIGINT" }],
    ["kill -PIPE $$", { kind: "signalled", signal: "SIGPIPE" }],
    ["kill -KILL $$", { kind: "signalled", signal: "SIGKILL" }],
    ["trap 'exit 5' INT; kill -INT $$; exit 6", { kind: "exited", status: 5 }],
    ["kill 0", { kind: "signalled", signal: "SIGTERM" }],
    ["exec /nonexistent", { kind: "exited", status: 127 }],
  ];
  test("ends as it does, and not as a shell would say it", async () => {
    const [host] = terminalHosts();
    if (host === undefined) throw new Error("no host");
    const results = await runSteps(
      host,
      EXACT.map(([text]) => ({ argv: shell(text) })),
    );
    expect(results.map(({ end }) => end)).toEqual(EXACT.map(([, end]) => end));
    expect(results.map(({ output }) => output).filter((output) => output !== "")).toEqual([
      expect.stringMatching(/not found/),
    ]);
  });

  test("has the environment, the folder and the input that it is given, and no door but those", async () => {
    const [host] = terminalHosts();
    if (host === undefined) throw new Error("no host");
    const env = {
      EMPTY: "",
      LINES: "a\n\n+B=c\n>d\n",
      WORDS: ` $(id) \`id\` "'\\ * é`,
    };
    const text = `pwd; for name in EMPTY LINES WORDS; do printenv $name | od -An -tx1; done; cat; grep -c WORDS /proc/$PPID/environ; ls -1 /proc/$$/fd; :`;
    const [result] = await runSteps(host, [{ argv: shell(text), env, stdin: "in\n" }]);
    const hex = (value: string): string => {
      const pairs = Buffer.from(`${value}\n`).toString("hex").match(/../g) ?? [];
      const rows = pairs.flatMap((_, at) => (at % 16 === 0 ? [pairs.slice(at, at + 16)] : []));
      return rows.map((row) => ` ${row.join(" ")}\n`).join("");
    };
    const values = [env.EMPTY, env.LINES, env.WORDS].map(hex).join("");
    expect(result?.output).toBe(`/tmp\n${values}in\n0\n0\n1\n2\n`);
  });
});

const RULES: [rules: string, seconds: number][] = [
  ["Matching Defaults entries for ops on h:\n    env_reset, timestamp_timeout=1, use_pty\n", 30],
  [
    "Matching Defaults entries for ops on h:\n    timestamp_timeout=15,\n    timestamp_timeout=0.1\n",
    3,
  ],
  ["Matching Defaults entries for ops on h:\n    timestamp_timeout=0.001\n", 1],
  ["Matching Defaults entries for ops on h:\n    timestamp_timeout=60\n", 50],
  ["Matching Defaults entries for ops on h:\n    timestamp_timeout=-1\n", 50],
  ["Matching Defaults entries for ops on h:\n    env_reset\n", 50],
  ["User ops may run the following commands on h:\n    (ALL : ALL) ALL\n", 20],
  ["", 20],
];
test.each(RULES)("a ticket is renewed in time: %j", (rules, seconds) => {
  expect(renewalIn(rules)).toBe(seconds);
});
