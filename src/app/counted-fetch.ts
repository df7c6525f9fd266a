import type { Settings } from '../config/settings.ts'
import type { Meter } from '../http/metrics.ts'
import type { Log } from '../lib/log.ts'
import type { GuardedFetch } from '../net/fetch.ts'

type PeerSettings = Pick<Settings, 'civitai_url' | 'hf_url'>

/** Whose host that is, as far as metrics distinguish: there are as many hosts as callers name. */
export type PeerOf = (host: string) => 'civitai' | 'huggingface' | 's3' | 'other'

export function createPeerOf({ civitai_url, hf_url }: PeerSettings, s3Hosts: readonly string[]): PeerOf {
  const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).host : '')
  const [civitai, huggingface] = [hostOf(civitai_url), hostOf(hf_url)]
  return (host) => {
    if (host === civitai || /(?:^|\.)civitai\.(?:com|red|green|blue)$/.test(host)) return 'civitai'
    if (host === huggingface || /(?:^|\.)(?:huggingface\.co|hf\.co)$/.test(host)) return 'huggingface'
    return s3Hosts.includes(host) || host.endsWith('.amazonaws.com') ? 's3' : 'other'
  }
}

export interface CountedFetchDeps {
  readonly meter: Pick<Meter, 'observeFetch'>
  readonly peerOf: PeerOf
  readonly log: Log
}

/** A fetch that tells how each of its requests ended. */
export function countedFetch(fetch: GuardedFetch, { meter, peerOf, log }: CountedFetchDeps): GuardedFetch {
  return async (request) => {
    const began = performance.now()
    const text = String(request.url)
    const host = URL.canParse(text) ? new URL(text).host : ''
    const seconds = (): number => (performance.now() - began) / 1000
    try {
      const response = await fetch(request)
      const { status } = response
      meter.observeFetch(peerOf(host), status < 400 ? 'answered' : 'refused', seconds())
      log.debug({ ...request.trace, host, status, ms: Math.round(seconds() * 1000) }, 'fetched')
      return response
    } catch (error) {
      meter.observeFetch(peerOf(host), 'failed', seconds())
      log.debug({ ...request.trace, host, err: error }, 'could not fetch')
      throw error
    }
  }
}
