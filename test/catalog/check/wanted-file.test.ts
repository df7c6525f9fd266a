import { describe, expect, test } from 'bun:test'
import { findMissing } from '../../../src/catalog/check/order-missing.ts'
import { wantedFile } from '../../../src/catalog/check/wanted-file.ts'
import type { PageToCheck } from '../../../src/catalog/detect/catalog-host.ts'
import type { FileStatus, PageCheck } from '../../../src/catalog/detect/page-check.ts'
import type { ExpectedFile } from '../../../src/catalog/expected-file.ts'
import { toPageReport } from '../../../src/catalog/page-report.ts'
import { OWNER } from '../../../src/operation/permission.ts'
import { pageOf, verdictOf } from '../../support/catalog.ts'
import { aTokenActor } from '../../support/track.ts'

const HOME = '"$UI_HOME"'
const fileOf = (code: string): ExpectedFile => {
  const [file] = pageOf(code).files
  if (file === undefined) throw new Error(`no file in ${code}`)
  return file
}
const anywhere = { hosts: 'any' } as const
const HUB = 'https://huggingface.co/org/repo/resolve/main'

describe('what a command gets is asked for as it gets it', () => {
  test.each<[code: string, wanted: object, place: object]>([
    [
      `civitdl "https://civitai.com/models/1?modelVersionId=2" ${HOME}/models/Lora`,
      { type: 'lora', civitai: { model_id: 1, version_id: 2 }, urls: [] },
      { type: 'lora', folder: 'models/Lora' },
    ],
    [
      `civitdl 1 ${HOME}/models/Stable-diffusion`,
      { type: 'checkpoint', civitai: { model_id: 1 } },
      { type: 'checkpoint', folder: 'models/Stable-diffusion' },
    ],
    [
      `wget ${HUB}/split_files/vae/ae.safetensors?download=true -P ${HOME}/models/vae`,
      { type: 'vae', huggingface: { repo: 'org/repo', revision: 'main', path: 'split_files/vae/ae.safetensors' } },
      { type: 'vae', folder: 'models/vae', name: 'ae.safetensors' },
    ],
    [
      `wget https://example.com/a/x4.pth -O ${HOME}/models/ESRGAN/mine.pth`,
      { type: 'upscaler', urls: ['https://example.com/a/x4.pth'], urls_by_caller: true },
      { type: 'upscaler', folder: 'models/ESRGAN', name: 'mine.pth' },
    ],
    [
      `hf download org/repo unet/model.safetensors --local-dir ${HOME}/models/diffusion_models`,
      { type: 'diffusion_model', huggingface: { repo: 'org/repo', path: 'unet/model.safetensors' } },
      { type: 'diffusion_model', name: 'model.safetensors' },
    ],
    ['wget https://example.com/x.safetensors', { type: 'other', urls: ['https://example.com/x.safetensors'] }, {}],
  ])('%s', (code, wanted, place) => {
    const input = wantedFile(fileOf(code), anywhere)
    expect(input).toMatchObject({ offers: [], wanted, place })
  })

  test('civitdl names its files, and a digest of the page has to be theirs', () => {
    const code = `civitdl 1 ${HOME}/models/loras`
    const sha256 = 'a'.repeat(64)
    expect(wantedFile({ ...fileOf(code), sha256 }, { hosts: 'any', maxSizeBytes: 5 })).toMatchObject({
      civitdl_names: true,
      max_size_bytes: 5,
      wanted: { hashes: [{ algorithm: 'sha256', value: sha256 }] },
    })
    expect(wantedFile(fileOf('wget https://example.com/x.safetensors'), anywhere)?.civitdl_names).toBeUndefined()
  })

  test('what nobody can tell is not asked for, unless by its digest', () => {
    const file: ExpectedFile = { ...fileOf('wget https://example.com/x.safetensors'), source: { kind: 'unknown' } }
    expect(wantedFile(file, anywhere)).toBeUndefined()
    expect(wantedFile({ ...file, sha256: 'a'.repeat(64) }, anywhere)).toMatchObject({ wanted: { urls: [] } })
  })

  test('addresses lead where the caller may go', () => {
    const file = fileOf('wget https://example.com/x.safetensors')
    expect(() => wantedFile(file, { hosts: ['civitai.com'] })).toThrow('not among the hosts')
    expect(wantedFile(file, { hosts: ['example.com'] })).toBeDefined()
  })
})

