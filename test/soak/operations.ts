/** What is asked of the hosts. A plan is chosen whole before any of it is done, so that the choices are the seed's. */
import { askDaemon, askOnce, askSession } from "./asking.ts";
import type { Choices } from "./choices.ts";
import { planGrant } from "./grant-operations.ts";
import { INVENTORY, type Ground } from "./ground.ts";
import { planLockdown } from "./lockdown-operations.ts";
import type { Machine } from "./machine.ts";
import { planExec, planSudoWorkflow, planWorkflow } from "./step-operations.ts";
import { planUnsandboxed } from "./unsandboxed-operations.ts";

/** `text` says what, `perform` does it and says in a word what came of it. */
export type Plan = { text: string; perform: (ground: Ground, machine: Machine) => Promise<string> };
export type Kind = keyof typeof KINDS;

const KINDS = {
  "one-shot": planOneShot,
  session: planSession,
  daemon: planDaemon,
  workflow: planWorkflow,
  "sudo-workflow": planSudoWorkflow,
  exec: planExec,
  unsandboxed: planUnsandboxed,
  grant: planGrant,
  lockdown: planLockdown,
  fleet: planFleet,
  bootstrap: planBootstrap,
  checkpoint: planCheckpoint,
};

export const WEIGHTS: Readonly<Record<Kind, number>> = {
  "one-shot": 8,
  session: 5,
  daemon: 5,
  workflow: 3,
  "sudo-workflow": 2,
  exec: 4,
  unsandboxed: 3,
  grant: 3,
  lockdown: 1,
  fleet: 2,
  bootstrap: 1,
  checkpoint: 2,
};

/** `serial` is a number that no other plan has. */
export function planOf(choose: Choices, serial: string, weights = WEIGHTS): Plan & { kind: Kind } {
  const kind = choose.weighted(weights);
  return { kind, ...KINDS[kind](choose, serial) };
}

const NGINX = ["restart", "restart", "reload", "start", "stop"];
const PACKAGES = ["htop", "curl", "trash-cli", "git", "rsync", "fail2ban"];

/** Words of a request: what changes something, what reads, what is not in the policy, what is none. */
function wordsOf(choose: Choices): string[] {
  const kind = choose.weighted({ service: 5, package: 4, read: 4, denied: 2, malformed: 1 });
  switch (kind) {
    case "service":
      return ["service", choose.one(NGINX), "nginx"];
    case "package":
      return [
        "package",
        choose.one(["install", "remove", "install", "upgrade"]),
        choose.one(PACKAGES),
      ];
    case "read":
      return choose.one([
        ["service", "status", "nginx"],
        ["service", "logs", "ssh"],
        ["package", "info", "curl"],
        ["policy"],
      ]);
    case "denied":
      return choose.one([
        ["service", "stop", "cron"],
        ["package", "install", "forbidden"],
        ["package", "remove", "sudo"],
      ]);
    case "malformed":
      return choose.one([["service", "restart", "nginx;id"], ["package"], ["\u001B[2J", "-", ""]]);
    default:
      return kind satisfies never;
  }
}

function planOneShot(choose: Choices): Plan {
  const words = wordsOf(choose);
  return {
    text: JSON.stringify(words),
    perform: async (ground, machine) => (await askOnce(ground, machine, "agent", words)).came,
  };
}

function planSession(choose: Choices): Plan {
  const lines = Array.from({ length: choose.between(2, 8) }, () => wordsOf(choose));
  return {
    text: JSON.stringify(lines),
    perform: async (ground, machine) => await askSession(ground, machine, lines),
  };
}

function planDaemon(choose: Choices): Plan {
  const reading = choose.between(0, 2) > 0;
  const action = choose.one(NGINX);
  const [tool, args, words] = reading
    ? ["service_status", { name: "nginx" }, ["service", "status", "nginx"]]
    : ["service_control", { action, name: "nginx" }, ["service", action, "nginx"]];
  return {
    text: words.join(" "),
    perform: async (ground, machine) => await askDaemon(ground, machine, tool, args, words),
  };
}

const SALLYPORT = "/usr/bin/sallyport";
const ON_ALL = ["--on", "all", "-i", INVENTORY, "--json"];

function planFleet(choose: Choices): Plan {
  const words = ["service", choose.one(["status", "restart"]), "nginx"];
  return {
    text: `${words.join(" ")} on all`,
    perform: async (_, machine) => {
      const { status } = await machine.run("ops", [SALLYPORT, ...words, ...ON_ALL]);
      return `status ${status}`;
    },
  };
}

/** For `other`, whose rule comes and goes. */
function planBootstrap(choose: Choices): Plan {
  const how = choose.one([[], ["--check"], ["--uninstall"], []]);
  const words = [
    "bootstrap-cluster-sudo",
    "-i",
    INVENTORY,
    "--user",
    "other",
    "--json",
    "--password-fd",
    "0",
  ];
  return {
    text: `of all for other ${how.join(" ")}`,
    perform: async ({ password }, machine) => {
      const argv = ["setsid", "--wait", SALLYPORT, ...words, ...how];
      const { status } = await machine.run("ops", argv, { input: `${password}\n` });
      return `status ${status}`;
    },
  };
}

function planCheckpoint(choose: Choices): Plan {
  const word = choose.one(["checkpoint", "verify"]);
  return {
    text: `audit ${word}`,
    perform: async (_, machine) => {
      const { status, stderr } = await machine.run("root", [SALLYPORT, "audit", word]);
      return `status ${status} ${stderr.trim().slice(0, 80)}`;
    },
  };
}
