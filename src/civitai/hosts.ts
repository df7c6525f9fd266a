/** Where Civitai's API is asked: the configured host, and the other host of the same site. */

/** Safe content is on one host, the rest on the other; either may answer for what the other does not show. */
const SIBLINGS: Readonly<Record<string, string>> = {
  'https://civitai.com': 'https://civitai.red',
  'https://www.civitai.com': 'https://civitai.red',
  'https://civitai.green': 'https://civitai.red',
  'https://civitai.blue': 'https://civitai.com',
  'https://civitai.red': 'https://civitai.com',
  'https://www.civitai.red': 'https://civitai.com',
}

const OFFICIAL_HOSTS = ['com', 'red', 'green', 'blue'].flatMap((end) => [`civitai.${end}`, `*.civitai.${end}`])

export interface CivitaiHosts {
  /** The configured host; a path in it is kept. */
  readonly base: URL
  /** The other host of the official site; a mirror has none. */
  readonly sibling: URL | undefined
  /** Where requests to either, and their redirects, may go. */
  readonly allowed: readonly string[]
  /** `/api/v1<path>` at one of the two. */
  api(origin: URL, path: string): URL
  /** Where one of the two hands out the files of a version. */
  download(origin: URL, versionId: number): URL
  /** The caller's key, for the configured host alone. */
  tokenFor(origin: URL, token: string | undefined): string | undefined
}

/** @param baseUrl `https://civitai.com` or a mirror of it */
export function createCivitaiHosts(baseUrl: string): CivitaiHosts {
  const base = new URL(baseUrl)
  const other = SIBLINGS[base.origin]
  const at = (origin: URL, path: string): URL => new URL(`${origin.pathname.replace(/\/$/, '')}${path}`, origin)
  return {
    base,
    sibling: other === undefined ? undefined : new URL(other),
    allowed: other === undefined ? [base.host] : OFFICIAL_HOSTS,
    api: (origin, path) => at(origin, `/api/v1${path}`),
    download: (origin, versionId) => at(origin, `/api/download/models/${versionId}`),
    tokenFor: (origin, token) => (origin.origin === base.origin ? token : undefined),
  }
}
