import {
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  type InputRequests,
  inputRequired,
  inputResponse,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { isJsonObject } from '../../src/lib/json.ts'

const said = (text: string) => ({ content: [{ type: 'text', text } as const] })

/** Completion and logging, which both eras have; subscriptions as the 2025 revisions have them. */
export function registerNotificationFixtures(server: McpServer, era: 'legacy' | 'modern'): void {
  server.server.registerCapabilities({ logging: {}, completions: {} })
  server.server.setRequestHandler('completion/complete', () => ({ completion: { values: ['paris', 'park'] } }))
  for (const tool of ['test_tool_with_logging', 'test_logging_tool']) {
    server.registerTool(tool, { description: 'Logs three lines' }, async ({ mcpReq }) => {
      for (const word of ['started', 'processing data', 'completed']) await mcpReq.log('info', `Tool ${word}`)
      return said('logged')
    })
  }
  if (era === 'modern') return
  server.server.registerCapabilities({ resources: { subscribe: true } })
  server.server.setRequestHandler('resources/subscribe', () => ({}))
  server.server.setRequestHandler('resources/unsubscribe', () => ({}))
}

const ask = (message: string, field: string, property: { type: 'string' } | { type: 'boolean' } = { type: 'string' }) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [field]: property }, required: [field] },
  })
const sample = (words: string) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: words } }],
    maxTokens: 100,
  })

/** Its `verify` belongs into the options of the server: what a client has changed never reaches a tool. */
export const requestState = createRequestStateCodec<string>({
  key: 'a key that no one else has to know or keep secret',
})

/** Whether every question is answered by what it asks for. */
const answered = ({ mcpReq }: ServerContext, requests: InputRequests): boolean =>
  Object.entries(requests).every(([key, { method }]) => {
    const { kind } = inputResponse(mcpReq.inputResponses, key)
    return kind === KINDS[method]
  })
const KINDS: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicit',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
}

/** 2026-07-28: a server that needs something asks in its result, and is called again with the answers. */
export function registerInputFixtures(server: McpServer): void {
  const name = { user_name: ask('What is your name?', 'name') }
  const question = { capital_question: sample('What is the capital of France?') }
  const confirmation = { confirm: ask('Please confirm', 'ok', { type: 'boolean' }) }
  const asking = (tool: string, requests: InputRequests, sealed = false): void => {
    server.registerTool(tool, { description: `Asks for ${Object.keys(requests).join(', ')}` }, async (context) => {
      const known = context.mcpReq.requestState<string>()
      if (answered(context, requests) && (!sealed || known === tool)) return said(sealed ? 'state-ok' : 'Hello')
      return inputRequired({
        inputRequests: requests,
        ...(sealed ? { requestState: await requestState.mint(tool) } : {}),
      })
    })
  }
  asking('test_input_required_result_elicitation', name)
  asking('test_streaming_elicitation', name)
  asking('test_missing_capability', question)
  asking('test_input_required_result_sampling', question)
  asking('test_input_required_result_list_roots', { client_roots: inputRequired.listRoots() })
  asking('test_input_required_result_request_state', confirmation, true)
  asking('test_input_required_result_tampered_state', confirmation, true)
  asking(
    'test_input_required_result_multiple_inputs',
    { ...name, greeting: sample('Generate a greeting'), client_roots: inputRequired.listRoots() },
    true,
  )
  server.registerTool('test_input_required_result_multi_round', { description: 'Asks twice' }, async (context) => {
    const round = context.mcpReq.requestState<string>()
    const first = { step1: ask('Which name?', 'name') }
    const second = { step2: ask('Which color?', 'color') }
    if (round === 'second' && answered(context, second)) return said('Thank you')
    const next = round === 'first' && answered(context, first)
    return inputRequired({
      inputRequests: next ? second : first,
      requestState: await requestState.mint(next ? 'second' : 'first'),
    })
  })
  server.registerTool('test_input_required_result_capabilities', { description: 'Asks as it may' }, (context) => {
    const envelope: Readonly<Record<string, unknown>> = context.mcpReq.envelope ?? {}
    const client = envelope[CLIENT_CAPABILITIES_META_KEY]
    const elicits = isJsonObject(client) && client.elicitation !== undefined
    return inputRequired({ inputRequests: elicits ? name : question })
  })
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first' }, (context) => {
    const requests = { user_context: ask('What context should the prompt use?', 'context') }
    if (!answered(context, requests)) return inputRequired({ inputRequests: requests })
    return { messages: [{ role: 'user', content: { type: 'text', text: 'With your context' } }] }
  })
}
