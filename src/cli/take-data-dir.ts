import type { AppError } from '../errors.ts'
import { findRunningServe, whileBusy } from './connect.ts'
import type { Context } from './context.ts'
import type { ServeFile } from './serve-file.ts'

/**
 * Repeats `attempt` while a command works in the data directory; a `serve` stays, so there is nothing to wait for.
 * @throws what `refused` makes of a running serve; the signal's reason; what `attempt` throws
 */
export function takeDataDir<T>(
  context: Context,
  dataDir: string,
  attempt: () => Promise<T | 'busy'>,
  refused: (running: ServeFile) => AppError,
): Promise<T> {
  const { signal } = context
  const onWait = (): void => void context.note(`waiting: an airkeep command works in ${dataDir} (Ctrl-C ends the wait)`)
  return whileBusy({ signal, onWait }, async () => {
    const result = await attempt()
    if (result !== 'busy') return result
    const running = await findRunningServe(dataDir, signal)
    if (running !== undefined) throw refused(running)
    return undefined
  })
}
