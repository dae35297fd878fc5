/** Wishes that a person grants, denies or takes back, and an agent who uses more than was granted. */
import { askOnce } from "./asking.ts";
import type { Choices } from "./choices.ts";
import type { Ground } from "./ground.ts";
import type { Machine } from "./machine.ts";
import type { Plan } from "./operations.ts";

const GUARDED = [
  ["package", "autoremove"],
  ["package", "upgrade"],
  ["package", "remove", "fail2ban"],
  ["package", "remove", "ufw"],
  ["service", "stop", "fail2ban"],
  ["service", "disable", "fail2ban"],
  ["service", "start", "docker"],
];

export function planGrant(choose: Choices): Plan {
  const wish = choose.one(GUARDED);
  const decision = choose.weighted({ approve: 6, revoke: 2, deny: 1 }); // a denial stands for a day, or until the next boot;
  const uses = choose.between(1, 3);
  return {
    text: `${decision} ${wish.join(" ")}, ${uses} uses`,
    perform: async (ground, machine) => {
      const asked = await askOnce(ground, machine, "agent", [
        "grant",
        "request",
        wish.join(" "),
        "soak",
      ]);
      const data = asked.reply?.data;
      const id = data?.kind === "grant" ? data.grants[0]?.id : undefined;
      if (id === undefined) return `request: ${asked.came}`;
      const came = [
        decision === "deny"
          ? await decide("deny")
          : await decide("approve", "--uses", String(uses)),
      ];
      if (decision === "revoke") came.push(await decide("revoke"));
      // Once more than it may.
      for (let use = 0; use <= uses; use += 1)
        came.push((await askOnce(ground, machine, "agent", wish)).came);
      return came.join(" ");

      async function decide(word: string, ...options: string[]): Promise<string> {
        return await decided(ground, machine, [word, "--yes", ...options, id ?? ""]);
      }
    },
  };
}

/** As a person does, by sudo with a password. */
export async function decided(
  ground: Ground,
  machine: Machine,
  words: readonly string[],
): Promise<string> {
  const argv = ["/usr/bin/sudo", "-k", "-S", "-p", "", "/usr/bin/sallyport", ...words];
  const { status, stderr } = await machine.run("ops", argv, { input: `${ground.password}\n` });
  return `${words[0]}:${status}${status === 0 ? "" : ` (${JSON.stringify(/^sallyport: .*/m.exec(stderr)?.[0] ?? stderr.slice(-80))})`}`;
}
