import { silentLog } from '../../src/lib/log.ts'
import { createGuardedFetch, type GuardedFetch } from '../../src/net/fetch.ts'
import { createGuard } from '../../src/net/guard.ts'

const guard = createGuard({ allowPrivate: ['127.0.0.1'], log: silentLog })

/** What requests to fakes on this machine go through. */
export const fakeFetch: GuardedFetch = createGuardedFetch({ guard, version: '1.2.3' })

/** As if `origin`, which only the real site has, were served by a fake. */
export const rerouted =
  (routes: Readonly<Record<string, string>>): GuardedFetch =>
  (request) => {
    const url = new URL(request.url)
    const target = routes[url.origin]
    if (target === undefined) return fakeFetch(request)
    return fakeFetch({ ...request, url: new URL(`${url.pathname}${url.search}`, target), hosts: 'any' })
  }
