/** Words of argv: the helper's parser and the unprivileged side's schema must mean the same by all of them. */
import assert from "node:assert/strict";
import * as fc from "fast-check";
import { argvOf, parseRequest } from "../../../agent/request.ts";
import { parse } from "../../../helper/judge.ts";
import * as operation from "../../../protocol/operation.ts";
import { oddText } from "../odd-text.ts";
import { target } from "../target.ts";

const WORDS = [
  "service",
  "package",
  ...operation.PLAIN_REQUESTS,
  ...operation.SERVICE_ACTIONS,
  ...operation.NAMED_PACKAGE_ACTIONS,
  ...operation.SYSTEM_PACKAGE_ACTIONS,
  "nginx",
  "docker.io",
  "session",
];

export const request = target<string[]>({
  input: fc.array(oddText(WORDS), { maxLength: 6 }),
  holds(words) {
    const ours = parse(words);
    assert.deepEqual(parseRequest(words), ours);
    // A request is its words and nothing else: what is judged and recorded is what was typed.
    if (ours !== null) assert.deepEqual(argvOf(ours), words);
  },
});
