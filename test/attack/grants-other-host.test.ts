/**
 * What was granted on one host is nothing on another. The hosts of the lab have boot ids of their own, as machines
 * have; what has the same one, as the copy of a running machine, is the same host as long as its machine id is.
 */
import { afterEach, beforeAll, expect, test } from "vitest";
import {
  arrangeScript,
  describeInLab,
  exec,
  ownHost,
  setUp,
  sudoHosts,
  type Host,
} from "../lab/host.ts";
import {
  approve,
  expectNotGranted,
  placed,
  setUpFor,
  SALLYPORT,
  stands,
  STEP,
  STORE,
  wait,
  WISH,
} from "./grants.ts";
import { askOnce, inPlace, OWN_DISKS } from "./place.ts";
import {
  awaited,
  FILE,
  forgetSteps,
  MARK,
  OUT,
  runIn,
  setUpSteps,
  workflow,
} from "./step-grants.ts";

/** Another host of the lab, where `agent` has a rule too. */
async function elsewhere(visit: (place: Host) => Promise<void>): Promise<void> {
  const [other] = sudoHosts();
  if (other === undefined) throw new Error("no other host");
  await inPlace(other, `${OWN_DISKS}rm -rf ${STORE}\n`, async (place) => {
    await setUpFor(place, "agent");
    await visit(place);
  });
}
const OTHER_MACHINE = "tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id";

describeInLab("a grant of another host", () => {
  beforeAll(async () => {
    await setUp(ownHost());
    await setUpSteps();
  });
  afterEach(forgetSteps);

  /** The store with what a person has granted there, as an archive for tar(1). */
  async function grantedElsewhere(subject: string): Promise<{ id: string; store: string }> {
    let found = { id: "", store: "" };
    await placed(async (place) => {
      const id = await wait(place, subject);
      await approve(place, id, "--uses", "2");
      found = { id, store: await arrangeScript(place, `tar -C / -c .${STORE} | base64`) };
    });
    return found;
  }
  async function copyTo(place: Host, store: string): Promise<void> {
    const { status } = await exec(place, "root", ["/bin/sh", "-c", "base64 -d | tar -C / -x"], {
      input: store,
    });
    expect(status).toBe(0);
  }

  test("grants nothing there, byte for byte, and is gone as soon as it is looked at", async () => {
    const { id, store } = await grantedElsewhere(WISH.join(" "));
    await elsewhere(async (place) => {
      await copyTo(place, store);
      const listed = await exec(place, "root", [SALLYPORT, "grants", "--json"]);
      expect([listed.status, listed.stdout]).toEqual([0, expect.not.stringContaining(id)]);
      await expectNotGranted(place);
      expect(await stands(place, id)).toBeUndefined();
      expect(await arrangeScript(place, `ls ${STORE}`)).toBe("");
    });
    // The same bytes where the boot is the same, as on a copy of a running machine: it is the boot that is bound.
    await placed(async (place) => {
      await copyTo(place, store);
      expect((await askOnce(place, ...WISH)).reply.success).toBe(true);
    });
  });

  test("grants no step there", async () => {
    const { store } = await grantedElsewhere(STEP);
    await elsewhere(async (place) => {
      await copyTo(place, store);
      expect((await askOnce(place, "grant", "use", STEP)).reply.error?.code).toBe("grant_required");
    });
  });

  test("grants no step of the same run on another machine, even in the same boot", async () => {
    await placed(async (place) => {
      const as = async (...words: string[]) =>
        runIn(await exec(place, "agent", [SALLYPORT, ...words]));
      await workflow(`${OUT}, run: 'echo x >>${MARK}'`);
      const waiting = await as("run", FILE, "--json");
      await approve(place, awaited(waiting));
      await arrangeScript(place, OTHER_MACHINE);
      const words = [SALLYPORT, "run", "--resume", waiting.run, "--json"];
      const moved = await exec(place, "agent", words);
      expect(moved.status).not.toBe(0);
      expect(moved.stdout).toMatch(/"waiting"|has changed since/);
      const anew = await as("run", FILE, "--json");
      expect(awaited(anew)).not.toBe(awaited(waiting));
      expect(await arrangeScript(place, `cat ${MARK} || :`)).toBe("");
    });
  });
});
