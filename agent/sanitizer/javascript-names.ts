/** Names of Node.js and of the language that say what code is about to do. */
import type { RuleName } from "./finding.ts";

/** By the module's name without `node:` and what stands after a slash. */
export const MODULE_RULES: Readonly<Record<string, RuleName>> = {
  fs: "file-system",
  path: "file-system",
  process: "environment",
  child_process: "child-process",
  cluster: "child-process",
  worker_threads: "child-process",
  vm: "eval",
  repl: "eval",
  wasi: "file-system",
  sqlite: "file-system",
  net: "network",
  http: "network",
  https: "network",
  http2: "network",
  dgram: "network",
  dns: "network",
  tls: "network",
  quic: "network",
  inspector: "environment",
  os: "os",
  v8: "os",
  module: "dynamic-import",
};

/** A mere mention is enough: it could be handed on under another name. */
export const GLOBAL_RULES: Readonly<Record<string, RuleName>> = {
  eval: "eval",
  Function: "eval",
  AsyncFunction: "eval",
  GeneratorFunction: "eval",
  WebAssembly: "eval",
  ShadowRealm: "eval",
  fetch: "network",
  WebSocket: "network",
  EventSource: "network",
  XMLHttpRequest: "network",
  Worker: "child-process",
  SharedWorker: "child-process",
  Deno: "environment",
  Bun: "environment",
};

/** Objects through which everything can be reached: only these of their properties are harmless. */
export const OBJECTS: Readonly<Record<string, ReadonlySet<string>>> = {
  process: new Set([
    "argv",
    "stdin",
    "stdout",
    "stderr",
    "exit",
    "exitCode",
    "nextTick",
    "hrtime",
    "uptime",
    "version",
    "versions",
    "platform",
    "arch",
    "memoryUsage",
    "cwd",
    "on",
    "once",
    "off",
  ]),
  module: new Set(["exports", "id", "filename"]),
  require: new Set(["main"]),
};
/** Any property of these is a global of its own. */
export const GLOBAL_OBJECTS: ReadonlySet<string> = new Set([
  "globalThis",
  "global",
  "window",
  "self",
]);

/** Of `process`: what rule a property belongs to, where it is not harmless. */
export const PROCESS_RULES: Readonly<Record<string, RuleName>> = {
  env: "environment",
  binding: "dynamic-import",
  dlopen: "dynamic-import",
  getBuiltinModule: "dynamic-import",
  mainModule: "dynamic-import",
  kill: "child-process",
  execve: "child-process",
  loadEnvFile: "file-system",
};

/** Properties by which functions and prototypes are climbed. */
export const CLIMBING: ReadonlySet<string> = new Set([
  "constructor",
  "__proto__",
  "__defineGetter__",
  "__lookupGetter__",
]);

/** Functions that take code as text. */
export const CODE_TAKERS: ReadonlySet<string> = new Set([
  "eval",
  "Function",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "exec",
  "execSync",
  "runInThisContext",
  "runInNewContext",
  "runInContext",
  "compileFunction",
  "Script",
]);
