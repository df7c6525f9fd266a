import { describe, expect, test } from 'bun:test'
import { fromJsonSchema } from '@modelcontextprotocol/server'
import { OWNER } from '../../src/operation/permission.ts'
import { createGuideOperations, GUIDES, INSTRUCTIONS } from '../../src/track/guides.ts'
import { guideExamples, toolNames } from '../support/guide-examples.ts'
import { describedOperations } from '../support/operations.ts'

/** What an agent that keeps the ledger may call: the operations of the contract that the guides are about. */
const TRACK_TOOLS = [
  'calculate_sha256',
  'find_asset',
  'list_assets',
  'create_prompt',
  'get_prompt',
  'list_prompts',
  'create_asset',
  'update_asset',
  'delete_asset',
  'create_civitai_post',
  'update_civitai_post',
  'list_civitai_posts',
  'fetch_civitai_post_assets',
  'match_post_media',
  'sync_post_asset_stats',
  'list_asset_stats',
  'get_workflow_guide',
  'get_media_engagement_guide',
]

const textOf = (name: string): string => GUIDES.find((guide) => guide.name === name)?.text ?? ''
const call = {
  signal: new AbortController().signal,
  requestId: 'req_test',
  surface: 'mcp',
  actor: OWNER,
  progress() {},
} as const

describe('the operations', () => {
  test.each([
    ['get_workflow_guide', '/v1/guides/recording', '# Recording Civitai work with airkeep'],
    ['get_media_engagement_guide', '/v1/guides/engagement', '# Reading Civitai engagement with airkeep'],
  ])('%s answers its guide at %s', async (name, path, heading) => {
    const operation = createGuideOperations().find((each) => each.name === name)
    expect(operation?.http).toMatchObject({ method: 'get', path })
    expect(operation?.permission).toBe('track:read')
    expect(await operation?.invoke({}, call)).toEqual({ guide: expect.stringContaining(heading) })
    await expect(operation?.invoke({ topic: 'x' }, call)).rejects.toMatchObject({ code: 'invalid_input' })
  })

  test('a token without track:read is refused', async () => {
    const actor = { kind: 'token', name: 'reader', permissions: new Set(['models:read'] as const) } as const
    for (const operation of createGuideOperations()) {
      await expect(operation.invoke({}, { ...call, actor })).rejects.toMatchObject({ code: 'forbidden' })
    }
  })
})

describe.each(GUIDES.map((guide) => [guide.name, guide] as const))('the guide on %s', (_, guide) => {
  test('names no tool that does not exist', () => {
    const named = toolNames(guide.text)
    expect(named.filter((name) => !TRACK_TOOLS.includes(name))).toEqual([])
    expect(named.length).toBeGreaterThan(5)
  })

  test('has examples that are JSON, each for a tool or a named part of an answer', () => {
    const examples = guideExamples(guide.text)
    expect(examples.length).toBeGreaterThan(7)
    for (const example of examples) {
      expect(() => JSON.parse(example.json)).not.toThrow()
      expect([...TRACK_TOOLS, 'engagement_stats']).toContain(example.tool)
    }
  })

  test('has no example without a tool, and none that a renderer would not close', () => {
    expect(guide.text.match(/^ *```/gm)?.length).toBe(guideExamples(guide.text).length * 2)
  })

  test('points at the other guide by tool and prompt', () => {
    const other = GUIDES.find((each) => each !== guide)
    expect(guide.text).toContain(`\`${other?.operation}\``)
    expect(guide.text).toContain(`\`${other?.prompt}\``)
  })

  test('is text alone: no carriage return, no control character', () => {
    expect([...guide.text].filter((sign) => sign < ' ' && sign !== '\n')).toEqual([])
  })
})

describe('what the guides show is what the operations take and give', () => {
  const operations = new Map(describedOperations().map((operation) => [operation.name, operation]))
  const examples = GUIDES.flatMap((guide) => guideExamples(guide.text)).filter(
    ({ tool }) => tool !== 'engagement_stats',
  )

  test.each(TRACK_TOOLS)('%s exists, for agents', (name) => {
    expect(operations.get(name)?.surfaces).toContain('mcp')
  })

  test.each(examples.map(({ tool, kind, json }) => [tool, kind, json.replaceAll(/\s+/g, ' ')] as const))(
    '%s %s %s',
    async (tool, kind, json) => {
      const operation = operations.get(tool)
      const schema = kind === 'input' ? operation?.inputJsonSchema() : operation?.outputJsonSchema()
      const checked = await fromJsonSchema(schema ?? {})['~standard'].validate(JSON.parse(json))
      expect(checked.issues ?? []).toEqual([])
    },
  )

  test.each([
    ['update_asset', { asset_id: 456 }, 'asset_id must be a valid integer ID'],
    ['sync_post_asset_stats', { civitai_post_id: 'x' }, 'civitai_post_id must be a valid integer ID'],
    ['create_prompt', { prompt: 'x' }, 'prompt_text is required'],
    ['get_prompt', { prompt_id: '1', id: '1' }, 'id is not a field of this operation'],
  ])('%s says of %j what the guides explain', async (name, input, message) => {
    await expect(operations.get(name)?.invoke(input, call)).rejects.toThrow(message)
    const words = message.replace(/^(prompt_text|id) is /, '… is ')
    expect(GUIDES.some((guide) => guide.text.includes(`\`${words}\``))).toBe(true)
  })

  test('the counters of an answer are the ones that the guide lists', () => {
    const [block] = guideExamples(textOf('engagement')).filter(({ tool }) => tool === 'engagement_stats')
    const properties = operations.get('list_asset_stats')?.outputJsonSchema().properties?.items?.items?.properties ?? {}
    const counters = Object.keys(JSON.parse(block?.json ?? '{}'))
    expect(counters.length).toBe(6)
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(counters))
  })
})

describe('the guide on recording', () => {
  const text = textOf('recording')

  test('shows every tool that writes to the ledger with an example', () => {
    const shown = new Set(guideExamples(text).map(({ tool }) => tool))
    const missing = TRACK_TOOLS.filter((tool) => !shown.has(tool) && !/stats|guide|list_/.test(tool))
    expect(missing).toEqual([])
  })

  test.each([
    'Standard flow, end to end',
    'Asset and post without a prompt',
    'Assets first, then the post',
    'Match local media to a Civitai URL',
  ])('has the playbook "%s"', (heading) => expect(text).toContain(`### ${heading}\n`))

  test.each([
    '## Example: a post with several images',
    '## Videos',
    '`asset_id must be a valid integer ID`',
    '`Record not found`',
  ])('has %s', (part) => expect(text).toContain(part))
})

test('the instructions name tools and prompts that exist', () => {
  for (const name of toolNames(INSTRUCTIONS.replaceAll(/\b(\w+_\w+)\b/g, '`$1`'))) expect(TRACK_TOOLS).toContain(name)
  expect(INSTRUCTIONS).toContain('get_workflow_guide')
})
