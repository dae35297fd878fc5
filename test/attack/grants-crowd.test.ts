/** Many ask, use and decide at once: nothing is lost, nothing is done twice. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  arrangeScript,
  describeInLab,
  exec,
  HELPER,
  ownHost,
  setUp,
  type Host,
} from "../lab/host.ts";
import { placed, SALLYPORT, STEP, STORE } from "./grants.ts";

// As sudo starts the helper for each of them, for a host has not so many users.
const USE = JSON.stringify({ argv: ["grant", "use", STEP] });
const CROWD = `mkdir -p /mnt/crowd; cd /mnt/crowd
ask() { SUDO_UID=$1 SUDO_USER=a ${HELPER} grant request '${STEP}' why >/dev/null; }
use() { printf '%s\\n%s\\n' '${USE}' '${USE}' | SUDO_UID=$1 SUDO_USER=a ${HELPER} session >use.$1; }
person() { for id in $(ls ${STORE} | sed 's/.*-//' | grep "^[$2]" | sort -R); do
  ! grep -q '"pending"' ${STORE}/*-$id ||
    ! SUDO_UID=$1 ${SALLYPORT} approve --yes $id >/dev/null 2>&1 || echo $id >>decided.$1
done; }
at_once() { for uid in $(seq $2 $3); do $1 $uid & [ $((uid % 10)) != 0 ] || wait; done; wait; }
`;

describeInLab("100 agents and three people at once", () => {
  let crowd: Host;
  let leave = (): void => undefined;
  let left: Promise<void>;
  beforeAll(async () => {
    await setUp(ownHost());
    await new Promise<void>((entered) => {
      left = placed((place) => {
        crowd = place;
        entered();
        return new Promise<void>((done) => (leave = done));
      });
    });
  });
  afterAll(async () => {
    leave();
    await left;
  });
  const run = async (script: string): Promise<string> => await arrangeScript(crowd, CROWD + script);

  // In parts, so that each has time enough also where the machine does much else.
  test.each([
    [2001, 2050, 50],
    [2051, 2100, 100],
  ])("each wish waits, none is lost: of uids from %d to %d", async (from, to, count) => {
    expect(await run(`at_once ask ${from} ${to}; ls ${STORE} | wc -l`)).toBe(`${count}\n`);
  });

  test.each(["0-3", "4-7", "8-b", "c-f"])(
    "each is decided by one person: of ids that begin with %s",
    async (digits) => {
      const granted = `grep -l '"granted"' ${STORE}/*-[${digits}]*`;
      const decided = await run(`rm -f decided.*
for who in 3001 3002 3003; do person $who ${digits} & done; wait
sort decided.* | uniq -c | awk '{ print $1 }' | sort | uniq -c
ls ${STORE}/*-[${digits}]* | wc -l; ${granted} | wc -l`);
      const [count = "", times, waited, stand] = decided.trim().split(/\s+/);
      expect(Number(count)).toBeGreaterThan(10);
      expect([times, waited, stand]).toEqual(["1", count, count]);
    },
  );

  test("each is used once, though asked for twice, and the record says so", async () => {
    const script = `at_once use 2001 2100; cat use.* | grep -c '"data":null,"error":null'
cat use.* | grep -c grant_required`;
    expect(await run(script)).toBe("100\n100\n");
    const { stdout } = await exec(crowd, "root", [SALLYPORT, "audit", "verify", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ success: true, warningCount: 0 });
  });
});
