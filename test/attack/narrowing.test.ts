/** /etc/sallyport/policy.json takes away and never gives; where it is unusable, everything is denied. */
import { beforeAll, expect, test } from "vitest";
import { describeInLab, ownHost, records, setUp, type Host } from "../lab/host.ts";
import { askAll, askOnce, expectRefusal, inPlace, OWN_DISKS } from "./place.ts";

const FILE = "/etc/sallyport/policy.json";
const GOOD = '{"service stop nginx":"deny"}';

/** Lines for sh(1) that write the file; the text may hold anything but a line END. */
function written(text: string): string {
  return `mkdir -p /etc/sallyport\nprintf %s '${text.replaceAll("'", String.raw`'\''`)}' >${FILE}\n`;
}

const UNUSABLE_TEXTS: Record<string, string> = {
  "widens a guard": '{"service stop ssh":"allow"}',
  "widens what is not compiled in": '{"service edit ssh":"allow"}',
  "widens among narrowings": '{"service stop nginx":"deny","service stop docker":"allow"}',
  "widens the whole system's": '{"package upgrade":"allow"}',
  "names an unknown kind": '{"user remove root":"deny"}',
  "names an unknown service": '{"service stop cron":"deny"}',
  "names a service by its unit": '{"service stop nginx.service":"deny"}',
  "names a service in upper case": '{"service stop NGINX":"deny"}',
  "names an unknown action": '{"service stpo nginx":"deny"}',
  "names a service without an action": '{"service nginx":"deny"}',
  "names every service": '{"service stop *":"deny"}',
  "has a space too many": '{"service stop  nginx":"deny"}',
  "has a space at its end": '{"service stop nginx ":"deny"}',
  "has an escape where none is needed": String.raw`{"service stop ngin\u0078":"deny"}`,
  "names a property of every object": '{"constructor":"deny"}',
  "names an unknown verdict": '{"service stop nginx":"never"}',
  "has a verdict in upper case": '{"service stop nginx":"DENY"}',
  "has a verdict that is true": '{"service stop nginx":true}',
  "has a verdict that is null": '{"service stop nginx":null}',
  "has a verdict that is a number": '{"service stop nginx":2}',
  "has a verdict that is a list": '{"service stop nginx":["deny"]}',
  "has a verdict that is an object": '{"service stop nginx":{}}',
  "has what an earlier version took": '{"services":{"nginx":{"stop":"deny"}}}',
  "is an empty list": "[]",
  "is a list": `[${GOOD}]`,
  "is a number": "1",
  "is infinite": "1e999",
  "is a word": '"deny"',
  "is an empty word": '""',
  "is true": "true",
  "is null": "null",
  "is empty": "",
  "is blank": "\n\n",
  "is truncated": GOOD.slice(0, -1),
  "goes on after its end": `${GOOD}${GOOD}`,
  "has a comment": `${GOOD} // not any more`,
  "has a comma too many": '{"service stop nginx":"deny",}',
  "begins with a byte order mark": `\uFEFF${GOOD}`,
  "N08: names __proto__": '{"__proto__":"deny"}',
  "N08: names __proto__, with something in it": '{"__proto__":{"service stop nginx":"deny"}}',
  "N08: says one thing twice": '{"service stop nginx":"deny","service stop nginx":"allow"}',
};

/** What no word can hold, or what is wrong around a good text. */
const UNUSABLE_FILES: Record<string, string> = {
  "contains NUL": `${written(GOOD)}printf '\\000' >>${FILE}`,
  "is not UTF-8": `${written("")}printf '{"service stop nginx\\377":"deny"}' >${FILE}`,
  "is UTF-16": `${written("")}perl -e 'print pack "v*", 0xfeff, unpack "C*", q(${GOOD})' >${FILE}`,
  "is nested deeply": `${written("")}perl -e 'print "[" x 32000, "]" x 32000' >${FILE}`,
  "is larger than 64 KiB": `${written(GOOD)}perl -e 'print " " x 65536' >>${FILE}`,
  "is endless": `mkdir -p /etc/sallyport; : >${FILE}; mount --bind /dev/zero ${FILE}`,
  "is a directory": `mkdir -p ${FILE}`,
  "is a FIFO": `mkdir -p /etc/sallyport; mkfifo ${FILE}`,
  "is a dangling link": `mkdir -p /etc/sallyport; ln -s /nowhere ${FILE}`,
  "is a link to itself": `mkdir -p /etc/sallyport; ln -s ${FILE} ${FILE}`,
  "is a link to the agent's file": `${written("")}printf %s '${GOOD}' >/srv/p; chown agent /srv/p; ln -sf /srv/p ${FILE}`,
  "belongs to the agent": `${written(GOOD)}chown agent ${FILE}`,
  "can be written by its group": `${written(GOOD)}chmod 664 ${FILE}`,
  "can be written by all": `${written(GOOD)}chmod 646 ${FILE}`,
  "can be written by the agent, by ACL": `${written(GOOD)}setfacl -m u:agent:rw ${FILE}`,
  "is in a directory that belongs to the agent": `${written(GOOD)}chown agent /etc/sallyport`,
  "is in a directory that all can write": `${written(GOOD)}chmod 1777 /etc/sallyport`,
  "is in a directory that the agent can write, by ACL": `${written(GOOD)}setfacl -m u:agent:rwx /etc/sallyport`,
  "is in a linked directory of the agent": `${written(GOOD)}mv /etc/sallyport /srv/s; chown agent /srv/s; ln -s /srv/s /etc/sallyport`,
  "is below a directory that the agent can write": `${written(GOOD)}chmod 777 /etc`,
};

