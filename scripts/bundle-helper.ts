/** Bundles helper/ into one CommonJS text, with a site's policy in the place of helper/policy.ts if there is one. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";
import { sealedRuntime } from "./runtime.ts";

export type HelperBundle = {
  text: string;
  build: { version: string; buildId: string; policyHash: string };
  metafile: Metafile;
};

/** `policy`: the text of a module that takes the place of helper/policy.ts, or null for the default. */
export async function bundleHelper(
  root: string,
  version: string,
  policy: string | null,
): Promise<HelperBundle> {
  const site: Plugin = {
    name: "site-policy",
    setup(builder) {
      if (policy === null) return;
      builder.onLoad({ filter: /[/\\]helper[/\\]policy\.ts$/ }, () => ({
        contents: policy,
        loader: "ts",
      }));
    },
  };
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, "helper/main.ts")],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node24",
    supported: { using: true }, // esbuild does not know yet, and would bring code of its own
    format: "cjs",
    logLevel: "error",
    plugins: [site],
  });
  const bundle = outputFiles[0]?.text ?? "";
  const policyHash = sha256(await policyText(root, policy));
  const buildId = sha256(`${version}\n${bundle}\n${sha256(sealedRuntime())}`);
  const constants = { version, buildId, policyHash };
  // `BUILD` stays a free name in the bundle, so that its own hash can be one of its values.
  return {
    text: `const BUILD = ${JSON.stringify(constants)};\n${bundle}`,
    build: constants,
    metafile,
  };
}

/** The compiled-in tables as JSON, whatever the spelling of the module that holds them. */
async function policyText(root: string, policy: string | null): Promise<string> {
  const source = policy ?? readFileSync(join(root, "helper/policy.ts"), "utf8");
  const { outputFiles } = await build({
    stdin: { contents: source, loader: "ts", resolveDir: join(root, "helper") },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
  });
  const url = `data:text/javascript,${encodeURIComponent(outputFiles[0]?.text ?? "")}`;
  const { VERDICTS, DEADLINE_SECONDS } = (await import(url)) as Record<string, unknown>;
  return JSON.stringify({ VERDICTS, DEADLINE_SECONDS });
}

function sha256(data: string | Buffer): string {
  return createHash("sha256").update(data).digest("hex");
}
