import { lstat } from 'node:fs/promises'
import { basename } from 'node:path'
import { makeWay } from '../../download/make-way.ts'
import { movePart } from '../../download/move-part.ts'
import type { DownloadedFile, DownloadProgress, ExpectedFile, FetchFile } from '../../download/request.ts'
import { type AppError, isAppError } from '../../errors.ts'
import { type FileSource, SourceRefused } from '../../net/file-source.ts'
import type { FetchCall, FindOffers, OpenSource } from './downloads.ts'
import { expectedOf, sameBytes } from './offer-groups.ts'
import type { Place } from './placement.ts'
import { tooLarge } from './policy.ts'
import type { PromisedNames } from './promised-names.ts'
import type { Offer, WantedModel } from './wanted.ts'

export interface FetchOffersDeps {
  readonly openSource: OpenSource
  readonly fetchFile: FetchFile
  readonly findOffers: FindOffers
  readonly names: PromisedNames
}

export interface FetchRequest {
  /** At least one; the best first. */
  readonly offers: readonly Offer[]
  readonly place: Place
  readonly filename: string
  /** What an earlier run of the job has called it. */
  readonly earlierName: string | undefined
  readonly maxSizeBytes: number
  readonly call: FetchCall
  /** Before anything is fetched: the absolute path that the file will have. */
  readonly onPath: (path: string) => Promise<void>
  readonly onProgress: (progress: DownloadProgress) => void
}

export interface Fetched {
  readonly file: DownloadedFile
  /** From which most of it came. */
  readonly offer: Offer
}

/**
 * Fetches the file under its name, or under the next free one where another file has that: from all sources with the
 * same bytes at once, and from those that may have others when these have failed.
 * @throws SourceRefused, AppError: of the best source, as FetchFile does
 */
export async function fetchOffers(deps: FetchOffersDeps, request: FetchRequest): Promise<Fetched> {
  let first: unknown
  for (const offers of sameBytes(request.offers)) {
    const opened = await openAll(deps, offers, request.call)
    if (!Array.isArray(opened)) {
      first ??= opened.failure
      continue
    }
    try {
      return await fetchSame(deps, opened, offers, request)
    } catch (error) {
      request.call.signal.throwIfAborted()
      if (!isOfSource(error)) throw error
      first ??= error
    }
  }
  throw first
}

/** Another source may do better; a full disk or a name that is taken is none's fault. */
export const isOfSource = (error: unknown): error is AppError =>
  isAppError(error) && !['disk_full', 'conflict', 'internal', 'cancelled', 'invalid_input'].includes(error.code)

async function fetchSame(
  deps: FetchOffersDeps,
  opened: readonly Opened[],
  offers: readonly [Offer, ...Offer[]],
  request: FetchRequest,
): Promise<Fetched> {
  const { names } = deps
  const { place, filename, earlierName, call, maxSizeBytes, onPath, onProgress } = request
  const expected = expectedOf(offers)
  let path = await names.claim(place.dir, earlierName ?? filename, false)
  for (;;) {
    try {
      // What this one has left itself is its own matter.
      if (basename(path) !== earlierName) await keepOthers(path)
      await onPath(path)
      const file = await deps.fetchFile({
        target: path,
        sources: opened.map(({ source }) => withinSize(source, maxSizeBytes)),
        expected,
        refreshExpected: refresherOf(deps, offers[0], call),
        maxSizeBytes,
        signal: call.signal,
        onProgress,
      })
      return { file, offer: mainOf(opened, file) }
    } catch (error) {
      // Two hosts may write into one volume: where nothing has the name, another download is at it.
      if (!isAppError(error) || error.code !== 'conflict' || !(await exists(path))) throw error
    } finally {
      await names.letGo(path)
    }
    const taken = path
    path = await names.claim(place.dir, filename, true)
    await movePart(taken, path)
    await names.forget(taken)
  }

  async function keepOthers(target: string): Promise<void> {
    const claimed: string[] = []
    try {
      await makeWay({ target, expected, sources: opened.map(({ source }) => source.id) }, async () => {
        const free = await names.claim(place.dir, filename, true)
        claimed.push(free)
        return free
      })
    } finally {
      for (const each of claimed) await names.letGo(each)
    }
  }
}

/** A source that has not said its size before is held to the limit before it sends anything. */
const withinSize = (source: FileSource, mostBytes: number): FileSource => ({
  ...source,
  async open(signal) {
    const opened = await source.open(signal)
    if (opened.sizeBytes === undefined || opened.sizeBytes <= mostBytes) return opened
    throw new SourceRefused('size', tooLarge(opened.sizeBytes, mostBytes))
  },
})

interface Opened {
  readonly offer: Offer
  readonly source: FileSource
}

/** Those that can be opened; why not, where none can. */
async function openAll(
  { openSource }: FetchOffersDeps,
  offers: readonly Offer[],
  call: FetchCall,
): Promise<Opened[] | { readonly failure: unknown }> {
  const opened: Opened[] = []
  let failure: unknown
  for (const offer of offers) {
    try {
      opened.push({ offer, source: await openSource(offer.ref, call) })
    } catch (error) {
      call.signal.throwIfAborted()
      failure ??= error
    }
  }
  return opened.length === 0 ? { failure } : opened
}

/** Found by its number or its address: what lies there now is what is wanted. A digest is wanted for itself. */
const BY_PLACE: ReadonlySet<string> = new Set(['civitai_version', 'civitai_model', 'huggingface', 'declared_url'])

function refresherOf({ findOffers }: FetchOffersDeps, offer: Offer, call: FetchCall) {
  const wanted = wantedOf(offer)
  if (wanted === undefined || offer.digest_wanted === true || !BY_PLACE.has(offer.matched_by)) return undefined
  return async (signal: AbortSignal): Promise<ExpectedFile> => {
    const { offers } = await findOffers(wanted, { ...call, signal })
    return expectedOf(offers.length === 0 ? [offer] : offers)
  }
}

function wantedOf({ ref, type }: Offer): WantedModel | undefined {
  const wanted: WantedModel = { type: type ?? 'other', hashes: [], names: [], urls: [], urls_by_caller: false }
  if (ref.kind === 'civitai') {
    const { version_id, file_id } = ref
    return { ...wanted, civitai: { version_id, ...(file_id === undefined ? {} : { file_id }) } }
  }
  if (ref.kind !== 'huggingface') return undefined
  const { repo, revision, path } = ref
  return { ...wanted, huggingface: { repo, revision, path } }
}

function mainOf(opened: readonly Opened[], { bytesBySource }: DownloadedFile): Offer {
  const bytesOf = ({ source }: Opened): number => bytesBySource[source.id] ?? 0
  const [main] = opened.toSorted((a, b) => bytesOf(b) - bytesOf(a))
  if (main === undefined) throw new Error('A file came from nowhere')
  return main.offer
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    return false
  }
}
