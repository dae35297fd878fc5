/** Files, folders and variables that hold what nobody else should know. */
import type { Context } from "./context.ts";
import { UNKNOWN, type Word } from "./word.ts";

/** Whatever a path begins with: a home directory is anybody's. */
const SECRET = new RegExp(
  [
    // Keys and credentials in home directories.
    String.raw`(?:^|/)\.(?:ssh|gnupg|aws|azure|kube|docker|oci|bluemix|terraform\.d|password-store|electrum|bitcoin|ethereum|config/(?:gcloud|gh|hub|doctl|rclone|op|sops|hcloud|configstore|gnupg)|local/share/keyrings|mozilla|thunderbird|config/(?:google-chrome|chromium|BraveSoftware|microsoft-edge|Signal|Slack|discord)|vault-token|netrc|pgpass|my\.cnf|mylogin\.cnf|pypirc|npmrc|yarnrc(?:\.yml)?|gem/credentials|cargo/credentials(?:\.toml)?|m2/settings(?:-security)?\.xml|gradle/gradle\.properties|git-credentials|dockercfg|s3cfg|boto|htpasswd|env(?:\.(?!example|sample|template|dist)[\w-]+)?|envrc|pgpass|rhosts|shosts|Xauthority|ICEauthority|fetchmailrc|msmtprc|mutt|lftp|remmina|vnc|subversion/auth|config/Code/User/globalStorage)(?:/|$)`,
    // What was typed before.
    String.raw`(?:^|/)\.(?:\w+_)?history$`,
    String.raw`(?:^|/)\.(?:node_repl|psql|mysql|sqlite|rediscli|irb|python|zsh|bash|sh)_history`,
    String.raw`fish_history|ConsoleHost_history`,
    // The system's own.
    String.raw`^/etc/(?:g?shadow-?|master\.passwd|sudoers(?:\.d(?:/.*)?)?|security/opasswd|krb5\.keytab|ssh/ssh_host_\w*key|ssl/private(?:/.*)?|pki/tls/private(?:/.*)?|letsencrypt(?:/.*)?|wireguard(?:/.*)?|openvpn(?:/.*)?|ipsec\.secrets|ppp/(?:chap|pap)-secrets|NetworkManager/system-connections(?:/.*)?|wpa_supplicant(?:/.*)?|kubernetes(?:/.*)?|rancher(?:/.*)?|docker/key\.json|crypttab|luks(?:/.*)?|tor(?:/.*)?|vault(?:\.d)?(?:/.*)?|mysql/debian\.cnf|postgresql(?:/.*)?/pg_hba\.conf|exim4/passwd\.client|postfix/sasl_passwd|msmtprc|environment|fstab\.credentials|cifs-credentials|samba(?:/.*)?/(?:secrets|passdb)\.\w+|ldap(?:/.*)?\.secret|libnss-ldap\.secret|netplan(?:/.*)?)$`,
    String.raw`^/(?:proc/(?:[^/]+/)*(?:environ|mem|maps|kcore|auxv|fd(?:/.*)?|cwd/.*|root/.*)|proc/(?:kcore|kmem)|dev/(?:mem|kmem|port)|dev/(?:sd|hd|vd|xvd|nvme|mmcblk|dm-|mapper/|disk/|loop)[\w/-]*)$`,
    String.raw`^/root(?:/.*)?$`,
    String.raw`^/(?:var/(?:run|lib)|run)/(?:secrets|docker/containers|kubelet|credentials|sss|samba|krb5kdc|private)(?:/.*)?$`,
    String.raw`^/var/lib/(?:mysql|postgresql|mongodb|redis|jenkins|gitlab|grafana|vault|docker|etcd|NetworkManager|bluetooth)(?:/.*)?$`,
    String.raw`^/var/(?:spool/(?:cron|mail|anacron)|mail|backups|log/(?:btmp|audit))(?:[./].*)?$`,
    String.raw`^/(?:boot/grub\d?/(?:user\.cfg|grub\.cfg)|etc/grub\.d/\w*password\w*)$`,
    // Another user's home directory as a whole, or what is directly hidden in it.
    String.raw`^~[a-z_][\w.-]*(?:/.*)?$`,
    // By what it is called; a bare word may be anything.
    String.raw`^[~./](?:.*)/(?:credentials?|secrets?|passwords?|shadow|tokens?|SAM|Cookies)$`,
    String.raw`(?:^|/)(?:id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?[\w.-]*|[\w.-]*\.(?:pem|key|p12|pfx|jks|keystore|kdbx?|ppk|ovpn|keytab|tfstate(?:\.backup)?|tfvars|agekey|kubeconfig|rdp|p8|der)|(?:aws[_-]?)?credentials?\.\w+|secrets?\.(?:ya?ml|json|env|txt|toml|ini|enc)|passwords?\.\w+|passwd\.bak|shadow(?:\.\w+|-)|\.?htpasswd|master\.key|wp-config\.php|kubeconfig|service[_-]?account[\w-]*\.json|client_secret[\w-]*\.json|application_default_credentials\.json|access_tokens\.db|tokens?\.(?:json|txt)|ntds\.dit|Login\sData|cookies\.sqlite|logins\.json|key[34]\.db|wallet\.dat|Local\sState|authinfo(?:\.gpg)?)$`,
  ].join("|"),
);

