import { OWNER } from '../../src/operation/permission.ts'
import { anMcp } from './mcp.ts'
import { OPERATIONS } from './mcp-operations.ts'

/** A process that serves MCP over its own stdio, with a library that prints. */
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const mcp = anMcp({
  operations: OPERATIONS,
  invoke: (operation, input, context) => {
    const { log, info, debug } = globalThis.console
    for (const print of [log, info, debug]) print('noise')
    return operation.invoke(input, { ...context, surface: 'mcp' })
  },
})
await mcp.serveStdio(OWNER, { signal: stop.signal })
process.stderr.write('ended\n')
// As a command line does: what is not written by now is lost.
process.exit(0)
