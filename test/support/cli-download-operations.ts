import * as v from 'valibot'
import type { JsonObject } from '../../src/lib/json.ts'
import { defineOperation, type Operation } from '../../src/operation/operation.ts'
import type { CliJobs } from './cli-jobs.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

const base: JsonObject = {
  type: 'checkpoint',
  reference: 'sha256:ab',
  filename: 'base.safetensors',
  status: 'resolved',
  resolved_path: '/models/base.safetensors',
  resolved_source: 'local',
  candidates: [],
  reason: null,
  bytes_done: 0,
  bytes_total: 0,
}

const harbor: JsonObject = {
  type: 'lora',
  reference: 'civitai:version:910201',
  filename: 'harbor.safetensors',
  written: ['style/harbor.safetensors'],
  civitai: { model_id: 900100, version_id: 910201 },
  status: 'missing',
  candidates: [{ air: 'urn:air:sdxl:lora:civitai:900100@910201', why: 'can be had from civitai' }],
  resolved_source: 'civitai',
  reason: 'It is not on this host and can be had',
  bytes_done: 0,
  bytes_total: 400 * MIB,
}

const pier: JsonObject = {
  ...harbor,
  type: 'diffusion_model',
  reference: 'pier.gguf',
  filename: 'pier.gguf',
  written: ['pier.gguf'],
  civitai: {},
  resolved_source: 'remote',
  resolved_node: 'gpu-1',
  bytes_total: 6 * GIB,
}

const gated: JsonObject = {
  ...harbor,
  type: 'vae',
  reference: 'civitai:version:7',
  filename: 'gated.safetensors',
  civitai: { model_id: 6, version_id: 7 },
  status: 'blocked',
  reason_code: 'terms',
  reason: 'Its base model comes under a licence that has to be accepted',
  bytes_total: 300 * MIB,
}

const twins: JsonObject = {
  type: 'lora',
  reference: 'twin',
  name: 'twin',
  written: ['twin'],
  status: 'ambiguous',
  candidates: [
    { path: '/models/loras/a/twin.safetensors', name: 'a/twin.safetensors', why: 'has this name' },
    { air: 'urn:air:sdxl:lora:civitai:1@2', name: 'Twin v2', why: 'has this title on Civitai' },
  ],
  reason: 'Only its name is known',
  bytes_done: 0,
  bytes_total: 0,
}

/** What one import needs, by words in the name of its source: `fetch`, `gated`, `twins`. */
function neededBy(source: string): JsonObject[] {
  const has = (word: string): boolean => source.includes(word)
  return [
    base,
    ...(has('fetch') ? [harbor, pier] : []),
    ...(has('shared') ? [harbor] : []),
    ...(has('gated') ? [gated] : []),
    ...(has('twins') ? [twins] : []),
  ]
}

const isOffered = ({ status, resolved_source: source }: JsonObject): boolean =>
  status === 'missing' && source !== undefined

const under = (dependency: JsonObject, status: string, share: number): JsonObject => ({
  ...dependency,
  status,
  reason: null,
  download_job_id: `dl_${String(dependency.reference).replaceAll(/\W/g, '')}`,
  bytes_done: Number(dependency.bytes_total) * share,
})

const fetched = (dependency: JsonObject): JsonObject => ({
  ...under(dependency, 'resolved', 1),
  candidates: [],
  resolved_path: `/models/${String(dependency.type)}/${String(dependency.filename)}`,
})

const ending = (dependencies: readonly JsonObject[]): JsonObject => {
  const isWhole = dependencies.every(({ status }) => status === 'resolved' || status === 'skipped')
  const open = dependencies.filter(isOffered)
  const bytes = open.reduce((sum, { bytes_total: total }) => sum + Number(total), 0)
  return {
    status: isWhole ? 'completed' : 'partially_completed',
    progress: 1,
    format: 'a1111',
    dependencies: [...dependencies],
    warnings: [],
    to_download: { files: open.length, bytes },
    free_bytes: 120 * GIB,
  }
}

/** The events of an import as the server sends them. */
function stepsOf(dependencies: readonly JsonObject[], download: boolean, isSlow: boolean): JsonObject[] {
  const end = ending(dependencies)
  if (!download) return [end]
  const at = (status: string, share: number) =>
    dependencies.map((one) => (isOffered(one) ? under(one, status, share) : one))
  return [
    { status: 'downloading', progress: 0, dependencies: at('download_scheduled', 0) },
    { progress: 0.25, dependencies: at('downloading', 0.25) },
    ...(isSlow ? [{ status: 'waiting', progress: 0.5, dependencies: at('downloading', 0.5) }] : []),
    { progress: 0.5, dependencies: at('downloading', 0.5) },
    { progress: 0.99, dependencies: at('verifying', 1) },
    ending(dependencies.map((one) => (isOffered(one) ? fetched(one) : one))),
  ]
}

export interface CliDownloads {
  readonly operations: readonly Operation[]
  /** Undefined where the source is none of these. */
  startImport(source: string, download: boolean): JsonObject | undefined
}

interface Import {
  dependencies: JsonObject[]
  download: boolean
}

