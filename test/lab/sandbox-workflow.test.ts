/** Workflows whose steps run in sandboxes: the built program, as an ordinary user of a real host. */
import { copyFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { inPlace } from "../attack/place.ts";
import { RUN_STATUS } from "../../agent/workflow/state.ts";
import { runtime } from "../../scripts/runtime.ts";
import {
  arrange,
  arrangeScript,
  describeInLab,
  endOf,
  exec,
  ownHost,
  start,
  type Ended,
} from "./host.ts";

const PROGRAM = "/opt/sallyport/sallyport";
const FILE = "/home/agent/w.yaml";
const NODE = "/usr/local/bin/node";
const NO_BUBBLEWRAP = `mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work
mount -t overlay none -o lowerdir=/usr/bin,upperdir=/mnt/upper,workdir=/mnt/work /usr/bin
rm /usr/bin/bwrap
`;
const HOSTILE = `a; rm -rf / $(touch /tmp/x) \`id\` "' \${HOME}`;

type Step = {
  id: string;
  state: string;
  output: string;
  reason: string;
  exitStatus: number | null;
  truncated: boolean;
};
type Ran = Ended & { run: string; state: string; steps: Record<string, Step> };

async function workflow(...steps: string[]): Promise<void> {
  const lines = steps.map((step) => `  - { ${step} }\n`).join("");
  await write(`name: w\nsteps:\n${lines}`);
}

async function write(text: string): Promise<void> {
  await exec(ownHost(), "agent", ["tee", FILE], { input: text });
}

const sallyport = async (...words: string[]): Promise<Ended> =>
  await exec(ownHost(), "agent", [PROGRAM, ...words]);

/** With its steps by their ids. */
function ranOf(ended: Ended): Ran {
  if (!ended.stdout.startsWith("{")) throw new Error(ended.stdout + ended.stderr);
  const { data } = JSON.parse(ended.stdout) as {
    data: { run: string; state: string; steps: Step[] };
  };
  const { run, state, steps } = data;
  return { ...ended, run, state, steps: Object.fromEntries(steps.map((step) => [step.id, step])) };
}
const ran = async (...words: string[]): Promise<Ran> =>
  ranOf(await sallyport("run", FILE, "--json", ...words));

/** What is left of sandboxes; a moment is given to what is dying already. */
async function leftovers(): Promise<string> {
  const list = "pgrep -fa '[b]wrap --args|[s]leep 72[0-9][0-9]|/[s]andbox/program' || :";
  return await arrangeScript(ownHost(), `sleep 0.3; ${list}`);
}
const until = async (script: string): Promise<string> =>
  await arrangeScript(ownHost(), `until ${script}; do sleep 0.05; done`);

describeInLab("workflows in sandboxes", () => {
  beforeAll(() => {
    copyFileSync(runtime(), `/proc/${ownHost().pid}/root${NODE}`);
  });
  afterEach(async () => {
    await arrangeScript(ownHost(), `rm -rf ${FILE} /home/agent/.local /srv/work`);
  });
  afterAll(async () => {
    await arrange(ownHost(), "rm", "-f", NODE);
  });

  test("a wish to run outside waits, and what is in the sandbox runs", async () => {
    await workflow("id: a, run: 'echo a'", "id: b, run: 'echo b', sandbox: false");
    const waiting = await ran();
    expect([waiting.status, waiting.state]).toEqual([75, "waiting"]);
    expect(waiting.steps).toMatchObject({ a: { state: "succeeded", output: "a\n" } });
    expect(waiting.steps["b"]).toBeUndefined();
  });

  test("root's own code is not run, nor anything where there is no bubblewrap", async () => {
    await workflow("id: a, run: 'echo a'");
    const root = await exec(ownHost(), "root", [PROGRAM, "run", FILE, "--json"]);
    expect(root.status).toBe(77);
    expect(JSON.parse(root.stdout)).toMatchObject({ error: { code: "unsandboxed" } });
    const bare = await inPlace(ownHost(), NO_BUBBLEWRAP, (place) =>
      exec(place, "agent", [PROGRAM, "run", FILE, "--json"]),
    );
    expect(bare.status).toBe(77);
    expect(JSON.parse(bare.stdout)).toMatchObject({ error: { code: "unsandboxed" } });
  });

  test("what a program, an input or an earlier step says is data, in a shell, in words, in three languages", async () => {
    const word = `env: { WORD: "\${inputs.word}" }`;
    const code = (id: string, language: string, text: string): string =>
      `  - { id: ${id}, needs: [sh], ${word}, stdin: "\${steps.sh.stdout}", code: { language: ${language}, text: ${JSON.stringify(text)} } }\n`;
    await write(
      `name: w\ninputs: { word: { type: string } }\nsteps:\n` +
        `  - { id: sh, ${word}, run: 'printf "<%s>" "$WORD"' }\n` +
        `  - { id: words, run: [printf, "%s|", ${JSON.stringify(HOSTILE)}, "", "-n"] }\n` +
        code("bash", "bash", 'read -r said; printf "%s\\n" "$WORD" "$said" "${BASH_VERSION%%.*}"') +
        code("python", "python", "import os\nprint(os.environ['WORD'])\nprint(input(), end='')") +
        code(
          "node",
          "node",
          "console.log(process.env.WORD); process.stdin.pipe(process.stdout); console.error(process.version)",
        ),
    );
    const { status, steps, state } = await ran("--input", `word=${HOSTILE}`);
    expect([status, state], JSON.stringify(steps)).toEqual([0, "succeeded"]);
    const outputs = Object.values(steps).map(({ id, output }) => [id, output]);
    expect(Object.fromEntries(outputs)).toEqual({
      sh: `<${HOSTILE}>`,
      words: `${HOSTILE}||-n|`,
      bash: `${HOSTILE}\n<${HOSTILE}>\n5\n`,
      python: `${HOSTILE}\n<${HOSTILE}>`,
      node: expect.stringMatching(/^a; rm[^\n]*\n/),
    });
    expect(steps["node"]?.output).toContain(`<${HOSTILE}>`);
    expect(steps["node"]?.output).toContain("v24.");
  });

  test("a step sees nothing of the host but programs, and can change nothing", async () => {
    await workflow(
      "id: files, run: 'cat /etc/shadow /home/agent/w.yaml; ls /home /root /opt /srv /var; echo x >/usr/x; echo x >/x; ls /'",
      "id: sudo, run: 'sudo -n id; su -c id; id -u'",
      "id: net, code: { language: python, text: \"import socket\\nprint(open('/proc/net/dev').read().count(':'))\\nsocket.create_connection(('10.0.0.1', 22), 2)\" }",
      "id: others, run: 'kill -9 -1; ls /proc | grep -c \"^[0-9]\"'",
    );
    const { status, steps } = await ran();
    expect(status).toBe(RUN_STATUS.failed);
    const files = steps["files"]?.output ?? "";
    expect(files).not.toMatch(/\$y\$|:\d+:\d+:/);
    expect(files.match(/No such file or directory/g)).toHaveLength(7);
    expect(files.match(/Read-only file system/g)).toHaveLength(2);
    expect(files.split("\n").filter((line) => /^[a-z0-9]+$/.test(line))).toEqual(
      "bin dev etc lib lib64 proc sbin tmp usr".split(" "),
    );
    expect(steps["sudo"]?.output).toMatch(/sudo[^\n]*\n.*1001\n$/s);
    expect(steps["sudo"]?.output).not.toMatch(/uid=0/);
    expect(steps["net"]?.output).toMatch(/^1\n.*unreachable/s);
  });

  test("each ends as it does, and the run as its worst", async () => {
    await workflow(
      "id: seven, run: exit 7",
      "id: killed, run: 'kill -9 $$'",
      "id: missing, run: [no-such-program]",
      "id: fine, needs: [seven], when: failure, run: 'echo after'",
      "id: never, needs: [seven], run: 'echo never'",
    );
    const { status, state, steps } = await ran();
    expect([status, state]).toEqual([RUN_STATUS.failed, "failed"]);
    expect(steps).toMatchObject({
      seven: { state: "failed", exitStatus: 7 },
      killed: { state: "failed", exitStatus: 137 },
      missing: { state: "failed", exitStatus: 127, output: expect.stringContaining("not found") },
      fine: { state: "succeeded", exitStatus: 0, output: "after\n" },
      never: { state: "skipped" },
    });
  });

  test("its time over, all of it is gone", async () => {
    await workflow(
      "id: a, timeout: 5s, run: 'trap \"\" TERM; setsid sleep 7201 & echo on; sleep 7202; sleep 7203'",
    );
    const { status, steps } = await ran();
    expect(status).toBe(RUN_STATUS["timed-out"]);
    expect(steps["a"]).toMatchObject({ state: "timed-out", output: "on\n", exitStatus: null });
    expect(await leftovers()).toBe("");
  });

  test.each([
    ["sallyport cancel", false],
    ["ctrl-c", true],
  ])("%s ends what runs, and what waits does not begin", async (_, interrupted) => {
    await workflow(
      "id: a, run: 'trap \"\" TERM INT; sleep 7204'",
      "id: b, needs: [a], when: always, run: 'echo b'",
    );
    const child = start(ownHost(), "agent", [PROGRAM, "run", FILE, "--json"]);
    await until("pgrep -fx 'sleep 7204'");
    if (interrupted) await arrange(ownHost(), "pkill", "-INT", "-f", `^${PROGRAM} run`);
    else {
      const runs = await sallyport("runs", "--json");
      const { data } = JSON.parse(runs.stdout) as { data: { runs: { id: string }[] } };
      expect((await sallyport("cancel", data.runs[0]?.id ?? "")).status).toBe(0);
    }
    const { status, state, steps } = ranOf(await endOf(child));
    expect([status, state]).toEqual([RUN_STATUS.cancelled, "cancelled"]);
    expect(steps).toMatchObject({ a: { state: "cancelled" }, b: { state: "cancelled" } });
    expect(await leftovers()).toBe("");
  });

  test("kill -9 of the program leaves nothing; resumed, a sandboxed step is done again and nobody is asked", async () => {
    await arrangeScript(ownHost(), "install -d -o agent -g agent /srv/work");
    await workflow(
      "id: a, run: 'echo once'",
      "id: b, needs: [a], cwd: /srv/work, run: 'test -e go || sleep 7205; cat'" +
        ', stdin: "${steps.a.stdout}"',
    );
    const child = start(ownHost(), "agent", [PROGRAM, "run", FILE]);
    await until("pgrep -fx 'sleep 7205'");
    await arrange(ownHost(), "pkill", "-KILL", "-f", `^${PROGRAM} run`);
    await endOf(child);
    expect(await leftovers()).toBe("");
    await arrange(ownHost(), "touch", "/srv/work/go");
    const { data } = JSON.parse((await sallyport("runs", "--json")).stdout) as {
      data: { runs: { id: string; state: string }[] };
    };
    expect(data.runs).toMatchObject([{ state: "interrupted" }]);
    const resumed = ranOf(await sallyport("run", "--resume", data.runs[0]?.id ?? "", "--json"));
    expect(resumed.status, resumed.stderr).toBe(0);
    expect(resumed.steps).toMatchObject({ b: { state: "succeeded", output: "once\n" } });
  });

  test("a folder that a step names is its own to read, and nothing beside it", async () => {
    await arrangeScript(
      ownHost(),
      "install -d -o agent -g agent /srv/work; echo fine >/srv/work/in; ln -s /etc/shadow /srv/work/link",
    );
    await workflow("id: a, cwd: /srv/work, run: 'pwd; cat in; cat link; echo x >out; ls ..; :'");
    const { steps } = await ran();
    expect(steps["a"]?.output).toMatch(/^\/workspace\nfine\n/);
    expect(steps["a"]?.output).toMatch(/No such file.*Read-only/s);
    expect(await arrange(ownHost(), "ls", "/srv/work")).toBe("in\nlink\n");
  });

  test("forty at once wait for each other, and none is turned away", async () => {
    await workflow(
      ...Array.from({ length: 40 }, (_, at) => `id: s${at}, run: 'sleep 0.1; echo ${at}'`),
    );
    const { status, steps } = await ran("-j", "40");
    expect(Object.values(steps).filter(({ state }) => state !== "succeeded")).toEqual([]);
    expect(status).toBe(0);
    expect(Array.from({ length: 40 }, (_, at) => steps[`s${at}`]?.output)).toEqual(
      Array.from({ length: 40 }, (_, at) => `${at}\n`),
    );
    expect(await leftovers()).toBe("");
  });

  test("a gigabyte is stopped at the limit, and its beginning and end are kept", async () => {
    await workflow("id: a, run: 'echo begun; yes | head -c 1G'");
    const { steps } = await ran();
    expect(steps["a"]).toMatchObject({ state: "failed", truncated: true });
    expect(steps["a"]?.output).toMatch(/^begun\n/);
    expect(Buffer.byteLength(steps["a"]?.output ?? "")).toBeLessThan(300_000);
  });

  test("a secret is known to its step alone", async () => {
    await write(
      `name: w\ninputs: { key: { type: string, secret: true } }\nsteps:\n` +
        `  - { id: a, env: { KEY: "\${inputs.key}" }, run: 'printf "%s-%s" "\${#KEY}" "$KEY"; echo "$KEY" >&2' }\n` +
        `  - { id: b, run: 'env' }\n`,
    );
    const secret = "canary-1f9c2b";
    const ended = await exec(
      ownHost(),
      "agent",
      [PROGRAM, "run", FILE, "--json", "--input-fd", "key=0"],
      {
        input: secret,
      },
    );
    const { steps } = ranOf(ended);
    expect(steps["a"]?.output).toMatch(/^13-/);
    expect(ended.stdout + ended.stderr).not.toContain(secret);
    const found = await exec(ownHost(), "root", ["grep", "-rlaF", secret, "/home/agent"]);
    expect(found.stdout).toBe("");
  });
});
