/** What a redirect reads or writes. */
import type { Context } from "./context.ts";
import { judgeSecrets, tidied } from "./secrets.ts";
import { judgeWriting } from "./writing.ts";
import type { Word } from "./word.ts";

const HARMLESS = /^(?:\d+|-|\/dev\/(?:null|stdout|stderr|stdin|tty|fd\/\d+|zero|full)|\d+-)$/;

export function judgeRedirect(operator: string, target: Word, context: Context): void {
  const span = [target.start, target.end] as const;
  if (/^\/dev\/(?:tcp|udp)\//.test(tidied(target.text))) {
    const text = "bash itself opens a connection for this redirect: the way of reverse shells";
    return context.add(
      { rule: "network.dev-tcp", level: "CRITICAL", axes: ["network", "exfiltration"], text },
      span,
    );
  }
  if (HARMLESS.test(target.text) && !target.dynamic) return;
  if (operator === "<") return judgeReading(target, context);
  if (operator.endsWith("&") && /^\d+$/.test(target.text)) return;
  if (target.text === "/dev/fd/63" && !target.dynamic) return;
  judgeWriting(target, context, operator.includes(">>") ? "append" : "overwrite");
}

export function judgeReading(word: Word, context: Context): void {
  judgeSecrets([word], context);
  if (word.opaque) {
    const text = "an expansion that hides what it names";
    context.add({ rule: "obfuscation.expansion", level: "CAUTION", text }, [word.start, word.end]);
  }
}
