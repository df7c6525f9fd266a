import { beforeAll, expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PARSERS } from '../../../src/import/parse/formats.ts'
import type { ParserInput } from '../../../src/import/parse/parser.ts'
import { unwrap } from '../../../src/import/parse/unwrap.ts'
import { isJsonObject, type JsonObject } from '../../../src/lib/json.ts'
import { bytesSource } from '../../../src/media/byte-source.ts'
import { readMetadata } from '../../../src/media/read-metadata.ts'

const root = join(import.meta.dir, '..', '..', '..', 'fixtures')

let inputs: readonly ParserInput[]
beforeAll(() => {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  inputs = files.flatMap(({ parentPath, name }) =>
    unwrap(readMetadata(bytesSource(readFileSync(join(parentPath, name)))).texts),
  )
})

const without = (value: JsonObject, fields: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !fields.includes(name)))

/** Parsers that name fields are not asked about JSON without one of them. */
const naming = PARSERS.flatMap((parser) => (parser.fields === undefined ? [] : [{ ...parser, fields: parser.fields }]))

test.each(naming)('$format claims nothing without one of its fields', ({ detect, fields }) => {
  let claimed = 0
  for (const input of inputs) {
    const value = input.json()
    if (!isJsonObject(value)) {
      expect(detect(input)).toBe(0)
      continue
    }
    if (detect(input) > 0) claimed += 1
    const rest = without(value, fields)
    expect(detect({ ...input, json: () => rest })).toBe(0)
  }
  expect(claimed).toBeGreaterThan(0)
})
