import { basename } from 'node:path'
import { isFull } from '../../db/db-error.ts'
import { movePart } from '../../download/move-part.ts'
import type { DownloadedFile } from '../../download/request.ts'
import { AppError, isAppError } from '../../errors.ts'
import type { Sha256 } from '../../hash/digest.ts'
import type { JobEnd, JobKind, RunningJob } from '../../jobs/job.ts'
import type { FetchedFile } from '../../jobs/reopener.ts'
import type { JobStore } from '../../jobs/store.ts'
import { orAborted } from '../../lib/abort.ts'
import type { Clock } from '../../lib/clock.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Log } from '../../lib/log.ts'
import { SourceRefused } from '../../net/file-source.ts'
import { modelExtension } from '../model-file.ts'
import { bringCopy } from './bring-copy.ts'
import { writeCivitaiInfo } from './civitai-info.ts'
import { type ContentTurns, createContentTurns, type OwnTurn, type Turn } from './content-turns.ts'
import type { DecideOffers, OfferQuestion } from './decide-offers.ts'
import { type DownloadInput, downloadInputSchema, sourceId, turnsOf } from './download-input.ts'
import { createProgress } from './download-progress.ts'
import {
  blockedView,
  type Completed,
  completedView,
  endedView,
  firstDownloadView,
  offeredView,
  pausedView,
  reopenedView,
  type Unfetched,
} from './download-view.ts'
import type { DownloadedFiles } from './downloaded-files.ts'
import type { FetchCall } from './downloads.ts'
import { ensureOpens } from './ensure-opens.ts'
import { type Fetched, type FetchOffersDeps, fetchOffers, isOfSource } from './fetch-offers.ts'
import { findCopy } from './find-copy.ts'
import type { LocalCopies, LocalCopy } from './local-copies.ts'
import { offersFound } from './offers-found.ts'
import { placeName } from './place-name.ts'
import type { Place, Placement } from './placement.ts'
import { largestOf } from './policy.ts'
import type { UiRefresher } from './refresh-uis.ts'
import { searchElsewhere } from './search-elsewhere.ts'
import { createSettleOthers } from './settle-others.ts'
import type { TakeIn } from './take-in.ts'
import type { Offer } from './wanted.ts'

export const DOWNLOAD_KIND = 'download'

export interface DownloadJobDeps extends FetchOffersDeps {
  readonly clock: Clock
  readonly log: Log
  readonly store: Pick<JobStore, 'find' | 'findEndedOf' | 'change'>
  readonly decide: DecideOffers
  readonly placement: Placement
  readonly localCopies: LocalCopies
  readonly files: Pick<DownloadedFiles, 'record' | 'findBySource'>
  readonly takeIn: TakeIn
  readonly refreshUis: UiRefresher
  /** Lets go on what lacked a file that has come now. */
  readonly reopenFetched?: (file: FetchedFile) => Promise<unknown>
  /** Settings. */
  readonly concurrency: number
  readonly maxSizeBytes: number
  readonly civitaiInfo: boolean
  readonly civitdlNames: boolean
}

/** A file that was here. */
const NOT_FETCHED = { tensorSha256: undefined, hashedBy: 'native', fetchedBytes: 0, bytesBySource: {} } as const

/**
 * Fetches one model file: looks whether it is here, decides again (settings may have changed), fetches, makes it known
 * to the library and to the UIs. What has come so far stays in `<name>.part` when it is paused, cancelled or cut off, so
 * that going on, by retry too, fetches only the rest; whoever wants its room back removes that file.
 */
export function createDownloadJob(deps: DownloadJobDeps): JobKind<DownloadInput> {
  const turns = createContentTurns()
  return {
    kind: DOWNLOAD_KIND,
    prefix: 'dl',
    permission: 'models:read',
    concurrency: deps.concurrency,
    input: downloadInputSchema,
    run: (job) => createRun(job, deps, turns).run(),
    ended: endedView,
    reopened: reopenedView,
    paused: pausedView,
  }
}

