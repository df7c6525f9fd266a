import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { JsonObject } from '../../src/lib/json.ts'
import { type Executable, installExecutable } from '../support/executable.ts'
import { canNest } from '../support/pod.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

/**
 * The executable on a machine whose /etc and /run/systemd are the test's own and whose systemctl writes down what it is
 * asked for. What systemd makes of the unit is another test's subject.
 */
const ENTER = `
mount --bind "$1/etc" /etc
mount --bind "$1/run" /run/systemd
shift
exec "$@"
`

let executable: Executable
let machine: TempDir
beforeAll(() => {
  executable = installExecutable()
})
afterAll(() => executable.remove())
afterEach(() => machine[Symbol.dispose]())

function aMachine(systemd = true): void {
  machine = tempDir()
  for (const folder of ['etc/systemd/system', 'run', 'bin', 'home']) {
    mkdirSync(join(machine.path, folder), { recursive: true })
  }
  if (systemd) mkdirSync(join(machine.path, 'run/system'))
  const systemctl = join(machine.path, 'bin/systemctl')
  writeFileSync(
    systemctl,
    `#!/bin/sh\necho "$@" >>${machine.path}/asked\n[ ! -e ${machine.path}/fails ] || { echo 'Failed: no bus' >&2; exit 1; }\n`,
  )
  chmodSync(systemctl, 0o755)
}

interface Ran {
  readonly exitCode: number
  readonly output: JsonObject
  /** What systemctl was asked for. */
  readonly asked: readonly string[]
}