describe('of all pages', () => {
  const page = (file_path: string, code: string): PageToCheck => ({ report: toPageReport(file_path, verdictOf(code)) })
  const checks = (pages: readonly PageToCheck[], status: FileStatus): ReadonlyMap<string, PageCheck> =>
    new Map(
      pages.map(({ report }) => {
        const { file_path, files, ...rest } = report
        const check = { ...rest, downloaded: false, status: 'none' as const, path: null }
        return [file_path, { ...check, files: files.map(({ expected }) => ({ expected, status })) }]
      }),
    )
  const LORA = `civitdl "https://civitai.com/models/1?modelVersionId=2" ${HOME}/models/loras`

  test('each file is fetched once', () => {
    const pages = [page('a.md', LORA), page('b.md', `${LORA}\nwget https://example.com/x.safetensors`)]
    const { orders, leftOut } = findMissing(pages, checks(pages, 'missing'), OWNER, anywhere)
    expect(orders).toMatchObject([{ file_paths: ['a.md', 'b.md'] }, { file_paths: ['b.md'] }])
    expect(leftOut).toEqual([])
  })

  test('one address at two places is two files, and folders may be spelled as they like', () => {
    const url = 'https://example.com/x.safetensors'
    const pages = [
      page(
        'a.md',
        `wget -O ${HOME}/models/loras/a.safetensors ${url}\nwget -O ${HOME}/models/vae/b.safetensors ${url}`,
      ),
      page('b.md', `wget -O ${HOME}/models/Lora/a.safetensors ${url}`),
      page('c.md', `wget -O ${HOME}/models/loras/sub/a.safetensors ${url}`),
    ]
    const { orders } = findMissing(pages, checks(pages, 'missing'), OWNER, { ...anywhere, home: '/other/ui' })
    expect(orders.map(({ file_paths, input: { place } }) => [file_paths, place])).toEqual([
      [
        ['a.md', 'b.md'],
        { type: 'lora', folder: 'models/loras', name: 'a.safetensors', home: '/other/ui', exact: true },
      ],
      [['a.md'], { type: 'vae', folder: 'models/vae', name: 'b.safetensors', home: '/other/ui', exact: true }],
      [['c.md'], { type: 'lora', folder: 'models/loras/sub', name: 'a.safetensors', home: '/other/ui', exact: true }],
    ])
    expect(new Set(orders.map(({ key }) => key)).size).toBe(3)
  })

  test.each<[FileStatus, ordered: number, leftOut: number]>([
    ['missing', 1, 0],
    ['partial', 1, 0],
    ['corrupt', 1, 0],
    ['present', 0, 0],
    ['verified', 0, 0],
    ['elsewhere', 0, 0],
    ['unknown', 0, 1],
  ])('a file that is %s gives %d downloads, and %d that are left out', (status, ordered, left) => {
    const pages = [page('a.md', LORA)]
    const { orders, leftOut } = findMissing(pages, checks(pages, status), OWNER, anywhere)
    expect([orders.length, leftOut.length]).toEqual([ordered, left])
  })

  test('a host that this caller may not name is left out, and the rest is fetched', () => {
    const pages = [page('a.md', `${LORA}\nwget https://example.com/x.safetensors`)]
    const token = aTokenActor('ci', 'models:download')
    const { orders, leftOut } = findMissing(pages, checks(pages, 'missing'), token, { hosts: ['civitai.com'] })
    expect(orders).toHaveLength(1)
    expect(leftOut).toMatchObject([{ file_path: 'a.md', expected: 'x.safetensors' }])
    expect(leftOut[0]?.reason).toContain('example.com')
  })
})
