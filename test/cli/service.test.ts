import { describe, expect, test } from 'bun:test'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { isOnlyOurs, withToken } from '../../src/cli/service/files.ts'
import { environmentLine, MARK, type UnitOptions, unitText } from '../../src/cli/service/unit.ts'
import { runInProcess } from '../support/cli-run.ts'
import { needs } from '../support/requires.ts'
import { tempDir } from '../support/temp-dir.ts'

const aUnit = (options: Partial<UnitOptions> = {}): string =>
  unitText({
    scope: 'system',
    executable: ['/usr/local/bin/airkeep'],
    args: ['serve', '--port', '7801'],
    environmentFile: '/etc/airkeep/airkeep.env',
    folders: ['/srv/airkeep'],
    ...options,
  })

/** systemd.syntax(7) as far as it is used here: words in double quotes with `\"` and `\\`, `%%` for a percent sign. */
function wordsOf(value: string): string[] {
  const words = value.match(/"(?:[^"\\]|\\.)*"|[^\s"]+/gs) ?? []
  return words.map((word) =>
    word
      .replace(/^"(.*)"$/s, '$1')
      .replaceAll(/\\(.)/gs, '$1')
      .replaceAll('%%', '%'),
  )
}

/** Lines end at line feeds alone: for `.` and `$` of a pattern U+2028 ends one too. */
const settingOf = (unit: string, key: string): string =>
  unit
    .split('\n')
    .find((line) => line.startsWith(`${key}=`))
    ?.slice(key.length + 1) ?? ''

describe('the unit', () => {
  const folders = ['plain', 'a b', '100%', '$HOME', '%n', '[x]*?', 'é ☃', ';', '#']

  function verify(unit: string, scope: 'system' | 'user'): { exitCode: number; said: string } {
    using folder = tempDir()
    const path = join(folder.path, 'airkeep.service')
    writeFileSync(path, unit)
    const { exitCode, stderr } = Bun.spawnSync(
      ['systemd-analyze', ...(scope === 'user' ? ['--user'] : []), 'verify', '--man=no', path],
      { env: { PATH: process.env.PATH ?? '', XDG_RUNTIME_DIR: folder.path, HOME: folder.path } },
    )
    return { exitCode, said: stderr.toString() }
  }

  test
    .skipIf(!needs('systemd-analyze'))
    .each(folders.flatMap((name) => [[name, 'system'] as const, [name, 'user'] as const]))(
    'systemd takes it for an executable in the folder %p (%s)',
    (name, scope) => {
      using root = tempDir()
      const folder = join(root.path, name)
      mkdirSync(folder)
      const program = join(folder, 'airkeep')
      copyFileSync('/bin/true', program)
      chmodSync(program, 0o755)
      const unit = aUnit({
        scope,
        executable: [program],
        args: ['serve', '--data', folder, '--models', `${folder}/"quoted" \\ 'folder'`],
        environmentFile: `${folder}/airkeep.env`,
        folders: [folder, `/usr/share/${name}`],
      })
      expect(verify(unit, scope)).toEqual({ exitCode: 0, said: '' })
    },
  )

  test.skipIf(!needs('systemd-analyze'))('and would not take it for one that is not there', () => {
    const { exitCode, said } = verify(aUnit({ executable: ['/no/such/airkeep'] }), 'system')
    expect(exitCode).not.toBe(0)
    expect(said).toContain('/no/such/airkeep')
  })

  test('says the words that it was given, whatever they are', () => {
    const word = fc.string({ unit: 'binary' }).filter((text) => !/[\p{Cc}]/u.test(text))
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (args) => {
        const line = settingOf(aUnit({ args }), 'ExecStart')
        expect(line).toStartWith(':/usr/local/bin/airkeep ')
        expect(wordsOf(line.slice(1)).slice(1)).toEqual(args)
        expect(line).not.toMatch(/(?<!%)%(?:%%)*(?!%)/)
      }),
    )
  })

  test.each([
    ['a line break', { args: ['serve', '--data', '/a\nExecStartPost=/bin/evil'] }],
    ['a line break in the environment file', { environmentFile: '/a\n[Service]' }],
    ['quotes in the name of the program', { executable: ['/a"b/airkeep'] }],
    ['a backslash in the name of the program', { executable: ['/a\\b/airkeep'] }],
  ])('is refused for %s', (_, options) => {
    expect(() => aUnit(options)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })

  test('can be written where the data is, also where systemd would forbid it', () => {
    const unit = aUnit({ folders: ['/usr/share/my data', '/srv/models'] })
    expect(unit).toContain('ProtectSystem=full')
    expect(wordsOf(settingOf(unit, 'ReadWritePaths'))).toEqual(['-/usr/share/my data'])
    expect(aUnit()).not.toContain('ReadWritePaths')
  })

  test('of a user asks for nothing that only root may have', () => {
    const unit = aUnit({ scope: 'user' })
    for (const forbidden of ['ProtectSystem', 'PrivateDevices', 'CapabilityBoundingSet', 'network-online']) {
      expect(unit).not.toContain(forbidden)
    }
    expect(unit).toContain('WantedBy=default.target')
    expect(unit).toContain('Restart=on-failure')
  })
})

