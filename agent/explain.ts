/** The one place that words a failure: cause, a command that helps, and the exit status. */
import type { Request } from "../protocol/operation.ts";
import { EXIT_STATUS, type ErrorCode } from "../protocol/reply.ts";
import type { Failure } from "./cli/errors.ts";
import type { ClientFailure } from "./client.ts";
import { isHarmless, quote } from "./escape.ts";
import { argvOf } from "./request.ts";

/** Why there is no reply from the helper. */
export function explainFailure(failure: ClientFailure): Failure {
  const { cause, hint, status } = wording(failure);
  return { code: failure.kind, cause, hint, status };
}

type Wording = { cause: string; hint: string | null; status: number };

function wording(failure: ClientFailure): Wording {
  const { unavailable, unsafe, internal, usage, timeout } = EXIT_STATUS;
  const noPermission = EXIT_STATUS.not_allowed;
  switch (failure.kind) {
    case "not_set_up":
      return {
        cause: "not set up: there is no helper on this host",
        hint: setUp(failure.uid),
        status: unavailable,
      };
    case "rule_missing":
      return {
        cause:
          failure.others === "none"
            ? `no sudoers rule lets anybody run the helper, uid ${failure.uid} included`
            : `no sudoers rule lets uid ${failure.uid} run the helper; whether another user has one cannot be seen from here`,
        hint: setUp(failure.uid),
        status: noPermission,
      };
    case "rule_other_user":
      return {
        cause: `the sudoers rule is for uid ${failure.owners.join(", ")}, and this is uid ${failure.uid}`,
        hint: setUp(failure.uid),
        status: noPermission,
      };
    case "rule_without_effect":
      return {
        cause: `sudo asks uid ${failure.uid} for a password: its rule is overridden, or not read`,
        hint: "sudo sallyport setup-sudo --status",
        status: noPermission,
      };
    case "helper_differs":
      return {
        cause:
          failure.granted === null
            ? `the helper at ${failure.helper} is not the one this sallyport was built with`
            : `the rule names the helper at ${failure.granted}, but ${failure.helper} comes first`,
        hint: "sudo sallyport setup-sudo",
        status: unsafe,
      };
    case "no_new_privs":
      return {
        cause: "no_new_privs is set for this process, so sudo cannot work",
        hint: "grep NoNewPrivs /proc/self/status",
        status: unavailable,
      };
    case "sudo_missing":
      return { cause: "/usr/bin/sudo is not there", hint: null, status: unavailable };
    case "socket_refused":
      return {
        cause: `the helper's socket cannot be used (${failure.code}), and neither can sudo`,
        hint:
          failure.code === "EACCES"
            ? "sudo usermod --append --groups sallyport USER"
            : "systemctl status sallyport-helper.socket",
        status: noPermission,
      };
    case "unsupported_elevator":
      return {
        cause: `this host has ${failure.found} and no sudo; only sudo and sudo-rs are supported`,
        hint: null,
        status: unavailable,
      };
    case "sudo_refused":
      return {
        cause: `sudo refused: ${failure.text === "" ? "it gave no reason" : quote(failure.text)}`,
        hint: "sallyport doctor",
        status: noPermission,
      };
    case "not_recorded":
      return {
        cause: "the request could not be recorded, so nothing was asked for",
        hint: "df /var/lib/sallyport-daemon",
        status: internal,
      };
    case "unsendable":
      return { cause: "a name must not contain NUL", hint: null, status: usage };
    case "bad_reply":
      return {
        cause: `the helper's reply is not usable: ${failure.reason}`,
        hint: "sallyport doctor",
        status: internal,
      };
    case "no_answer":
      return {
        cause: `no reply within ${failure.seconds} s; what the helper began, it finishes`,
        hint: "sudo sallyport audit tail",
        status: timeout,
      };
    case "unknown_outcome":
      return {
        cause: "the helper was gone before it replied: it may have acted",
        hint:
          failure.requestId === null
            ? "sudo sallyport audit tail"
            : `sallyport audit show ${failure.requestId}`,
        status: internal,
      };
    default:
      return failure satisfies never;
  }
}

/** Root needs no rule; it sets up a user. */
function setUp(uid: number): string {
  return uid === 0 ? "sallyport setup-sudo --user USER" : `sudo sallyport setup-sudo --user ${uid}`;
}

/** What the helper reported for a request; its message states the cause. */
export function explainError(
  error: { code: ErrorCode; message: string },
  request: Request,
): Failure {
  return {
    code: error.code,
    cause: error.message,
    hint: hintFor(error.code, request),
    status: EXIT_STATUS[error.code],
  };
}

function hintFor(code: ErrorCode, request: Request): string | null {
  switch (code) {
    case "not_allowed":
      return "sallyport policy";
    case "grant_required":
      return request.kind === "grant"
        ? "sallyport grants"
        : command(["request", ...argvOf(request)]);
    case "unavailable":
    case "unsafe":
    case "internal":
    case "not_root":
      return "sallyport doctor";
    case "timeout":
      return "sudo sallyport audit tail";
    case "busy":
      return command(argvOf(request));
    case "usage":
      return "sallyport --help";
    case "failed":
      return request.kind === "service" && request.action !== "logs"
        ? command(["service", "logs", request.name])
        : null;
    case "locked_down":
      return null;
    default:
      return code satisfies never;
  }
}

/** A hint is there to be pasted: no word in it that a shell would read as anything but itself. */
function command(words: readonly string[]): string | null {
  return words.every(isHarmless) ? ["sallyport", ...words].join(" ") : null;
}
