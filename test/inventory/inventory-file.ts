/** Inventory files for a test, in a folder that goes with it. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

export const folder = mkdtempSync(join(tmpdir(), "sallyport-inventory-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

export function put(text: string, name = `inventory-${(files += 1)}.yaml`, mode = 0o644): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}
