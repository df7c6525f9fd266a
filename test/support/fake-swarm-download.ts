import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface FakeSwarmModel {
  readonly subtype: string
  /** Path below the folder of the subtype. */
  readonly name: string
  readonly bytes: Buffer
  /** Fields of its entry that are another way than they should be. */
  readonly entry?: object
}

/** Null for what is no safetensors file. */
export function tensorHashOf({ name, bytes }: FakeSwarmModel): string | null {
  if (!/\.(?:safetensors|sft)$/.test(name)) return null
  const body = bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)))
  return `0x${createHash('sha256').update(body).digest('hex')}`
}

export const json = (response: ServerResponse, status: number, body: object): ServerResponse =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

/** Last part of a name. */
export const fileOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/**
 * By digest it stumbles over models without one, by name over folders; a range with an end is announced right and sent to
 * the end of the file; one that begins behind the end is an error.
 */
export function answerDownload(
  models: readonly FakeSwarmModel[],
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): ServerResponse {
  const parts = path.split('/').slice(2).map(decodeURIComponent)
  const [subtype, identifier = ''] = parts
  if (parts.length !== 3 || identifier.includes('/')) {
    return json(response, 400, { error: 'Invalid format', error_id: 'invalid_format' })
  }
  let found: FakeSwarmModel | undefined
  for (const model of models.filter((model) => model.subtype === subtype)) {
    if (!identifier.startsWith('0x')) {
      if (model.name === identifier) found ??= model
      continue
    }
    const hash = tensorHashOf(model)
    if (hash === null) return json(response, 500, { error: 'An internal error occurred' })
    if (hash === identifier) {
      found = model
      break
    }
  }
  if (found === undefined) return json(response, 404, { error: 'Model not found.', error_id: 'model_not_found' })
  return send(found, request, response)
}

function send(model: FakeSwarmModel, request: IncomingMessage, response: ServerResponse): ServerResponse {
  const { bytes } = model
  const headers = {
    'content-type': 'application/octet-stream',
    'accept-ranges': 'bytes',
    'content-disposition': `attachment; filename="${fileOf(model.name)}"`,
    ...(tensorHashOf(model) === null ? {} : { 'x-model-sha256': tensorHashOf(model) ?? '' }),
  }
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  if (from === undefined) return response.writeHead(200, { ...headers, 'content-length': bytes.length }).end(bytes)
  const start = Number(from)
  if (start >= bytes.length) return json(response, 500, { error: 'An internal error occurred' })
  const end = to === undefined || to === '' ? bytes.length - 1 : Number(to)
  // With an end it announces the part and sends the rest of the file.
  response.writeHead(206, {
    ...headers,
    'content-length': end - start + 1,
    'content-range': `bytes ${start}-${end}/${bytes.length}`,
  })
  response.write(bytes.subarray(start))
  return end === bytes.length - 1 ? response.end() : response.destroy()
}
