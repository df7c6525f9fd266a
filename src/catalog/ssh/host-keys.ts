import { createHash } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../../errors.ts'
import { writeAtomic } from '../../lib/files.ts'
import type { HostKey } from './ssh-failure.ts'

/** One key of one host, as OpenSSH's known_hosts has it. */
export interface KnownKey extends HostKey {
  readonly alias: string
  /** base64 */
  readonly blob: string
}

/** `alias type base64`; undefined for anything else: comments, markers, hashed names. */
export function parseKnownKey(line: string): KnownKey | undefined {
  const [, alias, type, blob] = /^([^\s#@|]\S*) ([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})(?:\s|$)/.exec(line) ?? []
  if (alias === undefined || type === undefined || blob === undefined) return undefined
  const digest = createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64')
  return { alias, type, blob, fingerprint: `SHA256:${digest.replaceAll('=', '')}` }
}

const toLine = ({ alias, type, blob }: KnownKey): string => `${alias} ${type} ${blob}\n`

/** Keys of hosts: those that were accepted, and those that were shown and wait for that. */
export interface HostKeys {
  /** Lines of the accepted keys of a host, for ssh; empty where there is none. */
  accepted(alias: string): Promise<string>
  /** Keeps what a person is about to be shown, so that it is this key that is accepted later and no other. */
  remember(key: KnownKey): Promise<void>
  /**
   * Accepts the key that was shown. A key that replaces another is accepted by its fingerprint only: whoever says
   * "accept" out of habit must not be handed to whom stands between.
   * @param learn asks the host, where no key was shown yet
   * @throws AppError conflict (not the key that was shown, or another is accepted already)
   */
  accept(alias: string, fingerprint: string | undefined, learn: () => Promise<KnownKey>): Promise<KnownKey>
}

const ACCEPTED = 'known_hosts'
const SHOWN = 'known_hosts.shown'

/** @param dataDir holds `known_hosts`, mode 0600, in OpenSSH's format: a person may edit it. */
export function createHostKeys(dataDir: string): HostKeys {
  let turn: Promise<unknown> = Promise.resolve()
  /** One change after the other. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => {})
    return result
  }
  const read = async (name: string): Promise<string[]> => {
    try {
      return (await readFile(join(dataDir, name), 'utf8')).split('\n').filter((line) => line.trim() !== '')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    }
  }
  const keysOf = (lines: readonly string[], alias: string): KnownKey[] =>
    lines.flatMap((line) => {
      const key = parseKnownKey(line)
      return key?.alias === alias ? [key] : []
    })
  /** Everything else in the file stays as it is. */
  const replace = async (name: string, alias: string, key: KnownKey | undefined): Promise<void> => {
    const others = (await read(name)).filter((line) => parseKnownKey(line)?.alias !== alias)
    await mkdir(dataDir, { recursive: true })
    await writeAtomic(
      join(dataDir, name),
      others.map((line) => `${line}\n`).join('') + (key === undefined ? '' : toLine(key)),
    )
  }

  return {
    accepted: async (alias) =>
      keysOf(await read(ACCEPTED), alias)
        .map(toLine)
        .join(''),
    remember: (key) => inTurn(() => replace(SHOWN, key.alias, key)),
    accept: (alias, fingerprint, learn) =>
      inTurn(async () => {
        const before = keysOf(await read(ACCEPTED), alias)
        const same = before.find((key) => key.fingerprint === fingerprint)
        if (same !== undefined) return same
        const key = keysOf(await read(SHOWN), alias)[0] ?? (await learn())
        if (fingerprint !== undefined && key.fingerprint !== fingerprint) {
          throw new AppError(
            'conflict',
            `The host showed the key ${key.fingerprint}, not the one that is to be accepted`,
            {
              hint: 'Look again: the fingerprint that is shown then is the one to accept',
            },
          )
        }
        const known = before.find((accepted) => accepted.fingerprint === key.fingerprint)
        if (known === undefined && before.length > 0 && fingerprint === undefined) {
          throw new AppError(
            'conflict',
            `Another key of this host is accepted already; it now shows ${key.fingerprint}`,
            {
              hint: `If that is right, accept it by name: --accept-host-key ${key.fingerprint}`,
            },
          )
        }
        await replace(ACCEPTED, alias, key)
        await replace(SHOWN, alias, undefined)
        return key
      }),
  }
}
