import { parseSha256 } from '../hash/digest.ts'
import { toIso } from '../lib/clock.ts'
import { inParallel } from '../lib/in-parallel.ts'
import type { DownloadOutcome, DownloadState, Downloads, FetchCall, FindOffers } from '../models/fetch/downloads.ts'
import { byName } from '../models/fetch/nodes-candidate.ts'
import type { PlanPlace } from '../models/fetch/plan-place.ts'
import type { Offer, Search, WantedModel } from '../models/fetch/wanted.ts'
import type { Candidate, Dependency } from './dependency.ts'
import type { LastLook } from './resolve/last-look.ts'
import { compareHashes } from './resolve/match.ts'
import { toWanted } from './to-wanted.ts'
import { withState } from './with-state.ts'

export interface Upstream {
  readonly findOffers: FindOffers
  readonly downloads: Downloads
  readonly planPlace?: PlanPlace
}

export interface FetchMissingOptions extends FetchCall {
  /** In whose run. */
  readonly jobId: string
  /** Somebody has asked for this run: what is paused goes on. */
  readonly isAskedFor: boolean
  /** Fetch what is found; else it is only told where it can be had. */
  readonly download: boolean
  /** Looks among the files of this host for what was found elsewhere, before it is fetched. */
  readonly lastLook?: LastLook | undefined
  /** What to look for instead, where somebody chose a model elsewhere. */
  readonly chosen?: ((dependency: Dependency) => WantedModel | undefined) | undefined
  /** One has another status: to be stored. */
  readonly onChanged: (dependencies: readonly Dependency[]) => void
  /** More bytes have come. */
  readonly onProgress: (dependencies: readonly Dependency[]) => void
}

/** Questions to upstreams at once; what they may be asked at once they see to themselves. */
const SEARCHES = 4
/** What waits for its download costs nothing. */
const WAITING = 1000

/** Looks elsewhere for what this host does not have, and fetches what policy allows. */
export async function fetchMissing(
  found: readonly Dependency[],
  { findOffers, downloads, planPlace }: Upstream,
  options: FetchMissingOptions,
): Promise<readonly Dependency[]> {
  const { signal, download, lastLook, chosen = () => undefined, onChanged, onProgress } = options
  const dependencies = [...found]
  const put = (at: number, change: Partial<Dependency>): void => {
    const before = dependencies[at]
    if (before === undefined) return
    dependencies[at] = { ...(isElsewhere(change) ? withoutNode(before) : before), ...change }
    onChanged(dependencies)
  }
  const show = (at: number, state: DownloadState): void => {
    const before = dependencies[at]
    if (before === undefined) return
    const after = withState(before, state)
    dependencies[at] = after
    if (after.status === before.status && after.reason === before.reason) onProgress(dependencies)
    else onChanged(dependencies)
  }
  /** Files of this host may be what was found elsewhere; what somebody chose elsewhere is not looked for here. */
  async function lookAgain<T extends Dependency>(at: number, before: T, offers: readonly Offer[]): Promise<T> {
    const looked = await lastLook?.(before, offers, (now, isNew) => {
      dependencies[at] = now
      if (isNew) onChanged(dependencies)
      else onProgress(dependencies)
    })
    dependencies[at] = { ...before, ...looked }
    return { ...before, ...looked }
  }
  const open = [...dependencies.keys()].filter((at) => isWorthFetching(dependencies[at], chosen))

  const orders = new Map<number, string>()
  await inParallel(open, SEARCHES, async (at) => {
    const missing = dependencies[at]
    if (missing === undefined) return
    const choice = chosen(missing)
    const search = await findOffers(choice ?? toWanted(missing), options)
    const told = { ...missing, steps: [...(missing.steps ?? []), ...search.steps] }
    const dependency = choice === undefined ? await lookAgain(at, told, search.offers) : told
    if (dependency.status === 'resolved') return put(at, dependency)
    const { steps } = dependency
    if (search.offers.length === 0) return put(at, { ...notOffered(dependency, search), steps })
    const { type } = dependency
    const decision = await downloads.decide(search.offers, { ...options, type })
    if ('reasonCode' in decision) {
      return put(at, { ...blocked(decision), steps, ...foundAt(search.offers[0], dependency) })
    }
    const [best] = decision.allowed
    const place = { type, name: dependency.written[0] ?? dependency.filename, folder: dependency.folder }
    const target = best === undefined ? undefined : await planPlace?.(best, place)
    const offered = { ...foundAt(best, dependency), ...(target === undefined ? {} : { target }), steps }
    if (!download) return put(at, { ...offered, ...onlyTold(dependency, decision.allowed) })
    const { jobId } = await downloads.order({
      ...{ offers: decision.allowed, place, actor: options.actor },
      wantedBy: options.jobId,
      goesOn: options.isAskedFor,
    })
    orders.set(at, jobId)
    put(at, {
      ...offered,
      status: 'download_scheduled',
      reason: null,
      download_job_id: jobId,
    })
  })

  // What an earlier run has ordered, and this one does without.
  await downloads.leave(options.jobId, { keep: [...orders.values()] })
  await inParallel([...orders], WAITING, async ([at, jobId]) => {
    const outcome = await downloads.follow(jobId, {
      signal,
      waitsWhilePaused: true,
      onState: (state) => show(at, state),
    })
    put(at, ended(dependencies[at], outcome))
  })
  return dependencies
}

