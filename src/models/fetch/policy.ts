import type { RefusalReason } from '../../net/file-source.ts'
import { baseLicenceOf } from '../licences/base-licences.ts'
import { readLicence } from '../licences/named-licence.ts'
import type { ModelType } from '../model-file.ts'
import type { Offer } from './wanted.ts'

export interface PolicySettings {
  /** `commercial`, `noncommercial`, SPDX ids, names of base models' licences; empty: all. */
  readonly allowedLicences: readonly string[]
  readonly acceptTerms: boolean
  readonly maxSizeBytes: number
  readonly allowPickle: boolean
}

export interface PolicyQuestion {
  readonly offer: Offer
  readonly type: ModelType
  /** The local owner itself asks: what it names by URL is its own matter. */
  readonly isOwner: boolean
  /** The terms of this model were accepted here. */
  readonly termsAccepted: boolean
  /** In place of the setting, for this download. */
  readonly maxSizeBytes?: number | undefined
  /** Epoch milliseconds. */
  readonly now: number
}

/**
 * `ask`: it waits until somebody accepts terms, changes a setting or a time has come. `deny`: nothing here changes it.
 */
export type Decision =
  | { readonly verdict: 'allow' }
  | {
      readonly verdict: 'ask' | 'deny'
      readonly reason: RefusalReason
      /** One plain sentence: why, and what would change it. */
      readonly message: string
      readonly until?: number
    }

const ALLOW: Decision = { verdict: 'allow' }

/** Whether a file may be downloaded, decided before a byte moves. What is not known is no permission. */
export function decide(question: PolicyQuestion, settings: PolicySettings): Decision {
  return (
    decideAccess(question) ??
    decideScans(question, settings) ??
    decideSize(question, settings) ??
    (passesUnasked(question) ? undefined : (decideLicence(question, settings) ?? decideTerms(question, settings))) ??
    ALLOW
  )
}

/** A node that the owner added, and an address that the owner itself named. */
const passesUnasked = ({ offer: { source, ref }, isOwner }: PolicyQuestion): boolean => {
  if (source === 'remote') return true
  return ref.kind === 'url' && ref.by_caller && (ref.named_by ?? (isOwner ? 'owner' : 'token')) === 'owner'
}

function decideAccess({ offer: { facts, source }, now }: PolicyQuestion): Decision | undefined {
  if (source === 'remote') return undefined
  const availability = facts.availability?.toLowerCase().replaceAll(/[^a-z]/g, '')
  if (availability === 'archived' || availability === 'takendown') {
    return deny('archived', 'Its creator or Civitai has taken it down: another source with the same hash may have it')
  }
  if (facts.usage != null && facts.usage.toLowerCase() !== 'download') {
    return deny('disabled', 'Its creator lets nobody download it: it can only be used on Civitai itself')
  }
  const paid = facts.paid_access
  if (paid === undefined) return undefined
  const until = paid.permanent || paid.ends_at === null ? undefined : Date.parse(paid.ends_at)
  if (until !== undefined && until <= now) return undefined
  const end = until === undefined || Number.isNaN(until) ? '' : ` until ${new Date(until).toISOString()}`
  return {
    ...ask('early_access', `It is in early or paid access on Civitai${end}: buy access there, or wait`),
    ...(end === '' || until === undefined ? {} : { until }),
  }
}

/** Formats that run code when they are loaded. */
const PICKLE = /\.(?:ckpt|pt2?|pth|bin|pkl)$/i

function decideScans({ offer }: PolicyQuestion, { allowPickle }: PolicySettings): Decision | undefined {
  const { facts, filename } = offer
  const isPickle = PICKLE.test(filename)
  if (facts.virus_scan === 'Danger' || facts.pickle_scan === 'Danger') {
    return deny('scan', 'The scan of its source found something dangerous in it')
  }
  if (!isPickle) return undefined
  if (!allowPickle) {
    return ask('pickle', 'It is a pickle, which can run code when it is loaded: AIRKEEP_ALLOW_PICKLE=true lets it pass')
  }
  const isDoubtful = [facts.virus_scan, facts.pickle_scan].some((scan) => scan === 'Pending' || scan === 'Error')
  return isDoubtful ? ask('scan', 'It is a pickle that its source has not scanned yet: try again later') : undefined
}

