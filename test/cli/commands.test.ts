import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callsIn } from '../support/cli-operations.ts'
import { type CliResult, type CliWorld, runInProcess } from '../support/cli-run.ts'

let folder: string
let serial = 0
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'airkeep-cli-')))
  mkdirSync(join(folder, 'pictures'))
  mkdirSync(join(folder, 'none'))
  for (const name of ['b.png', 'a.JPG', '.hidden.png', 'c.exe']) writeFileSync(join(folder, 'pictures', name), name)
  writeFileSync(join(folder, 'input.json'), '{"text":"from a file","kind":"long"}')
  writeFileSync(join(folder, 'list.json'), '[1]')
  writeFileSync(join(folder, 'broken.jsonc'), '{')
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Ran extends CliResult {
  /** What operations were called with. */
  readonly calls: readonly object[]
}

/** Each command line gets a data directory of its own. */
async function run(argv: readonly string[], world: CliWorld = {}): Promise<Ran> {
  serial += 1
  const data = join(folder, `data-${serial}`)
  const result = await runInProcess(argv, { cwd: folder, ...world, env: { AIRKEEP_DATA: data, ...world.env } })
  const calls = callsIn(data).map(({ operation, input, upload, sent }) => ({
    operation,
    input,
    ...(upload === undefined ? {} : { upload, sent }),
  }))
  return { ...result, calls }
}

const note = { draft: false, notify: true }

