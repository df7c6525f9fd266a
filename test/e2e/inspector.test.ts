import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { aPng } from '../support/build.ts'
import { type Executable, installExecutable, type Server } from '../support/executable.ts'
import { type Inspected, inspect } from '../support/inspector.ts'
import { describedOperations } from '../support/operations.ts'

let executable: Executable
let server: Server
beforeAll(async () => {
  executable = installExecutable()
  server = await executable.serve([], { env: { AIRKEEP_LOG: 'error' } })
})
afterAll(() => executable.remove())

const tools = describedOperations()
  .filter(({ surfaces }) => surfaces.includes('mcp'))
  .map(({ name }) => name)

const ERAS = ['legacy', 'modern'] as const
const WAYS = {
  /** Against a server that runs. */
  HTTP: () => ({ before: [`${server.url}/mcp`, '--transport', 'http'], after: [] }),
  /** Starts the executable itself; every call is a process of its own. */
  stdio: (era: string) => {
    const data = `AIRKEEP_DATA=${join(executable.folder, `data-${era}`)}`
    return { before: ['-e', data, '-e', 'AIRKEEP_LOG=error'], after: ['--', ...executable.command(['mcp'])] }
  },
} as const

const rows = Object.keys(WAYS).flatMap((way) => ERAS.map((era) => [way as keyof typeof WAYS, era] as const))

describe.each(rows)('MCP Inspector over %s, era %s', (way, era) => {
  async function ask(method: string, ...args: string[]): Promise<Inspected> {
    const home = join(executable.folder, 'inspector')
    mkdirSync(home, { recursive: true })
    const { before, after } = WAYS[way](era)
    const options = ['--protocol-era', era, '--method', method, ...args, '-q', '--format', 'json']
    return inspect(home, [...options, ...before, ...after])
  }
  const call = (name: string, input: JsonObject): Promise<Inspected> =>
    ask('tools/call', '--tool-name', name, '--tool-args-json', JSON.stringify(input))

  test('lists the tools, and its strict linter has nothing to say', async () => {
    const { exitCode, stderr, result } = await ask('tools/list', '--strict')
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect((result.tools as JsonObject[]).map(({ name }) => name)).toEqual(tools)
  })

  test('records a prompt and an asset, and reads them back', async () => {
    const picture = join(executable.folder, `${way}-${era}.png`)
    writeFileSync(picture, aPng())
    const prompt = await call('create_prompt', { prompt_text: `${way} ${era}`, metadata: { steps: 28 } })
    expect(prompt.exitCode).toBe(0)
    const { prompt_id = '' } = prompt.result.structuredContent as JsonObject
    const asset = await call('create_asset', {
      asset_url: picture,
      asset_type: 'image',
      asset_source: 'generated',
      input_prompt_id: prompt_id,
    })
    const { asset_id = '', sha256sum = '' } = asset.result.structuredContent as JsonObject
    const found = await call('find_asset', { sha256sum })
    expect(found.result.structuredContent).toMatchObject({
      found: true,
      asset: { asset_id, input_prompt: { prompt_id, prompt_text: `${way} ${era}`, metadata: { steps: 28 } } },
    })
    const again = await call('create_asset', { asset_url: picture, asset_type: 'image', asset_source: 'generated' })
    expect(again.exitCode).toBe(5) // a result that is an error
    expect(again.result.structuredContent).toMatchObject({ code: 'conflict', existing: { asset_id } })
  })

  test('lists and gets the prompts', async () => {
    const { exitCode, result } = await ask('prompts/list')
    expect(exitCode).toBe(0)
    const names = (result.prompts as JsonObject[]).map(({ name }) => String(name))
    expect(names).toEqual(['record_civitai_workflow', 'civitai_media_engagement'])
    const prompt = await ask('prompts/get', '--prompt-name', 'record_civitai_workflow')
    expect(prompt.exitCode).toBe(0)
    expect(JSON.stringify(prompt.result.messages)).toContain('# Recording Civitai work with airkeep')
  })

  test('lists and reads the resources', async () => {
    const { exitCode, result } = await ask('resources/list')
    expect(exitCode).toBe(0)
    const uris = (result.resources as JsonObject[]).map(({ uri }) => String(uri))
    expect(uris).toEqual(['airkeep://guides/recording', 'airkeep://guides/engagement'])
    const read = await ask('resources/read', '--uri', 'airkeep://guides/engagement')
    expect(read.exitCode).toBe(0)
    expect(read.result.contents).toMatchObject([{ uri: 'airkeep://guides/engagement', mimeType: 'text/markdown' }])
  })
})
