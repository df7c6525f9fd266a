import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AppError, ERROR_KINDS, toProblem } from '../errors.ts'
import type { JsonObject } from '../lib/json.ts'
import type { HashEngine, Hasher } from './app.ts'
import type { Context } from './context.ts'
import { digestLines, digestsOf, type Hashed } from './digest-lines.ts'
import { findOperation } from './find-operation.ts'
import { hashStdin } from './hash-stdin.ts'
import { exitCodeOf } from './job.ts'
import { isUrl } from './local-paths.ts'
import { formatBytes, progressBar } from './progress.ts'
import { describeError, toReported } from './report.ts'
import { createSession, openBackend, type Session } from './session.ts'

export interface HashOptions {
  readonly all?: true
  readonly engine: string
}

/** Enough to keep every worker busy; the pool makes the rest wait. */
const IN_FLIGHT = 16

/** `airkeep hash`: prints what sha256sum prints, in the order of the arguments. Files need no data directory. */
export async function hash(context: Context, paths: readonly string[], options: HashOptions): Promise<number> {
  const hashing = createHashing(context, parseEngine(options.engine), options.all === true)
  const items: JsonObject[] = []
  const codes: number[] = []
  const showTotal = await createTotal(context, paths)
  const running: Promise<Outcome>[] = []
  const start = (at: number): void => {
    const path = paths[at]
    if (path === undefined) return
    const onProgress = (done: number, total: number): void => showTotal(at, done, total)
    running[at] = hashing.hash(path, onProgress).then(
      (hashed) => ({ hashed }),
      (error: unknown) => ({ error: toReported(error) }),
    )
  }
  try {
    for (let at = 0; at < IN_FLIGHT; at += 1) start(at)
    for (const [at, path] of paths.entries()) {
      const outcome = (await running[at]) as Outcome
      delete running[at]
      start(at + IN_FLIGHT)
      context.signal.throwIfAborted()
      if ('error' in outcome) {
        codes.push(ERROR_KINDS[outcome.error.code].exitCode)
        items.push({ path, error: toProblem(outcome.error) as unknown as JsonObject })
        context.progress.clear()
        await context.outside.stderr.write(describeError(outcome.error))
      } else {
        codes.push(0)
        items.push({ path, ...digestsOf(outcome.hashed, options.all === true) })
        if (!context.globals.json) {
          context.progress.clear()
          await context.outside.stdout.write(digestLines(path, outcome.hashed, options.all === true))
        }
      }
    }
    if (context.globals.json) await context.print({ items, count: items.length }, () => '')
    return exitCodeOf(codes)
  } finally {
    await hashing.close()
  }
}

type Outcome = { readonly hashed: Hashed } | { readonly error: AppError }

interface Hashing {
  hash(path: string, onProgress: (done: number, total: number) => void): Promise<Hashed>
  close(): Promise<void>
}

function createHashing(context: Context, engine: HashEngine, all: boolean): Hashing {
  const { signal, outside, parts } = context
  let hasher: Promise<Hasher> | undefined
  let session: Promise<Session> | undefined
  const openHasher = (): Promise<Hasher> => {
    hasher ??= parts.createHasher()
    return hasher
  }

  /** Addresses are fetched under the rules of the program, by a running serve if there is one. */
  async function hashUrl(path: string): Promise<Hashed> {
    const app = await context.app()
    const operation = findOperation(app, 'calculate_sha256', 'airkeep hash URL')
    session ??= createSession(() => openBackend(context, app))
    const { output } = await (await session).invoke(operation, { path }, { signal, progress() {} })
    return { sha256: String(output.sha256sum), sizeBytes: Number(output.size_bytes) }
  }

  return {
    async hash(path, onProgress) {
      if (path === '-') return hashStdin(context.stdin(), { engine, openHasher, signal })
      if (isUrl(path)) return hashUrl(path)
      // An empty argument must not become the current folder.
      const file = path === '' ? '' : resolve(outside.cwd, path)
      return renamed(path, file, (await openHasher()).hashFile(file, { engine, tensor: all, signal, onProgress }))
    },
    async close() {
      await (await session?.catch(() => undefined))?.close()
      await (await hasher?.catch(() => undefined))?.close()
    },
  }
}

/** Errors name the file as it was typed. */
async function renamed<T>(typed: string, absolute: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof AppError) || absolute === '') throw error
    throw new AppError(
      error.code,
      error.message.replace(absolute, () => typed),
      { hint: error.hint, cause: error },
    )
  }
}

function parseEngine(text: string): HashEngine {
  if (text === 'native' || text === 'wasm') return text
  throw new AppError('invalid_input', '--engine must be one of native, wasm')
}

/** Progress of all files together; their sizes are only asked for where somebody sees it. */
async function createTotal({ progress, outside, globals }: Context, paths: readonly string[]) {
  const seen = outside.stderr.isTerminal && !globals.quiet
  const sizes = new Map<number, number>()
  if (seen) {
    for (const [at, path] of paths.entries()) {
      const found = await stat(resolve(outside.cwd, path)).catch(() => undefined)
      if (found?.isFile()) sizes.set(at, found.size)
    }
  }
  let total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  let done = 0
  const doneOf = new Map<number, number>()
  return (at: number, bytes: number, size: number): void => {
    if (!seen) return
    total += size - (sizes.get(at) ?? 0)
    sizes.set(at, size)
    done += bytes - (doneOf.get(at) ?? 0)
    doneOf.set(at, bytes)
    progress.show(`${progressBar(done, total)} ${formatBytes(done)} of ${formatBytes(total)} ${paths[at] ?? ''}`)
  }
}