describe('argv to calls', () => {
  const at = (path: string): string => join(folder, path)
  const cases: readonly (readonly [
    line: string,
    argv: readonly string[],
    calls: () => readonly object[],
    stdin?: string,
  ])[] = [
    [
      'flags',
      ['create-note', '--kind', 'short', '--text', 'a'],
      () => [{ operation: 'create_note', input: { kind: 'short', text: 'a', ...note } }],
    ],
    [
      'flags of every command before and after the name',
      ['--quiet', 'create-note', '--kind', 'short', '--text', 'a', '--json'],
      () => [{ operation: 'create_note', input: { kind: 'short', text: 'a', ...note } }],
    ],
    [
      'values that look like flags',
      ['create-note', '--kind', 'short', '--text', '--config', '--tags', '--data', '--tags', '--help'],
      () => [
        { operation: 'create_note', input: { kind: 'short', text: '--config', tags: ['--data', '--help'], ...note } },
      ],
    ],
    [
      'an alias',
      ['create-note', '--kind', 'short', '--body', 'a'],
      () => [{ operation: 'create_note', input: { kind: 'short', text: 'a', ...note } }],
    ],
    [
      'paths become absolute, addresses stay',
      [
        'create-note',
        '--kind',
        'short',
        '--text',
        './a',
        '--image-path',
        'a/../b.png',
        '--pictures',
        's3://b/k',
        '--pictures',
        'c.png',
      ],
      () => [
        {
          operation: 'create_note',
          input: { kind: 'short', text: './a', picture: at('b.png'), pictures: ['s3://b/k', at('c.png')], ...note },
        },
      ],
    ],
    [
      'the whole input from a file, flags over it',
      ['create-note', '--input', 'input.json', '--kind', 'short'],
      () => [{ operation: 'create_note', input: { text: 'from a file', kind: 'short', ...note } }],
    ],
    [
      'the whole input from stdin',
      ['create-note', '--input', '-'],
      () => [{ operation: 'create_note', input: { text: 'piped', kind: 'short', ...note } }],
      '{"text":"piped","kind":"short"}',
    ],
    ['a path parameter', ['get-note', '--note-id', '7'], () => [{ operation: 'get_note', input: { note_id: '7' } }]],
    [
      'null',
      ['update-note', '--note-id', '7', '--no-title', '--no-tags'],
      () => [{ operation: 'update_note', input: { note_id: '7', title: null, tags: null } }],
    ],
    [
      'words',
      ['token', 'create', '--name', 'n', '--permission', 'admin'],
      () => [{ operation: 'create_token', input: { name: 'n', permission: ['admin'] } }],
    ],
    ['a picture', ['import', 'p.png'], () => [importing({ path: at('p.png') })]],
    ['an address', ['import', 'https://x.example/p.png'], () => [importing({ url: 'https://x.example/p.png' })]],
    ['text from stdin', ['import', '-'], () => [importing({ payload: 'steps: 20' })], 'steps: 20'],
    [
      'a folder',
      ['import', 'pictures'],
      () => [importing({ path: at('pictures/a.JPG') }), importing({ path: at('pictures/b.png') })],
    ],
    [
      'every flag of import',
      ['import', 'p.png', '--models', 'm', '--models', '/n', '--format', 'comfyui', '--track', '--yes'],
      () => [importing({ path: at('p.png'), format: 'comfyui', track: true, model_roots: [at('m'), '/n'] })],
    ],
    ['a dry run', ['import', 'p.png', '--dry-run'], () => [importing({ path: at('p.png'), dry_run: true })]],
    [
      'scan',
      ['scan', 'm', '--models', 'n', '--identify'],
      () => [{ operation: 'scan_models', input: { roots: [at('m'), at('n')], identify: true } }],
    ],
    [
      'an address to hash',
      ['hash', 'https://x.example/f'],
      () => [{ operation: 'calculate_sha256', input: { path: 'https://x.example/f' } }],
    ],
    [
      'an upload',
      ['import-prompt', '--file', 'pictures/b.png'],
      () => [{ ...importing({}), upload: 'b.png', sent: 'b.png' }],
    ],
  ]
  test.each(cases)('%s', async (_, argv, calls, stdin = '') => {
    const ran = await run(argv, { stdin })
    expect({ calls: ran.calls, stderr: ran.stderr, exitCode: ran.exitCode }).toEqual({
      calls: [...calls()],
      stderr: '',
      exitCode: 0,
    })
  })

  function importing(input: object): object {
    return { operation: 'import_prompt', input: { format: 'auto', dry_run: false, track: false, ...input } }
  }

  test('a picture from a pipe travels as a file', async () => {
    const { calls, exitCode } = await run(['import', '-'], { stdin: new Uint8Array([0x89, 0x50, 0xff, 0]) })
    expect(calls).toEqual([{ ...importing({}), upload: 'stdin', sent: '\x89P\xff\0' }])
    expect(exitCode).toBe(0)
  })

  test('an upload leaves the file of the caller where it is', async () => {
    await run(['import-prompt', '--file', 'pictures/b.png'])
    expect(await Bun.file(join(folder, 'pictures/b.png')).text()).toBe('b.png')
  })
})

