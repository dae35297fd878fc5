/** Whatever the renderer accepts means, to every build of sudo, one command of one user and nothing more. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderRule, type Rule } from "../../sudoers/rules.ts";
import { describeInLab, exec, sudoHosts, type Host } from "../lab/host.ts";
import { oddText } from "./odd-text.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? 20_261_125);
const TRIES = Number(process.env["FUZZ_TRIES"] ?? 600);

const part = fc.oneof(
  { weight: 5, arbitrary: fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/) },
  {
    weight: 3,
    arbitrary: oddText(["usr", "libexec", "sallyport-helper", "ALL", "sudoedit", "..", "-"]),
  },
);
const helper = fc.oneof(
  fc.array(part, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`),
  oddText(["/usr/libexec/sallyport/sallyport-helper", "/usr/bin/x,", "ALL", "sudoedit", "list"]),
);
const uid = fc.oneof(
  fc.constantFrom(0, -0, -1, 1, 1000, 2 ** 31, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 1e21, 0.5),
  fc.integer({ min: 1, max: 2 ** 32 - 2 }),
  fc.double(),
);

/** Distinct rules that were accepted, of `count` tries. */
function rules(count: number, users: fc.Arbitrary<number>): Rule[] {
  const rendered = fc
    .sample(fc.tuple(users, helper), { numRuns: count, seed: SEED })
    .map(([user, path]) => renderRule(user, path));
  return rendered.filter((one) => one.kind === "rule");
}

/** Reads each of the texts (NUL between them) with the program in argv; tells status and output, NUL after each. */
const EACH = String.raw`
local $/; my @texts = split /\0/, <STDIN>;
for my $text (@texts) {
  open(my $file, ">", "/run/fuzz-rule") or die; print $file $text; close $file; chmod 0440, "/run/fuzz-rule";
  my $said = "";
  open(my $read, "-|", @ARGV) or die; { local $/; $said = <$read> } close $read;
  print $? >> 8, " ", $said // "", "\0";
}
unlink "/run/fuzz-rule";
`;

async function eachRead(host: Host, texts: string[], ...program: string[]): Promise<string[]> {
  const argv = ["perl", "-e", EACH, ...program];
  const { stdout, stderr } = await exec(host, "root", argv, { input: texts.join("\0") });
  const answers = stdout.split("\0").slice(0, -1);
  expect(answers.length, stderr).toBe(texts.length);
  return answers;
}

/** Puts the rule in the place of all others, and lets its user ask. */
const LIST = `
for main in /etc/sudoers /etc/sudoers-rs; do
  [ ! -e $main ] || mount --bind /run/fuzz-rule $main
done
exec setpriv --reuid=agent --regid=agent --init-groups sudo -n -l`;

/** As cvtsudoers(1) tells it. */
function meaningOf({ uid: userid, helper: command }: Rule): object {
  const bound = (option: object): object => ({ Binding: [{ command }], Options: [option] });
  return {
    Defaults: [
      bound({ env_reset: true }),
      bound({ env_keep: false }),
      bound({ env_check: false }),
      bound({ secure_path: "/usr/sbin:/usr/bin:/sbin:/bin" }),
    ],
    User_Specs: [
      {
        User_List: [{ userid }],
        Host_List: [{ hostname: "ALL" }],
        Cmnd_Specs: [
          {
            runasusers: [{ username: "root" }],
            Options: [{ runcwd: "/" }, { authenticate: false }, { setenv: false }],
            Commands: [{ command }],
          },
        ],
      },
    ],
  };
}

describe("of what is asked for", () => {
  test("some is accepted and some is not", () => {
    const accepted = rules(1000, uid).length;
    expect(accepted).toBeGreaterThan(100);
    expect(accepted).toBeLessThan(900);
  });
});

describeInLab("a rule that was accepted", () => {
  const accepted = rules(TRIES, uid);
  const texts = accepted.map(({ text }) => text);

  test("is read by each sudo of C as one command of one user", async () => {
    const hosts = sudoHosts().filter(({ name }) => /-[ABC]$/.test(name));
    expect(hosts).toHaveLength(3);
    for (const host of hosts) {
      const read = await eachRead(host, texts, "cvtsudoers", "-f", "json", "/run/fuzz-rule");
      // Sudo 1.9.13 leaves out the braces around this one, which is not JSON.
      const meant = read.map((answer) => {
        const json = answer.replace(/^0 /, "").replace(/^ +("runcwd": "\/")/m, "{ $1 }");
        return JSON.parse(json) as unknown;
      });
      expect(meant, host.name).toEqual(accepted.map(meaningOf));
    }
  });

  test("is no mistake to any visudo", async () => {
    for (const host of sudoHosts()) {
      const read = await eachRead(host, texts, "visudo", "-c", "-f", "/run/fuzz-rule");
      expect(
        read.filter((answer) => !answer.startsWith("0 ")),
        host.name,
      ).toEqual([]);
    }
  });

  test("is told to its user by each sudo as one command, as root, without a password", async () => {
    // `agent` in the lab; nothing but this rule is in force.
    const own = rules(200, fc.constant(1001));
    expect(own.length).toBeGreaterThan(20);
    for (const host of sudoHosts()) {
      const read = await eachRead(
        host,
        own.map(({ text }) => text),
        "unshare",
        "--mount",
        "sh",
        "-euc",
        LIST,
      );
      // In another order with each build; sudo-rs leaves out what is so anyhow.
      const optional = ["CWD=/", "NOSETENV:"];
      const grants = read.map((answer) => {
        const lines = answer.split("\n").filter((line) => /^ +\(/.test(line));
        const words = lines.map((line) => line.trim().split(/,? +/));
        return words.map((row) => row.filter((word) => !optional.includes(word)));
      });
      expect(grants, host.name).toEqual(own.map((rule) => [["(root)", "NOPASSWD:", rule.helper]]));
    }
  });
});
