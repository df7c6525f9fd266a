import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type CliResult, type CliWorld, runInProcess } from '../support/cli-run.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

/** `airkeep request-model-download`, over a program whose jobs end as they are told to. */
let folder: TempDir
beforeEach(() => {
  folder = tempDir()
  mkdirSync(join(folder.path, 'data'))
})
afterEach(() => folder[Symbol.dispose]())

const run = (argv: readonly string[], world: CliWorld = {}): Promise<CliResult> =>
  runInProcess(['request-model-download', ...argv], {
    cwd: folder.path,
    ...world,
    env: { AIRKEEP_DATA: join(folder.path, 'data') },
  })

describe('how it ends', () => {
  const rows: readonly (readonly [url: string, exitCode: number, stdout: string, stderr: string])[] = [
    ['completed', 0, '/models/loras/harbor.safetensors\n', ''],
    ['blocked', 10, '', 'error: Its creator wants a login\nhint: airkeep set-upstream-key --provider civitai\n'],
    [
      'disk',
      8,
      '',
      'error: Cannot download the file: no room\nhint: make room, or set AIRKEEP_MIN_FREE, AIRKEEP_DISK_QUOTA or AIRKEEP_DOWNLOAD_ROOT\n',
    ],
    [
      'several',
      10,
      '',
      'error: Several models may be meant: name one of them\n  urn:air:sdxl:lora:civitai:1@2  Twin v2  has this title\n',
    ],
    ['nowhere', 10, '', 'error: It is nowhere to be had\n'],
    ['damaged', 6, '', 'error: The file is another one\nhint: Try another source\n'],
  ]
  test.each(rows)('%s', async (url, exitCode, stdout, stderr) => {
    expect(await run(['--url', url])).toEqual({ exitCode, stdout, stderr })
  })

  test('terms are accepted under the name by which it was asked for', async () => {
    const { stderr } = await run(['--url', 'terms', '--air', 'urn:air:sdxl:lora:civitai:1@2'])
    expect(stderr).toContain('hint: airkeep accept-terms --air urn:air:sdxl:lora:civitai:1@2\n')
  })

  test('--json is the job and nothing else', async () => {
    const { stdout, stderr, exitCode } = await run(['--url', 'blocked', '--json'], { terminal: 80 })
    expect(JSON.parse(stdout)).toMatchObject({ status: 'partially_completed', reason_code: 'login' })
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 10 })
  })
})

test('--no-wait is the id of the job', async () => {
  const { stdout, exitCode } = await run(['--url', 'completed', '--no-wait', '--quiet'])
  expect(stdout).toMatch(/^dl_[0-9a-z]+\n$/)
  expect(exitCode).toBe(0)
})

test('it is shown how far it is on a terminal, and that is taken away', async () => {
  const { stdout, stderr } = await run(['--url', 'completed'], { terminal: 80 })
  expect(stderr).toStartWith('\r\x1b[K[')
  expect(stderr).toEndWith('\r\x1b[K')
  expect(stdout).toBe('/models/loras/harbor.safetensors\n')
})

test('an import that is tried again is shown as every import', async () => {
  const retried = await runInProcess(['import-prompt', '--path', 'gated.png'], {
    cwd: folder.path,
    env: { AIRKEEP_DATA: join(folder.path, 'data') },
  })
  expect(retried.stdout).toMatch(/^imp_\w+ {2}a1111 {2}partially completed\nTYPE +NAME +STATUS/)
  expect(retried.stdout).toContain('  airkeep accept-terms --civitai-version-id 7\n')
  expect(retried.exitCode).toBe(10)
})
