/**
 * Runs dist/sallyport as `agent` on a host that is arranged for one test only: in a mount namespace of
 * its own, so that nothing has to be undone and no other test sees it.
 */
import { COMMAND_LINE_NAMES, COMMAND_LINE_PATH } from "../../sudoers/helper-path.ts";
import { renderRule } from "../../sudoers/rules.ts";
import { exec, HELPER, ownHost, sudoHosts, type Ended, type Host } from "./host.ts";

export const PACKAGED_HELPER = "/usr/libexec/sallyport/sallyport-helper";

/** No helper, no record, and no rule but those of /etc/sudoers itself; what is written is gone afterwards. */
const BARE = `
umask 022
mount -t tmpfs none /mnt
for top in etc usr var/log; do
	mkdir -p /mnt/$top /mnt/$top.work
	mount -t overlay none -o "lowerdir=/$top,upperdir=/mnt/$top,workdir=/mnt/$top.work" "/$top"
done
rm -rf /usr/local/libexec /usr/libexec/sallyport /etc/sallyport /var/log/sallyport
rm -f /etc/sudoers.d/zz-sallyport-* /usr/local/sbin/sallyport
`;

/** Lines for sh(1) that put the built helper at a path. */
export function helperAt(path = HELPER): string {
  return `mkdir -p ${path.slice(0, path.lastIndexOf("/"))}
: >${path}
mount --bind /opt/sallyport/sallyport-helper ${path}
`;
}

/** Lines for sh(1) that write the rule of a user; `agent` is 1001, `other` is 1002. */
export function ruleOf(uid: number, helper = HELPER): string {
  const rule = renderRule(uid, helper);
  if (rule.kind !== "rule") throw new Error(rule.kind);
  return `cat >${rule.path} <<'END'
${rule.text}END
chmod 440 ${rule.path}
`;
}

/** Lines for sh(1) that put another program in the helper's place. */
export const OTHER_PROGRAM = `mkdir -p ${HELPER.slice(0, HELPER.lastIndexOf("/"))}
printf '#!/bin/sh\\necho hello\\n' >${HELPER}
chmod 755 ${HELPER}
`;

/** Lines for sh(1) that put the built command line where `sudo sallyport` finds it. */
const LINE_AT = `: >${COMMAND_LINE_PATH}
mount --bind /opt/sallyport/sallyport ${COMMAND_LINE_PATH}
mkdir -p /usr/local/sbin
ln -s ${COMMAND_LINE_PATH} ${COMMAND_LINE_NAMES[0]}
`;

export const SET_UP = helperAt() + LINE_AT + ruleOf(1001);

const AS_AGENT = "setpriv --reuid=agent --regid=agent --init-groups --";

/** Lines for sh(1) that ask once as `agent`, whatever comes of it. */
export function asked(words: readonly string[]): string {
  return `${AS_AGENT} /opt/sallyport/sallyport ${words.join(" ")} >/dev/null 2>&1 || :\n`;
}

/** Arranges with `lines`, then runs `sallyport` with `words` as a user, through \`wrapper\` if there is one. */
export function staged(
  host: Host,
  lines: string,
  words: readonly string[],
  { user = "agent", wrapper = [] }: { user?: "agent" | "root"; wrapper?: readonly string[] } = {},
): Promise<Ended> {
  const script = `${BARE}${lines}exec ${user === "root" ? "" : AS_AGENT} "$@"`;
  const program = [...wrapper, "/opt/sallyport/sallyport", ...words];
  return exec(host, "root", ["unshare", "--mount", "sh", "-euc", script, "sh", ...program]);
}

/** What is seen on the systemd host of this worker and on each build of sudo, by the host's name. */
export async function onEveryHost<Seen>(
  look: (host: Host) => Promise<Seen>,
): Promise<Record<string, Seen>> {
  const seen: Record<string, Seen> = {};
  for (const host of [ownHost(), ...sudoHosts()]) seen[host.name] = await look(host);
  return seen;
}

/** The same on every one of them. */
export function everywhere<Expected>(expected: Expected): Record<string, Expected> {
  return Object.fromEntries([ownHost(), ...sudoHosts()].map(({ name }) => [name, expected]));
}
