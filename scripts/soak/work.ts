import { randomBytes } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readSse } from '../../test/support/sse.ts'
import { type Connection, openConnection } from './connection.ts'

/** What one worker does again and again; holds nothing open between two pieces of work but what `rest` lets go. */
export interface Worker {
  readonly kind: string
  /** Milliseconds between two pieces of work. */
  readonly pauseMs: number
  work(): Promise<void>
  /** Before a measurement. */
  rest?(): Promise<void>
}

export interface WorkDeps {
  readonly url: string
  readonly port: number
  /** For files that are made on the way. */
  readonly folder: string
  readonly fixtures: string
  /** Rows that were acknowledged. */
  readonly acknowledged: { prompts: number; assets: number }
}

const parse = (connection: Connection, method: string, path: string, body?: object) =>
  connection.request(method, path, body).then((answer) => JSON.parse(answer.body) as Record<string, unknown>)

/** Records a prompt, a picture of it and now and then a change: what an agent does all day. */
export function writer({ port, folder, fixtures, acknowledged }: WorkDeps, serial: number): Worker {
  const connection = openConnection(port)
  const picture = join(folder, `written-${serial}.png`)
  const base = readFileSync(join(fixtures, 'pictures/harbor.png'))
  return {
    kind: 'write',
    pauseMs: 15,
    rest: () => connection.close(),
    async work() {
      const prompt = {
        prompt_text: `a harbor at dusk, ${randomBytes(40).toString('hex')}`,
        purpose: 'image_generation',
      }
      const { prompt_id } = await parse(connection, 'POST', '/v1/prompts', prompt)
      acknowledged.prompts += 1
      // Bytes behind the end of a picture make another picture of it.
      writeFileSync(picture, Buffer.concat([base, randomBytes(64)]))
      const asset = { asset_url: picture, asset_type: 'image', asset_source: 'generated', input_prompt_id: prompt_id }
      const { asset_id } = await parse(connection, 'POST', '/v1/assets', asset)
      acknowledged.assets += 1
      await connection.request('PATCH', `/v1/assets/${asset_id}`, { metadata: { seed: serial } })
    },
  }
}

export function reader({ port }: WorkDeps): Worker {
  const connection = openConnection(port)
  const paths = [
    '/v1/prompts?limit=20',
    '/v1/assets?limit=20',
    '/v1/audit?limit=20',
    '/v1/posts?include_details=true',
    '/v1/prompts/import?limit=20',
    '/metrics',
    '/health',
  ]
  let at = 0
  return {
    kind: 'read',
    pauseMs: 5,
    rest: () => connection.close(),
    async work() {
      at += 1
      await connection.request('GET', paths[at % paths.length] ?? '/health')
    },
  }
}

/** Comes, hears a little, and leaves without a word. */
export function subscriber({ url }: WorkDeps): Worker {
  return {
    kind: 'sse',
    pauseMs: 20,
    async work() {
      const abort = new AbortController()
      const response = await fetch(`${url}/v1/events`, { signal: abort.signal, keepalive: false })
      const stream = response.body?.getReader()
      const leave = setTimeout(() => abort.abort(), 50 + Math.random() * 500)
      try {
        for (;;) {
          const part = await stream?.read()
          if (part === undefined || part.done) break
        }
      } catch (error) {
        if (!abort.signal.aborted) throw error
      } finally {
        clearTimeout(leave)
      }
    },
  }
}

/** A client of MCP over HTTP: shakes hands, looks at the tools, calls two, goes. */
export function agent({ url }: WorkDeps, serial: number): Worker {
  let id = 0
  /** By hand: the official client would need more of the processor, to compile schemas, than the server that is measured. */
  async function ask(method: string, params: object): Promise<void> {
    id += 1
    const response = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': MCP_VERSION,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
      // Each request its own connection: none is left open where descriptors are counted.
      keepalive: false,
    })
    const answer = await response.text()
    if (!response.ok || !answer.includes('"result"') || answer.includes('"isError":true')) throw new Error(answer)
  }
  return {
    kind: 'mcp',
    pauseMs: 50,
    async work() {
      const clientInfo = { name: 'soak', version: '1' }
      await ask('initialize', { protocolVersion: MCP_VERSION, capabilities: {}, clientInfo })
      await ask('tools/list', {})
      await ask('tools/call', { name: 'list_prompts', arguments: { limit: 5 } })
      await ask('tools/call', {
        name: 'find_asset',
        arguments: { sha256sum: serial.toString(16).padStart(64, '0') },
      })
    },
  }
}

const MCP_VERSION = '2025-06-18'

/** Hashes a file and what an address gives; every third time it leaves in the middle. */
export function hasher({ url, folder }: WorkDeps, serial: number, address: string): Worker {
  const file = join(folder, `hashed-${serial}.bin`)
  writeFileSync(file, randomBytes(8 * 2 ** 20))
  let round = 0
  return {
    kind: 'hash',
    pauseMs: 100,
    async work() {
      round += 1
      const abort = new AbortController()
      const timer = round % 3 === 0 ? setTimeout(() => abort.abort(), Math.random() * 20) : undefined
      try {
        const response = await fetch(`${url}/v1/hash`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ path: round % 2 === 0 ? file : address }),
          signal: abort.signal,
          keepalive: false,
        })
        const answer = await response.text()
        if (!response.ok) throw new Error(answer)
      } catch (error) {
        if (!abort.signal.aborted) throw error
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

/** Imports a picture with its models, or a text without, and follows the job to its end. */
export function importer({ url, port, folder, fixtures }: WorkDeps, serial: number): Worker {
  const connection = openConnection(port)
  const picture = join(folder, `imported-${serial}.png`)
  const models = join(folder, 'models')
  mkdirSync(models, { recursive: true })
  copyFileSync(join(fixtures, 'pictures/harbor.png'), picture)
  let round = 0
  return {
    kind: 'import',
    pauseMs: 100,
    rest: () => connection.close(),
    async work() {
      round += 1
      const source = round % 2 === 0 ? { path: picture } : { payload: 'a cat <lora:gone:1>\nSteps: 20, Model: gone' }
      const { job_id } = await parse(connection, 'POST', '/v1/prompts/import', source)
      for await (const { data } of readSse(`${url}/v1/prompts/import/${job_id}/events`)) {
        if (data.status === 'failed') throw new Error(String(data.error))
      }
    },
  }
}
