/** Hostile programs, and what has to come of them: the same for whatever makes the sandbox. */
import { beforeAll, describe, expect, test } from "vitest";
import { arrangeScript, endOf, start } from "../../lab/host.ts";
import {
  CANARY,
  execWords,
  hostile,
  results,
  runInSandbox,
  runOutside,
  type Answer,
  type Place,
} from "./place.ts";
import { GREEDY, MANY } from "./greedy.ts";
import { TRICKS } from "./tricks.ts";

/** `place` is asked for when the tests run. */
export function hostilePrograms(
  backend: "bubblewrap" | "docker" | "podman",
  placeOf: () => Place,
): void {
  describe.each(Object.entries(TRICKS))("%s", (language, rows) => {
    let inside: Map<string, string>;
    let outside: Map<string, string>;
    let answer: Answer;
    beforeAll(async () => {
      answer = await runInSandbox(placeOf(), language, hostile(language));
      inside = results(answer.stdout);
      outside = results((await runOutside(placeOf(), language)).stdout);
    });

    test.each(rows)("is held: $trick", ({ trick, inside: usual, docker, outside: reached }) => {
      const expected = (backend === "bubblewrap" ? undefined : docker) ?? usual;
      expect(inside.get(trick)).toMatch(expected);
      // Without the sandbox the same words do something: the row is no empty one.
      if (reached !== undefined) expect(outside.get(trick)).toMatch(reached);
    });

    test("each trick was tried, and is judged here", () => {
      const tried = [...inside.keys()].filter((name) => name !== "");
      const judged = new Set(rows.map(({ trick }) => trick));
      expect(tried.filter((name) => !judged.has(name))).toEqual(
        ["memory of 1"].filter((name) => tried.includes(name)),
      );
      expect(answer).toMatchObject({ success: true, exitCode: 0, error: null });
    });

    test("nothing secret came out", () => {
      expect(answer.stdout + answer.stderr).not.toContain(CANARY);
    });

    test("the answer says what confined it", () => {
      expect(answer.data.confinement).toMatchObject({
        uid: 1001,
        noNewPrivs: true,
        seccomp: true,
        capabilities: "0",
        interfaces: ["lo"],
        writable: ["/dev/shm", "/tmp"],
      });
    });
  });

  const greedy = GREEDY.filter(([name]) => backend !== "podman" || name !== MANY);

  test.each(greedy)(
    "%s, in %s, is stopped and told",
    async (_, language, code, expected, options = [], docker = expected) => {
      const answer = await runInSandbox(placeOf(), language, code, ...options);
      expect(answer).toMatchObject(backend === "bubblewrap" ? expected : docker);
      expect(answer.data.peak?.processes ?? 0).toBeLessThanOrEqual(33);
      expect(await leftovers(placeOf())).toBe("");
    },
  );

  const LEAVING: [name: string, code: string][] = [
    ["in the background", "sleep 7102 &"],
    ["in a session of its own", "setsid sleep 7103 >/dev/null 2>&1 &"],
    ["after two forks, holding the output", "( ( setsid sleep 7104 & ) & )"],
  ];

  test.each(LEAVING)("a process left behind %s ends with the run", async (_, code) => {
    expect(await runInSandbox(placeOf(), "bash", code)).toMatchObject({ success: true });
    expect(await leftovers(placeOf())).toBe("");
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "when sallyport gets a %s, nothing goes on",
    async (signal) => {
      const child = start(placeOf().host, "agent", execWords(placeOf(), "bash"));
      child.stdin?.end("trap '' TERM; setsid sleep 7105 & sleep 7106");
      await arrangeScript(placeOf().host, "until pgrep -fx 'sleep 7106'; do sleep 0.05; done");
      await arrangeScript(
        placeOf().host,
        `pkill -${signal.slice(3)} -f '^/opt/sallyport/sallyport exec'`,
      );
      await endOf(child);
      expect(await leftovers(placeOf())).toBe("");
    },
  );

  test("a workspace is read-only unless asked for, and its files are the caller's", async () => {
    await arrangeScript(
      placeOf().host,
      "install -d -o agent -g agent /srv/work; echo fine >/srv/work/in",
    );
    const code =
      "cat in; echo out >out; ln -s /etc/shadow link; cat link; cat ../etc/shadow; ls ..";
    const read = await runInSandbox(placeOf(), "bash", code, "--workspace", "/srv/work");
    expect(read.stdout).toContain("fine");
    expect(read.stderr).toMatch(/out: Read-only.*link.*No such file/s);
    const written = await runInSandbox(
      placeOf(),
      "bash",
      code,
      "--workspace",
      "/srv/work",
      "--writable",
    );
    expect(written.stderr).not.toContain("Read-only");
    expect(written.data.confinement["writable"]).toContain("/workspace");
    expect(await arrangeScript(placeOf().host, "stat -c '%U %a' /srv/work/out")).toBe(
      "agent 644\n",
    );
  });
}

/** Sandboxes and what ran in them, as pgrep shows it; a moment is given to what is dying already. */
export async function leftovers(place: Place): Promise<string> {
  const list =
    "pgrep -fa '[b]wrap --args|[s]andbox-launcher|[s]leep 710|/[s]andbox/program' | grep -v 'sleep 7101' || :";
  return await arrangeScript(place.host, `sleep 0.2; ${list}`);
}
