import type {
  CallToolResult,
  McpServer,
  ServerContext,
  StandardSchemaWithJSON,
  ToolAnnotations,
} from '@modelcontextprotocol/server'
import type { JsonObject } from '../lib/json.ts'
import { withoutField } from '../operation/json-schema.ts'
import type { Operation } from '../operation/operation.ts'
import { described, orError } from './schema.ts'

/** What `tools/list` says of one operation, made once. */
export interface Tool {
  readonly operation: Operation
  readonly config: {
    readonly title: string
    readonly description: string
    readonly annotations: ToolAnnotations
    readonly inputSchema: StandardSchemaWithJSON<JsonObject>
    readonly outputSchema: StandardSchemaWithJSON<JsonObject>
  }
}

/** Tools are the operations that an agent may hold; their JSON Schemas are made when first asked for. */
export const toTools = (operations: readonly Operation[]): readonly Tool[] =>
  operations.filter((operation) => operation.surfaces.includes('mcp')).map(toTool)

function toTool(operation: Operation): Tool {
  return {
    operation,
    config: {
      title: operation.summary.replace(/\.$/, ''),
      description: describe(operation),
      annotations: annotate(operation),
      // Only a multipart request has a file in it.
      inputSchema: described(() => withoutField(operation.inputJsonSchema(), operation.http.upload)),
      outputSchema: described(() => orError(operation.outputJsonSchema())),
    },
  }
}

function describe(operation: Operation): string {
  if (Object.keys(operation.example).length === 0) return operation.description
  return `${operation.description}\n\nExample: ${JSON.stringify(operation.example)}`
}

/** Hints for a client that asks its user before some calls. Every write keeps the old row in the audit. */
function annotate(operation: Operation): ToolAnnotations {
  const { effect, http } = operation
  return {
    readOnlyHint: effect === 'read',
    destructiveHint: effect === 'destroy',
    idempotentHint: effect !== 'write' || http.method === 'patch',
    openWorldHint: reachesOut(operation),
  }
}

/** Whether a call may speak to another host: it takes paths (which may be URLs), downloads, or asks Civitai. */
const reachesOut = (operation: Operation): boolean =>
  operation.paths.length > 0 ||
  operation.permission === 'models:download' ||
  operation.http.path.startsWith('/v1/civitai/')

export type CallTool = (tool: Tool, input: unknown, context: ServerContext) => Promise<CallToolResult>

export function registerTools(server: McpServer, tools: readonly Tool[], call: CallTool): void {
  for (const tool of tools) {
    server.registerTool(tool.operation.name, tool.config, (input, context) => call(tool, input, context))
  }
}
