import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { createAnswerReader } from '../../../src/catalog/ssh/answer-reader.ts'

const TOKEN = 'airkeep-0123456789abcdef'
const answer = (...records: string[]): string =>
  [`${TOKEN} begin`, ...records, `${TOKEN} end`, `${TOKEN} over`, ''].join('\0')

interface Reading {
  readonly records: string[]
  readonly state: string
  readonly complete: boolean
  readonly began: boolean
  readonly absent: readonly string[]
}

function read(pieces: readonly (string | Uint8Array)[], takes: (record: string) => boolean = () => true): Reading {
  const records: string[] = []
  const reader = createAnswerReader(TOKEN, (record) => takes(record) && records.push(record) > 0)
  for (const piece of pieces) reader.push(typeof piece === 'string' ? Buffer.from(piece) : piece)
  return { records, state: reader.state, complete: reader.complete, began: reader.began, absent: reader.absent }
}

describe('an answer', () => {
  test.each<[string, string, string[]]>([
    ['alone', answer('a', 'b\nc'), ['a', 'b\nc']],
    ['without records', answer(), []],
    ['after a greeting', `Welcome to gpu-7!\n\u001b[31mred\0${answer('a')}`, ['a']],
    ['after something like it', `airkeep-0123456789abcdee begin\0x\0${answer('a')}`, ['a']],
    ['with an empty record', answer('', 'a'), ['', 'a']],
  ])('%s', (_, text, records) => {
    expect(read([text])).toEqual({ records, state: 'over', complete: true, began: true, absent: [] })
  })

  test('in whatever pieces it comes', () => {
    const whole = Buffer.concat([
      Buffer.from('noise\n'),
      Buffer.from(answer('é'.repeat(9), 'b\nc')),
      Buffer.from('after'),
    ])
    fc.assert(
      fc.property(fc.array(fc.nat({ max: whole.length }), { maxLength: 20 }), (cuts) => {
        const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length]
        const pieces = places.slice(1).map((end, index) => whole.subarray(places[index], end))
        expect(read(pieces)).toMatchObject({ records: ['é'.repeat(9), 'b\nc'], state: 'over', complete: true })
      }),
    )
  })

  test('keeps bytes that are no text', () => {
    const { records } = read([
      Buffer.from(`${TOKEN} begin\0`),
      Buffer.from([0x61, 0xff, 0]),
      Buffer.from(answer().slice(-90)),
    ])
    expect(records).toEqual(['a\udcff'])
  })
})

describe('it is not whole', () => {
  test.each<[string, string, Partial<Reading>]>([
    ['where it has not begun', 'Welcome\n', { state: 'noise', complete: false, began: false }],
    ['where the end is missing', `${TOKEN} begin\0a\0`, { state: 'answer', complete: false, records: ['a'] }],
    ['where the script ended before it', `${TOKEN} begin\0a\0${TOKEN} over\0`, { state: 'over', complete: false }],
    ['where a record is cut', `${TOKEN} begin\0a\0b`, { state: 'answer', records: ['a'] }],
    [
      'where programs are missing',
      `hello\n${TOKEN} tools find xargs\0`,
      { state: 'over', complete: false, absent: ['find', 'xargs'] },
    ],
    [
      'where something comes after the end',
      `${TOKEN} begin\0${TOKEN} end\0a\0${TOKEN} over\0`,
      { state: 'lost', began: true, records: [] },
    ],
    ['where greetings never end', 'x'.repeat(1_100_000), { state: 'lost', began: false }],
    ['where a record never ends', `${TOKEN} begin\0${'x'.repeat(70_000)}`, { state: 'lost' }],
  ])('%s', (_, text, reading) => {
    expect(read([text])).toMatchObject(reading)
  })

  test('where a record is none', () => {
    expect(read([answer('good', 'bad', 'good')], (record) => record === 'good')).toMatchObject({
      state: 'lost',
      records: ['good'],
    })
  })
})
