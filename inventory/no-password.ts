/** A password in a file is read by whoever reads the file; it is asked for instead, once. */
import { InventoryError } from "./inventory-error.ts";
import type { Tree } from "./source.ts";

/** Those of connections and of sudo, in Ansible's words for any of its plugins, and in short ones. */
const PASSWORD = /^(?:ansible_(?:\w+_)?|ssh_|become_|sudo_|su_)?(?:pass|password|passphrase)$/i;

/** A private key itself, which is one too; with `_file` it is only a path. */
const KEY = /^ansible_(?:\w+_)?private_key$/i;

/** Wherever variables stand, and whether or not a host has them: throws InventoryError. */
export function refusePassword(variable: string, { kind, place }: Tree): void {
  if (KEY.test(variable)) {
    const hint = "put it into a file of its own: ansible_ssh_private_key_file";
    throw new InventoryError(place, `${variable}: an inventory may hold no private key`, hint);
  }
  if (!PASSWORD.test(variable)) return;
  const hint = "remove it: the password is asked for, once, when a host needs it";
  const even = kind === "secret" ? ", not even an encrypted one" : "";
  throw new InventoryError(place, `${variable}: an inventory may hold no password${even}`, hint);
}
