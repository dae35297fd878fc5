/** Variables: which of them change what programs do. */
import { NO_INPUT, type Assignment, type Context } from "./context.ts";

/** Read by every program, or only for how text looks. Nothing else may stand before an external program. */
const HARMLESS =
  /^(?:LANG|LANGUAGE|LC_[A-Z]+|TZ|NO_COLOR|FORCE_COLOR|CLICOLOR(?:_FORCE)?|TERM|COLUMNS|LINES|COLORTERM|CI|SYSTEMD_COLORS|GIT_OPTIONAL_LOCKS|GIT_TERMINAL_PROMPT|MANWIDTH|TIMEFORMAT|GREP_COLORS?|LS_COLORS|RUST_BACKTRACE|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|NODE_ENV|DEBIAN_FRONTEND|APT_LISTCHANGES_FRONTEND)$/;

/** Run a program, load code, or lead elsewhere. */
const LOADS =
  /^(?:LD_\w+|DYLD_\w+|BASH_ENV|ENV|PATH|IFS|SHELLOPTS|BASHOPTS|PS[0-4]|PROMPT_COMMAND|BASH_FUNC.*|GCONV_PATH|LOCPATH|NLSPATH|HOSTALIASES|RESOLV_\w+|GLIBC_TUNABLES|MALLOC_\w+|PYTHON(?:PATH|STARTUP|HOME|INSPECT|BREAKPOINT|WARNINGS|USERBASE)|PERL5?\w*(?:LIB|OPT|DB)|RUBY(?:LIB|OPT)|NODE_(?:OPTIONS|PATH|EXTRA_CA_CERTS)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|LUA_(?:INIT|PATH|CPATH)\w*|PHP_INI_SCAN_DIR|PHPRC|GEM_(?:HOME|PATH)|BUNDLE_GEMFILE|GIT_(?!OPTIONAL_LOCKS|TERMINAL_PROMPT|PAGER_IN_USE|AUTHOR|COMMITTER)\w+|\w*PAGER|\w*EDITOR|VISUAL|BROWSER|SHELL|LESS\w*|MANOPT|MANROFFOPT|TAR_OPTIONS|RSYNC_RSH|CVS_RSH|SSH_\w+|SUDO_\w+|XAUTHORITY|\w*_?ASKPASS|APT_CONFIG|DPKG_\w+|MAKEFLAGS|RUSTC_WRAPPER|RUSTFLAGS|CC|CXX|CFLAGS|LDFLAGS|NPM_CONFIG_\w+|npm_config_\w+|PIP_\w+|UV_\w+|CARGO_\w+|GOFLAGS|GOPROXY|DOCKER_(?:HOST|CONFIG|CONTEXT)|KUBECONFIG|AWS_\w+|(?:\w+_)?(?:https?|all|ftp)_proxy|(?:\w+_)?(?:HTTPS?|ALL|FTP)_PROXY|OPENSSL_\w+|SSL_CERT_\w+|CURL_HOME|CURL_CA_BUNDLE|WGETRC|HOME|TMPDIR|CDPATH|GLOBIGNORE|HISTFILE|HISTSIZE|FPATH|ZDOTDIR|INPUTRC|TERMINFO\w*|XDG_\w+|DBUS_\w+|DISPLAY|WAYLAND_DISPLAY|PKG_CONFIG_\w+|QT_\w+|GTK_\w+|VIMINIT|EXINIT|VIMRUNTIME|MYVIMRC|NVIM_\w+|EMACS\w*|FZF_\w+|RIPGREP_CONFIG_PATH|ACK\w*|BAT_\w+|OPTS|\w+_OPTIONS|\w+_OPTS)$/;

const LOADED = {
  rule: "environment.loads-code",
  level: "CRITICAL",
  text: "sets a variable by which other programs load code, run a program or look elsewhere",
} as const;

const LISTED = {
  rule: "environment.influence",
  level: "CAUTION",
  text: "sets a variable by which programs choose what they run, read or connect to",
} as const;

const CODE =
  /^(?:LD_|DYLD_|BASH_ENV|ENV$|PROMPT_COMMAND|PS4|BASH_FUNC|GCONV_PATH|PYTHON(?:STARTUP|PATH)|PERL5|RUBYOPT|NODE_OPTIONS|JAVA_TOOL|_JAVA|JDK_JAVA|GIT_(?:SSH|EXTERNAL|PAGER|EDITOR|SEQUENCE|ASKPASS|PROXY|EXEC|CONFIG|TEMPLATE)|\w*PAGER$|\w*EDITOR$|VISUAL$|LESSOPEN|SSH_ASKPASS|SUDO_ASKPASS|RSYNC_RSH|APT_CONFIG|TAR_OPTIONS|BROWSER$)/;

/**
 * `before`: what the assignments stand in front of. A shell's own variables do nothing to anybody until a
 * program is started with them, so on their own only names that programs know matter.
 */
export function judgeAssignments(
  assignments: readonly Assignment[],
  before: "nothing" | "builtin" | "program" | "export",
  context: Context,
): void {
  for (const { name, value, start, end } of assignments) {
    const span = [start, end] as const;
    if (LOADS.test(name)) {
      const code =
        CODE.test(name) && !/^(?:cat|less|more|true|:|vim?|nano|)$/.test(value?.text ?? "");
      context.add(code ? LOADED : LISTED, span);
    } else if ((before === "program" || before === "export") && !HARMLESS.test(name)) {
      const text = "sets a variable for a program, and nothing says what the program does with it";
      context.add({ rule: "environment.unknown", level: "CAUTION", text }, span);
    }
    if (value !== null && /\$\(|`/.test(value.text)) context.script(value.text, span, NO_INPUT);
    if (value?.opaque === true || (value !== null && /\$\(|`/.test(value.text))) {
      const text = "puts text that looks like a command into a variable";
      context.add({ rule: "obfuscation.variable", level: "CAUTION", text }, span);
    }
    if (/[[\]]/.test(name) && !/\[\w*\]$/.test(name)) {
      const text = "an index that the shell evaluates";
      context.add({ rule: "obfuscation.index", level: "CAUTION", text }, span);
    }
  }
}
