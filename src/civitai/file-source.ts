import { AppError, isAppError } from '../errors.ts'
import type { Log } from '../lib/log.ts'
import { sleep } from '../lib/retry.ts'
import type { GuardedFetch } from '../net/fetch.ts'
import { type FileSource, type OpenedSource, SourceRefused } from '../net/file-source.ts'
import { isRedirect } from '../net/hop.ts'
import { readEnd } from './download-answer.ts'
import { createRedirectReader } from './download-redirect.ts'
import { createCivitaiHosts } from './hosts.ts'
import { isMainFile } from './model-type.ts'
import { isLoginNeeded } from './refusal.ts'

export interface CivitaiFileDeps {
  readonly fetch: GuardedFetch
  readonly log: Log
  /** `https://civitai.com` or a mirror of it. */
  readonly baseUrl: string
  /** Where Civitai may send for the bytes: `host`, `host:port`, `*.domain`. */
  readonly storageHosts: readonly string[]
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
}

export interface CivitaiFileParams {
  readonly versionId: number
  /** Without it the account's own preferences choose among the files of the version. */
  readonly fileId?: number | undefined
  /** As Civitai writes it: `VAE`. One that comes along from another version is found by its type alone. */
  readonly fileType?: string | undefined
  /**
   * The digest is known, so that another file would be noticed: where the file's number is not found any more, what the
   * version has now is taken.
   */
  readonly isVerifiable?: boolean | undefined
  /** Asked at each opening; sent to the configured host alone. */
  readonly token?: (() => Promise<string | undefined>) | undefined
}

type Query = Readonly<Record<string, string>>

const MAX_HOPS = 5
/** Before a 404 is believed: resolving an address fails there for moments. */
const BELIEVE_MS = 1_000

/**
 * A file of Civitai: opened, it is a signed address of a storage, good for a day and for any number of ranges. Opening
 * counts as a download there.
 */
export function createCivitaiFileSource(deps: CivitaiFileDeps, params: CivitaiFileParams): FileSource {
  const hosts = createCivitaiHosts(deps.baseUrl)
  const { base, sibling } = hosts
  const readRedirect = createRedirectReader({ hosts, storageHosts: deps.storageHosts })
  const { versionId, fileId, fileType } = params
  const [query, ...otherQueries] = queriesOf(params)

  /** Undefined: 404. */
  async function ask(origin: URL, query: Query, signal: AbortSignal): Promise<OpenedSource | undefined> {
    const token = hosts.tokenFor(origin, await params.token?.())
    const address = hosts.download(origin, versionId)
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value)
    try {
      return await follow(address, token, signal)
    } catch (error) {
      if (token === undefined || !isLoginNeeded(error)) throw error
      // What is open to everybody is refused to a key that has run out.
      return await follow(address, undefined, signal).catch((second: unknown) => {
        throw isLoginNeeded(second) ? error : second
      })
    }
  }

  async function follow(
    address: URL,
    token: string | undefined,
    signal: AbortSignal,
  ): Promise<OpenedSource | undefined> {
    let url = address
    for (let hop = 0; hop < MAX_HOPS; hop += 1) {
      const own = hosts.tokenFor(url, token)
      const headers = own === undefined ? {} : { authorization: `Bearer ${own}` }
      const response = await deps.fetch({ url, headers, hosts: hosts.allowed, redirect: 'manual', signal })
      const about = { what: `version ${versionId} from ${url.host}`, hasToken: own !== undefined }
      const { status } = response
      const location = response.headers.get('location') ?? undefined
      if (!isRedirect(status, location)) return await readEnd(response, { headers, hosts: hosts.allowed, ...about })
      response.discard()
      const next = readRedirect({ url, status, location, ...about })
      if (!(next instanceof URL)) return next
      url = next
    }
    throw new AppError('upstream_unavailable', `Cannot download version ${versionId}: it redirects in a circle`, {
      hint: 'Try again later',
    })
  }

  async function firstOf(
    origin: URL,
    queries: readonly Query[],
    signal: AbortSignal,
  ): Promise<OpenedSource | undefined> {
    for (const one of queries) {
      const opened = await ask(origin, one, signal)
      if (opened !== undefined) return opened
    }
    return undefined
  }

  async function askAgain(signal: AbortSignal): Promise<OpenedSource | undefined> {
    const wait = deps.sleep ?? sleep
    await wait(BELIEVE_MS, signal).catch((cause: unknown) => {
      throw new AppError('cancelled', 'Stopped waiting for Civitai: it was cancelled', { cause })
    })
    return firstOf(base, [query, ...otherQueries], signal)
  }

  async function askOther(signal: AbortSignal): Promise<OpenedSource | undefined> {
    if (sibling === undefined) return undefined
    return firstOf(sibling, [query, ...otherQueries], signal).catch((error: unknown) => {
      if (!isAppError(error) || error instanceof SourceRefused || error.code === 'cancelled') throw error
      deps.log.debug({ versionId, host: sibling.host, err: error }, 'the sibling host did not help')
      return undefined
    })
  }

  return {
    id: `civitai:${[versionId, fileId, isMainFile(fileType ?? null) ? undefined : fileType].filter(Boolean).join('/')}`,
    kind: 'civitai',
    ranges: 'bounded',
    async open(signal) {
      const opened = (await ask(base, query, signal)) ?? (await askAgain(signal)) ?? (await askOther(signal))
      if (opened !== undefined) return opened
      throw new AppError('not_found', `Cannot download version ${versionId} from ${base.host}: there is no such file`, {
        hint: 'It may have been replaced or deleted; look for the file elsewhere by its digest',
      })
    },
  }
}

/** How to ask for the file, the surest first. */
function queriesOf({ fileId, fileType, isVerifiable }: CivitaiFileParams): readonly [Query, ...Query[]] {
  const isPart = fileType !== undefined && !isMainFile(fileType)
  const loose: Query = isPart ? { type: fileType } : {}
  if (fileId === undefined) return [loose]
  const exact = { fileId: String(fileId) }
  return fileType === 'VAE' || isVerifiable === true ? [exact, loose] : [exact]
}
