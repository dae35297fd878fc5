/** /etc/sallyport/policy.json takes away and never gives; where it is unusable, everything is denied. */
import { beforeAll, expect, test } from "vitest";
import { describeInLab, ownHost, records, setUp, type Host } from "../lab/host.ts";
import { askAll, askOnce, expectRefusal, inPlace, OWN_DISKS } from "./place.ts";

const FILE = "/etc/sallyport/policy.json";
const GOOD = '{"services":{"nginx":{"stop":"deny"}}}';

/** Lines for sh(1) that write the file; the text may hold anything but a line END. */
function written(text: string): string {
  return `mkdir -p /etc/sallyport\nprintf %s '${text.replaceAll("'", String.raw`'\''`)}' >${FILE}\n`;
}

const UNUSABLE_TEXTS: Record<string, string> = {
  "widens a guard": '{"services":{"ssh":{"stop":"allow"}}}',
  "widens what is not compiled in": '{"services":{"ssh":{"edit":"allow"}}}',
  "widens among narrowings": `{"services":{"nginx":{"stop":"deny"},"docker":{"stop":"allow"}}}`,
  "widens the whole system's": '{"system":{"*":{"upgrade":"allow"}}}',
  "names an unknown section": '{"users":{"root":{"remove":"deny"}}}',
  "names an unknown service": '{"services":{"cron":{"stop":"deny"}}}',
  "names a service by its unit": '{"services":{"nginx.service":{"stop":"deny"}}}',
  "names a service in upper case": '{"services":{"NGINX":{"stop":"deny"}}}',
  "names an unknown action": '{"services":{"nginx":{"stpo":"deny"}}}',
  "names an action of every object": '{"services":{"nginx":{"constructor":"deny"}}}',
  "names an unknown verdict": '{"services":{"nginx":{"stop":"never"}}}',
  "has a verdict in upper case": '{"services":{"nginx":{"stop":"DENY"}}}',
  "has a verdict that is true": '{"services":{"nginx":{"stop":true}}}',
  "has a verdict that is null": '{"services":{"nginx":{"stop":null}}}',
  "has a verdict that is a number": '{"services":{"nginx":{"stop":2}}}',
  "has a verdict that is a list": '{"services":{"nginx":{"stop":["deny"]}}}',
  "has a verdict for a service, not an action": '{"services":{"nginx":"deny"}}',
  "has a list of actions": '{"services":{"nginx":["stop"]}}',
  "has an empty list of actions": '{"services":{"nginx":[]}}',
  "has a number for actions": '{"services":{"nginx":0}}',
  "has null for actions": '{"services":{"nginx":null}}',
  "has a list of services": '{"services":["nginx"]}',
  "has an empty list of services": '{"services":[]}',
  "has a number for services": '{"services":1}',
  "has true for services": '{"services":true}',
  "has null for services": '{"services":null}',
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
  "has a comma too many": '{"services":{"nginx":{"stop":"deny",}}}',
  "begins with a byte order mark": `\uFEFF${GOOD}`,
  "N08: names __proto__ as a section": '{"__proto__":{"nginx":{"stop":"deny"}}}',
  "N08: names __proto__ as a service": '{"services":{"__proto__":{"stop":"deny"}}}',
  "N08: names __proto__ as an action": '{"services":{"nginx":{"__proto__":"deny"}}}',
  "N08: says one thing twice": '{"services":{"nginx":{"stop":"deny","stop":"allow"}}}',
  "N08: has one section twice": '{"services":{"nginx":{"stop":"deny"}},"services":{}}',
};

/** What no word can hold, or what is wrong around a good text. */
const UNUSABLE_FILES: Record<string, string> = {
  "contains NUL": `${written(GOOD)}printf '\\000' >>${FILE}`,
  "is not UTF-8": `${written("")}printf '{"services":{"nginx\\377":{"stop":"deny"}}}' >${FILE}`,
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
      services: {
        nginx: { stop: "deny", restart: "guard", status: "allow" },
        ssh: { stop: "deny" },
      },
      packages: { htop: { remove: "guard", info: "deny" }, ufw: { remove: "guard" } },
      system: { "*": { update: "guard", upgrade: "deny" } },
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

      const { services, packages, system } = verdicts;
      expect((await askOnce(place, "policy")).reply.data).toEqual({
        kind: "policy",
        policyHash, // of what is compiled in
        verdicts: {
          services: {
            ...services,
            nginx: { ...services["nginx"], ...narrowing.services.nginx },
            ssh: { ...services["ssh"], ...narrowing.services.ssh },
          },
          packages: { ...packages, htop: { ...packages["htop"], ...narrowing.packages.htop } },
          system: { "*": { ...system["*"], ...narrowing.system["*"] } },
        },
      });
    });
  });

  test.concurrent.each([
    { name: "an empty object", lines: written("{}") },
    { name: "nothing below a section", lines: written('{"services":{},"packages":{"curl":{}}}') },
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
