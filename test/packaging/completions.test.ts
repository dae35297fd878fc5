/** What the shells offer, asked of the shells themselves. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SERVICE_ACTIONS } from "../../protocol/operation.ts";
import { completions } from "../../scripts/package/completions.ts";
import { lacks, run } from "./deb.ts";

const folder = mkdtempSync(join(tmpdir(), "sallyport-completions-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (shell: string): string => join(folder, shell);
beforeAll(() => {
  for (const [shell, text] of Object.entries(completions())) writeFileSync(file(shell), text);
});

/** A line that is typed, and what may come next. */
const ROWS: [line: string, offered: readonly string[]][] = [
  ["sallyport ser", ["service"]],
  ["sallyport service ", SERVICE_ACTIONS],
  ["sallyport service re", ["restart", "reload"]],
  ["sallyport package auto", ["autoremove", "autoclean"]],
  ["sallyport --json service sto", ["stop"]],
  ["sallyport audit t", ["tail"]],
  ["sallyport audit ver", ["verify"]],
  ["sallyport audit query --el", ["--elevated"]],
  ["sallyport policy ", ["explain"]],
  ["sallyport audit tail --li", ["--lines"]],
  ["sallyport setup-sudo --unin", ["--uninstall"]],
  ["sallyport setup-sudo --user roo", ["root"]],
  ["sallyport ri", ["risk"]],
  ["sallyport risk --std", ["--stdin-jsonl"]],
  ["sallyport sudo", ["sudoers-lint"]],
  ["sallyport inventory s", ["show"]],
  ["sallyport approve --us", ["--uses"]],
  ["sallyport rep", ["replay"]],
  ["sallyport gr", ["grants"]],
  ["sallyport inventory show --lim", ["--limit"]],
  ["sallyport bootstrap-cluster-sudo --as", ["--ask-per-group"]],
  ["sallyport export ", ["ansible", "cloud-init", "help"]],
  ["sallyport export cloud-init --sh", ["--sha256"]],
  ["sallyport export ansible --user roo", ["root"]],
  ["sallyport ru", ["run", "runs"]],
  ["sallyport run --res", ["--resume"]],
  ["sallyport workflow ", ["check", "help"]],
  ["sallyport unlock --pass", ["--password-fd"]],
  ["sallyport service restart ", []],
  ["sallyport nonsense ", []],
];
const sorted = (words: readonly string[]): string[] => words.toSorted();

/** Does what readline does: looks up the function that was registered for the command, and calls it. */
const READLINE = `
source "$1"
read -r -a COMP_WORDS <<<"$2"
[[ $2 != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
complete -p sallyport >/dev/null || exit 1
\${3:-$(complete -p sallyport | sed 's/.*-F \\([^ ]*\\) .*/\\1/')}
printf '%s\\n' "\${COMPREPLY[@]}"
`;

test.each(ROWS)("bash completes %j", (line, offered) => {
  const words = ["--norc", "--noprofile", "-c", READLINE, "bash", file("bash"), line];
  const said = run("bash", words)
    .split("\n")
    .filter((word) => word !== "");
  expect(sorted(said)).toEqual(sorted(offered));
});

describe.skipIf(lacks("fish"))("fish", () => {
  test.each(ROWS)("completes %j", (line, offered) => {
    const words = [
      "--no-config",
      "-c",
      'source $argv[1]; complete -C "$argv[2]"',
      file("fish"),
      line,
    ];
    const said = run("fish", words)
      .split("\n")
      .flatMap((row) => row.split("\t")[0] || []);
    // Fish gives the user's full name too, and looks for other users whose name has these letters.
    if (offered[0] === "root") expect(said).toContain("root");
    else expect(sorted(said)).toEqual(sorted(offered));
  });
});

/** Zsh's completion system works on a terminal only: what it would be told is written down instead. */
const ZSH = `
words=("\${(@s: :)2}") CURRENT=\${#words}
_describe() { local -a all=("\${(@P)2}"); print -rl -- \${(M)\${all%%:*}:#\${words[CURRENT]}*} }
_users() { print root }
complete_here() { source $1 }
complete_here $1
`;

describe.skipIf(lacks("zsh"))("zsh", () => {
  test.each(ROWS)("completes %j", (line, offered) => {
    const said = run("zsh", ["-f", "-c", ZSH, "zsh", file("zsh"), line]).split("\n");
    expect(sorted(said.filter((word) => word !== ""))).toEqual(sorted(offered));
  });
});
