import * as v from 'valibot'
import type { LocalFiles } from '../../access/local-files.ts'
import { parseAir } from '../../air/air.ts'
import { AppError } from '../../errors.ts'
import { isEmptyHash, parseSha256 } from '../../hash/digest.ts'
import { createJobAccess } from '../../jobs/job-access.ts'
import type { JobRunner } from '../../jobs/runner.ts'
import type { JobStore } from '../../jobs/store.ts'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { publicUrl } from '../../lib/public-url.ts'
import { readDeclaredUrl } from '../../models/fetch/declared-url.ts'
import { MODEL_TYPES, modelExtension } from '../../models/model-file.ts'
import { jobIdField, textField } from '../../operation/fields.ts'
import { defineOperation, type Operation } from '../../operation/operation.ts'
import type { Actor } from '../../operation/permission.ts'
import { IMPORT_KIND, importJobSchema } from '../import-job.ts'
import { toAnswer } from '../job-answer.ts'
import { checkNamedHost } from '../named-host.ts'
import { type Choice, withChoice } from './choice.ts'

export interface ChooseDeps {
  readonly jobs: JobRunner
  readonly store: JobStore
  readonly localFiles: LocalFiles
  /** Where addresses that this caller names may lead. */
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
}

const inputSchema = v.strictObject({
  job_id: jobIdField,
  reference: textField('The reference of the dependency, as get_import_job shows it'),
  type: v.optional(
    v.pipe(v.picklist(MODEL_TYPES), v.description('Its type, where several dependencies have the reference')),
  ),
  path: v.optional(textField('A model file of this host: an absolute path below a model folder')),
  air: v.optional(textField('AIR of a model at Civitai or Hugging Face', 1000)),
  url: v.optional(textField('http(s) address of the model file')),
  sha256: v.optional(textField('SHA-256 of the whole file, as a candidate names it', 100)),
  tensor_sha256: v.optional(textField('SHA-256 of its tensors, where a candidate names only that', 100)),
  node: v.optional(textField('The node that has it, together with name, where a candidate names no digest', 100)),
  name: v.optional(textField('What it is called at that node, as the candidate names it')),
  skip: v.optional(v.pipe(v.boolean(), v.description('Do without it'))),
})

type ChooseInput = v.InferOutput<typeof inputSchema>

/** Says which model a dependency means, where an import cannot know it. */
export function createChooseOperation(deps: ChooseDeps): Operation {
  const access = createJobAccess(deps.store, [IMPORT_KIND], 'list_import_jobs shows the jobs there are')
  return defineOperation({
    name: 'choose_candidate',
    summary: 'Say which model a dependency of an import means',
    description:
      'Answers an ambiguous, missing or conflicting dependency of an import, and lets the import go on under its job_id: give exactly one of path (a file of this host), air, url, sha256, tensor_sha256, node (with name), skip. Before: get_import_job, whose candidates name what it may be. After: get_import_job until it has ended; the same again changes the choice.',
    example: { job_id: 'imp_0f3k9', reference: 'style/foo.safetensors', air: 'urn:air:sdxl:lora:civitai:1@2' },
    effect: 'write',
    permission: 'models:download',
    http: { method: 'post', path: '/v1/prompts/import/{job_id}/choose', status: 202 },
    paths: ['path'],
    input: inputSchema,
    output: importJobSchema,
    async run(input, { actor }) {
      const row = await access.own(input.job_id, actor)
      const { view } = deps.jobs.latest(row)
      requireReference(input, view)
      const choice = { ...(await toChoice(input, actor, deps)), ...sizeOf(input, view) }
      return toAnswer(await deps.jobs.retry(row.id, (before) => withChoice(before, choice)))
    },
  })
}

/** What is open stands in the hint. */
const MOST_NAMED = 20
const SETTLED = new Set(['resolved', 'skipped'])

