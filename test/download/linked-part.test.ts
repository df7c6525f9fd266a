import { describe, expect, test } from 'bun:test'
import { existsSync, linkSync, lstatSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { openPart } from '../../src/download/part.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { HIGH, LOW, payloadBytes } from '../support/payloads.ts'
import { rejection } from '../support/rejection.ts'
import { aSource, cleanUp, download, KIB, newTarget, serve, sha256 } from './world.ts'

cleanUp()
const file = payloadBytes(HIGH.seed)
const other = payloadBytes(LOW.seed)

const besideOf = (target: string, name: string): string => join(dirname(target), name)

/** A part that is whole, as its notes say, and has a second name. */
function linkedPart(target: string, bytes: Uint8Array, sha: string | null): string {
  const mine = besideOf(target, 'mine.safetensors')
  writeFileSync(`${target}.part`, bytes)
  const notes = { version: 1, created_at: '', size_bytes: file.length, sha256: sha, tensor_sha256: null }
  const rest = { validators: { 'url:one': 'etag:"one"' }, intervals: [[0, bytes.length]], hash: null }
  writeFileSync(`${target}.part.json`, JSON.stringify({ ...notes, ...rest }))
  linkSync(`${target}.part`, mine)
  return mine
}

describe('a part that has another name too', () => {
  test('a model that was moved away while its part was left stays as it is when another file gets its name', async () => {
    const target = newTarget()
    writeFileSync(`${target}.part`, file)
    linkSync(`${target}.part`, target)
    const moved = besideOf(target, 'moved.safetensors')
    renameSync(target, moved)
    const server = await serve(other)
    await download({ target, sources: [aSource(server.url)], request: { expected: { sha256: sha256(other) } } })
    expect(readFileSync(moved).equals(file)).toBe(true)
    expect(readFileSync(target).equals(other)).toBe(true)
    expect(readdirSync(dirname(target)).sort()).toEqual([basename(target), basename(moved)].sort())
    expect(lstatSync(target).nlink).toBe(1)
  })

  test.each([
    ['is whole', file.length, sha256(file)],
    ['goes on, whatever tells', 100 * KIB, null],
  ] as const)('what its notes vouch for does not count where it %s', async (_, bytes, sha) => {
    const target = newTarget()
    const mine = linkedPart(target, other.subarray(0, bytes), sha)
    const server = await serve(file)
    await download({ target, sources: [aSource(server.url)], request: { expected: { sha256: sha256(file) } } })
    expect(readFileSync(mine).equals(other.subarray(0, bytes))).toBe(true)
    expect(readFileSync(target).equals(file)).toBe(true)
    expect(server.sentBytes()).toBe(file.length)
  })

  test('its notes go before it does', async () => {
    const target = newTarget()
    const mine = linkedPart(target, file, null)
    const part = await openPart(target, {}, systemClock)
    expect(existsSync(`${target}.part.json`)).toBe(false)
    expect(part.written.bytes()).toBe(0)
    await part.close()
    expect(lstatSync(mine).nlink).toBe(1)
    expect(lstatSync(`${target}.part`)).toMatchObject({ size: 0, nlink: 1 })
  })

  test('one that gets it in the middle keeps what it had when all begins anew', async () => {
    const target = newTarget()
    const part = await openPart(target, {}, systemClock)
    await part.write(0, Buffer.from('old bytes'))
    linkSync(`${target}.part`, besideOf(target, 'mine'))
    await part.restart()
    await part.write(0, Buffer.from('new'))
    const seen = Buffer.alloc(9)
    expect(await part.read(0, seen)).toBe(3)
    await part.close()
    expect(readFileSync(besideOf(target, 'mine'), 'utf8')).toBe('old bytes')
    expect(readFileSync(`${target}.part`, 'utf8')).toBe('new')
  })

  test('something that is no file is left where it is', async () => {
    const target = newTarget()
    linkSync(linkedFifo(target), besideOf(target, 'second'))
    expect(await rejection(openPart(target, {}, systemClock))).toMatchObject({ code: 'conflict' })
    expect(lstatSync(`${target}.part`).isFIFO()).toBe(true)
  })
})

function linkedFifo(target: string): string {
  Bun.spawnSync(['mkfifo', `${target}.part`])
  return `${target}.part`
}
