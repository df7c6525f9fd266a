import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EndSignal } from '../../src/cli/outside.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { callsIn } from '../support/cli-operations.ts'
import { spawnServe } from '../support/cli-process.ts'
import { type CliResult, type CliWorld, runInProcess } from '../support/cli-run.ts'
import { needs } from '../support/requires.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

/** `airkeep import` of what is not here, over a program whose jobs fetch as the real one's do. */
let folder: TempDir
let data: string
beforeEach(() => {
  folder = tempDir()
  data = join(folder.path, 'data')
  mkdirSync(data)
})
afterEach(() => folder[Symbol.dispose]())

interface Ran extends CliResult {
  readonly questions: readonly string[]
  /** Operations in their order, with what tells them apart. */
  readonly calls: readonly string[]
}

async function run(argv: readonly string[], world: CliWorld = {}): Promise<Ran> {
  const questions: string[] = []
  const ran = await runInProcess(argv, {
    cwd: folder.path,
    onQuestion: (question) => questions.push(question),
    ...world,
    env: { AIRKEEP_DATA: data, ...world.env },
  })
  return { ...ran, questions, calls: callsIn(data).map(describeCall) }
}

function describeCall({ operation, input }: JsonObject): string {
  const { path, download, track, reference, air, skip, job_id } = input as JsonObject
  const source = typeof path === 'string' ? path.split('/').at(-1) : undefined
  const flags = Object.entries({ track, skip, download }).flatMap(([name, value]) => (value === true ? [name] : []))
  return [
    operation,
    source,
    download === false ? 'look' : undefined,
    reference,
    air,
    ...flags,
    typeof job_id === 'string' ? job_id.split('_')[0] : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(' ')
}

/** Somebody who types these lines. */
const person = (...answers: string[]): CliWorld => ({ terminal: 100, answers })

const LOOK = 'import_prompt fetch.png look'
const FETCH = 'import_prompt fetch.png'
const GO = 'retry_import_job download imp'
const QUESTION = 'Download 2 files, 6.4 GiB? [Y/n] '

describe('one picture', () => {
  const rows: readonly (readonly [
    what: string,
    argv: readonly string[],
    world: CliWorld,
    exitCode: number,
    calls: readonly string[],
    questions: readonly string[],
  ])[] = [
    ['Enter downloads', ['fetch.png'], person(''), 0, [LOOK, GO], [QUESTION]],
    ['yes downloads', ['fetch.png'], person('Yes'), 0, [LOOK, GO], [QUESTION]],
    ['no leaves it', ['fetch.png'], person('n'), 10, [LOOK], [QUESTION]],
    ['the end of the input leaves it', ['fetch.png'], person(), 10, [LOOK], [QUESTION]],
    ['any other word is asked again', ['fetch.png'], person('maybe', 'n'), 10, [LOOK], [QUESTION, QUESTION]],
    ['--yes asks nothing', ['fetch.png', '--yes'], person(), 0, [FETCH], []],
    ['--no-download asks nothing', ['fetch.png', '--no-download'], person(), 10, [LOOK], []],
    ['--no-wait asks nothing', ['fetch.png', '--no-wait'], person(), 0, [FETCH], []],
    ['--json asks nothing', ['fetch.png', '--json'], person(), 0, [FETCH], []],
    ['without a terminal policy alone decides', ['fetch.png'], {}, 0, [FETCH], []],
    ['without a terminal for the question too', ['fetch.png'], { answers: ['n'] }, 0, [FETCH], []],
    ['--quiet asks all the same', ['fetch.png', '--quiet'], person('n'), 10, [LOOK], [QUESTION]],
    ['where all is here there is nothing to ask', ['here.png'], person(), 0, ['import_prompt here.png look'], []],
    [
      'what is blocked alone is not asked for, and comes once it is not',
      ['gated.png'],
      person(),
      10,
      ['import_prompt gated.png look', GO],
      [],
    ],
    [
      '--track of what is blocked alone comes once it is not',
      ['gated.png', '--track'],
      person(),
      10,
      ['import_prompt gated.png look', 'import_prompt gated.png track'],
      [],
    ],
    [
      '--track records once, with what was fetched',
      ['fetch.png', '--track'],
      person('y'),
      0,
      [LOOK, `${FETCH} track`],
      [QUESTION],
    ],
    [
      '--track records what is left too',
      ['fetch.png', '--track'],
      person('n'),
      10,
      [LOOK, `${LOOK} track`],
      [QUESTION],
    ],
  ]
  test.each(rows)('%s', async (_, argv, world, exitCode, calls, questions) => {
    expect(await run(['import', ...argv], world)).toMatchObject({ exitCode, calls, questions })
  })

  test('the table goes before the question, what came of it to stdout', async () => {
    const { stdout, stderr } = await run(['import', 'fetch-gated.png'], person(''))
    const [before = ''] = stderr.split('Download 2 files')
    expect(before).toContain('2 files, 6.4 GiB to fetch, 120.0 GiB free\n')
    expect(before).toMatch(/lora +harbor\.safetensors +to fetch +400\.0 MiB +civitai +as style\/harbor\.safetensors\n/)
    expect(before).toMatch(/diffusion_model +pier\.gguf +to fetch +6\.0 GiB +gpu-1\n/)
    expect(before).toContain('  airkeep accept-terms --civitai-version-id 7\n')
    expect(stdout).toMatch(/pier\.gguf +resolved +6\.0 GiB +gpu-1 +\/models\/diffusion_model\/pier\.gguf\n/)
    expect(stdout).toMatch(/\n2 files fetched: \d/)
    expect(stdout).not.toContain('to fetch')
  })

  test('what was declined says how it is fetched all the same', async () => {
    const { stderr } = await run(['import', 'fetch.png'], person('n'))
    expect(stderr).toMatch(/Nothing was downloaded: airkeep retry-import-job --job-id imp_\w+ --download fetches it\n/)
    const two = await run(['import', 'fetch.png', 'shared.png'], person('n'))
    expect(two.stderr).toMatch(/Nothing was downloaded: airkeep retry-import-job --job-id JOB --download fetches it\n/)
  })

  test('bars are drawn on a terminal alone, and taken away', async () => {
    const { stderr } = await run(['import', 'fetch.png', '--yes'], { terminal: 100 })
    expect(stderr).toEndWith('\r\x1b[K')
    for (const silent of [{}, { terminal: 100, env: { TERM: 'dumb' } }]) {
      expect((await run(['import', 'fetch.png', '--yes'], silent)).stderr).toBe('')
    }
    for (const flag of ['--quiet', '--json']) {
      expect((await run(['import', 'fetch.png', '--yes', flag], { terminal: 100 })).stderr).toBe('')
    }
  })

  test('--json is the job in its last state', async () => {
    const { stdout } = await run(['import', 'fetch.png', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'completed',
      to_download: { files: 0, bytes: 0 },
      dependencies: [{}, { status: 'resolved', resolved_source: 'civitai' }, { resolved_node: 'gpu-1' }],
    })
  })
})

describe('what may be several files', () => {
  const look = 'import_prompt twins.png look'
  const which = 'Which one? [1-2, s to skip it, Enter to leave it open] '
  const air = 'choose_candidate twin urn:air:sdxl:lora:civitai:1@2 imp'
  const rows: readonly (readonly [
    what: string,
    answers: readonly string[],
    exitCode: number,
    calls: readonly string[],
    questions: readonly string[],
  ])[] = [
    ['a file that is here', ['1'], 0, [look, 'choose_candidate twin.safetensors twin imp'], [which]],
    ['none of them', ['s'], 0, [look, 'choose_candidate twin skip imp'], [which]],
    ['left open', [''], 10, [look, GO], [which]],
    ['left open at the end of the input', [], 10, [look, GO], [which]],
    [
      'one that has to be fetched',
      ['3', '2', ''],
      0,
      [look, air, GO],
      [which, which, 'Download 1 file, 1.0 GiB? [Y/n] '],
    ],
    ['one that is not fetched then', ['2', 'n'], 10, [look, air], [which, 'Download 1 file, 1.0 GiB? [Y/n] ']],
  ]
  test.each(rows)('%s', async (_, answers, exitCode, calls, questions) => {
    expect(await run(['import', 'twins.png'], person(...answers))).toMatchObject({ exitCode, calls, questions })
  })

  test('is not asked of several sources, nor where nobody is to be told anything', async () => {
    expect(await run(['import', 'twins.png', 'here.png'], person())).toMatchObject({ questions: [] })
    expect(await run(['import', 'twins.png', '--quiet'], person())).toMatchObject({ questions: [] })
  })
})

describe('a folder', () => {
  beforeEach(() => {
    mkdirSync(join(folder.path, 'renders'))
    for (const name of ['fetch', 'shared', 'here', 'invalid']) {
      writeFileSync(join(folder.path, `renders/${name}.png`), '')
    }
  })

  test('is asked for once, with each model once; only what lacks something goes again', async () => {
    const { exitCode, questions, calls, stderr, stdout } = await run(['import', 'renders'], person(''))
    expect(questions).toEqual([QUESTION])
    expect(stderr).toMatch(/lora +harbor\.safetensors +to fetch +400\.0 MiB +civitai +2 /)
    expect(calls.slice(0, 4).every((call) => call.endsWith(' look'))).toBe(true)
    expect(calls.slice(4)).toEqual([GO, GO])
    expect(stdout).toContain('4 files: 3 with a prompt (a1111 3), 0 without, 1 failed\n')
    expect(stdout).toContain('2 files fetched: ')
    expect(stdout.indexOf('fetch.png')).toBeLessThan(stdout.indexOf('here.png'))
    expect(exitCode).toBe(10)
  })

  test('that is refused is left as it is', async () => {
    const { questions, calls, stdout } = await run(['import', 'renders'], person('n'))
    expect({ questions, calls: calls.length }).toEqual({ questions: [QUESTION], calls: 4 })
    expect(stdout).toContain('2 files, 6.4 GiB to fetch')
  })

  test('without a terminal goes in one turn', async () => {
    const { questions, calls } = await run(['import', 'renders'])
    expect(questions).toEqual([])
    expect(calls.filter((call) => call.endsWith('look'))).toEqual([])
  })
})

describe('Ctrl-C', () => {
  /** Sends the signal as soon as stderr says so. */
  function ending(signal: EndSignal, when: string, world: CliWorld = {}): CliWorld {
    let send: (signal: EndSignal) => void = () => {}
    return {
      terminal: 100,
      ...world,
      onStart(sender) {
        send = sender
      },
      onStderr(text) {
        if (text.includes(when)) send(signal)
      },
    }
  }

  test('in the middle cancels the import, which ends what it fetches, and says how it goes on', async () => {
    const ran = await run(['import', 'slow-fetch.png', '--yes'], ending('SIGINT', 'analyzing'))
    expect(ran.exitCode).toBe(9)
    expect(ran.calls).toEqual(['import_prompt slow-fetch.png', 'cancel_import_job imp'])
    expect(ran.stderr).toMatch(
      /(imp_\w+) is cancelled; what has come is kept: airkeep retry-import-job --job-id \1 goes on with it\n/,
    )
  })

  test('while it is being looked for leaves nothing behind', async () => {
    const ran = await run(['import', 'fetch.png'], ending('SIGINT', 'analyzing', person('')))
    expect(ran).toMatchObject({ exitCode: 9, questions: [] })
    expect(ran.calls).toEqual([LOOK, 'cancel_import_job imp'])
    expect(ran.stderr).not.toContain('cancelled')
  })

  test('at the question ends without a word', async () => {
    let send: (signal: EndSignal) => void = () => {}
    const ran = await run(['import', 'fetch.png'], {
      ...person(''),
      onStart(sender) {
        send = sender
      },
      onQuestion: () => send('SIGINT'),
    })
    expect(ran).toMatchObject({ exitCode: 9, stdout: '', calls: [LOOK] })
  })

  test('a machine that goes down has it go on some day', async () => {
    const ran = await run(['import', 'slow-fetch.png', '--yes'], ending('SIGTERM', 'analyzing'))
    expect(ran).toMatchObject({ exitCode: 9, calls: ['import_prompt slow-fetch.png'] })
    expect(ran.stderr).toMatch(/imp_\w+ is put back and goes on with the next airkeep serve, import or scan\n/)
  })
})

describe('on a real terminal', () => {
  // `script` gives the command one, and types what comes on its own stdin.
  test.skipIf(!needs('script'))('asks a running serve, reads the answer, draws and ends', async () => {
    await using serve = await spawnServe(data)
    const line = `stty cols 80 rows 24; '${process.execPath}' '${join(import.meta.dirname, '../support/cli-main.ts')}' import fetch.png`
    const child = Bun.spawn(['script', '-q', '-e', '-c', line, '/dev/null'], {
      cwd: folder.path,
      env: { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TERM: 'xterm', AIRKEEP_DATA: data },
      stdin: 'pipe',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    let shown = ''
    const decoder = new TextDecoder()
    for await (const chunk of child.stdout) {
      const before = shown
      shown += decoder.decode(chunk, { stream: true })
      if (!before.includes('[Y/n]') && shown.includes('[Y/n]')) {
        child.stdin.write('\n')
        child.stdin.flush()
      }
    }
    expect(await child.exited).toBe(0)
    expect(shown).toContain('Download 2 files, 6.4 GiB? [Y/n] ')
    expect(shown).toContain('2 files fetched: ')
    for (const row of shown.split('\r\n').filter((text) => text.startsWith('lora ')))
      expect(row.length).toBeLessThanOrEqual(80)
    expect(callsIn(data).map(({ pid }) => pid)).toEqual([serve.pid, serve.pid])
  })
})
