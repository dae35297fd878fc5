/** Between the look at a step and its start: what is exchanged there is not what runs. */
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeAll, expect, test } from "vitest";
import { describeInLab, endOf, ownHost, start as startProgram } from "../lab/host.ts";
import { approve } from "./grants.ts";
import {
  agent,
  awaited,
  DEPLOY,
  EVIL,
  forgetSteps,
  GOOD,
  HOME,
  MARK,
  marks,
  OUT,
  resume,
  SCRIPT,
  setUpSteps,
  start,
  workflow,
} from "./step-grants.ts";

/** Longer than looking takes, shorter than the 10 s for which the helper waits. */
const LOOK_MS = 8000;
const LOCK = "/run/sallyport/grants.lock";

/** Locks the bytes of a SQLite file by which its readers keep out (sqlite.org/lockingv3), until its input ends. */
const HOLD = String.raw`
use Fcntl;
open(my $file, "+<", $ARGV[0]) or die "open: $!";
my $lock = pack("ssx4qqix4", F_WRLCK, 0, 0x40000000, 512, 0);
fcntl($file, F_SETLKW, $lock) or die "lock: $!";
$| = 1; print "held\n";
1 while <STDIN>;
`;

/**
 * Holds the lock without which the helper takes no use of a grant: a step that is resumed meanwhile has been looked
 * at, and waits until it is let go by what this gives.
 */
async function holdBack(): Promise<() => Promise<void>> {
  const holder = startProgram(ownHost(), "root", ["/usr/bin/perl", "-e", HOLD, LOCK]);
  await new Promise((held) => holder.stdout?.once("data", held));
  return async () => expect((await endOf(holder)).status).toBe(0);
}

/** Once there are whole copies of `files`, which is all of the step that others than root could change. */
async function lookedAt(run: string, files: string): Promise<void> {
  const whole = `held=$(find ${HOME}/.local -path '*${run}*/out.held' -type d)
[ "$(cat "$held"/* | sha256sum)" = "$(cat ${files} | sha256sum)" ]`;
  for (const end = Date.now() + LOOK_MS; (await agent(whole)).status !== 0; await pause(50))
    if (Date.now() > end) throw new Error("the step was not looked at");
}

describeInLab("a step outside of the sandbox, between the look at it and its start", () => {
  beforeAll(setUpSteps);
  afterEach(forgetSteps);

  const OWN_SH = `mkdir -p ${HOME}/bin; cp /bin/sh ${HOME}/bin/sh`;
  type Exchange = [name: string, step: string, prepare: string, exchange: string, at: string];
  const EXCHANGES: Exchange[] = [
    ["a script by rename", DEPLOY, "", `${EVIL}; mv ${HOME}/other.sh ${SCRIPT}`, SCRIPT],
    ["a script by a link", DEPLOY, "", `${EVIL}; ln -sfn other.sh ${SCRIPT}`, SCRIPT],
    ["a script in place", DEPLOY, "", `echo 'echo evil >>${MARK}' >${SCRIPT}`, SCRIPT],
    [
      "a program by rename",
      `${OUT}, run: [${SCRIPT}]`,
      `sed -i '1i #!/bin/sh' ${SCRIPT}`,
      `${EVIL}; mv ${HOME}/other.sh ${SCRIPT}`,
      SCRIPT,
    ],
    [
      "an interpreter",
      `${OUT}, run: [${HOME}/bin/sh, ${SCRIPT}]`,
      OWN_SH,
      `printf '#!/bin/sh\necho evil >>${MARK}\n' >${HOME}/sh; chmod 755 ${HOME}/sh; mv ${HOME}/sh ${HOME}/bin/sh`,
      `${HOME}/bin/sh`,
    ],
    [
      "the folder that it lies in",
      `${OUT}, run: [/bin/sh, ${HOME}/bin/deploy.sh]`,
      `mkdir ${HOME}/bin; cp ${SCRIPT} ${HOME}/bin`,
      `mv ${HOME}/bin ${HOME}/was; mkdir ${HOME}/bin; echo 'echo evil >>${MARK}' >${HOME}/bin/deploy.sh; rm -r ${HOME}/was`,
      `${HOME}/bin/deploy.sh`,
    ],
  ];
  test.each(EXCHANGES)("does not run %s", async (_, step, prepare, exchange, at) => {
    await workflow(step);
    expect((await agent(`${GOOD}; ${prepare}`)).status).toBe(0);
    const { run, ...waiting } = await start();
    await approve(ownHost(), awaited({ run, ...waiting }));
    const letGo = await holdBack();
    const resuming = resume(run);
    try {
      await lookedAt(run, at === `${HOME}/bin/sh` ? `${SCRIPT} ${at}` : at);
      const exchanged = await agent(exchange);
      expect(exchanged.status, exchanged.stderr).toBe(0);
      expect((await agent(`cat ${at}`)).stdout).toContain("evil");
      expect(await marks()).toBe("");
    } finally {
      await letGo();
    }
    expect((await resuming).steps["out"]).toMatchObject({ state: "succeeded" });
    expect(await marks()).toBe("good\n");
    // The other way round it is another thing: looked at after the exchange, it waits for a person.
    await agent(`rm -f ${MARK}`);
    awaited(await start());
    expect(await marks()).toBe("");
  });

  test("that is exchanged all the time runs as it was granted, once, or waits", async () => {
    await workflow(DEPLOY);
    await agent(`${GOOD}; ${EVIL}; cp ${SCRIPT} ${HOME}/good.sh`);
    const swap = `n=0; end=$(($(date +%s) + 55)); while [ $(date +%s) -lt $end ] && [ ! -e ${HOME}/stop ]; do
ln -sf other.sh ${HOME}/l; mv -T ${HOME}/l ${SCRIPT}; ln -sf good.sh ${HOME}/l; mv -T ${HOME}/l ${SCRIPT}
cp ${HOME}/other.sh ${HOME}/c; mv -T ${HOME}/c ${SCRIPT}; cp ${HOME}/good.sh ${HOME}/c; mv -T ${HOME}/c ${SCRIPT}
n=$((n + 4)); done; echo $n`;
    const { run, ...waiting } = await start();
    const id = awaited({ run, ...waiting });
    const swapping = agent(swap);
    let [ran, blocked, exchanges] = [0, 0, 0];
    try {
      await approve(ownHost(), id);
      for (let turn = 0; turn < 20 && ran === 0; turn += 1) {
        if ((await resume(run)).status === 0) ran += 1;
        else blocked += 1;
      }
    } finally {
      await agent(`touch ${HOME}/stop`);
      exchanges = Number((await swapping).stdout);
      await agent(`rm -f ${HOME}/stop ${HOME}/good.sh ${HOME}/l ${HOME}/c`);
    }
    expect({ ran, marks: await marks() }, `${blocked} blocked`).toEqual({
      ran: 1,
      marks: "good\n",
    });
    expect(exchanges).toBeGreaterThan(10 * (ran + blocked));
  });
});
