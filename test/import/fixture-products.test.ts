import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { FixtureContainer, Packed } from '../../scripts/fixtures/containers/container.ts'
import { containers } from '../../scripts/fixtures/containers.ts'
import { formatSamples } from '../../scripts/fixtures/formats/all.ts'
import type { PromptReading } from '../../src/import/read/messages.ts'
import { readPrompt } from '../../src/import/read/read-prompt.ts'
import type { PromptReader } from '../../src/import/read/reader.ts'
import type { SourceReader } from '../../src/import/source.ts'
import { DEFAULT_LIMITS } from '../../src/media/container.ts'
import { aFileReader, found, readFile, wanted } from '../support/fixture-reading.ts'
import { aPromptReader } from '../support/prompt-reader.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

/** Every format in every container that has room for it: it means the same wherever it stands. */

let folder: TempDir
let reader: PromptReader
let sources: SourceReader
beforeAll(() => {
  folder = tempDir()
  reader = aPromptReader()
  sources = aFileReader(reader, folder.path)
})
afterAll(async () => {
  await reader.close()
  folder[Symbol.dispose]()
})

async function read({ bytes, beside }: Packed, { extension }: FixtureContainer): Promise<PromptReading> {
  if (beside === undefined) return readPrompt({ from: { kind: 'bytes', bytes }, format: 'auto' }, DEFAULT_LIMITS, {})
  using place = tempDir()
  const path = join(place.path, `harbor.${extension}`)
  writeFileSync(path, bytes)
  writeFileSync(join(place.path, `harbor${beside.ending}`), beside.bytes)
  return await readFile(sources, path) // before the folder is gone
}

describe.each(containers.map((container) => ({ name: container.name, container })))('$name', ({ container }) => {
  const packable = formatSamples.flatMap((sample) => {
    const packed = container.pack(sample)
    return packed === undefined ? [] : [{ name: sample.name, sample, packed }]
  })

  test.each(packable)('$name', async ({ sample, packed }) => {
    const reading = await read(packed, container)
    expect(reading.container).toBe(container.container)
    expect(found(reading)).toEqual(wanted(sample.expected))
  })
})

test('each format has room in every container that its program writes it into', () => {
  const known = new Map(containers.map((container) => [container.name, container]))
  const without = formatSamples.flatMap((sample) =>
    sample.native.filter((name) => known.get(name)?.pack(sample) === undefined).map((name) => [sample.name, name]),
  )
  expect(without).toEqual([])
})

test('nearly every pair of them is tried', () => {
  const pairs = containers.flatMap((container) =>
    formatSamples.filter((sample) => container.pack(sample) !== undefined),
  )
  expect(pairs.length).toBeGreaterThan(0.9 * containers.length * formatSamples.length)
})
