import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Actor } from '../../../../src/operation/permission.ts'
import { civitdlFile, expectedFile, reportOf } from '../../../support/catalog-detect.ts'
import { type LocalCatalog, openLocalCatalog } from '../../../support/local-catalog.ts'
import { aModelFile } from '../../../support/model-files.ts'

let host: LocalCatalog
beforeAll(async () => {
  host = await openLocalCatalog({
    roots: ['ui/models', 'shared', 'forge/models'],
    uiHomes: ['ui', 'forge'],
    shared: ['shared', 'forge/models'],
  })
  put('ui/folder_paths.py')
  put('forge/webui.py')
  put('empty/folder_paths.py')
})
afterAll(() => host.close())

const TOKEN: Actor = { kind: 'token', name: 'agent', permissions: new Set(['catalog:read']) }
let count = 0
function aName(): string {
  count += 1
  return `pier-${count}.safetensors`
}
const at = (path: string): string => join(dirname(host.home), path)
const model = (path: string) => aModelFile(dirname(host.home), path, count)
function put(path: string, content = ''): void {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), content)
}
const wget = (name: string) => expectedFile({ names: [name], expected: name, folder: 'models/vae' })
const scan = (...roots: string[]) => host.models.run('scan_models', { roots: roots.map(at) })

describe('a home that is asked for', () => {
  test('answers for itself, not for the home that is configured', async () => {
    const name = aName()
    const { path } = model(`ui/models/vae/${name}`)
    expect((await host.file(wget(name))).status).toBe('present')
    expect(await host.file(wget(name), { uiHome: at('empty') })).not.toHaveProperty('path')
    expect((await host.file(wget(name), { uiHome: at('empty') })).status).toBe('missing')
    expect(await host.file(wget(name), { uiHome: host.home })).toMatchObject({ status: 'present', path })
  })

  test('does not have what the index knows of another home, and says who has it', async () => {
    const name = aName()
    const { path, sha256 } = model(`ui/models/loras/${name}`)
    const inFolderOfNobody = model(`elsewhere/models/vae/${aName()}`)
    put('elsewhere/folder_paths.py')
    await scan('ui/models', 'elsewhere/models')
    const asked = { uiHome: at('empty') }
    for (const file of [expectedFile({ sha256 }), expectedFile({ sha256: inFolderOfNobody.sha256 })]) {
      expect((await host.file(file)).status).toBe('elsewhere')
      expect((await host.file(file, asked)).status).toBe('missing')
    }
    expect((await host.file(expectedFile({ sha256 }), asked)).reason).toBe(
      `Only another UI of that host has it: ${path}`,
    )
  })

  test('has what lies in folders that are no home’s, whether the index knows it or not', async () => {
    const name = aName()
    const { path } = model(`shared/vae/${name}`)
    const asked = { uiHome: at('empty') }
    expect(await host.file(wget(name), asked)).toMatchObject({ status: 'elsewhere', path })
    const { sha256, path: scanned } = model(`disk/mine/${aName()}`)
    await scan('disk')
    expect(await host.file(expectedFile({ sha256 }), asked)).toMatchObject({ status: 'elsewhere', path: scanned })
  })

  test('has what a link in it leads to, in another home too', async () => {
    const name = aName()
    model(`ui/models/vae/${name}`)
    put('linked/folder_paths.py')
    mkdirSync(at('linked/models'), { recursive: true })
    symlinkSync(at('ui/models/vae'), at('linked/models/vae'))
    await scan('ui/models')
    const path = at(`linked/models/vae/${name}`)
    expect(await host.file(wget(name), { uiHome: at('linked') })).toMatchObject({ status: 'present', path })
  })

  test('has what its configuration names, in folders of any name', async () => {
    put('yaml/folder_paths.py')
    put(
      'yaml/extra_model_paths.yaml',
      `mine:\n  base_path: ${at('store')}\n  vae: |\n    deep/one\n  loras: sd/loras\n`,
    )
    const [vae, lora] = [aName(), aName()]
    const { path } = model(`store/deep/one/${vae}`)
    model(`store/sd/loras/${lora}`)
    const asked = { uiHome: at('yaml') }
    expect(await host.file(wget(vae), asked)).toMatchObject({ status: 'elsewhere', path })
    const wanted = { ...wget(lora), folder: 'models/Lora' }
    expect((await host.file(wanted, asked)).status).toBe('elsewhere')
    expect((await host.file(wget(lora), asked)).status).toBe('missing')
    expect((await host.file(wget(vae), { uiHome: at('empty') })).status).toBe('missing')
  })

  test('is not known where its configuration cannot be read', async () => {
    put('broken/folder_paths.py')
    put('broken/extra_model_paths.yaml', 'mine: [')
    const found = await host.file(wget(aName()), { uiHome: at('broken') })
    expect(found).toMatchObject({ status: 'unknown', reason: expect.stringContaining('is not valid YAML') })
  })

  test('keeps folders from callers with a token that its configuration names outside of theirs', async () => {
    put('ui/extra_model_paths.yaml', `mine:\n  base_path: ${at('private')}\n  vae: vae\n`)
    const name = aName()
    model(`private/vae/${name}`)
    const asked = { uiHome: host.home }
    expect((await host.file(wget(name), asked)).status).toBe('elsewhere')
    expect(await host.file(wget(name), { ...asked, actor: TOKEN })).toMatchObject({
      status: 'unknown',
      reason: expect.stringContaining('callers with a token may not name it'),
    })
  })
})

