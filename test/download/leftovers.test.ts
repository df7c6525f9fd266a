import { describe, expect, test } from 'bun:test'
import { linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname } from 'node:path'
import { openPart } from '../../src/download/part.ts'
import { noteOf } from '../../src/download/take-name.ts'
import { parseSha256 } from '../../src/hash/digest.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { HIGH, LOW, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, download, gate, newTarget, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const SHA = sha256(file)

/** The notes of a part that is whole, as the last sync before placing writes them. */
function note(target: string, sizeBytes = file.length): void {
  const notes = { version: 1, created_at: '', size_bytes: sizeBytes, sha256: null, tensor_sha256: null, validators: {} }
  writeFileSync(`${target}.part.json`, JSON.stringify({ ...notes, intervals: [[0, sizeBytes]], hash: null }))
}

const LEFT = {
  'the file has both names': (target: string) => {
    writeFileSync(`${target}.part`, file)
    linkSync(`${target}.part`, target)
    note(target)
  },
  'the file has its name, and the notes are there': (target: string) => {
    writeFileSync(target, file)
    note(target)
  },
} as const

describe.each(Object.entries(LEFT))('of a run that was killed %s', (_, leave) => {
  test.each([{ sha256: SHA }, { sizeBytes: file.length }, {}])(
    'with %p expected it is brought to its end',
    async (expected) => {
      const target = newTarget()
      leave(target)
      writeFileSync(`${target}.part.lock`, `${hostname().replace(/\s/g, '_')} 999999 12345\n`)
      const before = lstatSync(target).ino
      const found = await download({ target, sources: [], request: { expected } })
      expect(found).toMatchObject({ sha256: SHA, tensorSha256: HIGH.tensorSha256, fetchedBytes: 0 })
      expect(readdirSync(dirname(target))).toEqual([basename(target)])
      expect(lstatSync(target).ino).toBe(before)
      expect(readFileSync(target).equals(file)).toBe(true)
    },
  )
  test.each([{ sha256: parseSha256(LOW.sha256) }, { sizeBytes: 5 }])(
    'with %p expected it is another file',
    async (expected) => {
      const target = newTarget()
      leave(target)
      const source = aSource('http://127.0.0.1:1/')
      expect(await rejection(download({ target, sources: [source], request: { expected } }))).toMatchObject({
        code: 'conflict',
      })
      expect(source.opens).toBe(0)
      expect(readFileSync(target).equals(file)).toBe(true)
    },
  )
})

test('the empty file by which an earlier run holds the name is replaced', async () => {
  const server = await serve(file)
  const target = newTarget()
  writeFileSync(`${target}.part`, file)
  note(target)
  writeFileSync(noteOf(`${target}.part`, target), '')
  writeFileSync(target, '')
  const found = await download({ target, sources: [aSource(server.url)], request: { expected: { sha256: SHA } } })
  expect(found).toMatchObject({ sha256: SHA, fetchedBytes: 0 })
  expect(readFileSync(target).equals(file)).toBe(true)
  expect(readdirSync(dirname(target))).toEqual([basename(target)])
})

describe('no byte moves where something else has the name', () => {
  test.each<readonly [string, (target: string) => void]>([
    ['a link that leads nowhere', (target) => symlinkSync('nowhere', target)],
    ['a folder', (target) => mkdirSync(target)],
    ['an empty file', (target) => writeFileSync(target, '')],
    [
      'a file, while the part of an earlier run is there',
      (target) => [target, `${target}.part`].map((path) => writeFileSync(path, 'mine')),
    ],
    ['a file of another size than the notes say', (target) => [writeFileSync(target, 'mine'), note(target)]],
  ])('%s', async (_name, put) => {
    const target = newTarget()
    put(target)
    const source = aSource('http://127.0.0.1:1/')
    const names = readdirSync(dirname(target))
    expect(await rejection(download({ target, sources: [source] }))).toMatchObject({ code: 'conflict' })
    expect(source.opens).toBe(0)
    expect(readdirSync(dirname(target))).toEqual(names)
  })
})

describe('the file that is wanted is there already', () => {
  const LOCK = `${hostname().replace(/\s/g, '_')} 999999 12345\n`
  const there = (target: string): Promise<unknown> => {
    writeFileSync(target, file)
    return download({ target, sources: [], request: { expected: { sha256: SHA } } })
  }

  test.each<readonly [string, (target: string) => void]>([
    [
      'half a part with its notes',
      (target) => [writeFileSync(`${target}.part`, file.subarray(0, 100)), note(target, 100)],
    ],
    ['a mark of a process that is gone', (target) => writeFileSync(`${target}.part.lock`, LOCK)],
    ['notes that had no name yet', (target) => writeFileSync(`${target}.part.json.tmp`, '{"ver')],
  ])('%s goes', async (_name, leave) => {
    const target = newTarget()
    leave(target)
    expect(await there(target)).toMatchObject({ sha256: SHA, fetchedBytes: 0 })
    expect(readdirSync(dirname(target))).toEqual([basename(target)])
  })

  test.each<readonly [string, (target: string) => void]>([
    ['a part that another program may have begun', (target) => writeFileSync(`${target}.part`, 'mine')],
    [
      'what another download writes',
      (target) => [writeFileSync(`${target}.part`, 'x'), writeFileSync(`${target}.part.lock`, 'elsewhere 5 12345\n')],
    ],
  ])('%s stays', async (_name, leave) => {
    const target = newTarget()
    leave(target)
    const names = readdirSync(dirname(target))
    expect(await there(target)).toMatchObject({ sha256: SHA, fetchedBytes: 0 })
    expect(readdirSync(dirname(target)).sort()).toEqual([basename(target), ...names].sort())
  })

  test('since a moment ago: what was fetched meanwhile goes', async () => {
    const target = newTarget()
    const held = gate()
    const server = await serve(file, () => ({ until: held.opened }))
    const running = download({ target, sources: [aSource(server.url)], request: { expected: { sha256: SHA } } })
    await server.asked(1)
    writeFileSync(target, file)
    held.open()
    expect(await running).toMatchObject({ path: target, sha256: SHA, fetchedBytes: file.length })
    expect(readdirSync(dirname(target))).toEqual([basename(target)])
  })
})

test('notes that a killed run had not given their name yet are replaced', async () => {
  const target = newTarget()
  writeFileSync(`${target}.part.json.tmp`, '{"ver')
  const server = await serve(file)
  await download({ target, sources: [aSource(server.url)], request: { expected: { sha256: SHA } } })
  expect(readdirSync(dirname(target))).toEqual([basename(target)])
})

test('a part that is the finished file itself is never written to', async () => {
  const target = newTarget()
  LEFT['the file has both names'](target)
  rmSync(`${target}.part.json`)
  expect(await rejection(openPart(target, {}, systemClock))).toMatchObject({ code: 'conflict' })
  expect(readFileSync(target).equals(file)).toBe(true)
  expect(readdirSync(dirname(target)).sort()).toEqual([basename(target), `${basename(target)}.part`])
})
