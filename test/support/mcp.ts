import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { type Log, silentLog } from '../../src/lib/log.ts'
import { createMcp, type Mcp, type McpDeps } from '../../src/mcp/server.ts'
import { type Actor, OWNER } from '../../src/operation/permission.ts'

/** Both generations of clients: with a handshake, and with an envelope in every request. */
export const ERAS = ['2025', '2026'] as const
export type Era = (typeof ERAS)[number]

export const versionOf = (era: Era) => ({
  versionNegotiation: { mode: era === '2026' ? ({ pin: '2026-07-28' } as const) : ('legacy' as const) },
})

/** The MCP part as the app wires it, over the given operations. */
export const anMcp = (deps: Pick<McpDeps, 'operations'> & Partial<McpDeps>): Mcp =>
  createMcp({
    prompts: [],
    version: '1.2.3',
    log: silentLog,
    invoke: (operation, input, context) => operation.invoke(input, { ...context, surface: 'mcp' }),
    ...deps,
  })

export interface Connection extends AsyncDisposable {
  readonly client: Client
  /** Every JSON-RPC body that the client sent. */
  readonly sent: { readonly method?: string; readonly id?: number | string }[]
}

/** The official client, talking to `mcp.fetch` without a port. */
export async function connect(mcp: Mcp, era: Era, actor: Actor = OWNER): Promise<Connection> {
  const sent: Connection['sent'] = []
  const client = new Client({ name: 'test', version: '1' }, versionOf(era))
  const transport = new StreamableHTTPClientTransport(new URL('http://127.0.0.1/mcp'), {
    fetch: (url, init) => {
      if (typeof init?.body === 'string') sent.push(JSON.parse(init.body))
      return mcp.fetch(new Request(String(url), init), actor)
    },
  })
  await client.connect(transport)
  return { client, sent, [Symbol.asyncDispose]: () => client.close() }
}

/** A log that keeps its error lines. */
export function aLog(): { log: Log; errors: { fields: Record<string, unknown>; message: string }[] } {
  const errors: { fields: Record<string, unknown>; message: string }[] = []
  const log: Log = {
    ...silentLog,
    error: (fields, message) => void errors.push({ fields: { ...fields }, message }),
  }
  return { log, errors }
}
