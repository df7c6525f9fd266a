import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { FileCheck, PageCheck } from '../../../src/catalog/detect/page-check.ts'
import { createSshHost } from '../../../src/catalog/detect/ssh-host.ts'
import type { ExpectedFile } from '../../../src/catalog/expected-file.ts'
import { expectedFile, reportOf } from '../../support/catalog-detect.ts'
import { aModelFile } from '../../support/model-files.ts'
import { needs } from '../../support/requires.ts'
import { noSsh, testLister } from '../../support/ssh-lister.ts'
import { type TempDir, tempDir } from '../../support/temp-dir.ts'
import { aCall } from '../../support/track.ts'

let dir: TempDir
beforeAll(() => {
  dir = tempDir()
})
afterAll(() => dir[Symbol.dispose]())

const at = (path: string): string => join(dir.path, path)
function put(path: string, content: string | Uint8Array = ''): string {
  mkdirSync(dirname(at(path)), { recursive: true })
  writeFileSync(at(path), content)
  return at(path)
}
let count = 0
const model = (path: string, bytes = 4096): string => {
  count += 1
  return aModelFile(dir.path, path, count, bytes).path
}

const SHELLS: readonly (readonly [string, boolean, () => string])[] = [
  ['GNU tools', true, () => `env HOME=${at('user')} sh -c`],
  ['busybox', needs('busybox'), busybox],
]

/** Nothing but busybox, which has no `find -printf`. */
function busybox(): string {
  const bin = at('bin')
  mkdirSync(bin, { recursive: true })
  for (const name of ['dd', 'find', 'sed', 'uname', 'xargs', 'sh', 'ls', 'od', 'stat', 'sha256sum']) {
    const path = join(bin, name)
    if (!existsSync(path)) symlinkSync(Bun.which('busybox') ?? '/no/busybox', path)
  }
  return `env HOME=${at('user')} PATH=${bin} ${join(bin, 'sh')} -c`
}

describe.each(SHELLS)('by ssh to %s', (name, able, shellOf) => {
  if (!able) return
  async function check(files: readonly ExpectedFile[], home: string): Promise<PageCheck> {
    count += 1
    const folder = at(`ssh-${name.length}-${count}`)
    mkdirSync(folder)
    const lister = testLister(folder, { program: noSsh(folder, shellOf()) })
    const host = createSshHost({ lister, target: { host: 'h', user: 'u' }, uiHome: at(home) })
    const { results } = await host.check([{ report: reportOf(files) }], aCall({}))
    const found = results.get('page.md')
    if (found === undefined) throw new Error('It was not checked')
    return found
  }
  const file = async (expected: ExpectedFile, home: string): Promise<FileCheck | undefined> =>
    (await check([expected], home)).files[0]
  const home = `ui-${name.length}`
  const wget = (own: string, folder = 'models/vae') => expectedFile({ names: [own], expected: own, folder })

  test('what a configuration names is looked through too', async () => {
    const stores = `stores-${name.length}`
    put(
      `${home}/extra_model_paths.yaml`,
      `a:\n  base_path: ${at(stores)}/\n  vae: deep/one/\n  loras: |\n    sd/loras/\n    my/loras\n`,
    )
    const vae = model(`${stores}/deep/one/quay.safetensors`)
    const lora = model(`${stores}/my/loras/pier.safetensors`)
    expect(await file(wget('quay.safetensors'), home)).toMatchObject({ status: 'elsewhere', path: vae })
    expect(await file(wget('pier.safetensors', 'models/Lora'), home)).toMatchObject({ status: 'elsewhere', path: lora })
    expect(await file(wget('pier.safetensors'), home)).toMatchObject({ status: 'missing' })
  })

  test('below the home of the user, and within its own home', async () => {
    put(`own-${home}/extra_model_paths.yaml`, 'a:\n  base_path: ~/store\n  vae: vae\nb:\n  loras: my/loras\n')
    const vae = model('user/store/vae/quay.safetensors')
    const lora = model(`own-${home}/my/loras/pier.safetensors`)
    const found = await check([wget('quay.safetensors'), wget('pier.safetensors', 'models/loras')], `own-${home}`)
    expect(found.files).toMatchObject([
      { status: 'elsewhere', path: vae },
      { status: 'elsewhere', path: lora },
    ])
  })

  test.each([
    ['a: [', 'is not valid YAML'],
    ['a:\n  base_path: $STORE\n  vae: vae\n', 'names variables that only that host knows'],
    [`a:\n  vae: ${'x'.repeat(60_000)}\n`, 'it is too long'],
    ["a:\n  base_path: '~'\n  loras: ./\n", 'they hold more than models'],
  ])('what it names is not known: %#', async (text, reason) => {
    put(`odd-${home}/extra_model_paths.yaml`, text)
    expect(await file(wget('gone.safetensors'), `odd-${home}`)).toMatchObject({
      status: 'unknown',
      reason: expect.stringContaining(reason),
    })
  })

  test('what is cut off, or no model, is not there', async () => {
    const whole = await Bun.file(model(`${home}/models/vae/whole.safetensors`)).bytes()
    put(`${home}/models/vae/head.safetensors`, whole.subarray(0, 60))
    put(`${home}/models/vae/half.safetensors`, whole.subarray(0, 2_000))
    put(`${home}/models/vae/page.safetensors`, '<!DOCTYPE html><html><body>login</body></html>')
    put(`${home}/models/vae/page.pt`, '<!DOCTYPE html><html><body>login</body></html>')
    const names = ['whole.safetensors', 'head.safetensors', 'half.safetensors', 'page.safetensors', 'page.pt']
    const found = await check(
      names.map((each) => wget(each)),
      home,
    )
    expect(found.files.map(({ status }) => status)).toEqual(['present', 'corrupt', 'corrupt', 'corrupt', 'corrupt'])
    expect(found.notes).toEqual([])
  })

  test('a name with a key in it is shown without', async () => {
    const key = '0123456789abcdef'.repeat(2)
    put(`${home}/models/vae/lock.safetensors?token=${key}`, '<!DOCTYPE html><html><body>login</body></html>')
    model(`${home}/models/vae/weir.safetensors?token=${key}`)
    put(`${home}/models/vae/1498986?token=${key}`, '<!DOCTYPE html><html><body>login</body></html>')
    const found = await check([wget('weir.safetensors'), wget('lock.safetensors'), wget('1498986')], home)
    expect(found.files).toMatchObject([
      { status: 'present', path: at(`${home}/models/vae/weir.safetensors?token=***`) },
      { status: 'corrupt' },
      { status: 'corrupt' },
    ])
    expect(JSON.stringify(found)).not.toContain(key)
  })

  test('names that many files have are found in a folder of the same kind', async () => {
    const path = model(`${home}/models/vae/vae-ft-mse-840000-ema-pruned.safetensors`)
    const wanted = wget('vae-ft-mse-840000-ema-pruned.safetensors', 'models/VAE')
    expect(await file(wanted, home)).toMatchObject({ status: 'elsewhere', path })
  })
})
