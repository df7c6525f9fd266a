import { describe, expect, test } from 'bun:test'
import { Command } from 'commander'
import fc from 'fast-check'
import * as v from 'valibot'
import { exampleOf, quote } from '../../src/cli/example.ts'
import { type Field, fieldsOf } from '../../src/cli/fields.ts'
import { addFieldOptions, toFlags, toInput, typedFields } from '../../src/cli/flags.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { defineOperation, type InputSchema, type Operation } from '../../src/operation/operation.ts'
import { inputsOf } from '../support/cli-inputs.ts'
import { createCliJobs } from '../support/cli-jobs.ts'
import { createCliOperations } from '../support/cli-operations.ts'
import { describedOperations } from '../support/operations.ts'

const own = createCliOperations({ dataDir: '/nonexistent', jobs: createCliJobs() })
const named = (name: string): Operation => {
  const found = own.find((operation) => operation.name === name)
  if (found === undefined) throw new Error(`no operation ${name}`)
  return found
}

/** argv as the command of the operation reads it. */
async function parse(
  fields: readonly Field[],
  argv: readonly string[],
  readText: (source: string) => Promise<string> = () => Promise.reject(new Error('nothing is read')),
): Promise<Record<string, unknown>> {
  const command = new Command().exitOverride().configureOutput({ writeErr() {} })
  addFieldOptions(command, fields)
  command.parse([...argv], { from: 'user' })
  return toInput(typedFields(command, fields), readText)
}

describe('the flags of an input are read back as the input', () => {
  const everywhere = [
    ...own,
    ...describedOperations(),
    ...[
      v.strictObject({ numbers: v.array(v.number()), texts: v.array(v.string()), flags: v.array(v.boolean()) }),
      v.strictObject({ deep: v.record(v.string(), v.unknown()), any_list: v.array(v.record(v.string(), v.string())) }),
      v.strictObject({
        a: v.nullable(v.string()),
        b: v.nullable(v.number()),
        c: v.nullable(v.boolean()),
        d: v.nullable(v.array(v.string())),
        e: v.nullable(v.record(v.string(), v.number())),
        f: v.nullable(v.picklist(['x', 'y'])),
      }),
    ].map((input, at) => anOperation(`shape_${at}`, input)),
  ]
  test.each(everywhere.map((operation) => [operation.name, operation] as const))('%s', async (_, operation) => {
    const fields = fieldsOf(operation)
    await fc.assert(
      fc.asyncProperty(inputsOf(operation.inputJsonSchema(), fields), async (input) => {
        expect(await parse(fields, toFlags(fields, input))).toEqual(input)
      }),
      { numRuns: 60 },
    )
  })
})

