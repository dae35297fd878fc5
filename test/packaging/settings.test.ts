/** The settings file that the package installs. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const text = readFileSync(join(root, "packaging/daemon.yaml"), "utf8");
const settings = join(root, "agent/daemon/settings.ts");
type Settings = { parseSettings: (text: string, file: string) => Record<string, unknown> };

test.skipIf(!existsSync(settings))(
  "sets nothing, and shows every setting with its default",
  async () => {
    const { parseSettings } = (await import(settings)) as Settings;
    const defaults = parseSettings("", "empty");
    expect(parseSettings(text, "as installed")).toEqual(defaults);
    const shown = text.replaceAll(/^#(?=[a-z]\w*:|  )/gm, "");
    expect(parseSettings(shown, "all of it")).toEqual({
      ...defaults,
      tokenFile: "/var/lib/sallyport-daemon/token",
    });
  },
);
