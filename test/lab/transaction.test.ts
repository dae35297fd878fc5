import { beforeAll, describe, expect, it } from "vitest";
import { describeInLab, sudoHosts } from "./host.ts";
import { onStage } from "./transaction-host.ts";
import { judged, KEEP_STAGE } from "./transaction-row.ts";
import { ROWS } from "./transaction-rows.ts";

const HALF = Math.ceil(ROWS.length / 2);

describeInLab("the install transaction", () => {
  // Half of the rows and then the others, each within the time of a test on a machine that is busy.
  describe.each([{ some: ROWS.slice(0, HALF) }, { some: ROWS.slice(HALF) }])("$#", ({ some }) => {
    // The answers of all hosts are under way together; each row has its own shell, the stage is set already.
    const rows = some.map(judged).join("\n");
    const script = `${KEEP_STAGE}\n${rows}\n`;
    const answers = new Map<string, Promise<string>>();
    beforeAll(() => {
      for (const host of sudoHosts()) answers.set(host.name, onStage(host, script));
    });

    describe.each(sudoHosts())("on $name", (host) => {
      let lines: string[];
      beforeAll(async () => {
        lines = (await answers.get(host.name))?.trim().split("\n") ?? [];
      });

      it.each(some.map((row, number) => ({ ...row, number })))("$name", ({ number, gives }) => {
        expect(lines[number]).toBe(`${number} ${gives}`);
      });
    });
  });

  describe.each(sudoHosts())("on $name", (host) => {
    it("lets one of three at once install and the others find it current (I07)", async () => {
      const race =
        "for n in 1 2 3; do put a >/run/said$n & done; wait; cat /run/said[123] | sed -n 's/^state //p' | sort";
      expect(await onStage(host, race)).toBe("already-current\nalready-current\ninstalled\n");
    });

    it("ends also when nobody listens any more", async () => {
      const steps = "put a | head -n 1 >/dev/null; ask_status a | tail -n 3";
      expect(await onStage(host, steps)).toBe("helper current\nline current\neffect proven\n");
    });

    it("installs, proves and removes the built helper, and leaves no trace (I07)", async () => {
      const steps = `for word in '' '' --status --uninstall --uninstall; do
  /opt/sallyport/sallyport setup-sudo --user agent --json $word >/run/said
  echo "$? $(grep -Eo '"(state|effect|code)":"[a-z_-]+"' /run/said)"
done
ls -A /etc/sudoers.d /usr/local/libexec /usr/local/sbin`;
      expect((await onStage(host, steps)).split("\n")).toEqual([
        '0 "state":"installed"',
        '0 "state":"already-current"',
        '0 "effect":"proven"',
        '0 "state":"removed"',
        '0 "state":"absent"',
        "/etc/sudoers.d:",
        "",
        "/usr/local/libexec:",
        "",
        "/usr/local/sbin:",
        "",
      ]);
    });
  });
});
