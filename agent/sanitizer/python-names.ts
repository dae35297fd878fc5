/** Names of Python that say what code is about to do; `python.py` is given them. */
import type { RuleName } from "./finding.ts";

const MODULES: Partial<Record<RuleName, string>> = {
  "child-process": "subprocess multiprocessing pty os.system concurrent.futures threading signal",
  network:
    "socket ssl http urllib ftplib smtplib poplib imaplib telnetlib xmlrpc socketserver asyncio requests httpx aiohttp urllib3",
  "file-system":
    "shutil pathlib tempfile glob fileinput io zipfile tarfile sqlite3 dbm shelve mmap codecs linecache tokenize",
  eval: "code codeop marshal pickle runpy ctypes cffi timeit profile cProfile trace pdb bdb doctest",
  os: "os posix platform pwd grp resource sys",
  "dynamic-import": "importlib imp pkgutil zipimport builtins",
  environment: "os.environ os.getenv",
  obfuscation: "inspect gc",
};

const CALLS: Partial<Record<RuleName, string>> = {
  eval: "eval exec compile",
  "file-system": "open",
  "dynamic-import": "__import__",
  obfuscation: "globals locals vars __builtins__",
};

function byName(rules: Partial<Record<RuleName, string>>): Record<string, RuleName> {
  return Object.fromEntries(
    Object.entries(rules).flatMap(([rule, names]) =>
      names.split(" ").map((name) => [name, rule as RuleName] as const),
    ),
  );
}

export const PYTHON_NAMES = {
  modules: byName(MODULES),
  calls: byName(CALLS),
  /** Attributes by which frames, code and classes are climbed. */
  climbing: [
    "gi_frame",
    "cr_frame",
    "ag_frame",
    "tb_frame",
    "f_globals",
    "f_builtins",
    "f_locals",
    "f_back",
    "func_globals",
    "mro",
  ],
  harmless: ["__name__", "__doc__", "__init__", "__len__", "__str__", "__repr__", "__version__"],
};
