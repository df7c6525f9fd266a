import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createLocalFiles } from '../../src/access/local-files.ts'
import { type Actor, OWNER } from '../../src/operation/permission.ts'
import { failureOf } from '../hash/outcome.ts'

const AGENT: Actor = { kind: 'token', name: 'agent', permissions: new Set(['admin']) }

const dir = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-files-')))
const at = (...parts: string[]): string => join(dir, ...parts)
let socket: Server

beforeAll(async () => {
  for (const folder of ['models/loras', 'models-2', 'private', 'linked', 'models/data']) {
    mkdirSync(at(folder), { recursive: true })
  }
  writeFileSync(at('models/a.bin'), 'abc')
  writeFileSync(at('models/loras/b c.bin'), 'abcd')
  writeFileSync(at('models/data/serve.json'), 'secret')
  writeFileSync(at('models-2/x.bin'), 'not in the root')
  writeFileSync(at('private/key'), 'private')
  writeFileSync(at('linked/c.bin'), 'abcde')
  symlinkSync(at('linked'), at('root-by-link'))
  symlinkSync(at('private/key'), at('models/out'))
  symlinkSync(at('private'), at('models/out-folder'))
  symlinkSync(at('private/absent'), at('models/dangling-out'))
  symlinkSync(at('models/absent'), at('models/dangling-in'))
  symlinkSync(at('models/a.bin'), at('models/in'))
  symlinkSync(at('models/loop'), at('models/loop'))
  symlinkSync('/dev/zero', at('models/zero'))
  Bun.spawnSync(['mkfifo', at('models/fifo')])
  socket = createServer()
  await new Promise<void>((resolve) => socket.listen(at('models/socket'), resolve))
})
afterAll(() => {
  socket.close()
  rmSync(dir, { recursive: true })
})

const files = createLocalFiles({
  roots: () => [at('models'), at('root-by-link'), at('absent-root')],
  closed: async () => [at('models/data')],
})

const OUTSIDE = {
  code: 'forbidden',
  message: 'The path is outside the folders that callers with a token may name',
}

describe('found', () => {
  const rows: readonly (readonly [what: string, path: string, actor: Actor, real: string, sizeBytes: number])[] = [
    ['the owner, anywhere', at('private/key'), OWNER, at('private/key'), 7],
    ['the owner, through a link', at('models/out'), OWNER, at('private/key'), 7],
    ['the owner, in the data directory', at('models/data/serve.json'), OWNER, at('models/data/serve.json'), 6],
    ['a token, below a root', at('models/a.bin'), AGENT, at('models/a.bin'), 3],
    ['a token, with dots that stay inside', at('models/loras/../a.bin'), AGENT, at('models/a.bin'), 3],
    ['a token, through a link that stays inside', at('models/in'), AGENT, at('models/a.bin'), 3],
    ['a token, below a root that is a link', at('root-by-link/c.bin'), AGENT, at('linked/c.bin'), 5],
    ['a token, below what that root is', at('linked/c.bin'), AGENT, at('linked/c.bin'), 5],
    ['a file URL', pathToFileURL(at('models/loras/b c.bin')).href, AGENT, at('models/loras/b c.bin'), 4],
  ]
  test.each(rows)('%s', async (_what, path, actor, real, sizeBytes) => {
    expect(await files.find(path, actor)).toEqual({ path: real, sizeBytes, exact: actor === AGENT })
  })
})

describe('one answer outside, whatever exists there', () => {
  test.each([
    ['a file', at('private/key')],
    ['a folder', at('private')],
    ['nothing', at('private/absent')],
    ['nothing below nothing', at('nowhere/absent/x')],
    ['a folder whose name begins like a root', at('models-2/x.bin')],
    ['dots that lead out', at('models/../private/key')],
    ['a link that leads out', at('models/out')],
    ['a link that leads out, to nothing', at('models/dangling-out')],
    ['a linked folder', at('models/out-folder/key')],
    ['nothing in a linked folder', at('models/out-folder/absent')],
    ['a device', '/dev/zero'],
    ['a link to a device', at('models/zero')],
    ['a file of the system', '/etc/passwd'],
    ['what /proc tells', '/proc/self/environ'],
    ['the data directory', at('models/data/serve.json')],
    ['nothing in the data directory', at('models/data/absent')],
    ['a root that does not exist', at('absent-root/x')],
    ['the root of everything', '/'],
  ])('%s', async (_what, path) => {
    expect(await failureOf(files.find(path, AGENT))).toEqual(OUTSIDE)
    expect(await failureOf(files.findFolder(path, AGENT))).toEqual(OUTSIDE)
  })
})

describe('refused', () => {
  const rows: readonly (readonly [what: string, path: string, actor: Actor, code: string, says: string])[] = [
    ['relative', 'models/a.bin', OWNER, 'invalid_input', 'absolute'],
    ['empty', '', OWNER, 'invalid_input', 'absolute'],
    ['with NUL', `${at('models/a.bin')}\0x`, OWNER, 'invalid_input', 'absolute'],
    ['a file URL of another machine', 'file://elsewhere/x', OWNER, 'invalid_input', 'of this machine'],
    ['a file URL with an encoded slash', 'file:///tmp/a%2Fb', OWNER, 'invalid_input', 'of this machine'],
    ['a folder', at('models'), OWNER, 'invalid_input', 'is a folder'],
    ['a FIFO', at('models/fifo'), OWNER, 'invalid_input', 'is a FIFO'],
    ['a socket', at('models/socket'), OWNER, 'invalid_input', 'is a socket'],
    ['a device', '/dev/zero', OWNER, 'invalid_input', '/dev/zero is a device'],
    [
      'a link to a device, named as given',
      at('models/zero'),
      OWNER,
      'invalid_input',
      `${at('models/zero')} is a device`,
    ],
    ['a link to itself', at('models/loop'), OWNER, 'invalid_input', 'leads to itself'],
    ['a name too long', `/${'x'.repeat(5000)}`, OWNER, 'invalid_input', 'too long'],
    ['nothing', at('private/absent'), OWNER, 'not_found', `${at('private/absent')} does not exist`],
    ['a link to nothing', at('models/dangling-in'), OWNER, 'not_found', 'does not exist'],
    ['nothing below a file', at('models/a.bin/x'), OWNER, 'not_found', 'does not exist'],
    ['a token: nothing below a root', at('models/absent'), AGENT, 'not_found', 'does not exist'],
    ['a token: nothing below nothing below a root', at('models/x/y/z'), AGENT, 'not_found', 'does not exist'],
    ['a token: a folder below a root', at('models/loras'), AGENT, 'invalid_input', 'is a folder'],
    ['a token: a FIFO below a root', at('models/fifo'), AGENT, 'invalid_input', 'is a FIFO'],
  ]
  test.each(rows)('%s', async (_what, path, actor, code, says) => {
    const failure = await failureOf(files.find(path, actor))
    expect(failure.code).toBe(code)
    expect(failure.message).toContain(says)
  })
})

test('folders go by the same rules', async () => {
  expect(await files.findFolder(at('models/loras'), AGENT)).toBe(at('models/loras'))
  expect(await files.findFolder(at('private'), OWNER)).toBe(at('private'))
  expect(await failureOf(files.findFolder(at('models/a.bin'), AGENT))).toMatchObject({ code: 'invalid_input' })
})

test('without roots a token may name nothing', async () => {
  const none = createLocalFiles({ roots: () => [] })
  expect(await failureOf(none.find(at('models/a.bin'), AGENT))).toEqual(OUTSIDE)
})
