import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NOWHERE } from '../../scripts/nowhere.ts'
import type { JsonObject } from '../../src/lib/json.ts'
import { projectDir } from './project-files.ts'

export interface Finished {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** stdout as JSON. */
  json(): JsonObject
}

export interface RunOptions {
  readonly env?: Record<string, string>
  readonly stdin?: string
  readonly cwd?: string
  /** Another data directory than the executable's own. */
  readonly data?: string
}

export interface Server {
  readonly url: string
  readonly pid: number
  readonly exited: Promise<number>
  readonly stderr: () => string
  /** TERM, and the exit code. */
  stop(): Promise<number>
  kill(signal: NodeJS.Signals): void
}

/** The program, as it is built, with an empty folder and a data directory of its own. */
export interface Executable {
  readonly folder: string
  /** Of the file that is run. */
  readonly path: string
  readonly data: string
  /** The command line with which to start it by hand. */
  command(args: readonly string[]): string[]
  env(extra?: Record<string, string>): Record<string, string>
  run(args: readonly string[], options?: RunOptions): Promise<Finished>
  serve(args?: readonly string[], options?: RunOptions): Promise<Server>
  remove(): Promise<void>
}

/** A mount namespace of its own needs root; elsewhere the empty folder alone has to do. */
const canHide = process.getuid?.() === 0 && Bun.spawnSync(['unshare', '-m', 'true']).exitCode === 0

/**
 * Copies an executable of dist/ (that of this machine, unless named) into an empty folder. With root rights every
 * process of it runs where an empty filesystem is mounted over the repository, so that nothing can come from there.
 * @param emulator what runs it, where this machine cannot
 */
export function installExecutable(name = 'airkeep', emulator: readonly string[] = []): Executable {
  const built = join(projectDir, 'dist', name)
  if (!existsSync(built)) throw new Error(`dist/${name} is missing: npm run build writes it`)
  const folder = mkdtempSync(join(tmpdir(), 'airkeep-alone-'))
  const path = join(folder, 'airkeep')
  copyFileSync(built, path)
  const hide = 'mount -t tmpfs none "$0" && exec "$@"'
  return launch(folder, path, (args) => {
    const program = [...emulator, path, ...args]
    return canHide ? ['unshare', '-m', 'sh', '-c', hide, projectDir, ...program] : program
  })
}

/** dist/node, where it is, run by Node: built first where a source is newer. */
export function installNodeBundle(): Executable {
  const ensured = Bun.spawnSync(['node', 'scripts/ensure.mjs', '--node'], { cwd: projectDir, stderr: 'pipe' })
  if (ensured.exitCode !== 0) throw new Error(`dist/node could not be built: ${ensured.stderr}`)
  const path = join(projectDir, 'dist/node/main.js')
  return launch(mkdtempSync(join(tmpdir(), 'airkeep-node-')), path, (args) => ['node', path, ...args])
}

function launch(folder: string, path: string, command: Executable['command']): Executable {
  const data = join(folder, 'data')
  const home = join(folder, 'home')
  mkdirSync(home)
  const servers: Server[] = []
  let serial = 0

  const env = (extra: Record<string, string> = {}): Record<string, string> => ({
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    HOME: home,
    AIRKEEP_DATA: data,
    ...NOWHERE,
    ...extra,
  })

  return {
    folder,
    path,
    data,
    command,
    env,
    async run(args, options = {}) {
      const child = Bun.spawn(command(args), {
        cwd: options.cwd ?? folder,
        env: env({ ...(options.data === undefined ? {} : { AIRKEEP_DATA: options.data }), ...options.env }),
        stdin: options.stdin === undefined ? 'ignore' : new Blob([options.stdin]),
        stdout: 'pipe',
        stderr: 'pipe',
        // A worker that hangs or spins must fail the test, not hold it.
        timeout: 60_000,
        killSignal: 'SIGKILL',
      })
      const [stdout, stderr, exitCode] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ])
      return { exitCode, stdout, stderr, json: () => JSON.parse(stdout) as JsonObject }
    },
    async serve(args = [], options = {}) {
      serial += 1
      const log = join(folder, `serve-${serial}.log`)
      const child = Bun.spawn(command(['serve', '--port', '0', ...args]), {
        cwd: options.cwd ?? folder,
        env: env({ ...(options.data === undefined ? {} : { AIRKEEP_DATA: options.data }), ...options.env }),
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: Bun.file(log),
      })
      const stderr = (): string => readFileSync(log, 'utf8')
      const url = await readyUrl(child.stdout)
      if (url === undefined) throw new Error(`serve ended with ${await child.exited}:\n${stderr()}`)
      const server: Server = {
        url,
        pid: child.pid,
        exited: child.exited,
        stderr,
        async stop() {
          child.kill('SIGTERM')
          return child.exited
        },
        kill: (signal) => child.kill(signal),
      }
      servers.push(server)
      return server
    },
    async remove() {
      for (const server of servers) {
        server.kill('SIGKILL')
        await server.exited
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The one line that `serve` prints; undefined when it ends before. */
async function readyUrl(stdout: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const reader = stdout.getReader()
  const decoder = new TextDecoder()
  let printed = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return undefined
    printed += decoder.decode(value, { stream: true })
    const url = /^airkeep listening on (http:\/\/\S+)\n/.exec(printed)?.[1]
    if (url !== undefined) return url
  }
}
