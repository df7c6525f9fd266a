import type { CivitaiVersions } from '../../civitai/versions.ts'
import { compareHashes } from '../../civitai/wanted-hash.ts'
import { isEmptyHash } from '../../hash/digest.ts'
import type { HuggingFace } from '../../huggingface/client.ts'
import type { Peers } from '../nodes/peers.ts'
import { CALLED, joined, orFailure } from './ask-place.ts'
import { readDeclaredUrl } from './declared-url.ts'
import type { FindOffers, SearchOptions } from './downloads.ts'
import { findKnownFile } from './known-files/find-known-file.ts'
import type { Looked } from './looked.ts'
import { atRegistry, type Mirrors } from './mirrors.ts'
import { isChosen, nodesCandidate } from './nodes-candidate.ts'
import { createOutages } from './outages.ts'
import { contentGroups } from './same-content.ts'
import { namedAtCivitai, searchCivitai } from './search-civitai.ts'
import { searchHuggingFace } from './search-huggingface.ts'
import type { UpstreamKeys } from './upstream-keys.ts'
import type { Offer, OfferCandidate, Search, SearchStep, SourceRef, WantedModel } from './wanted.ts'

export interface SearchDeps {
  readonly peers: Pick<Peers, 'find' | 'locate' | 'describe'>
  readonly civitai: CivitaiVersions
  readonly huggingFace: HuggingFace
  readonly keys: Pick<UpstreamKeys, 'find'>
  readonly mirrors: Mirrors
}

type Place = 'remote' | 'civitai' | 'huggingface'

const USUAL: readonly Place[] = ['remote', 'civitai', 'huggingface']

/**
 * Asks one place after another until one has the model: nodes, Civitai, Hugging Face and addresses that the workflow
 * declares, files that everybody knows. Once the whole digest is known, nodes with the same bytes join. What only has the
 * name becomes a candidate.
 */
export function createSearch(deps: SearchDeps): FindOffers {
  const outages = createOutages()
  return async (given, options) => {
    const wanted = { ...given, urls: given.urls.map((url) => atRegistry(url, deps.mirrors)) }
    const steps: SearchStep[] = []
    const candidates: OfferCandidate[] = []
    let offers: readonly Offer[] = []
    let refusal: Search['refusal']
    let contradiction: string | undefined
    const failures: NonNullable<Search['failure']>[] = []

    const look = async (step: SearchStep['step'], ask: () => Promise<Looked | undefined>): Promise<void> => {
      if (offers.length > 0) return
      const upstream = UPSTREAMS.get(step)
      const asked = upstream === undefined ? ask : () => outages.around(upstream, ask)
      const looked = await orFailure(asked, options.signal, CALLED[step])
      if (looked === undefined) return
      steps.push({ step, result: looked.result, ...(looked.failure === undefined ? {} : { failed: true }) })
      candidates.push(...(looked.candidates ?? []))
      offers = looked.offers
      contradiction ??= looked.contradiction
      refusal ??= looked.refusal
      if (looked.failure !== undefined) failures.push(looked.failure)
    }
    const lookEverywhere = async (): Promise<void> => {
      const { prefer } = options
      const order = prefer === undefined ? USUAL : [...prefer, ...USUAL.filter((place) => !prefer.includes(place))]
      for (const place of order) await lookAt(place, wanted, deps, options, look)
      await look('known_files', () => lookAtKnown(wanted, deps, options))
      if (offers.length === 0 && candidates.length === 0 && isOnlyNamed(wanted)) {
        await look('civitai', () => lookByName(wanted, deps, options))
      }
    }
    if (wanted.node !== undefined) await look('nodes', () => askChosenNode(wanted, deps, options))
    else await lookEverywhere()

    const failure = joined(failures)
    const [best] = offers
    const others = best === undefined ? [] : await sameBytes(best, deps, options)
    return {
      offers: [...offers, ...others.filter((other) => !offers.some((offer) => offer.node === other.node))]
        .slice(0, MOST_OFFERS)
        .map((offer) => asWanted(offer, wanted)),
      candidates,
      steps,
      ...(best !== undefined || refusal === undefined ? {} : { refusal }),
      ...(best !== undefined || failure === undefined ? {} : { failure }),
      ...(best !== undefined || contradiction === undefined ? {} : { contradiction }),
    }
  }
}

/** Steps that ask one host; an address may lead anywhere, and nodes see to themselves. */
const UPSTREAMS: ReadonlyMap<SearchStep['step'], string> = new Map([
  ['civitai', 'civitai'],
  ['huggingface', 'huggingface'],
  ['known_files', 'huggingface'],
])

/** One file from that many places at once is enough; each is a decision that is written down. */
const MOST_OFFERS = 20