const UNUSABLE = [
  ...Object.entries(UNUSABLE_TEXTS).map(([name, text]) => ({ name, lines: written(text) })),
  ...Object.entries(UNUSABLE_FILES).map(([name, lines]) => ({ name, lines })),
];

describeInLab("the file that narrows the policy", () => {
  let host: Host;
  beforeAll(async () => {
    host = ownHost();
    await setUp(host);
  });

  test.concurrent.each(UNUSABLE)("S06: everything is denied where it $name", async ({ lines }) => {
    await inPlace(host, `${OWN_DISKS}${lines}\n`, async (place) => {
      const calls = [["service", "status", "nginx"]];
      const answers = await askAll(place, calls, { jobs: 1 });
      for (const answer of answers) {
        expectRefusal(answer, "not_allowed", /^the policy file is unusable$/);
        expect(answer.stdout, "the caller learns no path").not.toContain("/etc");
      }
      const logged = await records(place);
      expect(logged).toHaveLength(calls.length);
      for (const record of logged) {
        expect(record).toMatchObject({ phase: "refused", decision: "not_allowed" });
        expect(record["rule"], "the administrator learns why").toMatch(/\/etc|\/srv/);
      }
    });
  });

  test.concurrent("it narrows what it names, and nothing else", async () => {
    const narrowing = {
      "service stop nginx": "deny",
      "service restart nginx": "guard",
      "service status nginx": "allow",
      "service stop ssh": "deny",
      "package remove htop": "guard",
      "package info htop": "deny",
      "package remove ufw": "guard",
      "package update": "guard",
      "package upgrade": "deny",
    };
    const unnarrowed = await askOnce(host, "policy");
    if (unnarrowed.reply.data?.kind !== "policy") throw new Error("no policy");
    const { verdicts, policyHash } = unnarrowed.reply.data;
    const text = JSON.stringify(narrowing, null, 2);
    await inPlace(host, OWN_DISKS + written(text), async (place) => {
      const expected: Record<string, string | null> = {
        "service stop nginx": "not_allowed",
        "service restart nginx": "grant_required",
        "service status nginx": null,
        "service stop ssh": "not_allowed",
        "service disable ssh": "grant_required",
        "package remove htop": "grant_required",
        "package info htop": "not_allowed",
        "package info curl": null,
        "package update": "grant_required",
        "package upgrade": "not_allowed",
        "package autoclean": null,
      };
      const answers = await askAll(
        place,
        Object.keys(expected).map((words) => words.split(" ")),
      );
      const codes = answers.map(({ reply }) => reply.error?.code ?? null);
      expect(
        Object.fromEntries(Object.keys(expected).map((words, index) => [words, codes[index]])),
      ).toEqual(expected);

      expect((await askOnce(place, "policy")).reply.data).toEqual({
        kind: "policy",
        policyHash, // of what is compiled in
        verdicts: { ...verdicts, ...narrowing },
      });
    });
  });

  test.concurrent.each([
    { name: "an empty object", lines: written("{}") },
    { name: "what is so already", lines: written('{"service stop nginx":"allow"}') },
    { name: "no file in its directory", lines: "mkdir -p /etc/sallyport" },
    { name: "64 KiB", lines: `${written("{}")}perl -e 'print " " x 65534' >>${FILE}` },
    { name: "a file of root's that only root reads", lines: `${written("{}")}chmod 600 ${FILE}` },
  ])("$name narrows nothing", async ({ lines }) => {
    await inPlace(host, `${OWN_DISKS}${lines}\n`, async (place) => {
      const { reply } = await askOnce(place, "policy");
      expect(reply.data).toEqual((await askOnce(host, "policy")).reply.data);
    });
  });
});
