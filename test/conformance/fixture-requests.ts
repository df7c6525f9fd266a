import {
  createRequestStateCodec,
  type InputRequests,
  inputRequired,
  inputResponse,
  type McpServer,
  MissingRequiredClientCapabilityError,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server'

const said = (text: string) => ({ content: [{ type: 'text', text } as const] })

/** What the 2025 revisions have and 2026-07-28 has not, but for logging, which both have. */
export function registerNotificationFixtures(server: McpServer, era: 'legacy' | 'modern'): void {
  server.server.registerCapabilities({ logging: {}, completions: {} })
  server.server.setRequestHandler('completion/complete', () => ({ completion: { values: ['paris', 'park'] } }))
  const log = async (_: unknown, { mcpReq }: ServerContext) => {
    for (const word of ['started', 'processing data', 'completed']) await mcpReq.log('info', `Tool ${word}`)
    return said('logged')
  }
  server.registerTool('test_tool_with_logging', { description: 'Logs three lines' }, (context) => log({}, context))
  server.registerTool('test_logging_tool', { description: 'Logs three lines' }, (context) => log({}, context))
  if (era === 'modern') return
  server.server.registerCapabilities({ resources: { subscribe: true } })
  server.server.setRequestHandler('resources/subscribe', () => ({}))
  server.server.setRequestHandler('resources/unsubscribe', () => ({}))
}

const ask = (message: string, field: string, type: 'string' | 'boolean' = 'string') =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [field]: { type } }, required: [field] },
  })
const sample = (words: string) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: words } }],
    maxTokens: 100,
  })

const state = createRequestStateCodec<string>({ key: 'a key that no one else has to know or keep secret' })

/** The state that came back; undefined in the first round. */
async function stateOf(context: ServerContext): Promise<string | undefined> {
  const wire = context.mcpReq.requestState<string>()
  if (wire === undefined) return undefined
  return state.verify(wire, context).catch(() => {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Invalid or expired requestState')
  })
}

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
  const asking = (tool: string, requests: InputRequests, sealed = false): void => {
    server.registerTool(tool, { description: `Asks for ${Object.keys(requests).join(', ')}` }, async (context) => {
      const known = await stateOf(context)
      if (answered(context, requests) && (!sealed || known === tool)) return said(sealed ? 'state-ok' : 'Hello')
      return inputRequired({ inputRequests: requests, ...(sealed ? { requestState: await state.mint(tool) } : {}) })
    })
  }
  asking('test_input_required_result_elicitation', name)
  asking('test_streaming_elicitation', name)
  asking('test_missing_capability', { capital_question: sample('What is the capital of France?') })
  asking('test_input_required_result_sampling', { capital_question: sample('What is the capital of France?') })
  asking('test_input_required_result_list_roots', { client_roots: inputRequired.listRoots() })
  asking('test_input_required_result_request_state', { confirm: ask('Please confirm', 'ok', 'boolean') }, true)
  asking('test_input_required_result_tampered_state', { confirm: ask('Please confirm', 'ok', 'boolean') }, true)
  asking(
    'test_input_required_result_multiple_inputs',
    { ...name, greeting: sample('Generate a greeting'), client_roots: inputRequired.listRoots() },
    true,
  )
  server.registerTool('test_input_required_result_multi_round', { description: 'Asks twice' }, async (context) => {
    const round = await stateOf(context)
    if (round === 'second' && answered(context, { step2: ask('', '') })) return said('Thank you')
    const next = round === 'first' && answered(context, { step1: ask('', '') })
    return inputRequired({
      inputRequests: next ? { step2: ask('Which color?', 'color') } : { step1: ask('Which name?', 'name') },
      requestState: await state.mint(next ? 'second' : 'first'),
    })
  })
  server.registerTool('test_input_required_result_capabilities', { description: 'Asks as it may' }, (context) => {
    const may = context.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {}
    const requests: InputRequests = {
      ...(may.elicitation === undefined ? {} : name),
      ...(may.sampling === undefined ? {} : { capital_question: sample('What is the capital of France?') }),
    }
    if (Object.keys(requests).length === 0) {
      throw new MissingRequiredClientCapabilityError({ requiredCapabilities: { sampling: {} } })
    }
    return inputRequired({ inputRequests: requests })
  })
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first' }, (context) => {
    const requests = { user_context: ask('What context should the prompt use?', 'context') }
    if (!answered(context, requests)) return inputRequired({ inputRequests: requests })
    return { messages: [{ role: 'user', content: { type: 'text', text: 'With your context' } }] }
  })
}