/** Imports that fetch, and what belongs to them. */
export function createCliDownloads(
  jobs: CliJobs,
  record: (operation: string, input: object) => JsonObject,
): CliDownloads {
  const imports = new Map<string, Import>()
  const common = { description: 'For tests', effect: 'write', permission: 'models:download' } as const
  const output = v.looseObject({})
  const job_id = v.string()

  const cancelling = (name: string, path: `/${string}`) =>
    defineOperation({
      ...common,
      name,
      summary: 'Stop it',
      example: { job_id: 'imp_1' },
      http: { method: 'delete', path },
      input: v.strictObject({ job_id }),
      output,
      async run(input) {
        record(name, input)
        const { dependencies, download } = imports.get(input.job_id) ?? { dependencies: [], download: false }
        const now = dependencies.map((one) => (download && isOffered(one) ? under(one, 'downloading', 0.5) : one))
        return { job_id: input.job_id, status: 'cancelled', dependencies: now }
      },
    })

  return {
    startImport(source, download) {
      if (!/fetch|shared|gated|twins|here/.test(source)) return undefined
      const dependencies = neededBy(source)
      const id = jobs.create('import', stepsOf(dependencies, download, source.includes('slow')))
      imports.set(id, { dependencies, download })
      return { job_id: id, status: 'analyzing' }
    },
    operations: [
      defineOperation({
        ...common,
        name: 'choose_candidate',
        summary: 'Say which it is',
        example: { job_id: 'imp_1', reference: 'twin', skip: true },
        http: { method: 'post', path: '/v1/prompts/import/{job_id}/choose', status: 202 },
        input: v.strictObject({
          job_id,
          reference: v.string(),
          type: v.optional(v.string()),
          path: v.optional(v.string()),
          air: v.optional(v.string()),
          url: v.optional(v.string()),
          skip: v.optional(v.boolean()),
        }),
        output,
        async run(input) {
          record('choose_candidate', input)
          const found = imports.get(input.job_id)
          if (found === undefined) throw new Error('no such import')
          found.dependencies = found.dependencies.map((one) => {
            if (one.reference !== input.reference) return one
            if (input.skip) return { ...one, status: 'skipped' }
            if (input.path !== undefined) return { ...one, status: 'resolved', resolved_path: input.path }
            return { ...harbor, reference: 'twin', filename: 'twin.safetensors', bytes_total: GIB }
          })
          jobs.again(input.job_id, 'import', stepsOf(found.dependencies, found.download, false))
          return { job_id: input.job_id, status: 'resolving' }
        },
      }),
      defineOperation({
        ...common,
        name: 'retry_import_job',
        summary: 'Run it again',
        example: { job_id: 'imp_1', download: true },
        http: { method: 'post', path: '/v1/prompts/import/{job_id}/retry', status: 202 },
        input: v.strictObject({ job_id, download: v.optional(v.boolean()) }),
        output,
        async run(input) {
          record('retry_import_job', input)
          const found = imports.get(input.job_id)
          if (found === undefined) throw new Error('no such import')
          found.download = input.download ?? found.download
          jobs.again(input.job_id, 'import', stepsOf(found.dependencies, found.download, false))
          return { job_id: input.job_id, status: 'resolving' }
        },
      }),
      cancelling('cancel_import_job', '/v1/prompts/import/{job_id}'),
      cancelling('cancel_model_job', '/v1/models/jobs/{job_id}'),
      defineOperation({
        ...common,
        name: 'request_model_download',
        summary: 'Download one file',
        example: { air: 'urn:air:sdxl:lora:civitai:1@2' },
        http: { method: 'post', path: '/v1/models/request-download', status: 202 },
        input: v.strictObject({ air: v.optional(v.string()), url: v.optional(v.string()) }),
        output,
        async run(input) {
          record('request_model_download', input)
          const ends = ENDS[input.url ?? ''] ?? ENDS.completed
          return { job_id: jobs.create('download', [...FETCHING, { ...STANDING, ...ends }]), status: 'resolving' }
        },
      }),
    ],
  }
}

const STANDING: JsonObject = {
  filename: 'harbor.safetensors',
  source: 'civitai',
  node: null,
  phase: 'done',
  bytes_done: 0,
  bytes_total: 400 * MIB,
  speed_bytes_per_second: 0,
  seconds_left: null,
}

const FETCHING: JsonObject[] = [
  { ...STANDING, status: 'resolving', phase: 'looking', progress: 0 },
  {
    ...STANDING,
    status: 'downloading',
    phase: 'downloading',
    progress: 0.25,
    bytes_done: 100 * MIB,
    speed_bytes_per_second: 50 * MIB,
    seconds_left: 6,
  },
]

/** How a download ends, by the address that is asked for. */
const ENDS: Readonly<Record<string, JsonObject>> = {
  completed: { status: 'completed', progress: 1, path: '/models/loras/harbor.safetensors', bytes_done: 400 * MIB },
  blocked: { status: 'partially_completed', reason_code: 'login', reason: 'Its creator wants a login' },
  terms: { status: 'partially_completed', reason_code: 'terms', reason: 'Its terms have to be accepted' },
  disk: { status: 'partially_completed', reason_code: 'disk', reason: 'Cannot download the file: no room' },
  several: {
    status: 'partially_completed',
    reason_code: null,
    reason: 'Several models may be meant: name one of them',
    candidates: [{ air: 'urn:air:sdxl:lora:civitai:1@2', name: 'Twin v2', why: 'has this title' }],
  },
  nowhere: {
    status: 'failed',
    reason: 'It is nowhere to be had',
    error: 'It is nowhere to be had',
    error_code: 'not_found',
  },
  damaged: {
    status: 'failed',
    reason: 'The file is another one',
    error: 'The file is another one',
    error_code: 'checksum_mismatch',
    hint: 'Try another source',
  },
}
