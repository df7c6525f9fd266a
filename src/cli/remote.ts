import { AppError, ERROR_KINDS, type ErrorCode, fromProblem, type Problem } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { Operation } from '../operation/operation.ts'
import { OWNER } from '../operation/permission.ts'
import type { Answer, BackendCall } from './backend.ts'
import { fieldText, multipartBody } from './multipart-body.ts'
import { type RequestOptions, type Response, sendRequest } from './request.ts'

export interface RemoteOptions {
  /** Of the server; a path in it stands before every route. */
  readonly url: string
  /** Bearer token; none where it is empty. */
  readonly token: string
}

/** Sends one request to `path` (with its query) of the server. */
export type SendTo = (
  path: string,
  options: Omit<RequestOptions, 'headers'> & { readonly headers?: Readonly<Record<string, string>> },
) => Promise<Response>

export const sendTo =
  ({ url, token }: RemoteOptions): SendTo =>
  (path, options) =>
    sendRequest(new URL(url.replace(/\/+$/, '') + path), {
      ...options,
      headers: { ...options.headers, ...(token === '' ? {} : { authorization: `Bearer ${token}` }) },
    })

/**
 * Carries out an operation over HTTP.
 * @throws ConnectionLost; AppError with what the server answered, upstream_unavailable where that was no JSON
 */
export async function invokeRemote(
  send: SendTo,
  operation: Operation,
  input: Readonly<Record<string, unknown>>,
  call: BackendCall,
): Promise<Answer> {
  const { path, rest } = await toPath(operation, input)
  const method = operation.http.method.toUpperCase()
  const inQuery = method === 'GET' || method === 'DELETE'
  const target = inQuery ? path + toQuery(rest) : path
  const payload = inQuery ? { headers: {} } : await toBody(operation, rest, call.file)
  const response = await send(target, {
    method,
    ...payload,
    headers: { accept: 'application/json', ...payload.headers },
    signal: call.signal,
  })
  const output = await readAnswer(response)
  return { output, started: response.status === 202 }
}

/** The route with its parameters filled in, and the fields that are left for query or body. */
async function toPath(
  operation: Operation,
  input: Readonly<Record<string, unknown>>,
): Promise<{ path: string; rest: Record<string, unknown> }> {
  const rest = { ...input }
  const names = [...operation.http.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  let path: string = operation.http.path
  for (const name of names) {
    const key =
      name in rest ? name : Object.keys(operation.aliases).find((a) => operation.aliases[a] === name && a in rest)
    const value = key === undefined ? undefined : rest[key]
    // What cannot stand in a path never reaches the route: the operation itself says what is wrong with it.
    if (key === undefined || typeof value !== 'string' || /^\.{0,2}$/.test(value)) {
      await refuse(operation, input)
      throw new AppError('invalid_input', `${name} cannot be sent`, { errors: [{ path: name, expected: name }] })
    }
    delete rest[key]
    path = path.replace(`{${name}}`, encodeURIComponent(value))
  }
  return { path, rest }
}

/** Has the operation check its input: with a signal that has aborted it never runs. */
async function refuse(operation: Operation, input: Readonly<Record<string, unknown>>): Promise<void> {
  const signal = AbortSignal.abort()
  const call = { signal, requestId: 'req_check', surface: 'cli', actor: OWNER, progress() {} } as const
  await operation.invoke(input, call).catch((error: unknown) => {
    if (error instanceof AppError) throw error
  })
}

function toQuery(fields: Readonly<Record<string, unknown>>): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    if (value === null || value === undefined) continue
    for (const item of Array.isArray(value) ? value : [value]) query.append(name, fieldText(item))
  }
  return query.size === 0 ? '' : `?${query}`
}

type Payload = Pick<RequestOptions, 'body'> & { readonly headers: Readonly<Record<string, string>> }

async function toBody(
  operation: Operation,
  fields: Readonly<Record<string, unknown>>,
  file: string | undefined,
): Promise<Payload> {
  const { upload } = operation.http
  if (file === undefined || upload === undefined) {
    return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) }
  }
  return multipartBody(fields, { name: upload, path: file })
}

/** @throws AppError with what the server answered */
export async function readAnswer(response: Response): Promise<JsonObject> {
  const text = await readText(response.body)
  const failed = response.status >= 400
  const json = parseJson(text)
  if (!failed && json !== undefined && response.status >= 200 && response.status < 300) return json
  if (failed && json !== undefined && isProblem(json)) throw withHint(fromProblem(json))
  throw new AppError(
    'upstream_unavailable',
    `The server answered with status ${response.status} and ${json === undefined ? 'no JSON' : 'no problem document'}`,
    { hint: 'Check that the address is that of an airkeep server' },
  )
}

export async function readText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const chunk of chunks) pieces.push(chunk)
  return Buffer.concat(pieces).toString('utf8')
}

function parseJson(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isProblem = (value: JsonObject): value is JsonObject & Problem =>
  typeof value.code === 'string' &&
  Object.hasOwn(ERROR_KINDS, value.code as ErrorCode) &&
  typeof value.detail === 'string'

function withHint(error: AppError): AppError {
  if (error.code !== 'unauthorized' || error.hint !== undefined) return error
  return new AppError('unauthorized', error.message, { hint: 'Set AIRKEEP_TOKEN to a token of that server' })
}
