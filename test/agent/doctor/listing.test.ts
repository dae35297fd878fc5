import { expect, test } from "vitest";
import { readListing } from "../../../agent/doctor/listing.ts";

const HELPER = "/usr/local/libexec/sallyport/sallyport-helper";
const SUDO = `Matching Defaults entries for agent on h1:
    env_reset, mail_badpass, secure_path=/usr/local/sbin\\:/usr/local/bin\\:/usr/sbin,
    use_pty, timestamp_type=global

Runas and Command-specific defaults for agent:
    Defaults!${HELPER} env_reset

User agent may run the following commands on h1:
    (root) CWD=/ NOPASSWD: NOSETENV: ${HELPER}
`;

test("defaults are read across line ends, escaped commas and colons kept", () => {
  expect(readListing(SUDO).defaults).toEqual([
    "env_reset",
    "mail_badpass",
    "secure_path=/usr/local/sbin\\:/usr/local/bin\\:/usr/sbin",
    "use_pty",
    "timestamp_type=global",
  ]);
});

test("sudo-rs prints no defaults: they are unknown, not empty", () => {
  const text = `User agent may run the following commands on h1:\n    (root) NOPASSWD: ${HELPER}\n`;
  expect(readListing(text)).toEqual({ defaults: null, withoutPassword: [HELPER] });
});

test.each([
  [`(root) CWD=/ NOPASSWD: NOSETENV: ${HELPER}`, [HELPER]],
  ["(ALL : ALL) ALL", []],
  ["(ALL : ALL) NOPASSWD: ALL", ["ALL"]],
  [
    "(root) NOPASSWD: /usr/bin/vim, /usr/bin/apt-get update",
    ["/usr/bin/vim", "/usr/bin/apt-get update"],
  ],
  ["(root) NOPASSWD: /usr/bin/vim, PASSWD: /usr/bin/env", ["/usr/bin/vim"]],
  ["(root) /usr/bin/vim, NOPASSWD: /usr/bin/env", ["/usr/bin/env"]],
  ["(root) NOPASSWD: /usr/bin/printf a\\,b", ["/usr/bin/printf a\\,b"]],
  ["(root) NOPASSWD: /usr/bin/vim,\n        /usr/bin/env", ["/usr/bin/vim", "/usr/bin/env"]],
])("%s runs %j without a password", (line, commands) => {
  const text = `User agent may run the following commands on h1:\n    ${line}\n`;
  expect(readListing(text).withoutPassword).toEqual(commands);
});
