import { describe, expect, test } from 'bun:test'
import { EventEmitter } from 'node:events'
import { askSecret } from '../../src/cli/ask-secret.ts'
import { rejection } from '../support/rejection.ts'

/** A terminal that a person types on; `raw` is how it is left. */
class Terminal extends EventEmitter {
  raw = false
  flowing = false
  setRawMode(raw: boolean): void {
    this.raw = raw
  }
  resume(): void {
    this.flowing = true
  }
  pause(): void {
    this.flowing = false
  }
}

function ask(...typed: readonly (string | Buffer)[]) {
  const stdin = new Terminal()
  let shown = ''
  const rawAtQuestion: boolean[] = []
  const stderr = {
    write(text: string) {
      if (shown === '') rawAtQuestion.push(stdin.raw)
      shown += text
    },
  }
  const process = { stdin, stderr } as unknown as Parameters<typeof askSecret>[0]
  const abort = new AbortController()
  const answer = askSecret(process, 'token: ', abort.signal)
  expect(rawAtQuestion).toEqual([true])
  expect(stdin).toMatchObject({ raw: true, flowing: true })
  for (const keys of typed) stdin.emit('data', Buffer.from(keys))
  return { answer, stdin, abort, shown: () => shown }
}

describe('a secret', () => {
  test.each([
    ['is what was typed, up to the end of the line', ['secret\r'], 'secret'],
    ['key by key', [...'sec', '\n'], 'sec'],
    ['pasted in pieces', ['se', 'cret', '\n'], 'secret'],
    ['with a letter taken back', ['sex\u007fcret\r'], 'secret'],
    ['with more taken back than there is', ['\b\b\u007fs\r'], 's'],
    ['ends at Ctrl-D too', ['secret\u0004'], 'secret'],
    ['may be empty', ['\r'], ''],
    ['may be of any letters', ['pässwörd✓\r'], 'pässwörd✓'],
    ['may have a letter that comes in two pieces', [Buffer.from([0xc3]), Buffer.from([0xa4]), '\r'], 'ä'],
  ])('%s', async (_, typed, secret) => {
    const { answer, stdin, shown } = ask(...typed)
    expect(await answer).toBe(secret)
    expect(stdin).toMatchObject({ raw: false, flowing: false })
    expect(stdin.listenerCount('data')).toBe(0)
    // The question and the end of its line, and nothing that was typed.
    expect(shown()).toBe('token: \n')
  })

  test('is left by Ctrl-C, and the terminal is as it was', async () => {
    const { answer, stdin, shown } = ask('sec\u0003')
    expect(await rejection(answer)).toMatchObject({ code: 'cancelled' })
    expect(stdin).toMatchObject({ raw: false, flowing: false })
    expect(shown()).toBe('token: \n')
  })
  test('is left when the command is to end, and the terminal is as it was', async () => {
    const { answer, stdin, abort } = ask('sec')
    const reason = new Error('SIGTERM')
    abort.abort(reason)
    expect(await rejection(answer)).toBe(reason)
    expect(stdin).toMatchObject({ raw: false, flowing: false })
    expect(stdin.listenerCount('data')).toBe(0)
  })
})
