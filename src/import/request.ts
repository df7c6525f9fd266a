import { rm } from 'node:fs/promises'
import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { textField } from '../operation/fields.ts'
import type { Call, Upload } from '../operation/operation.ts'
import { holds } from '../operation/permission.ts'
import type { CallbackRules } from './callback/rules.ts'
import { FORMATS } from './parse/format-names.ts'
import type { ImportSource, SourceReader } from './source.ts'

const sourceFields = {
  payload: v.optional(
    v.pipe(
      v.unknown(),
      v.metadata({ anyOf: [{ type: 'string' }, { type: 'object', additionalProperties: true }] }),
      v.description('Prompt or workflow: text, JSON in a string, or a JSON object'),
    ),
  ),
  path: v.optional(textField('Picture, video, workflow or text file: an absolute path on the host where airkeep runs')),
  url: v.optional(textField('http(s):// or s3:// address of one')),
}

/** What may be asked of one import, alone or in a batch. */
export const requestFields = {
  ...sourceFields,
  format: v.optional(v.pipe(v.picklist(['auto', ...FORMATS]), v.description('Format to read it as')), 'auto'),
  download: v.optional(v.pipe(v.boolean(), v.description('Fetch what is missing')), true),
  track: v.optional(v.pipe(v.boolean(), v.description('Record prompt and asset in the ledger as well')), false),
  model_roots: v.optional(
    v.pipe(
      v.array(v.string()),
      v.maxLength(100),
      v.description('Model folders to look in instead, the first of which gets what is fetched'),
    ),
  ),
  link: v.optional(
    v.pipe(
      v.boolean(),
      v.description(
        'Link a model that is here under another name as the prompt names it, instead of rewriting the prompt',
      ),
    ),
    false,
  ),
  callback_url: v.optional(
    textField('https address that is told when the job ends, signed; needs AIRKEEP_WEBHOOK_SECRET on the host', 2000),
  ),
}

export const dryRunField = v.optional(
  v.pipe(v.boolean(), v.description('Only say what it needs: look nowhere, start no job')),
  false,
)

const requestSchema = v.strictObject(requestFields)
export type ImportRequest = v.InferOutput<typeof requestSchema>

/** What cannot be done is refused, so that nobody waits for it. @throws AppError forbidden, invalid_input */
export function refuseUnservable(
  request: ImportRequest,
  call: Pick<Call, 'upload' | 'actor'>,
  callbacks: CallbackRules,
): void {
  // Known now, not after an hour of hashing. Recording also asks for what the ledger has already.
  const lacking = (['track:read', 'track:write'] as const).find((needed) => !holds(call.actor, needed))
  if (request.track && lacking !== undefined) {
    throw new AppError('forbidden', `track needs the permission ${lacking}`, {
      hint: `Leave track out, or ask the owner for a token with --permission ${lacking}`,
    })
  }
  if (request.callback_url !== undefined) callbacks.check(request.callback_url, call.actor)
  if (request.track && call.upload !== undefined) {
    throw new AppError('invalid_input', 'track needs path or url: an uploaded file has no address to record', {
      errors: [{ path: 'track', expected: 'track must be left out when a file is uploaded' }],
    })
  }
}

/** Exactly one of payload, path, url and an uploaded file. @throws AppError invalid_input */
export function requireOneSource(request: ImportRequest, upload?: Upload, place = ''): void {
  const given = [request.payload, request.path, request.url, upload].filter((value) => value !== undefined)
  if (given.length === 1) return
  throw new AppError('invalid_input', 'Exactly one of payload, path, url and file must be given', {
    errors: [{ path: place, expected: 'exactly one of payload, path, url and file' }],
  })
}

/** Where a request that carries no file reads from; asked after {@link requireOneSource}. */
export function sourceOf({ payload, path, url }: ImportRequest): ImportSource {
  if (path !== undefined) return { kind: 'path', path }
  if (url !== undefined) return { kind: 'url', url }
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return { kind: 'texts', texts: [{ place: 'payload', key: '', text }], warnings: [] }
}

/** The texts of an uploaded file, which is gone then: they are what a job needs after a restart. */
export async function keepTexts({ path }: Upload, sources: SourceReader, signal: AbortSignal): Promise<ImportSource> {
  const options = { format: 'auto', keepTexts: true }
  const { texts = [], damage, c2pa } = await sources.readMedia({ path, exact: false }, options, signal)
  await rm(path, { force: true })
  return { kind: 'texts', texts: [...texts], warnings: [...damage], c2pa }
}
