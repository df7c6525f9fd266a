import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createApp, createHasher } from '../../src/app.ts'
import type { CliApp, CliParts } from '../../src/cli/app.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { type CliResult, type CliWorld, runInProcess } from '../support/cli-run.ts'
import { aModelFile } from '../support/model-files.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'
import { aCall } from '../support/track.ts'

/** The commands about model files, over the program itself: real folders, real database, real jobs. */
const parts: CliParts = { createApp: async (config) => createApp(config), createHasher: async () => createHasher() }

let folder: TempDir
let models: string
beforeEach(() => {
  folder = tempDir()
  models = join(realpathSync(folder.path), 'models')
  mkdirSync(models)
})
afterEach(() => folder[Symbol.dispose]())

const run = (argv: readonly string[], world: CliWorld = {}): Promise<CliResult> =>
  runInProcess(argv, {
    cwd: folder.path,
    parts,
    ...world,
    env: { AIRKEEP_DATA: join(folder.path, 'data'), AIRKEEP_MODELS: models, AIRKEEP_LOG: 'silent', ...world.env },
  })

/** A command that has to succeed: its one document. */
async function json(...argv: string[]): Promise<JsonObject> {
  const { exitCode, stdout, stderr } = await run([...argv, '--json'])
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
  return JSON.parse(stdout) as JsonObject
}

/** Two files with the same bytes, and one of its own. */
function threeFiles(): { sha256: string; size: number } {
  const { sha256, path } = aModelFile(models, 'loras/harbor.safetensors', 1, 4000)
  aModelFile(models, 'vae/fine.safetensors', 2)
  copyFileSync(path, join(models, 'loras/harbor copy.safetensors'))
  for (const [at, name] of ['harbor', 'harbor copy'].entries()) {
    utimesSync(join(models, `loras/${name}.safetensors`), 1_700_000_000 + at, 1_700_000_000 + at)
  }
  return { sha256, size: statSync(path).size }
}

describe('scan', () => {
  test('of a folder by a path from here, then known without being asked again', async () => {
    threeFiles()
    const job = await json('scan', 'models')
    expect(job).toMatchObject({
      status: 'completed',
      roots: [models],
      files: 3,
      added: 3,
      files_hashed: 3,
      warnings: [],
    })
    const again = await json('scan', 'models')
    expect(again).toMatchObject({ status: 'completed', unchanged: 3, added: 0 })
    expect(again['files_hashed']).toBe(0)
  })

  test('without a folder takes those that are set', async () => {
    threeFiles()
    expect(await json('scan')).toMatchObject({ roots: [models], files: 3 })
  })

  test.each([
    [['nowhere'], 4, '/nowhere does not exist'],
    [['--models', 'nowhere'], 4, '/nowhere does not exist'],
    [['models/a.pt'], 2, '/models/a.pt is a file, not a folder'],
  ])('of %j is an error', async (args, exitCode, detail) => {
    writeFileSync(join(models, 'a.pt'), 'x')
    const result = await run(['scan', ...args])
    expect(result.exitCode).toBe(exitCode)
    expect(result.stderr).toContain(detail)
    expect(result.stdout).toBe('')
  })

  test('a folder that is set and not there is told of', async () => {
    const missing = join(folder.path, 'nowhere')
    const result = await run(['scan'], { env: { AIRKEEP_MODELS: `${models}:${missing}` } })
    expect(result.exitCode).toBe(10)
    expect(result.stdout).toContain('partially_completed')
    expect(result.stdout).toMatch(new RegExp(`${missing} +it is not there`))
  })

  test('--no-wait leaves the job for later, and the next scan goes on with it', async () => {
    threeFiles()
    const { exitCode, stdout, stderr } = await run(['scan', '--no-wait', '--json'])
    expect(exitCode).toBe(0)
    expect(stderr).toContain('queued: it runs when airkeep serve is started')
    const { job_id } = JSON.parse(stdout) as JsonObject
    expect(await json('get-model-job', '--job-id', String(job_id))).toMatchObject({ status: 'analyzing' })
    expect(await json('scan')).toMatchObject({ job_id, status: 'completed' })
  })

  test('shows how far it is on a terminal, and takes that away', async () => {
    threeFiles()
    const { stderr, stdout } = await run(['scan'], { terminal: 80 })
    expect(stderr).toContain('[')
    expect(stderr).toEndWith('\r\x1b[K')
    expect(stdout).toMatch(/^status +completed$/m)
  })

  test('that is paused while it is followed ends, and says how it goes on', async () => {
    // Takes long, and no room.
    writeFileSync(join(models, 'long.pt'), 'x')
    truncateSync(join(models, 'long.pt'), 40 * 2 ** 30)
    let app: CliApp | undefined
    const keeping: CliParts = {
      ...parts,
      async createApp(config) {
        app = createApp(config)
        return app
      },
    }
    let paused: Promise<unknown> | undefined
    const pause = async (): Promise<void> => {
      const invoke = (name: string, input: object) =>
        app?.operations.find((operation) => operation.name === name)?.invoke(input, aCall())
      const listed = await invoke('list_model_jobs', {})
      const [job] = (listed?.['items'] ?? []) as JsonObject[]
      await invoke('pause_model_job', { job_id: job?.['job_id'] })
    }
    const result = await run(['scan'], {
      terminal: 100,
      parts: keeping,
      onStderr(text) {
        if (text.includes('hashed 0 of 1')) paused ??= pause()
      },
    })
    await paused
    expect(result.exitCode).toBe(10)
    expect(result.stderr).toMatch(/(scan_\w+) was paused: airkeep retry-model-job --job-id \1 goes on with it\n/)
    expect(result.stdout).toMatch(/^status +paused$/m)
  })

  test('that was paused before it began goes on when it is asked to', async () => {
    threeFiles()
    const { job_id } = await json('scan', '--no-wait', '--quiet')
    const id = String(job_id)
    expect(await json('pause-model-job', '--job-id', id)).toMatchObject({ status: 'paused' })
    expect(await json('list-model-jobs', '--status', 'paused')).toMatchObject({ count: 1, items: [{ job_id }] })
    const { stdout } = await run(['list-model-jobs'])
    expect(stdout.split('\n')[0]).toBe(
      'JOB_ID                     KIND  STATUS  PROGRESS  CREATED_AT                LAST_UPDATED',
    )
    expect(await json('retry-model-job', '--job-id', id)).toMatchObject({ job_id, status: 'completed', files: 3 })
  })
})

