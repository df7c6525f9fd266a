import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pageText } from '../support/catalog.ts'
import { type Executable, installExecutable } from '../support/executable.ts'
import { startFakeCivitai } from '../support/fake-civitai.ts'
import { aModelFile } from '../support/model-files.ts'

/** What a person types about a catalog, in the executable alone. */
let executable: Executable
let home: string
beforeEach(() => {
  executable = installExecutable()
  home = join(executable.folder, 'ComfyUI')
  mkdirSync(join(home, 'models/loras'), { recursive: true })
  page('loras/harbor.md', wget('harbor.safetensors'))
  page('loras/dusk.md', wget('dusk.safetensors'))
  page('words.md', 'true')
  aModelFile(join(home, 'models'), 'loras/harbor.safetensors', 1)
})
afterEach(() => executable.remove())

const wget = (name: string): string => `wget -P "$UI_HOME"/models/loras https://example.com/${name}`
function page(path: string, code: string): void {
  const at = join(executable.folder, 'pages', path)
  mkdirSync(dirname(at), { recursive: true })
  writeFileSync(at, pageText('', code))
}
const run = (...args: string[]) => executable.run(args, { cwd: executable.folder })
const table = (): string => readFileSync(join(executable.folder, 'catalog.csv'), 'utf8')

test('check shows a badge a page, and ends with 10 while something is missing', async () => {
  const first = await run('catalog', 'check', 'pages', '--ui-home', 'ComfyUI')
  expect(first.exitCode).toBe(10)
  expect(first.stdout).toContain(`● here     loras/harbor.md  1/1    ${join(home, 'models/loras/harbor.safetensors')}`)
  expect(first.stdout).toContain('○ missing  loras/dusk.md    0/1    missing: dusk.safetensors')
  expect(first.stdout).toContain('· nothing  words.md')
  expect(first.stdout).toContain('3 pages: 1 here, 1 missing, 1 without downloads')
  aModelFile(join(home, 'models'), 'loras/dusk.safetensors', 2)
  expect((await run('catalog', 'check', 'pages', '--ui-home', 'ComfyUI')).exitCode).toBe(0)
})

test('single pages and folders are checked together, as one document', async () => {
  const { exitCode, json } = await run('catalog', 'check', 'pages/loras', 'pages/words.md', '--ui-home', home, '--json')
  expect(exitCode).toBe(10)
  expect(json()).toMatchObject({
    success: true,
    ui_home: home,
    results: {
      'pages/loras/harbor.md': { downloaded: true },
      'pages/loras/dusk.md': { downloaded: false },
      'pages/words.md': { status: 'not_applicable' },
    },
    summary: { pages: 3, all: 1, none: 1 },
  })
})

