/** Runs an executable inventory, as Ansible does: `FILE --list` prints JSON. */
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { InventoryError } from "./inventory-error.ts";

const SECONDS = 60;
const MOST_BYTES = 1 << 26;

/** Of the caller's environment what a script needs to be itself, and to reach a cloud. */
const NAMES =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|XDG_\w+|VIRTUAL_ENV|KUBECONFIG|SSH_AUTH_SOCK|KRB5CCNAME|(?:https?|all|no)_proxy|SSL_CERT_(?:FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE)$/i;
/** Settings of Ansible, and the credentials of clouds as their own tools call them. */
const PREFIXES =
  /^(?:ANSIBLE|INVENTORY|AWS|EC2|AZURE|ARM|GOOGLE|GCP|GCE|CLOUDSDK|OS|DO|DIGITALOCEAN|HCLOUD|LINODE|VULTR|SCW|OVH|EXOSCALE|OCI|IBMCLOUD|VMWARE|PROXMOX|OVIRT|NETBOX|FOREMAN|SATELLITE|TOWER|CONTROLLER|CONSUL|VAULT|TF|K8S)_\w+$/;

function listingEnvironment(all: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = Object.keys(all).filter((name) => NAMES.test(name) || PREFIXES.test(name));
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}

/** Never as another user. */
export function listing(file: string): Promise<string> {
  return new Promise((done, failed) => {
    // A script may ignore SIGTERM.
    const bounds = {
      timeout: SECONDS * 1000,
      killSignal: "SIGKILL",
      maxBuffer: MOST_BYTES,
    } as const;
    const env = listingEnvironment(process.env);
    const options = { ...bounds, env, encoding: "utf8" } as const;
    execFile(resolve(file), ["--list"], options, (error, stdout, stderr) => {
      if (error === null) return done(stdout);
      const said = stderr.trim().split("\n").at(-1) ?? "";
      const why = said === "" ? String(error.code ?? error.signal) : said;
      failed(new InventoryError(null, `${file} --list failed: ${why}`));
    });
  });
}
