import { describe, expect, it } from "vitest";
import { describeInLab, sudoHosts } from "./host.ts";
import { KILL_AT_EACH_STEP, onStage, TRANSACTION } from "./transaction-host.ts";

describeInLab("power loss at each step of the install transaction", () => {
  const steps = new Set([...TRANSACTION.matchAll(/# step: (.+)/g)].map(([, name]) => name));

  describe.each(sudoHosts())("on $name", (host) => {
    it(
      "leaves sudo usable and the rule wholly old or wholly new, and the next run heals",
      { timeout: 240_000 },
      async () => {
        const lines = (await onStage(host, KILL_AT_EACH_STEP, 240_000)).trim().split("\n");
        expect(lines.filter((line) => !line.startsWith("hit "))).toEqual([]);
        expect(new Set(lines.map((line) => line.split(" ")[2]))).toEqual(steps);
      },
    );
  });

  describe.each(sudoHosts())("on $name, a signal in its place", (host) => {
    it.each(["HUP", "INT", "TERM"])(
      "%s brings back exactly what was there, or is too late",
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
        expect(await onStage(host, lines)).toBe("");
      },
    );
  });
});