/** Stand for the rest when a pattern is tried: `/etc/sh*`, `~/.s?h/*`. */
const SAMPLES = [
  "/etc/shadow",
  "/etc/gshadow",
  "/etc/shadow-",
  "/etc/sudoers",
  "/etc/ssl/private/x.pem",
  "~/.ssh/id_rsa",
  "~/.ssh/id_ed25519",
  "~/.aws/credentials",
  "~/.kube/config",
  "~/.netrc",
  "/root/.ssh/id_rsa",
  "/home/user/.ssh/id_rsa",
  "/root/.bash_history",
  "~/.bash_history",

  "/proc/1/environ",
  "/proc/self/environ",
  "/home/user/.aws/credentials",
  "/etc/ssh/ssh_host_rsa_key",
  "/dev/mem",
  "/dev/sda",
  "/dev/nvme0n1",
  ".env",
  ".ssh/id_rsa",
  "id_rsa",
  "id_ed25519",
  "~/.config/gcloud/credentials.db",
  "~/.docker/config.json",
  "~/.gnupg/secring.gpg",
];

const READS = {
  rule: "files.secret",
  level: "CAUTION",
  axes: ["exfiltration"],
  text: "names a file with keys, passwords or other people's data: what it shows is no longer secret",
} as const;

const ROOT_ONLY = {
  ...READS,
  rule: "files.secret-of-root",
  level: "CRITICAL",
  axes: ["exfiltration", "privileged"],
  text: "names a file that only root may read, because it holds secrets",
} as const;

const ROOTS =
  /^\/(?:etc\/(?:g?shadow|master\.passwd|sudoers|security\/opasswd|ssl\/private|krb5\.keytab)|root(?:\/|$)|proc\/(?:kcore|1\/)|dev\/(?:k?mem|port|sd|hd|vd|xvd|nvme|mmcblk|dm-|mapper))/;

/** Whether a text is the path of a secret. */
export function isSecretPath(text: string): boolean {
  return SECRET.test(tidied(text));
}

/** `/etc//./x/../shadow` is `/etc/shadow`; a variable in front may be any folder. */
export function tidied(text: string): string {
  let path = text.replace(/^file:\/\//, "").replaceAll(UNKNOWN, "_");
  if (path.includes("//") || path.includes("/.")) {
    path = path.replace(/\/{2,}/g, "/").replace(/\/(?:\.\/)+/g, "/");
    const parts: string[] = [];
    for (const part of path.split("/")) {
      if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") {
        if (parts.at(-1) !== "") parts.pop();
      } else parts.push(part);
    }
    path = parts.join("/");
  }
  path = path.replace(/^\/proc\/self\/root(?=\/)|^\/proc\/1\/root(?=\/)/, "");
  return path.length > 1 ? path.replace(/\/$/, "") : path;
}

