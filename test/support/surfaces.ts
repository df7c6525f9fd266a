import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { Problem } from '../../src/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/lib/json.ts'
import type { Operation } from '../../src/operation/operation.ts'
import type { Executable } from './executable.ts'
import { versionOf } from './mcp.ts'
import { describedOperations } from './operations.ts'

/** One way into a running program: calls an operation, rejects with what the problem document says. */
export interface Surface {
  invoke(name: string, input: JsonObject): Promise<JsonObject>
  close(): Promise<void>
}

/** The problem document of a failed call. */
class Refused extends Error {
  constructor(problem: JsonObject) {
    super(String(problem.detail))
    Object.assign(this, problem)
  }
}

const operations = new Map(describedOperations().map((operation) => [operation.name, operation]))

function operationNamed(name: string): Operation {
  const operation = operations.get(name)
  if (operation === undefined) throw new Error(`There is no operation ${name}`)
  return operation
}

export function overHttp(url: string): Surface {
  return {
    async invoke(name, input) {
      const { method, path } = operationNamed(name).http
      const rest = { ...input }
      const filled = path.replace(/\{(\w+)\}/g, (_, field: string) => {
        const value = encodeURIComponent(String(rest[field]))
        delete rest[field]
        return value
      })
      const inQuery = method === 'get' || method === 'delete'
      const query = inQuery ? `?${new URLSearchParams(toStrings(rest))}` : ''
      const response = await fetch(`${url}${filled}${query}`, {
        method: method.toUpperCase(),
        ...(inQuery ? {} : { body: JSON.stringify(rest), headers: { 'content-type': 'application/json' } }),
      })
      const answer = (await response.json()) as JsonObject
      if (!response.ok) throw new Refused(answer)
      return answer
    },
    async close() {},
  }
}

const toStrings = (fields: JsonObject): Record<string, string> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, String(value)]))

export async function overMcp(url: string): Promise<Surface> {
  const client = new Client({ name: 'test', version: '1' }, versionOf('2026'))
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)))
  return toolsOf(client)
}

/** Starts `airkeep mcp`. */
export async function overStdio(executable: Executable, env: Record<string, string> = {}): Promise<Surface> {
  const [command = '', ...args] = executable.command(['mcp'])
  const client = new Client({ name: 'test', version: '1' }, versionOf('2025'))
  await client.connect(new StdioClientTransport({ command, args, env: executable.env(env), stderr: 'inherit' }))
  return toolsOf(client)
}

function toolsOf(client: Client): Surface {
  return {
    async invoke(name, input) {
      const { isError, structuredContent } = await client.callTool({ name, arguments: input })
      if (!isJsonObject(structuredContent)) throw new Error(`${name} answered no structured content`)
      if (isError === true) throw new Refused(structuredContent)
      return structuredContent
    },
    close: () => client.close(),
  }
}

/** Each call is a process of its own. */
export function overCommands(executable: Executable, env: Record<string, string> = {}): Surface {
  return {
    async invoke(name, input) {
      const args = Object.entries(input).flatMap(([field, value]) => toFlags(field, value))
      const { exitCode, stdout, stderr } = await executable.run([...operationNamed(name).words, '--json', ...args], {
        env,
      })
      const answer = JSON.parse(stdout === '' ? JSON.stringify({ detail: stderr }) : stdout) as JsonObject & Problem
      if (exitCode !== 0) throw new Refused(answer as unknown as JsonObject)
      return answer
    },
    async close() {},
  }
}

function toFlags(field: string, value: JsonValue): string[] {
  const flag = field.replaceAll('_', '-')
  if (value === null || value === false) return [`--no-${flag}`]
  if (value === true) return [`--${flag}`]
  if (Array.isArray(value)) return value.flatMap((item) => toFlags(field, item))
  return [`--${flag}`, typeof value === 'object' ? JSON.stringify(value) : String(value)]
}
