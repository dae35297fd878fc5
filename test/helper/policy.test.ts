/** The compiled-in policy, as the built binary tells and applies it. */
import { beforeAll, expect, test } from "vitest";
import { NAMED_PACKAGE_ACTIONS, SERVICE_ACTIONS } from "../../protocol/operation.ts";
import { askAll, askOnce, expectRefusal } from "../attack/place.ts";
import { describeInLab, ownHost, setUp, type Host } from "../lab/host.ts";
import { DEFAULT_VERDICTS, GUARDED } from "./default-policy.ts";

const UNLISTED = [
  ...SERVICE_ACTIONS.map((action) => ["service", action, "cron"]),
  ...SERVICE_ACTIONS.map((action) => ["service", action, "nginx.service"]),
  ...NAMED_PACKAGE_ACTIONS.map((action) => ["package", action, "forbidden"]),
  ...NAMED_PACKAGE_ACTIONS.map((action) => ["package", action, "docker"]),
  // A name of one section means nothing in the other.
  ...["docker.io", "curl", "ufw"].map((name) => ["service", "status", name]),
  ...["docker", "ssh", "snapd.socket"].map((name) => ["package", "info", name]),
];

describeInLab("the default policy", () => {
  let host: Host;
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test("each guarded action needs a grant, and its message names the grant", async () => {
    const answers = await askAll(
      host,
      GUARDED.map((words) => words.split(" ")),
    );
    for (const [index, words] of GUARDED.entries()) {
      const answer = answers[index];
      expect(answer?.reply.error, `for ${words}`).toEqual({
        code: "grant_required",
        message: `a person must grant: ${words}`,
      });
      expect(answer?.status).toBe(77);
    }
  });

  test("all that is not listed is not allowed", async () => {
    const answers = await askAll(host, UNLISTED);
    expect(answers).toHaveLength(UNLISTED.length);
    for (const answer of answers) expectRefusal(answer, "not_allowed", /^security violation/);
  });

  test("the policy in force is exactly that", async () => {
    const { reply } = await askOnce(host, "policy");
    if (reply.data?.kind !== "policy") throw new Error("no policy");
    expect(reply.data.verdicts).toEqual(DEFAULT_VERDICTS);
  });
});
