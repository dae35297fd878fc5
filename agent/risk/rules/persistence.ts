/** What makes something run again and again. */
import type { Rule } from "../rule.ts";

export const PERSISTENCE: readonly Rule[] = [
  {
    id: "persistence.cron",
    when: [
      "crontab",
      "at|batch|atrm|anacron|run-parts|fcrontab|systemd-cron",
      "incrontab|watchman",
    ],
    unless: ["crontab -l", "at -l"],
    level: "CRITICAL",
    axes: ["persistence"],
    text: "has something run at set times, when nobody is looking",
    match: ["crontab file", "crontab -r", "crontab -e", "at now"],
    noMatch: ["crontab -l", "atq"],
  },
  {
    id: "persistence.cron-read",
    when: ["crontab -l -u"],
    level: "CRITICAL",
    axes: ["privileged", "exfiltration"],
    text: "shows what another user has run at set times",
    match: ["crontab -u root -l"],
    noMatch: ["crontab -l"],
  },
  {
    id: "persistence.units",
    when: [
      "systemctl enable|link|edit|preset|reenable|add-wants",
      "systemctl --user enable|start|link|edit",
      "loginctl enable-linger",
      "update-rc.d|chkconfig|rc-update",
      "launchctl load|bootstrap|submit|enable",
      "gsettings|dconf|defaults|kwriteconfig5|xdg-mime|xdg-settings|update-alternatives write|set|load|reset|delete|default|--set",
      "alias @/=/",
      "npm|yarn|pnpm config|c set|delete|edit",
      "pip|pip3|conda|bundle|composer|poetry|cargo|go config|env set|-w|unset|edit",
      "pre-commit|husky|lefthook|overcommit install|uninstall|add|init",
      "chsh|ssh-copy-id|authselect",
      "complete|bind|enable -f",
      "direnv|mise allow|trust",
    ],
    unless: ["update-alternatives --list|--display|--query"],
    level: "CRITICAL",
    axes: ["persistence"],
    text: "stays: it will act again without being called",
    match: ["systemctl enable x", "alias ls='rm'", "npm config set x y", "loginctl enable-linger"],
    noMatch: ["systemctl status x", "alias", "npm config get x"],
  },
];
