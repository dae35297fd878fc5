/** What stands in argv: options, separators, look-alikes, too much and too little. */
import { beforeAll, expect, test } from "vitest";
import type { ErrorCode } from "../../protocol/reply.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { arrange, AUDIT, describeInLab, HELPER, ownHost, records, setUp } from "../lab/host.ts";
import {
  callAs,
  provenChain,
  readTrace,
  stateOf,
  TRACED,
  type Called,
  type Case,
  type Trace,
} from "./caller.ts";

type Word = string | Uint8Array;
type Row = [title: string, words: readonly Word[], code: ErrorCode];

const KIB = 1024;
const PROTOTYPE = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "prototype",
];

/** As the name of a service and of a package: well formed, but nothing that the policy lists. */
const NAMES: readonly (readonly [id: string, what: string, name: Word])[] = [
  ...["--", "-", "-Hroot@evil", "--host=evil", "-Mevil", "--root=/tmp", "--no-block", "-f"].map(
    (name) => ["S01", `the option ${name}`, name] as const,
  ),
  ...["-oAPT::Update::Pre-Invoke::=/bin/sh", "-c/tmp/apt.conf", "--version", "--help"].map(
    (name) => ["P04", `the option ${name}`, name] as const,
  ),
  ...[";", "|", "&", "&&", "||", ">", " "].map(
    (mark) => ["P04", `nginx${mark}id`, `nginx${mark}id`] as const,
  ),
  ...[
    "$(id)",
    "nginx$(id)",
    "`id`",
    "${IFS}",
    "'nginx'",
    '"nginx"',
    "nginx,ssh",
    "{nginx,ssh}",
  ].map((name) => ["P04", name, name] as const),
  ...["\n", "\r", "\t", "\n--host=evil", "\u001b[2J", "\u0007", "\u007f", "\u009b2J"].map(
    (tail) => ["V08", `nginx and ${JSON.stringify(tail)}`, `nginx${tail}`] as const,
  ),
  ["V08", "right-to-left override", "nginx\u202ecexe"],
  ["V08", "zero-width space", "ngi\u200bnx"],
  ["V08", "byte order mark", "\ufeffnginx"],
  ["V08", "Cyrillic letter", "ng\u0456nx"],
  ["V08", "fullwidth letters", "\uff4e\uff47\uff49\uff4e\uff58"],
  ["V08", "superscript letter", "\u207fginx"],
  ["V08", "combining mark", "nginx\u0301"],
  ["V08", "invalid UTF-8", Buffer.from("nginx\xff\xfe", "latin1")],
  ["V08", "overlong slash in UTF-8", Buffer.from("..\xc0\xafnginx", "latin1")],
  ["V08", "lone surrogate in UTF-8", Buffer.from("\xed\xa0\x80nginx", "latin1")],
  ["V01", "trailing backslash", "nginx\\"],
  ["V25", "percent escapes", "%n%s%h"],
  ...PROTOTYPE.map((name) => ["N08", name, name] as const),
  ...["*", "nginx*", "?ginx", "[n]ginx", "nginx.*"].map((name) => ["S01", name, name] as const),
  ...["nginx@x", "nginx@.service", "nginx.service", "nginx.socket", "nginx.target"].map(
    (name) => ["S01", name, name] as const,
  ),
  ...["/etc/systemd/system/nginx.service", "../nginx", "./nginx", "nginx/", "/tmp/x.service"].map(
    (name) => ["S01", name, name] as const,
  ),
  ["S02", "a path that service(8) would follow", "../../bin/sh"],
  ...["dbus-org.freedesktop.login1", "sshd", "ssh.service", "-.mount", "default.target"].map(
    (name) => ["S01", `alias ${name}`, name] as const,
  ),
  ...["NGINX", "Nginx", " nginx", "nginx "].map((name) => ["S01", `"${name}"`, name] as const),
  ["V01", "a name of 128 bytes, which is no longer than a name may be", "n".repeat(128)],
];

