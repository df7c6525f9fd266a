import * as v from 'valibot'
import type { JobRunner } from '../../jobs/runner.ts'
import { fromJson } from '../../lib/json.ts'
import { requiredTextField } from '../../operation/fields.ts'
import { defineOperation, type Operation } from '../../operation/operation.ts'
import type { Actor } from '../../operation/permission.ts'
import { MODEL_TYPES } from '../model-file.ts'
import { type DownloadInput, downloadKey, PLACES } from './download-input.ts'
import { DOWNLOAD_KIND } from './download-job.ts'
import { firstDownloadView } from './download-view.ts'
import type { Mirrors } from './mirrors.ts'
import type { Placement } from './placement.ts'
import { ensureFolder } from './requested-folder.ts'
import { readRequestedModel } from './requested-model.ts'

export interface RequestOperationDeps {
  readonly jobs: Pick<JobRunner, 'create' | 'retry'>
  /** Where addresses that this caller names may lead. */
  readonly hostsFor: (actor: Actor) => 'any' | readonly string[]
  readonly mirrors?: Mirrors
  readonly placement: Pick<Placement, 'find'>
}

const licenceField = requiredTextField('A licence as CivitAI.AllowedLicenses writes it', 200)

export function createRequestOperation({ jobs, hostsFor, mirrors, placement }: RequestOperationDeps): Operation {
  return defineOperation({
    name: 'request_model_download',
    summary: 'Download one model file, from wherever it is to be had',
    description:
      'Starts a job that looks for a model (at other hosts, Civitai, Hugging Face), decides by the settings whether it may be downloaded, and puts the verified file where the UI loads it from. ' +
      'Name it by exactly one of model_key (of a manifest), air, sha256, url; sha256 may stand beside url. A file that is here already is answered without fetching anything, and a job of yours that does the same already is answered instead of a second one; what several callers want is fetched once. ' +
      'Before: nothing. After: get_model_job until status is completed; partially_completed with a reason_code says what has to be done, and retry_model_job then goes on.',
    example: { air: 'urn:air:sdxl:lora:civitai:900100@910201' },
    effect: 'write',
    permission: 'models:download',
    http: { method: 'post', path: '/v1/models/request-download', status: 202 },
    input: v.strictObject({
      model_key: v.optional(requiredTextField('Key of a manifest: an AIR, or sha256:<hex>', 1000)),
      air: v.optional(requiredTextField('AIR of the model: urn:air:sdxl:lora:civitai:1@2', 1000)),
      sha256: v.optional(requiredTextField('SHA-256 of the whole file', 100)),
      url: v.optional(requiredTextField('Address of the file, or of its page at Civitai', 4096)),
      type: v.optional(
        v.pipe(
          v.picklist(MODEL_TYPES),
          v.description('What it is; found out where it is left out and its source says'),
        ),
      ),
      folder: v.optional(requiredTextField('Model folder that it goes to, such as loras; that of its type else', 500)),
      filename: v.optional(
        requiredTextField(
          'What to call it, perhaps in a folder below: style/foo.safetensors; as its source else',
          1000,
        ),
      ),
      max_size_bytes: v.optional(
        v.pipe(
          v.number(),
          v.safeInteger(),
          v.minValue(1),
          v.description('In place of CivitAI.MaxDownloadSizeBytes, for this file'),
        ),
      ),
      prefer: v.optional(
        v.pipe(v.array(v.picklist(PLACES)), v.maxLength(10), v.description('Where to look first, in this order')),
      ),
      constraints: v.optional(
        v.pipe(
          v.strictObject({
            license: v.optional(v.union([licenceField, v.pipe(v.array(licenceField), v.maxLength(100))])),
          }),
          v.description('license: one of these must be its licence, beside what the settings allow'),
        ),
      ),
    }),
    output: v.object({ job_id: v.string(), status: v.string(), message: v.string() }),
    async run(request, { actor }) {
      const { folder, filename, max_size_bytes, prefer, constraints } = request
      const { wanted, type } = readRequestedModel(request, hostsFor(actor), mirrors)
      if (folder !== undefined) await ensureFolder(folder, placement)
      const licence = constraints?.license
      const input: DownloadInput = {
        offers: [],
        wanted,
        place: {
          type,
          ...(filename === undefined ? {} : { name: filename }),
          ...(folder === undefined ? {} : { folder }),
        },
        ...(prefer === undefined ? {} : { prefer }),
        ...(max_size_bytes === undefined ? {} : { max_size_bytes }),
        ...(licence === undefined ? {} : { licenses: typeof licence === 'string' ? [licence] : licence }),
      }
      const row = await jobs.create(DOWNLOAD_KIND, {
        actor,
        input: fromJson(input),
        view: firstDownloadView(input),
        key: downloadKey(input, actor, 'request'),
      })
      if (row.status !== 'paused') {
        return { job_id: row.id, status: 'resolving', message: 'Download job created and processing started.' }
      }
      await jobs.retry(row.id)
      return { job_id: row.id, status: 'resolving', message: 'Download job goes on.' }
    },
  })
}
