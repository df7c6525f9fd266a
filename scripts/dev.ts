/**
 * `npm run dev -- <command>`: the executable's command line from source, with a data directory that is thrown away at
 * the end (unless AIRKEEP_DATA or --data names one). `serve` starts again whenever a file in src/ or drizzle/ is saved.
 */
import { watch } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const projectDir = dirname(import.meta.dirname)
const args = process.argv.slice(2)
const dataDir = await mkdtemp(join(tmpdir(), 'airkeep-dev-'))
const stopped = Promise.withResolvers<void>()
let endedBy: NodeJS.Signals | undefined
let changed = Promise.withResolvers<void>()
let child = start()

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Ctrl-C comes from the terminal and again from npm, and the terminal has told the child already.
    if (endedBy === undefined && !(signal === 'SIGINT' && process.stdin.isTTY)) child.kill(signal)
    endedBy = signal
    stopped.resolve()
  })
}
process.exitCode = args[0] === 'serve' ? await serveUntilStopped() : await child.exited
await rm(dataDir, { recursive: true, force: true })

function start(): Bun.Subprocess {
  return Bun.spawn([process.execPath, join(projectDir, 'src/main.ts'), ...args], {
    env: { ...process.env, AIRKEEP_DATA: process.env.AIRKEEP_DATA ?? dataDir },
    stdio: ['inherit', 'inherit', 'inherit'],
  })
}

/** Not `bun --watch`: it replaces the process without a shutdown, and the data directory would keep its old owner. */
async function serveUntilStopped(): Promise<number> {
  const watchers = ['src', 'drizzle'].map((folder) =>
    watch(
      join(projectDir, folder),
      { recursive: true },
      afterQuiet(100, () => changed.resolve()),
    ),
  )
  for (;;) {
    const first = await Promise.race([child.exited, changed.promise, stopped.promise])
    if (typeof first === 'number' && endedBy === undefined) {
      process.stderr.write(`dev: ended with ${first}; waiting for a change\n`)
      await Promise.race([changed.promise, stopped.promise])
    }
    if (endedBy === undefined) child.kill('SIGTERM')
    await child.exited
    if (endedBy !== undefined) break
    process.stderr.write('dev: a source changed; starting again\n')
    changed = Promise.withResolvers<void>()
    child = start()
  }
  for (const watcher of watchers) watcher.close()
  return 128 + constants.signals[endedBy]
}

/** Calls once after the last of several events: an editor saves in several steps. */
function afterQuiet(quietMs: number, call: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  return () => {
    clearTimeout(timer)
    timer = setTimeout(call, quietMs)
  }
}
