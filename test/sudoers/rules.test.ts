import { describe, expect, it } from "vitest";
import { renderRule, type RuleRefusal } from "../../sudoers/rules.ts";

const HELPER = "/usr/local/libexec/sallyport/sallyport-helper";

describe("a rule is refused", () => {
  const uids: [uid: number, kind: RuleRefusal["kind"]][] = [
    [0, "uid_is_root"],
    [-0, "uid_is_root"],
    [-1, "uid_is_no_user"],
    [2 ** 32 - 1, "uid_is_no_user"],
    [2 ** 32, "uid_is_no_user"],
    [2 ** 32 + 1000, "uid_is_no_user"],
    [1000.5, "uid_is_no_user"],
    [1e21, "uid_is_no_user"],
    [Number.NaN, "uid_is_no_user"],
    [Number.POSITIVE_INFINITY, "uid_is_no_user"],
  ];
  it.each(uids)("to the user %d (V02, I02)", (uid, kind) => {
    expect(renderRule(uid, HELPER).kind).toBe(kind);
  });

  // Each means something to sudoers, or to the kernel, other than this one file.
  const helpers = [
    "",
    "/",
    "/helper",
    "sallyport-helper",
    "./sallyport-helper",
    "usr/libexec/sallyport-helper",
    "//usr/libexec/helper",
    "/usr//libexec/helper",
    "/usr/libexec/",
    "/usr/./libexec/helper",
    "/usr/../tmp/helper",
    "/usr/libexec/..",
    "/usr/libexec/.",
    "/usr/libexec/hel per",
    "/usr/libexec/helper ",
    " /usr/libexec/helper",
    "/usr/libexec/helper\n",
    "/usr/libexec/helper\nALL ALL=(ALL) NOPASSWD: ALL",
    "/usr/libexec/helper\r",
    "/usr/libexec/helper\t",
    "/usr/libexec/helper\0",
    "/usr/libexec/helper\\",
    "/usr/libexec/helper,/bin/sh",
    "/usr/libexec/helper:ALL",
    "/usr/libexec/helper=x",
    "/usr/libexec/hel*",
    "/usr/libexec/hel?er",
    "/usr/libexec/[h]elper",
    "^/usr/libexec/helper$",
    "/usr/libexec/!helper",
    "/usr/libexec/#helper",
    "/usr/libexec/%helper",
    "/usr/libexec/+helper",
    "/usr/libexec/@helper",
    "/usr/libexec/~helper",
    '/usr/libexec/"helper"',
    "/usr/libexec/'helper'",
    "/usr/libexec/$(id)",
    "/usr/libexec/`id`",
    "/usr/libexec/helper;id",
    "/usr/libexec/h\u00e9lper",
    "/usr/libexec/hel\u202eper",
    "/usr/libexec/\uff48elper",
    "\ufeff/usr/libexec/helper",
    "/usr/libexec/\ud800",
    "ALL",
    "sudoedit",
    "/usr/bin/sudoedit",
    "list",
  ];
  it.each(helpers.map((helper) => [JSON.stringify(helper), helper]))(
    "for the helper %s (V17, I02)",
    (_, helper) => {
      expect(renderRule(1000, helper)).toEqual({ kind: "helper_is_no_path", helper });
    },
  );

  it("for every ASCII character outside of A-Z a-z 0-9 _ . / - anywhere in the path", () => {
    for (let code = 0; code < 128; code++) {
      const character = String.fromCharCode(code);
      if (/[A-Za-z0-9_./-]/.test(character)) continue;
      for (let at = 0; at <= HELPER.length; at++) {
        const helper = HELPER.slice(0, at) + character + HELPER.slice(at);
        expect(renderRule(1000, helper).kind, JSON.stringify(helper)).toBe("helper_is_no_path");
      }
    }
  });
});

describe("a rule", () => {
  it("has these bytes", () => {
    expect(renderRule(1000, HELPER)).toEqual({
      kind: "rule",
      uid: 1000,
      path: "/etc/sudoers.d/zz-sallyport-uid1000",
      helper: HELPER,
      text: `# /etc/sudoers.d/zz-sallyport-uid1000: written by \`sallyport setup-sudo\`, removed by \`sallyport setup-sudo --uninstall\`
Defaults!${HELPER} env_reset
Defaults!${HELPER} !env_keep
Defaults!${HELPER} !env_check
Defaults!${HELPER} secure_path="/usr/sbin:/usr/bin:/sbin:/bin"
#1000 ALL=(root) CWD=/ NOPASSWD: NOSETENV: ${HELPER}
`,
    });
  });

  it.each([1, 999, 1000, 65534, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2])(
    "for the user %d is plain text with one grant, in a file that sudo reads (I02, I03)",
    (uid) => {
      const rule = renderRule(uid, HELPER);
      if (rule.kind !== "rule") throw new Error(rule.kind);
      expect(rule.path).toMatch(/^\/etc\/sudoers\.d\/[A-Za-z0-9_-]+$/);
      expect(rule.text).toMatch(/^[\n\x20-\x7e]+[^\n]\n$/);
      const grants = rule.text.split("\n").filter((line) => /\bALL\b|NOPASSWD/.test(line));
      expect(grants).toEqual([`#${uid} ALL=(root) CWD=/ NOPASSWD: NOSETENV: ${HELPER}`]);
      expect(rule.text).not.toMatch(/_Alias|[*?[\]]|sha(224|256|384|512):/);
    },
  );
});
