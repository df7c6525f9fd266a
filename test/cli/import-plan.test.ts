import { describe, expect, test } from 'bun:test'
import { candidatesOf, readChoice, renderCandidates } from '../../src/cli/choose.ts'
import { stateOfDependency } from '../../src/cli/dependency-state.ts'
import { amountOf, hasFilesToFetch, planOf, renderPlan } from '../../src/cli/import-plan.ts'
import { renderImport } from '../../src/cli/import-table.ts'
import { textWidth } from '../../src/cli/text-width.ts'
import { whatHelps } from '../../src/cli/what-helps.ts'
import type { JsonObject } from '../../src/lib/json.ts'

const GIB = 2 ** 30

const harbor: JsonObject = {
  type: 'lora',
  filename: 'harbor.safetensors',
  written: ['style\\harbor.safetensors'],
  status: 'missing',
  resolved_source: 'civitai',
  civitai: { model_id: 1, version_id: 2 },
  bytes_total: GIB,
  reason: 'download is off',
}
const ofNode: JsonObject = {
  ...harbor,
  filename: 'pier.gguf',
  civitai: {},
  resolved_source: 'remote',
  resolved_node: 'gpu-1',
}
const lost: JsonObject = { type: 'vae', filename: 'lost.pt', status: 'missing', reason: 'It is nowhere to be had' }
const gated: JsonObject = {
  type: 'checkpoint',
  filename: 'gated.safetensors',
  status: 'blocked',
  reason_code: 'terms',
  reason: 'Its base model comes under a licence that has to be accepted',
  resolved_source: 'civitai',
  civitai: { version_id: 7 },
  bytes_total: 5 * GIB,
}
const job = (...dependencies: JsonObject[]): JsonObject => ({ job_id: 'imp_1', dependencies })

describe('how a dependency stands', () => {
  const rows: readonly (readonly [string, JsonObject])[] = [
    ['here', { status: 'resolved' }],
    ['here', { status: 'skipped' }],
    ['here', { status: 'missing', active: false }],
    ['here', { status: 'missing', optional: true }],
    ['to_fetch', harbor],
    ['to_fetch', { ...harbor, status: 'ambiguous', candidates: [{ path: '/a' }] }],
    ['pending', { status: 'pending' }],
    ['coming', { status: 'verifying' }],
    ['ambiguous', { status: 'ambiguous' }],
    ['blocked', gated],
    ['missing', lost],
    ['missing', { status: 'failed', resolved_source: 'civitai' }],
    ['missing', { status: 'missing', resolved_source: 'local' }],
  ]
  test.each(rows)('%s: %j', (state, dependency) => {
    expect(stateOfDependency(dependency)).toBe(state as ReturnType<typeof stateOfDependency>)
  })
})

describe('what is to be fetched', () => {
  test('each model once, of unlike names where its version says that it is one file', () => {
    const plan = planOf([
      { ...job(harbor, gated), free_bytes: 9 * GIB },
      job({ ...harbor, type: 'lora' }, ofNode, { status: 'resolved' }),
    ])
    expect(plan).toMatchObject({ files: 2, bytes: 2 * GIB, unsized: 0, freeBytes: 9 * GIB })
    expect(plan.models.map(({ sources, isFetched }) => [sources, isFetched])).toEqual([
      [2, true],
      [1, true],
      [1, false],
    ])
  })

  test.each([
    [{ files: 1, bytes: 5, unsized: 0 }, '1 file, 5 B'],
    [{ files: 3, bytes: 6.4 * GIB, unsized: 0 }, '3 files, 6.4 GiB'],
    [{ files: 3, bytes: GIB, unsized: 1 }, '3 files, 1.0 GiB and 1 of unknown size'],
    [{ files: 2, bytes: 0, unsized: 2 }, '2 files of unknown size'],
  ])('%j', (plan, text) => {
    expect(amountOf(plan)).toBe(text)
  })

  test('is not said of what nobody has looked for', () => {
    const dryRun = {
      format: 'a1111',
      dependencies: [{ type: 'lora', name: 'pier', status: 'pending', bytes_total: 0 }],
    }
    expect(planOf([dryRun])).toMatchObject({ files: 0, unsized: 0 })
    expect(renderImport('a.png', dryRun, undefined)).not.toContain('to fetch')
  })

  test('is nothing where all is here or cannot be had', () => {
    expect(hasFilesToFetch(job({ status: 'resolved' }, lost, gated))).toBe(false)
    expect(hasFilesToFetch(job(harbor))).toBe(true)
  })

  test.each([
    [
      undefined,
      [
        'TYPE        NAME                STATUS    SIZE     SOURCE   WHERE',
        'lora        harbor.safetensors  to fetch  1.0 GiB  civitai  as style/harbor.safetensors',
        'vae         lost.pt             missing                     It is nowhere to be had',
        'checkpoint  gated.safetensors   blocked   5.0 GiB  civitai  Its base model comes under a licence that has to be accepted',
        'blocked: gated.safetensors: Its base model comes under a licence that has to be accepted',
        '  airkeep accept-terms --civitai-version-id 7',
        '',
        '1 file, 1.0 GiB to fetch, 512.0 MiB free',
        '512.0 MiB too little room',
      ],
    ],
    [
      60,
      [
        'TYPE       NAME       STATUS    SIZE     SOURCE   WHERE',
        'lora       harbor.s…  to fetch  1.0 GiB  civitai  as style/…',
        'vae        lost.pt    missing                     It is now…',
        'checkpoi…  gated.sa…  blocked   5.0 GiB  civitai  Its base …',
        'missing: lost.pt: It is nowhere to be had',
        'blocked: gated.safetensors: Its base model comes under a licence that has to be accepted',
        '  airkeep accept-terms --civitai-version-id 7',
        '',
        '1 file, 1.0 GiB to fetch, 512.0 MiB free',
        '512.0 MiB too little room',
      ],
    ],
  ])('as a table of %p columns', (columns, lines) => {
    const plan = planOf([{ ...job(harbor, lost, gated), free_bytes: GIB / 2 }])
    expect(renderPlan(plan, columns).split('\n')).toEqual(lines)
  })

  test.each([40, 80, 200])('the table of an import keeps to %i columns', (columns) => {
    const [head = '', ...rows] = renderImport('a.png', job(harbor, ofNode, lost, gated), columns).split('\n')
    expect(head).toBe('a.png  imp_1')
    for (const row of rows.slice(0, 5)) expect(textWidth(row)).toBeLessThanOrEqual(columns)
    expect(rows).toContain('2 files, 2.0 GiB to fetch')
    expect(rows).toContain('  airkeep accept-terms --civitai-version-id 7')
  })
})

