import { createAnswerReader } from './answer-reader.ts'
import { encodeRequest, type RequestMode } from './remote-script.ts'
import { SshFailure } from './ssh-failure.ts'
import type { SshRun } from './ssh-run.ts'
import { describeTarget, type SshTarget } from './ssh-target.ts'
import { whyEnded } from './why-ended.ts'

export interface RemoteRequest {
  readonly mode: RequestMode
  readonly values: readonly Uint8Array[]
  /** @returns false for what does not belong there */
  readonly onRecord: (record: string) => boolean
  /** Silence after which the far side counts as stuck. */
  readonly silenceMs: number
  /** Silence before its first word: for login and the start of a shell. */
  readonly helloMs: number
  /** After each piece of the answer. */
  readonly onPiece?: () => void
}

/**
 * Asks the far side one thing over a connection that stands, and waits for the whole answer.
 * @param token of this request: nobody has seen it before
 * @throws SshFailure; the signal's reason
 */
export async function askRemote(
  run: SshRun,
  target: SshTarget,
  token: string,
  signal: AbortSignal,
  request: RemoteRequest,
): Promise<void> {
  const { mode, values, onRecord, silenceMs, helloMs, onPiece } = request
  const reader = createAnswerReader(token, onRecord)
  run.write(encodeRequest(mode, token, values))
  while (reader.state === 'noise' || reader.state === 'answer') {
    const chunk = await run.read(reader.began ? silenceMs : Math.min(helloMs, silenceMs))
    if (chunk === undefined) break
    reader.push(chunk)
    onPiece?.()
  }
  signal.throwIfAborted()
  if (reader.state === 'over' && reader.complete) return
  const fail = (status: 'no_tools' | 'broke_off' | 'no_shell', reason: string, hint: string): SshFailure =>
    new SshFailure(status, `Cannot look at ${describeTarget(target)}: ${reason}`, { hint })
  if (reader.absent.length > 0) {
    const absent = reader.absent.filter((tool) => /^[a-z]+$/.test(tool)).join(', ')
    throw fail('no_tools', `it has no ${absent}`, 'Install findutils and coreutils there, or busybox')
  }
  if (reader.state === 'lost' && !reader.began) {
    throw fail('no_shell', 'it prints something else than was asked for', 'Give an account that runs commands')
  }
  if (reader.state === 'lost' || reader.state === 'over') {
    throw fail('broke_off', 'its answer ended in the middle', 'Nothing is concluded from what came before; try again')
  }
  const ended = await run.end()
  signal.throwIfAborted()
  throw whyEnded(target, ended, reader.began)
}
