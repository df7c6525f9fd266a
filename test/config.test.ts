import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SETTINGS } from '../src/config/settings.ts'
import { type ConfigInput, loadConfig, showSettings } from '../src/config.ts'
import { AppError } from '../src/errors.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'airkeep-config-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

const load = (input: Partial<ConfigInput> = {}) => loadConfig({ env: {}, cwd: dir, data: dir, ...input })
const file = (text: string): void => writeFileSync(join(dir, 'config.jsonc'), text)

function failure(input: Partial<ConfigInput> = {}): AppError {
  try {
    load(input)
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('it was accepted')
}

test('flags over environment over config file over defaults', () => {
  expect(load()).toMatchObject({ settings: { civitai_account: 'c29' }, sources: { civitai_account: 'default' } })
  file('{ "civitai_account": "from-file" /* a comment */, }')
  expect(load()).toMatchObject({
    settings: { civitai_account: 'from-file' },
    sources: { civitai_account: 'config file' },
  })
  const env = { CIVITAI_ACCOUNT: 'from-env' }
  expect(load({ env }).settings.civitai_account).toBe('from-env')
  const flagged = load({ env, flags: { civitai_account: 'from-flag' } })
  expect(flagged).toMatchObject({ settings: { civitai_account: 'from-flag' }, sources: { civitai_account: 'flag' } })
})

test('the file may nest CivitAI settings, name them in full, or use the names of the environment', () => {
  file('{ "CivitAI": { "AllowedLicenses": [] }, "CivitAI.AllowTosAutoAccept": true, "AIRKEEP_MIN_FREE": "3 GiB" }')
  expect(load().settings).toMatchObject({
    'CivitAI.AllowedLicenses': [],
    'CivitAI.AllowTosAutoAccept': true,
    min_free: 3 * 2 ** 30,
  })
})

describe('texts become values', () => {
  const cases: [env: string, text: string, setting: keyof typeof SETTINGS, value: unknown][] = [
    ['AIRKEEP_BODY_LIMIT', '16 MiB', 'body_limit', 16 * 2 ** 20],
    ['AIRKEEP_BODY_LIMIT', '1.5k', 'body_limit', 1536],
    ['AIRKEEP_BODY_LIMIT', '1000', 'body_limit', 1000],
    ['AIRKEEP_ALLOW_PICKLE', 'yes', 'allow_pickle', true],
    ['AIRKEEP_ALLOW_PICKLE', '0', 'allow_pickle', false],
    ['AIRKEEP_HOSTS', 'a.example, b.example,', 'hosts', ['a.example', 'b.example']],
    ['AIRKEEP_MAX_RANGES', '4', 'max_ranges', 4],
    ['AWS_S3_FORCE_PATH_STYLE', 'Auto', 'aws_s3_force_path_style', 'auto'],
    ['AWS_S3_FORCE_PATH_STYLE', '1', 'aws_s3_force_path_style', true],
    ['AWS_S3_FORCE_PATH_STYLE', 'false', 'aws_s3_force_path_style', false],
  ]
  test.each(cases)('%s=%s', (env, text, setting, value) => {
    expect<unknown>(load({ env: { [env]: text } }).settings[setting]).toEqual(value)
  })
  test('paths are made absolute from the working directory', () => {
    expect(load({ env: { AIRKEEP_MODELS: '/a:b' } }).settings.models).toEqual(['/a', join(dir, 'b')])
  })
  test('an empty variable counts as not set', () => {
    expect(load({ env: { AIRKEEP_LOG: '' } }).sources.log).toBe('default')
  })
})

describe('what is wrong is named, with where it came from and without its value', () => {
  test.each([
    ['AIRKEEP_MAX_RANGES', 'hunter2', 'a whole number'],
    ['AIRKEEP_BODY_LIMIT', '-5', 'bytes'],
    ['AIRKEEP_ALLOW_PICKLE', 'perhaps', 'true or false'],
    ['AWS_S3_FORCE_PATH_STYLE', 'perhaps', 'true, false or auto'],
    ['AIRKEEP_LOG', 'loud', 'one of silent'],
  ])('%s', (env, text, expected) => {
    const error = failure({ env: { [env]: text } })
    expect(error.code).toBe('invalid_input')
    expect(error.message).toContain(env)
    expect(error.message).toContain(expected)
    expect(error.message).not.toContain(text)
  })
  test.each(['models', 'allow_read', 'hosts'] as const)(
    'nothing in the list of %s: it would name this folder',
    (name) => {
      for (const empty of ['', ' ']) {
        expect(failure({ flags: { [name]: ['/a', empty] } }).message).toContain('a list of texts that are not empty')
      }
      file(JSON.stringify({ [name]: [''] }))
      expect(failure().message).toContain('a list of texts that are not empty')
    },
  )
  test('a file that is no JSON', () => {
    file('{ "log": ')
    expect(failure().message).toContain('config.jsonc')
  })
  test('a setting that there is not', () => {
    file('{ "lgo": "info" }')
    expect(failure().message).toContain('lgo')
  })
  test('a file that was asked for and is not there', () => {
    expect(failure({ configFile: 'missing.jsonc' }).code).toBe('not_found')
  })
})

describe('the data directory', () => {
  test.each([
    ['the flag', { data: 'd', env: { AIRKEEP_DATA: '/e' } }, (cwd: string) => join(cwd, 'd')],
    ['the environment', { data: undefined, env: { AIRKEEP_DATA: '/e', XDG_DATA_HOME: '/x' } }, () => '/e'],
    ['XDG', { data: undefined, env: { XDG_DATA_HOME: '/x', HOME: '/h' } }, () => '/x/airkeep'],
    [
      'a relative XDG is ignored',
      { data: undefined, env: { XDG_DATA_HOME: 'x', HOME: '/h' } },
      () => '/h/.local/share/airkeep',
    ],
  ])('%s', (_, input, expected) => {
    expect(load(input).dataDir).toBe(expected(dir))
  })
})

test('secrets are shown as ***', () => {
  const shown = showSettings(load({ env: { CIVITAI_TOKEN: 'hunter2', AIRKEEP_TOKEN: 'hunter3' } }))
  expect(JSON.stringify(shown)).not.toContain('hunter')
  expect(shown.find(({ name }) => name === 'civitai_token')).toMatchObject({ value: '***', source: 'environment' })
  expect(shown.find(({ name }) => name === 'hf_token')?.value).toBe('')
})

test('passwords and tokens inside addresses are shown as ***, the address stays', () => {
  const shown = showSettings(
    load({
      env: {
        AIRKEEP_DB: 'libsql://me:hunter2@db.example/x?authToken=hunter3',
        AIRKEEP_CIVITAI_URL: 'https://me:hunter4@mirror.example',
        AIRKEEP_CIVITAI_ALLOWED_REMOTE_NODES: 'http://me:hunter5@node.example:7801,http://other.example',
      },
    }),
  )
  expect(JSON.stringify(shown)).not.toContain('hunter')
  const shownValue = (wanted: string) => shown.find(({ name }) => name === wanted)?.value
  expect(shownValue('db')).toBe('libsql://***@db.example/x?***')
  expect(shownValue('civitai_url')).toBe('https://***@mirror.example')
  expect(shownValue('CivitAI.AllowedRemoteNodes')).toEqual(['http://***@node.example:7801', 'http://other.example'])
})

test('every environment name belongs to one setting', () => {
  const names = Object.values(SETTINGS).map(({ env }) => env)
  expect(new Set(names).size).toBe(names.length)
})
