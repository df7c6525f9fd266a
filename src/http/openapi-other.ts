import type { OpenApiPaths } from './openapi.ts'

/** RFC 9457, with the members of our own. */
export const PROBLEM_SCHEMA = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string', description: 'What could not be done, and why' },
    hint: { type: 'string', description: 'What to do about it' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, expected: { type: 'string' } } },
    },
    existing: {
      type: 'object',
      description: 'The row that is in the way',
      properties: { asset_id: { type: 'string' }, post_id: { type: 'string' } },
    },
    request_id: { type: 'string', description: 'Under which the log tells more' },
  },
} as const

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})

/** What every path may answer instead. */
export const PROBLEM_RESPONSES = {
  '4XX': problem('What is wrong with the request'),
  default: problem('What went wrong'),
}

const query = (name: string, description: string) => ({ name, in: 'query', description, schema: { type: 'string' } })

const STREAM_PARAMETERS = [
  query('types', 'Kinds of jobs, separated by commas; all where left out'),
  query('job_id', 'One job: the stream begins with the job as it stands and ends with its final state'),
  query('ticket', 'From POST /v1/stream-tickets, where no Authorization header can be sent'),
  query('last_event_id', 'As the header Last-Event-ID'),
  {
    name: 'Last-Event-ID',
    in: 'header',
    description: 'Id of the last event that was received: what came since is sent first',
    schema: { type: 'string' },
  },
]

const stream = (operationId: string, summary: string, left: readonly string[] = []) => ({
  get: {
    operationId,
    summary,
    description:
      'Server-Sent Events: `event: job` with the job object as data, `id:` on state changes and none on progress, a comment at least every 5 seconds.',
    tags: ['Streams'],
    parameters: [
      ...left.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...STREAM_PARAMETERS.filter(({ name }) => !left.includes(name)),
    ],
    responses: {
      '200': { description: 'The stream', content: { 'text/event-stream': { schema: { type: 'string' } } } },
      ...PROBLEM_RESPONSES,
    },
  },
})

const HASH = 'SHA-256 of the model file or of its tensors: 64 hex digits, also with 0x or sha256: before them'

const inPath = (name: string, description: string) => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
})

const BYTES = { content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } } }

/** GET of bytes with a digest; HEAD goes with it. */
const file = (operationId: string, summary: string, parameters: readonly object[]) => ({
  get: {
    operationId,
    summary,
    description:
      'Permission: `models:serve`. HEAD answers the same without the bytes. Takes Range (one range), If-Range, If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since; the ETag is the SHA-256.',
    tags: ['Models'],
    parameters,
    responses: {
      '200': { description: 'All of it', ...BYTES },
      '206': { description: 'The range', ...BYTES },
      '304': { description: 'It is what the client has' },
      ...PROBLEM_RESPONSES,
    },
  },
})

const OPEN = { security: [{}] }
const json = { 'application/json': { schema: { type: 'object' } } }

/** What is served besides the operations. */
export const OTHER_PATHS: OpenApiPaths = {
  '/health': {
    get: {
      operationId: 'health',
      summary: 'Whether airkeep runs',
      tags: ['Server'],
      ...OPEN,
      responses: { '200': { description: 'It does', content: json }, ...PROBLEM_RESPONSES },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      summary: 'Metrics in the text format of Prometheus',
      description: 'Permission: `admin`.',
      tags: ['Server'],
      responses: {
        '200': { description: 'The metrics', content: { 'text/plain': { schema: { type: 'string' } } } },
        ...PROBLEM_RESPONSES,
      },
    },
  },
  '/openapi.json': {
    get: {
      operationId: 'openapi',
      summary: 'This document',
      tags: ['Server'],
      ...OPEN,
      responses: { '200': { description: 'The document', content: json }, ...PROBLEM_RESPONSES },
    },
  },
  '/mcp': {
    post: {
      operationId: 'mcp',
      summary: 'The Model Context Protocol over Streamable HTTP',
      tags: ['Server'],
      requestBody: { required: true, content: json },
      responses: {
        '200': {
          description: 'JSON-RPC, streamed where there is progress to report',
          content: { ...json, 'text/event-stream': { schema: { type: 'string' } } },
        },
        ...PROBLEM_RESPONSES,
      },
    },
  },
  '/v1/events': stream('events', 'Every event that the caller may see'),
  '/v1/models/events': stream('model_events', 'Events of scans, checks and downloads of models'),
  '/v1/prompts/import/events': stream(
    'import_events',
    'Events of imports; a WebSocket on upgrade, to which {"subscribe_job":"…"} is sent',
  ),
  '/v1/prompts/import/{job_id}/events': stream('import_job_events', 'Events of one import', ['job_id']),
  '/v1/models/download': file('download_model_file', 'A model file by its digest', [
    { ...query('hash', HASH), required: true },
  ]),
  '/v1/models/chunks/{hash}': {
    get: {
      operationId: 'list_model_chunks',
      summary: 'The SHA-256 of each chunk of a model file',
      description: 'Permission: `models:serve`. The first time takes as long as reading the file.',
      tags: ['Models'],
      parameters: [inPath('hash', HASH)],
      responses: {
        '200': {
          description: 'The chunks, in order',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['sha256', 'size_bytes', 'chunk_bytes', 'count', 'hashes'],
                properties: {
                  sha256: { type: 'string' },
                  size_bytes: { type: 'integer' },
                  chunk_bytes: { type: 'integer', description: 'Of every chunk but the last' },
                  count: { type: 'integer' },
                  hashes: { type: 'array', items: { type: 'string' } },
                },
              },
            },
          },
        },
        ...PROBLEM_RESPONSES,
      },
    },
  },
  '/v1/models/chunks/{hash}/{index}': file('download_model_chunk', 'One chunk of a model file', [
    inPath('hash', HASH),
    inPath('index', 'Counted from 0'),
  ]),
  '/v1/stream-tickets': {
    post: {
      operationId: 'create_stream_ticket',
      summary: 'A ticket that opens one stream within 60 seconds',
      tags: ['Streams'],
      responses: {
        '201': {
          description: 'The ticket',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                required: ['ticket', 'expires_at'],
                properties: { ticket: { type: 'string' }, expires_at: { type: 'string', format: 'date-time' } },
              },
            },
          },
        },
        ...PROBLEM_RESPONSES,
      },
    },
  },
}
