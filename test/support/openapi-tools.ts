import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { runIn } from './command.ts'
import { projectDir } from './project-files.ts'
import type { TrackingClient } from './tracking-client.ts'

const modules = join(projectDir, 'node_modules')

const reportSchema = v.object({
  problems: v.array(
    v.object({
      ruleId: v.string(),
      severity: v.string(),
      message: v.string(),
      location: v.array(v.object({ pointer: v.optional(v.string()) })),
    }),
  ),
})

/** What Redocly's linter finds in an OpenAPI document, by the rules of test/http/redocly.yaml. */
export async function lintOpenApi(folder: string, document: object): Promise<string[]> {
  writeFileSync(join(folder, 'linted.json'), JSON.stringify(document))
  const { stdout, stderr } = await runIn(
    folder,
    [
      ...[process.execPath, '--bun', join(modules, '@redocly/cli/bin/cli.js'), 'lint', 'linted.json'],
      ...['--config', join(projectDir, 'test/http/redocly.yaml'), '--format', 'json', '--max-problems', '1000'],
    ],
    { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', CI: 'true' },
  )
  if (stdout === '') throw new Error(`The linter said nothing:\n${stderr}`)
  const { problems } = v.parse(reportSchema, JSON.parse(stdout))
  return problems.map(({ severity, ruleId, message, location }) =>
    [severity, ruleId, location[0]?.pointer ?? '', message].join(' '),
  )
}

/** Has swagger-typescript-api write `client.ts` into the folder. */
export async function generateClient(folder: string, document: object): Promise<void> {
  writeFileSync(join(folder, 'openapi.json'), JSON.stringify(document))
  const { exitCode, stdout, stderr } = await runIn(folder, [
    ...[process.execPath, '--bun', join(modules, 'swagger-typescript-api/dist/cli.mjs'), 'generate'],
    ...['--path', join(folder, 'openapi.json'), '--output', folder, '--name', 'client.ts'],
  ])
  if (exitCode !== 0) throw new Error(`The generator failed:\n${stdout}${stderr}`)
}

/** What the type checker says of the generated client, and of its likeness to {@link TrackingClient}. */
export async function checkClient(folder: string): Promise<string> {
  const path = join(folder, 'client.ts')
  // The generator switches the checker off in what it writes.
  const checked = readFileSync(path, 'utf8').replace(/^\/\/ @ts-\w+$/m, '')
  writeFileSync(path, checked)
  const types = join(import.meta.dirname, 'tracking-client.ts')
  const fits = [
    "import { Api } from './client.ts'",
    `import type { TrackingClient } from '${types}'`,
    'export const client: TrackingClient = new Api().v1',
  ]
  writeFileSync(join(folder, 'fits.ts'), fits.join('\n'))
  const options = {
    strict: true,
    noEmit: true,
    target: 'esnext',
    module: 'preserve',
    lib: ['esnext', 'dom', 'dom.iterable'],
    types: [],
    allowImportingTsExtensions: true,
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['fits.ts'] }))
  const { exitCode, stdout, stderr } = await runIn(folder, [join(modules, '.bin/tsc'), '--project', folder])
  return exitCode === 0 ? '' : stdout + stderr
}

/** The generated client, for a server that listens. */
export async function loadClient(folder: string, url: string): Promise<TrackingClient> {
  const { Api } = (await import(join(folder, 'client.ts'))) as {
    readonly Api: new (config: { readonly baseUrl: string }) => { readonly v1: TrackingClient }
  }
  return new Api({ baseUrl: url }).v1
}
