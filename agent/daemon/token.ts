/** The bearer token: made once, readable by this user alone. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import type { Flaw } from "../settings-file.ts";

const TOKEN_BYTES = 32;
const FILE_MAX_BYTES = 4096;

/** The token in `file`, which is made where there is none; `flaw` says why there can be none. */
export function readToken(file: string): { token: string; created: boolean } | Flaw {
  try {
    const found = readTokenFile(file);
    if (found !== null) return typeof found === "string" ? { token: found, created: false } : found;
    const made = createTokenFile(file);
    if (typeof made === "string") return { token: made, created: true };
    return made ?? { flaw: `the token file ${file} appeared just now` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const why = code === "ELOOP" ? "it is a symbolic link" : code;
    return { flaw: `there can be no token file at ${file} (${why})` };
  }
}

function readTokenFile(file: string): string | Flaw | null {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let fd: number;
  try {
    fd = openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  try {
    const { mode, uid, size } = fstatSync(fd);
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) {
      return { flaw: `the token file ${file} is no file` };
    }
    if (uid !== process.geteuid?.() && uid !== 0) {
      return { flaw: `the token file ${file} belongs to uid ${uid}` };
    }
    if ((mode & 0o077) !== 0) {
      return { flaw: `others can read the token file ${file}`, hint: `chmod 600 ${file}` };
    }
    if (size > FILE_MAX_BYTES) return { flaw: `the token file ${file} holds no token` };
    const token = readFileSync(fd, "latin1").replace(/\n$/, "");
    if (!/^[A-Za-z0-9._~+/-]{32,}=*$/.test(token)) {
      return { flaw: `the token file ${file} holds no token: 32 letters and digits at least` };
    }
    return token;
  } finally {
    closeSync(fd);
  }
}

/** Appears whole or not at all: a daemon that is killed here leaves no empty token behind. Null where it exists. */
function createTokenFile(file: string): string | Flaw | null {
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  const draft = `${file}.${randomBytes(8).toString("hex")}`;
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    const text = `${token}\n`;
    // A disk that is nearly full takes a part.
    if (writeSync(fd, text) !== text.length) return { flaw: `no room for the token file ${file}` };
    fsyncSync(fd);
    linkSync(draft, file); // unlike rename(2), never replaces
    return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return null;
    throw error;
  } finally {
    closeSync(fd);
    rmSync(draft, { force: true });
  }
}
