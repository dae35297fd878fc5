/**
 * Containers that wait for their program, so that it need not wait for them, and where it can be, its interpreter with
 * them. Each is for one run.
 */
import type { ContainerApi } from "./container-api.ts";
import { makeContainer, type Container, type ContainerKind } from "./container.ts";
import type { SandboxRefusal } from "./refusal.ts";

export type ContainerPool = {
  /** One that nothing has run in. */
  take(
    wish: Omit<ContainerKind, "image" | "backend">,
    isLast: boolean,
  ): Promise<Container | SandboxRefusal>;
  /** Ends those that wait, and waits until nothing is left of any. */
  close(): Promise<void>;
};

/** As many kinds are kept ready: for each language, for commands, and for what examines python. */
const KINDS_MAX = 5;

export function containerPool(
  api: ContainerApi,
  common: Pick<ContainerKind, "image" | "backend">,
  warm: number,
): ContainerPool {
  const waiting = new Map<string, Promise<Container | SandboxRefusal>[]>();
  const leaving = new Set<Promise<void>>();
  const over = new WeakSet<Container>();
  let isClosed = false;

  const make = async (kind: ContainerKind): Promise<Container | SandboxRefusal> => {
    const container = await makeContainer(api, kind);
    if ("kind" in container) return container;
    void container.ended.then(() => over.add(container));
    const gone = container.gone.finally(() => leaving.delete(gone));
    leaving.add(gone);
    return container;
  };
  /** Null where it could not be made, or has ended while it waited. */
  const usable = async (made: Promise<Container | SandboxRefusal>): Promise<Container | null> => {
    const container = await made.catch(() => null);
    return container === null || "kind" in container || over.has(container) ? null : container;
  };
  /** The same, and what was started in it waits, too; else it is ended. */
  const ready = async (made: Promise<Container | SandboxRefusal>): Promise<Container | null> => {
    const container = await usable(made);
    if (container === null || container.isReady()) return container;
    await container.kill();
    return null;
  };
  const discard = async (made: Promise<Container | SandboxRefusal>): Promise<void> => {
    const container = await usable(made);
    await container?.kill();
  };
  /** What was made ahead and failed is told to nobody: the next one who asks has it made again. */
  const fill = (key: string, kind: ContainerKind): void => {
    const all = waiting.get(key) ?? [];
    waiting.delete(key);
    waiting.set(key, all);
    for (const oldest of [...waiting.keys()].slice(0, -KINDS_MAX)) {
      for (const made of waiting.get(oldest) ?? []) void discard(made);
      waiting.delete(oldest);
    }
    if (isClosed) return;
    while (all.length < warm) {
      const made = make(kind);
      made.then(rest, () => {});
      all.push(made);
    }
  };

  return {
    async take(wish, isLast) {
      const kind = { ...wish, ...common };
      const key = keyOf(kind);
      // Whose program is there already need not wait for an interpreter that waits for it.
      const plain = { ...kind, ahead: null };
      if (key === null || warm === 0 || isLast) return await make(plain);
      const made = waiting.get(key)?.shift();
      const container = made === undefined ? null : await ready(made);
      container?.hold(true);
      try {
        return container ?? (await make(plain));
      } finally {
        fill(key, kind);
      }
    },
    async close() {
      isClosed = true;
      const all = [...waiting.values()].flat();
      waiting.clear();
      await Promise.all(all.map(discard));
      await Promise.all(leaving);
    },
  };
}

/** What all containers of a kind have in common; null for those that nobody will ask for again. */
function keyOf({ profile, workspace, ahead }: ContainerKind): string | null {
  if (workspace !== null) return null;
  // What examines a program keeps more of what is said, and so does not take what waits for the program.
  const { seconds: _, ...limits } = profile;
  return JSON.stringify([limits, ahead]);
}

function rest(made: Container | SandboxRefusal): void {
  if (!("kind" in made)) made.hold(false);
}