/** It came from somewhere else than where it was found: nodes come and go. */
const isElsewhere = ({ resolved_source: source }: Partial<Dependency>): boolean =>
  source !== undefined && source !== 'remote'

function withoutNode({ resolved_node, ...dependency }: Dependency): Dependency {
  return dependency
}

/** What a UI brings along by itself is not fetched for it. */
function isWorthFetching(
  dependency: Dependency | undefined,
  chosen: (dependency: Dependency) => WantedModel | undefined,
): boolean {
  if (dependency?.status !== 'missing' && dependency?.status !== 'ambiguous') return false
  return (dependency.active && !dependency.optional) || chosen(dependency) !== undefined
}

interface Refused {
  readonly reasonCode: NonNullable<Dependency['reason_code']>
  readonly reason: string
  /** Milliseconds since the epoch. */
  readonly until?: number | undefined
}

const blocked = ({ reasonCode, reason, until }: Refused): Partial<Dependency> => ({
  status: 'blocked',
  reason_code: reasonCode,
  reason,
  ...(until === undefined ? {} : { until: toIso(until) }),
})

function foundAt(offer: Offer | undefined, { filename, name }: Dependency): Partial<Dependency> {
  if (offer === undefined) return {}
  const isNameless = filename === undefined && name === undefined
  const { source, node, size_bytes: size = offer.about_bytes, matched_by: matchedBy, civitai, air } = offer
  return {
    // What was asked for by a number alone.
    ...(isNameless ? { name: offer.title ?? offer.filename } : {}),
    resolved_source: source,
    ...(node === undefined ? {} : { resolved_node: node }),
    ...(civitai === undefined ? {} : { civitai: { model_id: civitai.model_id, version_id: civitai.version_id } }),
    ...(air === undefined ? {} : { air }),
    matched_by: matchedBy,
    bytes_total: size ?? 0,
  }
}

/** More than a person looks through; the object is stored and sent as a whole. */
const MOST_CANDIDATES = 50

/** Nothing may be fetched: what a person could choose from, and why. */
function notOffered(
  dependency: Dependency,
  { candidates, refusal, failure, contradiction }: Search,
): Partial<Dependency> {
  if (refusal !== undefined) {
    return blocked({ reasonCode: refusal.reason, reason: refusal.message, until: refusal.until })
  }
  const both = [...dependency.candidates, ...candidates].slice(0, MOST_CANDIDATES)
  if (both.length > 0) {
    const what = dependency.reason ?? 'Only its name is known'
    return { status: 'ambiguous', candidates: both, reason: `${what}: choose_candidate says which of these it is` }
  }
  const here = dependency.reason ?? 'It is not on this host'
  // Nothing follows from not having asked: it is missing until somebody tries again.
  if (failure === undefined && contradiction !== undefined) return { reason: `${here}; ${contradiction}` }
  if (failure === undefined) return { reason: `It was not found anywhere: ${lowerFirst(here)}, and nobody else has it` }
  return { reason: `${here}; ${failure.message}${failure.retryable ? '; try again' : ''}` }
}

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1)

