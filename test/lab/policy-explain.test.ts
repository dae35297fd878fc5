/** Which line decides, on a real host with the real helper, as the agent asks it. */
import { expect, test } from "vitest";
import { describeInLab, ownHost } from "./host.ts";
import { SET_UP, staged } from "./stage.ts";

const SETTINGS = "/etc/sallyport/settings.yaml";
const NARROWED = `${SET_UP}mkdir -p /etc/sallyport
cat >/etc/sallyport/policy.json <<'END'
{
  "package update": "guard",
  "service restart nginx": "deny"
}
END
cat >${SETTINGS} <<'END'
unsandboxed: { any: allowed, bash: never }
guarded:
  service stop ssh: never
END
`;

type Row = { words: string; lines?: string; verdict: string; by: object };
const ROWS: Row[] = [
  {
    words: "service restart nginx",
    verdict: "never",
    by: { kind: "line", file: "/etc/sallyport/policy.json", line: 3 },
  },
  {
    words: "package update",
    verdict: "ask",
    by: { kind: "line", file: "/etc/sallyport/policy.json", line: 2 },
  },
  { words: "service stop ssh", verdict: "never", by: { kind: "line", file: SETTINGS, line: 3 } },
  { words: "service stop docker", verdict: "ask", by: { kind: "compiled_in" } },
  { words: "service status nginx", verdict: "allowed", by: { kind: "compiled_in" } },
  { words: "service stop cron", verdict: "never", by: { kind: "compiled_in" } },
  { words: "step unsandboxed", verdict: "allowed", by: { kind: "line", file: SETTINGS, line: 1 } },
  {
    words: "step unsandboxed bash",
    verdict: "never",
    by: { kind: "line", file: SETTINGS, line: 1 },
  },
  {
    words: "step unsandboxed",
    lines: `chown agent ${SETTINGS}\n`,
    verdict: "never",
    by: { kind: "unusable", flaw: `${SETTINGS} belongs to uid 1001` },
  },
  {
    words: "service stop docker",
    lines: `chmod 666 ${SETTINGS}\n`,
    verdict: "never",
    by: { kind: "unusable", flaw: `${SETTINGS} is writable by others` },
  },
  {
    words: "step sandboxed",
    lines: "chown agent /etc/sallyport\n",
    verdict: "never",
    by: { kind: "unusable", flaw: "/etc/sallyport belongs to uid 1001" },
  },
  {
    words: "step sandboxed",
    lines: `chmod 600 ${SETTINGS}\n`,
    verdict: "never",
    by: { kind: "unusable", flaw: `${SETTINGS} cannot be read (EACCES)` },
  },
  {
    words: "step unsandboxed",
    lines: `mv ${SETTINGS} /var/log/own.yaml; ln -s /var/log/own.yaml ${SETTINGS}\n`,
    verdict: "never",
    by: { kind: "unusable", flaw: `${SETTINGS} is a symbolic link` },
  },
];

describeInLab("policy explain", () => {
  test.each(ROWS)("$words, $lines: $verdict", async ({ words, lines = "", verdict, by }) => {
    const asked = ["policy", "explain", ...words.split(" "), "--json"];
    const { status, stdout, stderr } = await staged(ownHost(), NARROWED + lines, asked);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ v: 1, success: true, verdict, decidedBy: by });
  });

  test("people read it in three lines", async () => {
    const asked = ["policy", "explain", "service", "stop", "ssh"];
    const { stdout } = await staged(ownHost(), NARROWED, asked);
    expect(stdout).toBe(`service stop ssh: refused, and nobody can grant it
  helper    guard  the policy compiled into the helper
  settings  never  ${SETTINGS}:3
decided by ${SETTINGS}:3
`);
  });

  test("a workflow that asks for more than root has settled is refused, with the line", async () => {
    const workflow = `${NARROWED}install -d -o agent /etc/own
cat >/etc/own/w.yaml <<'END'
name: w
steps: [{ id: a, code: { language: bash, text: id }, sandbox: false }]
END
`;
    const { status, stderr } = await staged(ownHost(), workflow, ["run", "/etc/own/w.yaml"], {
      wrapper: ["env", "XDG_STATE_HOME=/etc/own"],
    });
    expect(status, stderr).toBe(77);
    expect(stderr).toContain(`refused for good by ${SETTINGS}:1: a`);
  });
});
