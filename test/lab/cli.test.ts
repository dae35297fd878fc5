/** Every failure that the command line tells apart, produced for real, on each build of sudo. */
import { expect, test } from "vitest";
import { describeInLab, HELPER, ownHost } from "./host.ts";
import {
  asked,
  everywhere,
  helperAt,
  onEveryHost,
  OTHER_PROGRAM,
  PACKAGED_HELPER,
  ruleOf,
  SET_UP,
  staged,
} from "./stage.ts";

const STATUS = ["service", "status", "nginx"];
const EXPIRED = `sed -i -E 's/^(agent(:[^:]*){6}):[^:]*/\\1:1/' /etc/shadow
`;

type Row = {
  name: string;
  lines: string;
  words?: string[];
  wrapper?: string[];
  code: string;
  status: number;
  cause: RegExp;
  hint: RegExp | null;
};

const ROWS: Row[] = [
  {
    name: "no helper: not set up",
    lines: "",
    code: "not_set_up",
    status: 69,
    cause: /^not set up/,
    hint: /^sudo sallyport setup-sudo --user 1001$/,
  },
  {
    name: "a helper and no rule: the rule is missing",
    lines: helperAt(),
    code: "rule_missing",
    status: 77,
    cause: /lets anybody run the helper, uid 1001 included$/,
    hint: /^sudo sallyport setup-sudo --user 1001$/,
  },
  {
    name: "rules that cannot be listed: missing, and nothing is claimed about other users",
    lines: `${helperAt()}${ruleOf(1002)}chmod 750 /etc/sudoers.d\n`,
    code: "rule_missing",
    status: 77,
    cause: /whether another user has one cannot be seen from here$/,
    hint: /^sudo sallyport setup-sudo --user 1001$/,
  },
  {
    name: "a rule for uid 1002: the rule is for another user",
    lines: helperAt() + ruleOf(1002),
    code: "rule_other_user",
    status: 77,
    cause: /for uid 1002, and this is uid 1001$/,
    hint: /^sudo sallyport setup-sudo --user 1001$/,
  },
  {
    name: "a later rule that wants a password: the rule has no effect",
    lines: `${SET_UP}echo '#1001 ALL=(root) PASSWD: ${HELPER}' >/etc/sudoers.d/zzz-later
chmod 440 /etc/sudoers.d/zzz-later
`,
    code: "rule_without_effect",
    status: 77,
    cause: /overridden/,
    hint: /--status$/,
  },
  {
    name: "another program in the helper's place: the helper differs",
    lines: OTHER_PROGRAM + ruleOf(1001),
    code: "helper_differs",
    status: 71,
    cause: /is not the one this sallyport was built with$/,
    hint: /^sudo sallyport setup-sudo$/,
  },
  {
    name: "a packaged helper before the one that the rule names: the helper differs",
    // A copy: sudo knows a program by device and inode, and would take a second name of it for the first.
    lines: `${SET_UP}install -D /opt/sallyport/sallyport-helper ${PACKAGED_HELPER}\n`,
    code: "helper_differs",
    status: 71,
    cause: /^the rule names the helper at \/usr\/local\/.* comes first$/,
    hint: /^sudo sallyport setup-sudo$/,
  },
  {
    name: "no_new_privs is seen before sudo is called",
    lines: SET_UP,
    wrapper: ["setpriv", "--no-new-privs"],
    code: "no_new_privs",
    status: 69,
    cause: /^no_new_privs is set/,
    hint: /NoNewPrivs/,
  },
  {
    name: "I04: an expired account: sudo's own words",
    lines: SET_UP + EXPIRED,
    code: "sudo_refused",
    status: 77,
    cause: /^sudo refused: ".*(expired|account)/i,
    hint: /^sallyport doctor$/,
  },
  {
    name: "no sudo",
    lines: `${SET_UP}rm /usr/bin/sudo\n`,
    code: "sudo_missing",
    status: 69,
    cause: /sudo is not there$/,
    hint: null,
  },
  {
    name: "V26: doas and no sudo: not supported",
    lines: `${SET_UP}rm /usr/bin/sudo\ncp /usr/bin/true /usr/bin/doas\n`,
    code: "unsupported_elevator",
    status: 69,
    cause: /^this host has \/usr\/bin\/doas and no sudo/,
    hint: null,
  },
  {
    name: "no systemd",
    lines: `${SET_UP}mkdir -p /run/systemd\nmount -t tmpfs none /run/systemd\n`,
    code: "unavailable",
    status: 69,
    cause: /^systemd is not running/,
    hint: /^sallyport doctor$/,
  },
  {
    name: "a service outside the policy",
    lines: SET_UP,
    words: ["service", "stop", "cron"],
    code: "not_allowed",
    status: 77,
    cause: /^security violation/,
    hint: /^sallyport policy$/,
  },
  {
    name: "P01: a package name with an operator",
    lines: SET_UP,
    words: ["package", "install", "sudo-"],
    code: "not_allowed",
    status: 77,
    cause: /^security violation/,
    hint: /^sallyport policy$/,
  },
  {
    name: "a service that needs a grant",
    lines: SET_UP,
    words: ["service", "stop", "ssh"],
    code: "grant_required",
    status: 77,
    cause: /service stop ssh/,
    hint: /^sallyport request service stop ssh$/,
  },
];