describe('output', () => {
  test.each([
    [['version'], '0.1.0\n'],
    [
      ['create-note', '--kind', 'short', '--text', 'a\x1b[31m'],
      ['note_id  1', 'kind     short', 'text     a\\u001b[31m', 'draft    false', 'notify   true', ''].join('\n'),
    ],
    [['list-notes'], 'NOTE_ID  TEXT         KIND\n2        second line  short\n1        first        long\n'],
    [['list-notes', '--limit', '1'], 'NOTE_ID  TEXT         KIND\n2        second line  short\n(1 of 2)\n'],
  ])('%j', async (argv, stdout) => {
    expect(await run(argv)).toMatchObject({ exitCode: 0, stderr: '', stdout })
  })

  test('--json is one document on one line', async () => {
    const { stdout } = await run(['list-notes', '--limit', '1', '--json'])
    expect(stdout.trimEnd()).not.toContain('\n')
    expect(JSON.parse(stdout)).toMatchObject({ notes: [{ note_id: '2', text: 'second\nline' }], count: 2 })
  })

  test('--json on a terminal is indented', async () => {
    expect((await run(['version', '--json'], { terminal: 80 })).stdout).toBe('{\n  "version": "0.1.0"\n}\n')
  })

  test('the table of an import', async () => {
    const { stdout, exitCode, calls } = await run(['import', 'partial.png'])
    expect(calls).toHaveLength(1)
    expect(stdout.replace(/imp_\w+/, 'imp_id')).toBe(
      [
        'partial.png  imp_id  a1111  partially completed',
        'TYPE        NAME              STATUS    SIZE     WHERE',
        'checkpoint  base.safetensors  resolved  10 B     /models/base.safetensors',
        'lora        style             missing   2.0 KiB  No file of this name and no file with this hash is here',
        '',
      ].join('\n'),
    )
    expect(exitCode).toBe(10)
  })

  test('an import as JSON is the job', async () => {
    const { stdout, exitCode } = await run(['import', 'p.png', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'completed',
      progress: 1,
      dependencies: [{ type: 'checkpoint' }],
    })
    expect(exitCode).toBe(0)
  })

  test('several imports as JSON', async () => {
    const { stdout, stderr, exitCode } = await run(['import', 'p.png', 'invalid.png', 'fail.png', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      count: 3,
      items: [
        { source: 'p.png', status: 'completed' },
        { source: 'invalid.png', error: { code: 'invalid_input', detail: 'This holds no prompt' } },
        { source: 'fail.png', status: 'failed', error: 'It went wrong' },
      ],
    })
    expect(stderr).toBe('error: invalid.png: This holds no prompt\n')
    expect(exitCode).toBe(10)
  })

  test('a batch is followed job by job', async () => {
    const { stdout, exitCode } = await run([
      ...['import-prompts', '--items', '{"path":"a"}', '--items', '{"path":"partial"}', '--json'],
    ])
    expect(JSON.parse(stdout)).toMatchObject({
      batch_id: 'batch_1',
      jobs: [{ status: 'completed' }, { status: 'partially_completed' }],
    })
    expect(exitCode).toBe(10)
  })

  test('--no-wait answers at once and says when the job will run', async () => {
    const ran = await run(['import', 'partial.png', '--no-wait', '--json'])
    expect(JSON.parse(ran.stdout)).toMatchObject({ status: 'analyzing' })
    expect(ran.stderr).toBe('queued: it runs when airkeep serve is started on this data directory\n')
    expect(ran.exitCode).toBe(0)
    expect((await run(['scan', '--no-wait', '--quiet'])).stderr).toBe('')
  })

  test('progress is drawn on a terminal alone, and taken away', async () => {
    expect((await run(['import', 'p.png'])).stderr).toBe('')
    expect((await run(['import', 'p.png', '--quiet'], { terminal: 80 })).stderr).toBe('')
    const { stderr } = await run(['import', 'p.png'], { terminal: 80 })
    expect(stderr).toStartWith('\r\x1b[K[')
    expect(stderr).toEndWith('\r\x1b[K')
  })

  test('config show names every setting, its source and no secret', async () => {
    const env = { CIVITAI_TOKEN: 'hush', AIRKEEP_BANDWIDTH: '5' }
    const { stdout } = await run(['config', 'show', '--json'], { env })
    expect(stdout).not.toContain('hush')
    const shown = JSON.parse(stdout) as { settings: { name: string }[] }
    expect(shown.settings).toContainEqual(
      expect.objectContaining({ name: 'bandwidth', value: 5, source: 'environment' }),
    )
    expect(shown.settings).toContainEqual(expect.objectContaining({ name: 'civitai_token', value: '***' }))
    const text = await run(['config', 'show'], { env })
    expect(text.stdout).toMatch(/^bandwidth +5 +environment$/m)
    expect(text.stdout).toMatch(/^civitai_token +\*\*\* +environment$/m)
    expect(text.stdout).not.toContain('hush')
  })
})

