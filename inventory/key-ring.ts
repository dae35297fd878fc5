/** The keys that are tried on a host: the agent's and those of files, in the order of ssh(1). */
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { BaseAgent, OpenSSHAgent, utils, type ParsedKey, type SignCallback } from "ssh2";
import type { KeyFiles } from "./key-files.ts";
import { typeOf } from "./known-hosts.ts";
import type { SshSettings } from "./ssh-settings.ts";

type Key = { blob: Buffer; file: string | null };

export type KeyRing = {
  agent: BaseAgent;
  /** Keys that were not tried, and why; what only OpenSSH can use is in the second list. */
  unusable: string[];
  onlyOpenSsh: string[];
};

const USABLE = /^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))$/;
const AGENT_ANSWER_MAX_BYTES = 256 * 1024;

export function keyRing(settings: SshSettings, files: KeyFiles): KeyRing {
  const ring: Omit<KeyRing, "agent"> = { unusable: [], onlyOpenSsh: [] };
  const keys = async (): Promise<Key[]> => {
    const held = await heldBy(settings.agent, ring.unusable);
    const inFiles: Key[] = [];
    for (const file of settings.identityFiles) {
      const blob = await files.publicOf(file);
      if (blob === null) continue;
      if (existsSync(`${file}-cert.pub`)) ring.onlyOpenSsh.push(`${file} has a certificate`);
      if (!Buffer.isBuffer(blob)) ring.unusable.push(blob.unusable);
      else inFiles.push({ blob, file });
    }
    const isIn = (list: readonly Key[], { blob }: Key): boolean =>
      list.some((key) => key.blob.equals(blob));
    const all = [
      ...held.filter((key) => isIn(inFiles, key)),
      ...(settings.identitiesOnly ? [] : held.filter((key) => !isIn(inFiles, key))),
      ...inFiles.filter((key) => !isIn(held, key) && key.file !== null && existsSync(key.file)),
    ];
    return all.filter((key) => {
      if (USABLE.test(typeOf(key.blob))) return true;
      ring.onlyOpenSsh.push(`${key.file ?? "the agent"} has a key of type ${typeOf(key.blob)}`);
      return false;
    });
  };
  return { ...ring, agent: new RingAgent(keys, settings.agent, files, ring.unusable) };
}

/** ssh2 takes keys that are to be looked for, or wait for a passphrase, only from what it calls an agent. */
class RingAgent extends BaseAgent<ParsedKey> {
  readonly #keys: () => Promise<Key[]>;
  readonly #socket: string | null;
  readonly #files: KeyFiles;
  readonly #unusable: string[];
  #found: Key[] = [];

  constructor(
    keys: () => Promise<Key[]>,
    socket: string | null,
    files: KeyFiles,
    unusable: string[],
  ) {
    super();
    this.#keys = keys;
    this.#socket = socket;
    this.#files = files;
    this.#unusable = unusable;
  }

  override getIdentities(done: (error: Error | null, keys?: ParsedKey[]) => void): void {
    this.#keys().then((found) => {
      this.#found = found;
      const parsed = found.map(({ blob }) => utils.parseKey(blob));
      done(
        null,
        parsed.flatMap((key) => (key instanceof Error ? [] : key)),
      );
    }, done);
  }

  override sign(key: ParsedKey, data: Buffer, ...rest: unknown[]): void {
    const done = rest.at(-1) as SignCallback;
    const options = (rest.length > 1 ? rest[0] : {}) as { hash?: "sha256" | "sha512" };
    const blob = key.getPublicSSH();
    const file = this.#found.find((one) => one.blob.equals(blob))?.file ?? null;
    if (file === null) {
      new OpenSSHAgent(this.#socket ?? "").sign(key, data, options, done);
      return;
    }
    void this.#files.load(file).then((loaded) => {
      const signed =
        "unusable" in loaded ? new Error(loaded.unusable) : loaded.sign(data, options.hash);
      if (!(signed instanceof Error)) return done(null, signed);
      this.#unusable.push(signed.message);
      done(signed);
    });
  }
}

/** The agent's keys; one that is not there, or does not answer, has none. */
async function heldBy(socket: string | null, unusable: string[]): Promise<Key[]> {
  if (socket === null) return [];
  try {
    return blobsIn(await answerOf(socket)).map((blob) => ({ blob, file: null }));
  } catch (error) {
    unusable.push(`the agent at ${socket} does not answer (${(error as Error).message})`);
    return [];
  }
}

/** SSH_AGENTC_REQUEST_IDENTITIES of draft-miller-ssh-agent, as ssh2 leaves out the keys it does not know. */
function answerOf(socket: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const agent = connect(socket, () => agent.write(Buffer.from([0, 0, 0, 1, 11])));
    let heard = Buffer.alloc(0);
    agent.setTimeout(3000, () => agent.destroy(new Error("late")));
    agent.on("error", reject).on("close", () => reject(new Error("closed")));
    agent.on("data", (bytes: Buffer) => {
      heard = Buffer.concat([heard, bytes]);
      const length = heard.length < 4 ? 0 : heard.readUInt32BE(0);
      if (length > AGENT_ANSWER_MAX_BYTES) agent.destroy(new Error("too long"));
      if (length === 0 || heard.length < 4 + length) return;
      resolve(heard.subarray(4, 4 + length));
      agent.destroy();
    });
  });
}

function blobsIn(answer: Buffer): Buffer[] {
  if (answer[0] !== 12) throw new Error("refused");
  const blobs: Buffer[] = [];
  let at = 5;
  const next = (): Buffer => {
    const from = at + 4;
    at = from + answer.readUInt32BE(at);
    return answer.subarray(from, at);
  };
  for (let left = answer.readUInt32BE(1); left > 0; left -= 1) {
    blobs.push(next());
    next(); // its comment
  }
  return blobs;
}
