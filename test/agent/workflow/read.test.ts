/** Workflow files: everything that is wrong is told at once, with its place; then what a right one means. */
import { expect, test } from "vitest";
import { readWorkflow } from "../../../agent/workflow/read.ts";
import { problemText } from "../../../agent/workflow/problem.ts";

function problems(source: string): string[] {
  const read = readWorkflow(source);
  return "problems" in read ? read.problems.map((problem) => problemText("w", problem)) : [];
}

const steps = (text: string): string => `name: n\nsteps:\n${text}`;
/** One step; its keys begin in line 4, column 5. */
const step = (keys: string): string => steps(`  - id: a\n${keys.replace(/^/gm, "    ")}`);

test.each<[string, string, string[]]>([
  ["nothing", "", ["w:1:1: it is empty"]],
  ["text", "hello", ["w:1:1: must be a map"]],
  ["a list", "[a]", ["w:1:1: must be a map"]],
  [
    "no YAML",
    "a: [",
    ["w:1:5: flow sequence in block collection must be sufficiently indented and end with a ]"],
  ],
  ["two documents", "a: b\n---\nc: d\n", ["w:2:1: it holds more than one document"]],
  ["a tag", steps("  - !x y"), ["w:3:5: tags mean nothing here"]],
  [
    "an anchor and an alias",
    "name: &x n\nsteps: [*x]",
    ["w:1:10: anchors are not taken here", "w:2:9: aliases are not taken here: write it out"],
  ],
  ["deep nesting", `name: ${"[".repeat(20)}${"]".repeat(20)}`, ["w:1:15: it is nested too deeply"]],
  [
    "nesting that no stack holds",
    `name: ${"[".repeat(100_000)}`,
    [expect.stringMatching(/^w:1:\d+: it is nested too deeply$/)],
  ],
  [
    "a key twice",
    "name: n\nname: m\nsteps: [{id: a, run: x}]",
    ['w:2:1: "name" stands here twice'],
  ],
  ["a prototype", "name: n\n__proto__: {}\nsteps: [{id: a, run: x}]", ["w:2:1: a key is one word"]],
  ["an unknown key", "name: n\nstep: []\nsteps: [{id: a, run: x}]", ['w:2:1: unknown key "step"']],
  ["no steps", "name: n\nsteps: []", ["w:2:8: steps: must have one step at least"]],
  [
    "neither name nor steps",
    "x: y",
    ["w:1:1: name: is missing", "w:1:1: steps: is missing", 'w:1:1: unknown key "x"'],
  ],
  ["an unknown key of a step", step("run: x\nsudolock: true"), ['w:5:5: unknown key "sudolock"']],
  [
    "a step that does nothing",
    step("needs: []"),
    ["w:3:9: id: one of run, service, package, code says what it does, and 0 do"],
  ],
  [
    "a step that does two things",
    step("run: x\nservice: { action: status, name: nginx }"),
    ["w:3:9: id: one of run, service, package, code says what it does, and 2 do"],
  ],
  [
    "an id with a slash",
    steps("  - {id: ../x, run: x}"),
    ["w:3:10: id: must be a letter, then letters, digits, - and _, 64 at most"],
  ],
  [
    "the same id twice",
    steps("  - {id: a, run: x}\n  - {id: a, run: y}"),
    ['w:4:10: another step is called "a" already'],
  ],
  ["a need that is not there", step("run: x\nneeds: [b]"), ['w:5:13: no step is called "b"']],
  [
    "a need twice",
    steps("  - {id: b, run: x}\n  - {id: a, run: x, needs: [b, b]}"),
    ['w:4:32: "b" stands here twice'],
  ],
  ["a step that needs itself", step("run: x\nneeds: [a]"), ["w:5:13: a step cannot need itself"]],
  [
    "a circle",
    steps(
      "  - {id: a, run: x, needs: [c]}\n  - {id: b, run: x, needs: [a]}\n  - {id: c, run: x, needs: [b]}\n  - {id: d, run: x, needs: [c]}",
    ),
    ["w:3:28: these need each other in a circle: a -> c -> b -> a"],
  ],
  [
    "a circle beside an unknown need",
    steps(
      "  - {id: z, run: x, needs: [y]}\n  - {id: a, run: x, needs: [b]}\n  - {id: b, run: x, needs: [a]}",
    ),
    ['w:3:29: no step is called "y"', "w:4:28: these need each other in a circle: a -> b -> a"],
  ],
  [
    "an unknown word for when",
    step("run: x\nwhen: sometimes"),
    ["w:5:11: when: must be one of success, failure, always"],
  ],
  [
    "a failure of nothing",
    step("run: x\nwhen: failure"),
    ["w:5:11: a can never run: when: failure needs a step that could fail"],
  ],
  [
    "a condition that contradicts itself",
    steps(
      "  - {id: a, run: x}\n  - {id: b, run: x, needs: [a], when: failure}\n  - {id: c, run: x, needs: [a, b]}\n  - {id: d, run: x, needs: [c]}",
    ),
    [
      "w:5:5: c can never run: what it waits for cannot all happen in one run",
      "w:6:5: d can never run: what it waits for cannot all happen in one run",
    ],
  ],
  ["a truth that is none", step("run: x\nlocked: yes"), ["w:5:13: locked: must be true or false"]],
  [
    "no time",
    step("run: x\ntimeout: soon"),
    ["w:5:14: timeout: must be a time like 30s, 10m or 2h, a day at most"],
  ],
  [
    "a time of two days",
    step("run: x\ntimeout: 48h"),
    ["w:5:14: timeout: must be a time like 30s, 10m or 2h, a day at most"],
  ],
  ["a place that depends", step("run: x\ncwd: build"), ["w:5:10: cwd: must be an absolute path"]],
  [
    "retries of what may not be repeated",
    step("run: x\nretries: 2"),
    ["w:5:14: retries: only a step that says idempotent: true is repeated"],
  ],
  [
    "too many retries",
    step("run: x\nidempotent: true\nretries: 50"),
    ["w:6:14: retries: must be at most 10"],
  ],
  [
    "a reference in a command",
    step('run: echo "${inputs.x}"'),
    [
      'w:4:10: run: "${inputs.x}" is never pasted into what runs\n  env: { VALUE: "${inputs.x}" }, and "$VALUE" in the command',
    ],
  ],
  [
    "a reference in a word",
    step('run: [echo, "${ steps.a.stdout }"]'),
    [
      'w:4:17: run: "${ steps.a.stdout }" is never pasted into what runs\n  env: { VALUE: "${ steps.a.stdout }" }, and "$VALUE" in the command',
    ],
  ],
  [
    "a reference in a directory",
    step("run: x\ncwd: /srv/${inputs.x}"),
    [expect.stringMatching(/^w:5:10: cwd: "\$\{inputs\.x\}" is never pasted/)],
  ],
  [
    "a reference in the name of a service",
    step("service: { action: status, name: '${inputs.x}' }"),
    [expect.stringMatching(/^w:4:38: name: "\$\{inputs\.x\}" is never pasted/)],
  ],
  [
    "a reference in the name of a package",
    step("package: { action: info, name: '${inputs.x}' }"),
    [expect.stringMatching(/^w:4:36: name: "\$\{inputs\.x\}" is never pasted/)],
  ],
  [
    "a reference to no input",
    step("run: x\nenv: { X: '${inputs.none}' }"),
    ['w:5:15: X: no input is called "none"'],
  ],
  [
    "a reference to no step",
    step("run: x\nstdin: '${steps.b.stdout}'"),
    ['w:5:12: stdin: no step is called "b"'],
  ],
  [
    "a reference to a step that need not have run",
    steps("  - {id: b, run: x}\n  - {id: a, run: x, stdin: '${steps.b.stdout}'}"),
    ["w:4:28: stdin: b need not have run before a\n  needs: [b]"],
  ],
  [
    "a reference to what comes later",
    steps("  - {id: a, run: x, stdin: '${steps.b.stdout}'}\n  - {id: b, run: x, needs: [a]}"),
    ["w:3:28: stdin: b need not have run before a\n  needs: [b]"],
  ],
  [
    "what is no reference",
    step("run: x\nenv: { X: 'a ${HOME}' }"),
    [
      'w:5:15: X: "${HOME}" is no reference: there is ${inputs.NAME} and ${steps.ID.stdout}; $${ stands for ${',
    ],
  ],
  [
    "a variable that is no name",
    step("run: x\nenv: { 'A=B': x }"),
    ["w:5:12: A=B: is no name of a variable"],
  ],
  ["NUL in a command", step('run: "a\\0b"'), ["w:4:10: run: must not contain NUL"]],
  [
    "sudo in a sandbox",
    step("run: x\nsudoLock: true\nsandbox: true"),
    ["w:6:14: sandbox: a sudo-locked step runs in a terminal of its own, not in a sandbox"],
  ],
  [
    "sudo for code",
    step("code: { language: bash, text: x }\nsudoLock: true"),
    ["w:5:15: sudoLock: only a run step can use sudo; service and package steps need no password"],
  ],
  [
    "sudo with another PATH",
    step("run: x\nsudoLock: true\nenv: { PATH: /tmp }"),
    ["w:6:10: env: PATH would change what the shown command is; set it in the command"],
  ],
  [
    "sudo with another loader",
    step("run: x\nsudoLock: true\nenv: { LD_PRELOAD: /tmp/x.so }"),
    ["w:6:10: env: LD_PRELOAD would change what the shown command is; set it in the command"],
  ],
  [
    "an action that a service has not",
    step("service: { action: halt, name: nginx }"),
    ["w:4:24: action: must be one of start, stop, restart, reload, enable, disable, status, logs"],
  ],
  [
    "a package action without a name",
    step("package: { action: install }"),
    ["w:4:14: package: this action needs a name"],
  ],
  [
    "an environment for the helper",
    step("service: { action: status, name: nginx }\nenv: { A: b }"),
    ["w:5:10: env: means nothing here: the helper does this step"],
  ],
  [
    "an unknown language",
    step("code: { language: perl, text: x }"),
    ["w:4:23: language: must be one of bash, python, node"],
  ],
  [
    "a default that is none",
    "name: n\ninputs: { x: { type: integer, default: many } }\nsteps: [{id: a, run: x}]",
    ["w:2:40: default: must be a whole number"],
  ],
  [
    "a secret in the file",
    "name: n\ninputs: { x: { type: string, secret: true, default: y } }\nsteps: [{id: a, run: x}]",
    ["w:2:53: default: a secret that stands in a file is none"],
  ],
  [
    "an enum without values",
    "name: n\ninputs: { x: { type: enum } }\nsteps: [{id: a, run: x}]",
    ["w:2:22: type: an enum, and nothing else, has values"],
  ],
  [
    "an input that is no name",
    "name: n\ninputs: { 1x: { type: string } }\nsteps: [{id: a, run: x}]",
    ['w:2:11: "1x": must be a letter, then letters, digits, - and _, 64 at most'],
  ],
])("%s is refused, and the place is named", (_, source, expected) => {
  expect(problems(source)).toEqual(expected);
});