function createRun(job: RunningJob<DownloadInput>, deps: DownloadJobDeps, turns: ContentTurns) {
  const { input, actor, signal } = job
  const call: FetchCall = { actor, signal, trace: { job_id: job.id } }
  const known: JsonObject = firstDownloadView(input)
  /** What an earlier run has told. */
  let before: JsonObject = {}
  /** Whoever ordered it has decided; whoever asks for it again has not. */
  let isJustOrdered = false
  const set = (changes: JsonObject): JsonObject => Object.assign(known, changes)
  const progress = createProgress(job, deps.clock, set)
  const save = (changes: JsonObject): Promise<void> => job.save({ ...set(changes) })
  const settleOthers = createSettleOthers({ store: deps.store, kind: DOWNLOAD_KIND })
  async function done(file: Completed, offers: readonly Offer[]): Promise<JobEnd> {
    const { bytesBySource, ...copy } = file
    const sources = offers.map(({ ref }) => sourceId(ref))
    const settled = await settleOthers({ jobId: job.id, owner: actor.name, file: copy, sources })
    // What was here before could be had before.
    if (file.source !== 'local') {
      const civitaiVersionIds = offers.flatMap(({ civitai }) => (civitai === undefined ? [] : [civitai.version_id]))
      await deps.reopenFetched?.({ sha256: file.sha256, civitaiVersionIds, downloadIds: [job.id, ...settled] })
    }
    return { status: 'succeeded', view: set(completedView(file)) }
  }
  const unfetched = (why: Unfetched): JobEnd => ({ status: 'succeeded', view: set(blockedView(why)) })

  return {
    async run(): Promise<JobEnd> {
      try {
        const row = await deps.store.find(job.id)
        before = row?.view ?? {}
        isJustOrdered = input.offers.length > 0 && row?.createdAt === job.queuedAt
        await save({ phase: 'looking' })
        const here = isNameKnown() ? await findHere(input.offers) : undefined
        if (here !== undefined) return here
        const offers = input.offers.length > 0 ? input.offers : await search()
        return 'status' in offers ? offers : await fetchAny(offers)
      } catch (error) {
        if (signal.aborted || !isAppError(error)) throw error
        const { message: reason, hint } = error
        if (error instanceof SourceRefused)
          return unfetched({ reasonCode: error.reason, reason, hint, until: error.until })
        // What has come so far stays, and there is something to do about it. For the database's own room the job waits.
        if (error.code === 'disk_full' && !isFull(error)) return unfetched({ reasonCode: 'disk', reason, hint })
        throw error
      }
    },
  }

  /** A file with these bytes on this host: nothing is fetched. */
  async function findHere(offers: readonly Offer[], isBrought = false): Promise<JobEnd | undefined> {
    const how = { signal, onBytes: progress.reading, isBrought }
    const copy = await findCopy(deps, input, offers, how)
    if (copy === undefined) return undefined
    return done({ ...(input.place.exact === true ? await bring(copy, offers) : copy), source: 'local' }, offers)
  }

  /** What civitdl would call a file is known when its source has told. */
  function isNameKnown(): boolean {
    const { name, exact } = input.place
    return input.offers.length > 0 || exact !== true || name !== undefined
  }

  /** A second name for a file of this host where it is wanted; its bytes are not fetched again. */
  async function bring(copy: LocalCopy, offers: readonly Offer[]): Promise<LocalCopy> {
    const type = typeOf(offers)
    const { filename } = offers[0] ?? { filename: basename(copy.path) }
    const named = nameOf(filename, offers[0]?.civitai)
    const place = await deps.placement.place({ type, folder: input.place.folder, home: input.place.home }, named)
    const path = await bringCopy(deps.names, { from: copy.path, place, filename: named.filename }, signal)
    if (path === copy.path) return copy
    const { sha256, sizeBytes } = copy
    const name = place.nameOf(basename(path))
    await deps.takeIn(place, { path, sha256: sha256 as Sha256, sizeBytes, ...NOT_FETCHED }, signal)
    await job.aside(() => deps.refreshUis.refresh(type, signal))
    return { ...copy, path, name }
  }

  function nameOf(offered: string, civitai: Offer['civitai']) {
    const civitdlNames = input.civitdl_names ?? deps.civitdlNames
    return placeName({ wanted: input.place.name, offered, civitai, civitdlNames })
  }

  async function search(): Promise<readonly Offer[] | JobEnd> {
    const { wanted, prefer } = input
    if (wanted === undefined) throw new AppError('internal', 'The download has neither offers nor anything to look for')
    const search = await deps.findOffers(wanted, { ...call, prefer })
    // Also for those that end in an error.
    job.show({ ...set({ steps: search.steps.map((step) => ({ ...step })) }) })
    const found = offersFound(search, wanted)
    return 'reason' in found ? unfetched(found) : found
  }

  async function fetchAny(offers: readonly Offer[]): Promise<JobEnd> {
    if (input.offers.length === 0) {
      const here = await findHere(offers)
      if (here !== undefined) return here
    }
    const type = typeOf(offers)
    // Also of what may not be fetched: another may bring it.
    set({ type, ...offeredView(offers) })
    const allowed = await allow(offers, type, isJustOrdered)
    if ('reasonCode' in allowed) return unfetched(allowed)
    set(offeredView(allowed))
    return turns.take(turnsOf(allowed), (turn) => fetchOrElsewhere(allowed, type, turn), {
      owner: actor.name,
      waitFor: (other) => waitFor(other, allowed),
      again: () => findHere(allowed, true),
    })
  }

  /** Those that may be fetched now, or why none may. */
  async function allow(offers: readonly Offer[], type: DownloadInput['place']['type'], isAgain: boolean) {
    const named = offers.map(asNamed)
    const decided = await deps.decide(named, { ...questionOf(type), isAgain })
    return 'reasonCode' in decided
      ? decided
      : offers.filter((_, at) => decided.allowed.some((offer) => offer === named[at]))
  }

  function questionOf(type: DownloadInput['place']['type']): OfferQuestion {
    return { actor, type, maxSizeBytes: input.max_size_bytes, licences: input.licenses }
  }

  /** What another's key opens is for that one alone: whoever waits for it has to be let in too. */
  async function waitFor(other: Turn, offers: readonly Offer[]): Promise<void> {
    if (other.owner !== actor.name) await ensureOpens(deps.openSource, offers, call)
    const stop = other.watch(progress.take)
    try {
      await job.aside(() => orAborted(other.ended, signal))
    } finally {
      stop()
    }
  }

  /** Nodes come and go in the middle; what they had may be had elsewhere too. */
  async function fetchOrElsewhere(
    offers: readonly Offer[],
    type: DownloadInput['place']['type'],
    turn: OwnTurn,
  ): Promise<JobEnd> {
    try {
      return await fetchNow(offers, type, turn)
    } catch (error) {
      signal.throwIfAborted()
      // A node that is distrusted is a conflict.
      if (!isOfSource(error) && !(isAppError(error) && error.code === 'conflict')) throw error
      const others = await searchElsewhere(deps.findOffers, offers, call)
      if (others.length === 0) throw error
      const allowed = await allow(others, type, false)
      if ('reasonCode' in allowed) return unfetched(allowed)
      set(offeredView(allowed))
      // What has come stands under the name that it was given.
      before = { ...before, ...known }
      return fetchNow(allowed, type, turn)
    }
  }

  async function fetchNow(
    offers: readonly Offer[],
    type: DownloadInput['place']['type'],
    turn: OwnTurn,
  ): Promise<JobEnd> {
    const [best] = offers
    if (best === undefined) throw new AppError('internal', 'There is nothing that may be downloaded')
    const named = nameOf(best.filename, best.civitai)
    const place = await deps.placement.place({ type, folder: input.place.folder, home: input.place.home }, named)
    const fetched = await fetchOffers(deps, {
      offers,
      place,
      filename: named.filename,
      earlierName: earlierName(place),
      maxSizeBytes: largestOf(
        { maxSizeBytes: input.max_size_bytes, isOwner: actor.kind === 'owner' },
        deps.maxSizeBytes,
      ),
      call,
      async onPath(path) {
        const filename = basename(path)
        await save({ status: 'downloading', phase: 'opening', filename, name: place.nameOf(filename) })
        // What another has left of the same bytes, under whatever name, is not fetched twice.
        if (turn.left !== undefined && turn.left !== path) {
          await movePart(turn.left, path)
          await deps.names.forget(turn.left)
        }
        turn.goesTo(path)
      },
      onProgress(state) {
        progress.take(state)
        turn.tell(state)
      },
    }).catch(async (error: unknown) => {
      // Decided once the source had told its size, and before it sent anything.
      if (error instanceof SourceRefused && (error.reason === 'size' || error.reason === 'disk')) {
        await deps.decide.refused(best, error, questionOf(type))
      }
      throw error
    })
    await progress.settled()
    return takeIn(place, fetched, offers, type)
  }

  /** The name under which an earlier run has begun, where it would begin there again. */
  function earlierName(place: Place): string | undefined {
    const { filename, name } = before
    return typeof filename === 'string' && name === place.nameOf(filename) ? filename : undefined
  }

  async function takeIn(
    place: Place,
    { file, offer }: Fetched,
    offers: readonly Offer[],
    type: DownloadInput['place']['type'],
  ): Promise<JobEnd> {
    const { path, sha256, sizeBytes } = file
    await deps.files.record({
      path,
      sha256,
      sizeBytes,
      sourceId: sourceId(offer.ref),
      jobId: job.id,
      owner: actor.name,
    })
    if (deps.civitaiInfo) await describe(file, offers)
    const filename = basename(path)
    const taken = (await deps.takeIn(place, file, signal)) ?? { path, name: place.nameOf(filename) }
    await job.aside(() => deps.refreshUis.refresh(type, signal))
    const { source, node } = offer
    return done({ ...taken, sha256, sizeBytes, source, node, bytesBySource: file.bytesBySource }, [offer])
  }

  async function describe(file: DownloadedFile, offers: readonly Offer[]): Promise<void> {
    const offer = offers.find(({ civitai, sha256 }) => civitai !== undefined && (sha256 ?? file.sha256) === file.sha256)
    if (offer === undefined) return
    try {
      await writeCivitaiInfo(file, offer)
    } catch (error) {
      deps.log.warn({ err: error, job_id: job.id }, 'Could not write what Civitai says of a model beside it')
    }
  }

  /** A source that names no format gets that of the prompt: what it may be is decided by what it will be called. */
  function asNamed(offer: Offer): Offer {
    const { name } = input.place
    const isBare = modelExtension(offer.filename) === undefined && name !== undefined
    return isBare ? { ...offer, filename: name } : offer
  }

  function typeOf(offers: readonly Offer[]): DownloadInput['place']['type'] {
    const said = offers.find((offer) => offer.type !== undefined && offer.type !== 'other')?.type
    return input.place.type === 'other' ? (said ?? input.wanted?.type ?? 'other') : input.place.type
  }
}
