import { expect, test } from 'bun:test'
import { remembered } from '../../src/import/remembered.ts'

function counting<T>(read: (text: string) => T): { read: (text: string) => T; texts: string[] } {
  const texts: string[] = []
  return {
    texts,
    read: remembered((text) => {
      texts.push(text)
      return read(text)
    }),
  }
}

test.each([
  ['a value', (text: string) => text.length],
  ['undefined', () => undefined],
] as const)('%s is read once', (_, of) => {
  const { read, texts } = counting<number | undefined>(of)
  expect([read('ab'), read('abc'), read('ab')]).toEqual([of('ab'), of('abc'), of('ab')])
  expect(texts).toEqual(['ab', 'abc'])
})

test.each(['', '__proto__', 'ä\u0000"\\', '\ud83d', 'x'.repeat(200)])('texts are handed on as they are: %j', (text) => {
  const { read, texts } = counting((own) => own)
  expect([read(text), read(text)]).toEqual([text, text])
  expect(texts).toEqual([text])
})

test('long texts are not kept, and of many not all', () => {
  const { read, texts } = counting((text) => text.length)
  const long = 'x'.repeat(201)
  expect([read(long), read(long)]).toEqual([201, 201])
  expect(texts).toHaveLength(2)
  const many = Array.from({ length: 1001 }, (_, at) => `name ${at}`)
  expect(many.map(read)).toEqual(many.map(({ length }) => length))
  expect(texts).toHaveLength(1003)
  read('name 0')
  expect(texts).toHaveLength(1004)
})
