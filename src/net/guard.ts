import { lookup as systemLookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { AppError } from '../errors.ts'
import type { Log, Trace } from '../lib/log.ts'
import { canonicalAddress, classifyAddress, describeAddress } from './address.ts'
import { type AllowEntry, listsAddress, listsHost, nameCovers, parseAllowList } from './allow-list.ts'
import { timeLimit } from './cancel.ts'
import { toNetworkError } from './failure.ts'
import { checkTarget, describeUrl, type Target } from './target.ts'

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

export type Lookup = (hostname: string) => Promise<readonly ResolvedAddress[]>

/** Where a request may go: the URL and the only addresses to which it may connect. */
export interface Route extends Target {
  readonly addresses: readonly ResolvedAddress[]
}

export interface AdmitOptions {
  /** `any`, or the hosts (`host`, `host:port`, `*.domain`, address) that this request may name. */
  readonly hosts: 'any' | readonly string[]
  /** Exempt from the private-address rule for this request alone, beside the setting's entries. */
  readonly allowPrivate?: readonly string[] | undefined
  /** Milliseconds for the name lookup. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Whose request it is, for the log. */
  readonly trace?: Trace | undefined
}

export interface Guard {
  /**
   * Decides about one URL: scheme, user, host, port, and every address its name has; the name is resolved once.
   * @throws AppError forbidden, invalid_input, upstream_unavailable (name not found), cancelled
   */
  admit(url: URL, options: AdmitOptions): Promise<Route>
}

export interface GuardDeps {
  /** Entries of AIRKEEP_ALLOW_PRIVATE_NETWORK. */
  readonly allowPrivate: readonly string[]
  readonly log: Log
  readonly lookup?: Lookup
}

/** @throws AppError invalid_input for an entry of `allowPrivate` that cannot be read */
export function createGuard(deps: GuardDeps): Guard {
  const allowed = parseAllowList(deps.allowPrivate, 'AIRKEEP_ALLOW_PRIVATE_NETWORK')
  const lookup: Lookup = deps.lookup ?? ((hostname) => systemLookup(hostname, { all: true }))

  const refuse = (target: Target, trace: Trace | undefined, reason: string, hint: string): AppError => {
    deps.log.warn({ ...trace, host: target.url.host, reason }, 'refused to fetch')
    return new AppError('forbidden', `Refused to fetch ${describeUrl(target.url)}: ${reason}`, { hint })
  }

  const resolve = async (target: Target, options: AdmitOptions): Promise<readonly ResolvedAddress[]> => {
    const family = isIP(target.hostname)
    if (family !== 0) return [{ address: target.hostname, family }]
    const what = describeUrl(target.url)
    try {
      const found = await timeLimit(lookup(target.hostname), {
        ms: options.timeoutMs,
        signal: options.signal,
        what,
        expired: `Cannot fetch ${what}: its host name was not resolved within ${options.timeoutMs / 1000} s`,
      })
      if (found.length > 0) return found.map(({ address }) => ({ address, family: isIP(address) }))
    } catch (error) {
      throw toNetworkError(error, what)
    }
    throw toNetworkError({ code: 'ENOTFOUND' }, what)
  }

  const checkAddress = (target: Target, address: string, list: readonly AllowEntry[], trace?: Trace): void => {
    const found = classifyAddress(address)
    if (found.kind === 'public') return
    if (found.kind !== 'unreadable' && listsAddress(list, address, target.port)) return
    const covered = nameCovers(found.kind)
    if (covered && listsHost(list, target)) return
    const entry = covered && isIP(target.hostname) === 0 ? `${target.hostname} or ${address}` : address
    throw refuse(
      target,
      trace,
      describeAddress(address, found),
      `If it is meant to be reached, list ${entry} in AIRKEEP_ALLOW_PRIVATE_NETWORK`,
    )
  }

  return {
    async admit(url, options) {
      const target = checkTarget(url)
      if (options.hosts !== 'any' && !listsHost(parseAllowList(options.hosts, 'AIRKEEP_ALLOW_NET'), target)) {
        throw refuse(
          target,
          options.trace,
          `${target.hostname} is not among the hosts that may be fetched from`,
          'The owner of this airkeep can list it in AIRKEEP_ALLOW_NET',
        )
      }
      const list = [...allowed, ...parseAllowList(options.allowPrivate ?? [], 'the hosts of this request')]
      const addresses = await resolve(target, options)
      // All must pass: which of them the connection takes is not ours to choose.
      for (const { address } of addresses) checkAddress(target, address, list, options.trace)
      return { ...target, addresses }
    },
  }
}

/** Whether a socket's peer is one of the addresses that were checked. */
export const leadsTo = (route: Route, remoteAddress: string): boolean =>
  route.addresses.some(({ address }) => canonicalAddress(address) === canonicalAddress(remoteAddress))
