/** sshd(8) drops connections at random while MaxStartups others are not logged in; the next one may be let in. */
import { setTimeout as sleep } from "node:timers/promises";

const PAUSES_MS = [200, 600, 1800];

/** Tries again while a server has dropped the connection; the last answer is the answer. */
export async function unlessDropped<Answer>(
  attempt: () => Promise<Answer>,
  isDropped: (answer: Answer) => boolean,
): Promise<Answer> {
  for (const pause of PAUSES_MS) {
    const answer = await attempt();
    if (!isDropped(answer)) return answer;
    await sleep(pause * (0.5 + Math.random())); // whoever was dropped together does not come back together
  }
  return await attempt();
}
