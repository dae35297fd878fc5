/** What the default policy promises, written down a second time. */
const SERVICE_ACTIONS = "start stop restart reload enable disable status logs".split(" ");
const PACKAGE_ACTIONS = "install remove upgrade info".split(" ");
const SYSTEM_ACTIONS = "update upgrade autoremove autoclean".split(" ");

/** What the default policy promises: these names, these actions only with a grant, all else denied. */
const SERVICES = "nginx caddy docker ssh fail2ban snapd.socket snapd".split(" ");
const PACKAGES = "curl git htop rsync ufw trash-cli snapd nginx caddy docker.io fail2ban".split(
  " ",
);
export const GUARDED = [
  ...["ssh", "fail2ban"].flatMap((name) => [`service stop ${name}`, `service disable ${name}`]),
  ..."start stop reload enable disable".split(" ").map((action) => `service ${action} docker`),
  ..."install remove upgrade".split(" ").map((action) => `package ${action} docker.io`),
  "package remove fail2ban",
  "package remove ufw",
  "package upgrade",
  "package autoremove",
];

const ALL = [
  ...SERVICES.flatMap((name) => SERVICE_ACTIONS.map((action) => `service ${action} ${name}`)),
  ...PACKAGES.flatMap((name) => PACKAGE_ACTIONS.map((action) => `package ${action} ${name}`)),
  ...SYSTEM_ACTIONS.map((action) => `package ${action}`),
];
export const DEFAULT_VERDICTS = Object.fromEntries(
  ALL.map((wish) => [wish, GUARDED.includes(wish) ? "guard" : "allow"]),
);