describe('argv to input', () => {
  const cases: readonly (readonly [operation: string, argv: readonly string[], input: object])[] = [
    ['create_note', ['--kind', 'short', '--text', 'a b'], { kind: 'short', text: 'a b' }],
    ['create_note', ['--text=--json', '--kind=-1'], { text: '--json', kind: '-1' }],
    ['create_note', ['--text', '--json'], { text: '--json' }],
    ['create_note', ['--text', ''], { text: '' }],
    ['create_note', ['--tags', 'a,b,,c'], { tags: ['a', 'b', 'c'] }],
    ['create_note', ['--tags', 'a,b', '--tags', 'c'], { tags: ['a,b', 'c'] }],
    ['create_note', ['--tags='], { tags: [] }],
    ['create_note', ['--tags', '["a,b"]'], { tags: ['a,b'] }],
    ['create_note', ['--tags', '[a'], { tags: ['[a'] }],
    ['create_note', ['--numbers', '1,2.5', '--ratio', '-3e2'], { numbers: [1, 2.5], ratio: -300 }],
    ['create_note', ['--ratio', 'much'], { ratio: 'much' }],
    ['create_note', ['--pictures', 'a, b.png'], { pictures: ['a, b.png'] }],
    ['create_note', ['--pictures', '[1]'], { pictures: ['[1]'] }],
    ['create_note', ['--pictures', '["a","b"]'], { pictures: ['a', 'b'] }],
    ['create_note', ['--metadata', '{"a":{"b":[1]}}'], { metadata: { a: { b: [1] } } }],
    ['create_note', ['--metadata', '@file.json'], { metadata: { read: 'file.json' } }],
    ['create_note', ['--metadata', '-'], { metadata: { read: '-' } }],
    ['create_note', ['--text', '@file.json'], { text: '@file.json' }],
    ['create_note', ['--links', '{"url":"a"}', '--links', '[{"url":"b"}]'], { links: [{ url: 'a' }, { url: 'b' }] }],
    ['create_note', ['--links', '@list.json'], { links: [{ read: 'list.json' }] }],
    ['create_note', ['--draft'], { draft: true }],
    ['create_note', ['--draft=false', '--no-notify'], { draft: false, notify: false }],
    ['create_note', ['--draft', 'yes'], { draft: 'yes' }],
    ['create_note', ['--no-draft'], { draft: false }],
    ['create_note', ['--body', 'x'], { body: 'x' }],
    ['update_note', ['--no-title', '--no-metadata', '--no-pinned'], { title: null, metadata: null, pinned: null }],
    ['update_note', ['--title', 'null', '--pinned'], { title: 'null', pinned: true }],
    ['update_note', ['--title', 'a', '--no-title'], { title: null }],
    ['update_note', ['--no-title', '--title', 'a'], { title: 'a' }],
  ]
  test.each(cases)('%s %j', async (name, argv, input) => {
    const read = async (source: string): Promise<string> => JSON.stringify({ read: source })
    expect(await parse(fieldsOf(named(name)), argv, read)).toEqual({ ...input })
  })

  test.each([
    [['--text', 'a', '--text', 'b'], 'text may be given once'],
    [['--metadata', '{'], 'metadata must be JSON'],
    [['--links', 'a'], 'links must be JSON'],
  ])('%j: %s', async (argv, message) => {
    await expect(parse(fieldsOf(named('create_note')), argv)).rejects.toMatchObject({ code: 'invalid_input', message })
  })

  test('a flag that is not there is told with the one that was meant', async () => {
    await expect(parse(fieldsOf(named('create_note')), ['--txet', 'a'])).rejects.toThrow(
      "error: unknown option '--txet'\n(Did you mean --text?)",
    )
  })
})

test('no field takes the name of a flag that every command has', () => {
  const taken = new Set(['json', 'data', 'config', 'server', 'quiet', 'help', 'input'])
  const clashes = describedOperations().flatMap((operation) =>
    fieldsOf(operation)
      .filter(({ flag }) => taken.has(flag))
      .map(({ flag }) => `${operation.name} --${flag}`),
  )
  expect(clashes).toEqual([])
})

describe('examples', () => {
  test('are quoted as a shell reads them', () => {
    expect(exampleOf(named('create_note'))).toBe(
      `airkeep create-note --kind short --text 'it'\\''s a note' --tags a --tags b --metadata '{"deep":[1]}'`,
    )
    expect(exampleOf(named('update_note'))).toBe('airkeep update-note --note-id 1 --no-title')
  })

  test('quote undoes what sh does', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().filter((text) => !text.includes('\0')),
          { maxLength: 5 },
        ),
        (words) => {
          const shell = Bun.spawnSync(['sh', '-c', `printf '%s\\0' ${words.map(quote).join(' ')}`])
          const printed = shell.stdout.toString().split('\0').slice(0, -1)
          expect(printed).toEqual(words.length === 0 ? [''] : words)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('of every operation are its own example', async () => {
    for (const operation of describedOperations()) {
      const fields = fieldsOf(operation)
      const input = await parse(fields, toFlags(fields, operation.example))
      // A value that may be anything is text on the command line.
      const asText = Object.fromEntries(
        Object.entries(operation.example).map(([name, value]) => [
          name,
          typeof input[name] === 'string' && typeof value !== 'string' ? JSON.stringify(value) : value,
        ]),
      )
      expect(input).toEqual(asText)
    }
  })
})

function anOperation(name: string, input: InputSchema): Operation {
  return defineOperation({
    name,
    summary: '',
    description: '',
    example: {} as JsonObject,
    effect: 'read',
    permission: 'track:read',
    http: { method: 'post', path: '/v1/shape' },
    input,
    output: v.looseObject({}),
    run: async () => ({}),
  })
}