describe('what helps', () => {
  const rows: readonly (readonly [JsonObject, string | undefined])[] = [
    [gated, 'airkeep accept-terms --civitai-version-id 7'],
    [
      { reason_code: 'terms', air: 'urn:air:flux1:checkpoint:huggingface:acme/harbor@main' },
      'airkeep accept-terms --air urn:air:flux1:checkpoint:huggingface:acme/harbor@main',
    ],
    [
      { reason_code: 'terms', urls: ['https://huggingface.co/acme/harbor/resolve/main/a.safetensors'] },
      'airkeep accept-terms --huggingface-repo acme/harbor',
    ],
    [{ reason_code: 'login', resolved_source: 'civitai' }, 'airkeep set-upstream-key --provider civitai'],
    [{ reason_code: 'login', source: 'huggingface' }, 'airkeep set-upstream-key --provider huggingface'],
    [
      { reason_code: 'login', reason: 'Cannot get acme/harbor from huggingface.co: a login is needed' },
      'airkeep set-upstream-key --provider huggingface',
    ],
    [{ reason_code: 'license' }, 'set CivitAI.AllowedLicenses (AIRKEEP_CIVITAI_ALLOWED_LICENSES)'],
    [{ reason_code: 'size' }, 'set CivitAI.MaxDownloadSizeBytes (AIRKEEP_CIVITAI_MAX_DOWNLOAD_SIZE_BYTES)'],
    [{ reason_code: 'pickle' }, 'set AIRKEEP_ALLOW_PICKLE=true'],
    [{ reason_code: 'archived' }, undefined],
    [{ reason_code: null }, undefined],
    [lost, undefined],
  ]
  test.each(rows)('%j', (dependency, help) => {
    expect(whatHelps(dependency)).toBe(help)
  })
})

describe('a choice', () => {
  const dependency: JsonObject = {
    type: 'lora',
    name: 'twin',
    reason: 'Only its name is known',
    candidates: [
      { path: '/m/a/twin.pt', name: 'a/twin.pt', why: 'has this name' },
      { why: 'names nothing' },
      { air: 'urn:air:sdxl:lora:civitai:1@2', name: 'Twin\nv2', why: 'has this title' },
      { url: 'https://x.example/twin.pt', why: 'is declared' },
      { air: 'urn:air:sdxl:lora:civitai:1@2', sha256: 'ab12', name: 'twin.pt', why: 'the node box has it' },
      { tensor_sha256: 'cd34', name: 'twin.pt', why: 'the node swarm has it' },
      { node: 'attic', name: 'twin.gguf', size_bytes: 5, why: 'the node attic has it' },
    ],
  }
  const candidates = candidatesOf(dependency)

  test('is among what can be named', () => {
    expect(renderCandidates(dependency, candidates)).toEqual([
      'lora twin: Only its name is known',
      '  1  /m/a/twin.pt  has this name',
      '  2  urn:air:sdxl:lora:civitai:1@2  Twin\\u000av2  has this title',
      '  3  https://x.example/twin.pt  is declared',
      '  4  ab12  twin.pt  the node box has it',
      '  5  cd34  twin.pt  the node swarm has it',
      '  6  attic  twin.gguf  the node attic has it',
    ])
  })

  test.each([
    ['1', { path: '/m/a/twin.pt' }],
    [' 2 ', { air: 'urn:air:sdxl:lora:civitai:1@2' }],
    ['3', { url: 'https://x.example/twin.pt' }],
    ['4', { sha256: 'ab12' }],
    ['5', { tensor_sha256: 'cd34' }],
    ['6', { node: 'attic', name: 'twin.gguf' }],
    ['s', { skip: true }],
    ['Skip', { skip: true }],
    ['', 'open'],
    ['0', 'again'],
    ['7', 'again'],
    ['-1', 'again'],
    ['1.0', 'again'],
    ['yes', 'again'],
  ] as const)('%j', (answer, choice) => {
    expect(readChoice(answer, candidates)).toEqual(choice)
  })
})
