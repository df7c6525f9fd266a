import { describe, expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHostKeys, type KnownKey, parseKnownKey } from '../../../src/catalog/ssh/host-keys.ts'
import { rejection } from '../../support/rejection.ts'
import { tempDir } from '../../support/temp-dir.ts'

const ALIAS = '[gpu]:40123'
function someKey(alias = ALIAS): KnownKey {
  const key = parseKnownKey(`${alias} ssh-ed25519 ${randomBytes(51).toString('base64')}`)
  if (key === undefined) throw new Error('no key')
  return key
}
const never = (): Promise<KnownKey> => Promise.reject(new Error('The host was asked'))

describe('a key', () => {
  test('that was shown is the one that is accepted', async () => {
    using folder = tempDir()
    const [shown, other] = [someKey(), someKey('[other]')]
    const keys = createHostKeys(folder.path)
    expect(await keys.accepted(ALIAS)).toBe('')
    await keys.remember(shown)
    await keys.remember(other)
    // By another process, later.
    expect(await createHostKeys(folder.path).accept(ALIAS, undefined, never)).toEqual(shown)
    expect(await keys.accepted(ALIAS)).toBe(`${ALIAS} ssh-ed25519 ${shown.blob}\n`)
    expect(await keys.accepted('[other]')).toBe('')
    expect(statSync(join(folder.path, 'known_hosts')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder.path, 'known_hosts.shown'), 'utf8')).toBe(`[other] ssh-ed25519 ${other.blob}\n`)
  })

  test('is asked for where none was shown', async () => {
    using folder = tempDir()
    const key = someKey()
    const keys = createHostKeys(folder.path)
    expect(await keys.accept(ALIAS, key.fingerprint, async () => key)).toEqual(key)
    expect(await keys.accept(ALIAS, key.fingerprint, never)).toEqual(key)
  })

  test('with another fingerprint is not accepted', async () => {
    using folder = tempDir()
    const keys = createHostKeys(folder.path)
    await keys.remember(someKey())
    expect(await rejection(keys.accept(ALIAS, someKey().fingerprint, never))).toMatchObject({ code: 'conflict' })
    expect(await keys.accepted(ALIAS)).toBe('')
  })

  test('that replaces another is accepted by its fingerprint alone', async () => {
    using folder = tempDir()
    const [first, second] = [someKey(), someKey()]
    const keys = createHostKeys(folder.path)
    await keys.accept(ALIAS, undefined, async () => first)
    await keys.remember(second)
    const error = await rejection(keys.accept(ALIAS, undefined, never))
    expect(error).toMatchObject({ code: 'conflict', hint: expect.stringContaining(second.fingerprint) })
    expect(await keys.accepted(ALIAS)).toContain(first.blob)
    await keys.accept(ALIAS, second.fingerprint, never)
    expect(await keys.accepted(ALIAS)).toBe(`${ALIAS} ssh-ed25519 ${second.blob}\n`)
  })

  test('leaves what a person wrote into the file', async () => {
    using folder = tempDir()
    const mine = '# mine\n|1|abc=|def= ssh-rsa AAAA\n@revoked * ssh-rsa AAAA\n'
    writeFileSync(join(folder.path, 'known_hosts'), mine)
    await createHostKeys(folder.path).accept(ALIAS, undefined, async () => someKey())
    expect(readFileSync(join(folder.path, 'known_hosts'), 'utf8')).toStartWith(mine)
  })

  test('many at once all stay', async () => {
    using folder = tempDir()
    const keys = createHostKeys(folder.path)
    const aliases = Array.from({ length: 10 }, (_, index) => `[gpu${index}]`)
    await Promise.all(aliases.map((alias) => keys.accept(alias, undefined, async () => someKey(alias))))
    for (const alias of aliases) expect(await keys.accepted(alias)).toStartWith(alias)
  })
})
