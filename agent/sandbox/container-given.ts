/** What a container is given: files in a folder that is read-only inside, and when there is enough of them to go on. */
import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Socket } from "node:net";
import { deadlineFile, startFiles, WAKE } from "./container-launcher.ts";
import type { ContainerKind, Interpreter } from "./container.ts";
import { makePipe } from "./waiting-program.ts";
import type { Workspace } from "./workspace.ts";

/** What the launcher finds when it starts, where it is to start something itself. */
export async function prepare({ ahead, workspace }: ContainerKind, given: string): Promise<void> {
  if (ahead === null) return;
  await makePipe(pipeIn(given, ahead));
  const folder = folderFor(workspace);
  put(given, { stdin: "", ...startFiles({ argv: [ahead.path, ahead.file], env: {}, folder }) });
}

export function pipeIn(given: string, { file }: Interpreter): string {
  return join(given, basename(file));
}

/** Where its program starts, inside. */
export function folderFor(workspace: Workspace | null): string {
  return workspace === null ? "/tmp" : "/workspace";
}

/** Its deadline is there whole, or not at all. */
export function letGo(stdin: Socket, given: string, seconds: number): void {
  const { name, text } = deadlineFile(seconds);
  put(given, { [`${name}.new`]: text });
  renameSync(join(given, `${name}.new`), join(given, name));
  stdin.write(WAKE);
}

export function put(given: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(given, name), text);
    // Whatever the umask.
    chmodSync(join(given, name), 0o644);
  }
}
