import { AppError } from '../errors.ts'
import { coerceStrings } from '../operation/coerce.ts'
import type { Operation, Upload } from '../operation/operation.ts'
import { type Actor, holds } from '../operation/permission.ts'
import { mediaTypeOf, readJsonFields } from './body.ts'
import { parseQuery, withPathFields } from './input.ts'
import { jsonResponse } from './problem.ts'
import { representationResponse } from './representation.ts'
import type { Exchange, Method, Route } from './route.ts'
import { receiveForm } from './upload.ts'

export interface OperationRoutesDeps {
  readonly operations: readonly Operation[]
  /** Bytes of a JSON body, and of a form's plain fields. */
  readonly bodyLimitBytes: number
  /** Where the files of multipart bodies go while their call lasts. */
  readonly uploadsDir: string
  /** How long the sender of a multipart body may be silent. */
  readonly bodySilenceMs?: number | undefined
}

/**
 * Those that may run for long and end with the client, although they write (create_asset hashes first, then writes in
 * one piece). Other writes are carried to their end once they have begun, whether or not somebody waits.
 */
const ENDS_WITH_CLIENT = new Set(['create_asset'])

const NEVER = new AbortController().signal

/** A request that takes longer than this is not ended by silence. A timer, since most take a millisecond. */
const KEEP_OPEN_AFTER_MS = 5_000

const ignoreProgress = (): void => {}

export function createOperationRoutes(deps: OperationRoutesDeps): Route[] {
  return deps.operations
    .filter(({ surfaces }) => surfaces.includes('http'))
    .map((operation) => ({
      method: operation.http.method.toUpperCase() as Method,
      path: operation.http.path,
      access: 'actor',
      handle: (exchange, actor) => answer(operation, exchange, actor, deps),
    }))
}

interface Received {
  readonly input: Record<string, unknown>
  readonly upload?: Upload | undefined
  discard?(): Promise<void>
}

async function answer(
  operation: Operation,
  exchange: Exchange,
  actor: Actor,
  deps: OperationRoutesDeps,
): Promise<Response> {
  const { request, requestId, connection } = exchange
  const { input, upload, discard } = await receive(operation, exchange, actor, deps)
  const timer = setTimeout(() => connection.keepOpen(), KEEP_OPEN_AFTER_MS)
  try {
    const output = await operation.invoke(input, {
      signal: operation.effect === 'read' || ENDS_WITH_CLIENT.has(operation.name) ? request.signal : NEVER,
      requestId,
      surface: 'http',
      actor,
      progress: ignoreProgress,
      ...(upload === undefined ? {} : { upload }),
    })
    const representation = operation.http.representation?.(output)
    if (representation !== undefined) return representationResponse(representation, request, requestId)
    return jsonResponse(output, operation.http.status(output), requestId)
  } finally {
    clearTimeout(timer)
    await discard?.()
  }
}

/** Path, query (GET and DELETE) and body (POST and PATCH) as one flat input. */
async function receive(
  operation: Operation,
  { request, query, params, connection }: Exchange,
  actor: Actor,
  { bodyLimitBytes, uploadsDir, bodySilenceMs: silenceMs }: OperationRoutesDeps,
): Promise<Received> {
  const schema = operation.inputJsonSchema()
  const { method, upload: field, rawField } = operation.http
  if (method === 'get' || method === 'delete') {
    return { input: withPathFields(coerceStrings(parseQuery(query), schema), params, schema) }
  }
  if (field === undefined || mediaTypeOf(request.headers) !== 'multipart/form-data') {
    return { input: withPathFields(await readJsonFields(request, bodyLimitBytes, rawField), params, schema) }
  }
  refuseUpload(actor, operation)
  // The disk may be slower than the connection's own limit; readChunks ends the silence of the sender.
  connection.keepOpen()
  const form = await receiveForm(request, { uploadsDir, field, fieldsLimitBytes: bodyLimitBytes, silenceMs })
  try {
    const input = withPathFields(coerceStrings(form.fields, schema), params, schema)
    return { input, upload: form.upload, discard: form.discard }
  } catch (error) {
    await form.discard()
    throw error
  }
}

/**
 * Before gigabytes are read: which permission the call needs may depend on its fields (a dry run needs less), but a
 * caller who holds nothing in the operation's area cannot have it.
 */
function refuseUpload(actor: Actor, { name, permission }: Operation): void {
  const [area = ''] = permission.split(':', 1)
  if (holds(actor, permission) || [...actor.permissions].some((held) => held.startsWith(`${area}:`))) return
  throw new AppError('forbidden', `${name} needs the permission ${permission}`, {
    hint: `Ask the owner for a token with --permission ${permission}`,
  })
}
