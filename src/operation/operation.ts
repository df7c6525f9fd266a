import * as v from 'valibot'
import { AppError } from '../errors.ts'
import { isJsonObject, type JsonObject } from '../lib/json.ts'
import type { Trace } from '../lib/log.ts'
import { checkText } from './check-text.ts'
import { toFieldIssues } from './issues.ts'
import { type JsonSchema, toInputJsonSchema, toOutputJsonSchema } from './json-schema.ts'
import { type Actor, holds, type Permission } from './permission.ts'

export type Surface = 'http' | 'mcp' | 'cli'
export const SURFACES: readonly Surface[] = ['http', 'mcp', 'cli']

export type InputSchema = v.GenericSchema<unknown, Record<string, unknown>>
export type OutputSchema = v.GenericSchema<Record<string, unknown>>

/** Work done so far, in `unit`s; `total` is absent where it is not known. */
export interface Progress {
  readonly done: number
  readonly total?: number
  readonly unit: 'bytes' | 'items'
  readonly message?: string
}

/** A multipart file that the surface has streamed to disk; it is removed when the call ends. */
export interface Upload {
  readonly path: string
  /** The name that the sender gave it: a label, never a path. */
  readonly filename: string
  readonly sizeBytes: number
}

/** What an operation knows of the one call it serves. */
export interface Call {
  readonly signal: AbortSignal
  readonly requestId: string
  /** The job in whose run the call is made, where one makes it. */
  readonly jobId?: string
  readonly surface: Surface
  readonly actor: Actor
  readonly progress: (progress: Progress) => void
  readonly upload?: Upload
}

/** A result as one exact JSON text, for callers who ask again and again whether it is still the same. */
export interface Representation {
  readonly text: string
  /** Of this very text, in its quotes: RFC 9110 §8.8.3. */
  readonly etag: string
}

/** What log lines about a call carry. */
export const traceOf = ({ requestId, jobId }: Pick<Call, 'requestId' | 'jobId'>): Trace => ({
  request_id: requestId,
  ...(jobId === undefined ? {} : { job_id: jobId }),
})

/** `airkeep list-models --duplicates --hardlink` calls `link_duplicates`. */
export interface CliInstead {
  readonly flag: string
  /** The field that has to stand beside the flag, and none but this: the other operation knows no fields. */
  readonly beside: string
  readonly operation: string
  readonly summary: string
}

export interface OperationSpec<I extends InputSchema, O extends OutputSchema> {
  /** snake_case verb_noun: MCP tool `create_asset`, CLI `airkeep create-asset`. */
  readonly name: string
  /** One line, for lists. */
  readonly summary: string
  /** For an agent that has seen nothing else: what to call before and after, what comes back. */
  readonly description: string
  /** One valid input, shown to agents and in `--help`. */
  readonly example: v.InferInput<I>
  readonly effect: 'read' | 'write' | 'destroy'
  readonly permission: Permission
  /**
   * Where a valid input decides (a dry run needs less): replaces `permission` for that call. `undefined`: `run` itself
   * decides, because it depends on whose row it is.
   */
  readonly permissionFor?: (input: v.InferOutput<I>) => Permission | undefined
  /** All, unless an agent must not hold it. */
  readonly surfaces?: readonly Surface[]
  readonly http: {
    readonly method: 'get' | 'post' | 'patch' | 'delete'
    readonly path: `/${string}`
    readonly status?: 200 | 201 | 202
    /** Where the result decides the status. */
    readonly statusFor?: (output: v.InferInput<O>) => 200 | 201 | 202
    /** Field that a multipart request carries as a file. */
    readonly upload?: string
    /** Field that may hold JSON of megabytes and is taken as text too: in a large body it stays text, unparsed. */
    readonly rawField?: string
    /** Of a GET: the text to send for this output, against which `If-None-Match` is held. */
    readonly representation?: (output: object) => Representation | undefined
  }
  readonly cli?: {
    /** Command words where they are not the name in kebab-case. */
    readonly words?: readonly string[]
    /** A flag with which the command calls another operation instead, one without fields of its own. */
    readonly instead?: CliInstead
    /** Fields of a list's rows that people are shown; all of them where it is left out. */
    readonly columns?: readonly string[]
  }
  /** Other names under which a field is accepted: alias -> field. */
  readonly aliases?: Readonly<Record<string, string>>
  /** Fields that may hold local paths: the CLI makes them absolute before it sends them. */
  readonly paths?: readonly string[]
  /** Fields that other users of a machine must not see: the CLI takes them from stdin, never from its arguments. */
  readonly secrets?: readonly string[]
  readonly input: I
  readonly output: O
  run(input: v.InferOutput<I>, call: Call): Promise<v.InferInput<O>>
}

