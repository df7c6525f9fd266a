import { describe, expect, test } from 'bun:test'
import * as v from 'valibot'
import type { JsonSchema } from '../../src/operation/json-schema.ts'
import type { Operation } from '../../src/operation/operation.ts'
import { describedOperations } from '../support/operations.ts'
import { ADDITIONS, CONTRACT, type ContractRow } from './contract-table.ts'

const operations = describedOperations()
const rows = [...CONTRACT, ...ADDITIONS]
const built = rows.filter(({ later }) => later !== true)
const words = (text: string): string[] => text.split(' ').filter((word) => word !== '')

/** How an operation departs from its row; empty when it does not. */
function departures(operation: Operation, row: ContractRow): string[] {
  const schema = operation.inputJsonSchema()
  const required = new Set(schema.required ?? [])
  const actualInput = Object.keys(schema.properties ?? {}).map((field) => (required.has(field) ? `${field}!` : field))
  const expectedInput = [...words(row.input), ...words(row.extraInput ?? '')]
  const outputs = Object.keys(operation.outputJsonSchema().properties ?? {})
  const found: string[] = []
  const compare = (what: string, expected: readonly string[], actual: readonly string[]): void => {
    for (const word of expected) if (!actual.includes(word)) found.push(`${what} ${word} is missing`)
  }
  compare('input', expectedInput, actualInput)
  compare('contract field', actualInput, expectedInput)
  compare('output', words(row.output), outputs)
  const route = `${operation.http.method.toUpperCase()} ${operation.http.path}`
  if (route !== row.route) found.push(`route is ${route}`)
  if (operation.permission !== row.permission) found.push(`permission is ${operation.permission}`)
  if (operation.surfaces.includes('mcp') === (row.notForAgents === true))
    found.push(`surfaces are ${operation.surfaces}`)
  return found
}

describe('every operation is as the contract says', () => {
  test.each(built.map((row) => [row.name, row] as const))('%s', (name, row) => {
    const operation = operations.find((one) => one.name === name)
    expect(operation).toBeDefined()
    if (operation !== undefined) expect(departures(operation, row)).toEqual([])
  })

  test('and there are no others', () => {
    const known = built.map(({ name }) => name)
    expect(operations.map(({ name }) => name).filter((name) => !known.includes(name))).toEqual([])
  })

  test('the comparison itself tells every kind of departure', () => {
    const [operation] = operations
    if (operation === undefined) throw new Error('no operations')
    const wrong: ContractRow = {
      name: operation.name,
      route: 'GET /x',
      permission: 'models:serve',
      input: 'nothing!',
      output: 'nothing',
      notForAgents: true,
    }
    const found = departures(operation, wrong).join('; ')
    for (const part of [
      'input nothing!',
      'contract field',
      'output nothing',
      'route is',
      'permission is',
      'surfaces are',
    ]) {
      expect(found).toContain(part)
    }
  })
})

test('names, routes and commands are unique', () => {
  const unique = (values: readonly string[]): number => new Set(values).size
  expect(unique(operations.map(({ name }) => name))).toBe(operations.length)
  expect(unique(operations.map(({ http }) => `${http.method} ${http.path}`))).toBe(operations.length)
  expect(unique(operations.map((operation) => operation.words.join(' ')))).toBe(operations.length)
})

describe('every operation explains itself', () => {
  test.each(operations.map((operation) => [operation.name, operation] as const))('%s', (_, operation) => {
    expect(operation.name).toMatch(/^[a-z]+(?:_[a-z0-9]+)+$/)
    expect(operation.summary.length).toBeGreaterThan(10)
    expect(operation.description.length).toBeGreaterThan(40)
    const input = operation.inputJsonSchema()
    expect(input.additionalProperties).toBe(false)
    // Path parameters are fields of the input, and must be given.
    for (const [, parameter] of operation.http.path.matchAll(/\{(\w+)\}/g)) {
      expect(input.required).toContain(parameter ?? '')
    }
    expect(operation.outputJsonSchema().type).toBe('object')
    for (const field of Object.keys(operation.example)) expect(Object.keys(input.properties ?? {})).toContain(field)
    for (const field of input.required ?? []) expect(Object.keys(operation.example)).toContain(field)
    for (const field of [...operation.paths, ...Object.values(operation.aliases)]) {
      expect(Object.keys(input.properties ?? {})).toContain(field)
    }
  })

  test('an update never has a default: what is left out keeps its value', () => {
    const defaulted = operations
      .filter(({ name }) => name.startsWith('update_'))
      .flatMap(({ name, inputJsonSchema }) =>
        Object.entries(inputJsonSchema().properties ?? {})
          .filter(([, property]: [string, JsonSchema]) => property.default !== undefined)
          .map(([field]) => `${name}.${field}`),
      )
    expect(defaulted).toEqual([])
  })
})

test('output schemas can be checked', () => {
  for (const { outputSchema } of operations) expect(v.safeParse(outputSchema, 'no object').success).toBe(false)
})
