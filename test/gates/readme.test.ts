import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SETTINGS } from '../../src/config/settings.ts'
import { describedOperations } from '../support/operations.ts'

const readme = readFileSync(join(import.meta.dir, '../../README.md'), 'utf8')

describe('the README knows', () => {
  test.each(Object.entries(SETTINGS).map(([name, { env, summary }]) => [name, env, summary] as const))(
    'the setting %s',
    (name, env, summary) => {
      const line = readme.split('\n').find((row) => row.startsWith(`| \`${name}\` |`))
      expect(line).toContain(`\`${env}\``)
      expect(line).toContain(summary)
    },
  )

  test.each(describedOperations().map(({ name }) => [name]))('the operation %s', (name) => {
    expect(readme).toContain(`\`${name}\``)
  })

  test('no setting that there is not', () => {
    const named = [...readme.matchAll(/^\| `([\w.]+)` \| `[A-Z0-9_]+` \|/gm)].map(([, name]) => name)
    expect(named.toSorted()).toEqual(Object.keys(SETTINGS).toSorted())
  })

  test('the two commands near its top', () => {
    const top = readme.split('\n').slice(0, 25).join('\n')
    expect(top).toContain('npm start')
    expect(top).toContain('npm test')
  })
})
