import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'

export interface SshServerOptions {
  /** A folder of its own. */
  readonly folder: string
  /** Lines of sshd_config. */
  readonly config?: readonly string[]
  /**
   * A shell script that runs instead of the command; the latter is in `$SSH_ORIGINAL_COMMAND`. Without one the account's
   * own shell runs the command.
   */
  readonly instead?: string
  /** Of the host key. */
  readonly hostKey?: 'ed25519' | 'ecdsa'
  /** The same port again, after another server. */
  readonly port?: number
}

export interface SshServer extends AsyncDisposable {
  readonly port: number
  readonly user: string
  /** Path of the private key that opens the account. */
  readonly key: string
  /** As `ssh-keygen -l` prints it. */
  readonly fingerprint: string
  /** `type base64` */
  readonly publicKey: string
  /** Connections that sshd has logged so far. */
  connections(): number
}

/** A real sshd on a free port of 127.0.0.1, with keys of its own, that lets in whoever runs the tests. */
export async function startSshServer(options: SshServerOptions): Promise<SshServer> {
  const { folder, hostKey = 'ed25519', instead } = options
  mkdirSync(folder, { recursive: true })
  const hostKeyFile = join(folder, `host_${hostKey}`)
  const key = join(folder, 'id_ed25519')
  makeKey(hostKeyFile, hostKey)
  makeKey(key, 'ed25519')
  writeFileSync(join(folder, 'authorized_keys'), readFileSync(`${key}.pub`))
  const port = options.port ?? (await freePort())
  const config = [
    // Of each option sshd takes the first.
    ...(options.config ?? []),
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin yes',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'LogLevel VERBOSE',
    // Many tests connect at once.
    'MaxStartups 100',
  ]
  if (instead !== undefined) {
    const script = join(folder, 'instead.sh')
    writeFileSync(script, `#!/bin/sh\n${instead}\n`)
    chmodSync(script, 0o755)
    config.push(`ForceCommand ${script}`)
  }
  writeFileSync(join(folder, 'sshd_config'), `${config.join('\n')}\n`)
  // Where it runs as root, sshd insists on this folder.
  if (process.getuid?.() === 0 && !existsSync('/run/sshd')) mkdirSync('/run/sshd', { mode: 0o755 })
  const sshd = Bun.which('sshd') ?? '/usr/sbin/sshd'
  const child = spawn(sshd, ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      log += String(chunk)
      if (log.includes('Server listening on')) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`sshd ended: ${log}`)))
  })
  return {
    port,
    user: ownName(),
    key,
    fingerprint: fingerprintOf(hostKeyFile),
    publicKey: readFileSync(`${hostKeyFile}.pub`, 'utf8').split(' ').slice(0, 2).join(' '),
    connections: () => log.match(/^Connection from /gm)?.length ?? 0,
    async [Symbol.asyncDispose]() {
      const exited = new Promise((resolve) => child.once('exit', resolve))
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await exited
      }
    },
  }
}

// Bun's userInfo() asks the environment.
const ownName = (): string => spawnSync('id', ['-un'], { encoding: 'utf8' }).stdout.trim()

export function makeKey(path: string, type: 'ed25519' | 'ecdsa'): void {
  if (existsSync(path)) return
  runKeygen(['-q', '-t', type, '-N', '', '-C', 'test', '-f', path])
}

export const fingerprintOf = (path: string): string => runKeygen(['-l', '-f', `${path}.pub`]).split(' ')[1] ?? ''

function runKeygen(args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('ssh-keygen', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`)
  return stdout
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
