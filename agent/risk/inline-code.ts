/** Interpreters with their code on the command line or standard input: read for what is plainly in it. */
import { spanOf, type Context, type Input } from "./context.ts";
import type { Finding, Span } from "./findings.ts";
import { isSecretPath } from "./secrets.ts";
import { UNKNOWN, type Word } from "./word.ts";

type Interpreter = {
  /** Options whose value is code. */
  code: RegExp;
  /** Options that take another value. */
  valued: RegExp;
  /** The first operand is code, unless an option of code was there. */
  first?: true;
};

const NEVER = /^$/;
const PERL: Interpreter = { code: /^-[a-zA-Z0-9]*[eE]$/, valued: /^-[IMm]$/ };
const AWK: Interpreter = { code: /^(?:-e|--source)$/, valued: /^-[vFfl]$/, first: true };
const NODE: Interpreter = {
  code: /^(?:-e|-p|-pe|--eval|--print)$/,
  valued: /^(?:-r|--require|--import|--loader)$/,
};

const INTERPRETERS: Readonly<Record<string, Interpreter>> = {
  python: { code: /^-[a-zA-Z]*c$/, valued: /^-[WX]$/ },
  pypy: { code: /^-[a-zA-Z]*c$/, valued: /^-[WX]$/ },
  jython: { code: /^-c$/, valued: NEVER },
  ipython: { code: /^-c$/, valued: NEVER },
  perl: PERL,
  ruby: { code: /^-[a-zA-Z]*e$/, valued: /^-[IrCKE]$/ },
  jruby: { code: /^-e$/, valued: /^-[IrC]$/ },
  node: NODE,
  nodejs: NODE,
  bun: NODE,
  deno: { code: /^eval$/, valued: NEVER },
  tsx: NODE,
  "ts-node": NODE,
  php: { code: /^(?:-r|-B|-R|-E|--run)$/, valued: /^-[dcFzt]$/ },
  lua: { code: /^-e$/, valued: /^-l$/ },
  luajit: { code: /^-e$/, valued: /^-l$/ },
  julia: { code: /^(?:-e|-E|--eval|--print)$/, valued: /^-[pLJ]$/ },
  R: { code: /^-e$/, valued: NEVER },
  Rscript: { code: /^-e$/, valued: NEVER },
  osascript: { code: /^-e$/, valued: /^-l$/ },
  groovy: { code: /^-e$/, valued: NEVER },
  scala: { code: /^-e$/, valued: NEVER },
  elixir: { code: /^(?:-e|--eval)$/, valued: NEVER },
  erl: { code: /^-eval$/, valued: NEVER },
  ghc: { code: /^-e$/, valued: NEVER },
  guile: { code: /^-c$/, valued: NEVER },
  racket: { code: /^-e$/, valued: NEVER },
  sbcl: { code: /^--eval$/, valued: /^--load$/ },
  emacs: { code: /^(?:--eval|-eval|--execute)$/, valued: /^-l$/ },
  jjs: { code: /^-e$/, valued: NEVER },
  jshell: { code: NEVER, valued: NEVER },
  jrunscript: { code: /^-e$/, valued: NEVER },
  irb: { code: /^-e$/, valued: NEVER },
  tclsh: { code: NEVER, valued: NEVER },
  expect: { code: /^-c$/, valued: NEVER },
  wish: { code: NEVER, valued: NEVER },
  awk: AWK,
  gawk: AWK,
  mawk: AWK,
  nawk: AWK,
};

export function interpreterOf(program: string): Interpreter | null {
  return Object.hasOwn(INTERPRETERS, program) ? (INTERPRETERS[program] ?? null) : null;
}

type Sign = Finding & { plain: RegExp };

