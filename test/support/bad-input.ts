import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@libsql/client'
import type { Problem } from '../../src/errors.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { typesOf } from '../../src/operation/coerce.ts'
import type { Operation } from '../../src/operation/operation.ts'
import type { Executable, Server } from './executable.ts'
import { describedOperations } from './operations.ts'
import { needs } from './requires.ts'
import { overHttp } from './surfaces.ts'

const operations = describedOperations()
interface Bad {
  readonly label: string
  readonly input: JsonObject
  /** Refused as invalid, or answered in any way that is not an internal error. */
  readonly harmless?: true
}

const nested = (levels: number): JsonObject => (levels === 0 ? {} : { a: nested(levels - 1) })
const SQL = "1'; DROP TABLE assets; --"

/** Bad variants of an operation's own example, made from its schema. */
function variants(operation: Operation): Bad[] {
  const { properties = {}, required = [] } = operation.inputJsonSchema()
  const pathFields = new Set([...operation.http.path.matchAll(/\{(\w+)\}/g)].map(([, field]) => field))
  const inQuery = operation.http.method === 'get' || operation.http.method === 'delete'
  const bad: Bad[] = [{ label: 'an unknown field', input: { ...operation.example, no_such_field: '1' } }]
  for (const [field, schema] of Object.entries(properties)) {
    const types = typesOf(schema)
    const isPath = pathFields.has(field)
    if (required.includes(field) && !isPath) {
      const { [field]: _, ...rest } = operation.example
      bad.push({ label: `without ${field}`, input: rest })
    }
    // Any JSON value fits a field without a type.
    if (types.size === 0) continue
    if (!inQuery && !isPath) {
      const wrong = types.has('object') ? 'text' : { an: 'object' }
      bad.push({ label: `${field} of a wrong type`, input: { ...operation.example, [field]: wrong } })
      bad.push({ label: `${field} nested 100 levels`, input: { ...operation.example, [field]: nested(100) } })
    }
    if (types.has('string')) {
      bad.push({ label: `${field} with a NUL`, input: { ...operation.example, [field]: 'a\0b' } })
      bad.push({ label: `${field} like SQL`, input: { ...operation.example, [field]: SQL }, harmless: true })
      // A megabyte fits into a body, not into a URL.
      if (!inQuery && !isPath) {
        bad.push({
          label: `${field} of two million characters`,
          input: { ...operation.example, [field]: 'x'.repeat(2_000_000) },
        })
      }
    }
    if (types.has('number') || types.has('integer')) {
      for (const value of [-1, 1.5, 1e300])
        bad.push({ label: `${field} ${value}`, input: { ...operation.example, [field]: value } })
    }
  }
  return bad
}