describe('a file whose name the server decides', () => {
  const unnamed = (version_id: number, folder: string) =>
    expectedFile({ source: { kind: 'civitai', version_id }, names: [], expected: `version ${version_id}`, folder })

  test('may be any that nobody knows', async () => {
    const { path } = model(`ui/models/hypernetworks/${aName()}`)
    const wanted = unnamed(3_456_789, 'models/hypernetworks')
    expect(await host.file(wanted)).toMatchObject({
      status: 'unknown',
      reason: expect.stringContaining('airkeep scan --identify'),
    })
    put(`${path.slice(dirname(host.home).length + 1).replace('.safetensors', '.civitai.info')}`, '{"id":5,"modelId":6}')
    await scan('ui/models')
    expect((await host.file(wanted)).status).toBe('missing')
    expect(await host.file(unnamed(5, 'models/hypernetworks'))).toMatchObject({ status: 'present', path })
  })

  test('is missing where nothing is that could be it', async () => {
    expect((await host.file(unnamed(3_456_789, 'models/style_models'))).status).toBe('missing')
    model('ui/models/style_models/other-mid_1-vid_2.safetensors')
    expect((await host.file(unnamed(3_456_789, 'models/style_models'))).status).toBe('missing')
  })
})

describe('names', () => {
  const KEY = '0123456789abcdef'.repeat(2)

  test('as wget writes them, with a key of their address', async () => {
    model(`ui/models/vae/quay.safetensors?type=Model&token=${KEY}`)
    const wanted = (query: string) => expectedFile({ names: [`quay.safetensors${query}`], folder: 'models/vae' })
    const found = await host.page(reportOf([wanted('?type=Model')]))
    expect(found.files).toMatchObject([
      { status: 'present', path: at('ui/models/vae/quay.safetensors?type=Model&token=***') },
    ])
    expect(JSON.stringify(found)).not.toContain(KEY)
    expect((await host.file(wanted('?type=VAE'))).status).toBe('missing')
    put(`ui/models/vae/lock.safetensors?token=${KEY}`, '<!DOCTYPE html><html><body>login</body></html>')
    const page = expectedFile({ names: ['lock.safetensors'], folder: 'models/vae' })
    expect((await host.file(page)).status).toBe('corrupt')
    put(`ui/models/vae/weir.safetensors?token=${KEY}.part`, 'x')
    const half = await host.file(expectedFile({ names: ['weir.safetensors'], folder: 'models/vae' }))
    expect(half.status).toBe('partial')
    expect(JSON.stringify(half)).not.toContain(KEY)
  })

  test('that are no text', async () => {
    const { path } = model(`ui/models/loras/groyne-mid_7-vid_778899.safetensors`)
    const folder = Buffer.concat([Buffer.from(at('ui/models/loras/d')), Buffer.from([0xe9])])
    mkdirSync(folder)
    const bytes = Buffer.concat([
      folder,
      Buffer.from('/'),
      Buffer.from([0xff]),
      Buffer.from('-mid_7-vid_889900.safetensors'),
    ])
    writeFileSync(bytes, await Bun.file(path).bytes())
    const wanted = (version_id: number) => civitdlFile({ model_id: 7, version_id }, { folder: 'models/loras' })
    expect(await host.file(wanted(889_900))).toMatchObject({
      status: 'present',
      path: at('ui/models/loras/d\\xe9/\\xff-mid_7-vid_889900.safetensors'),
    })
    expect((await host.file(wanted(778_899))).status).toBe('present')
    writeFileSync(bytes, '<!DOCTYPE html><html><body>login</body></html>')
    expect((await host.file(wanted(889_900))).status).toBe('corrupt')
  })
})
