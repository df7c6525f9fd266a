import { describe, expect, test } from 'bun:test'
import { type Loaded, whatLoads } from '../support/loaded-at-start.ts'

/** What is loaded from the start of `airkeep serve` to its first answer: `import()` of another file begins a new way. */
const WAY = ['src/main.ts', 'src/cli/serve.ts', 'src/app.ts', 'src/app/serving.ts', 'src/http/bun-server.ts']

/**
 * Each was seen to cost every start milliseconds or megabytes, for what few runs need. Behind an `import()` where it is
 * first used it costs nothing.
 */
const LATE: readonly (readonly [what: string, file: RegExp])[] = [
  ['parsers of prompts, which run in threads', /^src\/import\/parse\/(?!format-names\.ts$)/],
  ['what rewrites prompts', /^src\/import\/read\/read-prompt\.ts$/],
  ['downloads', /^src\/(?:download\/(?:fetch-file|attempt)|models\/fetch\/search)\.ts$/],
  ['SSH', /^src\/catalog\/ssh\/ssh-(?:run|lister|connect)\.ts$/],
  ['requests to other hosts', /^src\/net\/exchange\.ts$/],
  ['replicas', /^src\/db\/replica\.ts$/],
  ['MCP', /^(?:src\/mcp\/server\.ts$|node_modules\/@modelcontextprotocol\/)/],
  ['clients of database servers', /^node_modules\/@libsql\/(?:hrana-client|client\/lib-esm\/(?:node|http|ws)\.js)/],
  ['kinds of files', /^node_modules\/(?:file-type|strtok3|@tokenizer)\//],
  [
    "prom-client's own collectors",
    /^node_modules\/(?:prom-client\/(?:index|lib\/defaultMetrics)\.js|@opentelemetry\/)/,
  ],
  ['hashes in WebAssembly', /^node_modules\/hash-wasm\//],
  ['YAML', /^node_modules\/yaml\//],
  ['Markdown', /^node_modules\/markdown-it\//],
  ['shell scripts', /^node_modules\/unbash\//],
]
const LATE_BUILTINS = ['http', 'https', 'http2', 'readline', 'zlib', 'stream']

/** As it was, and a tenth: what is new on the way to the first answer is to be weighed. */
const MOST_FILES = 860
const MOST_BYTES = 1_620_000

const heavyIn = ({ files }: Loaded): string[] =>
  LATE.filter(([, heavy]) => files.some((file) => heavy.test(file))).map(([what]) => what)

describe('airkeep serve loads before its first answer', async () => {
  const loaded = await whatLoads(WAY)

  test('nothing that few runs need', () => {
    expect(heavyIn(loaded)).toEqual([])
    expect(loaded.builtins.filter((name) => LATE_BUILTINS.includes(name))).toEqual([])
  })

  test('what it needs, and not much more', () => {
    expect(loaded.files).toContain('src/track/operations.ts')
    expect(loaded.files).toContain('src/http/metrics.ts')
    expect(loaded.files.length).toBeLessThan(MOST_FILES)
    expect(loaded.bytes).toBeLessThan(MOST_BYTES)
  })
})

test('what is heavy is seen where it is loaded', async () => {
  const workers = ['src/import/read/worker.ts', 'src/catalog/read/worker.ts', 'src/hash/worker.ts']
  const lazily = [
    'src/app/mcp-server.ts',
    'src/net/exchange.ts',
    'src/catalog/ssh/ssh-lister.ts',
    'src/db/replica.ts',
    'src/download/fetch-file.ts',
  ]
  const packages = ['node_modules/@libsql/client/lib-esm/node.js', 'node_modules/file-type/core.js']
  const loaded = await whatLoads([...workers, ...lazily, ...packages])
  // Of prom-client's own collectors the whole program has nothing.
  const collectors = "prom-client's own collectors"
  expect(heavyIn(loaded)).toEqual(LATE.map(([what]) => what).filter((what) => what !== collectors))
  expect(loaded.builtins).toEqual(expect.arrayContaining(['http', 'https', 'readline', 'zlib', 'stream']))
})
