import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Actor } from '../../../../src/operation/permission.ts'
import { civitdlFile, expectedFile, reportOf } from '../../../support/catalog-detect.ts'
import { type LocalCatalog, openLocalCatalog } from '../../../support/local-catalog.ts'
import { aModelFile } from '../../../support/model-files.ts'
import { rejection } from '../../../support/rejection.ts'

let host: LocalCatalog
beforeAll(async () => {
  host = await openLocalCatalog({ roots: ['ui/models', 'forge/models'], uiHomes: ['gone', 'ui', 'forge'] })
})
afterAll(() => host.close())

const TOKEN: Actor = { kind: 'token', name: 'agent', permissions: new Set(['catalog:read']) }
let count = 0
/** A name that no other test has. */
function aName(): string {
  count += 1
  return `harbor-${count}.safetensors`
}
const model = (path: string, seed = count) => aModelFile(host.home, path, seed)
function put(path: string, content: string | Uint8Array = 'x'): string {
  const at = join(host.home, path)
  mkdirSync(dirname(at), { recursive: true })
  writeFileSync(at, content)
  return at
}
const wget = (name: string, changes = {}) => expectedFile({ names: [name], expected: name, ...changes })
const scan = () => host.models.run('scan_models', {})

describe('this host', () => {
  test('says who it is, when it looked and where its UI is', async () => {
    const { instance, ui_home, checkedAt, results } = await host.check([])
    expect({ instance, ui_home, checkedAt, size: results.size }).toEqual({
      instance: 'here',
      ui_home: host.home,
      checkedAt: host.models.clock.now(),
      size: 0,
    })
  })

  test('finds a file that the index does not know yet', async () => {
    const name = aName()
    const { path } = model(`models/VAE/${name}`)
    expect(await host.file(wget(name))).toMatchObject({ status: 'present', path, matched_by: 'name' })
  })

  test('notices what comes, goes and changes, at once', async () => {
    const name = aName()
    expect(await host.file(wget(name))).toMatchObject({ status: 'missing' })
    const { path } = model(`models/VAE/${name}`)
    expect(await host.file(wget(name))).toMatchObject({ status: 'present' })
    writeFileSync(`${path}.aria2`, 'x')
    expect(await host.file(wget(name))).toMatchObject({ status: 'partial' })
    rmSync(`${path}.aria2`)
    writeFileSync(path, '')
    expect(await host.file(wget(name))).toMatchObject({ status: 'corrupt', reason: 'It is empty' })
    rmSync(path)
    expect(await host.file(wget(name))).toMatchObject({ status: 'missing' })
  })

  test('reads a folder again that did not change for long, once it does', async () => {
    const name = aName()
    const { path } = model(`models/VAE/deep/${name}`)
    const old = new Date(Date.now() - 3_600_000)
    utimesSync(dirname(path), old, old)
    expect((await host.file(wget(name))).status).toBe('elsewhere')
    renameSync(path, path.replace('deep/', 'deep/other-'))
    expect((await host.file(wget(name))).status).toBe('missing')
  })

  test('knows digests of the index, and verifies by them', async () => {
    const name = aName()
    const { sha256, path } = model(`models/VAE/${name}`)
    expect((await host.file(wget(name, { sha256 }))).status).toBe('present')
    await scan()
    expect(await host.file(wget(name, { sha256 }))).toMatchObject({ status: 'verified', path, sha256 })
    expect(await host.file(wget(name, { sha256: 'ab'.repeat(32) }))).toMatchObject({ status: 'corrupt', sha256 })
  })

  test('finds a renamed file by its digest, wherever it lies', async () => {
    const { sha256, path } = model('models/loras/mine/other.safetensors', 900)
    await scan()
    const found = await host.file(wget(aName(), { sha256 }))
    expect(found).toMatchObject({ status: 'elsewhere', path, matched_by: 'sha256' })
  })

  test('does not believe a digest of bytes that were replaced', async () => {
    const name = aName()
    const { sha256, path } = model(`models/VAE/${name}`)
    await scan()
    aModelFile(dirname(path), name, 5_000, 2_048)
    expect((await host.file(wget(name, { sha256 }))).status).toBe('present')
  })

  test('finds a file by the version that its sidecar tells', async () => {
    const { path } = model('models/loras/renamed.safetensors', 901)
    writeFileSync(path.replace('.safetensors', '.civitai.info'), JSON.stringify({ id: 778_899, modelId: 5 }))
    await scan()
    const found = await host.file(civitdlFile({ model_id: 5, version_id: 778_899 }, { folder: 'models/loras' }))
    expect(found).toMatchObject({ status: 'present', path, matched_by: 'civitdl_version' })
  })

  test('finds what a sorter put deep, and not what is about it', async () => {
    put('models/Lora/SDXL/style/Harbor/extra_data-vid_654321/model_dict-mid_9-vid_654321.json')
    const wanted = civitdlFile({ model_id: 9, version_id: 654_321 })
    expect((await host.file(wanted)).status).toBe('missing')
    const { path } = model('models/Lora/SDXL/style/Harbor/harbor-mid_9-vid_654321.safetensors')
    expect(await host.file(wanted)).toMatchObject({ status: 'present', path })
    expect((await host.file(civitdlFile({ model_id: 9, version_id: 54_321 }))).status).toBe('missing')
  })

  test('sees what civitdl and hf have not moved to its place yet', async () => {
    put('models/Lora/Harbor/.tmp/harbor-mid_9-vid_111222.safetensors')
    expect((await host.file(civitdlFile({ model_id: 9, version_id: 111_222 }))).status).toBe('partial')
    const name = aName()
    const key = createHash('sha1').update(`${name}.metadata`).digest('base64url').padEnd(28, '=')
    put(`models/VAE/.cache/huggingface/download/${key}.${'ab'.repeat(32)}.incomplete`)
    expect((await host.file(wget(name))).status).toBe('partial')
  })

  test('knows web pages and torn files under a model name, indexed or not', async () => {
    const page = aName()
    const torn = aName()
    put(`models/VAE/${page}`, '<!DOCTYPE html><html><head><title>Sign in</title></head></html>')
    put(`models/VAE/${torn}`, Buffer.concat([Buffer.from([200, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{"w":')]))
    const before = await Promise.all([host.file(wget(page)), host.file(wget(torn))])
    expect(before.map(({ status }) => status)).toEqual(['corrupt', 'corrupt'])
    await scan()
    const after = await Promise.all([host.file(wget(page)), host.file(wget(torn))])
    expect(after).toEqual(before)
  })

  test('takes a folder that is a link, and one under two names, for what they are', async () => {
    const name = aName()
    model(`models/loras/${name}`)
    symlinkSync('loras', join(host.home, 'models/LyCORIS'))
    symlinkSync('..', join(host.home, 'models/loras/circle'))
    const path = join(host.home, 'models/LyCORIS', name)
    expect(await host.file(wget(name, { folder: 'models/LyCORIS' }))).toMatchObject({ status: 'present', path })
    expect(await host.file(wget(name, { folder: 'models/loras' }))).toMatchObject({ status: 'present' })
    rmSync(join(host.home, 'models/LyCORIS'))
    rmSync(join(host.home, 'models/loras/circle'))
  })

  test('knows the digest of a file by each of its names', async () => {
    const store = aName()
    const link = aName()
    const hard = aName()
    const { path, sha256 } = model(`models/VAE/${store}`)
    symlinkSync(path, join(host.home, 'models/VAE', link))
    linkSync(path, join(host.home, 'models/VAE', hard))
    await scan()
    for (const name of [store, link, hard]) {
      // Whichever name a digest leads to first.
      expect(await host.file(wget(name, { sha256 }))).toMatchObject({ status: 'verified', sha256 })
      expect(await host.file(wget(name))).toMatchObject({
        status: 'present',
        sha256,
        path: join(host.home, 'models/VAE', name),
      })
    }
  })

  test('counts what lies in the folders of another UI', async () => {
    const name = aName()
    const { path } = aModelFile(host.models.dir, `forge/models/VAE/${name}`, 3)
    expect(await host.file(wget(name))).toMatchObject({ status: 'elsewhere', path })
  })

  test('looks into a home that the caller names', async () => {
    const name = aName()
    const { path } = aModelFile(host.models.dir, `third/models/VAE/${name}`, 3)
    const uiHome = join(host.models.dir, 'third')
    expect(await host.file(wget(name), { uiHome })).toMatchObject({ status: 'present', path })
    expect((await host.check([], { uiHome })).ui_home).toBe(uiHome)
    expect(await host.file(wget(name))).toMatchObject({ status: 'missing' })
  })

  test('says that a home is not there, instead of that nothing is', async () => {
    const uiHome = join(host.models.dir, 'nowhere')
    expect(await rejection(host.check([], { uiHome }))).toMatchObject({ code: 'not_found' })
  })

  test('looks where ~ leads', async () => {
    const name = aName()
    const { path } = aModelFile(host.models.dir, `user/models/Lora/${name}`, 3)
    expect(await host.file(wget(name, { absolute_folder: '~/models/Lora' }))).toMatchObject({ status: 'present', path })
  })

  test('looks at names that are patterns or options elsewhere as names', async () => {
    for (const name of ['*', '-rf', '$(reboot)', 'a b?.safetensors', '\u202e.bin']) {
      expect((await host.file(wget(name))).status).toBe('missing')
      const path = put(`models/VAE/${name}`)
      expect(await host.file(wget(name))).toMatchObject({ path })
      rmSync(path)
    }
  })

  test('leaves when nobody waits any more', async () => {
    const signal = AbortSignal.abort(new Error('enough'))
    expect(await rejection(host.check([reportOf([wget(aName())])], { signal }))).toEqual(new Error('enough'))
  })

  test('does not know what is in a folder that it cannot enter', async () => {
    symlinkSync('circle', join(host.home, 'models/circle'))
    expect(await host.file(wget(aName(), { folder: 'models/circle' }))).toMatchObject({
      status: 'unknown',
      reason: `${join(host.home, 'models/circle')} could not be looked at: its symlinks lead in a circle`,
    })
  })
})

describe('a caller with a token', () => {
  const actor = TOKEN

  test('learns of files in the folders of models', async () => {
    const name = aName()
    const { path } = model(`models/VAE/${name}`)
    expect(await host.file(wget(name), { actor })).toMatchObject({ status: 'present', path })
    expect(await host.file(wget(aName()), { actor })).toMatchObject({ status: 'missing' })
  })

  test('learns of nothing else, whatever is there', async () => {
    const name = aName()
    const secret = aModelFile(host.models.dir, `private/${name}`, 3, 777)
    put(`notes/${name}`)
    for (const place of [
      { absolute_folder: dirname(secret.path) },
      { absolute_folder: '/nowhere' },
      { folder: 'notes' },
    ]) {
      const { status, reason } = await host.file(wget(name, place), { actor })
      expect({ status, reason }).toMatchObject({ status: 'unknown', reason: expect.stringContaining('token may not') })
    }
    // What the owner once had scanned is no folder of models.
    await host.models.run('scan_models', { roots: [dirname(secret.path)] })
    const wanted = wget(aName(), { sha256: secret.sha256 })
    expect(await host.file(wanted)).toMatchObject({ status: 'elsewhere', path: secret.path })
    expect(await host.file(wanted, { actor })).toMatchObject({ status: 'missing' })
  })

  test('may name a home only within those folders, or one of the host', async () => {
    const { dir } = host.models
    expect(await rejection(host.check([], { actor, uiHome: join(dir, 'private') }))).toMatchObject({
      code: 'forbidden',
    })
    expect((await host.check([], { actor, uiHome: `${join(dir, 'forge')}/` })).ui_home).toBe(join(dir, 'forge'))
  })
})

test('a home that is a folder of models itself is looked through', async () => {
  const bare = await openLocalCatalog({ roots: ['ui'] })
  try {
    const { path } = aModelFile(bare.home, 'Harbor/harbor-mid_1-vid_2.safetensors', 1)
    expect(await bare.file(civitdlFile({ version_id: 2 }, { folder: '' }))).toMatchObject({ status: 'present', path })
    expect(await bare.file(civitdlFile({ version_id: 3 }, { folder: '' }))).toMatchObject({ status: 'missing' })
  } finally {
    await bare.close()
  }
  expect(await host.file(civitdlFile({ version_id: 3 }, { folder: '' }))).toMatchObject({ status: 'unknown' })
})

test('a host without a UI does not say that nothing is there', async () => {
  const bare = await openLocalCatalog({ roots: ['models'], uiHomes: [] })
  try {
    const { path } = aModelFile(bare.models.dir, 'models/loras/here.safetensors', 1)
    expect((await bare.check([])).ui_home).toBeNull()
    expect(await bare.file(wget('here.safetensors', { folder: 'models/Lora' }))).toMatchObject({
      status: 'elsewhere',
      path,
    })
    expect(await bare.file(wget('there.safetensors'))).toMatchObject({ status: 'unknown' })
  } finally {
    await bare.close()
  }
})