test("a file larger than any workflow is not parsed", () => {
  expect(problems(`name: ${"x".repeat(300_000)}`)).toEqual([
    "w:1:1: it has 300006 bytes; a workflow has at most 262144",
  ]);
});

test("more steps than a person could read are refused", () => {
  const many = Array.from({ length: 1001 }, (_, at) => `  - {id: s${at}, run: x}`).join("\n");
  expect(problems(steps(many))).toEqual(["w:3:3: steps: must be at most 1000 steps"]);
});

test("problems of several steps are told in one go, in the order of the file", () => {
  const source = steps(
    "  - {id: a, run: x, nedes: []}\n  - {id: b, needs: [z], run: x}\n  - {id: a, run: '${inputs.q}'}",
  );
  expect(problems(source).map((line) => line.split(" ")[0])).toEqual([
    "w:3:21:",
    "w:4:21:",
    "w:5:10:",
    "w:5:18:",
  ]);
});

test("thirty thousand keys in a map cost no square", () => {
  const keys = Array.from({ length: 30_000 }, (_, at) => `k${at}:`).join("\n");
  expect(problems(keys).slice(-1)).toEqual(['w:50:1: unknown key "k49"']);
});

test("what a step may say, and what holds where it does not", () => {
  const read = readWorkflow(
    `name: deploy
inputs:
  version: { type: string }
  count: { type: integer, default: 010x }
`.replace("010x", "10") +
      `steps:
  - id: last
    needs: [first, status]
    when: always
    join: any
    run: [/bin/echo, a b]
    env: { V: "v\${inputs.version}, $\${HOME}, \${steps.first.stdout}" }
    stdin: "\${inputs.count}"
    cwd: /srv
    timeout: 90s
    idempotent: true
    retries: 3
  - { id: first, run: "make\\n", sudoLock: true }
  - { id: status, service: { action: status, name: nginx } }
  - { id: script, code: { language: python, text: "print(1)" }, locked: true, sandbox: false }
`,
  );
  expect(read).toEqual({
    workflow: {
      name: "deploy",
      inputs: [
        { name: "version", type: "string", values: [], default: null, secret: false },
        { name: "count", type: "integer", values: [], default: "10", secret: false },
      ],
      steps: [
        {
          ...PLAIN,
          id: "first",
          act: { kind: "run", argv: ["/bin/sh", "-c", "make\n"], text: "make\n" },
          sudoLock: true,
          sandbox: false,
        },
        {
          ...PLAIN,
          id: "status",
          act: { kind: "request", request: { kind: "service", action: "status", name: "nginx" } },
          timeoutMs: null,
        },
        {
          ...PLAIN,
          id: "script",
          act: { kind: "code", language: "python", text: "print(1)" },
          locked: true,
          sandbox: false,
        },
        {
          ...PLAIN,
          id: "last",
          act: { kind: "run", argv: ["/bin/echo", "a b"], text: null },
          needs: ["first", "status"],
          when: "always",
          join: "any",
          env: [
            [
              "V",
              [{ text: "v" }, { input: "version" }, { text: ", ${HOME}, " }, { stdout: "first" }],
            ],
          ],
          stdin: [{ input: "count" }],
          cwd: "/srv",
          timeoutMs: 90_000,
          idempotent: true,
          retries: 3,
        },
      ],
    },
  });
});

const PLAIN = {
  needs: [],
  when: "success",
  join: "all",
  timeoutMs: 600_000,
  env: [],
  stdin: null,
  cwd: null,
  sudoLock: false,
  sandbox: true,
  locked: false,
  retries: 0,
  idempotent: false,
};

test("what YAML cannot read has its place all the same, behind line feeds that the parser passed over", () => {
  const [, , third, last] = problems(' "name": "a",\n  "inputs": {},\n  "steps": [\n  ]\n}');
  expect([third, last]).toEqual([
    "w:2:15: unexpected scalar at node end",
    expect.stringMatching(/^w:5:1: /),
  ]);
});
