/** `sallyport export cloud-init`: a `#cloud-config` whose one command is constant text with data as its arguments. */
import { stringify } from "yaml";
import { EXIT_STATUS } from "../../protocol/reply.ts";
import { fail, type Failure } from "./errors.ts";
import { exportedUser } from "./exported-user.ts";

export type ExportCloudInitOptions = {
  user: string;
  package?: string;
  sha256?: string;
  json?: true;
};

/**
 * Apt's own downloader is on every Debian, with no curl and no wget; but what was fetched is believed
 * by our own comparison. Anything that fails ends the command, and cloud-init says so.
 */
const FIRST_BOOT = `set -eu
user=$1 url=$2 sha256=$3
if [ -n "$url" ]; then
  # Root's alone: nobody gets between the comparison and the installation.
  folder=$(mktemp -d /var/tmp/sallyport.XXXXXXXXXX)
  trap 'rm -rf "$folder"' EXIT
  /usr/lib/apt/apt-helper download-file "$url" "$folder/sallyport.deb" "SHA256:$sha256"
  echo "$sha256  $folder/sallyport.deb" | sha256sum -c --quiet
  DEBIAN_FRONTEND=noninteractive apt-get -q -y install "$folder/sallyport.deb"
fi
/usr/bin/sallyport setup-sudo --user "$user" --no-input
`;

/** Sets the exit status. */
export function exportCloudInit(options: ExportCloudInitOptions): void {
  const { user, sha256 = "", json } = options;
  const url = options.package ?? "";
  const whom = exportedUser(user);
  const refused = "cause" in whom ? whom : refusePackage(options);
  if (refused !== null) return fail(refused, { json: json === true });
  const command = ["/bin/sh", "-c", FIRST_BOOT, "sallyport", user, url, sha256];
  const text = `#cloud-config\n${stringify({ runcmd: [command] }, { lineWidth: 0 })}`;
  const data = { kind: "export-cloud-init", text };
  process.stdout.write(
    json === true ? `${JSON.stringify({ v: 1, success: true, data, error: null })}\n` : text,
  );
}

function refusePackage({ package: url, sha256 }: ExportCloudInitOptions): Failure | null {
  if (url === undefined && sha256 === undefined) return null;
  if (url === undefined || sha256 === undefined)
    return usage("--package and --sha256 go together: nothing is installed unchecked");
  if (!/^https?:\/\/[!-~]{1,2000}$/.test(url) || !URL.canParse(url))
    return usage(`${url} is no http or https address`);
  if (new URL(url).password !== "" || new URL(url).username !== "")
    return usage("an address may hold no password: user data can be read on the host");
  if (!/^[0-9a-f]{64}$/.test(sha256)) return usage("a digest is 64 hexadecimal digits");
  return null;
}

function usage(cause: string): Failure {
  return {
    code: "usage",
    cause,
    hint: "sallyport export cloud-init --help",
    status: EXIT_STATUS.usage,
  };
}
