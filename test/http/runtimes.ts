import { afterAll } from 'bun:test'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { nodeOptions } from '../../scripts/build/node-bundle.ts'
import { AppError, type ErrorCode } from '../../src/errors.ts'
import type { Listening, ListenOptions } from '../../src/http/listen.ts'
import { projectDir } from '../support/project-files.ts'
import { tempDir } from '../support/temp-dir.ts'
import { startWorld, type World, type WorldOptions } from './world.ts'

type Start = (options?: WorldOptions) => Promise<World>

/**
 * The servers that `listen` knows, for `describe.each`: each has to do the same. Bun's runs in this process, Node's in
 * one of its own, from a bundle that is gone at the end of the test file.
 */
export function runtimes(): (readonly [name: string, start: Start])[] {
  let bundle: Promise<HostBundle> | undefined
  afterAll(async () => (await bundle)?.[Symbol.dispose]())
  return [
    ['Bun', startWorld],
    [
      'Node',
      async (options) => {
        bundle ??= bundleHost()
        return startOnNode((await bundle).path, options)
      },
    ],
  ]
}

export type HostCall =
  | { readonly name: 'listen'; readonly options: Partial<Omit<ListenOptions, 'app'>> }
  | { readonly name: 'stop'; readonly at: number; readonly options: Parameters<Listening['stop']>[0] }
  | { readonly name: 'change'; readonly args: Parameters<World['change']> }
  | { readonly name: 'progress'; readonly args: Parameters<World['progress']> }
  | { readonly name: 'token'; readonly args: Parameters<World['token']> }
  | { readonly name: 'revoke'; readonly args: [name: string, revokedBy: string] }
  | { readonly name: 'metrics' | 'finish' | 'was-aborted' | 'dispose' }

type Event = 'begun' | 'aborted' | 'ended'

export type HostAnswer =
  | { readonly kind: 'ready'; readonly uploadsDir: string }
  | { readonly kind: 'happened'; readonly what: Event }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'failed'
      readonly id: number
      readonly error: { readonly message: string; readonly code: ErrorCode; readonly hint: string | undefined }
    }

async function startOnNode(program: string, options: WorldOptions = {}): Promise<World> {
  const ready = Promise.withResolvers<{ readonly uploadsDir: string }>()
  const happened = {
    begun: Promise.withResolvers<void>(),
    aborted: Promise.withResolvers<void>(),
    ended: Promise.withResolvers<void>(),
  }
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const child = Bun.spawn(['node', program, JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    serialization: 'json',
    ipc(answer: HostAnswer) {
      if (answer.kind === 'ready') ready.resolve(answer)
      else if (answer.kind === 'happened') happened[answer.what].resolve()
      else if (answer.kind === 'done') waiting.get(answer.id)?.resolve(answer.value)
      else waiting.get(answer.id)?.reject(new AppError(answer.error.code, answer.error.message, answer.error))
    },
    onExit(_child, code) {
      const gone = new Error(`the process of Node ended with ${code}`)
      ready.reject(gone)
      for (const { reject } of waiting.values()) reject(gone)
    },
  })
  const { uploadsDir } = await ready.promise

  let lastId = 0
  async function ask(call: HostCall): Promise<unknown> {
    const id = ++lastId
    const answer = Promise.withResolvers<unknown>()
    waiting.set(id, answer)
    child.send({ id, call })
    return answer.promise.finally(() => waiting.delete(id))
  }
  const slow: World['slow'] = {
    begun: happened.begun.promise,
    aborted: happened.aborted.promise,
    ended: happened.ended.promise,
    finish: () => void ask({ name: 'finish' }),
    wasAborted: async () => (await ask({ name: 'was-aborted' })) === true,
  }
  return {
    slow,
    pid: child.pid,
    uploadsDir,
    change: async (...args) => void (await ask({ name: 'change', args })),
    progress: (...args) => void ask({ name: 'progress', args }),
    token: async (...args) => String(await ask({ name: 'token', args })),
    tokens: { revoke: (...args) => ask({ name: 'revoke', args }) },
    metrics: { text: async () => String(await ask({ name: 'metrics' })) },
    async listen(options = {}) {
      const { at, url, port } = (await ask({ name: 'listen', options })) as { at: number; url: string; port: number }
      return { url, port, stop: async (options) => void (await ask({ name: 'stop', at, options })) }
    },
    async [Symbol.asyncDispose]() {
      await ask({ name: 'dispose' })
      child.disconnect()
      await child.exited
    },
  }
}

interface HostBundle extends Disposable {
  readonly path: string
}

/** test/http/node-host.ts as Node runs it. */
async function bundleHost(): Promise<HostBundle> {
  const dir = tempDir()
  await Bun.build({
    ...nodeOptions,
    entrypoints: [join(projectDir, 'test/http/node-host.ts')],
    outdir: dir.path,
    naming: { entry: 'host.mjs', chunk: '[name]-[hash].mjs' },
  })
  for (const folder of ['node_modules', 'drizzle']) symlinkSync(join(projectDir, folder), join(dir.path, folder))
  return { path: join(dir.path, 'host.mjs'), [Symbol.dispose]: () => dir[Symbol.dispose]() }
}
