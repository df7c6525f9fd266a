import { describe, expect, test } from 'bun:test'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { createSealer } from '../../src/lib/sealed.ts'
import { rejection } from '../support/rejection.ts'
import { tempDir } from '../support/temp-dir.ts'

describe('a sealed secret', () => {
  test('opens where it was sealed, in another process too, and shows nothing', async () => {
    using dir = tempDir()
    const keyFile = join(dir.path, 'seal-key')
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string(), async (secret, place) => {
        const sealed = await createSealer({ keyFile }).seal(secret, place)
        expect(sealed).toMatch(/^v1:[0-9a-f]{8}:[\w-]+$/)
        expect(await createSealer({ keyFile }).open(sealed, place)).toBe(secret)
      }),
      { numRuns: 30 },
    )
    expect(statSync(keyFile).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir.path)).toEqual(['seal-key'])
  })

  test('is another text each time', async () => {
    using dir = tempDir()
    const sealer = createSealer({ keyFile: join(dir.path, 'seal-key') })
    const texts = await Promise.all(Array.from({ length: 10 }, () => sealer.seal('same', 'here')))
    expect(new Set(texts).size).toBe(10)
  })

  test('does not open when anything of it was changed', async () => {
    using dir = tempDir()
    const sealer = createSealer({ keyFile: join(dir.path, 'seal-key') })
    const sealed = await sealer.seal('ak_secret', 'nodes/a')
    for (let at = 0; at < sealed.length; at += 1) {
      // The last digit of base64 may hold bits that count for nothing.
      if (at === sealed.length - 1) continue
      const changed = `${sealed.slice(0, at)}${sealed[at] === 'a' ? 'b' : 'a'}${sealed.slice(at + 1)}`
      const error = await rejection(sealer.open(changed, 'nodes/a'))
      expect(error).toMatchObject({ code: 'conflict' })
      expect(String(error)).not.toContain('ak_secret')
    }
    for (const text of ['', 'v1', 'v1:', 'v2:00000000:AAAA', `${sealed}:x`, sealed.slice(0, 30)]) {
      expect(await rejection(sealer.open(text, 'nodes/a'))).toMatchObject({ code: 'conflict' })
    }
    expect(await rejection(sealer.open(sealed, 'nodes/b'))).toMatchObject({ code: 'conflict' })
  })

  test('tells when the key is another one', async () => {
    using dir = tempDir()
    const keyFile = join(dir.path, 'seal-key')
    const sealed = await createSealer({ keyFile }).seal('ak_secret', 'here')
    rmSync(keyFile)
    expect(await rejection(createSealer({ keyFile }).open(sealed, 'here'))).toMatchObject({
      code: 'conflict',
      message: 'Cannot open a sealed secret: it was sealed with another key',
    })
  })
})

test('a key file that was left half written is waited for, told, and kept', async () => {
  using dir = tempDir()
  const keyFile = join(dir.path, 'seal-key')
  writeFileSync(keyFile, 'abc')
  expect(await rejection(createSealer({ keyFile }).seal('x', 'here'))).toMatchObject({ code: 'internal' })
  expect(readFileSync(keyFile, 'utf8')).toBe('abc')
  const sealing = createSealer({ keyFile }).seal('x', 'here')
  writeFileSync(keyFile, `${'ab'.repeat(32)}\n`)
  expect(await sealing).toStartWith('v1:')
})