describe('the environment file', () => {
  test('holds any token, as a shell and systemd read it', () => {
    const token = fc.string({ unit: 'grapheme-ascii', minLength: 1 }).filter((text) => !/[\n\0]/.test(text))
    fc.assert(
      fc.property(token, (text) => {
        const line = environmentLine('AIRKEEP_TOKEN', text)
        const [, inside = ''] = /^AIRKEEP_TOKEN="((?:[^"\\$`]|\\.)*)"$/.exec(line) ?? []
        expect(inside.replaceAll(/\\(.)/g, '$1')).toBe(text)
      }),
    )
    const tricky = `a'b"c\\d$e\`f`
    const { stdout } = Bun.spawnSync(['sh', '-c', `${environmentLine('T', tricky)}; printf %s "$T"`])
    expect(stdout.toString()).toBe(tricky)
  })

  const OWN = 'CIVITAI_TOKEN="mine"'
  const empty = withToken(undefined, '')
  test.each([
    ['a new one', undefined, 't', /^# Written by.*\n# Settings.*\nAIRKEEP_TOKEN="t"\n$/, true],
    ['a new one without a token', undefined, '', /^# Written by.*\n# Settings.*\n$/, true],
    ['another token', withToken(empty, 'old'), 'new', /AIRKEEP_TOKEN="new"\n$/, true],
    ['what its owner wrote stays', `${empty}${OWN}\n`, 't', /CIVITAI_TOKEN="mine"\nAIRKEEP_TOKEN="t"\n$/, false],
    ['no token changes nothing', `${OWN}\nAIRKEEP_TOKEN="kept"`, '', /AIRKEEP_TOKEN="kept"$/, false],
  ] as const)('%s', (_, before, token, expected, ours) => {
    const text = withToken(before, token)
    expect(text).toMatch(expected)
    expect(text).not.toContain('old')
    expect(withToken(text, token)).toBe(text)
    expect(isOnlyOurs(text)).toBe(ours)
  })
})

describe('airkeep service', () => {
  test('--print shows the unit, wherever it is, and does nothing', async () => {
    using folder = tempDir()
    const data = join(folder.path, 'my data')
    const { stdout, stderr, exitCode } = await runInProcess(
      ['service', 'install', '--print', '--port', '7900', '--models', 'models', '--data', data],
      { cwd: folder.path, executable: [process.execPath] },
    )
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
    expect(stdout).toStartWith(`${MARK}\n[Unit]\n`)
    expect(wordsOf(settingOf(stdout, 'ExecStart').slice(1))).toEqual([
      process.execPath,
      ...['serve', '--host', '127.0.0.1', '--port', '7900', '--data', data, '--models', join(folder.path, 'models')],
    ])
  })

  test.each([
    [['service', 'install', '--port', 'x'], 2, '--port must be a whole number from 0 to 65535'],
    [['service', 'install', '--server', 'http://other:1'], 2, 'A service is installed without --server'],
    [['service', 'uninstall', '--server', 'http://other:1'], 2, 'A service is removed without --server'],
    [['service'], 2, 'A command is missing'],
  ])('%j', async (argv, exitCode, message) => {
    const ran = await runInProcess(argv, { cwd: '/tmp', env: { AIRKEEP_DATA: '/tmp/none' } })
    expect(ran.exitCode).toBe(exitCode)
    expect(ran.stderr).toContain(message)
  })
})
