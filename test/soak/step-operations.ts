/** Code in sandboxes, and workflows with steps in sandboxes and under sudo; each with a secret of its own. */
import type { Choices } from "./choices.ts";
import type { Plan } from "./operations.ts";

const SALLYPORT = "/usr/bin/sallyport";

/** Programs that a sandbox runs to their end, or stops. */
const CODE: readonly { language: string; text: string }[] = [
  { language: "bash", text: "echo fine; ls /; sleep 0.2" },
  { language: "bash", text: "sleep 77101 & sleep 77102" },
  {
    language: "bash",
    text: "setsid sleep 77103 & trap '' TERM; head -c 3000000 /dev/zero >/tmp/x; echo on",
  },
  {
    language: "python",
    text: "import os\nfor _ in range(20): os.fork() or os._exit(0)\nprint(sum(range(10**6)))",
  },
  { language: "python", text: "open('/etc/shadow').read()" },
];

export function planExec(choose: Choices): Plan {
  const { language, text } = choose.one(CODE);
  const seconds = choose.between(1, 4);
  return {
    text: `${language} ${JSON.stringify(text)}, ${seconds} s`,
    perform: async (_, machine) => {
      const words = ["exec", "--language", language, "--timeout", String(seconds), "--json", "-"];
      const { status } = await machine.run("agent", [SALLYPORT, ...words], { input: text });
      return `status ${status}`;
    },
  };
}

/** Bytes that no shell reads twice; the secret comes as an input, and as the variable of one step. */
const workflow = (steps: readonly string[]): string =>
  `name: soak
inputs: { key: { type: string, secret: true } }
steps:
  - { id: key, env: { KEY: "\${inputs.key}" }, run: 'printf "%s-%s" "\${#KEY}" "$KEY"; echo "$KEY" >&2' }
${steps.map((step) => `  - { ${step} }\n`).join("")}`;

const SANDBOXED = [
  "id: a, run: 'echo a; sleep 0.3'",
  `id: b, needs: [a, key], run: 'cat; exit 0', stdin: "\${steps.a.stdout}"`,
  "id: c, timeout: 1s, needs: [a], run: 'trap \"\" TERM; setsid sleep 77104 & sleep 77105'",
];

export function planWorkflow(choose: Choices, serial: string): Plan {
  const steps = SANDBOXED.slice(0, choose.between(1, 3));
  return {
    text: `of ${steps.length + 1} sandboxed steps`,
    perform: async ({ story }, machine) => {
      const file = `/home/agent/${serial}.yaml`;
      const words = ["run", file, "--json", "--input-fd", "key=0"];
      await machine.run("agent", ["tee", file], { input: workflow(steps) });
      const { status } = await machine.run("agent", [SALLYPORT, ...words], {
        input: story.secret(),
      });
      return `status ${status}`;
    },
  };
}

const LOCKED = [
  "id: a, sudoLock: true, run: 'sudo id -u; sleep 0.5'",
  "id: b, sudoLock: true, needs: [a], run: 'sudo sh -c \"sleep 1; exit 3\"'",
  "id: c, sudoLock: true, timeout: 2s, run: 'sudo sleep 77106'",
];

/** The password of the run, and a secret input: each from a descriptor of its own. */
const TWO = `exec 3<<END 4<<END
$1
END
$2
END
exec setsid --wait /usr/bin/sallyport run "$0" --json --password-fd 3 --input-fd key=4`;

export function planSudoWorkflow(choose: Choices, serial: string): Plan {
  const steps = LOCKED.slice(0, choose.between(1, 3));
  return {
    text: `of ${steps.length} steps under sudo and one in a sandbox`,
    perform: async ({ story, password }, machine) => {
      const file = `/home/ops/${serial}.yaml`;
      await machine.run("ops", ["tee", file], { input: workflow(steps) });
      const script = `read -r password; read -r key; set -- "$password" "$key"\n${TWO}`;
      const input = `${password}\n${story.secret()}\n`;
      const { status } = await machine.run("ops", ["bash", "-c", script, file], { input });
      return `status ${status}`;
    },
  };
}
