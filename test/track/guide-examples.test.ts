import { afterAll, describe, expect, test } from 'bun:test'
import { GUIDES } from '../../src/track/guides.ts'
import { guideExamples } from '../support/guide-examples.ts'
import { openTrack } from '../support/track.ts'

const track = await openTrack()
afterAll(() => track.close())
const operations = new Map(track.operations.map((operation) => [operation.name, operation]))

/** Held against the schemas that the tools really have. */
describe.each(GUIDES.map((guide) => [guide.name, guide] as const))('examples of the guide on %s', (_, { text }) => {
  const examples = guideExamples(text).filter(({ tool }) => operations.has(tool))

  test.each(examples.map(({ tool, kind, json }) => [`${tool} ${kind}`, tool, kind, json] as const))(
    '%s',
    (_name, tool, kind, json) => {
      const operation = operations.get(tool)
      const schema = kind === 'input' ? operation?.inputJsonSchema() : operation?.outputJsonSchema()
      const given = Object.keys(JSON.parse(json))
      const aliases = operation?.aliases ?? {}
      const fields = Object.keys(schema?.properties ?? {})
      expect(given.map((field) => aliases[field] ?? field).filter((field) => !fields.includes(field))).toEqual([])
      expect((schema?.required ?? []).filter((field) => !given.includes(field))).toEqual([])
    },
  )

  test('are many', () => expect(examples.length).toBeGreaterThan(5))
})
