import { expect, test } from 'bun:test'
import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import fc from 'fast-check'
import { nameKind } from '../../../src/models/scan/file-names.ts'
import type { WalkedFile } from '../../../src/models/scan/walked-file.ts'
import { referenceWalk } from './reference-walk.ts'
import { walked } from './walked.ts'

const folder = fc.constantFrom('', 'a', 'b', 'a/c', 'a/c/d', '.hidden', 'a/.airkeep', 'models--o--r/x', 'é\n')
const root = folder.filter((path) => !path.includes('.airkeep'))
const name = fc.constantFrom(
  'x.safetensors',
  'y.gguf',
  'x.safetensors.aria2',
  'y.gguf.part',
  'note.txt',
  '.z.pt',
  'e',
  'f',
)
const path = fc.tuple(folder, name).map((parts) => parts.filter((part) => part !== '').join('/'))

/** Each is tried: some are in the way of others. Links lead to what an earlier step was about, or to a folder. */
const step = fc.record({
  kind: fc.constantFrom('file', 'file', 'folder', 'symlink', 'symlink', 'link'),
  path,
  bytes: fc.nat(3),
  earlier: fc.nat(),
  to: fc.option(folder),
  absolute: fc.boolean(),
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function build(base: string, steps: readonly Step[]): void {
  for (const [at, { kind, path, bytes, earlier, to, absolute }] of steps.entries()) {
    const full = join(base, path)
    const target = join(base, to ?? steps[earlier % (at + 1)]?.path ?? '')
    try {
      mkdirSync(dirname(full), { recursive: true })
      if (kind === 'file') writeFileSync(full, 'x'.repeat(bytes), { flag: 'wx' })
      else if (kind === 'folder') mkdirSync(full)
      else if (kind === 'symlink') symlinkSync(absolute ? target : relative(dirname(full), target) || '.', full)
      else linkSync(target, full)
    } catch {
      // Something else has the name, or there is nothing to link to.
    }
  }
}

const listed = (file: WalkedFile): string[] => [join(file.root, file.relative), ...file.aliases].toSorted()

test('a walk finds what the plainest one does, however a tree is linked', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.array(root, { minLength: 1, maxLength: 3 }), (steps, below) => {
      const base = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-random-')))
      try {
        build(base, steps)
        for (const one of below) mkdirSync(join(base, one), { recursive: true })
        const roots = [...new Set(below.map((one) => realpathSync(join(base, one))))]
        const found = walked(...roots)
        // Where a folder was visited too often aliases are left out.
        if (found.skipped.some(({ reason }) => reason.startsWith('more than'))) return
        const files = found.files
          .map((file) => ({ listed: listed(file), partial: file.partial }))
          .toSorted((a, b) => ((a.listed[0] ?? '') < (b.listed[0] ?? '') ? -1 : 1))
        expect(files).toEqual(referenceWalk(roots).map((file) => ({ ...file, listed: [...file.listed] })))
        for (const file of found.files) expect(realpathSync(join(file.root, file.relative))).toBe(file.path)
        expect(found.unreadable).toEqual([])
        expect(walked(...roots)).toEqual(found)
      } finally {
        rmSync(base, { recursive: true, force: true })
      }
    }),
    { numRuns: 150 },
  )
})

test('names come in every form without an error', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => typeof nameKind(text) === 'string'))
})
