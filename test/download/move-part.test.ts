import { expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { movePart } from '../../src/download/move-part.ts'
import { openPart } from '../../src/download/part.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { cleanUp, newTarget } from './world.ts'

cleanUp()
const BYTES = Buffer.from('some bytes of a model')

/** A part with these bytes, noted; and another name. */
async function aPart(): Promise<{ readonly target: string; readonly other: string; names(): string[] }> {
  const target = newTarget()
  const part = await openPart(target, {}, systemClock)
  await part.write(0, BYTES)
  await part.sync(async () => undefined)
  await part.close()
  const other = join(dirname(target), 'other.safetensors')
  return { target, other, names: () => readdirSync(dirname(target)).sort() }
}

test('what was noted counts under the other name', async () => {
  const { target, other, names } = await aPart()
  await movePart(target, other)
  expect(names()).toEqual(['other.safetensors.part', 'other.safetensors.part.json'])
  const part = await openPart(other, {}, systemClock)
  expect(part.written.bytes()).toBe(BYTES.length)
  await part.close()
  expect(existsSync(`${target}.part`)).toBe(false)
})

test('a part under the other name stays what it is', async () => {
  const { target, other, names } = await aPart()
  writeFileSync(`${other}.part`, 'mine')
  await movePart(target, other)
  expect(readFileSync(`${other}.part`, 'utf8')).toBe('mine')
  expect(names()).toContain(`${basename(target)}.part`)
})

test('what another download writes stays where it is', async () => {
  const { target, other, names } = await aPart()
  const part = await openPart(target, {}, systemClock)
  const before = names()
  await movePart(target, other)
  expect(names()).toEqual(before)
  await part.close()
})

test('a part without notes is not known to be one of ours', async () => {
  const target = newTarget()
  writeFileSync(`${target}.part`, 'mine')
  await movePart(target, join(dirname(target), 'other.safetensors'))
  expect(readdirSync(dirname(target))).toEqual([`${basename(target)}.part`])
})