describeInLab("the command line on a real host", () => {
  test.each(ROWS)(
    "$name",
    async ({ lines, words = STATUS, wrapper = [], code, status, cause, hint }) => {
      const seen = await onEveryHost(async (host) => {
        const ran = await staged(host, lines, [...words, "--json"], { wrapper });
        return { status: ran.status, object: JSON.parse(ran.stdout) as unknown };
      });
      const error = expect.objectContaining({ code, message: expect.stringMatching(cause) });
      const object = expect.objectContaining({ success: false, error });
      expect(seen).toEqual(everywhere({ status, object }));

      const text = await staged(ownHost(), lines, words, { wrapper });
      expect(text).toMatchObject({ status, stdout: "" });
      const said = text.stderr.split("\n").filter((line) => line.startsWith("sallyport: "));
      const [because, run] = said.map((line) => line.replace(/^sallyport: (hint: )?/, ""));
      expect(because).toMatch(cause);
      expect(run ?? "").toMatch(hint ?? /^$/);
    },
  );

  test("a running service takes one line, and JSON is the helper's reply", async () => {
    const text = await staged(ownHost(), SET_UP, STATUS);
    expect(text.stdout).toMatch(/^nginx\.service: active \(running\), enabled, pid \d+\n$/);
    const json = await staged(ownHost(), SET_UP, [...STATUS, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      v: 1,
      success: true,
      data: { kind: "service", ActiveState: "active" },
    });
  });

  test("I10: root asks the helper without sudo and without a rule", async () => {
    const ran = await staged(ownHost(), helperAt(), STATUS, { user: "root" });
    expect(ran).toMatchObject({ status: 0 });
  });

  test("the audit log is not for the agent", async () => {
    const ran = await staged(ownHost(), SET_UP + asked(STATUS), ["audit", "verify"]);
    expect(ran).toMatchObject({ status: 77, stdout: "" });
    expect(ran.stderr).toMatch(/hint: sudo sallyport audit verify$/m);
  });

  test("what the helper wrote, malformed wishes too, is a chain to the second implementation", async () => {
    const wishes = [["service", "stop", "cron"], ["service", "frob", "nginx"], STATUS];
    const lines = SET_UP + wishes.map(asked).join("");
    const ran = await staged(ownHost(), lines, ["audit", "verify"], { user: "root" });
    expect(ran).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^4 records, chain intact\n/),
    });
    const tail = await staged(ownHost(), lines, ["audit", "tail"], { user: "root" });
    expect(tail.stdout.split("\n")).toEqual([
      expect.stringMatching(
        /^1  \S+Z  1001\(agent\)  refused  not_allowed  service stop cron {2}\(security/,
      ),
      expect.stringMatching(
        /^2  \S+Z  1001\(agent\)  refused  usage  service frob nginx {2}\(not a request\)$/,
      ),
      expect.stringMatching(/^3  \S+Z  1001\(agent\)  begin  allow  service status nginx$/),
      expect.stringMatching(
        /^4  \S+Z  1001\(agent\)  end  allow  service status nginx  done after/,
      ),
      "",
    ]);
  });
});
