/** The variables that say how a host is reached. */

/** In Ansible's words, its older ones, and those of the flat form; the first that is there counts. */
export const NAMES = {
  address: ["ansible_host", "ansible_ssh_host", "hostname", "host", "address"],
  port: ["ansible_port", "ansible_ssh_port", "port"],
  user: ["ansible_user", "ansible_ssh_user", "user"],
  identityFile: ["ansible_ssh_private_key_file", "ansible_private_key_file", "identity_file"],
  jump: ["proxy_jump"],
  /** As Ansible puts them before ssh(1), where the first counts. */
  arguments: ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"],
  hostKeys: ["ansible_ssh_host_key_checking", "ansible_host_key_checking"],
  connection: ["ansible_connection"],
  offline: ["offline"],
  offlineReason: ["offline_reason"],
} as const;

const SETTINGS = new Set<string>(Object.values(NAMES).flat());

export function isSetting(variable: string): boolean {
  return SETTINGS.has(variable);
}

/**
 * Would change who is reached or by which program, and are not supported: an error, for without them it would be
 * another host. The values are those that change nothing, as regular expressions.
 */
export const REFUSED: ReadonlyMap<string, RegExp> = new Map([
  ["ansible_ssh_executable", /^(?:\/usr\/bin\/)?ssh$/],
  ["ansible_ssh_pkcs11_provider", /^$/],
  ["ansible_paramiko_host_key_checking", /^(?:true|yes|on|1)$/i],
  ["ansible_paramiko_proxy_command", /^$/],
  ["ansible_paramiko_port", /^$/],
  ["ansible_paramiko_user", /^$/],
  ["ansible_paramiko_private_key_file", /^$/],
]);
