import * as v from 'valibot'
import { AppError } from '../../src/errors.ts'
import { defineOperation, type Operation } from '../../src/operation/operation.ts'

/** A promise that the test settles. */
export function aGate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

const base = { summary: 'A thing.', description: 'Does a thing.', permission: 'track:read' } as const
const anyOutput = v.object({ text: v.string() })

export const echoText = defineOperation({
  ...base,
  name: 'echo_text',
  description: 'Gives back what it is given.',
  example: { text: 'hello' },
  effect: 'read',
  http: { method: 'get', path: '/v1/echo' },
  aliases: { words: 'text' },
  input: v.strictObject({
    text: v.pipe(v.string(), v.maxLength(20), v.description('What to give back')),
    times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 1),
    metadata: v.optional(v.record(v.string(), v.unknown())),
  }),
  output: v.object({ text: v.string(), by: v.string() }),
  run: async ({ text, times }, { actor }) => ({ text: text.repeat(times), by: actor.name }),
})

export const createThing = defineOperation({
  ...base,
  name: 'create_thing',
  example: { url: '/media/a.png' },
  effect: 'write',
  permission: 'track:write',
  http: { method: 'post', path: '/v1/things', status: 201 },
  paths: ['url'],
  input: v.strictObject({ url: v.string() }),
  output: anyOutput,
  async run() {
    throw new AppError('conflict', 'This thing is recorded already', {
      hint: 'Use the asset that is there',
      existing: { asset_id: '7' },
    })
  },
})

export const updateThing = defineOperation({
  ...base,
  name: 'update_thing',
  example: {},
  effect: 'write',
  http: { method: 'patch', path: '/v1/things/{thing_id}' },
  input: v.strictObject({}),
  output: anyOutput,
  async run() {
    throw new AppError('rate_limited', 'Civitai asks for patience', { retryAfterSeconds: 30 })
  },
})

export const deleteThing = defineOperation({
  ...base,
  name: 'delete_thing',
  example: {},
  effect: 'destroy',
  http: { method: 'delete', path: '/v1/things/{thing_id}' },
  input: v.strictObject({}),
  output: anyOutput,
  async run() {
    throw new Error('SELECT secret FROM /etc/things')
  },
})

export const badOutput = defineOperation({
  ...base,
  name: 'get_bad_output',
  example: {},
  effect: 'read',
  http: { method: 'get', path: '/v1/civitai/bad' },
  input: v.strictObject({}),
  output: v.object({ items: v.array(v.object({ id: v.string() })) }),
  // What a row of the wrong type would look like: the types alone cannot hold it off.
  run: async () => ({ items: [{ id: 7 as unknown as string }] }),
})

export const hashBytes = defineOperation({
  ...base,
  name: 'hash_bytes',
  example: {},
  effect: 'read',
  http: { method: 'post', path: '/v1/hash' },
  input: v.strictObject({}),
  output: anyOutput,
  async run(_, { progress }) {
    for (const done of [0, 10, 20, 15, 20, 40]) progress({ done, total: 40, unit: 'bytes', message: `${done} bytes` })
    return { text: 'done' }
  },
})

export const hidden = defineOperation({
  ...base,
  name: 'set_key',
  example: {},
  effect: 'write',
  surfaces: ['http', 'cli'],
  http: { method: 'post', path: '/v1/keys' },
  input: v.strictObject({}),
  output: anyOutput,
  run: async () => ({ text: 'an agent must not hold this' }),
})

/** Waits for the gate or for its signal, and tells when it has begun and how it ended. */
export function aHoldOperation() {
  const began = aGate()
  const release = aGate()
  const aborted = aGate()
  const reasons: unknown[] = []
  const operation = defineOperation({
    ...base,
    name: 'hold',
    example: { text: 'a' },
    effect: 'read',
    http: { method: 'get', path: '/v1/hold' },
    input: v.strictObject({ text: v.string() }),
    output: v.object({ text: v.string(), by: v.string() }),
    async run({ text }, { signal, actor }) {
      const cut = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          reasons.push(signal.reason)
          aborted.open()
          reject(signal.reason)
        })
      })
      began.open()
      await Promise.race([release.opened, cut])
      return { text, by: actor.name }
    },
  })
  return { operation, began: began.opened, release: release.open, aborted: aborted.opened, reasons }
}

export const OPERATIONS: readonly Operation[] = [
  echoText,
  createThing,
  updateThing,
  deleteThing,
  badOutput,
  hashBytes,
  hidden,
]
