/** What the daemon must know before it serves anybody: its folder, its settings, its token. */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Failure } from "../cli/errors.ts";
import { badConfiguration } from "./refusal.ts";
import { readSettings, SETTINGS_FILE, type Settings } from "./settings.ts";
import { readToken } from "./token.ts";

export type DaemonOptions = {
  /** A settings file that must be there; else the usual one, which need not be. */
  config?: string;
  /** Else systemd's $STATE_DIRECTORY. */
  stateDir?: string;
};

/** What a reload may change. */
export type Current = {
  settings: Settings;
  token: string;
  tokenFile: string;
  /** For GET /metrics. */
  metricsToken: string;
  /** Whether the token was made just now. */
  created: boolean;
};

/** Settings and token, both good, or why not. */
export function readCurrent(options: DaemonOptions, state: string): Current | Failure {
  const { config } = options;
  const settings = readSettings(config ?? SETTINGS_FILE, config === undefined);
  if ("flaw" in settings) return badConfiguration(settings.flaw, settings.hint ?? null);
  const tokenFile = settings.tokenFile ?? join(state, "token");
  const own = tokenOf(tokenFile);
  if ("cause" in own) return own;
  const metrics = tokenOf(settings.metricsTokenFile ?? tokenFile);
  if ("cause" in metrics) return metrics;
  return { settings, tokenFile, metricsToken: metrics.token, ...own };
}

function tokenOf(file: string): { token: string; created: boolean } | Failure {
  const token = readToken(file);
  if (!("flaw" in token)) return token;
  return badConfiguration(token.flaw, token.hint ?? `ls -ld ${file}`);
}

/** The folder that is the daemon's own, or why there is none. */
export function stateDirectory(given: string | undefined): string | Failure {
  // systemd.exec(5): several are separated by colons.
  const state = given ?? process.env["STATE_DIRECTORY"]?.split(":")[0];
  if (state === undefined || !state.startsWith("/")) {
    return badConfiguration(
      "no state directory: neither --state-dir nor STATE_DIRECTORY names an absolute path",
      "systemctl start sallyport.socket",
    );
  }
  const found = statSync(state, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) {
    return badConfiguration(`the state directory ${state} is not there`, `mkdir -m 700 ${state}`);
  }
  if ((found.mode & 0o022) !== 0) {
    return badConfiguration(`others can write the state directory ${state}`, `chmod go-w ${state}`);
  }
  return state;
}