/** Registers the tests of what every operation refuses, over HTTP, of the program that `install` gives. */
export function describeBadInput(install: () => Executable): void {
  let executable: Executable
  let server: Server
  let dir: string

  beforeAll(async () => {
    executable = install()
    dir = mkdtempSync(join(tmpdir(), 'airkeep-bad-'))
    server = await executable.serve([], { data: join(dir, 'data') })
  })
  afterAll(async () => {
    expect(await server.stop()).toBe(0)
    await executable.remove()
    rmSync(dir, { recursive: true, force: true })
  })

  async function send(operation: Operation, input: JsonObject): Promise<JsonObject | Problem> {
    try {
      return await overHttp(server.url).invoke(operation.name, input)
    } catch (error) {
      if (error instanceof Error && 'code' in error) return { ...error } as unknown as Problem
      throw error
    }
  }

  /** Rows of every table: whatever is refused must leave them as they are. */
  async function countRows(): Promise<Record<string, number>> {
    const client = createClient({ url: `file:${dir}/data/airkeep.db` })
    const { rows } = await client.execute(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    const counts: Record<string, number> = {}
    for (const { name } of rows) {
      const found = await client.execute(`SELECT count(*) AS n FROM "${String(name)}"`)
      counts[String(name)] = Number(found.rows[0]?.n)
    }
    client.close()
    return counts
  }

  describe('every operation refuses what is not an input, by name, and goes on', () => {
    test.each(operations.map((operation) => [operation.name, operation] as const))(
      '%s',
      async (_, operation) => {
        const before = await countRows()
        for (const { label, input, harmless } of variants(operation)) {
          const answer = await send(operation, input)
          const where = `${operation.name}, ${label}`
          expect({ where, code: answer.code }).not.toEqual({ where, code: 'internal' })
          if (harmless) continue
          expect({ where, code: answer.code, status: answer.status }).toEqual({
            where,
            code: 'invalid_input',
            status: 400,
          })
          expect(String(answer.detail).length).toBeLessThan(500)
        }
        const after = await countRows()
        const written = Object.keys(after).filter((table) => after[table] !== before[table])
        // A text that only looks like SQL is a text: it may be recorded.
        const harmlessWrites =
          operation.effect === 'read'
            ? []
            : [
                'prompts',
                'posts',
                'audit',
                'jobs',
                'events',
                'tokens',
                'model_files',
                'accepted_terms',
                'upstream_keys',
              ]
        expect(written.filter((table) => !harmlessWrites.includes(table))).toEqual([])
      },
      30_000,
    )

    test('and the tables are still there', async () => {
      expect(Object.keys(await countRows())).toContain('assets')
      expect((await fetch(`${server.url}/health`)).status).toBe(200)
    })
  })

  describe('paths that are no media files', () => {
    const cases: [label: string, path: () => string, code: string][] = [
      ['a file that is not there', () => join(dir, 'missing.png'), 'not_found'],
      ['a folder', () => dir, 'invalid_input'],
      ['an endless device', () => '/dev/zero', 'invalid_input'],
      ['a relative path', () => 'picture.png', 'invalid_input'],
      ['a FIFO', () => join(dir, 'fifo'), 'invalid_input'],
      ['an empty file', () => join(dir, 'empty.png'), 'invalid_input'],
      ['a page named like a picture', () => join(dir, 'page.png'), 'invalid_input'],
      ['a name with a line break', () => join(dir, 'a\nb'), 'not_found'],
      ['a name that is too long', () => join(dir, 'x'.repeat(5000)), 'invalid_input'],
      ['a link that leads to itself', () => join(dir, 'loop'), 'invalid_input'],
      ['a scheme that is no path', () => 'ftp://127.0.0.1/x.png', 'invalid_input'],
      ['a file URL of another host', () => 'file://elsewhere/x.png', 'invalid_input'],
    ]
    beforeAll(() => {
      mkdirSync(join(dir, 'folder'))
      writeFileSync(join(dir, 'empty.png'), '')
      writeFileSync(join(dir, 'page.png'), '<!doctype html><title>Login</title>')
      Bun.spawnSync(['mkfifo', join(dir, 'fifo')])
      Bun.spawnSync(['ln', '-s', 'loop', join(dir, 'loop')])
    })
    test.skipIf(!needs('mkfifo')).each(cases)('%s', async (_, path, code) => {
      const before = await countRows()
      const { invoke } = overHttp(server.url)
      const input = { asset_url: path(), asset_type: 'image', asset_source: 'generated' }
      expect(await invoke('create_asset', input).catch((error: unknown) => error)).toMatchObject({ code })
      expect(await countRows()).toEqual(before)
    })
  })

  describe('addresses that lead nowhere good', () => {
    test.each([
      ['a private address', 'http://10.0.0.5/x.png', 'forbidden'],
      ['the metadata service of clouds', 'http://169.254.169.254/latest/meta-data', 'forbidden'],
      ['this server itself', () => `${server.url}/health`, 'forbidden'],
      ['a decimal spelling of loopback', 'http://2130706433/', 'forbidden'],
      ['a mapped address', 'http://[::ffff:127.0.0.1]/', 'forbidden'],
      ['a password in it', 'http://user:hunter2@127.0.0.1/', 'forbidden'],
      ['nonsense', 'http://', 'invalid_input'],
    ] as const)('%s', async (_, url, code) => {
      const path = typeof url === 'string' ? url : url()
      const refused: unknown = await overHttp(server.url)
        .invoke('calculate_sha256', { path })
        .catch((error: unknown) => ({ ...(error as object) }))
      expect(refused).toMatchObject({ code })
      expect(JSON.stringify(refused)).not.toContain('hunter2')
    })
  })
}
