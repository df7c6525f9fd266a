import { expect, test } from 'bun:test'
import type { FileCheck } from '../../../src/catalog/detect/page-check.ts'
import { noteSmallFiles } from '../../../src/catalog/detect/small-files.ts'

const checkOf = (file: Partial<FileCheck>) => ({
  notes: ['before'],
  files: [
    { expected: 'a.safetensors', status: 'present', path: '/ui/models/loras/a.safetensors', ...file } as FileCheck,
  ],
})

test.each<[Partial<FileCheck>]>([[{ size_bytes: 2_800 }], [{ size_bytes: 65_535, status: 'elsewhere' }]])(
  'what is as small as a web page and was not read is noted: %j',
  (file) => {
    const { notes, files } = noteSmallFiles(checkOf(file))
    expect(notes).toEqual(['before', expect.stringContaining(`a.safetensors has only ${file.size_bytes} bytes`)])
    expect(files).toEqual(checkOf(file).files)
  },
)

test.each<[Partial<FileCheck>]>([
  [{ size_bytes: 65_536 }],
  [{ size_bytes: 10, status: 'verified' }],
  [{ size_bytes: 10, status: 'partial' }],
  [{ size_bytes: 0, status: 'corrupt' }],
  [{ status: 'missing' }],
  // Those are that small.
  [{ size_bytes: 4_000, path: '/ui/embeddings/style/a.pt' }],
])('anything else is not: %j', (file) => {
  expect(noteSmallFiles(checkOf(file)).notes).toEqual(['before'])
})