test('the table of the catalog gets results and time, and keeps what it says of other pages', async () => {
  const header = 'file_path,syntax_type,tested,is_valid,air,download_count,notes'
  const kept = ['words.md,NO_DOWNLOAD,No,False,,0,"as it was, here"', 'gone.md,WGET_NO_AIR,Yes,False,,1,before']
  writeFileSync(
    join(executable.folder, 'catalog.csv'),
    [header, kept[0], 'loras/harbor.md,WGET_NO_AIR,No,False,,1,old', kept[1], ''].join('\r\n'),
  )
  await run('catalog', 'check', 'pages', '--ui-home', home, '--csv', 'catalog.csv')
  const lines = table().split('\r\n')
  expect(lines[0]).toBe(header)
  expect(lines).toContain(String(kept[0]))
  expect(lines).toContain(String(kept[1]))
  expect(lines[2]).toMatch(/^loras\/harbor\.md,WGET_NO_AIR,Yes,False,,1,"?downloaded \d{4}-\d\d-\d\dT.*Z on inst_/)
  expect(table()).toMatch(/loras\/dusk\.md,WGET_NO_AIR,Yes,False,,1,"?not downloaded \d{4}/)
})

test('the table names pages as the catalog does, however they were typed', async () => {
  const header = 'file_path,syntax_type,tested,is_valid,air,download_count,notes'
  writeFileSync(join(executable.folder, 'catalog.csv'), `${header}\nloras/harbor.md,WGET_NO_AIR,No,False,,1,old\n`)
  await run('catalog', 'check', 'pages/loras', 'pages/words.md', '--ui-home', home, '--csv', 'catalog.csv')
  expect(table().split('\n')).toEqual([
    header,
    expect.stringMatching(/^loras\/harbor\.md,WGET_NO_AIR,Yes,False,,1,/),
    expect.stringMatching(/^loras\/dusk\.md,WGET_NO_AIR,Yes,False,,1,/),
    '',
  ])
})

test('validate prints the statistics, and writes a table that is not there yet', async () => {
  const { exitCode, stdout } = await run('catalog', 'validate', 'pages', '--csv', 'catalog.csv')
  expect(exitCode).toBe(0)
  expect(stdout).toContain('Total catalog pages: 3')
  expect(stdout).toContain('WGET_NO_AIR: 2 (66.7%)')
  expect(table().split('\n').slice(0, 2)).toEqual([
    'file_path,syntax_type,tested,is_valid,air,download_count,notes',
    expect.stringMatching(/^loras\/dusk\.md,WGET_NO_AIR,No,False,,1,/),
  ])
})

test('watch tells of each change, until it is interrupted', async () => {
  const words = ['catalog', 'check', 'pages', '--ui-home', home, '--watch', '--interval', '1', '--json']
  const watching = Bun.spawn(executable.command(words), {
    cwd: executable.folder,
    env: executable.env(),
    stdout: 'pipe',
    stderr: 'ignore',
  })
  let text = ''
  const seen: unknown[] = []
  for await (const chunk of watching.stdout.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const lines = text.split('\n')
    if (lines.length - 1 === seen.length) continue
    seen.push(JSON.parse(lines[seen.length] ?? ''))
    if (seen.length === 1) aModelFile(join(home, 'models'), 'loras/dusk.safetensors', 2)
    else watching.kill('SIGINT')
  }
  expect(seen).toMatchObject([
    { results: { 'loras/dusk.md': { downloaded: false } } },
    { results: { 'loras/dusk.md': { downloaded: true } } },
  ])
  expect(await watching.exited).toBe(0)
})

test('fix shows the change, and writes it when it is told to', async () => {
  page('loras/moss.md', 'civitdl "https://civitai.com/models/900100?modelVersionId=910201" "$UI_HOME"/models/Lora')
  const path = join(executable.folder, 'pages/loras/moss.md')
  const before = readFileSync(path, 'utf8')
  await using civitai = disposable(await startFakeCivitai())
  civitai.it.models.add({ id: 900_100, name: 'Moss', type: 'LORA', versions: [{ id: 910_201 }] })
  const fix = (...more: string[]) =>
    executable.run(['catalog', 'fix', 'pages/loras/moss.md', ...more], {
      cwd: executable.folder,
      env: { AIRKEEP_CIVITAI_URL: civitai.it.url },
    })
  const shown = await fix()
  expect(shown.stdout).toMatch(/^\+ ?AIR: urn:air:sdxl:lora:civitai:900100@910201$/m)
  expect(shown.stdout).toEndWith('Nothing was changed: add --apply\n')
  expect(readFileSync(path, 'utf8')).toBe(before)
  expect((await fix('--apply')).stdout).toEndWith('The page was changed\n')
  expect(readFileSync(path, 'utf8')).toContain('AIR: urn:air:sdxl:lora:civitai:900100@910201\n')
  expect((await fix()).stdout).toStartWith('Nothing to fix')
})

const disposable = <T extends { close(): Promise<void> }>(it: T) => ({ it, [Symbol.asyncDispose]: () => it.close() })

test.each([
  [['catalog', 'check', 'absent'], 4, 'Cannot read absent'],
  [['catalog', 'check', 'pages', '--ssh', '-oProxyCommand=true'], 2, 'ssh'],
  [['catalog', 'check', 'pages', '--ssh', 'root@127.0.0.1', '--node', 'box'], 2, 'not both'],
  [['catalog', 'check', 'pages', '--node', 'box'], 4, 'box'],
  [['catalog', 'check', 'pages', '--watch', '--interval', 'often'], 2, '--interval'],
  [['catalog', 'validate', 'absent'], 4, 'Cannot read absent'],
] as const)('%j ends with %d', async (args, exitCode, word) => {
  const ended = await run(...args)
  expect(ended.stderr).toContain(word)
  expect(ended.exitCode).toBe(exitCode)
})

test('a host that ssh cannot reach is unknown, not empty', async () => {
  const { exitCode, json } = await run('catalog', 'check', 'pages', '--ssh', 'ssh -p 1 root@127.0.0.1', '--json')
  expect(exitCode).toBe(7)
  expect(json()).toMatchObject({
    success: false,
    results: { 'loras/harbor.md': { downloaded: false, status: 'unknown' } },
  })
})
