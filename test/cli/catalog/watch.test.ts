import { expect, test } from 'bun:test'
import { watchChecks } from '../../../src/cli/catalog/watch.ts'
import { noProgress } from '../../../src/cli/progress.ts'
import type { JsonObject } from '../../../src/lib/json.ts'
import { rejection } from '../../support/rejection.ts'

const SEEN: JsonObject = { success: true, results: { 'a.md': { status: 'none' } } }

/** What is written while somebody watches, until `check` ends it. */
function watch(check: (at: number, interrupt: () => void) => Promise<JsonObject>) {
  const controller = new AbortController()
  const interrupt = (): void => controller.abort(new DOMException('Interrupted', 'AbortError'))
  const lines: string[] = []
  const write = async (text: string): Promise<void> => void lines.push(text)
  let looks = 0
  const ended = watchChecks(
    {
      globals: { json: true },
      outside: { stdout: { write } },
      progress: noProgress,
      signal: controller.signal,
      note: write,
      print: async () => {},
    },
    { check: () => check(looks++, interrupt), table: undefined, seconds: 0 },
  )
  return { ended, lines }
}

/** As a call ends that is cut off. */
const cutOff = async (interrupt: () => void): Promise<JsonObject> => {
  interrupt()
  throw new DOMException('Interrupted', 'AbortError')
}

test('interrupted in the middle of a look it ends with what it saw last', async () => {
  const { ended, lines } = watch(async (at, interrupt) => (at === 0 ? SEEN : cutOff(interrupt)))
  expect(await ended).toBe(SEEN)
  expect(lines).toEqual([`${JSON.stringify(SEEN)}\n`])
})

test('interrupted before it has seen anything it is cancelled', async () => {
  const { ended, lines } = watch(async (_, interrupt) => cutOff(interrupt))
  expect(await rejection(ended)).toMatchObject({ name: 'AbortError' })
  expect(lines).toEqual([])
})

test('what goes wrong meanwhile ends it', async () => {
  const { ended } = watch(async (at) => {
    if (at === 0) return SEEN
    throw new Error('the page is gone')
  })
  expect(await rejection(ended)).toMatchObject({ message: 'the page is gone' })
})
