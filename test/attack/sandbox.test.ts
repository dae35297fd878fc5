/** Hostile programs in the sandbox: what they try comes to nothing, and the answer says what happened. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { arrangeScript, describeInLab, endOf, exec, ownHost, start } from "../lab/host.ts";
import {
  CANARY,
  enter,
  execWords,
  SALLYPORT,
  hostile,
  results,
  runInSandbox,
  runOutside,
  type Answer,
  type Place,
} from "./sandbox/place.ts";
import { TRICKS } from "./sandbox/tricks.ts";

describeInLab("in a sandbox on a host", () => {
  let place: Place;
  beforeAll(async () => {
    place = await enter(ownHost());
  });
  afterAll(async () => await place.leave());

  describe.each(Object.entries(TRICKS))("%s", (language, rows) => {
    let inside: Map<string, string>;
    let outside: Map<string, string>;
    let answer: Answer;
    beforeAll(async () => {
      answer = await runInSandbox(place, language, hostile(language));
      inside = results(answer.stdout);
      outside = results((await runOutside(place, language)).stdout);
    });

    test.each(rows)("is held: $trick", ({ trick, inside: expected, outside: reached }) => {
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

  /** Programs that do not end by themselves, or take what they can. */
  const GREEDY: [
    name: string,
    language: string,
    code: string,
    expected: object,
    options?: string[],
  ][] = [
    [
      "a fork bomb",
      "bash",
      "exec 2>/dev/null; :(){ :|:& };:; read -rt 0.3 </dev/zero; exit 7",
      { exitCode: 7 },
    ],
    [
      "a fork bomb",
      "python",
      "import os\nn=0\ntry:\n  while True:\n    if os.fork()==0:\n      import time; time.sleep(3); os._exit(0)\n    n+=1\nexcept OSError: print(n)",
      { exitCode: 0, stdout: "31\n" },
    ],
    [
      "a fork bomb",
      "node",
      "const {spawnSync,spawn}=require('child_process');let n=0;for(let i=0;i<100;i++){const c=spawn('sleep',['3']);c.on('error',()=>{});if(c.pid)n++}console.log(n<32);process.exit()",
      { exitCode: 0, stdout: "true\n" },
    ],
    [
      "a memory bomb of one process",
      "python",
      "a=[]\ntry:\n  while True: a.append(bytearray(b'x')*1048576)\nexcept MemoryError: print('refused', len(a) < 260)",
      { stdout: "refused True\n" },
    ],
    [
      "a memory bomb of one process",
      "node",
      "const a=[];for(;;)a.push(Buffer.alloc(1<<20,1))",
      { success: false },
    ],
    [
      "a memory bomb of many processes",
      "python",
      "import os,time\nfor i in range(8):\n  if os.fork()==0:\n    a=bytearray(b'x')*(150<<20); time.sleep(60)\ntime.sleep(60)",
      { success: false, error: { code: "memory_limit" } },
    ],
    [
      "filling the disk",
      "bash",
      "for where in /tmp /dev/shm; do head -c 200M /dev/zero >$where/a; head -c 200M /dev/zero >$where/b; du -sm $where | cut -f1; done 2>/dev/null",
      { stdout: "64\n16\n" },
    ],
    [
      "an output flood",
      "bash",
      "yes",
      { success: false, error: { code: "output_limit" }, truncated: true },
    ],
    [
      "taking all descriptors",
      "python",
      "a=[]\ntry:\n  while True: a.append(open('/dev/null'))\nexcept OSError as e: print(e.errno, len(a) < 256)",
      { stdout: "24 True\n" },
    ],
    [
      "ignoring what asks it to stop",
      "bash",
      "trap '' TERM INT HUP; while :; do sleep 1; done",
      { success: false, timedOut: true, error: { code: "timeout" } },
      ["--timeout", "1"],
    ],
    [
      "an endless loop",
      "node",
      "for(;;);",
      { success: false, timedOut: true, error: { code: "timeout" } },
      ["--timeout", "1"],
    ],
    [
      "taking the processor",
      "python",
      "while True: pass",
      {
        success: false,
        exitCode: 152,
        error: { message: expect.stringMatching(/SIGXCPU.*1 s of processor time/) },
      },
      ["--timeout", "2"],
    ],
    ["killing everybody", "bash", "sh -c 'kill -9 -1'", { success: false, exitCode: 137 }],
    [
      "forging the answer",
      "bash",
      'printf \'{"v":1,"success":true,"exitCode":0}\\n{ "exit-code": 0 }\\n\'; exit 5',
      { success: false, exitCode: 5, error: { code: "failed" } },
    ],
  ];

  test.each(GREEDY)(
    "%s, in %s, is stopped and told",
    async (_, language, code, expected, options = []) => {
      const answer = await runInSandbox(place, language, code, ...options);
      expect(answer).toMatchObject(expected);
      expect(answer.data.peak?.processes ?? 0).toBeLessThanOrEqual(33);
      expect(await leftovers()).toBe("");
    },
  );

  const LEAVING: [name: string, code: string][] = [
    ["in the background", "sleep 7102 &"],
    ["in a session of its own", "setsid sleep 7103 >/dev/null 2>&1 &"],
    ["after two forks, holding the output", "( ( setsid sleep 7104 & ) & )"],
  ];

  test.each(LEAVING)("a process left behind %s ends with the run", async (_, code) => {
    expect(await runInSandbox(place, "bash", code)).toMatchObject({ success: true });
    expect(await leftovers()).toBe("");
  });

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "when sallyport gets a %s, nothing goes on",
    async (signal) => {
      const child = start(place.host, "agent", execWords("bash"));
      child.stdin?.end("trap '' TERM; setsid sleep 7105 & sleep 7106");
      await arrangeScript(place.host, "until pgrep -fx 'sleep 7106'; do sleep 0.05; done");
      await arrangeScript(
        place.host,
        `pkill -${signal.slice(3)} -f '^/opt/sallyport/sallyport exec'`,
      );
      await endOf(child);
      expect(await leftovers()).toBe("");
    },
  );

  test("forty runs, five at a time, leave no process, mount or file behind", async () => {
    const state = "ls -A /tmp /home/agent /run /dev/shm; wc -l </proc/self/mountinfo";
    const before = await arrangeScript(place.host, state);
    for (let batch = 0; batch < 8; batch += 1) {
      await Promise.all(
        Array.from({ length: 5 }, () => runInSandbox(place, "bash", "echo >/tmp/x")),
      );
    }
    expect(await arrangeScript(place.host, state)).toBe(before);
    expect(await leftovers()).toBe("");
  });

  test("a workspace is read-only unless asked for, and its files are the caller's", async () => {
    await arrangeScript(
      place.host,
      "install -d -o agent -g agent /srv/work; echo fine >/srv/work/in",
    );
    const code =
      "cat in; echo out >out; ln -s /etc/shadow link; cat link; cat ../etc/shadow; ls ..";
    const read = await runInSandbox(place, "bash", code, "--workspace", "/srv/work");
    expect(read.stdout).toContain("fine");
    expect(read.stderr).toMatch(/out: Read-only.*link.*No such file/s);
    const written = await runInSandbox(
      place,
      "bash",
      code,
      "--workspace",
      "/srv/work",
      "--writable",
    );
    expect(written.stderr).not.toContain("Read-only");
    expect(written.data.confinement["writable"]).toContain("/workspace");
    expect(await arrangeScript(place.host, "stat -c '%U %a' /srv/work/out")).toBe("agent 644\n");
  });

  const DOCTOR: [name: string, lines: string, finding: object][] = [
    ["works", "", { state: "ok", reason: expect.stringMatching(/held only nearly: memory, cpu/) }],
    [
      "is not installed",
      "mv /usr/bin/bwrap /usr/bin/bwrap.away",
      { state: "unknown", hint: "sudo apt-get install bubblewrap" },
    ],
  ];
  const BACK = "[ ! -e /usr/bin/bwrap.away ] || mv /usr/bin/bwrap.away /usr/bin/bwrap";

  test.each(DOCTOR)("doctor tries it, and says when it %s", async (_, lines, finding) => {
    try {
      await arrangeScript(place.host, lines);
      const { stdout } = await exec(place.host, "agent", [SALLYPORT, "doctor", "--json"]);
      const { findings } = JSON.parse(stdout) as { findings: { check: string }[] };
      expect(findings.find(({ check }) => check === "sandbox")).toMatchObject(finding);
    } finally {
      await arrangeScript(place.host, BACK);
    }
  });

  /** Sandboxes and what ran in them, as pgrep shows it; a moment is given to what is dying already. */
  async function leftovers(): Promise<string> {
    const list =
      "pgrep -fa '[b]wrap --args|[s]leep 710|/[s]andbox/program' | grep -v 'sleep 7101' || :";
    return await arrangeScript(place.host, `sleep 0.2; ${list}`);
  }
});
