import { join } from 'node:path'

/** First word of the command line with which the program starts itself to keep a replica; nobody else needs it. */
export const KEEP_REPLICA = 'keep-replica'

/** The program's own command line: in one file, bundled, or from source. */
export function replicaCommand(): readonly string[] {
  const here = import.meta.dirname
  if (here.startsWith('/$bunfs')) return [process.execPath, KEEP_REPLICA]
  const main = import.meta.url.endsWith('.ts') ? join(here, '../main.ts') : (process.argv[1] ?? '')
  return [process.execPath, main, KEEP_REPLICA]
}

/** Resolves when there is nothing more to keep. */
export async function keepReplica(self: NodeJS.Process): Promise<void> {
  const { keepReplica: keep } = await import('../db/replica-process.ts')
  await keep(self)
}
