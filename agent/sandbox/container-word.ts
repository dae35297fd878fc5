/**
 * What a daemon says that it made, beside what it was asked for. What the kernel shows inside is looked at, too
 * (confinement.ts); this finds what does not show there: groups, devices, mounts and other spaces that were added.
 */
import { z } from "zod";
import { userFor, type ContainerWish, type containerSpec } from "./container-spec.ts";

const list = z
  .array(z.unknown())
  .nullish()
  .transform((found) => found ?? []);
const words = z
  .array(z.string())
  .nullish()
  .transform((found) => found ?? []);
const word = z.string().nullish();

const told = z.looseObject({
  Image: z.string(),
  Config: z.looseObject({ User: z.string() }),
  HostConfig: z.looseObject({
    NetworkMode: z.string(),
    ReadonlyRootfs: z.boolean(),
    Memory: z.number(),
    MemorySwap: z.number(),
    NanoCpus: z.number(),
    PidsLimit: z.number(),
    Privileged: z.boolean(),
    CapAdd: words,
    CapDrop: words,
    SecurityOpt: words,
    PidMode: word,
    UTSMode: word,
    UsernsMode: word,
    Devices: list,
    DeviceRequests: list,
    GroupAdd: list,
    VolumesFrom: list,
  }),
  Mounts: z.array(z.looseObject({ Source: z.string(), Destination: z.string(), RW: z.boolean() })),
});

type Asked = ReturnType<typeof containerSpec>["HostConfig"];

/** In which keys its word is another one; `answer` is its inspection of the container, null where it gave none. */
export function disagreements(wish: ContainerWish, asked: Asked, answer: unknown): string[] {
  const parsed = told.safeParse(answer);
  if (!parsed.success) return ["all"];
  const { Image, Config, HostConfig: found, Mounts } = parsed.data;
  const { backend, image, workspace, given } = wish;
  const { uid, gid } = userFor(workspace);
  const mounts = [
    `${given} /sandbox false`,
    ...(workspace === null
      ? []
      : [`${workspace.folder} /workspace ${workspace.access === "write"}`]),
  ];
  const agreed: Record<string, boolean> = {
    Image: Image.replace("sha256:", "") === image.replace("sha256:", ""),
    User: Config.User === `${uid}:${gid}`,
    NetworkMode: found.NetworkMode === asked.NetworkMode,
    ReadonlyRootfs: found.ReadonlyRootfs === asked.ReadonlyRootfs,
    Memory: found.Memory === asked.Memory,
    MemorySwap: found.MemorySwap === asked.MemorySwap,
    NanoCpus: found.NanoCpus === asked.NanoCpus,
    PidsLimit: found.PidsLimit === asked.PidsLimit,
    Privileged: !found.Privileged,
    CapAdd: found.CapAdd.length === 0,
    // Podman names all those that it would have given.
    CapDrop: backend === "podman" ? found.CapDrop.length > 0 : found.CapDrop.join() === "ALL",
    SecurityOpt: isSameSecurity(found.SecurityOpt, wish),
    PidMode: isOwn(found.PidMode),
    UTSMode: isOwn(found.UTSMode),
    UsernsMode: isOwn(found.UsernsMode),
    Devices: found.Devices.length === 0 && found.DeviceRequests.length === 0,
    GroupAdd: found.GroupAdd.length === 0,
    VolumesFrom: found.VolumesFrom.length === 0,
    Mounts:
      Mounts.map(({ Source, Destination, RW }) => `${Source} ${Destination} ${RW}`)
        .toSorted()
        .join("\n") === mounts.toSorted().join("\n"),
  };
  return Object.keys(agreed).filter((key) => agreed[key] !== true);
}

/** Podman tells neither what is masked nor that it is true. */
function isSameSecurity(found: readonly string[], { seccomp }: ContainerWish): boolean {
  const plain = found.map((option) =>
    option.replace(/^no-new-privileges:true$/, "no-new-privileges"),
  );
  const expected = ["no-new-privileges", `seccomp=${seccomp}`];
  return plain.toSorted().join("\n") === expected.toSorted().join("\n");
}

function isOwn(space: string | null | undefined): boolean {
  return ["", "private"].includes(space ?? "");
}