/** What is wanted by its digest has to have it, whatever the source says of it, or does not say. */
function asWanted(offer: Offer, { hashes }: WantedModel): Offer {
  const wanted = (algorithm: string): string | undefined =>
    hashes.find((hash) => hash.algorithm === algorithm && !isEmptyHash(hash.value))?.value
  const [sha256, tensor] = [wanted('sha256'), wanted('tensor_sha256')]
  // Of 64 digits the text alone leaves doubt: a source that has the file by them knows what they are.
  const isKnown = offer.sha256 !== undefined || offer.tensor_sha256 !== undefined
  if (isKnown) return offer.sha256 === sha256 && sha256 !== undefined ? { ...offer, digest_wanted: true } : offer
  if (sha256 === undefined && tensor === undefined) return offer
  return {
    ...offer,
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(tensor === undefined ? {} : { tensor_sha256: tensor }),
    digest_wanted: true,
  }
}

type Look = (step: SearchStep['step'], ask: () => Promise<Looked | undefined>) => Promise<void>

async function lookAt(
  place: Place,
  wanted: WantedModel,
  deps: SearchDeps,
  options: SearchOptions,
  look: Look,
): Promise<void> {
  switch (place) {
    case 'remote':
      return look('nodes', () => askNodes(wanted, deps, options))
    case 'civitai':
      return look('civitai', async () => {
        const token = await deps.keys.find('civitai', options.actor)
        return isKnownToCivitai(wanted) ? searchCivitai(wanted, deps.civitai, { ...callOf(options), token }) : undefined
      })
    case 'huggingface':
      if (wanted.huggingface !== undefined) {
        const { repo, revision, path } = wanted.huggingface
        await look('huggingface', () => askHub({ repo, revision, path }, wanted, deps, options))
      }
      for (const url of wanted.urls) await look('declared_url', () => lookAtUrl(url, wanted, deps, options))
  }
}

const isKnownToCivitai = ({ hashes, civitai }: WantedModel): boolean => hashes.length > 0 || civitai !== undefined

const isOnlyNamed = ({ hashes, civitai, huggingface }: WantedModel): boolean =>
  hashes.length === 0 && civitai === undefined && huggingface === undefined

const callOf = ({ signal, trace }: SearchOptions) => ({ signal, trace })

async function askNodes(
  wanted: WantedModel,
  { peers }: SearchDeps,
  options: SearchOptions,
): Promise<Looked | undefined> {
  const { offers, failures, distrusted, sightings } = await peers.find(wanted, callOf(options))
  const failed = failures.map(({ node, reason }) => `The node ${node} could not be asked: ${reason}`)
  const seen = sightings.map(({ node, name }) => `${node} has ${name} and does not hand it out`)
  if (offers.length === 0) {
    const result = [...failed, ...seen].join('; ')
    const [untrusted] = distrusted
    // It may well have the model: that it was not found says nothing.
    const failure =
      untrusted !== undefined
        ? { failure: { message: `${untrusted.node}: ${untrusted.reason}`, retryable: false } }
        : failed.length > 0
          ? { failure: { message: failed.join('; '), retryable: true } }
          : {}
    if (result !== '') return { offers: [], result, ...failure }
    const { length } = await peers.describe()
    return length === 0
      ? undefined
      : { offers: [], result: length === 1 ? 'the node has it not' : `none of ${length} nodes has it` }
  }
  const where = [...new Set(offers.map(({ node }) => node))].join(', ')
  const groups = contentGroups(
    offers.toSorted((a, b) => Number(b.sha256 !== undefined) - Number(a.sha256 !== undefined)),
  )
  const [group] = groups
  if (group !== undefined && groups.length === 1)
    return { offers: group, result: [`${where} has it, found by ${offers[0]?.matched_by}`, ...failed].join('; ') }
  // By name they are different files: which is meant, nobody says.
  return {
    offers: [],
    result: `${where} have different files of this name`,
    candidates: groups.slice(0, MOST_OFFERS).map(nodesCandidate),
  }
}

/** What somebody chose by its name at a node: nothing else proves it, so it has to be as it was. */
async function askChosenNode(
  wanted: WantedModel,
  { peers }: SearchDeps,
  options: SearchOptions,
): Promise<Looked | undefined> {
  const { node = '', names, size_bytes: size } = wanted
  const { offers, failures } = await peers.find(wanted, callOf(options))
  const chosen = offers.filter((offer) => names.some((name) => isChosen(offer, node, name)))
  const [offer] = chosen.filter(({ size_bytes: now = size }) => size === undefined || now === size)
  if (offer !== undefined) {
    return {
      offers: [size === undefined ? offer : { ...offer, size_bytes: size }],
      result: `${node} has it, as chosen`,
    }
  }
  const failed = failures.find((failure) => failure.node === node)
  if (failed !== undefined) {
    const message = `The node ${node} could not be asked: ${failed.reason}`
    return { offers: [], result: message, failure: { message, retryable: true } }
  }
  if (chosen.length === 0) return { offers: [], result: `${node} has nothing of this name any more` }
  const contradiction = `what ${node} has under this name has another size than what was chosen`
  return { offers: [], result: contradiction, contradiction }
}

