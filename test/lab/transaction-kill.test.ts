import { beforeAll, expect, it } from "vitest";
import { describeInLab, sudoHosts } from "./host.ts";
import { KILL_AT_EACH_STEP, onStage, TRANSACTION } from "./transaction-host.ts";

describeInLab("power loss at each step of the install transaction", () => {
  const steps = new Set([...TRANSACTION.matchAll(/# step: (.+)/g)].map(([, name]) => name));

  // The answers of all hosts are under way together.
  const answers = new Map<string, Promise<string>>();
  beforeAll(() => {
    for (const host of sudoHosts()) {
      answers.set(host.name, onStage(host, KILL_AT_EACH_STEP, 240_000));
    }
  });

  it.each(sudoHosts())(
    "leaves sudo on $name usable and the rule wholly old or wholly new, and the next run heals",
    { timeout: 240_000 },
    async ({ name }) => {
      const lines = (await answers.get(name))?.trim().split("\n") ?? [];
      expect(lines.filter((line) => !line.startsWith("hit "))).toEqual([]);
      expect(new Set(lines.map((line) => line.split(" ")[2]))).toEqual(steps);
    },
  );

  // The shell's doing, the same on every build of sudo.
  it.each(["HUP", "INT", "TERM"])(
    "is more than %s does: it brings back exactly what was there, or comes too late",
    { timeout: 120_000 },
    async (signal) => {
      const lines = `
put a >/run/said || cat /run/said
snapshot >/run/before
cp "$script" /run/whole.sh
for at in $(grep -n '# step: ' /run/whole.sh | cut -d : -f 1); do
  sed "$at""s/# step: .*/kill -${signal} \\$\\$/" /run/whole.sh >"$script"
  put b >/run/said 2>&1
  state="$? $(sed -n 's/^state //p' /run/said)"
  case $state in
    '1 rolled-back' | '71 refused') snapshot | cmp -s - /run/before || echo "line $at: changed" ;;
    '0 updated') cp /run/whole.sh "$script"; put a >/run/said; snapshot >/run/before ;;
    *) echo "line $at: $state" ;;
  esac
done`;
      const host = sudoHosts()[0];
      expect(host === undefined ? "no host" : await onStage(host, lines)).toBe("");
    },
  );
});