describe('help', () => {
  test.each([[[]], [['help']], [['--help']], [['help', '--config', 'broken.jsonc']]])('%j', async (argv) => {
    const { stdout, stderr, exitCode } = await run(argv)
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(stdout).toMatch(/^ {2}serve .*\n/m)
    expect(stdout).toMatch(/^ {2}create-note +Write a note\n/m)
    expect(stdout).not.toContain('hidden-note')
  })

  test.each([
    [['create-note', '--help']],
    [['help', 'create-note']],
    [['create-note', '-h', '--config', 'broken.jsonc']],
  ])('%j', async (argv) => {
    const { stdout, exitCode, calls } = await run(argv)
    expect({ exitCode, calls }).toEqual({ exitCode: 0, calls: [] })
    expect(stdout).toMatch(/--kind <text> +How long it is \(required; one of short, long\)/)
    expect(stdout).toMatch(/--draft \[true\|false\] +Not to be shown yet \(default false\)/)
    expect(stdout).toMatch(/--no-notify/)
    expect(stdout).not.toContain('--no-draft')
    expect(stdout).not.toContain('--body')
    expect(stdout).toContain('Example:\n  airkeep create-note --kind short')
  })

  test('with --json it is one document', async () => {
    const { stdout } = await run(['help', 'token', 'create', '--json'])
    expect(JSON.parse(stdout).help).toContain('airkeep token create')
  })

  test.each(['serve', 'mcp', 'import', 'hash', 'config', 'version'])('%s --help loads no program', async (name) => {
    const parts = {
      createApp: () => Promise.reject(new Error('loaded')),
      createHasher: () => Promise.reject(new Error('loaded')),
    }
    const { stdout, exitCode } = await run([name, '--help'], { parts })
    expect(exitCode).toBe(0)
    expect(stdout).toStartWith(`Usage: airkeep ${name}`)
  })
})