/** Finds words that are the paths of secrets, also behind `=`, `@` and `:` (`if=`, `-d @file`, `host:path`). */
export function judgeSecrets(words: readonly Word[], context: Context): void {
  for (const word of words) {
    const secret = secretIn(word) ?? secretBelow(word, context.folder.path);
    if (secret !== null)
      context.add(ROOTS.test(tidied(secret)) ? ROOT_ONLY : READS, [word.start, word.end]);
  }
}

/** After `cd /etc` the word `shadow` is a path, too. */
function secretBelow(word: Word, folder: string | null): string | null {
  if (folder === null || word.text.length < 2 || /^[-/~]|\s/.test(word.text)) return null;
  return secretIn({ ...word, text: `${folder}/${word.text}` });
}

/** Of `{a,b}` every way, but no more than anybody would write. */
function spread(text: string): string[] {
  const MOST = 64;
  let ways = [text];
  for (let round = 0; round < 6; round += 1) {
    const next = ways.flatMap((way) => {
      const [all, inside] = /\{([^{}]*,[^{}]*)\}/.exec(way) ?? [];
      if (all === undefined || inside === undefined) return [way];
      return inside.split(",").map((part) => way.replace(all, () => part));
    });
    if (next.length === ways.length) break;
    ways = next.slice(0, MOST);
  }
  return ways;
}

function secretIn(word: Word): string | null {
  const { text } = word;
  // Nothing that short is a path of interest; most words end here.
  if (text.length < 3 || !/[./~_]|[a-z]{3}/i.test(text)) return null;
  const ways = word.brace ? spread(text) : [text];
  // Sentences are no paths.
  if (/\s/.test(text)) {
    if (!/\/\.?\w/.test(text) || text.length > 4000) return null;
    return (
      text.split(/[\s'"();,<>|&]+/).find((part) => part.includes("/") && isSecretPath(part)) ?? null
    );
  }
  const cut = /^[^=:@]*[=:@]+(.+)$/.exec(text);
  if (cut?.[1] !== undefined) ways.push(cut[1]);
  const option = /^-[a-zA-Z](.+)$/.exec(text);
  if (option?.[1] !== undefined) ways.push(option[1]);
  return ways.find((way) => isSecretPath(way) || (word.glob && globHits(tidied(way)))) ?? null;
}

function globHits(pattern: string): boolean {
  if (!pattern.includes("/") && !pattern.startsWith(".") && !pattern.startsWith("id")) return false;
  return SAMPLES.some((sample) => globMatches(pattern, sample));
}

/** `*`, `?` and `[…]` against a whole path, part by part, in linear time but for the last star. */
function globMatches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const parts = path.split("/");
  // A pattern that names a folder above takes all that is in it along.
  if (wanted.length > parts.length) return false;
  if (wanted.length < parts.length && !(wanted.length > 1 && wanted.at(-1) === "*")) return false;
  return wanted.every((part, at) => partMatches(part, parts[at] ?? ""));
}

function partMatches(pattern: string, part: string): boolean {
  // Of a set only that it is one character matters.
  const simple = pattern.replace(/\[[^\]]*\]/g, "?");
  let [at, here, star, mark] = [0, 0, -1, 0];
  while (here < part.length) {
    if (simple[at] === "?" || simple[at] === part[here]) {
      at += 1;
      here += 1;
    } else if (simple[at] === "*") {
      star = at;
      mark = here;
      at += 1;
    } else if (star !== -1) {
      at = star + 1;
      mark += 1;
      here = mark;
    } else return false;
  }
  while (simple[at] === "*") at += 1;
  return at === simple.length;
}

const SECRET_NAME =
  /(?:^|_)(?:TOKEN|SECRETS?|PASS(?:WD|WORD|PHRASE)?|PWD_HASH|API_?KEY|ACCESS_KEY(?:_ID)?|PRIVATE_KEY|AUTH|CREDENTIALS?|KEY|COOKIE|SESSION|DATABASE_URL|DSN|WEBHOOK(?:_URL)?)(?:$|_)/i;

/** Whether a variable's name says that its value is secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}
