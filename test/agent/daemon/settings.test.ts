import { expect, test } from "vitest";
import { parseSettings } from "../../../agent/daemon/settings.ts";

/** The file, and what is said of it. */
const REFUSED: [string, string][] = [
  ["listen: 127.0.0.1:7625\nlisten: 127.0.0.1:1\n", "f:2:1: map keys must be unique"],
  ["a: 1\n", "f:1:1: a: there is no such setting"],
  [
    "limits:\n  connections: 1\n  conections: 2\n",
    "f:3:3: limits.conections: there is no such setting",
  ],
  [
    "rates: { read: { perSecond: 1, burst: 1, x: 1 } }\n",
    "f:1:42: rates.read.x: there is no such setting",
  ],
  ["__proto__: { x: 1 }\n", "f:1:1: __proto__: there is no such setting"],
  ["- a\n", "f:1:1: invalid input: expected object, received array"],
  ["word\n", "f:1:1: invalid input: expected object, received string"],
  ["listen: [1\n", "f:2:1: flow sequence in block collection must be sufficiently indented"],
  ["limits: &a { connections: 1 }\nrates: *a\n", "f:2:8: an alias is not taken here"],
  ["listen: 7625\n", "f:1:9: listen: invalid input: expected string, received number"],
  ["listen: '7625'\n", "f:1:9: listen: a loopback address and a port, or the path"],
  ["listen: 0.0.0.0:1\n", "f:1:9: listen: 0.0.0.0 is not a loopback address"],
  ["listen: '[::]:1'\n", "f:1:9: listen: :: is not a loopback address"],
  ["listen: '[::ffff:10.0.0.1]:1'\n", "f:1:9: listen: ::ffff:10.0.0.1 is not a loopback address"],
  ["listen: 127.0.0.1.example.org:1\n", "f:1:9: listen: 127.0.0.1.example.org is not a loopback"],
  ["listen: 127.1:1\n", "f:1:9: listen: 127.1 is not a loopback address"],
  ["listen: 2130706433:1\n", "f:1:9: listen: 2130706433 is not a loopback address"],
  ["listen: 127.0.0.1:65536\n", "f:1:9: listen: a loopback address and a port"],
  ["listen: '127.0.0.1:1 '\n", "f:1:9: listen: a loopback address and a port"],
  ["listen: @abstract\n", "f:1:9: plain value cannot start with reserved character @"],
  [`listen: /${"x".repeat(107)}\n`, "f:1:9: listen: no unix socket can have this path"],
  ["allowedHosts: ['*']\n", "f:1:16: allowedHosts.0: a host name is expected"],
  ["allowedHosts: ['http://a']\n", "f:1:16: allowedHosts.0: a host name is expected"],
  ["allowedOrigins: ['*']\n", "f:1:18: allowedOrigins.0: an origin is expected"],
  ["allowedOrigins: ['https://a/']\n", "f:1:18: allowedOrigins.0: an origin is expected"],
  ["allowedOrigins: ['null']\n", "f:1:18: allowedOrigins.0: an origin is expected"],
  ["tokenFile: token\n", 'f:1:12: tokenFile: invalid string: must start with "/"'],
  ["limits: { connections: 0 }\n", "f:1:24: limits.connections: too small"],
  ["limits: { stopSeconds: 1.5 }\n", "f:1:24: limits.stopSeconds: invalid input: expected int"],
  ["auditPollSeconds: .inf\n", "f:1:19: auditPollSeconds: invalid input"],
  ["rates: { read: { perSecond: 0, burst: 1 } }\n", "f:1:29: rates.read.perSecond: too small"],
  ["logLevel: trace\n", "f:1:11: logLevel: invalid option"],
];

test.each(REFUSED)("%j is refused with its place: %s", (text, said) => {
  const parsed = parseSettings(text, "f");
  expect("flaw" in parsed ? parsed.flaw : parsed).toEqual(expect.stringContaining(said));
});

test.each(["", "# nothing\n", "{}\n", "---\n"])(
  "%j leaves every setting at its default",
  (text) => {
    expect(parseSettings(text, "f")).toEqual({
      listen: { kind: "tcp", address: "127.0.0.1", port: 7625 },
      allowedHosts: [],
      allowedOrigins: [],
      rates: { read: { perSecond: 200, burst: 400 }, change: { perSecond: 1, burst: 10 } },
      logLevel: "info",
      auditPollSeconds: 60,
      healthPollSeconds: 15,
      limits: {
        connections: 128,
        headersSeconds: 10,
        requestSeconds: 30,
        unreadSeconds: 30,
        stopSeconds: 30,
      },
    });
  },
);

test.each([
  ["[::1]:1", { kind: "tcp", address: "::1", port: 1 }],
  ["localhost:1", { kind: "tcp", address: "127.0.0.1", port: 1 }],
  ["127.9.9.9:0", { kind: "tcp", address: "127.9.9.9", port: 0 }],
  ["/run/sallyport/daemon.sock", { kind: "unix", path: "/run/sallyport/daemon.sock" }],
])("it may listen on %s", (listen, read) => {
  expect(parseSettings(`listen: "${listen}"\n`, "f")).toMatchObject({ listen: read });
});
