import type { ByteSource } from './byte-source.ts'
import { createJsonCursor } from './json-cursor.ts'
import { decodeUtf8 } from './text.ts'

/** The value of a member of a JSON object, by its place in the bytes. */
export interface JsonMember {
  /** Keys of the objects it lies in, and its own: `['__metadata__', 'prompt']`. */
  readonly path: readonly string[]
  readonly start: number
  readonly end: number
}

export interface MemberSearch {
  readonly source: ByteSource
  readonly start: number
  readonly end: number
  /** Asked for every member of an object that is entered, the outermost included. What is no object is not entered. */
  choose(path: readonly string[]): 'take' | 'enter' | 'skip'
  /** Told where there are more members than are looked at. */
  givenUp(reason: string): void
}

/** Looked at in one JSON: models have up to some ten thousand tensors. */
const MAX_MEMBERS = 500_000
const MAX_KEY_BYTES = 1024

const QUOTE = 0x22
const OPEN_BRACE = 0x7b
const COMMA = 0x2c
const COLON = 0x3a

/**
 * Finds members of nested objects in one pass and builds no value: a hundred megabytes of JSON cost no memory, and depth
 * costs no stack. Of what is no JSON it finds some members or none.
 */
export function* findMembers({ source, start, end, choose, givenUp }: MemberSearch): Generator<JsonMember> {
  const cursor = createJsonCursor(source, start, end)
  let left = MAX_MEMBERS

  function* membersOf(path: readonly string[]): Generator<JsonMember> {
    if (cursor.token() !== OPEN_BRACE) return
    cursor.step()
    for (; left > 0; left -= 1) {
      if (cursor.token() === COMMA) cursor.step()
      if (cursor.token() !== QUOTE) return cursor.step()
      const keyStart = cursor.at
      cursor.skipValue()
      const key = keyAt(source, keyStart, cursor.at)
      if (cursor.token() !== COLON) return
      cursor.step()
      const isObject = cursor.token() === OPEN_BRACE
      const inner = key === undefined ? [] : [...path, key]
      const choice = key === undefined ? 'skip' : choose(inner)
      if (choice === 'enter' && isObject) {
        yield* membersOf(inner)
        continue
      }
      const valueStart = cursor.at
      cursor.skipValue()
      if (choice === 'take') yield { path: inner, start: valueStart, end: cursor.at }
    }
  }

  yield* membersOf([])
  if (left === 0) givenUp(`only its first ${MAX_MEMBERS} members were looked at`)
}

function keyAt(source: ByteSource, start: number, end: number): string | undefined {
  return end - start > MAX_KEY_BYTES ? undefined : stringIn(decodeUtf8(source.read(start, end - start)))
}

function stringIn(literal: string | undefined): string | undefined {
  try {
    const value: unknown = JSON.parse(literal ?? '')
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** A string's text, or an object's JSON as it is written; undefined for any other value, and for what is cut off. */
export function textOfMember(source: ByteSource, { start, end }: JsonMember): string | undefined {
  const json = decodeUtf8(source.read(start, end - start))
  if (json?.startsWith('"')) return stringIn(json)
  return json?.startsWith('{') && json.endsWith('}') ? json : undefined
}
