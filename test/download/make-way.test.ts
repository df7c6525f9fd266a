import { expect, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { makeWay } from '../../src/download/make-way.ts'
import { openPart } from '../../src/download/part.ts'
import type { ExpectedFile } from '../../src/download/request.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { cleanUp, newTarget, sha256 } from './world.ts'

cleanUp()

const bytes = new Uint8Array([1, 2, 3])
const one: ExpectedFile = { sha256: sha256(bytes), sizeBytes: 10 }
const other: ExpectedFile = { sha256: sha256(new Uint8Array(1)) }
const bare: ExpectedFile = {}

/** Leaves three bytes of a file under the name. */
async function leave(target: string, expected: ExpectedFile): Promise<void> {
  const part = await openPart(target, expected, systemClock)
  part.validators.set('a', '"1"')
  part.sizeBytes = expected.sizeBytes
  await part.write(0, bytes)
  await part.sync(async () => undefined)
  await part.close()
}

const names = (target: string) => {
  let number = 1
  return async (): Promise<string> => {
    number += 1
    return join(dirname(target), `model-${number}.safetensors`)
  }
}

test.each<[string, ExpectedFile, ExpectedFile, readonly string[], boolean]>([
  ['of another digest', one, other, ['a'], true],
  ['of another size', { sizeBytes: 10 }, { sizeBytes: 11 }, ['a'], true],
  ['from elsewhere, where no digest tells', one, bare, ['b'], true],
  ['from the same source, where no digest tells', bare, bare, ['a'], false],
  ['of the same digest from elsewhere', one, one, ['b'], false],
])('a part %s', async (_, before, now, sources, moves) => {
  const target = newTarget()
  await leave(target, before)
  await makeWay({ target, expected: now, sources }, names(target))
  const moved = join(dirname(target), 'model-2.safetensors.part')
  expect([existsSync(moved), existsSync(`${target}.part`)]).toEqual([moves, !moves])
  expect(readFileSync(moves ? moved : `${target}.part`)).toEqual(Buffer.from(bytes))
  expect(existsSync(`${moves ? moved : `${target}.part`}.json`)).toBe(true)
})

test('nothing is moved where a file has the name', async () => {
  const target = newTarget()
  await leave(target, one)
  writeFileSync(target, 'whole')
  await makeWay({ target, expected: other, sources: [] }, names(target))
  expect(existsSync(`${target}.part`)).toBe(true)
})

test('it goes to the first name that has no part', async () => {
  const target = newTarget()
  const second = join(dirname(target), 'model-2.safetensors')
  await leave(target, one)
  await leave(second, other)
  await makeWay({ target, expected: { sha256: sha256(new Uint8Array(2)) }, sources: [] }, names(target))
  expect(existsSync(join(dirname(target), 'model-3.safetensors.part'))).toBe(true)
  expect(existsSync(`${second}.part`)).toBe(true)
})
