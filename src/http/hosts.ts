import { networkInterfaces } from 'node:os'
import { AppError } from '../errors.ts'
import { isLoopbackName, parseHost } from '../lib/host.ts'

export interface HostSettings {
  /** `AIRKEEP_HOSTS`: names, with or without a port. */
  readonly hosts: readonly string[]
  /** Address that is listened on. */
  readonly boundHost: string
}

/** Distinct Host headers whose answer is remembered; past it they are parsed each time. */
const REMEMBERED = 256

/**
 * Refuses requests that were sent to another name (a foreign page whose name was pointed at this address: DNS
 * rebinding) or from another site's page.
 * @returns a check of one request's headers that throws AppError forbidden
 */
export function createHostCheck(settings: HostSettings): (headers: Headers) => void {
  const configured = new Set(settings.hosts.map((host) => host.toLowerCase()))
  const own = new Set(addressesOf(settings.boundHost))
  const remembered = new Map<string, boolean>()

  const isConfigured = (name: string, port: string): boolean =>
    configured.has(name) || (port !== '' && configured.has(`${name}:${port}`))

  const isServed = (written: string): boolean => {
    const known = remembered.get(written)
    if (known !== undefined) return known
    const host = parseHost(written)
    const served =
      host !== undefined && (isLoopbackName(host.name) || own.has(host.name) || isConfigured(host.name, host.port))
    if (remembered.size < REMEMBERED) remembered.set(written, served)
    return served
  }

  /** The page's own host, or a configured name (a proxy in front may have rewritten Host). */
  const isOwnOrigin = (origin: string, written: string): boolean => {
    const match = /^(https?):\/\/(.+)$/.exec(origin.toLowerCase())
    const from = match?.[2] === undefined ? undefined : parseHost(match[2])
    const to = parseHost(written)
    if (match === null || from === undefined || to === undefined) return false
    const usual = match[1] === 'https' ? '443' : '80'
    const same = from.name === to.name && (from.port || usual) === (to.port || usual)
    return same || isConfigured(from.name, from.port)
  }

  return (headers) => {
    const host = headers.get('host') ?? ''
    if (!isServed(host)) {
      throw new AppError('forbidden', 'This host name is not served', {
        hint: 'Names besides the loopback names are listed in AIRKEEP_HOSTS',
      })
    }
    const origin = headers.get('origin')
    // What a page only loads (pictures, links, downloads) comes without Origin; browsers tell whose page it is.
    const site = origin === null ? headers.get('sec-fetch-site') : null
    const isForeign = origin === null ? site === 'cross-site' || site === 'same-site' : !isOwnOrigin(origin, host)
    if (isForeign) {
      throw new AppError('forbidden', "Requests from another site's pages are not served")
    }
  }
}

/** Host names that the bound address answers to; the wildcard ones stand for every address of this machine. */
function addressesOf(boundHost: string): string[] {
  const bracketed = (address: string): string => (address.includes(':') ? `[${address.toLowerCase()}]` : address)
  const name = boundHost.toLowerCase().replace(/^\[|\]$/g, '')
  if (name !== '0.0.0.0' && name !== '::') return [bracketed(name)]
  return Object.values(networkInterfaces()).flatMap((addresses) =>
    (addresses ?? []).map(({ address }) => bracketed(address)),
  )
}
