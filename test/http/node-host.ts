/** A world in a process of Node's own: answers what test/http/runtimes.ts asks over IPC, until it is let go of. */
import { AppError, isAppError } from '../../src/errors.ts'
import type { Listening } from '../../src/http/listen.ts'
import type { HostAnswer, HostCall } from './runtimes.ts'
import { startWorld } from './world.ts'

const world = await startWorld(JSON.parse(process.argv[2] ?? '{}'))
const servers: Listening[] = []
const tell = (answer: HostAnswer): void => void process.send?.(answer)

async function run(call: HostCall): Promise<unknown> {
  switch (call.name) {
    case 'listen': {
      const server = await world.listen(call.options)
      servers.push(server)
      return { url: server.url, port: server.port, at: servers.length - 1 }
    }
    case 'stop':
      return servers[call.at]?.stop(call.options)
    case 'change':
      return world.change(...call.args)
    case 'progress':
      return world.progress(...call.args)
    case 'token':
      return world.token(...call.args)
    case 'revoke':
      return world.tokens.revoke(...call.args)
    case 'metrics':
      return world.metrics.text()
    case 'finish':
      return world.slow.finish()
    case 'was-aborted':
      return world.slow.wasAborted()
    case 'dispose':
      return world[Symbol.asyncDispose]()
  }
}

process.on('message', ({ id, call }: { id: number; call: HostCall }) => {
  run(call).then(
    (value) => tell({ kind: 'done', id, value }),
    (error: unknown) => {
      const { message, code, hint } = isAppError(error) ? error : new AppError('internal', String(error))
      tell({ kind: 'failed', id, error: { message, code, hint } })
    },
  )
})
process.on('disconnect', () => process.exit(0))
for (const what of ['begun', 'aborted', 'ended'] as const) {
  void world.slow[what].then(() => tell({ kind: 'happened', what }))
}
tell({ kind: 'ready', uploadsDir: world.uploadsDir })
