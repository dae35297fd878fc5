/** `sallyport bootstrap-cluster-sudo`, run once by an operator: setup-sudo on all hosts of an inventory. */
import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { parseSerial } from "../../inventory/batches.ts";
import { bootstrap, type BootstrapTarget, type Plan } from "../../inventory/bootstrap.ts";
import type { HostEnd } from "../../inventory/host-end.ts";
import { adaptivePace, fixedPace } from "../../inventory/forks.ts";
import type { SshChoice, Transport } from "../../inventory/transport.ts";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { HELPER_PATHS } from "../../sudoers/helper-path.ts";
import { escapeLine } from "../escape.ts";
import { displayFor } from "./bootstrap-display.ts";
import { exitStatus } from "./bootstrap-words.ts";
import { chosenHosts } from "./chosen-hosts.ts";
import { fail, type Failure } from "./errors.ts";
import { helperBuild, helperSource, notTheHelper } from "./helper-source.ts";
import type { HostOptions } from "./host-options.ts";
import type { Display } from "./live-display.ts";
import { passwordFromDescriptor, passwordFromTerminal, type Password } from "./password.ts";
import { recapOf, recapText } from "./recap.ts";
import { openSsh } from "./ssh.ts";

export type BootstrapOptions = {
  user?: string;
  check?: true;
  verifyOnly?: true;
  uninstall?: true;
  serial: string;
  forks?: string;
  maxFail: string;
  passwordFd?: string;
  askPerGroup?: true;
  acceptNew?: true;
  transport: SshChoice;
  retryFile?: string;
  jsonl?: true;
  json?: true;
  /** False with --no-input. */
  input?: boolean;
};

/** Sets the exit status. */
export async function bootstrapCluster(options: BootstrapOptions & HostOptions): Promise<void> {
  const json = options.json === true || options.jsonl === true;
  const hosts = await chosenHosts(options);
  if ("cause" in hosts) return fail(hosts, { json });
  const targets = hosts.map((host) => {
    const passwordGroup = options.askPerGroup === true ? (host.groups[0] ?? "ungrouped") : null;
    return { ...host, passwordGroup };
  });
  const ssh = openSsh({
    transport: options.transport,
    acceptNew: options.acceptNew === true,
    input: options.input !== false,
  });
  const names = targets.map(({ name }) => name);
  const display = displayFor(names, { json, jsonl: options.jsonl === true });
  try {
    await runPlan(options, json, display, await planOf(options, targets, ssh.transport, display));
  } finally {
    display.close();
    await ssh.transport.close();
  }
  process.stderr.write(ssh.asides());
}

type Prepared = Omit<Plan, "phase" | "ended" | "stopped">;

async function runPlan(
  options: BootstrapOptions & HostOptions,
  json: boolean,
  display: Display,
  plan: Prepared | Failure,
): Promise<void> {
  if ("cause" in plan) return fail(plan, { json });

  let interrupted = false;
  const interrupt = (): void => {
    if (interrupted) process.exit(130);
    interrupted = true;
    display.say("sallyport: hosts under way are finished, no other is begun; again: at once\n");
  };
  process.on("SIGINT", interrupt);
  const { phase, end: ended } = display;
  const ends = await bootstrap({ ...plan, phase, ended, stopped: () => interrupted });
  process.off("SIGINT", interrupt);
  display.close();

  process.exitCode = exitStatus(ends, options.verifyOnly === true);
  if (options.retryFile !== undefined) writeRetryFile(options.retryFile, ends);
  const success = process.exitCode === 0;
  const recap = recapOf(ends, { targets: plan.targets, words: wordsOfNext(options) });
  const data = { kind: "bootstrap", hosts: ends };
  if (options.jsonl === true) printLine({ v: 1, event: "recap", success, ...recap });
  else if (json) printLine({ v: 1, success, data, error: null });
  else process.stdout.write(recapText(recap));
}

function printLine(object: object): void {
  process.stdout.write(`${JSON.stringify(object)}\n`);
}

/** What of this run's options the next one needs; after --check comes the run itself. */
function wordsOfNext({
  inventory,
  user,
  uninstall,
  askPerGroup,
  transport,
}: BootstrapOptions & HostOptions): string[] {
  return [
    ...(inventory ?? []).flatMap((file) => ["-i", file]),
    ...(user === undefined ? [] : ["--user", user]),
    ...(uninstall === true ? ["--uninstall"] : []),
    ...(askPerGroup === true ? ["--ask-per-group"] : []),
    ...(transport === "auto" ? [] : ["--transport", transport]),
  ];
}

