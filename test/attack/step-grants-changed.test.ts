/** What was changed after a person granted it is another thing, and does not run. */
import { afterEach, beforeAll, expect, test } from "vitest";
import { describeInLab, ownHost } from "../lab/host.ts";
import { approve } from "./grants.ts";
import {
  HOME,
  SCRIPT,
  MARK,
  as,
  agent,
  start,
  resume,
  workflow,
  marks,
  awaited,
  OUT,
  DEPLOY,
  GOOD,
  EVIL,
  setUpSteps,
  forgetSteps,
} from "./step-grants.ts";

describeInLab("a step outside of the sandbox that was changed", () => {
  beforeAll(setUpSteps);
  afterEach(forgetSteps);

  type Change = [name: string, steps: string[], prepare: string, change: string];
  const OWN_SH = `mkdir -p ${HOME}/bin; cp /bin/sh ${HOME}/bin/sh`;
  const CHANGES: Change[] = [
    ["an edited script", [DEPLOY], GOOD, `echo 'echo evil >>${MARK}' >>${SCRIPT}`],
    ["a script renamed over it", [DEPLOY], GOOD, `${EVIL}; mv ${HOME}/other.sh ${SCRIPT}`],
    ["a link instead of it", [DEPLOY], GOOD, `${EVIL}; ln -sf other.sh ${SCRIPT}`],
    [
      "an edited program",
      [`${OUT}, run: [${SCRIPT}]`],
      GOOD,
      `echo 'echo evil >>${MARK}' >${SCRIPT}`,
    ],
    [
      "an edited file that a command's text names",
      [`${OUT}, run: 'cd /; ./deploy.sh || ${SCRIPT}'`],
      GOOD,
      `echo 'echo evil >>${MARK}' >>${SCRIPT}`,
    ],
    [
      "another interpreter",
      [`${OUT}, run: [${HOME}/bin/sh, ${SCRIPT}]`],
      `${GOOD}; ${OWN_SH}`,
      `rm ${HOME}/bin/sh; cp /bin/bash ${HOME}/bin/sh`,
    ],
    [
      "a program of the same name earlier in PATH",
      [`${OUT}, run: [sh, ${SCRIPT}], env: { PATH: '${HOME}/bin:/usr/bin' }`],
      GOOD,
      OWN_SH,
    ],
    [
      "another folder behind the same name",
      [`${OUT}, run: [/bin/sh, -c, 'pwd >>${MARK}'], cwd: ${HOME}/bin`],
      `ln -s /srv ${HOME}/bin`,
      `ln -sfn /tmp ${HOME}/bin`,
    ],
    ["a script that is gone", [DEPLOY], GOOD, `rm ${SCRIPT}`],
  ];
  test.each(CHANGES)("granted, is not %s", async (_, steps, prepare, change) => {
    await workflow(...steps);
    expect((await agent(prepare)).status).toBe(0);
    const { run, ...waiting } = await start();
    const id = awaited({ run, ...waiting });
    await approve(ownHost(), id);
    const changed = await agent(change);
    expect(changed.status, changed.stderr).toBe(0);
    expect(awaited(await resume(run))).not.toBe(id);
    expect(await marks()).toBe("");
  });

  test.each([
    ["a variable more", `${DEPLOY}, env: { LD_PRELOAD: /tmp/x.so }`],
    ["another standard input", `${DEPLOY}, stdin: 'x'`],
    ["a longer time", `${DEPLOY}, timeout: 2h`],
    ["another command", `${OUT}, run: 'id >>${MARK}'`],
  ])("granted, is not one with %s", async (_, step) => {
    await workflow(DEPLOY);
    await agent(GOOD);
    const { run, ...waiting } = await start();
    const id = awaited({ run, ...waiting });
    await approve(ownHost(), id);
    await workflow(step);
    const refused = await as("agent", "run", "--resume", run, "--json");
    expect(refused.status).toBe(77);
    expect(refused.stdout).toContain("has changed since");
    expect(awaited(await start())).not.toBe(id);
    expect(await marks()).toBe("");
  });
});
