/** The compiled-in policy, as the built binary tells and applies it. */
import { beforeAll, expect, test } from "vitest";
import {
  NAMED_PACKAGE_ACTIONS,
  SERVICE_ACTIONS,
  SYSTEM_PACKAGE_ACTIONS,
} from "../../protocol/operation.ts";
import { askAll, askOnce, expectRefusal } from "../attack/place.ts";
import { describeInLab, ownHost, setUp, type Host } from "../lab/host.ts";

/** What the default policy promises: these names, these actions only with a grant, all else denied. */
const SERVICES = "nginx caddy docker ssh fail2ban snapd.socket snapd".split(" ");
const PACKAGES = "curl git htop rsync ufw trash-cli snapd nginx caddy docker.io fail2ban".split(
  " ",
);
const GUARDED = [
  ...["ssh", "fail2ban"].flatMap((name) => [`service stop ${name}`, `service disable ${name}`]),
  ..."start stop reload enable disable".split(" ").map((action) => `service ${action} docker`),
  ..."install remove upgrade".split(" ").map((action) => `package ${action} docker.io`),
  "package remove fail2ban",
  "package remove ufw",
  "package upgrade",
  "package autoremove",
];
const UNLISTED = [
  ...SERVICE_ACTIONS.map((action) => ["service", action, "cron"]),
  ...SERVICE_ACTIONS.map((action) => ["service", action, "nginx.service"]),
  ...NAMED_PACKAGE_ACTIONS.map((action) => ["package", action, "forbidden"]),
  ...NAMED_PACKAGE_ACTIONS.map((action) => ["package", action, "docker"]),
  // A name of one section means nothing in the other.
  ...["docker.io", "curl", "ufw"].map((name) => ["service", "status", name]),
  ...["docker", "ssh", "snapd.socket"].map((name) => ["package", "info", name]),
];

const verdict = (words: string): string => (GUARDED.includes(words) ? "guard" : "allow");

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
    const wishes = (kind: string, actions: readonly string[], names: string[]) =>
      names.flatMap((name) => actions.map((action) => `${kind} ${action} ${name}`.trim()));
    const all = [
      ...wishes("service", SERVICE_ACTIONS, SERVICES),
      ...wishes("package", NAMED_PACKAGE_ACTIONS, PACKAGES),
      ...wishes("package", SYSTEM_PACKAGE_ACTIONS, [""]),
    ];
    expect(reply.data.verdicts).toEqual(
      Object.fromEntries(all.map((wish) => [wish, verdict(wish)])),
    );
  });
});
