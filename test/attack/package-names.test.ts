/** Whatever apt would see in a name but the name: none of it gets past the policy, and nothing changes. */
import { beforeAll, expect, test } from "vitest";
import { NAMED_PACKAGE_ACTIONS } from "../../protocol/operation.ts";
import { arrangeScript, describeInLab, ownHost, setUp, type Host } from "../lab/host.ts";
import { askAll, expectRefusal, inPlace, OWN_DISKS, type Word } from "./place.ts";

/** All names of the default policy. */
const NAMES = "curl git htop rsync ufw trash-cli snapd nginx caddy docker.io fail2ban".split(" ");
const first = (name: string): string => name.slice(0, 1);

/** What apt-get(8), apt-patterns(7) or its parser make of them; `n` is a package of the policy. */
const OPERATORS: Record<string, (n: string) => Word> = {
  "P01: name- removes it": (n) => `${n}-`,
  "P01: name+ installs it": (n) => `${n}+`,
  "P01: name=version": (n) => `${n}=1.0`,
  "P01: name/suite": (n) => `${n}/stable`,
  "P01: name:architecture": (n) => `${n}:amd64`,
  "P02: anchored regex": (n) => `^${n}$`,
  "P02: glob *": (n) => `${n}*`,
  "P02: glob ?": (n) => `${n.slice(0, -1)}?`,
  "P02: pattern ?name": (n) => `?name(^${n}$)`,
  "P02: pattern ~n": (n) => `~n${n}`,
  "P02: task": (n) => `${n}^`,
  "P03: local file": (n) => `./${n}.deb`,
  "P03: file by absolute path": (n) => `/tmp/${n}.deb`,
  "N08: upper case": (n) => n.toUpperCase(),
};

/** The same for what does not depend on the name: each with one name, and another action each. */
const SPELLINGS: Record<string, (n: string) => Word> = {
  "P01: name=*": (n) => `${n}=*`,
  "P01: name:any": (n) => `${n}:any`,
  "P01: two names in one word": (n) => `${n} forbidden-`,
  "P01: two names by a comma": (n) => `${n},forbidden`,
  "P02: regex with a dot for a letter": (n) => `.${n.slice(1)}`,
  "P02: glob []": (n) => `[${first(n)}]${n.slice(1)}`,
  "P02: pattern ?exact-name": (n) => `?exact-name(${n})`,
  "P02: negated pattern": (n) => `!?name(${n})`,
  "P03: file of the repository": (n) => `/srv/repo/${n}_1.0_all.deb`,
  "P03: file above": (n) => `../srv/repo/${n}_1.0_all.deb`,
  "P03: source control file": (n) => `./${n}.dsc`,
  "P04: leading -o": (n) => `-oAPT::Update::Pre-Invoke::=/usr/bin/touch /tmp/${n}`,
  "P04: leading -c": () => "-c/tmp/apt.conf",
  "P04: leading --": (n) => `--${n}`,
  "P04: leading -": (n) => `-${n}`,
  "P04: options end": () => "--",
  "N08: one upper-case letter": (n) => first(n).toUpperCase() + n.slice(1),
  "N08: space before": (n) => ` ${n}`,
  "N08: space after": (n) => `${n} `,
  "N08: tab after": (n) => `${n}\t`,
  "N08: newline after": (n) => `${n}\n`,
  "N08: carriage return after": (n) => `${n}\r`,
  "N08: a word after a newline": (n) => `${n}\nforbidden`,
  "N08: no-break space after": (n) => `${n}\u00A0`,
  "N08: byte order mark before": (n) => `\uFEFF${n}`,
  "N08: zero-width space inside": (n) => `${first(n)}\u200B${n.slice(1)}`,
  "N08: right-to-left override before": (n) => `\u202E${n}`,
  "N08: full-width first letter": (n) =>
    String.fromCodePoint((n.codePointAt(0) ?? 0) + 0xfee0) + n.slice(1),
  "N08: combining accent after": (n) => `${n}\u0301`,
  "N08: invalid UTF-8 after": (n) => Buffer.concat([Buffer.from(n), Buffer.from([0xff])]),
  "N08: quotes around": (n) => `'${n}'`,
  "N08: shell around": (n) => `$(${n})`,
  "N08: a semicolon after": (n) => `${n};id`,
  "N08: percent-encoded": (n) => `%${first(n).charCodeAt(0).toString(16)}${n.slice(1)}`,
  "N08: a property of every object": () => "constructor",
};

type Row = { title: string; words: Word[] };

function row(title: string, make: (n: string) => Word, index: number, name: string): Row {
  const action = NAMED_PACKAGE_ACTIONS[index % NAMED_PACKAGE_ACTIONS.length] ?? "";
  return { title: `${title}: ${action} ${name}`, words: ["package", action, make(name)] };
}

/** Each operator meets each name and each action. */
const ROWS = [
  ...Object.entries(OPERATORS).flatMap(([title, make], operator) =>
    NAMES.map((name, index) => row(title, make, operator + index, name)),
  ),
  ...Object.entries(SPELLINGS).map(([title, make], index) =>
    row(title, make, index, NAMES[index % NAMES.length] ?? ""),
  ),
];

/** What package manager and its surroundings look like: unchanged means nothing was done. */
const FINGERPRINT = `sha256sum /var/lib/dpkg/status /var/lib/apt/extended_states 2>/dev/null || :
ls -A /var/lib/dpkg/info /var/cache/apt/archives /etc/apt/sources.list.d /tmp /var/tmp | sha256sum
`;

describeInLab("names of packages", () => {
  let host: Host;
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test("every operator on every name of the policy is not allowed, and nothing changes", async () => {
    await inPlace(host, `${OWN_DISKS}mount -t tmpfs none /tmp`, async (place) => {
      await arrangeScript(place, "apt-get -qq -y install htop=1.0 >/dev/null 2>&1");
      const before = await arrangeScript(place, FINGERPRINT);
      const answers = await askAll(
        place,
        ROWS.map(({ words }) => words),
      );
      expect(
        ROWS.filter((_, index) => answers[index]?.reply.error?.code !== "not_allowed"),
      ).toEqual([]);
      for (const answer of answers) expectRefusal(answer, "not_allowed", /^security violation/);
      expect(await arrangeScript(place, FINGERPRINT)).toBe(before);
      const [control] = await askAll(place, [["package", "info", "trash-cli"]]);
      expect(control?.reply.success, "the name alone is allowed").toBe(true);
    });
  }, 120_000);
});