async function askHub(
  at: { readonly repo: string; readonly revision: string; readonly path?: string | undefined },
  wanted: WantedModel,
  { huggingFace, keys }: SearchDeps,
  options: SearchOptions,
  matchedBy?: string,
): Promise<Looked> {
  const token = await keys.find('huggingface', options.actor)
  return searchHuggingFace(at, wanted, huggingFace, { ...callOf(options), token }, matchedBy)
}

async function lookAtUrl(
  url: string,
  wanted: WantedModel,
  deps: SearchDeps,
  options: SearchOptions,
): Promise<Looked | undefined> {
  const ref = readDeclaredUrl(url, { byCaller: wanted.urls_by_caller, namedBy: wanted.named_by })
  return ref === undefined ? undefined : lookAtRef(ref, wanted, deps, options, 'declared_url')
}

async function lookAtRef(
  ref: SourceRef,
  wanted: WantedModel,
  deps: SearchDeps,
  options: SearchOptions,
  matchedBy: string,
): Promise<Looked | undefined> {
  switch (ref.kind) {
    case 'huggingface':
      return askHub(ref, wanted, deps, options, matchedBy)
    case 'civitai': {
      const { version_id, file_id } = ref
      const named = { ...wanted, civitai: { version_id, ...(file_id === undefined ? {} : { file_id }) } }
      const token = await deps.keys.find('civitai', options.actor)
      return searchCivitai(named, deps.civitai, { ...callOf(options), token })
    }
    case 'url': {
      const filename = lastPart(ref.url) ?? wanted.names[0] ?? 'model'
      // Nothing else tells what comes from there: the prompt's own digest has to.
      const sha256 = wanted.hashes.find(({ algorithm }) => algorithm === 'sha256')?.value
      const tensor = wanted.hashes.find(({ algorithm }) => algorithm === 'tensor_sha256')?.value
      const offer: Offer = {
        source: 'url',
        ref,
        filename,
        ...(sha256 === undefined ? {} : { sha256 }),
        ...(tensor === undefined ? {} : { tensor_sha256: tensor }),
        matched_by: matchedBy,
        facts: {},
      }
      return { offers: [offer], result: `${new URL(ref.url).host} is named as the place to fetch it from` }
    }
    case 'node':
      return undefined
  }
}

function lastPart(url: string): string | undefined {
  const last = new URL(url).pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(last) || undefined
  } catch {
    return last || undefined
  }
}

/** What official workflows name and nothing else: a place to fetch from, unless a digest says otherwise. */
async function lookAtKnown(wanted: WantedModel, deps: SearchDeps, options: SearchOptions): Promise<Looked | undefined> {
  for (const name of wanted.names) {
    for (const { ref, sha256 } of findKnownFile(name, wanted.type)) {
      if (sha256 !== undefined && compareHashes(wanted.hashes, { sha256 }) === 'different') continue
      const hashes = sha256 === undefined ? [] : [{ algorithm: 'sha256' as const, value: sha256 }]
      const known = { ...wanted, hashes: [...wanted.hashes, ...hashes] }
      const looked = await lookAtRef(ref, known, deps, options, 'known_file')
      if (looked !== undefined && (looked.offers.length > 0 || looked.refusal !== undefined)) return looked
    }
  }
  return wanted.names.length === 0 ? undefined : { offers: [], result: 'it is no file that everybody knows' }
}

async function lookByName(wanted: WantedModel, { civitai, keys }: SearchDeps, options: SearchOptions): Promise<Looked> {
  const token = await keys.find('civitai', options.actor)
  const candidates = await namedAtCivitai(wanted, civitai, { ...callOf(options), token })
  const result =
    candidates.length === 0 ? 'nothing is called so' : `${candidates.length} are called so, which proves nothing`
  return { offers: [], result, candidates }
}

/** Nodes that have the very bytes: one file can come from all of them at once. */
async function sameBytes(best: Offer, { peers }: SearchDeps, options: SearchOptions): Promise<readonly Offer[]> {
  if (best.sha256 === undefined) return []
  return peers.locate(best.sha256, callOf(options))
}
