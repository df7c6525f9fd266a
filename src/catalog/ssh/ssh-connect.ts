import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type HostKeys, type KnownKey, parseKnownKey } from './host-keys.ts'
import { REMOTE_COMMAND } from './remote-script.ts'
import { hostAlias, type SshArguments } from './ssh-arguments.ts'
import { SshFailure } from './ssh-failure.ts'
import { findSsh, type SshProgram } from './ssh-program.ts'
import { type SshRun, startSsh } from './ssh-run.ts'
import { describeTarget, type SshTarget } from './ssh-target.ts'
import { whyEnded } from './why-ended.ts'

export interface SshLimits {
  /** For the connection and the first words of the server. */
  readonly connectSeconds: number
  /** For the whole of it. */
  readonly totalMs: number
  /** Bytes of output. */
  readonly maxBytes: number
}

export interface SshConnectDeps {
  readonly hostKeys: HostKeys
  readonly env: Readonly<Record<string, string | undefined>>
  /** `ssh` where it is left out */
  readonly program?: string | undefined
  /** Instead of the owner's and the machine's configuration files; `none` for no file. */
  readonly configFile?: string | undefined
  readonly limits: SshLimits
}

export interface SshConnector {
  /**
   * A connection on which the remote command waits for requests; what went wrong meanwhile shows when one is made.
   * @throws SshFailure no_ssh, bad_key; the signal's reason
   */
  connect(target: SshTarget, signal: AbortSignal): Promise<SshRun>
  /**
   * The key that a host shows, on the very way that a connection takes. Logs nobody in and accepts nothing.
   * @throws SshFailure; the signal's reason
   */
  learnKey(target: SshTarget, signal: AbortSignal): Promise<KnownKey>
}

export function createSshConnector(deps: SshConnectDeps): SshConnector {
  const { hostKeys, env, configFile, limits } = deps
  let found: Promise<SshProgram> | undefined
  const program = (): Promise<SshProgram> => {
    found ??= findSsh(deps.program ?? 'ssh', env).catch((error: unknown) => {
      // It may be installed by the next time.
      found = undefined
      throw error
    })
    return found
  }
  const start = async (
    target: SshTarget,
    hostKey: SshArguments['hostKey'],
    command: string,
    signal: AbortSignal,
  ): Promise<SshRun> =>
    await startSsh({
      program: await program(),
      env,
      target,
      identity: hostKey === 'learn' ? undefined : await keyFile(target),
      hostKey,
      configFile,
      command,
      knownHosts: hostKey === 'learn' ? '' : await hostKeys.accepted(hostAlias(target)),
      connectSeconds: limits.connectSeconds,
      totalMs: limits.totalMs,
      maxBytes: limits.maxBytes,
      signal,
    })

  return {
    connect: (target, signal) => start(target, 'strict', REMOTE_COMMAND, signal),
    async learnKey(target, signal) {
      const run = await start(target, 'learn', 'exit 0', signal)
      const patience = limits.connectSeconds * 2_000
      while ((await run.read(patience)) !== undefined);
      const ended = await run.end()
      signal.throwIfAborted()
      const [key] = ended.knownHosts.split('\n').flatMap((line) => parseKnownKey(line) ?? [])
      if (key?.alias === hostAlias(target)) return key
      throw whyEnded(target, ended, false)
    },
  }
}

/** ssh only warns of a key that is not there, and then says that the host refused. */
async function keyFile(target: SshTarget): Promise<string | undefined> {
  if (target.identity === undefined) return undefined
  const path = target.identity.startsWith('~/') ? join(homedir(), target.identity.slice(2)) : target.identity
  try {
    // ssh itself waits for a pipe, and reads a device without end.
    if (!(await stat(path)).isFile()) throw new Error('it is no regular file')
    await access(path, constants.R_OK)
    return path
  } catch (cause) {
    throw new SshFailure('bad_key', `Cannot look at ${describeTarget(target)}: the key file cannot be read`, {
      hint: 'Check the path after -i',
      cause,
    })
  }
}
