/** Where something is written: some places are root's, start programs or are whole disks. */
import type { Context } from "./context.ts";
import type { Axis, Level } from "./level.ts";
import { judgeSecrets, tidied } from "./secrets.ts";
import type { Word } from "./word.ts";

type Place = { rule: string; where: RegExp; level: Level; axes: readonly Axis[]; text: string };

/** The first that fits. */
const PLACES: readonly Place[] = [
  {
    rule: "disks.write-device",
    where:
      /^\/dev\/(?:sd|hd|vd|xvd|nvme|mmcblk|dm-|md|mapper|disk|loop|sr|nbd|rbd|zd|ram|pmem|mtd|k?mem|port)/,
    level: "CRITICAL",
    axes: ["destructive", "privileged"],
    text: "writes to a disk or memory past all files: what was there is lost",
  },
  {
    rule: "kernel.write-setting",
    where: /^\/(?:proc|sys)\//,
    level: "CRITICAL",
    axes: ["privileged"],
    text: "changes the running kernel",
  },
  {
    rule: "persistence.startup-file",
    where:
      /(?:^|\/)\.(?:bashrc|bash_profile|bash_login|bash_logout|bash_aliases|profile|zshrc|zshenv|zprofile|zlogin|kshrc|cshrc|tcshrc|xinitrc|xprofile|xsession|inputrc|vimrc|gitconfig|pam_environment|config\/(?:fish|autostart|systemd|git)(?:\/.*)?|ssh(?:\/.*)?|git\/hooks(?:\/.*)?)$/,
    level: "CRITICAL",
    axes: ["persistence"],
    text: "writes a file that other programs run or trust at every start",
  },
  {
    rule: "persistence.system",
    where:
      /^\/(?:etc\/(?:cron[^/]*|systemd|init\.d|rc[^/]*|profile|profile\.d|bash\.bashrc|environment|ld\.so\.[^/]*|pam\.d|sudoers|sudoers\.d|passwd|group|g?shadow|ssh|modules[^/]*|udev|xdg|apt|update-motd\.d|security|polkit-1|dbus-1)|var\/spool\/(?:cron|at)|usr\/lib\/systemd|lib\/systemd|boot)(?:\/|$|\.)/,
    level: "CRITICAL",
    axes: ["persistence", "privileged"],
    text: "writes where the system reads what to run and whom to trust",
  },
  {
    rule: "files.write-system",
    where: /^\/(?:etc|usr|bin|sbin|lib\w*|boot|opt|root|var|srv|run|snap)(?:\/|$)(?!tmp(?:\/|$))/,
    level: "CRITICAL",
    axes: ["privileged"],
    text: "writes into a folder of the system, which takes root",
  },
];

const TEXT = {
  overwrite: "writes a file; what was in it before is lost. Write to a new name to keep it",
  append: "adds to a file",
};

export function judgeWriting(word: Word, context: Context, how: keyof typeof TEXT): void {
  const span = [word.start, word.end] as const;
  const path = tidied(word.text);
  if (/^\/var\/tmp(?:\/|$)/.test(path)) {
    return context.add({ rule: "files.write", level: "CAUTION", text: TEXT[how] }, span);
  }
  const place = PLACES.find(({ where }) => where.test(path));
  if (place !== undefined) {
    const { rule, level, axes, text } = place;
    return context.add({ rule, level, axes, text }, span);
  }
  judgeSecrets([word], context);
  context.add({ rule: "files.write", level: "CAUTION", text: TEXT[how] }, span);
}
