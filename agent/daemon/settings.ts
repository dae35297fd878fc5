/** The daemon's settings: one small YAML file, every key known, every error with its place. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import {
  isCollection,
  isMap,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
} from "yaml";
import { z } from "zod";
import { DEFAULT_RATES } from "../mcp/rate-limit.ts";
import { isHostHeader, isOrigin, readListen, UNIX_PATH_MAX_BYTES } from "./address.ts";

export const SETTINGS_FILE = "/etc/sallyport/daemon.yaml";
const FILE_MAX_BYTES = 65_536;

const seconds = (max: number) => z.int().min(1).max(max);

const rate = z.strictObject({
  perSecond: z.number().positive().max(100_000),
  burst: z.int().min(1).max(100_000),
});

const settingsSchema = z.strictObject({
  /** Where it listens, unless systemd passes sockets: loopback address and port, or the path of a unix socket. */
  listen: z
    .string()
    .default("127.0.0.1:7625")
    .transform((text, context) => {
      const listen = readListen(text);
      if (!("flaw" in listen)) return listen;
      context.addIssue({ code: "custom", message: listen.flaw });
      return z.NEVER;
    }),
  /** Values of a Host header, with the port if any, beside the loopback ones. */
  allowedHosts: z
    .array(z.string().refine(isHostHeader, "a host name is expected, with a port if any"))
    .max(32)
    .default([]),
  /** Origins of web pages that may call; by default none. */
  allowedOrigins: z
    .array(z.string().refine(isOrigin, "an origin is expected, as https://host:port"))
    .max(32)
    .default([]),
  /** By default `token` in the state directory, made at the first start. */
  tokenFile: z.string().startsWith("/").optional(),
  /** A token of its own for GET /metrics, good for nothing else; by default the other one is asked for. */
  metricsTokenFile: z.string().startsWith("/").optional(),
  /** Calls of one client: how many each second in the long run, and how many at once. */
  rates: z
    .strictObject({
      read: rate.prefault(DEFAULT_RATES.read),
      change: rate.prefault(DEFAULT_RATES.change),
    })
    .prefault({}),
  /** The socket of `sallyport operator`, through which agents may ask other hosts; by default they may not. */
  fleet: z
    .strictObject({ operatorSocket: z.string().startsWith("/").max(UNIX_PATH_MAX_BYTES) })
    .optional(),
  logLevel: z.enum(["error", "warn", "info", "debug"]).default("info"),
  /** How often the head of the audit log is looked at. */
  auditPollSeconds: seconds(3600).default(60),
  /** How often the helper is asked for its version while nobody else asks it anything. */
  healthPollSeconds: seconds(3600).default(15),
  limits: z
    .strictObject({
      connections: z.int().min(1).max(10_000).default(128),
      /** Until the headers, and the whole request, must be there. */
      headersSeconds: seconds(600).default(10),
      requestSeconds: seconds(600).default(30),
      /** How long an answer may wait for a client that does not read it. */
      unreadSeconds: seconds(600).default(30),
      /** How long a stop waits for requests in progress. */
      stopSeconds: seconds(3600).default(30),
    })
    .prefault({}),
});

export type Settings = z.infer<typeof settingsSchema>;
/** A reason to refuse, lowercase, without a period; `hint` is a command. */
export type Flaw = { flaw: string; hint?: string };

/** The settings in `file`; the defaults where there is none and `optional`. */
export function readSettings(file: string, optional: boolean): Settings | Flaw {
  const text = readSmallFile(file);
  if (text === null) {
    if (optional) return settingsSchema.parse({});
    return { flaw: `${file}: there is no such file` };
  }
  return typeof text === "string" ? parseSettings(text, file) : text;
}

/** Null where there is none. Whoever can write the file decides who may talk to root: not everybody. */
function readSmallFile(file: string): string | Flaw | null {
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? null : { flaw: `${file}: it cannot be read (${code})` };
  }
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return { flaw: `${file}: it is no file` };
    if ((mode & 0o022) !== 0)
      return { flaw: `${file}: others can write it`, hint: `chmod go-w ${file}` };
    if (size > FILE_MAX_BYTES) return { flaw: `${file}: it is longer than 64 KiB` };
    return readFileSync(fd, "utf8");
  } finally {
    closeSync(fd);
  }
}

/** `file` is for the messages. */
export function parseSettings(text: string, file: string): Settings | Flaw {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) return { flaw: `${at(error.pos[0])}: ${plain(error.message)}` };

  let alias: number | undefined;
  visit(document, { Alias: (_, { range }) => void (alias ??= range?.[0]) });
  if (alias !== undefined) return { flaw: `${at(alias)}: an alias is not taken here` };

  const parsed = settingsSchema.safeParse(document.toJS() ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue === undefined) throw new Error("a failed parse without an issue");
  const key = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = [...issue.path, ...(key === undefined ? [] : [key])];
  const message = key === undefined ? plain(issue.message) : "there is no such setting";
  const name = path.length === 0 ? "" : `${path.join(".")}: `;
  return { flaw: `${at(offsetOf(document, path, key !== undefined))}: ${name}${message}` };
}

function plain(message: string): string {
  const [line = ""] = message.split("\n");
  return `${line.charAt(0).toLowerCase()}${line.slice(1)}`.replace(/\.$/, "");
}

/** Where the value at `path` begins in the file, or its key. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[], key: boolean): number {
  if (key) {
    const parent: unknown = document.getIn(path.slice(0, -1), true);
    const map = isMap(parent) ? parent : document.contents;
    if (isMap(map)) {
      for (const { key: node } of map.items)
        if (isScalar(node) && String(node.value) === path.at(-1)) return node.range?.[0] ?? 0;
    }
  }
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    if (isCollection(node) || isScalar(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}