/** The same for every surface: a name, a route, two JSON Schemas and one way in. */
export interface Operation {
  readonly name: string
  readonly summary: string
  readonly description: string
  readonly example: JsonObject
  readonly effect: 'read' | 'write' | 'destroy'
  readonly permission: Permission
  readonly surfaces: readonly Surface[]
  readonly http: {
    readonly method: 'get' | 'post' | 'patch' | 'delete'
    readonly path: `/${string}`
    readonly upload?: string
    readonly rawField?: string
    readonly representation?: (output: object) => Representation | undefined
    /** HTTP status of a successful result. */
    status(output: JsonObject): number
    /** Every status that a success may have, for OpenAPI. */
    readonly statuses: readonly number[]
  }
  /** `['create-asset']`, or several words where the command has subcommands. */
  readonly words: readonly string[]
  readonly instead: CliInstead | undefined
  readonly columns: readonly string[] | undefined
  readonly aliases: Readonly<Record<string, string>>
  readonly paths: readonly string[]
  readonly secrets: readonly string[]
  readonly outputSchema: OutputSchema
  /** Draft 2020-12; made at first use. */
  inputJsonSchema(): JsonSchema
  outputJsonSchema(): JsonSchema
  /**
   * Checks permission and input, then runs.
   * @throws AppError forbidden, invalid_input, and what `run` throws
   */
  invoke(input: unknown, call: Call): Promise<JsonObject>
}

export function defineOperation<I extends InputSchema, O extends OutputSchema>(spec: OperationSpec<I, O>): Operation {
  const aliases = spec.aliases ?? {}
  let inputSchema: JsonSchema | undefined
  let outputSchema: JsonSchema | undefined
  const { method, path, status = 200, statusFor, upload, rawField, representation } = spec.http

  return {
    name: spec.name,
    summary: spec.summary,
    description: spec.description,
    example: spec.example as JsonObject,
    effect: spec.effect,
    permission: spec.permission,
    surfaces: spec.surfaces ?? SURFACES,
    http: {
      method,
      path,
      ...(upload === undefined ? {} : { upload }),
      ...(rawField === undefined ? {} : { rawField }),
      ...(representation === undefined ? {} : { representation }),
      status: (output) => (statusFor === undefined ? status : statusFor(output as v.InferInput<O>)),
      statuses: statusFor === undefined ? [status] : [200, status],
    },
    words: spec.cli?.words ?? [spec.name.replaceAll('_', '-')],
    instead: spec.cli?.instead,
    columns: spec.cli?.columns,
    aliases,
    paths: spec.paths ?? [],
    secrets: spec.secrets ?? [],
    outputSchema: spec.output,
    inputJsonSchema: () => (inputSchema ??= toInputJsonSchema(spec.input)),
    outputJsonSchema: () => (outputSchema ??= toOutputJsonSchema(spec.output)),
    async invoke(raw, call) {
      // A static permission is checked before the input is looked at: a caller without it learns nothing of the input.
      if (spec.permissionFor === undefined) demand(call.actor, spec.permission, spec.name)
      const input = parseInput(spec.input, withoutAliases(raw, aliases))
      const needed = spec.permissionFor?.(input)
      if (needed !== undefined) demand(call.actor, needed, spec.name)
      call.signal.throwIfAborted()
      return (await spec.run(input, call)) as JsonObject
    },
  }
}

/** For operations whose `run` decides what is needed. @throws AppError forbidden */
export function demand(actor: Actor, permission: Permission, operation: string): void {
  if (holds(actor, permission)) return
  throw new AppError('forbidden', `${operation} needs the permission ${permission}`, {
    hint: `Ask the owner for a token with --permission ${permission}`,
  })
}

function parseInput<I extends InputSchema>(schema: I, raw: unknown): v.InferOutput<I> {
  checkText(raw)
  // valibot takes a list for an object.
  if (!isJsonObject(raw)) {
    const expected = 'The input must be an object'
    throw new AppError('invalid_input', expected, { errors: [{ path: '', expected }] })
  }
  const result = v.safeParse(schema, raw, { abortPipeEarly: true })
  if (result.success) return result.output
  const errors = toFieldIssues(result.issues)
  const first = errors[0]
  throw new AppError('invalid_input', first === undefined ? 'The input is not valid' : first.expected, { errors })
}

/** Renames alias fields; a field given under both names must say the same. */
function withoutAliases(raw: unknown, aliases: Readonly<Record<string, string>>): unknown {
  if (!isJsonObject(raw)) return raw
  const renamed = Object.entries(aliases).filter(([alias]) => Object.hasOwn(raw, alias))
  if (renamed.length === 0) return raw
  const input: Record<string, unknown> = { ...raw }
  for (const [alias, field] of renamed) {
    const value = input[alias]
    delete input[alias]
    if (Object.hasOwn(input, field) && input[field] !== value) {
      const expected = `${alias} and ${field} must not disagree`
      throw new AppError('invalid_input', expected, { errors: [{ path: field, expected }] })
    }
    input[field] = value
  }
  return input
}