async function airkeep(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const asked = join(machine.path, 'asked')
  rmSync(asked, { force: true })
  const child = Bun.spawn(
    [...['unshare', '--mount', 'sh', '-c', ENTER, 'sh', machine.path], executable.path, ...args, '--json'],
    {
      cwd: machine.path,
      env: { PATH: `${machine.path}/bin:/usr/bin:/bin`, HOME: join(machine.path, 'home'), ...env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'ignore',
      timeout: 30_000,
    },
  )
  const stdout = await new Response(child.stdout).text()
  const lines = existsSync(asked) ? readFileSync(asked, 'utf8').trimEnd().split('\n') : []
  return { exitCode: await child.exited, output: JSON.parse(stdout) as JsonObject, asked: lines }
}

const inside = (path: string): string => join(machine.path, path)
const modeOf = (path: string): number => statSync(inside(path)).mode & 0o777

describe.skipIf(!canNest())('airkeep service', () => {
  const UNIT = 'etc/systemd/system/airkeep.service'
  const ENV_FILE = 'etc/airkeep/airkeep.env'
  const START = ['--no-ask-password daemon-reload', '--no-ask-password enable --now airkeep.service']

  test('installs, changes, and takes back', async () => {
    aMachine()
    const install = ['service', 'install', '--data', inside('my data'), '--models', inside('models')]
    const first = await airkeep(install, { AIRKEEP_TOKEN: 'sesame' })
    expect(first).toMatchObject({ exitCode: 0, output: { changed: true, enabled: true }, asked: START })
    const unit = readFileSync(inside(UNIT), 'utf8')
    expect(unit).toContain(
      `ExecStart=:${executable.path} serve --host 127.0.0.1 --port 7801 --data "${inside('my data')}"`,
    )
    expect(unit).not.toContain('sesame')
    expect(modeOf(UNIT)).toBe(0o644)
    expect(modeOf(ENV_FILE)).toBe(0o600)
    expect(readFileSync(inside(ENV_FILE), 'utf8')).toContain('AIRKEEP_TOKEN="sesame"')

    // The same again: nothing changes, and it runs as before.
    const { ino } = statSync(inside(UNIT))
    expect(await airkeep(install)).toMatchObject({ exitCode: 0, output: { changed: false }, asked: START })
    expect(statSync(inside(UNIT)).ino).toBe(ino)

    // Another port: the service starts anew with it, and the token stays.
    const changed = await airkeep([...install, '--port', '7900'])
    expect(changed.asked).toEqual([...START, '--no-ask-password restart airkeep.service'])
    expect(readFileSync(inside(UNIT), 'utf8')).toContain('--port 7900')
    expect(readFileSync(inside(ENV_FILE), 'utf8')).toContain('sesame')

    const removed = await airkeep(['service', 'uninstall'])
    expect(removed).toMatchObject({ exitCode: 0, output: { removed: true, environment_file_kept: false } })
    expect(removed.asked).toEqual([
      '--no-ask-password disable --now airkeep.service',
      '--no-ask-password daemon-reload',
    ])
    expect([existsSync(inside(UNIT)), existsSync(inside(ENV_FILE))]).toEqual([false, false])
    expect(await airkeep(['service', 'uninstall'])).toMatchObject({
      exitCode: 0,
      output: { removed: false },
      asked: [],
    })
  })

  test('keeps what its owner wrote into the environment file', async () => {
    aMachine()
    await airkeep(['service', 'install'])
    writeFileSync(inside(ENV_FILE), `${readFileSync(inside(ENV_FILE), 'utf8')}HF_TOKEN="mine"\n`)
    await airkeep(['service', 'install'], { AIRKEEP_TOKEN: 'later' })
    expect(readFileSync(inside(ENV_FILE), 'utf8')).toMatch(/HF_TOKEN="mine"\nAIRKEEP_TOKEN="later"\n$/)
    const removed = await airkeep(['service', 'uninstall'])
    expect(removed.output).toMatchObject({ removed: true, environment_file_kept: true })
    expect(readFileSync(inside(ENV_FILE), 'utf8')).toContain('mine')
  })

  test('of a user', async () => {
    aMachine()
    const { exitCode, asked } = await airkeep(['service', 'install', '--user'])
    expect({ exitCode, asked }).toEqual({ exitCode: 0, asked: START.map((line) => `--user ${line}`) })
    const unit = readFileSync(inside('home/.config/systemd/user/airkeep.service'), 'utf8')
    expect(unit).toContain('WantedBy=default.target')
    expect(modeOf('home/.config/airkeep/airkeep.env')).toBe(0o600)
    expect(existsSync(inside(UNIT))).toBe(false)
    await airkeep(['service', 'uninstall', '--user'])
    expect(existsSync(inside('home/.config/systemd/user/airkeep.service'))).toBe(false)
  })

  test('leaves a unit that somebody else wrote', async () => {
    aMachine()
    writeFileSync(inside(UNIT), '[Service]\nExecStart=/opt/airkeep serve\n')
    for (const command of ['install', 'uninstall']) {
      const { exitCode, output, asked } = await airkeep(['service', command])
      expect({ exitCode, code: output.code, asked }).toEqual({ exitCode: 5, code: 'conflict', asked: [] })
    }
    expect(readFileSync(inside(UNIT), 'utf8')).toContain('/opt/airkeep')
  })

  test('says what systemctl said when it fails', async () => {
    aMachine()
    writeFileSync(inside('fails'), '')
    const { exitCode, output } = await airkeep(['service', 'install'])
    expect(exitCode).toBe(1)
    expect(output.detail).toContain('Failed: no bus')
  })

  test('without systemd says what to do instead, and still prints', async () => {
    aMachine(false)
    for (const command of ['install', 'uninstall']) {
      const { exitCode, output } = await airkeep(['service', command])
      expect({ exitCode, code: output.code }).toEqual({ exitCode: 2, code: 'invalid_input' })
      expect(output.detail).toContain('no systemd')
      expect(output.hint).toContain('airkeep serve')
    }
    const printed = await airkeep(['service', 'install', '--print'])
    expect(printed.exitCode).toBe(0)
    expect(printed.output.unit).toContain('ExecStart=')
    expect(existsSync(inside(ENV_FILE))).toBe(false)
  })
})
