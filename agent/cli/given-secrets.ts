/** The password for sudo and the secret inputs of a run: from descriptors, or asked for on the terminal, once. */
import { escapeLine } from "../escape.ts";
import { valueFlaw } from "../workflow/input-format.ts";
import { forget, type Secrets } from "../workflow/secrets.ts";
import type { Plan } from "../workflow/plan.ts";
import type { Failure } from "./errors.ts";
import { passwordFromDescriptor, passwordFromTerminal, type Password } from "./password.ts";
import { noPassword, usage } from "./run-words.ts";

export type SecretOptions = {
  passwordFd?: string;
  /** `name=N`, each. */
  inputFd?: string[];
  /** False with --no-input. */
  input?: boolean;
};

export type Given = { password: Buffer | null; secrets: Secrets };

/** `needed`: what is to be asked for. `words`: the command, for the hint. */
export async function givenSecrets(
  plan: Plan,
  needed: { password: boolean; secrets: readonly string[] },
  options: SecretOptions,
  words: readonly string[],
): Promise<Given | Failure> {
  const descriptors = descriptorsIn(options.inputFd ?? []);
  if ("cause" in descriptors) return descriptors;
  const stray = [...descriptors.keys()].find((name) => !needed.secrets.includes(name));
  if (stray !== undefined) return usage(`no secret input is called ${stray}`);
  const secrets = new Map<string, Buffer>();
  const fail = (failure: Failure): Failure => {
    forget(secrets);
    return failure;
  };
  for (const name of needed.secrets) {
    const prompt = `Secret input ${name}: `;
    const given = await passwordOf(descriptors.get(name), prompt, options);
    if (given.kind !== "password")
      return fail(noPassword(`the secret input ${name}`, given, words));
    secrets.set(name, given.bytes);
    const flaw = valueFlaw({ type: "string", values: [] }, given.bytes.toString("utf8"));
    if (flaw !== null) return fail(usage(`input ${name}: ${flaw}`));
  }
  if (!needed.password) return { password: null, secrets };
  const fd = options.passwordFd;
  if (fd !== undefined && !/^\d{1,4}$/.test(fd))
    return fail(usage(`--password-fd takes the number of a file descriptor, not ${fd}`));
  const prompt = `Password for sudo, of ${escapeLine(plan.user.name)} on ${escapeLine(plan.host.name)}: `;
  const given = await passwordOf(fd === undefined ? undefined : Number(fd), prompt, options);
  if (given.kind !== "password") return fail(noPassword("a password", given, words));
  return { password: given.bytes, secrets };
}

async function passwordOf(
  fd: number | undefined,
  prompt: string,
  { input }: SecretOptions,
): Promise<Password> {
  if (fd !== undefined) return passwordFromDescriptor(fd);
  return input === false ? { kind: "no_terminal" } : await passwordFromTerminal(prompt);
}

function descriptorsIn(words: readonly string[]): Map<string, number> | Failure {
  const found = new Map<string, number>();
  for (const word of words) {
    const [, name, fd] = /^([^=]+)=(\d{1,4})$/.exec(word) ?? [];
    if (name === undefined) return usage(`--input-fd takes NAME=NUMBER, not ${word}`);
    found.set(name, Number(fd));
  }
  return found;
}
