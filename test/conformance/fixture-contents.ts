import {
  type ContentBlock,
  fromJsonSchema,
  type McpServer,
  type PromptMessage,
  ResourceTemplate,
} from '@modelcontextprotocol/server'
import { aPng } from '../support/build.ts'

const IMAGE = { type: 'image', data: Buffer.from(aPng()).toString('base64'), mimeType: 'image/png' } as const
/** Eight samples of silence. */
const AUDIO = {
  type: 'audio',
  data: Buffer.from(
    `RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x08\0\0\0${'\x80'.repeat(8)}`,
    'latin1',
  ).toString('base64'),
  mimeType: 'audio/wav',
} as const
const text = (words: string) => ({ type: 'text', text: words }) as const
const resource = (uri: string, mimeType: string, words: string) =>
  ({ type: 'resource', resource: { uri, mimeType, text: words } }) as const

/** Names that stand in the conformance suite: contents that no tool, prompt or resource of the product has. */
export function registerContentFixtures(server: McpServer): void {
  const tool = (name: string, content: ContentBlock[]): void => {
    server.registerTool(name, { description: name }, async () => ({ content }))
  }
  tool('test_image_content', [IMAGE])
  tool('test_audio_content', [AUDIO])
  tool('test_embedded_resource', [resource('test://embedded-resource', 'text/plain', 'An embedded resource.')])
  tool('test_multiple_content_types', [
    text('Multiple content types test:'),
    IMAGE,
    resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ])
  const wide = fromJsonSchema<Record<string, unknown>>(WIDE_SCHEMA)
  const routed = fromJsonSchema<{ region: string }>(ROUTED_SCHEMA)
  server.registerTool('json_schema_2020_12_tool', { description: 'Every keyword', inputSchema: wide }, async () => ({
    content: [text('ok')],
  }))
  server.registerTool('test_custom_header', { description: 'A header', inputSchema: routed }, async ({ region }) => ({
    content: [text(region)],
  }))
  registerResources(server)
  registerPrompts(server)
}

/** Keywords that a server must not strip. */
const WIDE_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema, not a promise
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
}

/** A parameter that travels in a header as well. */
const ROUTED_SCHEMA = {
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
  required: ['region'],
}

function registerResources(server: McpServer): void {
  const png = { mimeType: 'image/png', blob: IMAGE.data }
  const plain = { mimeType: 'text/plain', text: 'This is the content of the static text resource.' }
  for (const [uri, content] of [['test://static-text', plain] as const, ['test://static-binary', png] as const]) {
    server.registerResource(uri, uri, { mimeType: content.mimeType }, () => ({ contents: [{ uri, ...content }] }))
  }
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined })
  server.registerResource('template', template, { mimeType: 'application/json' }, ({ href: uri }, { id }) => ({
    contents: [{ uri, mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true }) }],
  }))
}

function registerPrompts(server: McpServer): void {
  const say = (...contents: PromptMessage['content'][]) => ({
    messages: contents.map((content): PromptMessage => ({ role: 'user', content })),
  })
  const about = (description: string) => ({ description })
  server.registerPrompt('test_simple_prompt', about('Plain words'), () => say(text('A simple prompt for testing.')))
  server.registerPrompt('test_prompt_with_image', about('An image'), () => say(IMAGE, text('Analyze this image.')))
  server.registerPrompt(
    'test_prompt_with_arguments',
    { ...about('Two arguments'), argsSchema: stringsSchema('arg1', 'arg2') },
    ({ arg1, arg2 }) => say(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { ...about('A resource'), argsSchema: stringsSchema('resourceUri') },
    ({ resourceUri = '' }) => say(resource(resourceUri, 'text/plain', 'Embedded.'), text('Process the resource.')),
  )
}

const stringsSchema = (...names: readonly string[]) =>
  fromJsonSchema<Record<string, string>>({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
    required: [...names],
  })
