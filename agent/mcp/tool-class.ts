/** What each tool may do to the host. A tool without a class is not served. */
import type { ToolAnnotations } from "@modelcontextprotocol/server";

type ToolClass =
  | "read"
  | "service_change"
  | "package_change"
  | "workflow_change"
  | "workflow_look"
  | "code";

/** Hints for clients that decide what to show to a person; they decide nothing here. */
const ANNOTATIONS: Record<ToolClass, ToolAnnotations> = {
  read: {
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  },
  // A second restart interrupts the service a second time.
  service_change: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: false,
  },
  // Packages come from archives, and what they hold changes.
  package_change: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: true,
  },
  // It changes nothing outside of its sandbox, which is gone afterwards; a client may still want to show the code.
  code: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: false,
  },
  // What a workflow does, its author says.
  workflow_change: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: true,
  },
  // It is polled, and counts as reading; what a person has granted meanwhile goes on with it.
  workflow_look: {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: true,
    openWorldHint: true,
  },
};

const CLASS_OF = new Map<string, ToolClass>([
  ["service_status", "read"],
  ["service_control", "service_change"],
  ["package_info", "read"],
  ["package_manage", "package_change"],
  ["policy_explain", "read"],
  ["risk_explain", "read"],
  ["audit_query", "read"],
  ["grants_list", "read"],
  ["approval_status", "read"],
  ["host_report", "read"],
  ["run_code", "code"],
  ["workflow_validate", "read"],
  ["workflow_plan", "read"],
  ["workflow_start", "workflow_change"],
  ["workflow_status", "workflow_look"],
  ["workflow_output", "read"],
  ["workflow_cancel", "workflow_change"],
  ["fleet_hosts", "read"],
  ["fleet_service", "service_change"],
  ["fleet_package", "package_change"],
]);

/**
 * Whether calls of this class count as changes: for the rate limit and the queue. Code has a queue of its own, and so
 * have the steps of workflows.
 */
export function isChange(toolClass: ToolClass): boolean {
  return toolClass !== "read" && toolClass !== "workflow_look" && toolClass !== "code";
}

/** Throws for a tool that has no class: a server must not start with it. */
export function classOf(tool: string): ToolClass {
  const found = CLASS_OF.get(tool);
  if (found === undefined) throw new Error(`tool ${tool} has no class in tool-class.ts`);
  return found;
}

export function annotationsOf(tool: string): ToolAnnotations {
  return ANNOTATIONS[classOf(tool)];
}
