/** What is left of a unit whose time has passed: nothing; and of everybody else: everything. */
import { beforeAll, expect, test } from "vitest";
import { arrangeScript, describeInLab, ownHost, setUp, type Host } from "../lab/host.ts";
import { askOnce, BUILD_MS, buildSiteHelper, inPlace, OWN_DISKS, putSiteHelper } from "./place.ts";

const UNITS = "/etc/systemd/system";
const CODE = "/usr/local/lib/fail2ban-lab";

describeInLab("a deadline", () => {
  let host: Host;
  beforeAll(buildSiteHelper, BUILD_MS);
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test("a unit whose start hangs is wholly gone after its deadline, and nobody else is touched", async () => {
    const program = `#!/bin/sh
setsid sleep 7001 &
(trap '' TERM; exec sh -c 'trap "" TERM; while :; do sleep 7002; done') &
env -i setsid sleep 7003 &
exec sleep 7004`;
    await arrangeScript(
      host,
      `umask 022\nsystemctl daemon-reload\nmkdir -p ${CODE}
cat >${CODE}/run <<'END'\n${program}\nEND\nchmod 755 ${CODE}/run
printf '[Service]\\nType=oneshot\\nExecStart=${CODE}/run\\n' >${UNITS}/fail2ban.service
systemctl daemon-reload`,
    );
    const bystander =
      "for user in root agent; do setpriv --reuid=$user --clear-groups env SALLYPORT_REQUEST=other setsid -f sleep 7009 >/dev/null 2>&1; done";
    await arrangeScript(host, bystander);
    try {
      await inPlace(host, OWN_DISKS, async (place) => {
        putSiteHelper(place);
        const { status, reply } = await askOnce(place, "service", "start", "fail2ban");
        expect(status).toBe(124);
        expect(reply).toMatchObject({ timedOut: true, error: { code: "timeout" } });
        const mark = `SALLYPORT_REQUEST=${reply.requestId}`;
        expect(await arrangeScript(host, `grep -lsz '^${mark}$' /proc/[0-9]*/environ || :`)).toBe(
          "",
        );
        expect(await arrangeScript(host, "pgrep -fx 'sleep 7009' | wc -l")).toBe("2\n");
        expect(await arrangeScript(host, "pgrep -fax 'sleep 700[1-4]' || :")).toBe("");
      });
    } finally {
      await arrangeScript(
        host,
        `pkill -KILL -fx 'sleep 700[0-9]' || :
systemctl kill --signal=KILL fail2ban 2>/dev/null || :
systemctl stop fail2ban || :; rm -rf ${UNITS}/fail2ban.service ${CODE}; systemctl daemon-reload; systemctl reset-failed`,
      );
    }
  });
});
