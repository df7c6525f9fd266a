import { describe, expect, test } from 'bun:test'
import { EventEmitter } from 'node:events'
import { createAskLine } from '../../src/cli/ask-line.ts'
import { rejection } from '../support/rejection.ts'

/** A terminal in which lines are edited before anybody reads them. */
class Terminal extends EventEmitter {
  flowing = false
  resume(): void {
    this.flowing = true
  }
  pause(): void {
    this.flowing = false
  }
}

function asking() {
  const stdin = new Terminal()
  let shown = ''
  const stderr = { write: (text: string) => (shown += text) }
  const ask = createAskLine({ stdin, stderr } as unknown as Parameters<typeof createAskLine>[0])
  return {
    ask,
    stdin,
    shown: () => shown,
    type: (...keys: (string | Buffer)[]) => keys.map((key) => stdin.emit('data', Buffer.from(key))),
  }
}

const { signal } = new AbortController()

describe('a line', () => {
  test.each([
    ['as it was typed', ['yes\n'], 'yes'],
    ['with the line end of another system', ['yes\r\n'], 'yes'],
    ['in pieces', ['ye', 's', '\n'], 'yes'],
    ['with a letter in two pieces', [Buffer.from([0xc3]), Buffer.from([0xa4]), '\n'], 'ä'],
    ['that is empty', ['\n'], ''],
  ])('%s', async (_, typed, line) => {
    const { ask, stdin, shown, type } = asking()
    const answer = ask('Go? ', signal)
    expect(stdin.flowing).toBe(true)
    type(...typed)
    expect(await answer).toBe(line)
    expect(shown()).toBe('Go? ')
    expect(stdin.flowing).toBe(false)
    expect(stdin.eventNames().flatMap((name) => stdin.listeners(name))).toEqual([])
  })

  test('that was typed for the next question is kept', async () => {
    const { ask, type, shown } = asking()
    const first = ask('One? ', signal)
    type('a\nb\nc')
    expect(await first).toBe('a')
    expect(await ask('Two? ', signal)).toBe('b')
    const third = ask('Three? ', signal)
    type('d\n')
    expect(await third).toBe('cd')
    expect(shown()).toBe('One? Two? Three? ')
  })
})

test('at its end there is what was typed, then nothing for whatever is asked', async () => {
  const { ask, stdin, type } = asking()
  const first = ask('One? ', signal)
  type('half')
  stdin.emit('end')
  expect(await first).toBe('half')
  expect(await ask('Two? ', signal)).toBeUndefined()
  expect(stdin.flowing).toBe(false)
})

test('a question is left when the command is to end', async () => {
  const { ask, stdin } = asking()
  const controller = new AbortController()
  const answer = ask('Go? ', controller.signal)
  const reason = new Error('SIGINT')
  controller.abort(reason)
  expect(await rejection(answer)).toBe(reason)
  expect(stdin).toMatchObject({ flowing: false })
  expect(await rejection(ask('Go? ', controller.signal))).toBe(reason)
})
