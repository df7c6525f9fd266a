import { afterAll, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { libsqlPlugin, withLiteralAddon } from '../../scripts/build/libsql-plugin.ts'
import { projectDir } from '../support/project-files.ts'

const scratch = mkdtempSync(join(tmpdir(), 'airkeep-plugin-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const installed = readFileSync(join(projectDir, 'node_modules/libsql/index.js'), 'utf8')
const computedRequire = 'require(`@libsql/${' + 'target}`)'

/** Bundles a program whose node_modules/libsql/index.js holds `text`, with the plugin. */
async function bundle(name: string, text: string) {
  const folder = join(scratch, name)
  mkdirSync(join(folder, 'node_modules/libsql'), { recursive: true })
  writeFileSync(join(folder, 'node_modules/libsql/index.js'), text)
  for (const file of ['auth.js', 'sqlite-error.js', 'native.js'])
    writeFileSync(join(folder, 'node_modules/libsql', file), '')
  writeFileSync(join(folder, 'addon.js'), 'module.exports = { planted: true }')
  writeFileSync(join(folder, 'main.js'), "export * from 'libsql'")
  const { plugin, applied } = libsqlPlugin(join(folder, 'addon.js'))
  const build = Bun.build({
    entrypoints: [join(folder, 'main.js')],
    target: 'bun',
    external: ['@neon-rs/load', 'detect-libc'],
    plugins: [plugin],
  })
  return { build, applied }
}

test('the installed libSQL requires the addon by a literal path, and nothing by a computed one', async () => {
  expect(installed).toContain(computedRequire)
  const replaced = withLiteralAddon(installed, '/somewhere/index.node')
  expect(replaced).toContain('require("/somewhere/index.node")')
  expect(replaced).not.toContain(computedRequire)

  const { build, applied } = await bundle('installed', installed)
  const [output] = (await build).outputs
  expect(await output?.text()).toContain('planted: true')
  expect(applied()).toBe(true)
})

test.each([
  ['another computed name', installed.replace(computedRequire, 'require(nameOf(target))')],
  ['another function', installed.replace('function requireNative()', 'function loadNative()')],
  ['two of them', `${installed}\n${installed}`],
  ['nothing of it', 'module.exports = require("./native.js")'],
])('the build fails where libsql/index.js has %s', async (name, text) => {
  expect(text).not.toBe(installed)
  expect(() => withLiteralAddon(text, '/somewhere/index.node')).toThrow('no longer has the requireNative()')
  const { build, applied } = await bundle(name, text)
  await expect(build).rejects.toThrow()
  expect(applied()).toBe(false)
})