async function planOf(
  options: BootstrapOptions,
  targets: readonly BootstrapTarget[],
  transport: Transport,
  { say }: Pick<Display, "say">,
): Promise<Prepared | Failure> {
  if (options.askPerGroup === true && options.passwordFd !== undefined) return ONE_FOR_MANY;
  const sizes = sizesIn(options);
  if ("cause" in sizes) return sizes;
  const build = helperBuild();
  if ("cause" in build) return build;
  const source = helperSource();
  const action = actionOf(options);
  let helper: ReturnType<Plan["helper"]> | null = null;
  return {
    ...sizes,
    action,
    targets,
    transport,
    build,
    helperPath: HELPER_PATHS[1],
    helper: () => (helper ??= packed(source)),
    user: options.user ?? null,
    password: async (count, group) => {
      const hosts = `${count === 1 ? "1 host" : `${count} hosts`}${group === null ? "" : ` of ${group}`}`;
      return await passwordFor(hosts, options, say);
    },
  };
}

async function packed(helper: string): ReturnType<Plan["helper"]> {
  const refused = await notTheHelper(helper);
  if (refused !== null) return { kind: "no_helper", cause: `${refused.cause}: ${refused.hint}` };
  return await promisify(gzip)(await readFile(helper));
}

function actionOf({ uninstall, check, verifyOnly }: BootstrapOptions): Plan["action"] {
  if (uninstall === true) return "uninstall";
  if (verifyOnly === true) return "verify";
  return check === true ? "check" : "install";
}

function sizesIn({
  serial,
  forks,
  maxFail,
}: BootstrapOptions): Pick<Plan, "serial" | "pace" | "maxFail"> | Failure {
  const sizes = parseSerial(serial);
  if (sizes === null)
    return usage(`--serial takes numbers and shares like 1,10%,50%, not ${serial}`);
  for (const [name, text] of Object.entries({ forks, "max-fail": maxFail }))
    if (text !== undefined && !/^[1-9]\d{0,3}$/.test(text))
      return usage(`--${name} takes a number from 1, not ${text}`);
  const pace = forks === undefined ? adaptivePace() : fixedPace(Number(forks));
  return { serial: sizes, pace, maxFail: Number(maxFail) };
}

/** Which groups need one is known only when all hosts were looked at: in any order, one would reach other hosts. */
const ONE_FOR_MANY: Failure = {
  code: "usage",
  cause: "--password-fd gives one password, --ask-per-group asks for several",
  hint: "sallyport bootstrap-cluster-sudo --limit GROUP --password-fd N, for each group",
  status: EXIT_STATUS.usage,
};

function usage(cause: string): Failure {
  return {
    code: "usage",
    cause,
    hint: "sallyport bootstrap-cluster-sudo --help",
    status: EXIT_STATUS.usage,
  };
}

async function passwordFor(
  hosts: string,
  options: BootstrapOptions,
  say: Display["say"],
): Promise<Buffer | null> {
  const given = await passwordIn(hosts, options);
  if (given.kind === "password") return given.bytes;
  const why = given.kind === "unreadable" ? `it cannot be read (${given.code})` : WHY[given.kind];
  say(`sallyport: no password for ${escapeLine(hosts)}: ${why}\n`);
  return null;
}

const WHY = {
  no_terminal: "there is no terminal to ask on; --password-fd takes one",
  none: "none was given",
  too_long: "it is longer than 1,024 bytes",
};

async function passwordIn(hosts: string, options: BootstrapOptions): Promise<Password> {
  const { passwordFd, input } = options;
  if (passwordFd !== undefined && /^\d{1,4}$/.test(passwordFd))
    return passwordFromDescriptor(Number(passwordFd));
  if (input === false) return { kind: "no_terminal" };
  return await passwordFromTerminal(`Password for sudo on ${escapeLine(hosts)}: `);
}

/** Names of the hosts that a next run must see, one a line: for `--limit @FILE`. */
function writeRetryFile(file: string, ends: readonly HostEnd[]): void {
  const names = ends.filter((end) => exitStatus([end], true) !== 0).map(({ name }) => name);
  writeFileSync(file, names.map((name) => `${name}\n`).join(""));
}