describe('list-models', () => {
  test('is a table of what matters, with sizes as people read them', async () => {
    const { sha256, size } = threeFiles()
    await json('scan')
    const { stdout } = await run(['list-models', '--type', 'lora'])
    const [total, blank, head, first, second] = stdout.split('\n')
    expect(total).toBe(`total  ${((2 * size) / 1024).toFixed(1)} KiB`)
    expect(blank).toBe('')
    expect(head).toMatch(/^NAME +TYPE +SIZE +STATE +SHA256 +PATH$/)
    expect(first).toMatch(new RegExp(`^harbor copy.safetensors +lora +[\\d.]+ KiB +ok +${sha256} +${models}/loras/`))
    expect(second).toMatch(/^harbor.safetensors/)
  })

  test('keeps within the terminal', async () => {
    threeFiles()
    await json('scan')
    const { stdout } = await run(['list-models'], { terminal: 60 })
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(60)
  })

  test('as JSON it has every field', async () => {
    threeFiles()
    await json('scan')
    const answer = await json('list-models', '--query', 'fine')
    expect(answer).toMatchObject({ count: 1, limit: 100, offset: 0, items: [{ claims: { header: { format: 'pt' } } }] })
  })

  test('--duplicates says what copies cost, --hardlink joins them', async () => {
    const { size } = threeFiles()
    await json('scan')
    expect(await json('list-models', '--duplicates')).toMatchObject({ count: 2, wasted_bytes: size })
    const shown = await run(['list-models', '--duplicates'])
    expect(shown.stdout).toMatch(/^wasted +4\.0 KiB$/m)
    const kept = join(models, 'loras/harbor.safetensors')
    const copy = join(models, 'loras/harbor copy.safetensors')
    const before = readFileSync(copy)
    expect(await json('list-models', '--duplicates', '--hardlink')).toEqual({
      linked: [{ path: copy, kept }],
      skipped: [],
      freed_bytes: size,
    })
    expect(statSync(copy).ino).toBe(statSync(kept).ino)
    expect(readFileSync(copy).equals(before)).toBe(true)
    expect(await json('list-models', '--duplicates')).toMatchObject({ count: 0, wasted_bytes: 0 })
    expect((await run(['list-models', '--duplicates'])).stdout).toContain('No items')
  })

  test.each([
    ['--hardlink without --duplicates', ['--hardlink']],
    ['--hardlink with a filter, which it would not keep to', ['--duplicates', '--hardlink', '--type', 'vae']],
  ])('%s is refused and joins nothing', async (_, args) => {
    threeFiles()
    await json('scan')
    const { exitCode, stderr } = await run(['list-models', ...args])
    expect(exitCode).toBe(2)
    expect(stderr).toContain('--hardlink')
    expect(statSync(join(models, 'loras/harbor.safetensors')).nlink).toBe(1)
  })

  test('--unused is everything while nothing is recorded', async () => {
    threeFiles()
    await json('scan')
    expect(await json('list-models', '--unused')).toMatchObject({ count: 3 })
  })
})

