import { AppError } from '../errors.ts'
import { listsHost, parseAllowList } from '../net/allow-list.ts'
import type { OpenedSource } from '../net/file-source.ts'
import { nextHop } from '../net/hop.ts'
import { checkTarget } from '../net/target.ts'
import type { DownloadAnswer } from './download-refusal.ts'
import type { CivitaiHosts } from './hosts.ts'
import { earlyAccess, loginNeeded } from './refusal.ts'

export interface DownloadRedirect extends Pick<DownloadAnswer, 'status' | 'what' | 'hasToken'> {
  /** What was asked. */
  readonly url: URL
  readonly location: string
}

/**
 * Where a redirect of the download route leads: to the file in a storage, or to another address of the route.
 * @throws SourceRefused `login`, `early_access` for a way to their pages; AppError forbidden for hosts that are not
 * allowed, other schemes and a way from https to http, upstream_unavailable for other pages and for what is no URL
 */
export type ReadRedirect = (redirect: DownloadRedirect) => OpenedSource | URL

export function createRedirectReader({
  hosts,
  storageHosts,
}: {
  readonly hosts: CivitaiHosts
  readonly storageHosts: readonly string[]
}): ReadRedirect {
  const { base, sibling } = hosts
  const ownHosts = parseAllowList(hosts.allowed, 'AIRKEEP_CIVITAI_URL')
  const storage = parseAllowList(storageHosts, 'AIRKEEP_ALLOW_NET')
  const home = base.pathname.replace(/\/$/, '')

  return ({ url, status, location, what, hasToken }) => {
    const { url: target } = nextHop({ url, method: 'GET', headers: {}, body: undefined }, status, location)
    const checked = checkTarget(target)
    if (listsHost(ownHosts, checked)) {
      const path = target.pathname.startsWith(`${home}/`) ? target.pathname.slice(home.length) : target.pathname
      if (/^\/login(?:\/|$)/.test(path)) throw loginNeeded(`Cannot download ${what}`, hasToken)
      if (path.startsWith('/model-versions/')) throw earlyAccess(`Cannot download ${what}`)
      if (path.startsWith('/api/download/')) return target
      // A mirror may keep files beside its pages; the official site does not.
      if (sibling !== undefined && target.host === url.host) {
        throw new AppError('upstream_unavailable', `Cannot download ${what}: it sends to a page`, {
          hint: 'Try again later',
        })
      }
    }
    if (!listsHost(storage, checked)) {
      throw new AppError('forbidden', `Refused to download ${what}: it sends to ${target.host}, which is not allowed`, {
        hint: 'Add the host to AIRKEEP_ALLOW_NET if Civitai keeps its files there',
      })
    }
    const filename = filenameIn(target)
    // The signature is the permission: a storage answers 400 to any other beside it.
    return { url: target.href, headers: {}, hosts: storageHosts, ...(filename === undefined ? {} : { filename }) }
  }
}

/** What the storage is told to call the file: `response-content-disposition=attachment; filename="…"`. */
function filenameIn(address: URL): string | undefined {
  const disposition = address.searchParams.get('response-content-disposition') ?? ''
  const [, encoded] = /filename\*=UTF-8''([^;\s]{1,1000})/i.exec(disposition) ?? []
  const [, plain] = /filename="([^"]{1,500})"/i.exec(disposition) ?? []
  try {
    return encoded === undefined ? plain : decodeURIComponent(encoded)
  } catch {
    return plain
  }
}
