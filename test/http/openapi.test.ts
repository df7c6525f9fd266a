import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import { ERROR_KINDS } from '../../src/errors.ts'
import { createOpenApi } from '../../src/http/openapi.ts'
import { idField, limitField } from '../../src/operation/fields.ts'
import { describedOperations } from '../support/operations.ts'
import { aModelSource } from './files/model-source.ts'
import { anEcho, anOperation, startApp } from './test-app.ts'

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: Record<string, unknown>
  readonly example?: unknown
}

interface Method {
  readonly operationId: string
  readonly tags: string[]
  readonly parameters?: Parameter[]
  readonly requestBody?: { required: boolean; content: Record<string, { schema: Schema; example?: unknown }> }
  readonly responses: Record<string, { content: Record<string, { schema: Schema }> }>
  readonly security?: unknown
}

interface Schema {
  readonly type?: string
  readonly properties?: Record<string, unknown>
  readonly required?: string[]
}

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Method>>
  readonly components: { schemas: Record<string, { properties: Record<string, { enum?: string[] }> }> }
}

const operations = [
  anEcho(
    'get_thing',
    'get',
    '/v1/things/{thing_id}',
    v.strictObject({ thing_id: idField('thing_id', 'Its id'), limit: limitField(50, 100) }),
  ),
  anOperation({
    name: 'update_thing',
    http: { method: 'patch', path: '/v1/things/{thing_id}' },
    example: { thing_id: '7', text: 'x' },
    input: v.strictObject({ thing_id: idField('thing_id', 'Its id'), text: v.string() }),
    run: async () => ({}),
  }),
  anOperation({
    name: 'import_thing',
    http: { method: 'post', path: '/v1/import', status: 202, statusFor: () => 202, upload: 'file' },
    permission: 'models:download',
    input: v.strictObject({ format: v.optional(v.string()), file: v.optional(v.string()) }),
    run: async () => ({}),
  }),
  anOperation({
    name: 'hidden',
    http: { method: 'post', path: '/v1/hidden' },
    surfaces: ['mcp'],
    input: v.strictObject({}),
    run: async () => ({}),
  }),
]

const build = (of: Parameters<typeof createOpenApi>[0]['operations']): Document =>
  JSON.parse(JSON.stringify(createOpenApi({ operations: of, version: '1.2.3' })())) as Document

describe('the document', () => {
  const document = build(operations)

  test('has an operation with its fields where requests carry them', () => {
    const get = document.paths['/v1/things/{thing_id}']?.get
    expect(get?.operationId).toBe('get_thing')
    expect(get?.requestBody).toBeUndefined()
    expect(get?.parameters).toMatchObject([
      { name: 'thing_id', in: 'path', required: true, description: 'Its id' },
      { name: 'limit', in: 'query', required: false, schema: { type: 'integer', default: 50, maximum: 100 } },
    ])
    const patch = document.paths['/v1/things/{thing_id}']?.patch
    expect(patch?.parameters).toMatchObject([{ name: 'thing_id', in: 'path', example: '7' }])
    expect(patch?.requestBody).toMatchObject({
      required: true,
      content: {
        'application/json': {
          example: { text: 'x' },
          schema: { required: ['text'], properties: { text: { type: 'string' } } },
        },
      },
    })
    expect(patch?.requestBody?.content['application/json']?.schema.properties).not.toHaveProperty('thing_id')
  })

  test('has uploads, every status and the problem', () => {
    const post = document.paths['/v1/import']?.post
    expect(Object.keys(post?.requestBody?.content ?? {})).toEqual(['application/json', 'multipart/form-data'])
    const fields = (type: string) => Object.keys(post?.requestBody?.content[type]?.schema.properties ?? {})
    expect(fields('multipart/form-data')).toEqual(['format', 'file'])
    expect(fields('application/json')).toEqual(['format'])
    expect(Object.keys(post?.responses ?? {})).toEqual(['200', '202', '4XX', 'default'])
    expect(document.components.schemas.Problem?.properties.code?.enum).toEqual(Object.keys(ERROR_KINDS))
  })

  test('leaves out what is not served', () => {
    expect(document.paths).not.toHaveProperty('/v1/hidden')
  })
})

describe('of the whole program', () => {
  const document = build(describedOperations())
  const methods = Object.entries(document.paths).flatMap(([path, all]) =>
    Object.entries(all).map(([method, one]) => [`${method} ${path}`, path, one] as const),
  )

  test('names every operation once', () => {
    const ids = methods.map(([, , { operationId }]) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { name, surfaces } of describedOperations())
      expect([name, ids.includes(name)]).toEqual([name, surfaces.includes('http')])
  })

  test.each(methods)('%s is complete', (_name, path, method) => {
    const inPath = (method.parameters ?? []).filter((parameter) => parameter.in === 'path')
    expect(inPath.map(({ name }) => name).sort()).toEqual(
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '').sort(),
    )
    expect(method.tags).toHaveLength(1)
    expect(Object.keys(method.responses).some((status) => status.startsWith('2'))).toBe(true)
    for (const parameter of method.parameters ?? []) expect(parameter.schema).toBeObject()
    const names = (method.parameters ?? []).map((parameter) => `${parameter.in} ${parameter.name}`)
    expect(new Set(names).size).toBe(names.length)
  })

  test('has no reference that leads nowhere', () => {
    const text = JSON.stringify(document)
    const references = new Set([...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref))
    expect([...references]).toEqual(['#/components/schemas/Problem'])
    expect(text).not.toContain('"$schema"')
  })
})

test('is served to everyone, and every path in it that is no operation is there', async () => {
  await using t = await startApp({ operations, mcp: async () => new Response(), files: aModelSource({ models: [] }) })
  const response = await t.fetch('/openapi.json', { peer: '10.0.0.9' })
  expect(response.status).toBe(200)
  const document = (await response.json()) as Document
  expect(document.openapi).toBe('3.1.0')
  for (const path of Object.keys(document.paths)) {
    const answer = await t.fetch(path.replaceAll(/\{\w+\}/g, '1'), { method: 'PUT' })
    // ALL /mcp takes any method.
    expect([path, answer.status]).toEqual([path, path === '/mcp' ? 200 : 405])
  }
})
