import type { Audit } from '../../db/audit.ts'
import type { Db } from '../../db/db.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RefusalReason } from '../../net/file-source.ts'
import type { Actor } from '../../operation/permission.ts'
import type { ModelType } from '../model-file.ts'
import { sourceId } from './download-input.ts'
import { type Decision, decide, licencesOf, type PolicySettings } from './policy.ts'
import type { Terms } from './terms.ts'
import type { Offer } from './wanted.ts'

export interface OfferQuestion {
  readonly actor: Actor
  readonly type: ModelType
  /** In place of the setting, for this download. */
  readonly maxSizeBytes?: number | undefined
  /** One of these must be the licence, beside what the settings say. */
  readonly licences?: readonly string[] | undefined
  /** Decided a moment ago, when it was ordered: what is still allowed is not written down again. */
  readonly isAgain?: boolean
}

export type Decided =
  | { readonly allowed: readonly Offer[] }
  | { readonly reasonCode: RefusalReason; readonly reason: string; readonly until?: number | undefined }

/** Which offers may be fetched, in their order; each decision goes to the audit log before anything is fetched. */
export interface DecideOffers {
  (offers: readonly Offer[], question: OfferQuestion): Promise<Decided>
  /** Writes down what could be decided only once its source had told its size. */
  refused(offer: Offer, why: Refusal, question: OfferQuestion): Promise<void>
}

type Refusal = Pick<Exclude<Decision, { verdict: 'allow' }>, 'reason' | 'message'>

export interface DecideOffersDeps {
  readonly db: Pick<Db, 'write'>
  readonly audit: Audit
  readonly clock: Clock
  readonly terms: Pick<Terms, 'areAccepted'>
  readonly policy: PolicySettings
}

export function createDecideOffers({ db, audit, clock, terms, policy }: DecideOffersDeps): DecideOffers {
  async function tell(judged: readonly Judged[], question: OfferQuestion): Promise<void> {
    if (judged.length === 0) return
    const at = clock.now()
    await db.write(async () => {
      for (const { offer, decision } of judged) await audit.record({ at, ...entryOf(offer, decision, question) })
    })
  }

  const decideAll = async (offers: readonly Offer[], question: OfferQuestion): Promise<Decided> => {
    const { actor, type, maxSizeBytes, isAgain = false } = question
    const decisions: Judged[] = []
    for (const offer of offers) {
      const termsAccepted = await terms.areAccepted(offer, actor)
      const isOwner = actor.kind === 'owner'
      const decision = decide({ offer, type, isOwner, termsAccepted, maxSizeBytes, now: clock.now() }, policy)
      decisions.push({ offer, decision: decision.verdict === 'allow' ? decideWish(offer, question) : decision })
    }
    refuseSameBytes(decisions)
    await tell(
      decisions.filter(({ decision }) => !isAgain || decision.verdict !== 'allow'),
      question,
    )
    const allowed = decisions.flatMap(({ offer, decision }) => (decision.verdict === 'allow' ? [offer] : []))
    return allowed.length > 0 ? { allowed } : refusalOf(decisions.map(({ decision }) => decision))
  }
  return Object.assign(decideAll, {
    refused: (offer: Offer, why: Refusal, question: OfferQuestion): Promise<void> =>
      tell([{ offer, decision: { verdict: 'ask', ...why } }], question),
  })
}

interface Judged {
  readonly offer: Offer
  decision: Decision
}

/** Bytes in which one source has found something dangerous are no better from another. */
function refuseSameBytes(decisions: readonly Judged[]): void {
  for (const { offer, decision } of decisions) {
    if (decision.verdict !== 'deny' || decision.reason !== 'scan' || offer.sha256 === undefined) continue
    for (const other of decisions) if (other.offer.sha256 === offer.sha256) other.decision = decision
  }
}

/** What the caller itself asks for beside the settings. */
function decideWish(offer: Offer, { licences }: OfferQuestion): Decision {
  if (licences === undefined) return { verdict: 'allow' }
  const names = licencesOf(offer).map((name) => name.toLowerCase())
  if (licences.some((name) => names.includes(name.toLowerCase()))) return { verdict: 'allow' }
  const what = names.length === 0 ? 'Nothing is known of its licence' : `Its licence is ${names.join(', ')}`
  return { verdict: 'ask', reason: 'license', message: `${what}, and the request allows only ${licences.join(', ')}` }
}

function entryOf(offer: Offer, decision: Decision, { actor, type }: OfferQuestion) {
  return {
    actor: actor.name,
    op: 'download_decision',
    table: 'model_downloads',
    rowId: sourceId(offer.ref),
    before: null,
    after: {
      verdict: decision.verdict,
      reason: decision.verdict === 'allow' ? null : decision.reason,
      message: decision.verdict === 'allow' ? null : decision.message,
      source: offer.source,
      size_bytes: offer.size_bytes ?? null,
      licenses: [...licencesOf(offer)],
      type,
      caller: actor.kind,
    },
  }
}

/** What somebody can do something about goes before what nobody can. */
function refusalOf(decisions: readonly Decision[]): Decided {
  const refused = decisions.flatMap((decision) => (decision.verdict === 'allow' ? [] : [decision]))
  const best = refused.find(({ verdict }) => verdict === 'ask') ?? refused[0]
  if (best === undefined) return { reasonCode: 'disabled', reason: 'There is nothing to download' }
  const { reason, message, until } = best
  return { reasonCode: reason, reason: message, ...(until === undefined ? {} : { until }) }
}
