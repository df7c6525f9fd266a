import { describe, expect, test } from 'bun:test'
import { MARKED_PARTIAL } from '../../../src/models/inspect/inspection.ts'
import { mergeRow } from '../../../src/models/library/merge-row.ts'
import type { ModelRow } from '../../../src/models/library/rows.ts'
import type { WalkedFile } from '../../../src/models/scan/walked-file.ts'

const FOUND: WalkedFile = {
  path: '/m/loras/a.safetensors',
  root: '/m',
  relative: 'loras/a.safetensors',
  name: 'a.safetensors',
  type: 'lora',
  aliases: [],
  sizeBytes: 100,
  modifiedUs: 1_000_000,
  changedUs: 2_000_000,
  device: '1',
  inode: '2',
  partial: false,
  namedSha256: undefined,
  place: 7,
}
const NOW = 5_000
const context = { instanceId: 'here', now: NOW }
const SHA = 'a'.repeat(64)

/** The row that an earlier walk, reading and hashing left. */
const before = (changes: Partial<ModelRow> = {}): ModelRow => ({
  ...mergeRow(FOUND, {}, { instanceId: 'here', now: 1 }),
  sha256: SHA,
  tensorSha256: 'b'.repeat(64),
  sample: 'c'.repeat(64),
  digestSource: 'computed',
  hashedAt: 2,
  inspectedAt: 2,
  claims: { header: { a: 'b' } },
  civitai: { version_id: 5 },
  civitaiVersionId: 5,
  ...changes,
})

describe('a file that was known', () => {
  const cases: [name: string, found: Partial<WalkedFile>, row: Partial<ModelRow>, expected: Partial<ModelRow>][] = [
    ['is the same', {}, {}, { sha256: SHA, inspectedAt: 2, hashedAt: 2, civitaiVersionId: 5 }],
    [
      'has another ctime: it is looked into again',
      { changedUs: 3 },
      {},
      { sha256: SHA, inspectedAt: null, sample: 'c'.repeat(64) },
    ],
    ['has other sidecars or another place', { place: 8 }, {}, { sha256: SHA, inspectedAt: null, place: 8 }],
    ['could not be read when it went away', {}, { state: 'unreadable', goneAt: 3 }, { sha256: SHA, inspectedAt: null }],
    [
      'is on another device after a restart',
      { device: '9', inode: '9' },
      {},
      { sha256: SHA, inspectedAt: 2, device: '9' },
    ],
    [
      'was written',
      { modifiedUs: 9 },
      {},
      {
        sha256: null,
        tensorSha256: null,
        sample: null,
        hashedAt: null,
        civitai: null,
        civitaiVersionId: null,
        claims: {},
        foundAt: 1,
      },
    ],
    ['grew', { sizeBytes: 101 }, {}, { sha256: null, hashedAt: null, sizeBytes: 101 }],
    ['comes back', {}, { goneAt: 4 }, { sha256: SHA, goneAt: null }],
    [
      'gets a marker beside it',
      { partial: true, place: 8 },
      {},
      { state: 'partial', fault: MARKED_PARTIAL, inspectedAt: null },
    ],
    [
      'loses its marker',
      { place: 8 },
      { state: 'partial', fault: MARKED_PARTIAL },
      { state: 'ok', fault: null, inspectedAt: null },
    ],
    ['stays corrupt', {}, { state: 'corrupt', fault: 'x' }, { state: 'corrupt', fault: 'x', inspectedAt: 2 }],
  ]
  test.each(cases)('%s', (_, found, row, expected) => {
    expect(mergeRow({ ...FOUND, ...found }, { before: before(row) }, context)).toMatchObject(expected)
  })
})

test('a renamed file keeps what was read of it and is looked into again', () => {
  const found = {
    ...FOUND,
    path: '/m/loras/b.safetensors',
    relative: 'loras/b.safetensors',
    name: 'b.safetensors',
    place: 9,
  }
  expect(mergeRow(found, { moved: before() }, context)).toMatchObject({
    path: '/m/loras/b.safetensors',
    stemKey: 'b',
    sha256: SHA,
    hashedAt: 2,
    inspectedAt: null,
  })
})

describe('digests that need no reading', () => {
  const volume = { sizeBytes: 100, modifiedUs: 1_000_000, sha256: SHA, sample: 'd'.repeat(64) }
  test.each<[name: string, row: Partial<ModelRow>, expected: Partial<ModelRow>]>([
    [
      'of the volume',
      mergeRow(FOUND, { volume }, context),
      { sha256: SHA, digestSource: 'volume', hashedAt: NOW, sample: 'd'.repeat(64) },
    ],
    [
      'of another file at this path',
      mergeRow(FOUND, { volume: { ...volume, sizeBytes: 1 } }, context),
      { sha256: null },
    ],
    ['of a file that is being written', mergeRow({ ...FOUND, partial: true }, { volume }, context), { sha256: null }],
    [
      'that the name tells: the rest is read later',
      mergeRow({ ...FOUND, namedSha256: SHA }, {}, context),
      { sha256: SHA, digestSource: 'blob_name', hashedAt: null },
    ],
    [
      'of no bytes',
      mergeRow(
        { ...FOUND, namedSha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' },
        {},
        context,
      ),
      { sha256: null },
    ],
  ])('%s', (_, row, expected) => {
    expect(row).toMatchObject(expected)
  })
})