function decideSize(question: PolicyQuestion, settings: PolicySettings): Decision | undefined {
  const { offer } = question
  const most = largestOf(question, settings.maxSizeBytes)
  // Of a size that is rounded only what is surely too large is.
  const least = offer.size_bytes ?? (offer.about_bytes === undefined ? undefined : offer.about_bytes - 1024)
  return least !== undefined && least > most ? ask('size', tooLarge(least, most)) : undefined
}

/** The owner may let more pass than the setting does, a caller with a token only less. */
export const largestOf = (
  { maxSizeBytes, isOwner }: Pick<PolicyQuestion, 'maxSizeBytes' | 'isOwner'>,
  setting: number,
): number => (maxSizeBytes === undefined ? setting : isOwner ? maxSizeBytes : Math.min(maxSizeBytes, setting))

export const tooLarge = (sizeBytes: number, mostBytes: number): string =>
  `It has ${sizeBytes} bytes, more than the ${mostBytes} that are downloaded unasked: ` +
  'a larger CivitAI.MaxDownloadSizeBytes lets it pass, or --max-size-bytes of request-model-download'

function decideLicence({ offer }: PolicyQuestion, { allowedLicences }: PolicySettings): Decision | undefined {
  if (allowedLicences.length === 0) return undefined
  const names = licencesOf(offer)
  const allowed = new Set(allowedLicences.map((name) => name.toLowerCase()))
  if (names.some((name) => allowed.has(name.toLowerCase()))) return undefined
  const what =
    names.length === 0
      ? 'Nothing is known of its licence'
      : `Its licence (${names.join(', ')}) is not among those allowed`
  return ask('license', `${what}: CivitAI.AllowedLicenses says which are; an empty list allows all`)
}

/** Under which names of the setting an offer passes; empty where nothing is known. */
export function licencesOf({ facts }: Offer): readonly string[] {
  const base = facts.base_model == null ? undefined : baseLicenceOf(facts.base_model)
  const named = facts.license ?? undefined
  const said = named === undefined ? undefined : readLicence(named)
  const uses = facts.commercial_use
  const byFlags =
    uses == null
      ? undefined
      : uses.some((use) => COMMERCIAL_USES.has(use.toLowerCase()))
        ? 'commercial'
        : 'noncommercial'
  const both = byFlags ?? said
  // A model is no freer than what it was made from.
  const kind = both === 'commercial' && base?.allowsCommercialUse === false ? 'noncommercial' : both
  return [kind, named, base?.name].filter((name) => name !== undefined)
}

const COMMERCIAL_USES: ReadonlySet<string> = new Set(['image', 'rentcivit', 'rent', 'sell'])

/** Types that hold the weights of a base model; what is trained beside it does not. */
const HOLDS_BASE: ReadonlySet<ModelType> = new Set(['checkpoint', 'diffusion_model'])

function decideTerms(question: PolicyQuestion, { acceptTerms }: PolicySettings): Decision | undefined {
  const { offer, type, termsAccepted } = question
  if (acceptTerms || termsAccepted) return undefined
  if (offer.facts.gated !== undefined) {
    return ask(
      'terms',
      `Its repository on Hugging Face asks for terms to be accepted: accept them there, then ${acceptance(offer)}`,
    )
  }
  const base = offer.facts.base_model == null ? undefined : baseLicenceOf(offer.facts.base_model)
  if (!HOLDS_BASE.has(type) || base?.asksForAcceptance !== true) return undefined
  return ask(
    'terms',
    `Its base model comes under ${base.name}, which has to be accepted: read it, then ${acceptance(offer)}`,
  )
}

/** By what accept_terms is told which terms are meant. */
function acceptance({ ref, civitai }: Offer): string {
  if (ref.kind === 'huggingface') return `run accept_terms with huggingface_repo ${ref.repo}`
  const versionId = ref.kind === 'civitai' ? ref.version_id : civitai?.version_id
  if (versionId !== undefined) return `run accept_terms with civitai_version_id ${versionId}`
  return 'set CivitAI.AllowTosAutoAccept, as nothing tells which model it is'
}

const ask = (reason: RefusalReason, message: string) => ({ verdict: 'ask', reason, message }) as const
const deny = (reason: RefusalReason, message: string) => ({ verdict: 'deny', reason, message }) as const
