/** The sandboxes of the user who runs this process, whatever asks for them. */
import { escapeLine } from "../escape.ts";
import { stateFolder } from "../workflow/state-folder.ts";
import { thisHost } from "../host.ts";
import { hostSandboxes } from "./host-sandboxes.ts";
import { ownRootRecord } from "./root-record.ts";

export const USER_SANDBOXES = hostSandboxes({
  folder: stateFolder(process.env),
  by: "exec",
  record: ownRootRecord(thisHost()),
  say: (text) => process.stderr.write(`sallyport: ${escapeLine(text)}\n`),
});

// Whoever has nothing else to do: sandboxes that wait hold nobody up (container.ts).
process.once("beforeExit", () => void USER_SANDBOXES.close());
