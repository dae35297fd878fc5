/** Names of users that mean something else to sudoers, to a path or to a log: rules and files go by uid. */
import { expect, test } from "vitest";
import { describeInLab, HELPER, ownHost, type Host } from "../lab/host.ts";
import { everywhere, helperAt, onEveryHost, ruleOf, staged } from "../lab/stage.ts";

/** The database of users itself forbids only a colon and a line break. */
const NAMES = [
  "john.doe", // sudo ignores files with a dot in their name
  "x~", // and with a tilde at the end
  "a-b",
  "DOM\\bob",
  "a#1", // a comment
  "%sudo", // a group
  "ALL",
  "ADMIN", // an alias
  "a,b",
  "a=b",
  "!root",
  "a b",
  '"quoted"',
  "../../etc/x",
  "é",
  "n".repeat(200),
];
/** Lines that passwd(5) and nsswitch(5) take for something else: nobody is called that. */
const NOBODY = ["-n", "#1", "+netgroup"];
const FIRST = 3001;
const PARTS = 8;
type Person = { name: string; uid: number; exists: boolean };
const ALL: Person[] = [...NAMES, ...NOBODY].map((name, index) => {
  return { name, uid: FIRST + index, exists: index < NAMES.length };
});

const numbers = (people: Person[]): string => people.map(({ uid }) => uid).join(" ");

/** Lines for sh(1) that add the users. */
const ADD = `while IFS= read -r line; do
	uid=\${line%% *} name=\${line#* }
	printf '%s:x:%s:%s::/tmp:/bin/sh\\n' "$name" $uid $uid >>/etc/passwd
	printf '%s:*:19000:0:99999:7:::\\n' "$name" >>/etc/shadow
	printf '%s:x:%s:\\n' "$name" $uid >>/etc/group
done <<'END'
${ALL.map(({ name, uid }) => `${uid} ${name}`).join("\n")}
END
`;

/** Lines for sh(1) that ask as each user, and as one who has no rule, and then print the log. */
const asking = (
  people: Person[],
): string => `as() { setpriv --reuid=$1 --regid=$1 --clear-groups -- sudo -n ${HELPER} $2 >/dev/null 2>&1; }
for uid in ${numbers(people)}; do
	asked=0; as $uid 'service stop cron' || asked=$?
	echo "asked $uid $asked"
done
other=0; as 1002 version || other=$?
echo "asked 1002 $other"
visudo -c >/dev/null 2>&1 && echo sound
cat /var/log/sallyport/audit.jsonl
`;

async function look(host: Host, lines: string) {
  const ran = await staged(host, lines, ["audit", "verify"], { user: "root" });
  const said = ran.stdout.split("\n");
  const records = said
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { uid: number; user: string; decision: string });
  return {
    chain: ran.status,
    said: said.filter((line) => /^(?:asked|set up|file|sound)/.test(line)),
    log: records.map(({ uid, user, decision }) => [uid, user, decision]),
  };
}

/** Status 77 is the helper's refusal; 1 is sudo's. */
const asked = (people: Person[]): string[] => [
  ...people.map(({ uid, exists }) => `asked ${uid} ${exists ? 77 : 1}`),
  "asked 1002 1",
];
const logged = (people: Person[]) =>
  people.filter(({ exists }) => exists).map(({ name, uid }) => [uid, name, "not_allowed"]);

describeInLab("I02, V10: a user whose name means something else", () => {
  test("has a rule that works, gives nobody else one, and is logged by name, with every sudo", async () => {
    const rules = ALL.map(({ uid }) => ruleOf(uid)).join("");
    const seen = await onEveryHost((host) => look(host, helperAt() + ADD + rules + asking(ALL)));
    const said = [...asked(ALL), "sound"];
    expect(seen).toEqual(everywhere({ chain: 0, said, log: logged(ALL) }));
  });

  // In parts, as each set-up reads the helper's 126 MB several times.
  test.each(Array.from({ length: PARTS }, (_, part) => part))(
    "is set up by number; who does not exist is refused, and nothing is left of it (part %d)",
    async (part) => {
      const people = ALL.filter((_, index) => index % PARTS === part);
      const setUp = `for uid in ${numbers(people)}; do
	status=0; /opt/sallyport/sallyport setup-sudo --user $uid >/dev/null 2>&1 || status=$?
	echo "set up $uid $status"
done
ls -A /etc/sudoers.d | sed -n 's/.*sally/file &/p'
`;
      expect(await look(ownHost(), ADD + setUp + asking(people))).toEqual({
        chain: 0,
        said: [
          ...people.map(({ uid, exists }) => `set up ${uid} ${exists ? 0 : 64}`),
          ...people.filter(({ exists }) => exists).map(({ uid }) => `file zz-sallyport-uid${uid}`),
          ...asked(people),
          "sound",
        ],
        log: logged(people),
      });
    },
  );
});
