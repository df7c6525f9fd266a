import type { Invoke } from './app.ts'
import type { Context } from './context.ts'
import { tellError } from './report.ts'
import { createSession, openBackend } from './session.ts'
import { createSharedSession } from './shared-session.ts'

/** `airkeep mcp`: MCP over stdio, as a client of the running serve or with the data directory taken for each call. */
export async function mcp(context: Context): Promise<number> {
  const app = await context.app()
  const onFailure = (error: unknown): void => void tellError(error, context.outside)
  const shared = createSharedSession(() => createSession(() => openBackend(context, app)), onFailure)
  const invoke: Invoke = (operation, input, { signal, progress }) =>
    shared.use(async (session) => {
      // The arguments of a tool are always an object.
      const fields = input as Record<string, unknown>
      const { output, started } = await session.invoke(operation, fields, { signal, progress, surface: 'mcp' })
      return { result: output, started }
    })
  try {
    await app.mcp.serveStdio(invoke, context.signal)
  } finally {
    await shared.close()
  }
  context.signal.throwIfAborted()
  return 0
}