describe('verify-models', () => {
  test('ends well where every byte is what it was', async () => {
    threeFiles()
    await json('scan')
    expect(await json('verify-models')).toMatchObject({ status: 'completed', checked: 3, mismatched: 0 })
  })

  test('ends with 10 and names what is not', async () => {
    const { sha256 } = threeFiles()
    await json('scan')
    const path = join(models, 'loras/harbor.safetensors')
    const bytes = readFileSync(path)
    bytes[bytes.length - 1] = 0xff
    writeFileSync(path, bytes)
    utimesSync(path, 1_700_000_000, 1_700_000_000)
    const { exitCode, stdout } = await run(['verify-models'])
    expect(exitCode).toBe(10)
    expect(stdout).toMatch(/^mismatched +1$/m)
    expect(stdout).toContain(path)
    expect(stdout).toContain(sha256)
  })

  test('a digest that nothing has', async () => {
    const { exitCode, stderr } = await run(['verify-models', '--hash', 'a'.repeat(64)])
    expect(exitCode).toBe(4)
    expect(stderr).toContain('No file of this host is known by this digest')
  })
})

describe('node add', () => {
  const TOKEN = 'airkeep_secret.token~1'
  /** Nothing listens there: the node is stored all the same. */
  const NODE = ['--name', 'gpu-box', '--url', 'http://127.0.0.1:1']

  test('takes the token from stdin and shows it nowhere', async () => {
    const { exitCode, stdout, stderr } = await run(['node', 'add', ...NODE, '--json'], { stdin: `${TOKEN}\n` })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ name: 'gpu-box', has_token: true, dialect: 'airkeep', public_key: null })
    const listed = await run(['node', 'list', '--json'])
    expect(JSON.parse(listed.stdout)).toMatchObject({ count: 1, items: [{ name: 'gpu-box', has_token: true }] })
    for (const name of ['airkeep.db', 'airkeep.db-wal']) {
      const path = join(folder.path, 'data', name)
      if (statSync(path, { throwIfNoEntry: false }) === undefined) continue
      expect(readFileSync(path).includes(TOKEN)).toBe(false)
    }
    expect([stdout, listed.stdout].join('')).not.toContain(TOKEN)
    const removed = await run(['node', 'remove', '--name', 'gpu-box', '--json'])
    expect(removed.exitCode).toBe(0)
    expect(await json('node', 'list')).toMatchObject({ items: [], count: 0 })
  })

  test('tells in its help where the token goes', async () => {
    const { stdout } = await run(['node', 'add', '--help'])
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('The token is asked for on a terminal, else read from stdin.')
    expect((await run(['node', 'remove', '--help'])).stdout).not.toContain('stdin.')
  })

  test('asks for it on a terminal', async () => {
    const questions: string[] = []
    const onQuestion = (question: string): void => void questions.push(question)
    const { exitCode, stdout } = await run(['node', 'add', ...NODE, '--json'], { secret: TOKEN, onQuestion })
    expect(exitCode).toBe(0)
    expect(questions).toEqual(['token (empty for none): '])
    expect(JSON.parse(stdout)).toMatchObject({ has_token: true })
  })

  test('without a token', async () => {
    const { exitCode, stdout } = await run(['node', 'add', ...NODE, '--json'], { stdin: '' })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ has_token: false })
  })

  test('again without a token keeps the one that is there', async () => {
    await run(['node', 'add', ...NODE], { stdin: TOKEN })
    const { stdout } = await run(['node', 'add', ...NODE, '--json'], { stdin: '\n' })
    expect(JSON.parse(stdout)).toMatchObject({ has_token: true })
  })

  test.each([[['--token', TOKEN]], [[`--token=${TOKEN}`]], [['--no-token']]])('%j is refused', async (args) => {
    const { exitCode, stdout, stderr } = await run(['node', 'add', ...NODE, ...args])
    expect(exitCode).toBe(2)
    expect(stderr).toContain('--')
    expect(stdout + stderr).not.toContain(TOKEN)
    expect(await json('node', 'list')).toMatchObject({ count: 0 })
  })

  test('help does not offer it', async () => {
    const { stdout } = await run(['node', 'add', '--help'])
    expect(stdout).toContain('--url')
    expect(stdout).not.toContain('--token')
  })

  test('--input may hold it: stdin is not asked then', async () => {
    const input = { name: 'gpu-box', url: 'http://127.0.0.1:1', token: TOKEN }
    writeFileSync(join(folder.path, 'node.json'), JSON.stringify(input))
    const questions: string[] = []
    const world = { secret: 'another', onQuestion: (question: string) => void questions.push(question) }
    const { exitCode, stdout } = await run(['node', 'add', '--input', 'node.json', '--json'], world)
    expect(exitCode).toBe(0)
    expect(questions).toEqual([])
    expect(JSON.parse(stdout)).toMatchObject({ has_token: true })
  })

  test('--input from stdin with the token in it', async () => {
    const stdin = JSON.stringify({ name: 'gpu-box', url: 'http://127.0.0.1:1', token: TOKEN })
    const { exitCode, stdout } = await run(['node', 'add', '--input', '-', '--json'], { stdin })
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ has_token: true })
  })

  test('a token that no header can carry', async () => {
    const { exitCode, stderr } = await run(['node', 'add', ...NODE], { stdin: 'two words' })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('token must be')
    expect(stderr).not.toContain('two words')
  })
})
