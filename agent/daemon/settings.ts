/** The daemon's settings: one small YAML file, every key known, every error with its place. */
import { z } from "zod";
import { parseSettingsText, readSettingsFile, type Flaw } from "../settings-file.ts";
import { DEFAULT_RATES } from "../mcp/rate-limit.ts";
import { isHostHeader, isOrigin, readListen, UNIX_PATH_MAX_BYTES } from "./address.ts";

export const SETTINGS_FILE = "/etc/sallyport/daemon.yaml";

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

/** The settings in `file`; the defaults where there is none and `optional`. */
export function readSettings(file: string, optional: boolean): Settings | Flaw {
  return readSettingsFile(settingsSchema, file, optional);
}

/** `file` is for the messages. */
export function parseSettings(text: string, file: string): Settings | Flaw {
  return parseSettingsText(settingsSchema, text, file);
}
