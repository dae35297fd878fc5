/** The settings files that the package installs. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parseSettings } from "../../agent/daemon/settings.ts";
import { sandboxSettingsSchema } from "../../agent/sandbox/settings.ts";
import { DEFAULT_CODE_POLICY } from "../../agent/sanitizer/finding.ts";
import { parseSettingsText } from "../../agent/settings-file.ts";

const read = (name: string): string =>
  readFileSync(join(resolve(import.meta.dirname, "../../packaging"), name), "utf8");
/** As it is where every setting in it is taken. */
const shownIn = (text: string): string => text.replaceAll(/^#(?=[a-z]\w*:|  )/gm, "");

test("daemon.yaml sets nothing, and shows every setting with its default", () => {
  const text = read("daemon.yaml");
  const defaults = parseSettings("", "empty");
  expect(parseSettings(text, "as installed")).toEqual(defaults);
  expect(parseSettings(shownIn(text), "all of it")).toEqual({
    ...defaults,
    tokenFile: "/var/lib/sallyport-daemon/token",
    fleet: { operatorSocket: "/run/sallyport-operator/operator.sock" },
  });
});

test("sandbox.yaml sets nothing, and shows every setting with its default", () => {
  const text = read("sandbox.yaml");
  const of = (yaml: string) => parseSettingsText(sandboxSettingsSchema, yaml, "sandbox.yaml");
  const defaults = sandboxSettingsSchema.parse({});
  expect(of(text)).toEqual(defaults);
  const { rules } = DEFAULT_CODE_POLICY;
  expect(of(shownIn(text))).toEqual({ ...defaults, code: { ...defaults.code, rules } });
});