const MALFORMED: readonly Row[] = [
  ["V20: no word", [], "usage"],
  ["V20: an empty word", [""], "usage"],
  ["V20: only empty words", ["", "", ""], "usage"],
  ["V20: a kind without an action", ["service"], "usage"],
  ["V20: an action without a name", ["service", "status"], "usage"],
  ["V20: an empty name", ["service", "status", ""], "usage"],
  ["V20: an empty action", ["service", "", "nginx"], "usage"],
  ["P04: a word too many", ["service", "status", "nginx", "ssh"], "usage"],
  ["P04: an empty word too many", ["service", "status", "nginx", ""], "usage"],
  ["P04: a word after version", ["version", ""], "usage"],
  ["P04: an option after policy", ["policy", "--json"], "usage"],
  ["P04: a name where there is none", ["package", "update", "nginx"], "usage"],
  ["P04: no name where there is one", ["package", "install"], "usage"],
  ...[
    ["--help"],
    ["-h"],
    ["--version"],
    ["-v"],
    ["--inspect"],
    ["--inspect-brk=0.0.0.0:9229", "version"],
    ["-e", "require('fs').writeFileSync('/tmp/canary','')"],
    ["--eval=1"],
    ["-p", "1"],
    ["-r", "/tmp/canary.cjs", "version"],
    ["--require=/tmp/canary.cjs", "version"],
    ["--import=/tmp/canary.cjs", "version"],
    ["--node-options=--inspect", "version"],
    // Node looks for these in the whole of argv, before anything else and past the script's name.
    ["--env-file=/tmp/canary", "version"],
    ["version", "--env-file=/tmp/canary"],
    ["--env-file", "/tmp/canary"],
    ["--env-file-if-exists=/tmp/canary"],
    ["--experimental-config-file=/tmp/canary", "version"],
    ["version", "--experimental-config-file=/tmp/canary"],
    ["--experimental-config-file", "/tmp/canary"],
    ["--experimental-config-file"],
    ["--experimental-default-config-file"],
    ["--experimental-sea-config", "/tmp/canary"],
    ["--build-snapshot", "/tmp/canary.cjs"],
    ["--cpu-prof", "version"],
    ["--test"],
    ["-i"],
    ["-"],
    ["/tmp/canary.cjs"],
  ].map((words): Row => {
    const id = words.some((word) => /env-file|config-file/.test(word)) ? "N16" : "N02";
    return [`${id}: Node's own ${words.join(" ").slice(0, 50)}`, words, "usage"];
  }),
  ["P04: -- alone", ["--"], "usage"],
  ["P04: -- first", ["--", "version"], "usage"],
  ["P04: -- before a request", ["--", "service", "status", "nginx"], "usage"],
  ["P04: -- before the name", ["service", "status", "--", "nginx"], "usage"],
  ["S01: -H host first", ["-H", "evil", "service", "status", "nginx"], "usage"],
  ["S01: -H host before the name", ["service", "status", "-H", "evil", "nginx"], "usage"],
  ["S01: --root= as the action", ["service", "--root=/tmp", "nginx"], "usage"],
  ["S01: an action of systemctl that is not ours", ["service", "edit", "nginx"], "usage"],
  ["S01: another one", ["service", "link", "/tmp/x.service"], "usage"],
  ["P04: an action of apt-get that is not ours", ["package", "source", "nginx"], "usage"],
  ["V03: no edit of any kind", ["edit", "/etc/sudoers"], "usage"],
  ...PROTOTYPE.flatMap((word): Row[] => [
    [`N08: the kind ${word}`, [word, "status", "nginx"], "usage"],
    [`N08: the action ${word}`, ["service", word, "nginx"], "usage"],
  ]),
  ["S01: a kind in capitals", ["SERVICE", "status", "nginx"], "usage"],
  ["S01: an action in capitals", ["service", "Status", "nginx"], "usage"],
  ["S01: an action and a space", ["service", "status ", "nginx"], "usage"],
  ["S01: a space and an action", ["service", " status", "nginx"], "usage"],
  ["V08: an action and a newline", ["service", "status\n", "nginx"], "usage"],
  ["V08: a kind in look-alike letters", ["\u0455ervice", "status", "nginx"], "usage"],
  ["V01: a backslash at the end of argv", ["version\\"], "usage"],
  ["V01: a name of 129 bytes", ["service", "status", "n".repeat(129)], "usage"],
  ["V01: a name of 129 bytes, 65 letters", ["service", "status", `${"é".repeat(64)}n`], "usage"],
  ["V01: a name of 64 KiB", ["package", "install", "n".repeat(64 * KIB)], "usage"],
  ["V01: a kind of 64 KiB", ["n".repeat(64 * KIB)], "usage"],
  ["V01: the longest word Linux has", ["service", "status", "n".repeat(128 * KIB - 1)], "usage"],
  ["V01: 1 MiB in nine words", Array<string>(9).fill("n".repeat(120 * KIB)), "usage"],
  ["V01: 64 KiB of backslashes", ["service", "status", "\\".repeat(64 * KIB)], "usage"],
  ["V01: 10,000 words", Array<string>(10_000).fill("nginx"), "usage"],
];

const ROWS: readonly Row[] = [
  ...MALFORMED,
  ...NAMES.map(([id, what, name]): Row => [
    `${id}: a service named ${what}`,
    ["service", "restart", name],
    "not_allowed",
  ]),
  // The other section of the policy; the whole system's own name in it is `*`.
  ...NAMES.filter(([id]) => id === "P04" || id === "N08").map(([id, what, name]): Row => [
    `${id}: a package named ${what}`,
    ["package", "install", name],
    "not_allowed",
  ]),
  ["S01: a package named *", ["package", "upgrade", "*"], "not_allowed"],
  ["V13: a service that nobody has", ["service", "status", "no-such-thing"], "not_allowed"],
  ["V13: a service that there is", ["service", "status", "cron"], "not_allowed"],
];

