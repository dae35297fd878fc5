/**
 * Builds dist/sallyport-helper and dist/sallyport: one file each, around the pinned Node runtime; and dist/pty.node,
 * which the latter loads for terminals.
 *
 *   npm run build [-- --policy site.yaml] [--out DIR]
 *   npm run build -- --trusted-base        writes helper/TRUSTED_BASE.txt instead
 *
 * The same sources give the same bytes: no path, no time and no user of the building machine goes in.
 */
import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build, type BuildOptions } from "esbuild";
import { filesIn } from "../agent/ansible-role.ts";
import { allRuleFaults } from "../agent/risk/examples.ts";
import { openRisk } from "../agent/risk/open.ts";
import { bundleHelper } from "./bundle-helper.ts";
import { grammarAlias, wasmFiles } from "./grammar-parts.ts";
import { COMMAND_LINE_OPTIONS, HELPER_OPTIONS } from "./interpreter.ts";
import { FIRST, LATE_REQUIRE, latePlugin, lateTexts } from "./late-parts.ts";
import { NATIVE_ADDONS } from "./native-addons.ts";
import { pack } from "./pack.ts";
import { readSitePolicy, SitePolicyError } from "./site-policy.ts";
import { compileTerminalAddon } from "./terminal-addon.ts";
import { trustedBase } from "./trusted-base.ts";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({
  options: {
    policy: { type: "string" },
    out: { type: "string", default: join(root, "dist") },
    "trusted-base": { type: "boolean", default: false },
  },
});
const out = resolve(values.out);

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Runs as it stands there, here or on another host. */
function script(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

async function bundleCommandLine(
  defines: Record<string, unknown>,
): Promise<{ text: string; parts: Map<string, string> }> {
  const options = {
    absWorkingDir: root,
    bundle: true,
    external: NATIVE_ADDONS,
    alias: grammarAlias(root),
    preserveSymlinks: true, // where node_modules is linked to does not get into the binary
    platform: "node",
    target: "node24",
    format: "cjs",
    logLevel: "error",
    define: Object.fromEntries(
      // Where their sources are means nothing to packages in an executable; ssh2 asks all the same.
      Object.entries({ __dirname: "/", ...defines }).map(([name, value]) => [
        name,
        JSON.stringify(value),
      ]),
    ),
  } satisfies BuildOptions;
  const late = new Map<string, string>();
  const { outputFiles } = await build({
    ...options,
    entryPoints: [join(root, "agent/cli/sallyport.ts")],
    write: false,
    plugins: [latePlugin(late)],
    // So that a late import becomes a call of `require`, whose place the banner takes.
    supported: { "dynamic-import": false },
    banner: { js: LATE_REQUIRE },
  });
  return { text: outputFiles[0]?.text ?? "", parts: await lateTexts(late, options) };
}

async function main(): Promise<void> {
  const policy = values.policy === undefined ? null : readSitePolicy(values.policy);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string;
  };
  const helper = await bundleHelper(root, version, policy);
  if (values["trusted-base"]) {
    const { text } = trustedBase(root, helper.metafile);
    writeFileSync(join(root, "helper/TRUSTED_BASE.txt"), text);
    return;
  }
  const faults = allRuleFaults(await openRisk());
  if (faults.length > 0) throw new Error(`the rules of agent/risk: ${faults.join("; ")}`);
  mkdirSync(out, { recursive: true });
  const work = mkdtempSync(join(out, ".build-"));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => {
      rmSync(work, { recursive: true, force: true });
      process.exit(130);
    });
  try {
    await pack(helper.text, "sallyport-helper", work, out, HELPER_OPTIONS);
    compileTerminalAddon(root, join(work, "pty.node"));
    renameSync(join(work, "pty.node"), join(out, "pty.node"));
    const { text, parts } = await bundleCommandLine({
      VERSION: version,
      BUILD_ID: helper.build.buildId,
      HELPER_BYTES: statSync(join(out, "sallyport-helper")).size,
      HELPER_SHA256: sha256(join(out, "sallyport-helper")),
      TRANSACTION_SCRIPT: script("sudoers/transaction.sh"),
      LOOK_SCRIPT: script("inventory/look.sh"),
      CHANGE_SCRIPT: script("inventory/change.sh"),
      ASK_SCRIPT: script("inventory/ask.sh"),
      EXAMINE_SCRIPT: script("inventory/examine.sh"),
      AUDIT_SCRIPT: script("inventory/audit.sh"),
      PYTHON_SANITIZER: script("agent/sanitizer/python.py"),
      SESSION_SCRIPT: script("agent/terminal/session.sh"),
      PTY_SHA256: sha256(join(out, "pty.node")),
      ROLE_FILES: filesIn(join(root, "packaging/ansible/roles/sallyport")),
    });
    const bytes = wasmFiles(root);
    parts.set(FIRST, text);
    const begin = `${LATE_REQUIRE}\nrequire("${FIRST}");`;
    await pack(begin, "sallyport", work, out, COMMAND_LINE_OPTIONS, { parts, bytes });
    writeFileSync(join(out, "build.json"), `${JSON.stringify(helper.build, null, 2)}\n`);
    process.stdout.write(`built ${out}: version ${version}, build ${helper.build.buildId}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SitePolicyError)) throw error;
  process.stderr.write(`build: ${error.message}\n`);
  process.exitCode = 78;
}
