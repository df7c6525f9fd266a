import type { Settings } from '../config/settings.ts'
import type { Log } from '../lib/log.ts'
import { VERSION } from '../lib/version.ts'
import { createMcp, type Mcp, type McpDeps, type McpExtension } from '../mcp/server.ts'
import type { Operation } from '../operation/operation.ts'
import { GUIDES, INSTRUCTIONS } from '../track/guides.ts'

export interface McpServerDeps {
  readonly operations: readonly Operation[]
  readonly settings: Settings
  readonly log: Log
  readonly mcpExtension?: McpExtension | undefined
}

/** Tools from the operations, prompts and resources from the guides. */
export function createMcpServer(
  { operations, settings, log, mcpExtension }: McpServerDeps,
  invoke: McpDeps['invoke'],
): Mcp {
  return createMcp({
    operations,
    prompts: GUIDES.map(({ prompt, title, description, text }) => ({ name: prompt, title, description, text })),
    resources: GUIDES.map(({ name, title, description, text }) => ({
      uri: `airkeep://guides/${name}`,
      name,
      title,
      description,
      mimeType: 'text/markdown',
      text,
    })),
    instructions: INSTRUCTIONS,
    invoke,
    version: VERSION,
    log,
    bodyLimitBytes: settings.body_limit,
    extension: mcpExtension,
  })
}