function onlyTold({ candidates }: Dependency, offers: readonly Offer[]): Partial<Dependency> {
  const here: Candidate[] = offers.map((offer) => {
    const { air, sha256, filename, source, node } = offer
    return {
      ...(air === undefined ? {} : { air }),
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(isNameAll(offer) ? byName(offer) : { name: filename }),
      why: `can be had from ${node ?? source}`,
    }
  })
  return {
    candidates: [...candidates, ...here].slice(0, MOST_CANDIDATES),
    reason:
      'It is not on this host and can be had: this import was told not to download; retry_import_job with download fetches it',
  }
}

/** Nothing else finds it again. */
const isNameAll = ({ node, air, sha256, tensor_sha256: tensors }: Offer): boolean =>
  node !== undefined && (air ?? sha256 ?? tensors) === undefined

function ended(dependency: Dependency | undefined, outcome: DownloadOutcome): Partial<Dependency> {
  switch (outcome.status) {
    case 'completed': {
      const { path, name, sha256, sizeBytes, source, node } = outcome
      if (dependency !== undefined && contradicts(dependency, sha256)) return another(dependency, path, name, sha256)
      return {
        status: 'resolved',
        resolved_path: path,
        resolved_name: name,
        resolved_source: source,
        ...(node === undefined ? {} : { resolved_node: node }),
        sha256,
        bytes_done: sizeBytes,
        bytes_total: sizeBytes,
        candidates: [],
        reason_code: null,
        reason: dependency === undefined ? null : whyRenamed(dependency, outcome),
      }
    }
    case 'blocked':
      return blocked(outcome)
    case 'failed':
      return { status: 'failed', reason: outcome.reason }
    case 'cancelled':
    case 'paused':
      return { status: 'failed', reason: `Its download was ${outcome.status}: retry_import_job goes on with it` }
  }
}

/** Why it has not the name that the prompt uses; null where it has. */
function whyRenamed(
  dependency: Dependency,
  { name, source }: DownloadOutcome & { status: 'completed' },
): string | null {
  if (dependency.written.length === 0 || hasName(dependency, name)) return null
  if (source === 'local') return `The file is on this host under the name ${name}`
  if (isNumbered(dependency, name))
    return `It was put under the name ${name}: another file has the one that the prompt uses`
  // By which another import wants the same file, or made safe.
  return `It has the name ${name} on this host`
}

/** Of the hashes that the whole digest can settle. */
const contradicts = ({ hashes }: Dependency, sha256: string): boolean => {
  const digest = parseSha256(sha256)
  if (digest === undefined) return false
  return (
    compareHashes(hashes, { sha256: digest, tensorSha256: undefined, autoV1: undefined, incomplete: true }) ===
    'different'
  )
}

function another({ candidates }: Dependency, path: string, name: string, sha256: string): Partial<Dependency> {
  const why = `was fetched for it, but has another hash than the prompt names (SHA-256 ${sha256.slice(0, 12)}…)`
  return {
    status: 'ambiguous',
    candidates: [...candidates, { path, name, why }],
    reason: 'What its source has now has another hash than the prompt names: choose_candidate takes it all the same',
  }
}

/** A number stands behind a name that is taken. */
const isNumbered = ({ written }: Dependency, name: string): boolean => {
  const stem = lastOf(name).replace(/-\d+(?:\.\w+)?$/, '')
  return written.some((one) => stemOf(lastOf(one)) === stem || lastOf(one) === stem)
}

const lastOf = (name: string): string => name.replaceAll('\\', '/').split('/').at(-1) ?? name
const stemOf = (name: string): string => name.replace(/\.\w+$/, '')

const hasName = ({ written }: Dependency, name: string): boolean =>
  written.some((one) => {
    const wanted = one.replaceAll('\\', '/')
    return name === wanted || name.startsWith(`${wanted}.`)
  })