describe('errors', () => {
  const cases: readonly (readonly [argv: readonly string[], exitCode: number, stderr: string])[] = [
    [['create-note', '--txet', 'a'], 2, "error: Unknown option '--txet'\nhint: Did you mean --text?\n"],
    [['creat-note'], 2, "error: Unknown command 'creat-note'\nhint: Did you mean create-note?\n"],
    [['frobnicate'], 2, "error: There is no command 'frobnicate'\nhint: airkeep help lists the commands\n"],
    [['help', 'frobnicate'], 2, 'error: There is no command frobnicate\nhint: airkeep help lists the commands\n'],
    [['token'], 2, 'error: A command is missing\nhint: Add --help to see which there are\n'],
    [
      ['import'],
      2,
      "error: Missing required argument 'source'\nhint: Add --help to the command to see what it takes\n",
    ],
    [
      ['version', 'now'],
      2,
      "error: Too many arguments for 'version'. Expected 0 arguments but got 1.\nhint: Add --help to the command to see what it takes\n",
    ],
    [['node', 'add', '--name', 'x'], 2, 'error: airkeep node add is not part of this version\n'],
    [['catalog', 'check', 'x'], 2, 'error: airkeep catalog check is not part of this version\n'],
    [['create-note', '--kind', 'tall'], 2, 'error: kind must be one of short, long\n  text is required\n'],
    [['get-note', '--note-id', 'abc'], 2, 'error: note_id must be a valid integer ID\n'],
    [['get-note', '--note-id', ''], 2, 'error: note_id must be a valid integer ID\n'],
    [
      ['create-note', '--kind', 'short', '--text', 'conflict'],
      5,
      'error: This note exists\n  existing asset_id: 7\nhint: Update it instead\n',
    ],
    [
      ['create-note', '--kind', 'short', '--text', 'crash'],
      1,
      'error: Something went wrong inside airkeep\nhint: AIRKEEP_LOG=debug shows the cause\n',
    ],
    [['create-note', '--input', 'gone.json'], 4, 'error: Cannot read gone.json\n'],
    [['create-note', '--input', 'list.json'], 2, 'error: --input must be a JSON object\n'],
    [['create-note', '--metadata', '@gone.json'], 4, 'error: Cannot read gone.json\n'],
    [['serve', '--port', 'x'], 2, 'error: --port must be a whole number from 0 to 65535\n'],
    [['serve', '--port', '65536'], 2, 'error: --port must be a whole number from 0 to 65535\n'],
    [
      ['serve', '--host', '0.0.0.0', '--port', '0'],
      3,
      'error: Listening on 0.0.0.0 needs a token, and none is configured\nhint: Make one with airkeep token create, or set AIRKEEP_TOKEN; or listen on 127.0.0.1\n',
    ],
    [['hash', 'x', '--engine', 'fast'], 2, 'error: --engine must be one of native, wasm\n'],
    [['import', 'invalid.png'], 2, 'error: This holds no prompt\n'],
    [['import', 'none'], 4, 'error: none holds no picture, video or text\n'],
    [['import-prompt', '--file', 'gone.png'], 4, 'error: Cannot read <folder>/gone.png: there is no such file\n'],
    [['list-notes', '--config', 'gone.jsonc'], 4, 'error: The config file gone.jsonc does not exist\n'],
    [
      ['list-notes', '--server', 'ftp://x'],
      2,
      'error: --server must be an http or https URL such as http://host:7801\n',
    ],
  ]
  test.each(cases)('%j ends with %i', async (argv, exitCode, stderr) => {
    const ran = await run(argv)
    const { stdout, exitCode: code } = ran
    expect({ stdout, stderr: ran.stderr.replaceAll(folder, '<folder>'), code }).toEqual({
      stdout: '',
      stderr,
      code: exitCode,
    })
    const asJson = await run([...argv, '--json'])
    expect(asJson.exitCode).toBe(exitCode)
    const [first = ''] = stderr.replaceAll('<folder>', folder).split('\n')
    expect(`error: ${JSON.parse(asJson.stdout).detail}`).toBe(first)
  })

  test('a failed job', async () => {
    const { stdout, exitCode } = await run(['import', 'fail.png'])
    expect(stdout.replace(/imp_\w+/, 'imp_id')).toBe('fail.png  imp_id  failed\nIt went wrong\n')
    expect(exitCode).toBe(10)
  })

  test('AIRKEEP_LOG=debug shows the cause on stderr alone', async () => {
    const env = { AIRKEEP_LOG: 'debug' }
    const { stdout, stderr } = await run(['create-note', '--kind', 'short', '--text', 'crash', '--json'], { env })
    expect(stderr).toContain('secret inner state')
    expect(stdout).not.toContain('secret inner state')
  })

  test('a reader that goes away ends the command without a word', async () => {
    expect(await run(['list-notes'], { readerLeavesAfter: 0 })).toMatchObject({ exitCode: 141, stdout: '', stderr: '' })
    expect(await run(['help'], { readerLeavesAfter: 0 })).toMatchObject({ exitCode: 141, stdout: '', stderr: '' })
  })
})

describe('a signal', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s cancels what hangs', async (signal) => {
    let send: ((signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => void) | undefined
    const ran = await run(['hang-note'], {
      terminal: 80,
      onStart: (given) => {
        send = given
      },
      // The call has begun: it shows its progress.
      onStderr: () => send?.(signal),
    })
    expect(ran).toMatchObject({ exitCode: 9, stdout: '', calls: [{ operation: 'hang_note' }] })
    expect(ran.stderr).not.toContain('error')
  })

  test('in the middle of a job says what becomes of it', async () => {
    let send: ((signal: 'SIGTERM') => void) | undefined
    const ran = await run(['import', 'slow.png'], {
      terminal: 100,
      onStart: (given) => {
        send = given
      },
      onStderr: () => send?.('SIGTERM'),
    })
    expect(ran.exitCode).toBe(9)
    expect(ran.stderr).toMatch(/imp_\w+ is put back and goes on with the next airkeep serve, import or scan\n/)
  })

  test('with --json leaves the problem document', async () => {
    let send: ((signal: 'SIGINT') => void) | undefined
    const { stdout } = await run(['hang-note', '--json'], {
      terminal: 100,
      onStart: (given) => {
        send = given
      },
      onStderr: () => send?.('SIGINT'),
    })
    expect(JSON.parse(stdout)).toMatchObject({ code: 'cancelled', status: 409 })
  })
})
