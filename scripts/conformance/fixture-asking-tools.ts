/** The tools and the prompt that ask the client for something before they answer, in one round or several. */
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  inputResponse,
  type InputRequest,
  type InputRequests,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { CHOICES, DEFAULTS, text, USER } from "./fixture-content.ts";

type MessageRequest = ServerContext["mcpReq"];

const FIELD = { string: { type: "string" }, boolean: { type: "boolean" } } as const;

/** A form with one required field. */
function form(message: string, field: string, type: "string" | "boolean" = "string"): InputRequest {
  return inputRequired.elicit({
    message,
    requestedSchema: { type: "object", properties: { [field]: FIELD[type] }, required: [field] },
  });
}

function sampling(prompt: string, maxTokens: number): InputRequest {
  return inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: prompt } }],
    maxTokens,
  });
}

/** Asks until every question has an answer of some kind, then tells them. */
function asking(requests: InputRequests, told: string) {
  return ({ mcpReq }: ServerContext) => {
    const answers = Object.keys(requests).map((key) => inputResponse(mcpReq.inputResponses, key));
    if (answers.some(({ kind }) => kind === "missing"))
      return inputRequired({ inputRequests: requests });
    return text(`${told}${JSON.stringify(answers)}`);
  };
}

/** For both revisions: on a connection of 2025-11-25 the SDK turns the result into a request to the client. */
export function registerAskingTools(server: McpServer): void {
  server.registerTool(
    "test_sampling",
    { description: "asks for a sample", inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, ctx) => asking({ sample: sampling(prompt, 100) }, "LLM response: ")(ctx),
  );
  server.registerTool(
    "test_elicitation",
    { description: "asks for a form", inputSchema: z.object({ message: z.string() }) },
    ({ message }, ctx) => {
      const request = inputRequired.elicit({ message, requestedSchema: USER });
      return asking({ form: request }, "User response: ")(ctx);
    },
  );
  const forms = {
    test_elicitation_sep1034_defaults: DEFAULTS,
    test_elicitation_sep1330_enums: CHOICES,
  };
  for (const [name, requestedSchema] of Object.entries(forms)) {
    const request = inputRequired.elicit({ message: "Please fill in", requestedSchema });
    server.registerTool(name, { description: "asks for a form" }, (ctx) =>
      asking({ form: request }, "Elicitation completed: ")(ctx),
    );
  }
  const single: Record<string, InputRequests> = {
    test_input_required_result_sampling: {
      capital_question: sampling("What is the capital of France?", 100),
    },
    test_input_required_result_list_roots: { client_roots: inputRequired.listRoots() },
    test_missing_capability: { sample: sampling("Anything", 10) },
    test_streaming_elicitation: { confirm: form("Please confirm", "ok", "boolean") },
  };
  for (const [name, requests] of Object.entries(single)) {
    server.registerTool(name, { description: "asks once" }, (ctx) => asking(requests, "")(ctx));
  }
  server.registerTool(
    "test_input_required_result_elicitation",
    { description: "asks for a name" },
    ({ mcpReq }) => {
      const schema = z.object({ name: z.string() });
      const answer = acceptedContent(mcpReq.inputResponses, "user_name", schema);
      if (answer !== undefined) return text(`Hello, ${answer.name}!`);
      return inputRequired({ inputRequests: { user_name: form("What is your name?", "name") } });
    },
  );
  server.registerTool(
    "test_input_required_result_capabilities",
    { description: "asks for what the client can do" },
    (ctx) => {
      const requests = askable(ctx.mcpReq, {
        elicitation: form("Please confirm", "ok", "boolean"),
        sampling: sampling("Anything", 10),
      });
      return asking(requests, "")(ctx);
    },
  );
  server.registerPrompt(
    "test_input_required_result_prompt",
    { description: "asks for its context" },
    ({ mcpReq }) => {
      const schema = z.object({ context: z.string() });
      const answer = acceptedContent(mcpReq.inputResponses, "user_context", schema);
      if (answer === undefined) {
        const question = form("What context should the prompt use?", "context");
        return inputRequired({ inputRequests: { user_context: question } });
      }
      return { messages: [{ role: "user", content: { type: "text", text: answer.context } }] };
    },
  );
}

/** Those requests, by capability, that the client has declared to answer. */
function askable(
  { envelope }: MessageRequest,
  requests: Record<"elicitation" | "sampling", InputRequest>,
): InputRequests {
  const declared = (envelope as Record<string, object> | undefined)?.[CLIENT_CAPABILITIES_META_KEY];
  return Object.fromEntries(Object.entries(requests).filter(([name]) => name in (declared ?? {})));
}

/** The tools that remember, in a sealed state that the client carries, what they had asked. */
export function registerRememberingTools(
  server: McpServer,
  state: RequestStateCodec<string>,
): void {
  const confirm = { confirm: form("Please confirm", "ok", "boolean") };
  const remembering: Record<string, InputRequests> = {
    test_input_required_result_request_state: confirm,
    test_input_required_result_tampered_state: confirm,
    test_input_required_result_multiple_inputs: {
      user_name: form("What is your name?", "name"),
      greeting: sampling("Generate a greeting", 50),
      client_roots: inputRequired.listRoots(),
    },
  };
  for (const [name, inputRequests] of Object.entries(remembering)) {
    server.registerTool(name, { description: "asks and remembers" }, async ({ mcpReq }) => {
      if (mcpReq.requestState<string>() === name) return text("state-ok");
      return inputRequired({ inputRequests, requestState: await state.mint(name) });
    });
  }
  server.registerTool(
    "test_input_required_result_multi_round",
    { description: "asks twice" },
    async ({ mcpReq }) => {
      const round = mcpReq.requestState<string>();
      if (round === "step2") return text("done");
      const [next, request] =
        round === "step1"
          ? ["step2", form("Step 2: What is your favorite color?", "color")]
          : ["step1", form("Step 1: What is your name?", "name")];
      return inputRequired({
        inputRequests: { [next]: request },
        requestState: await state.mint(next),
      });
    },
  );
}