const SIGNS: readonly Sign[] = [
  {
    rule: "code.deletes",
    level: "CRITICAL",
    axes: ["destructive"],
    text: "code that deletes or empties files",
    plain:
      /\brm(?:Sync|dirSync|tree|_rf?|_r|dir)?\s*[('"[]|\b(?:rmtree|rmdir|removedirs|unlink(?:Sync)?|remove_dir\w*|remove_file|delete_file|deleteFile|deleteRecursive|rm_rf?|truncate(?:Sync)?|ftruncate|file_delete|Deno\.remove|FileUtils\.\w*rm\w*|File\.delete|Dir\.(?:delete|rmdir)|os\.remove|shutil\.(?:rmtree|move)|fs\.(?:promises\.)?rm|emptyDir|remove-item|file\s+delete|delete-file)\b|\brm\s+-\w*[rf]|\bDROP\s+(?:TABLE|DATABASE)|\bpath\([^)]{0,200}\)\.unlink|\bmkfs\b|\bdd\s+(?:if|of)=/i,
  },
  {
    rule: "code.shell",
    level: "CRITICAL",
    text: "code that starts programs or a shell. Write the program on the command line, where it can be judged",
    plain:
      /\bos\.(?:system|popen|exec\w*|spawn\w*|fork|kill|setuid|chroot)\b|\b(?:subprocess|pty|child_process|commands\.getoutput|Popen|check_output|check_call|execSync|execFileSync|spawnSync|spawn|execFile|shell_exec|passthru|proc_open|pcntl_exec|popen\d?|execve?|execvp?e?|execlp?e?|Open3|IO\.popen|Kernel\.(?:system|exec|spawn)|Deno\.Command|Bun\.(?:spawn|\$)|do\s+shell\s+script|Runtime\.getRuntime|ProcessBuilder|os\.execute|io\.popen)\b|\b(?:system|exec|shell|shell_exec|backtick|spawn|syscall)\s*(?:\(|["'`]|\s\w)|`[^`\n]+`|%x[({[]|\bqx\b|\/bin\/(?:ba|da|z|k)?sh\b|\|\s*(?:getline|&)|\|\s*"|"\s*\|\s*getline|\brun\s*\(`/i,
  },
  {
    rule: "code.writes",
    level: "CRITICAL",
    axes: ["destructive"],
    text: "code that overwrites files",
    plain:
      /\bopen\s*\(?[^)]{0,200},\s*(?:mode\s*=\s*)?["'](?:[wax]|r\+|>|\+)[^"']*["']|\b(?:writeFile(?:Sync)?|appendFile(?:Sync)?|createWriteStream|write_text|write_bytes|file_put_contents|fputs|fwrite|copyFile(?:Sync)?|rename(?:Sync)?|renameSync|chmod(?:Sync)?|chown(?:Sync)?|symlink(?:Sync)?|shutil\.(?:copy\w*|move)|os\.(?:rename|replace|chmod|chown|symlink|link|makedirs|mkdir|truncate)|File\.(?:write|rename|chmod|open)|IO\.write|Deno\.write\w*|Bun\.write|spit|mkdirSync)\b|\bprintf?\b[^;|}]{0,200}>{1,2}\s*["\w$(]|\bopen\s*\(?\s*\w+\s*,\s*["']\s*\+?>/i,
  },
  {
    rule: "code.hidden",
    level: "CRITICAL",
    text: "code that puts together other code and runs it: what it does cannot be read here",
    plain:
      /\b(?:eval|exec|execfile|compile|__import__|importlib|getattr|globals|Function|instance_eval|class_eval|create_function|assert|loadstring|marshal|pickle|codecs|b(?:16|32|64|85)decode|base64_decode|a2b_\w+|fromhex|unhexlify|decode64|atob|fromCharCode|gzinflate|str_rot13|pack|unpack|chr)\s*[(.'"]|\bBuffer\.from\b|\[::-1\]|(?:\\x[\da-f]{2}){3}|(?:\\u00[\da-f]{2}){3}|import\s+base64/i,
  },
  {
    rule: "code.network",
    level: "CAUTION",
    axes: ["network"],
    text: "code that uses the network",
    plain:
      /\b(?:socket|urllib\d?|requests|httpx?|aiohttp|http\.(?:client|server|get)|https?:\/\/|ftplib|smtplib|telnetlib|paramiko|fetch|axios|XMLHttpRequest|net\.(?:connect|createServer|Socket)|dgram|LWP|Net::\w+|IO::Socket|TCPSocket|open-uri|curl_exec|fsockopen|file_get_contents\s*\(\s*["']http|WebSocket)\b|\/inet\/tcp/i,
  },
  {
    rule: "code.reads-environment",
    level: "CAUTION",
    axes: ["exfiltration"],
    text: "code that reads variables, in which there may be secrets",
    plain: /\bos\.environ|\bgetenv\b|\bprocess\.env\b|\bENV\b|%ENV\b|\bENVIRON\b|Deno\.env/,
  },
];

const CODE: Finding = {
  rule: "code.inline",
  level: "CAUTION",
  text: "runs code from the command line, which can do anything this user can",
};
const UNREAD: Finding = {
  rule: "code.unread",
  level: "CRITICAL",
  text: "an interpreter runs whatever comes from there, and nobody has read it. Save it, read it, then run it",
};

/** Longer code is not searched through; it is not read by anybody either. */
const LONGEST_CODE = 16_384;

function judgeCode(text: string, span: Span, context: Context): void {
  context.add(CODE, span);
  if (text.length > LONGEST_CODE || text.trim() === UNKNOWN) context.add(UNREAD, span);
  const code = text.slice(0, LONGEST_CODE);
  for (const { plain, ...finding } of SIGNS) if (plain.test(code)) context.add(finding, span);
  if (code.split(/[^\w~./-]+/).some((part) => part.includes("/") && isSecretPath(part))) {
    const found = "code that names a file with keys, passwords or other people's data";
    context.add(
      { rule: "code.secret", level: "CAUTION", axes: ["exfiltration"], text: found },
      span,
    );
  }
}

/** Whether there was any code; a program's file or a question for its version is for others to judge. */
export function judgeInterpreter(
  interpreter: Interpreter,
  args: readonly Word[],
  input: Input,
  context: Context,
): boolean {
  const span = spanOf(args);
  let [found, at] = [false, 0];
  let operand: Word | null = null;
  for (; at < args.length; at += 1) {
    const word = args[at];
    if (word === undefined) break;
    const { text, start, end } = word;
    const attached = /^(--\w+)=([\s\S]*)$/.exec(text) ?? /^(-[ce])([^a-zA-Z][\s\S]*)$/.exec(text);
    if (interpreter.code.test(text)) {
      at += 1;
      const code = args[at];
      if (code === undefined) context.add(UNREAD, [start, end]);
      else judgeCode(code.text, [code.start, code.end], context);
      found = true;
    } else if (attached?.[1] !== undefined && interpreter.code.test(attached[1])) {
      judgeCode(attached[2] ?? "", [start, end], context);
      found = true;
    } else if (interpreter.valued.test(text)) at += 1;
    else if (text !== "-" && !text.startsWith("-")) {
      operand = word;
      break;
    }
  }
  if (found) return true;
  if (interpreter.first === true && operand !== null) {
    judgeCode(operand.text, [operand.start, operand.end], context);
    return true;
  }
  if (operand !== null && !/^\/dev\/(?:fd\/|stdin)/.test(operand.text)) return false;
  if (operand !== null) {
    context.add(UNREAD, span);
    return true;
  }
  const asks = args.some(({ text }) => /^(?:--?version|-[vVh]|--help|-m)$/.test(text));
  if (asks) return false;
  if (input.kind === "text") judgeCode(input.text, span, context);
  else if (input.kind === "unknown") context.add(UNREAD, span);
  return input.kind !== "none";
}
