import { execFile } from 'node:child_process'
import { SshFailure } from './ssh-failure.ts'

export interface SshProgram {
  readonly path: string
  /** Options that this version knows and older ones refuse. */
  readonly newerOptions: readonly string[]
}

const CHECK_MS = 10_000

/**
 * Looks whether the client is there and is OpenSSH's: others take other options.
 * @throws SshFailure no_ssh
 */
export async function findSsh(path: string, env: Readonly<Record<string, string | undefined>>): Promise<SshProgram> {
  const said = await new Promise<string>((resolve) => {
    execFile(path, ['-V'], { timeout: CHECK_MS, env: { PATH: env.PATH } }, (error, stdout, stderr) =>
      resolve(error === null ? `${stdout}${stderr}` : ''),
    )
  })
  const [, major, minor] = /OpenSSH_(?:for_Windows_)?(\d+)\.(\d+)/.exec(said) ?? []
  if (major === undefined || minor === undefined) {
    throw new SshFailure('no_ssh', 'Cannot reach the host by ssh: this machine has no OpenSSH client', {
      hint: 'Install it, for instance with apt-get install openssh-client',
    })
  }
  const version = Number(major) * 100 + Number(minor)
  return { path, newerOptions: version >= 805 ? ['KnownHostsCommand=none'] : [] }
}
