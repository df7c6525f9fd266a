import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { AppError } from '../../src/errors.ts'
import { fromJson, type JsonObject } from '../../src/lib/json.ts'
import { idField, limitField, offsetField, requiredTextField, textField } from '../../src/operation/fields.ts'
import { defineOperation, type Operation } from '../../src/operation/operation.ts'
import { createCliDownloads } from './cli-download-operations.ts'
import type { CliJobs } from './cli-jobs.ts'

export interface CliOperationsDeps {
  readonly dataDir: string
  readonly jobs: CliJobs
}

/** What operations were called with is kept in the data directory, so that other processes can be asked. */
export const callsIn = (dataDir: string): JsonObject[] => {
  const file = join(dataDir, 'calls.jsonl')
  if (!existsSync(file)) return []
  // The last line is empty, or not yet written to its end.
  return readFileSync(file, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JsonObject)
}

const noteId = v.strictObject({ note_id: idField('note_id', 'Which note') })
const anything = v.looseObject({})
const metadata = v.record(v.string(), v.unknown())

/** Operations with every kind of field, route and outcome that the command line has to deal with. */
export function createCliOperations({ dataDir, jobs }: CliOperationsDeps): readonly Operation[] {
  const record = (operation: string, input: object, more: JsonObject = {}): JsonObject => {
    appendFileSync(join(dataDir, 'calls.jsonl'), `${JSON.stringify({ operation, pid: process.pid, ...more, input })}\n`)
    return { ...fromJson(input) }
  }
  const common = { description: 'For tests', effect: 'read', permission: 'track:read', output: anything } as const
  const job = (steps: readonly JsonObject[], kind: string): JsonObject => ({
    job_id: jobs.create(kind, steps),
    status: 'analyzing',
  })

  const downloads = createCliDownloads(jobs, record)

  return [
    defineOperation({
      ...common,
      name: 'create_note',
      summary: 'Write a note',
      example: { text: "it's a note", kind: 'short', tags: ['a', 'b'], metadata: { deep: [1] } },
      effect: 'write',
      http: { method: 'post', path: '/v1/notes', status: 201 },
      aliases: { body: 'text', image_path: 'picture' },
      paths: ['picture', 'pictures'],
      input: v.strictObject({
        kind: v.pipe(v.picklist(['short', 'long']), v.description('How long it is')),
        text: requiredTextField('Its words', 1_000_000),
        tags: v.optional(v.pipe(v.array(v.string()), v.description('Words to find it by'))),
        numbers: v.optional(v.array(v.number())),
        links: v.optional(v.array(v.strictObject({ url: v.string(), rank: v.optional(v.number()) }))),
        picture: v.optional(textField('A picture')),
        pictures: v.optional(v.array(v.string())),
        ratio: v.optional(v.number()),
        metadata: v.optional(metadata),
        draft: v.optional(v.pipe(v.boolean(), v.description('Not to be shown yet')), false),
        notify: v.optional(v.boolean(), true),
      }),
      async run(input) {
        if (input.text === 'conflict') {
          throw new AppError('conflict', 'This note exists', {
            hint: 'Update it instead',
            existing: { asset_id: '7' },
          })
        }
        if (input.text === 'hang') {
          record('create_note', input)
          await new Promise(() => {})
        }
        if (input.text === 'crash') throw new Error('secret inner state')
        return { note_id: '1', ...record('create_note', input) }
      },
    }),
    defineOperation({
      ...common,
      name: 'get_note',
      summary: 'One note',
      example: { note_id: '1' },
      http: { method: 'get', path: '/v1/notes/{note_id}' },
      aliases: { id_of_note: 'note_id' },
      input: noteId,
      run: async (input) => record('get_note', input),
    }),
    defineOperation({
      ...common,
      name: 'update_note',
      summary: 'Change a note',
      example: { note_id: '1', title: null },
      effect: 'write',
      http: { method: 'patch', path: '/v1/notes/{note_id}' },
      input: v.strictObject({
        ...noteId.entries,
        title: v.nullish(v.string()),
        rank: v.nullish(v.number()),
        pinned: v.nullish(v.boolean()),
        metadata: v.nullish(metadata),
        tags: v.nullish(v.array(v.string())),
        kind: v.nullish(v.picklist(['short', 'long'])),
      }),
      run: async (input) => record('update_note', input),
    }),
    defineOperation({
      ...common,
      name: 'list_notes',
      summary: 'Notes, newest first',
      example: { tags: ['a'], limit: 2 },
      http: { method: 'get', path: '/v1/notes' },
      input: v.strictObject({
        kind: v.optional(v.picklist(['short', 'long'])),
        tags: v.optional(v.array(v.string())),
        include_details: v.optional(v.boolean(), false),
        limit: limitField(50, 500),
        offset: offsetField,
      }),
      async run(input) {
        record('list_notes', input)
        const notes = [
          { note_id: '2', text: 'second\nline', kind: 'short', draft: null, author: { name: 'x' } },
          { note_id: '1', text: 'first', kind: 'long', draft: null, author: { name: 'x' } },
        ]
        return { notes: notes.slice(0, input.limit), count: 2, limit: input.limit, offset: input.offset }
      },
    }),
    defineOperation({
      ...common,
      name: 'hang_note',
      summary: 'Answers when the file `go` lies in the data directory',
      example: {},
      http: { method: 'post', path: '/v1/hang' },
      input: v.strictObject({}),
      async run(input, { signal, progress }) {
        record('hang_note', input)
        progress({ done: 1, total: 2, unit: 'bytes' })
        while (!existsSync(join(dataDir, 'go'))) {
          signal.throwIfAborted()
          await new Promise((resolve) => setImmediate(resolve))
        }
        return { gone: true }
      },
    }),
    defineOperation({
      ...common,
      name: 'calculate_sha256',
      summary: 'SHA-256 of a file or an address',
      example: { path: 'https://example.org/a.png' },
      http: { method: 'post', path: '/v1/hash' },
      paths: ['path'],
      input: v.strictObject({ path: requiredTextField('What to hash') }),
      async run(input) {
        record('calculate_sha256', input)
        return { sha256sum: 'ab'.repeat(32), size_bytes: 5, path: input.path }
      },
    }),
    defineOperation({
      ...common,
      name: 'import_prompt',
      summary: 'Find the models of a prompt',
      example: { path: '/pictures/a.png' },
      effect: 'write',
      http: {
        method: 'post',
        path: '/v1/prompts/import',
        status: 202,
        statusFor: (output) => ('job_id' in output ? 202 : 200),
        upload: 'file',
      },
      paths: ['path', 'model_roots'],
      input: v.strictObject({
        payload: v.optional(v.unknown()),
        path: v.optional(textField('Local file')),
        url: v.optional(textField('Address')),
        file: v.optional(textField('The file itself')),
        format: v.optional(v.string(), 'auto'),
        dry_run: v.optional(v.boolean(), false),
        track: v.optional(v.boolean(), false),
        download: v.optional(v.boolean()),
        model_roots: v.optional(v.array(v.string())),
      }),
      async run(input, { upload }) {
        const sent = upload === undefined ? undefined : readFileSync(upload.path, 'latin1')
        record('import_prompt', input, upload === undefined ? {} : { upload: upload.filename, sent: sent ?? '' })
        const source = String(input.path ?? input.url ?? input.payload ?? upload?.filename)
        if (source.includes('invalid')) throw new AppError('invalid_input', 'This holds no prompt')
        if (input.dry_run) return { format: 'a1111', dependencies, warnings: [] }
        return downloads.startImport(source, input.download !== false) ?? job(importSteps(source), 'import')
      },
    }),
    ...downloads.operations,
    defineOperation({
      ...common,
      name: 'import_prompts',
      summary: 'Many at once',
      example: { items: [{ path: '/a.png' }] },
      effect: 'write',
      http: { method: 'post', path: '/v1/prompts/import/batch', status: 202 },
      input: v.strictObject({ items: v.array(v.strictObject({ path: v.string() })) }),
      async run({ items }) {
        return { batch_id: 'batch_1', jobs: items.map(({ path }) => job(importSteps(path), 'import')) }
      },
    }),
    defineOperation({
      ...common,
      name: 'scan_models',
      summary: 'Index model files',
      example: {},
      effect: 'write',
      http: { method: 'post', path: '/v1/models/scan', status: 202 },
      paths: ['roots'],
      input: v.strictObject({ roots: v.optional(v.array(v.string())), identify: v.optional(v.boolean()) }),
      async run(input) {
        record('scan_models', input)
        return job([{ status: 'completed', progress: 1, files: 3 }], 'scan')
      },
    }),
    defineOperation({
      ...common,
      name: 'create_token',
      summary: 'Make a token',
      example: { name: 'a', permission: ['admin'] },
      effect: 'write',
      surfaces: ['http', 'cli'],
      http: { method: 'post', path: '/v1/tokens', status: 201 },
      cli: { words: ['token', 'create'] },
      input: v.strictObject({ name: v.string(), permission: v.array(v.picklist(['admin', 'track:read'])) }),
      run: async (input) => ({ ...record('create_token', input), token: 'shown-once' }),
    }),
    defineOperation({
      ...common,
      name: 'hidden_note',
      summary: 'Not for the command line',
      example: {},
      surfaces: ['http', 'mcp'],
      http: { method: 'get', path: '/v1/hidden' },
      input: v.strictObject({}),
      run: async () => ({}),
    }),
  ]
}

const dependencies: JsonObject[] = [
  {
    type: 'checkpoint',
    reference: 'sha256:ab',
    filename: 'base.safetensors',
    status: 'resolved',
    resolved_path: '/models/base.safetensors',
    candidates: [],
    reason: null,
    bytes_total: 10,
  },
  {
    type: 'lora',
    reference: 'style',
    name: 'style',
    status: 'missing',
    candidates: [],
    reason: 'No file of this name and no file with this hash is here',
    bytes_total: 2048,
  },
]

function importSteps(source: string): JsonObject[] {
  if (source.includes('slow')) return [{ status: 'waiting', progress: 0.5 }]
  if (source.includes('fail')) return [{ status: 'failed', error: 'It went wrong', dependencies: [] }]
  const partial = source.includes('partial')
  return [
    { status: 'resolving', progress: 0.1, dependencies },
    { progress: 0.5, dependencies },
    {
      status: partial ? 'partially_completed' : 'completed',
      progress: 1,
      format: 'a1111',
      dependencies: partial ? dependencies : dependencies.slice(0, 1),
      warnings: [],
    },
  ]
}
