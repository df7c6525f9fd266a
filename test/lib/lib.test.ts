import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freeBytes, isNetworkFilesystem, writeAtomic } from '../../src/lib/files.ts'
import { createId } from '../../src/lib/id.ts'
import { withoutSecrets } from '../../src/lib/log.ts'
import { backoffMs, sleep } from '../../src/lib/retry.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'airkeep-lib-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

describe('writeAtomic', () => {
  test('replaces a file whole, for its owner alone, and leaves nothing beside it', async () => {
    const path = join(dir, 'file')
    await writeAtomic(path, 'one')
    await writeAtomic(path, 'two')
    expect(readFileSync(path, 'utf8')).toBe('two')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(dir)).toEqual(['file'])
  })

  test('leaves nothing where it fails', async () => {
    await writeAtomic(join(dir, 'taken/x'), 'x').catch(() => {})
    const path = join(dir, 'folder')
    await Bun.write(join(path, 'inside'), '')
    await expect(writeAtomic(path, 'x')).rejects.toThrow()
    expect(readdirSync(dir)).toEqual(['folder'])
  })
})

test('a filesystem of this machine is told from one of the network', async () => {
  expect(await isNetworkFilesystem(dir)).toBe(false)
  expect(await freeBytes(dir)).toBeGreaterThan(0)
})

test('ids match what the outside expects and differ', () => {
  const ids = Array.from({ length: 1000 }, () => createId('imp'))
  expect(new Set(ids).size).toBe(1000)
  for (const id of ids) expect(id).toMatch(/^[a-z]+_[0-9a-z]{20}$/)
})

test('tokens and signatures are taken out of texts', () => {
  const text = withoutSecrets('GET https://x/?id=1&token=hunter2&X-Amz-Signature=hunter3&type=2 and ?ticket=hunter4')
  expect(text).not.toContain('hunter')
  expect(text).toContain('id=1')
  expect(text).toContain('type=2')
  expect(withoutSecrets('https://x/?%2574oken=hunter2&hmac=hunter3;verify=hunter4&any[]=hunter5')).not.toContain(
    'hunter',
  )
  expect(withoutSecrets('libsql://host/?authToken=hunter5&tls=0, http://me:hunter6@host:80/a@b')).toBe(
    'libsql://host/?authToken=***&tls=*** http://***@host:80/a@b',
  )
})

describe('waiting', () => {
  test('doubles up to the limit, with up to half taken off', () => {
    const timing = { firstMs: 100, maxMs: 1000 }
    expect([0, 1, 2, 3, 4, 20].map((attempt) => backoffMs(attempt, timing, () => 0))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ])
    expect(backoffMs(0, timing, () => 1)).toBe(50)
  })

  test('ends with its signal', async () => {
    const abort = new AbortController()
    const waiting = sleep(60_000, abort.signal)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(sleep(60_000, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    await sleep(1)
  })
})
