import { expect, test } from 'bun:test'
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHostKey } from '../../../src/models/serve/host-key.ts'
import { rejection } from '../../support/rejection.ts'
import { tempDir } from '../../support/temp-dir.ts'

test('the key is made at first use, kept, and signs', async () => {
  using dir = tempDir()
  const file = join(dir.path, 'node-key')
  const key = createHostKey({ file })
  expect(readdirSync(dir.path)).toEqual([])
  const publicKey = await key.publicKey()
  expect(Buffer.from(publicKey, 'base64')).toHaveLength(32)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file, 'utf8')).toStartWith('-----BEGIN PRIVATE KEY-----\n')
  const x = Buffer.from(publicKey, 'base64').toString('base64url')
  const verifier = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  const signature = Buffer.from(await key.sign(Buffer.from('text')), 'base64')
  expect(verify(null, Buffer.from('text'), verifier, signature)).toBe(true)
  expect(verify(null, Buffer.from('texT'), verifier, signature)).toBe(false)
  expect(await createHostKey({ file }).publicKey()).toBe(publicKey)
})

test('of many that start at once all have the same key, and nothing else is left', async () => {
  using dir = tempDir()
  const file = join(dir.path, 'node-key')
  const keys = await Promise.all(Array.from({ length: 20 }, () => createHostKey({ file }).publicKey()))
  expect(new Set(keys).size).toBe(1)
  expect(readdirSync(dir.path)).toEqual(['node-key'])
})

test.each([
  ['something else', 'not a key\n'],
  ['another kind of key', generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
])('%s in its place is told, and not replaced', async (_, content) => {
  using dir = tempDir()
  const file = join(dir.path, 'node-key')
  writeFileSync(file, content)
  const error = await rejection(createHostKey({ file }).publicKey())
  expect(error).toMatchObject({ code: 'internal', message: `Could not read the key in ${file}` })
  expect(readFileSync(file, 'utf8')).toBe(content)
})

test('a key that could not be made is tried again', async () => {
  using dir = tempDir()
  const file = join(dir.path, 'later/node-key')
  const key = createHostKey({ file })
  expect(await rejection(key.publicKey())).toMatchObject({ code: 'ENOENT' })
  const { mkdirSync } = await import('node:fs')
  mkdirSync(join(dir.path, 'later'))
  expect(await key.publicKey()).toHaveLength(44)
})
