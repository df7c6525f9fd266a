import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { findLayerViolations, typeScriptFiles } from '../support/layers.ts'
import { readImports } from '../support/source-imports.ts'

const srcDir = join(import.meta.dirname, '../../src')
const plantedDir = mkdtempSync(join(tmpdir(), 'airkeep-layers-'))
afterAll(() => rmSync(plantedDir, { recursive: true }))

describe('src', () => {
  test('holds the layers', () => {
    expect(existsSync(join(srcDir, 'errors.ts'))).toBe(true)
    expect(findLayerViolations(srcDir)).toEqual([])
  })

  // The rules see what readImports sees, so it is held against Bun's own scanner (which leaves types out).
  test('has no import that readImports overlooks', () => {
    const transpiler = new Bun.Transpiler({ loader: 'ts' })
    for (const file of typeScriptFiles(srcDir)) {
      const source = readFileSync(join(srcDir, file), 'utf8')
      const found = readImports(source).map(({ specifier }) => specifier)
      const overlooked = transpiler.scanImports(source).filter(({ path }) => !found.includes(path))
      expect({ file, overlooked }).toEqual({ file, overlooked: [] })
    }
  })
})

describe('planted violations', () => {
  const reasons = {
    base: 'lib and errors.ts import nothing of ours',
    config: 'config.ts imports only lib and errors.ts',
    capability: 'a capability imports only what stands further left',
    feature: 'a feature imports capabilities, never a feature or a surface',
    surface: 'a surface imports only operation and events',
    app: 'app.ts wires everything; only main.ts comes after it',
    main: 'main.ts imports only app.ts and cli',
    outside: 'src imports nothing of ours outside src',
  }
  const planted: readonly (readonly [file: string, line: string, imports: string, reason: string])[] = [
    ['lib/a.ts', "import { b } from '../config.ts'", '../config.ts', reasons.base],
    ['lib/b.ts', "import type { Db } from '../db/db.ts'", '../db/db.ts', reasons.base],
    ['errors.ts', "import { loadConfig } from './config.ts'", './config.ts', reasons.base],
    ['config.ts', "import { openDb } from './db/db.ts'", './db/db.ts', reasons.config],
    ['db/a.ts', "import { sha256 } from '../hash/digest.ts'", '../hash/digest.ts', reasons.capability],
    ['hash/a.ts', "import type { Event } from '../events/event.ts'", '../events/event.ts', reasons.capability],
    ['operation/a.ts', "export { guard } from '../net/guard.ts'", '../net/guard.ts', reasons.capability],
    ['events/a.ts', "export * from '../access/token.ts'", '../access/token.ts', reasons.capability],
    ['access/a.ts', "export type { Job } from '../jobs/job.ts'", '../jobs/job.ts', reasons.capability],
    ['civitai/a.ts', "export * as hf from '../huggingface/api.ts'", '../huggingface/api.ts', reasons.capability],
    ['download/a.ts', "const s = await import('../swarm/a.ts')", '../swarm/a.ts', reasons.capability],
    ['jobs/a.ts', 'const m = await import(`../models/store.ts`)', '../models/store.ts', reasons.capability],
    ['models/a.ts', "let f: typeof import('../import/plan.ts')", '../import/plan.ts', reasons.capability],
    ['track/a.ts', "let f: import('../import/plan.ts').Plan", '../import/plan.ts', reasons.feature],
    ['import/a.ts', "const c = require('../catalog/page.ts')", '../catalog/page.ts', reasons.feature],
    ['import/b.ts', "import t = require('../track/table.ts')", '../track/table.ts', reasons.feature],
    ['catalog/a.ts', "import { render } from '../cli/render.ts'", '../cli/render.ts', reasons.feature],
    ['catalog/parse/deep.ts', "import { x } from '../../track/table.ts'", '../../track/table.ts', reasons.feature],
    ['track/c.ts', "declare module '../http/server.ts' {}", '../http/server.ts', reasons.feature],
    ['http/a.ts', "import { prompts } from '../track/prompts.ts'", '../track/prompts.ts', reasons.surface],
    ['mcp/a.ts', "import '../http/server.ts'", '../http/server.ts', reasons.surface],
    ['cli/a.ts', "import { createApp } from '../app.ts'", '../app.ts', reasons.surface],
    ['web/a.ts', "import { db } from '../db/db.ts'", '../db/db.ts', reasons.surface],
    ['http/b.ts', '/// <reference path="../jobs/job.ts" />', '../jobs/job.ts', reasons.surface],
    ['app.ts', "import { main } from './main.ts'", './main.ts', reasons.app],
    ['main.ts', "import { serve } from './http/server.ts'", './http/server.ts', reasons.main],
    [
      'types.d.ts',
      "import type { Db } from './db/db.ts'",
      './db/db.ts',
      'a declaration file at the top of src imports nothing',
    ],
    [
      'net/a.ts',
      'const m = await import(name)',
      'dynamic import',
      'a dynamic import of a computed name cannot be checked',
    ],
    ['net/b.ts', "const m = require('../' + name)", 'require', 'a require of a computed name cannot be checked'],
    [
      'net/c.ts',
      'const m = import(`../$' + '{name}.ts`)',
      'dynamic import',
      'a dynamic import of a computed name cannot be checked',
    ],
    ['net/d.ts', "import pkg from '../../package.json' with { type: 'json' }", '../../package.json', reasons.outside],
    ['net/e.ts', "import x from '/etc/x.ts'", '/etc/x.ts', reasons.outside],
    ['helpers/a.ts', '', '', 'helpers has no place in the layers'],
    ['server.ts', '', '', 'server has no place in the layers'],
  ]
  const allowed: Readonly<Record<string, string>> = {
    'lib/ok.ts':
      "import { AppError } from '../errors.ts'\nimport { join } from 'node:path'\nimport * as v from 'valibot'",
    'lib/version.ts': "import manifest from '../../package.json' with { type: 'json' }",
    'hash/ok.ts': "import { b } from './b.ts'\nimport type { C } from '../config.ts'\nimport { l } from '../lib/l.ts'",
    'events/ok.ts': "import { db } from '../db/db.ts'",
    'models/ok.ts': "import { enqueue } from '../jobs/queue.ts'\nimport { bus } from '../events/bus.ts'",
    'track/ok.ts': "import guide from './guide.md' with { type: 'text' }\nimport { m } from '../models/store.ts'",
    'http/ok.ts': "import { o } from '../operation/operation.ts'\nimport { bus } from '../events/bus.ts'",
    'cli/ok.ts': `
      // import { x } from '../track/prompts.ts'
      /* import '../track/a.ts' */
      const text = "import { x } from '../track/prompts.ts'"
      const template = \`require('../track/a.ts') \${'}'} import '../track/b.ts'\`
      const pattern = /["'\`]import '\\/[/]/
      const ratio = 4 / 2 // import '../track/c.ts'
      loader.require(name); registry.import(name)`,
  }

  for (const [file, line] of planted) plant(file, `\n${line}\n`)
  for (const [file, source] of Object.entries(allowed)) plant(file, source)
  const found = findLayerViolations(plantedDir)

  test.each(planted)('%s: %s', (file, _line, imports, reason) => {
    const line = reason.endsWith('no place in the layers') ? 1 : 2
    expect(found).toContainEqual({ at: `${file}:${line}`, imports, reason })
  })

  test('nothing else is reported', () => {
    expect(found.map(({ at }) => at.replace(/:\d+$/, '')).sort()).toEqual(planted.map(([file]) => file).sort())
  })
})

function plant(file: string, source: string): void {
  mkdirSync(dirname(join(plantedDir, file)), { recursive: true })
  writeFileSync(join(plantedDir, file), source)
}