function requireReference({ reference, type }: ChooseInput, view: JsonObject): void {
  const dependencies = Array.isArray(view.dependencies) ? view.dependencies.filter(isJsonObject) : []
  if (dependencies.some((each) => each.reference === reference && (type === undefined || each.type === type))) return
  const open = dependencies.filter(({ status }) => !SETTLED.has(String(status)))
  const named = open.slice(0, MOST_NAMED).map((each) => String(each.reference).slice(0, 200))
  throw new AppError('not_found', 'The job has no dependency with this reference', {
    hint: named.length === 0 ? 'Nothing in it is open' : `Open are: ${named.join(', ')}`,
  })
}

/** @throws AppError invalid_input, forbidden, not_found */
async function toChoice(input: ChooseInput, actor: Actor, { localFiles, hostsFor }: ChooseDeps): Promise<Choice> {
  const { reference, type, path, air, url, sha256, tensor_sha256, node, name, skip } = input
  const named = [path, air, url, sha256, tensor_sha256, node, skip === true ? skip : undefined]
  const given = named.filter((value) => value !== undefined)
  if (given.length !== 1) {
    const expected = 'exactly one of path, air, url, sha256, tensor_sha256, node and skip'
    throw new AppError('invalid_input', `Give ${expected}`, { errors: [{ path: '', expected }] })
  }
  if ((node === undefined) !== (name === undefined)) throw bad('name', 'name must stand beside node, and only there')
  const which = { reference, by: actor.kind, ...(type === undefined ? {} : { type }) }
  if (path !== undefined) {
    const file = await localFiles.find(path, actor)
    if (modelExtension(file.path) === undefined) throw bad('path', 'path must name a model file, such as .safetensors')
    return { ...which, path }
  }
  if (air !== undefined) {
    const source = parseAir(air)?.source
    if (source !== 'civitai' && source !== 'huggingface') {
      throw bad('air', 'air must be an AIR of civitai or huggingface, such as urn:air:sdxl:lora:civitai:1@2')
    }
    return { ...which, air }
  }
  if (url !== undefined) {
    checkAddress(url, hostsFor(actor))
    return { ...which, url: publicUrl(url.trim()) }
  }
  if (sha256 !== undefined) return { ...which, sha256: readDigest('sha256', sha256) }
  if (tensor_sha256 !== undefined) return { ...which, tensor_sha256: readDigest('tensor_sha256', tensor_sha256) }
  if (node !== undefined && name !== undefined) return { ...which, node, name }
  return { ...which, skip: true }
}

/** Of the candidate that is chosen by its name: what is there later has to have it still. */
function sizeOf({ reference, node, name }: ChooseInput, { dependencies }: JsonObject): Pick<Choice, 'size_bytes'> {
  if (node === undefined || !Array.isArray(dependencies)) return {}
  const candidates = dependencies
    .filter(isJsonObject)
    .filter((each) => each.reference === reference)
    .flatMap((each) => (Array.isArray(each.candidates) ? each.candidates.filter(isJsonObject) : []))
  const chosen = candidates.find((candidate) => candidate.node === node && candidate.name === name)
  return typeof chosen?.size_bytes === 'number' ? { size_bytes: chosen.size_bytes } : {}
}

function readDigest(field: string, text: string): string {
  const digest = parseSha256(text)
  if (digest !== undefined && !isEmptyHash(digest)) return digest
  throw bad(field, `${field} must be 64 hexadecimal digits, and not those of an empty file`)
}

function checkAddress(url: string, hosts: 'any' | readonly string[]): void {
  const ref = readDeclaredUrl(url, { byCaller: true })
  if (ref === undefined) throw bad('url', 'url must be the http(s) address of a model file, or a page of its version')
  if (ref.kind === 'url') checkNamedHost('url', ref.url, hosts)
}

const bad = (path: string, expected: string): AppError =>
  new AppError('invalid_input', expected, { errors: [{ path, expected }] })
