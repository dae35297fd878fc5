/** The bill of materials, CycloneDX 1.6: what the programs are made of and nothing that only built them. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runtime as runtimeFile } from "../runtime.ts";
import type { Bundled, BundledPackages } from "./bundled.ts";

type Component = Record<string, unknown> & { "bom-ref": string };

/** No serial number and no time of making: the same programs have the same bill. */
export function sbomText(version: string, dist: string, bundled: BundledPackages): string {
  const node = runtimeComponent(bundled.runtime);
  const packages = bundled.packages.map(npmComponent);
  const addon = bundled.addon.map(npmComponent);
  const programs = ["sallyport", "sallyport-helper", "pty.node"].map((name) => ({
    "bom-ref": name,
    type: name === "pty.node" ? "library" : "application",
    name,
    version,
    hashes: [hashOf(join(dist, name))],
    licenses: [{ license: { id: "MIT" } }],
  }));
  const refs = packages.map((component) => component["bom-ref"]);
  const bill = {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        "bom-ref": "package",
        type: "application",
        name: "sallyport",
        version,
        purl: `pkg:deb/sallyport@${version}?arch=amd64`,
        licenses: [{ license: { id: "MIT" } }],
      },
    },
    components: [...programs, node, ...packages, ...addon],
    dependencies: [
      { ref: "package", dependsOn: programs.map((program) => program["bom-ref"]) },
      { ref: "sallyport", dependsOn: [node["bom-ref"], ...refs] },
      { ref: "sallyport-helper", dependsOn: [node["bom-ref"]] },
      { ref: "pty.node", dependsOn: addon.map((component) => component["bom-ref"]) },
    ],
  };
  return `${JSON.stringify(bill, null, 2)}\n`;
}

function npmComponent({ name, version, license, integrity }: Bundled): Component {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  return {
    "bom-ref": purl,
    type: "library",
    name,
    version,
    purl,
    hashes: [{ alg: "SHA-512", content: sha512In(integrity) }],
    licenses: [{ license: { id: license } }],
  };
}

/** With the libraries that it contains itself, by its own word: advisories are about these. */
function runtimeComponent(runtime: Bundled): Component {
  const { stdout, status } = spawnSync(runtimeFile(), ["-p", "JSON.stringify(process.versions)"], {
    encoding: "utf8",
    env: {},
  });
  if (status !== 0) throw new Error("the runtime does not run");
  const { node, modules, napi, ...inside } = JSON.parse(stdout) as Record<string, string>;
  if (node !== runtime.version || modules === undefined || napi === undefined)
    throw new Error(`the runtime is ${node}, not ${runtime.version}`);
  return {
    ...npmComponent(runtime),
    type: "platform",
    description: "The Node.js runtime inside both programs",
    cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:*:*:*:*`,
    components: Object.entries(inside)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, version]) => ({
        "bom-ref": `node/${name}`,
        type: "library",
        name,
        version,
      })),
  };
}

function sha512In(integrity: string): string {
  const [algorithm, digest = ""] = integrity.split("-", 2);
  if (algorithm !== "sha512") throw new Error(`${integrity} is not SHA-512`);
  return Buffer.from(digest, "base64").toString("hex");
}

function hashOf(file: string): { alg: string; content: string } {
  return {
    alg: "SHA-256",
    content: createHash("sha256").update(readFileSync(file)).digest("hex"),
  };
}
