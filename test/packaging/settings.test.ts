/** The settings file that the package installs. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parseSettings } from "../../agent/daemon/settings.ts";

const text = readFileSync(
  join(resolve(import.meta.dirname, "../.."), "packaging/daemon.yaml"),
  "utf8",
);

test("it sets nothing, and shows every setting with its default", () => {
  const defaults = parseSettings("", "empty");
  expect(parseSettings(text, "as installed")).toEqual(defaults);
  const shown = text.replaceAll(/^#(?=[a-z]\w*:|  )/gm, "");
  expect(parseSettings(shown, "all of it")).toEqual({
    ...defaults,
    tokenFile: "/var/lib/sallyport-daemon/token",
    fleet: { operatorSocket: "/run/sallyport-operator/operator.sock" },
  });
});
