import { ERROR_KINDS } from '../errors.ts'
import { type JsonSchema, withoutField } from '../operation/json-schema.ts'
import type { Operation } from '../operation/operation.ts'
import { OTHER_PATHS, PROBLEM_RESPONSES, PROBLEM_SCHEMA } from './openapi-other.ts'

export interface OpenApiDeps {
  readonly operations: readonly Operation[]
  readonly version: string
}

export type OpenApiPaths = Record<string, Record<string, unknown>>

/** The OpenAPI 3.1 document of everything that is served; made at first use, since few ask for it. */
export function createOpenApi({ operations, version }: OpenApiDeps): () => object {
  let document: object | undefined
  return () => {
    document ??= build(operations, version)
    return document
  }
}

function build(operations: readonly Operation[], version: string): object {
  const paths: OpenApiPaths = {}
  for (const operation of operations.filter(({ surfaces }) => surfaces.includes('http'))) {
    const { path, method } = operation.http
    paths[path] = { ...paths[path], [method]: describeOperation(operation) }
  }
  for (const [path, methods] of Object.entries(OTHER_PATHS)) paths[path] = { ...paths[path], ...methods }
  return {
    openapi: '3.1.0',
    info: {
      title: 'airkeep',
      version,
      description:
        'Which AI models a host has, which a prompt needs, and what was made with them. Every operation is an MCP tool and a command of the same name too, except those that an agent must not hold.',
    },
    servers: [{ url: '/', description: 'Where this document is served' }],
    paths,
    // On the machine itself no token is needed as long as none was made.
    security: [{ bearer: [] }, {}],
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: { ...PROBLEM_SCHEMA, properties: { ...PROBLEM_SCHEMA.properties, code: CODES } } },
    },
  }
}

const CODES = { type: 'string', enum: Object.keys(ERROR_KINDS) }

function describeOperation(operation: Operation): Record<string, unknown> {
  const { http, name, summary, description, permission } = operation
  const input = operation.inputJsonSchema()
  const inPath = placeholdersOf(http.path)
  const names = Object.keys(input.properties ?? {})
  const rest = names.filter((field) => !inPath.includes(field))
  const inQuery = http.method === 'get' || http.method === 'delete' ? rest : []
  const parameters = [
    ...inPath.map((field) => toParameter(operation, input, field, 'path')),
    ...inQuery.map((field) => toParameter(operation, input, field, 'query')),
  ]
  return {
    operationId: name,
    summary,
    description: `${description}\n\nPermission: \`${permission}\`.`,
    tags: [tagOf(operation)],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(http.method === 'post' || http.method === 'patch' ? { requestBody: describeBody(operation, input, rest) } : {}),
    responses: {
      ...Object.fromEntries(
        http.statuses.map((status) => [
          String(status),
          { description: 'Done', content: { 'application/json': { schema: operation.outputJsonSchema() } } },
        ]),
      ),
      ...(http.representation === undefined ? {} : { 304: { description: 'Still what If-None-Match names' } }),
      ...PROBLEM_RESPONSES,
    },
  }
}

const placeholdersOf = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')

function toParameter({ example }: Operation, input: JsonSchema, field: string, place: 'path' | 'query'): object {
  const { description, ...schema } = input.properties?.[field] ?? { type: 'string' }
  return {
    name: field,
    in: place,
    required: place === 'path' || (input.required ?? []).includes(field),
    ...(description === undefined ? {} : { description }),
    schema,
    ...(example[field] === undefined ? {} : { example: example[field] }),
  }
}

function describeBody({ http, example }: Operation, input: JsonSchema, fields: readonly string[]): object {
  const properties = pick(input.properties ?? {}, fields)
  const required = (input.required ?? []).filter((field) => fields.includes(field))
  const schema = { ...input, properties, required }
  const json = { schema: withoutField(schema, http.upload), example: pick(example, fields) }
  if (http.upload === undefined) return { required: required.length > 0, content: { 'application/json': json } }
  const file = { type: 'string', contentMediaType: 'application/octet-stream', description: 'Streamed to disk' }
  const form = { schema: { ...schema, properties: { ...properties, [http.upload]: file } } }
  return { required: required.length > 0, content: { 'application/json': json, 'multipart/form-data': form } }
}

const pick = <T>(from: Readonly<Record<string, T>>, fields: readonly string[]): Record<string, T> =>
  Object.fromEntries(Object.entries(from).filter(([field]) => fields.includes(field)))

/** Areas as the contract groups its operations. */
function tagOf({ http, permission }: Operation): string {
  if (/^\/v1\/(prompts\/import|keys|models\/terms)\b/.test(http.path)) return 'Import'
  if (permission.startsWith('models:') || http.path.startsWith('/v1/nodes')) return 'Models'
  if (permission.startsWith('catalog:')) return 'Catalog'
  return http.path.startsWith('/v1/tokens') ? 'Access' : 'Track'
}
