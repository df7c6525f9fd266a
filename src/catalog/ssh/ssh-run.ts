import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KNOWN_HOSTS_NAME, LOG_NAME, type SshArguments, sshArguments } from './ssh-arguments.ts'
import type { SshProgram } from './ssh-program.ts'

export interface SshRunOptions extends Omit<SshArguments, 'newer'> {
  readonly program: SshProgram
  /** Environment of this program, of which ssh gets what it needs. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Lines of keys that are known. */
  readonly knownHosts: string
  /** Of the whole connection. */
  readonly totalMs: number
  /** Bytes of output after which the connection is cut. */
  readonly maxBytes: number
  readonly signal: AbortSignal
}

/** Why we ended it ourselves. */
export type Stopped = 'silent' | 'too_long' | 'too_much' | 'cancelled'

export interface SshEnded {
  /** ssh's own exit code is 255; below it is that of the remote command. Absent where a signal ended it. */
  readonly code: number | undefined
  /** What ssh itself said: kept apart from the far side's output, which could say the same. */
  readonly log: string
  /** What the far side's login said, and programs that ssh started (a proxy command). */
  readonly said: string
  /** Keys file as it is now. */
  readonly knownHosts: string
  readonly stopped: Stopped | undefined
}

export interface SshRun {
  write(data: Uint8Array): void
  /** The next bytes of the far side, undefined at their end, also where nothing came for `silenceMs`. */
  read(silenceMs: number): Promise<Uint8Array | undefined>
  /** Ends it at once, whatever it does. */
  cut(): void
  /** Says that nothing more is asked for, waits for the end (kills where it does not come) and cleans up. */
  end(): Promise<SshEnded>
}

/** What ssh needs to find programs, the agent and itself; tokens and keys of ours are none of its business. */
const ENVIRONMENT = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SSH_AUTH_SOCK', 'TMPDIR'] as const
const SAID_LIMIT = 8 * 1024
/** A far side that has been told the end gets this long, and so does a process that has been asked to go. */
const GRACE_MS = 2_000
const LAST_WORDS_MS = 250

/**
 * Starts ssh: no shell, a process group of its own without a terminal (so that nothing can ask there, and a proxy
 * command ends with it), an empty folder of its own that is gone afterwards.
 * @throws the signal's reason; errors of the file system
 */
export async function startSsh(options: SshRunOptions): Promise<SshRun> {
  options.signal.throwIfAborted()
  const folder = await mkdtemp(join(tmpdir(), 'airkeep-ssh-'))
  try {
    await writeFile(join(folder, KNOWN_HOSTS_NAME), options.knownHosts, { mode: 0o600 })
    options.signal.throwIfAborted()
    const child = spawn(options.program.path, sshArguments({ ...options, newer: options.program.newerOptions }), {
      cwd: folder,
      env: environmentOf(options.env),
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      shell: false,
    })
    return followSsh(child, folder, options)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}

function environmentOf(env: SshRunOptions['env']): Record<string, string> {
  const kept = ENVIRONMENT.flatMap((name) => {
    const value = env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  // Messages are read by what they say in English.
  return { ...Object.fromEntries(kept), LC_ALL: 'C', LANG: 'C' }
}

function followSsh(child: ChildProcessWithoutNullStreams, folder: string, options: SshRunOptions): SshRun {
  let stopped: Stopped | undefined
  let received = 0
  let said = ''
  const exited = new Promise<number | undefined>((resolve) => {
    child.once('error', () => {
      child.stdout.destroy()
      resolve(undefined)
    })
    child.once('close', (code) => resolve(code ?? undefined))
    // Whatever else it started may keep its stderr open.
    child.once('exit', (code) => setTimeout(() => resolve(code ?? undefined), LAST_WORDS_MS))
  })
  let gone = false
  void exited.then(() => {
    gone = true
  })
  const kill = (signal: NodeJS.Signals): void => {
    // The number may be another's by then.
    if (gone) return
    try {
      if (child.pid !== undefined) process.kill(-child.pid, signal)
    } catch {
      // It has ended already.
    }
  }
  const stop = (why: Stopped): void => {
    if (stopped !== undefined) return
    stopped = why
    kill('SIGTERM')
    // Whoever waits for more waits no longer, even where something else keeps the pipe open.
    child.stdout.destroy()
    const timer = setTimeout(() => kill('SIGKILL'), GRACE_MS)
    void exited.then(() => clearTimeout(timer))
  }
  const onAbort = (): void => stop('cancelled')
  const total = setTimeout(() => stop('too_long'), options.totalMs)
  options.signal.addEventListener('abort', onAbort, { once: true })
  if (options.signal.aborted) onAbort()
  // Written to a far side that has gone: its end tells why.
  child.stdin.on('error', () => {})
  child.stderr.on('error', () => {})
  child.stdout.on('error', () => {})
  child.stderr.on('data', (chunk: Buffer) => {
    if (said.length < SAID_LIMIT) said += chunk.toString('latin1', 0, SAID_LIMIT - said.length)
  })
  const chunks = child.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let over = false
  let ending: Promise<SshEnded> | undefined
  const finish = async (): Promise<SshEnded> => {
    over = true
    child.stdin.end()
    await chunks.return?.()
    const patience = setTimeout(() => stop('silent'), GRACE_MS)
    const code = await exited
    clearTimeout(patience)
    clearTimeout(total)
    options.signal.removeEventListener('abort', onAbort)
    const log = await readStart(join(folder, LOG_NAME))
    const knownHosts = await readStart(join(folder, KNOWN_HOSTS_NAME))
    await rm(folder, { recursive: true, force: true })
    return { code, log, said, knownHosts, stopped }
  }

  return {
    write(data) {
      if (!over) child.stdin.write(data)
    },
    async read(silenceMs) {
      if (over) return undefined
      const timer = setTimeout(() => stop('silent'), silenceMs)
      try {
        const next = await chunks.next()
        over = next.done === true || stopped !== undefined
        if (over || next.done === true) return undefined
        received += next.value.length
        if (received > options.maxBytes) {
          stop('too_much')
          over = true
          return undefined
        }
        return next.value
      } catch {
        over = true
        return undefined
      } finally {
        clearTimeout(timer)
      }
    },
    cut: () => stop('cancelled'),
    end: () => (ending ??= finish()),
  }
}

/** The first 64 KiB of a text; empty where there is none. */
async function readStart(path: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(64 * 1024), 0, 64 * 1024, 0)
      return buffer.toString('latin1', 0, bytesRead)
    } finally {
      await file.close()
    }
  } catch {
    return ''
  }
}
