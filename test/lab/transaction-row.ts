/** One thing that is tried with the install transaction. */
export type Row = {
  name: string;
  /** Lines for sh(1) that spoil the stage. */
  before?: string;
  /** The run itself; its status and answer are judged. */
  run?: string;
  /** Exit status, state, cause, and whether every file is afterwards what it was before. */
  gives: `${number} ${string} ${string} ${"same" | "changed"}`;
};

/** Before the first row. */
export const KEEP_STAGE = "mkdir /run/was; cp -pr /run/a /run/b /run/sudoers /run/was/";

/** One row on a stage of its own, as a line: its number, then what `gives` says. */
export function judged({ before = "", run = "put a" }: Row, number: number): string {
  return `unshare --mount sh -c '. /run/stage.sh
${before.replaceAll("'", `'\\''`)}
snapshot >/run/before 2>&1
( ${run.replaceAll("'", `'\\''`)}
) >/run/said 2>/run/noise
status=$?
snapshot 2>&1 | cmp -s - /run/before && same=same || same=changed
cause=$(sed -n "s/^cause //p" /run/said)
echo "${number} $status $(sed -n "s/^state //p" /run/said | tail -n 1) \${cause:--} $same"
'
rm -rf /run/sallyport-setup.lock* /etc/sudoers.d/* /usr/local/libexec/* /usr/local/sbin/* /run/a /run/b
chmod 755 /etc/sudoers.d /usr/local/libexec /usr/local/sbin; cp -p /run/was/sudoers /run/; cp -pr /run/was/a /run/was/b /run/`;
}