const SUDO = ["/usr/bin/sudo", "-n", HELPER] as const;
/** What must start a program, so that the proof that none was started can fail. */
const CONTROL: Case = { run: [...SUDO, "service", "status", "nginx"] };
const DIRECT: readonly (readonly [title: string, one: Case])[] = [
  ["V20: argc is 0", { run: [HELPER], none: "1" }],
  ["V20: an empty argv[0] alone", { run: [HELPER], argv0: "" }],
  ["V20: an empty argv[0] and an option", { run: [HELPER, "--inspect"], argv0: "" }],
  ["N04: argv[0] is node", { run: [HELPER, "-e", "1"], argv0: "/usr/bin/node" }],
  ["V03: argv[0] is sudoedit", { run: [HELPER, "/etc/shadow"], argv0: "sudoedit" }],
  ["V01: argv[0] is -sh", { run: [HELPER, "-c", "id"], argv0: "-sh" }],
];

describeInLab("arguments", () => {
  let called: Called[] = [];
  let control: Called | undefined;
  let direct: Called[] = [];
  let [trace, directTrace]: (Trace | null)[] = [null, null];
  let before: string[] = [];
  let written: Record<string, unknown>[] = [];
  let raw = "";

  beforeAll(async () => {
    const host = ownHost();
    await setUp(host);
    before = await stateOf(host);
    const cases = [...ROWS.map(([, words]) => ({ run: [...SUDO, ...words] })), CONTROL];
    called = await callAs(host, cases, { within: TRACED });
    control = called.pop();
    trace = await readTrace(host);
    const alone = DIRECT.map(([, one]) => one);
    direct = await callAs(host, alone, { user: "root", within: TRACED });
    directTrace = await readTrace(host);
    written = await records(host);
    raw = await arrange(host, "cat", AUDIT);
  });

  /** The helpers among the processes that came from `pid`, and what those started. */
  function helpers(pid: number, of = trace): { count: number; children: number } {
    const family = (of?.family(pid) ?? []).map((one) => ({
      one,
      last: of?.executed.get(one)?.at(-1) ?? "",
    }));
    const found = family.filter(({ last }) => last.startsWith(`execve("${HELPER}"`));
    const children = found.flatMap(({ one }) => of?.started.get(one) ?? []);
    return { count: found.length, children: children.length };
  }

  function refusal(one: Called | undefined, code: ErrorCode, words?: readonly Word[]): void {
    expect(one).toMatchObject({
      status: EXIT_STATUS[code],
      reply: { v: 1, success: false, exitCode: null, stdout: "", data: null, error: { code } },
    });
    const record = written.filter(({ requestId }) => requestId === one?.reply?.requestId);
    expect(record).toMatchObject([{ phase: "refused", decision: code }]);
    const shown = words
      ?.slice(0, 8)
      .map((word) => (typeof word === "string" ? word : Buffer.from(word).toString()));
    if (shown !== undefined)
      expect(record[0]?.["argv"]).toEqual(shown.map((word) => word.slice(0, 256)));
  }

  test.each(ROWS.map((row, at) => ({ title: row[0], at })))(
    "$title is refused, recorded, and starts nothing",
    ({ at }) => {
      const [, words, code] = ROWS[at] as Row;
      refusal(called[at], code, words);
      expect(helpers(called[at]?.pid ?? 0)).toEqual({ count: 1, children: 0 });
    },
  );

  test.each(DIRECT.map(([title], at) => ({ title, at })))(
    "$title, by root without sudo, is refused and starts nothing",
    ({ at }) => {
      refusal(direct[at], "usage");
      expect(helpers(direct[at]?.pid ?? 0, directTrace)).toEqual({ count: 1, children: 0 });
    },
  );

  test("an allowed request does start a program, so the trace would have shown one", () => {
    expect(control?.reply).toMatchObject({ success: true, data: { unit: "nginx.service" } });
    expect(helpers(control?.pid ?? 0)).toEqual({ count: 1, children: 1 });
  });

  test("V13: a denied name that exists and one that does not get the same words", () => {
    const [one, other] = called.slice(-2).map(({ reply }) => reply?.error);
    expect(one).toEqual(other);
  });

  test("V01: a word longer than Linux has does not even reach sudo", async () => {
    const run = [...SUDO, "service", "status", "n".repeat(1024 * KIB)];
    const [one] = await callAs(ownHost(), [{ run }]);
    expect(one).toMatchObject({ status: 126, stdout: "", obstacle: "Argument list too long" });
  });

  test("nothing on the host has changed", async () => {
    expect(await stateOf(ownHost())).toEqual(before);
  });

  test("V08: the audit log is whole lines of JSON without a control character, in one chain", async () => {
    await provenChain(ownHost());
    // oxlint-disable-next-line no-control-regex -- that is what must not be there
    expect(raw).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
    expect(raw.endsWith("\n")).toBe(true);
  });

  test("V08: the log shown to a person has no control, bidi or invisible character", async () => {
    const shown = await arrange(ownHost(), "/opt/sallyport/sallyport", "audit", "tail", "-n400");
    expect(shown.match(/nginx/g)?.length).toBeGreaterThan(NAMES.length / 2);
    expect(shown.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
