/** The tools that the scenarios call, named and answering as the scenarios' descriptions say. */
import { setTimeout as pause } from "node:timers/promises";
import type { McpServer } from "@modelcontextprotocol/server";
import type { McpHttp } from "../../agent/mcp/http.ts";
import { PAUSE_MS, PNG, text, WAV } from "./fixture-content.ts";

const IMAGE = { type: "image", data: PNG, mimeType: "image/png" } as const;

export function registerTools(server: McpServer, notify: McpHttp["notify"]): void {
  server.registerTool("test_simple_text", { description: "text" }, () =>
    text("This is a simple text response for testing."),
  );
  server.registerTool("test_image_content", { description: "an image" }, () => ({
    content: [IMAGE],
  }));
  server.registerTool("test_audio_content", { description: "a sound" }, () => ({
    content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }],
  }));
  server.registerTool("test_embedded_resource", { description: "a resource" }, () => ({
    content: [
      {
        type: "resource",
        resource: {
          uri: "test://embedded-resource",
          mimeType: "text/plain",
          text: "This is an embedded resource content.",
        },
      },
    ],
  }));
  server.registerTool("test_multiple_content_types", { description: "three kinds" }, () => ({
    content: [
      { type: "text", text: "Multiple content types test:" },
      IMAGE,
      {
        type: "resource",
        resource: {
          uri: "test://mixed-content-resource",
          mimeType: "application/json",
          text: '{"test":"data","value":123}',
        },
      },
    ],
  }));
  server.registerTool("test_error_handling", { description: "an error" }, () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  registerNotifyingTools(server);
  server.registerTool(
    "test_trigger_tool_change",
    { description: "tells that tools changed" },
    () => {
      notify.toolsChanged();
      return text("told");
    },
  );
  server.registerTool(
    "test_trigger_prompt_change",
    { description: "tells that prompts changed" },
    () => {
      notify.promptsChanged();
      return text("told");
    },
  );
}

function registerNotifyingTools(server: McpServer): void {
  server.registerTool("test_tool_with_logging", { description: "logs" }, async ({ mcpReq }) => {
    await mcpReq.log("info", "Tool execution started");
    await pause(PAUSE_MS);
    await mcpReq.log("info", "Tool processing data");
    await pause(PAUSE_MS);
    await mcpReq.log("info", "Tool execution completed");
    return text("logged");
  });
  server.registerTool("test_logging_tool", { description: "logs once" }, async ({ mcpReq }) => {
    await mcpReq.log("info", "logged");
    return text("logged");
  });
  server.registerTool(
    "test_tool_with_progress",
    { description: "makes progress" },
    async ({ mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          const params = { progressToken, progress, total: 100 };
          await mcpReq.notify({ method: "notifications/progress", params });
        }
        await pause(PAUSE_MS);
      }
      return text("done");
    },
  );
}
