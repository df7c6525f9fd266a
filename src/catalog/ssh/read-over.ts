import { randomBytes } from 'node:crypto'
import { type RemoteFile, remotePath } from './remote-listing.ts'
import { askRemote } from './remote-session.ts'
import { pathRequests } from './request-values.ts'
import type { SshRun } from './ssh-run.ts'
import type { SshTarget } from './ssh-target.ts'

/** `''` where the file could not be read; undefined for no such record. */
export const digestOf = (record: string): string | undefined => /^H((?:[0-9a-f]{64})?)$/.exec(record)?.[1]

export function bytesOf(record: string): Uint8Array | undefined {
  const [, hex] = /^K((?:\s*[0-9a-f]{2})*)\s*$/.exec(record) ?? []
  return hex === undefined ? undefined : Buffer.from(hex.replaceAll(/\s/g, ''), 'hex')
}

export interface FarSide {
  readonly run: SshRun
  readonly target: SshTarget
  readonly signal: AbortSignal
  readonly helloMs: number
}

export interface Reading<T> {
  readonly mode: 'hash' | 'head'
  /** What a record says; undefined where it is none of these, and empty where the file could not be read. */
  readonly read: (record: string) => T | undefined
  readonly silenceMs: number
}

/** What the far side reads of files, one record each. @throws SshFailure; the signal's reason */
export async function readOver<T extends { readonly length: number }>(
  { run, target, signal, helloMs }: FarSide,
  files: readonly RemoteFile[],
  { mode, read, silenceMs }: Reading<T>,
): Promise<ReadonlyMap<RemoteFile, T>> {
  const found = new Map<RemoteFile, T>()
  const waiting = [...files]
  const onRecord = (record: string): boolean => {
    const told = read(record)
    const file = waiting.shift()
    if (file === undefined || told === undefined) return false
    if (told.length > 0) found.set(file, told)
    return true
  }
  for (const values of pathRequests(files.map(remotePath))) {
    await askRemote(run, target, newToken(), signal, { mode, values, onRecord, silenceMs, helloMs })
  }
  return found
}

/** Nobody on the far side can have printed it before. */
export const newToken = (): string => `airkeep-${randomBytes(16).toString('hex')}`
