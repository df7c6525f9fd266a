import { describe, expect, test } from 'bun:test'
import { fromJsonSchema } from '@modelcontextprotocol/server'
import type { JsonSchema } from '../../src/operation/json-schema.ts'
import type { Operation } from '../../src/operation/operation.ts'
import { describedOperations } from '../support/operations.ts'

/**
 * What a model sees that has nothing but `tools/list`: it must be able to record an asset from that. So each tool says
 * what to call before and after it, and every field says what belongs into it.
 */
const tools = describedOperations().filter(({ surfaces }) => surfaces.includes('mcp'))
const names = tools.map(({ name }) => name)
const rows = tools.map((tool) => [tool.name, tool] as const)

/** Words that look like a tool: one of the verbs that tools begin with, then a noun. */
const VERBS = [...new Set(names.map((name) => name.slice(0, name.indexOf('_'))))].join('|')
const toolsIn = (text: string): string[] =>
  [...text.matchAll(new RegExp(`\\b(?:${VERBS})_[a-z0-9_]+`, 'g'))].map(String)

/** What a description lacks; empty when nothing. */
function lacksOf({ name, description }: Pick<Operation, 'name' | 'description'>): string[] {
  const [, before, after] = /\bBefore: (.+?)\. .*?\bAfter: (.+)$/s.exec(description) ?? []
  const lacks: string[] = []
  for (const [word, text] of Object.entries({ Before: before, After: after })) {
    if (text === undefined) lacks.push(`has no "${word}: …"`)
    else if (toolsIn(text).length === 0 && !/^nothing\b/.test(text)) {
      lacks.push(`"${word}: ${text}" names no tool, nor does it begin with "nothing"`)
    }
  }
  const others = toolsIn(description).filter((tool) => tool !== name)
  if (others.length === 0) lacks.push('names no other tool')
  for (const other of others) if (!names.includes(other)) lacks.push(`names ${other}, which is no tool`)
  if (description.length > 1000) lacks.push(`has ${description.length} characters`)
  return lacks
}

/** Fields without a description, and patterns that are not for reading. */
function undescribed(schema: JsonSchema, path = ''): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([field, property]) => {
    const at = path === '' ? field : `${path}.${field}`
    const silent = typeof property.description !== 'string' || property.description.length < 8 ? [at] : []
    const { pattern = '' } = property
    return [...silent, ...(String(pattern).length > 120 ? [`${at}: pattern`] : []), ...undescribed(property, at)]
  })
  const branches = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.items ? [schema.items] : [])]
  return [...own, ...branches.flatMap((branch) => undescribed(branch, `${path}[]`))]
}

const accepts = async (schema: JsonSchema, value: unknown): Promise<boolean> =>
  (await fromJsonSchema({ ...schema })['~standard'].validate(value)).issues === undefined

describe('a model that sees nothing else is told of', () => {
  test.each(rows)('%s: what comes before and after', (_, tool) => {
    expect(lacksOf(tool)).toEqual([])
  })

  test.each(rows)('%s: every field', (_, tool) => {
    expect(undescribed(tool.inputJsonSchema())).toEqual([])
  })

  test.each(rows)('%s: an example that its schema accepts', async (_, tool) => {
    expect(await accepts(tool.inputJsonSchema(), tool.example)).toBe(true)
    expect(await accepts(tool.inputJsonSchema(), { ...tool.example, no_such_field: 1 })).toBe(false)
  })
})

describe('the rules themselves', () => {
  const good = 'Does it. Before: find_asset, for the asset_id. After: nothing.'
  test.each([
    [good, []],
    ['Does it, says find_asset.', ['has no "Before: …"', 'has no "After: …"']],
    [
      'Does it. Before: look around. After: nothing.',
      ['"Before: look around" names no tool, nor does it begin with "nothing"', 'names no other tool'],
    ],
    ['Before: nothing. After: create_asset or create_tokens.', ['names create_tokens, which is no tool']],
    [good.replace('it', 'i'.repeat(1000)), [`has ${good.length + 998} characters`]],
  ])('%s', (description, lacks) => {
    expect(lacksOf({ name: 'update_asset', description })).toEqual(lacks)
  })

  test('a field without words is found wherever it stands', () => {
    const silent: JsonSchema = { properties: { a: { type: 'string' } } }
    expect(undescribed(silent)).toEqual(['a'])
    const nested = { properties: { list: { description: 'A list of them', items: silent } } }
    expect(undescribed(nested)).toEqual(['list[].a'])
    const long = { properties: { a: { description: 'A long one', pattern: 'x'.repeat(121) } } }
    expect(undescribed(long)).toEqual(['a: pattern'])
  })
})

test('all of it together is short enough to be read before every conversation', () => {
  const sizes = tools.map((tool) => ({
    words: tool.description.length + JSON.stringify(tool.example).length,
    input: JSON.stringify(tool.inputJsonSchema()).length,
    output: JSON.stringify(tool.outputJsonSchema()).length,
  }))
  const total = (part: 'words' | 'input' | 'output'): number => sizes.reduce((sum, size) => sum + size[part], 0)
  const [words, input, output] = [total('words'), total('input'), total('output')]
  process.stdout.write(`${tools.length} tools: ${words} characters of text, ${input} of input, ${output} of output\n`)
  // Most clients show their model the text and the input alone.
  expect((words + input) / tools.length).toBeLessThan(1500)
  expect(output / tools.length).toBeLessThan(2500)
})
